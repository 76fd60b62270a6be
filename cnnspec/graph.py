"""The elaborated network: nodes in the order in which they were written, edges, tree of scopes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal

from cnnspec.op import Op, Weight
from cnnspec.shapes import Shape
from cnnspec.source import Span
from cnnspec.syntax import tree
from cnnspec.syntax.files import Definition, FileNames
from cnnspec.trace import Item

if TYPE_CHECKING:
    import networkx as nx

#: What a scope without parameters has for their values.
NO_VALUES: Final[Mapping[str, Any]] = MappingProxyType({})
ScopeKind = Literal["network", "block", "group"]


@dataclass(slots=True, eq=False)
class Scope:
    """A network, a block call or a labelled group: a name under which nodes and scopes stand.

    `members` are in the order in which they were made. `block` is the name of the definition that
    a block or network scope is an instance of, `values` its parameters' plain values (node-valued
    ones left out), `trace` what happened in it; a group has none of the three: what happens in it
    belongs to the trace of the block around it.
    """

    path: str
    kind: ScopeKind
    parent: Scope | None
    span: Span
    block: str | None = None
    #: What it is an instance of: instances of one definition share it.
    definition: Definition | None = None
    values: Mapping[str, Any] = field(default_factory=lambda: NO_VALUES)
    #: Names of the parameters that took nodes, in order, and what went in, lists flattened.
    inputs: tuple[tuple[str, tuple[Port, ...]], ...] = ()
    results: tuple[Port, ...] = ()
    members: list[Node | Scope] = field(default_factory=list)
    trace: Sequence[Item] = ()
    #: The parameters on whose value more than a width or a rate was decided.
    consumed: frozenset[str] = frozenset()

    @property
    def segment(self) -> str:
        """The last part of the path: its name among its siblings."""
        return self.path.rpartition(".")[2]

    def __repr__(self) -> str:
        return f"<{self.kind} scope {self.path or self.block}>"


@dataclass(slots=True, eq=False)
class Node:
    """One operator applied to its inputs, at one path.

    `shapes` are its outputs' (one, save for `split`); `span` is where the step was written.
    """

    index: int
    path: str
    op: Op
    inputs: tuple[Port, ...]
    shapes: tuple[Shape, ...]
    weights: tuple[Weight, ...]
    scope: Scope
    span: Span
    ports: tuple[Port, ...] = ()

    @property
    def kind(self) -> str:
        """The operator's name."""
        return self.op.name

    @property
    def shape(self) -> Shape:
        """The shape of its first output."""
        return self.shapes[0]

    @property
    def input_shapes(self) -> tuple[Shape, ...]:
        """The shapes that come in, in order."""
        return tuple([port.node.shapes[port.index] for port in self.inputs])

    @property
    def segment(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]

    def __repr__(self) -> str:
        return f"<node {self.path}: {self.op.name} {self.shape}>"


@dataclass(slots=True, eq=False)
class Port:
    """One output of a node: what flows."""

    node: Node
    index: int

    @property
    def shape(self) -> Shape:
        """Its shape."""
        return self.node.shapes[self.index]

    def __repr__(self) -> str:
        return f"<{self.node.path}[{self.index}]: {self.shape}>"


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """A named result. `train` marks a head that is there in training only, `weight` its loss's."""

    name: str
    port: Port
    train: bool
    weight: float
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Argued:
    """A value as a variant gives it: its text, and where in which file that stands."""

    value: tree.Expr
    file: FileNames
    index: int


@dataclass(eq=False)
class Graph:
    """Nodes in the order in which they were written, which is an order in which they can run.

    `meta` holds facts that cannot be computed; `parameters` the network's own parameters' values.
    """

    name: str
    nodes: tuple[Node, ...]
    root: Scope
    inputs: tuple[Node, ...]
    outputs: tuple[Output, ...]
    span: Span
    meta: Mapping[str, Any]
    parameters: Mapping[str, Any]
    #: The arguments of the variants that lead to it, as they are written, by parameter.
    arguments: Mapping[str, Argued] = field(default_factory=dict)
    #: The shape that its one input was given from outside.
    given_input: tuple[int, ...] | None = None
    #: The parameters that were set from outside.
    set: frozenset[str] = frozenset()
    #: Steps with weights that no output needs, which are left out: their paths, and where they are.
    unread: Mapping[str, Span] = field(default_factory=dict)
    #: The network's parameters that only set widths and counts: an emitter may leave them open.
    open_parameters: tuple[str, ...] = ()

    @property
    def inference_outputs(self) -> tuple[Output, ...]:
        """The outputs that are there outside training."""
        return tuple(output for output in self.outputs if not output.train)

    def needed(self, outputs: Iterable[Output]) -> frozenset[int]:
        """Give the indices of the nodes that the outputs depend on, and of all inputs."""
        seen = {node.index for node in self.inputs}
        pending = [output.port.node for output in outputs]
        while pending:
            node = pending.pop()
            if node.index not in seen:
                seen.add(node.index)
                pending.extend(port.node for port in node.inputs)
        return frozenset(seen)

    @cached_property
    def inference_nodes(self) -> tuple[Node, ...]:
        """The nodes that inference needs, in order."""
        needed = self.needed(self.inference_outputs)
        return tuple([node for node in self.nodes if node.index in needed])

    @cached_property
    def nx(self) -> nx.DiGraph:
        """The graph as NetworkX has it, keyed by path.

        A node has the attributes `node` (the `Node`), `kind`, `shape` (its first output's),
        `shapes`, `scope` (path of the scope it stands in), `params`, `line`. An edge has `ports`, a
        tuple of `(output of the source, input of the target)` pairs, and `shape`. The graph's own
        attributes are `name`, `inputs`, `outputs` (paths), `scopes` (path to `Scope`).
        """
        import networkx as nx

        result = nx.DiGraph(
            name=self.name,
            inputs=[node.path for node in self.inputs],
            outputs={output.name: output.port.node.path for output in self.outputs},
            scopes={scope.path: scope for scope in walk_scopes(self.root)},
        )
        for node in self.nodes:
            result.add_node(
                node.path,
                node=node,
                kind=node.kind,
                shape=node.shape,
                shapes=node.shapes,
                scope=node.scope.path,
                line=node.span.line,
                params=sum(_count(weight) for weight in node.weights if weight.trainable),
            )
            for position, port in enumerate(node.inputs):
                source = port.node.path
                known = result.get_edge_data(source, node.path, default={}).get("ports", ())
                ports = (*known, (port.index, position))
                result.add_edge(source, node.path, ports=ports, shape=port.shape)
        return result


def _count(weight: Weight) -> int:
    result = 1
    for length in weight.shape:
        result *= length
    return result


def defined(scope: Scope) -> Definition:
    """Give the definition that a network's or block's scope is an instance of."""
    if scope.definition is None:
        raise ValueError(f"{scope!r} is no instance of a definition")
    return scope.definition


def walk_scopes(root: Scope) -> Iterable[Scope]:
    """Walk the tree of scopes from the root, parents before children, in order."""
    pending = [root]
    while pending:
        scope = pending.pop()
        yield scope
        pending.extend(each for each in reversed(scope.members) if isinstance(each, Scope))
