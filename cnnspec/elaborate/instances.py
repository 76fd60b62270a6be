"""Block instances equal to one that was elaborated before: copied, not worked out again.

What a body makes depends on its arguments and on the shapes of its inputs; instances with the same
of both differ in their place alone. When a second such instance comes the first becomes a model,
and it and all later ones are copied: in this elaboration, or in another of the same file, as when
the variants of one family are tried. Where a budget might run out the body is run, and says so at
the right place.

A fraction that reaches nothing but noise, as the rate of stochastic depth does, may differ: nothing
was decided by it, and the steps that it reaches are bound anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cnnspec.elaborate.copies import Copy, Instance, apart
from cnnspec.elaborate.frame import Frame
from cnnspec.elaborate.values import BlockValue, CallStep, Operator, is_data
from cnnspec.expression import SCALARS, Written, evaluate, plain
from cnnspec.graph import Node, Port, Scope, walk_scopes
from cnnspec.kinds import Refusal
from cnnspec.op import Op
from cnnspec.syntax import tree
from cnnspec.trace import BlockCall, Step, names_in, rates, steps

if TYPE_CHECKING:
    from cnnspec.elaborate.session import Session

#: A larger instance is not kept: it seldom comes again.
MOST_NODES: Final = 128
#: A file knows so many sets of arguments and so many models' nodes, and then begins anew.
MOST_KNOWN: Final = 5_000


@dataclass(slots=True, eq=False)
class Arguments:
    """What an instance was given: a key for all of it but fractions, these, and its inputs.

    `loose` is the key without the sizes of images: it holds their channels alone.
    """

    loose: Any
    key: Any
    fractions: dict[str, float]
    inputs: list[Port]


class Instances:
    """Knows the instances of one elaboration's blocks, and of earlier ones of the same files."""

    def __init__(self, session: Session) -> None:
        self.session = session
        #: Those that were the first with what they were given, and are no models yet.
        self.ran: dict[Any, tuple[Any, ...]] = {}

    def arguments(self, block: tree.Block, frame: Frame) -> Arguments | None:
        """Read what an instance was given; None if that cannot be said apart from its place."""
        found = Arguments(None, None, {}, [])
        try:
            parts = [self._part(each.name.id, frame, found) for each in block.parameters]
            found.loose = (block, *parts)
            found.key = found.loose, tuple([port.shape for port in found.inputs])
            hash(found.key)
        except (_Unportable, TypeError):
            return None
        return found

    def _part(self, word: str, frame: Frame, found: Arguments) -> Any:
        value = frame.names[word]
        kind = value.__class__
        if kind is int or kind is str:
            return kind, value
        if kind is Written:
            if type(value.value) is float:
                found.fractions[word] = value.value
                return float
            return value.value.__class__, value.value
        if isinstance(value, Port):
            return _numbered(value, found.inputs)
        return _portable(value, found.inputs)

    def copied(self, arguments: Arguments, frame: Frame, scope: Scope) -> Any:
        """Make an instance from one that is known, and give its result; None if none is."""
        session = self.session
        model = self._known(arguments, frame)
        if model is None or not self._fits(model, scope):
            return None
        try:
            ops = {
                step.node: rebound(step.node.op, step.written, scope.values) for step in model.rated
            }
        except Refusal:
            return None
        session.spent += model.spent
        copy = Copy(model, scope, arguments.inputs, session.new_node, ops)
        frame.items = copy.trace(model.scope.trace)
        frame.consumed |= model.consumed
        for port in model.scope.results:
            frame.channels[id(copy.ports[port])] = model.channels[port]
        return copy.value(model.result)

    def _known(self, arguments: Arguments, frame: Frame) -> Instance | None:
        """Find a model; what ran once in this network becomes one when it is asked for."""
        models: list[Instance] | None = frame.file.instances.get(arguments.key)
        if models is None:
            return None
        ran = self.ran.pop(arguments.key, None)
        if ran is not None:
            self._add(*ran)
        for model in models:
            if all(repr(arguments.fractions[key]) == said for key, said in model.fixed.items()):
                return model
        return None

    def _fits(self, model: Instance, scope: Scope) -> bool:
        """Whether no budget ends in a copy."""
        session, limits = self.session, self.session.limits
        return (
            session.spent + model.spent <= session.most
            and len(session.nodes) + len(model.nodes) <= limits.nodes
            and session.depth + model.depth <= limits.depth
            and len(scope.path) + model.longest < limits.text
        )

    def keep(
        self, arguments: Arguments, frame: Frame, scope: Scope, result: Any, first: int, spent: int
    ) -> Any:
        """Remember an instance; if one like it was there before, as a model. Gives its result."""
        session, file = self.session, frame.file
        nodes = session.nodes[first:]
        if len(nodes) > MOST_NODES or session.diagnostics:
            return result
        if len(file.instances) + file.kept >= MOST_KNOWN:
            file.instances, file.kept = {}, 0
        ran = arguments, frame, scope, result, nodes, session.spent - spent
        if arguments.key in file.instances:
            self._add(*ran)
        else:
            file.instances[arguments.key] = []
            self.ran[arguments.key] = ran
        return result

    def _add(
        self,
        arguments: Arguments,
        frame: Frame,
        scope: Scope,
        result: Any,
        nodes: list[Node],
        spent: int,
    ) -> None:
        """Add a model, copied to no place, so that it keeps nothing of the network around it."""
        own = list(steps(scope.trace))
        if not all(map(_is_apart, _given(own))):
            return
        free, rated = freed(own, scope)
        instance = Instance(
            scope,
            list(walk_scopes(scope))[1:],
            nodes,
            arguments.inputs,
            result,
            {port: frame.channels_of(port) for port in scope.results},
            scope.consumed,
            {word: repr(v) for word, v in arguments.fractions.items() if word not in free},
            rated,
            spent,
            _depth(scope) - 1,
            max((len(node.path) for node in nodes), default=0) - len(scope.path),
        )
        frame.file.instances[arguments.key].append(apart(instance))
        frame.file.kept += len(nodes)


def freed(own: Sequence[Step | BlockCall], scope: Scope) -> tuple[frozenset[str], list[Step]]:
    """Give the fractions that may differ between instances, and the steps that they reach."""
    fractions = {word for word, value in scope.values.items() if type(value) is float}
    fractions -= scope.consumed
    if fractions:
        fractions -= names_in(_given(own))
    if not fractions:
        return frozenset(), []
    free = rates(scope) & fractions
    rated = [step for step in own if isinstance(step, Step) and _reached(step, free)]
    if not all(_says(value, scope) for step in rated for value in step.written.values()):
        return frozenset(), []
    return free, rated


def _given(own: Sequence[Step | BlockCall]) -> list[Any]:
    """Give what was given to blocks."""
    return [v for call in own if isinstance(call, BlockCall) for v in call.arguments.values()]


def _reached(step: Step, fractions: frozenset[str]) -> bool:
    return not fractions.isdisjoint(names_in(step.written.values()))


def _says(value: Any, scope: Scope) -> bool:
    """Whether how a value is written gives it, from the instance's arguments."""
    try:
        return isinstance(value, Written) and value.value == evaluate(
            value.expression, scope.values
        )
    except (KeyError, ArithmeticError):
        return False


def rebound(
    op: Op, said: Mapping[str, Any], values: Mapping[str, Any]
) -> tuple[Op, Mapping[str, Any]]:
    """Bind a step anew to the fractions that reach it; raises Refusal."""
    written = {
        key: Written(evaluate(value.expression, values), value.expression)
        for key, value in said.items()
    }
    bare = {key: value.value for key, value in written.items()}
    return type(op)(**{**op.values, **bare}), written


class _Unportable(Exception):
    """A value is bound to a place."""


def _portable(value: Any, inputs: list[Port]) -> Any:
    """Say a value so that equal ones are the same wherever they stand; nodes by their numbers."""
    kind = value.__class__
    if kind in SCALARS:
        return kind, repr(value) if kind is float else value
    if kind is Port:
        return _numbered(value, inputs)
    if isinstance(value, tuple):
        return tuple([_portable(each, inputs) for each in value])
    if isinstance(value, Operator):
        defaults = value.defaults.items()
        return value.op, tuple((key, _portable(plain(v), inputs)) for key, v in defaults)
    if isinstance(value, BlockValue):
        return value.definition, value.file
    if isinstance(value, CallStep) and _is_apart(value):
        return value
    raise _Unportable


def _numbered(port: Port, inputs: list[Port]) -> Any:
    for number, known in enumerate(inputs):
        if known is port:
            return Port, number
    inputs.append(port)
    shape = port.shape
    return Port, len(inputs) - 1, len(shape), shape[0]


def _is_apart(value: Any) -> bool:
    """Whether a value holds no node: it may stand anywhere."""
    if isinstance(value, tuple):
        return all(map(_is_apart, value))
    if isinstance(value, CallStep):
        return all(_is_apart(each.value) for each in value.given)
    return isinstance(value, Written | Operator | BlockValue) or is_data(value)


def _depth(scope: Scope) -> int:
    """Count how deep blocks stand in blocks, the scope's own among them."""
    inner = [_depth(each) for each in scope.members if isinstance(each, Scope)]
    return max(inner, default=0) + (scope.kind == "block")
