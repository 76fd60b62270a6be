"""What the functions of one file share: names, constants, what is known of places in the text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cnnspec.diagnostics import error
from cnnspec.emit.code import Code, Leaf, Raw, Sequence
from cnnspec.emit.flat import Apply
from cnnspec.emit.flatten import Flattened
from cnnspec.emit.lowering import Lowered
from cnnspec.emit.names import Namespace
from cnnspec.emit.program import (
    BlockStep,
    Body,
    Choice,
    Constant,
    Expr,
    GivenStep,
    ListOf,
    Literal,
    Name,
    Operation,
    OperatorStep,
    kind_of,
)
from cnnspec.emit.site import Site
from cnnspec.graph import Graph, Node, Scope, walk_scopes
from cnnspec.kinds import Refusal
from cnnspec.source import Span
from cnnspec_keras.given import Given
from cnnspec_keras.lowerings.activation import activation_of
from cnnspec_keras.lowerings.parts import PLAIN, SIMPLE
from cnnspec_keras.orders import plain_places
from cnnspec_keras.positive import Positive
from cnnspec_keras.refusals import refused

if TYPE_CHECKING:
    from cnnspec_keras.body import Writer


@dataclass(slots=True)
class File:
    """One file while it is written."""

    graphs: tuple[Graph, ...]
    program: Flattened
    lowerings: Mapping[str, Any]
    space: Namespace
    #: Names that no function's own may hide.
    reserved: frozenset[str]
    nested: bool
    given: Given = field(init=False)
    positive: Positive = field(init=False)
    constants: dict[str, Code] = field(default_factory=dict)
    _functions: dict[int, str] = field(default_factory=dict)
    _constants: dict[tuple[str, str], str] = field(default_factory=dict)
    _nodes: dict[Span, list[Node]] = field(default_factory=dict)
    _scopes: dict[Span, list[Scope]] = field(default_factory=dict)
    _plain: frozenset[Span] = frozenset()

    def __post_init__(self) -> None:
        for body in self.program.program.blocks:
            self._functions[id(body)] = self.space.take(body.name)
        self.reserved |= set(self._functions.values())
        self.given = Given(self.program, self.function, take=self.space.take)
        self.positive = Positive(self.program)
        for graph in self.graphs:
            for node in graph.nodes:
                self._nodes.setdefault(node.span, []).append(node)
            for scope in walk_scopes(graph.root):
                if scope.kind == "block":
                    self._scopes.setdefault(scope.span, []).append(scope)
        self._plain = plain_places(self.graphs)

    def function(self, step: BlockStep) -> str:
        """What a block's function is called."""
        return self._functions[id(self.program.program.body(step))]

    def name(self, body: Body) -> str:
        """What a block's function is called."""
        return self._functions[id(body)]

    def keyword(self, body: Body, parameter: str) -> str:
        """What a parameter is called: as the spec does, save where that is taken."""
        from cnnspec_keras.body import OWN

        space = Namespace(self.reserved | OWN)
        for each in body.parameters:
            name = space.take(each.name)
            if each.name == parameter:
                return name
        raise KeyError(parameter)

    def constant(self, constant: Constant) -> str:
        """Name a list from the top of a file, and write it there."""
        key = constant.file, constant.name
        if key not in self._constants:
            name = self._constants[key] = self.space.take(constant.name.upper())
            self.constants[name] = self._written(constant.value, f"{key[0]}:{key[1]}")
        return self._constants[key]

    def _written(self, value: Expr, to: str) -> Code:
        from cnnspec_keras.expressions import Expressions

        def step(each: Expr) -> Code:
            return self.given.value(each, said.say, to)

        def constant(each: Constant) -> Code:
            return Raw(self.constant(each))

        said = Expressions(str, constant, step, lambda each: isinstance(each, ListOf))
        return said.say(value)

    # --- places

    def lowered(self, apply: Apply, writer: Writer, facts: frozenset[str]) -> Lowered:
        """Write a step, for all calls that come by its place; raises Refusal."""
        step = apply.step
        assert isinstance(step, OperatorStep)
        nodes = tuple(self._nodes.get(step.site, ()))
        if step.op.name == "flatten" and step.site in self._plain:
            facts |= {PLAIN}
        pad = step.argument("pad")
        if pad is not None and self._is_simple(writer.body, pad):
            facts |= {SIMPLE}
        images = tuple(
            _image(nodes, place) if kind_of(each) == "node" else True
            for place, each in enumerate(apply.inputs)
        )
        site = Site(step.op, dict(step.arguments), writer.say, images, nodes, facts)
        if step.op.name not in self.lowerings:
            title = f"the backend keras cannot write {step.op.name}"
            raise error("missing-lowering", title, step.site)
        try:
            found: Lowered = self.lowerings[step.op.name](site)
        except Refusal as refusal:
            raise refused(step.op.name, refusal, step.site) from None
        return found

    def _is_simple(self, body: Body, pad: Expr) -> bool:
        """Whether a padding is always one number, or one each for rows and columns."""
        match pad:
            case Literal(int()):
                return True
            case Operation(operator, _):
                return operator != "+" or not self.program.reach.is_list(body, pad)
            case ListOf(items):
                return len(items) == 2
            case Name(word):
                if word not in {each.name for each in body.parameters} or word in body.locals:
                    return False
                return all(_is_pair(each) for each in self.samples(body, word))
            case Choice(_, yes, no):
                return self._is_simple(body, yes) and self._is_simple(body, no)
        return False

    def activation(self, step: OperatorStep, say: Any) -> str | None:
        """The word for `activation=` of an operator, if it has one."""
        if step.op.family != "activation":
            return None
        site = Site(step.op, dict(step.arguments), say, (True,), ())
        return activation_of(self.lowerings[step.op.name](site).flow)

    def sizes(self, step: BlockStep | GivenStep) -> str | None:
        """Say the size of what a block gives at a place, if it is one size."""
        shapes = {
            scope.results[0].shape for scope in self._scopes.get(step.site, ()) if scope.results
        }
        if len(shapes) != 1:
            return None
        (shape,) = shapes
        return " x ".join(map(str, (*shape[1:], shape[0]))) if shape.is_image else None

    def samples(self, body: Body, parameter: str) -> list[Any]:
        """The values that a parameter has in the calls that were compiled."""
        return [
            scope.values.get(parameter)
            for graph in self.graphs
            for scope in walk_scopes(graph.root)
            if scope.definition is body.definition
        ]


def _is_pair(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, tuple) and len(value) == 2)


def _image(nodes: tuple[Node, ...], place: int) -> bool | None:
    """Whether an input is an image; None if it is at times, or if no call tells."""
    found = {each.inputs[place].shape.is_image for each in nodes if place < len(each.inputs)}
    return found.pop() if len(found) == 1 else None


__all__ = ["File", "Leaf", "Sequence"]
