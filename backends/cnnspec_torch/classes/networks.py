"""The networks of a file: their graphs, their programs, and what variants give to parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cnnspec.emit.bodies import read_family, read_program
from cnnspec.emit.flatten import Flattened, flattened
from cnnspec.emit.names import class_from_title, class_name
from cnnspec.emit.program import Body, Expr
from cnnspec.graph import Graph, Output, Scope

Ranks = tuple[bool, ...]


def ranks_of(scope: Scope) -> Ranks:
    """Whether images come into an instance of a block, by parameter."""
    return tuple(bool(ports) and ports[0].shape.is_image for _, ports in scope.inputs)


@dataclass(frozen=True, slots=True)
class Written:
    """One network that is written: its graph, the program that it is of, and its arguments."""

    graph: Graph
    program: Flattened
    arguments: Mapping[str, Expr]

    @property
    def body(self) -> Body:
        """The network's body, which variants share."""
        return self.program.program.network


@dataclass(frozen=True, slots=True)
class Networks:
    """All networks of a file, in their order."""

    each: tuple[Written, ...]
    family: bool = False

    @property
    def bodies(self) -> tuple[Body, ...]:
        """The networks' bodies, each once."""
        return tuple({id(x.body): x.body for x in self.each}.values())

    def of(self, body: Body) -> list[Written]:
        """The networks of a body."""
        return [each for each in self.each if each.body is body]

    def named(self, body: Body) -> str:
        """Name the class of a network: after its title, where it is that network's alone."""
        graph = self.of(body)[0].graph
        title = graph.meta.get("title") if not self.family else None
        wanted = class_from_title(title) if isinstance(title, str) else None
        return wanted or class_name(body.name if self.family else graph.name)

    def outputs(self, body: Body, *, inference: bool) -> tuple[Output, ...]:
        """What a network gives."""
        graph = self.of(body)[0].graph
        return graph.inference_outputs if inference else graph.outputs


def one(graph: Graph, reserved: frozenset[str]) -> Networks:
    """Read the program of a network."""
    return Networks((Written(graph, flattened(read_program(graph), reserved), {}),))


def several(graphs: tuple[Graph, ...], reserved: frozenset[str]) -> Networks:
    """Read the programs of networks of one file: they share their blocks."""
    programs, variants = read_family(graphs)
    flats = {id(each.network): flattened(each, reserved) for each in programs}
    return Networks(
        tuple(
            Written(graph, flats[id(variant.body)], variant.arguments)
            for graph, variant in zip(graphs, variants, strict=True)
        ),
        family=True,
    )
