"""Block instances: arguments bound, recursion bounded, the body run, its words translated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnnspec.diagnostics import Diagnostic, Label, SpecError, error, meant, nearest
from cnnspec.elaborate import limits
from cnnspec.elaborate.bodies import Returned
from cnnspec.elaborate.frame import Frame, Place
from cnnspec.elaborate.instances import Instances
from cnnspec.elaborate.values import (
    POISON,
    STEPS,
    BlockValue,
    CallStep,
    Given,
    Operator,
    Poisoned,
    block_in,
    describe,
    is_nodes,
    is_short,
    ports,
)
from cnnspec.elaborate.wholes import Wholes
from cnnspec.expression import SCALARS, Expression, Written, name, plain, spoken, translate
from cnnspec.graph import Port, Scope, ScopeKind
from cnnspec.kinds import brief
from cnnspec.syntax import tree
from cnnspec.syntax.files import FileNames
from cnnspec.trace import Binding, BlockCall

if TYPE_CHECKING:
    from cnnspec.elaborate.session import Session


class Blocks:
    """Elaborates calls of blocks: one scope, one frame and one run of the body each."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.instances = Wholes(session) if session.whole else Instances(session)
        #: How often a block was passed to a block so far.
        self.passed = 0

    def call(
        self,
        step: CallStep,
        given: tuple[Given, ...],
        caller: Frame,
        segments: tuple[str, ...] | None,
    ) -> Any:
        """Elaborate one instance of a block and give what it returns."""
        session = self.session
        assert isinstance(step.callee, BlockValue)
        block = step.callee.definition
        file = step.callee.file
        index = file.index_of(block)
        values = self.assign(block, given, step)
        self._guard(block, values, step, caller)
        if session.depth >= session.limits.depth:
            raise limits.exceeded(
                "depth", session.limits.depth, "puts blocks into blocks too deeply", step.span
            )
        session.spend(
            limits.CALL + limits.PARAMETER * len(block.parameters) + len(given), step.span
        )
        place, segment = session.paths.leaf(block.name.id, step.span, caller, segments)
        scope = Scope(
            place.path(segment),
            "block",
            place.scope,
            step.span,
            block=block.name.id,
            definition=file.definition(block),
        )
        frame = Frame(file, index, block, Place(scope, attached=True))
        outside = self._enter(block, values, frame, caller)
        inputs = tuple(port for _, nodes in scope.inputs for port in nodes)
        call = BlockCall(scope, {}, inputs, (), caller.target)
        session.trail.append((scope, step))
        session.depth += 1
        arguments = self.instances.arguments(block, frame)
        first, spent, passed = len(session.nodes), session.spent, self.passed
        sized, session.sized = session.sized, False
        result = self.instances.copied(arguments, frame, scope) if arguments is not None else None
        copied = result is not None
        try:
            if not copied:
                session.bodies.run(block.body, frame)
        except Returned as returned:
            result = returned.value
        finally:
            session.depth -= 1
            session.trail.pop()
        scope.trace, scope.consumed = frame.items, frozenset(frame.consumed)
        if result is POISON or (result is None and tree.is_broken(block.body)):
            return POISON
        if not is_nodes(result):
            raise _no_result(result, block, step)
        self.session.weigh(result, step.span)
        call.arguments = {key: each for key, each in outside.items() if key != "*"}
        scope.results = ports(result)
        if arguments is not None and not copied and passed == self.passed:
            result = self.instances.keep(arguments, frame, scope, result, first, spent)
        session.sized |= sized
        call.results = scope.results
        if first < len(session.nodes) or not all(isinstance(i, Binding) for i in scope.trace):
            self._note(call, place, caller, made=first < len(session.nodes))
        else:  # nothing is kept of a call that made and decided nothing
            session.paths.give_back(place, segment, caller)
        self._leave(frame, caller, outside, scope)
        return result

    def _note(self, call: BlockCall, place: Place, caller: Frame, *, made: bool) -> None:
        """Put an instance into the tree of scopes and into its caller's trace."""
        self.session.spend(0 if made else limits.EMPTY_CALL, call.scope.span)
        place.attach()
        place.scope.members.append(call.scope)
        caller.items.append(call)

    def look_through(self, block: tree.Block | tree.NetworkDef, file: FileNames) -> None:
        """Find the mistakes in a body that nothing has run, whatever it would be run with."""
        kind: ScopeKind = "block" if isinstance(block, tree.Block) else "network"
        scope = Scope(block.name.id, kind, None, block.span, definition=file.definition(block))
        frame = Frame(file, file.index_of(block), block, Place(scope, attached=True))
        words = [each.name.id for each in block.parameters]
        outputs, self.session.outputs = self.session.outputs, {}  # each network has its own
        try:
            self.session.bodies.look_through((block.body,), words, frame)
        finally:
            self.session.outputs = outputs

    def assign(
        self,
        block: tree.Block,
        given: tuple[Given, ...],
        step: CallStep,
        *,
        partly: bool = False,
    ) -> dict[str, Given]:
        """Give each argument to its parameter; raises SpecError where that does not come out.

        None is missing where these are but a part of what is given (`partly`).
        """
        names = [each.name.id for each in block.parameters]
        values: dict[str, Given] = {}
        unknown: list[Diagnostic] = []
        declared = Label(block.name.span, "declared here")
        for position, each in enumerate(given):
            if each.keyword is None:
                if position >= len(names):
                    raise error(
                        "wrong-arity",
                        f"{block.name.id} takes {len(names)} arguments, not {len(given)}",
                        each.span,
                        "one too many",
                        declared,
                    )
                key = names[position]
            else:
                key = each.keyword
            if key not in names:
                guess = nearest(key, names)
                unknown += error(
                    "unknown-argument",
                    f"{block.name.id} has no parameter `{key}`",
                    each.span,
                    "",
                    declared,
                    help=meant(guess, at=each.named) if guess else f"it has: {', '.join(names)}",
                ).diagnostics
                continue
            if key in values:
                raise error(
                    "wrong-arity",
                    f"`{key}` is given twice",
                    each.span,
                    "given again here",
                    Label(values[key].span, "given here first"),
                )
            values[key] = each
        if unknown:
            raise SpecError(unknown)
        for parameter in block.parameters:
            if parameter.default is None and parameter.name.id not in values and not partly:
                raise error(
                    "missing-argument",
                    f"{block.name.id} needs `{parameter.name.id}`",
                    step.span,
                    "missing here",
                    Label(parameter.span, "it has no default"),
                )
        return values

    def _guard(
        self, block: tree.Block, values: dict[str, Given], step: CallStep, caller: Frame
    ) -> None:
        passed = False
        for each in values.values():
            inner = block_in(each.value)
            if inner is None:
                continue
            if not passed:
                passed = True
                self.passed += 1
                self.session.takes_blocks.add(id(block))
            if id(inner.definition) in self.session.takes_blocks:
                raise error(
                    "endless-recursion",
                    f"{inner.name} itself takes a block, so it cannot be passed as a value",
                    each.span,
                )
        if caller.definition is not block:
            return
        if block.recurs_on is None:  # a list of steps brought it here
            title = f"{block.name.id} is applied inside itself, where it is one of a list of steps"
            raise error("endless-recursion", title, step.span)
        key = block.recurs_on.id
        level = plain(values[key].value) if key in values else None
        if isinstance(level, bool) or not isinstance(level, int):
            raise error("endless-recursion", f"a call of itself must pass `{key}`", step.span)
        now = caller.level
        if level < 0 or (now is not None and level >= now):
            raise error(
                "endless-recursion",
                f"`{key}` must become smaller and stay at least 0: it is {now}, then {level}",
                values[key].span,
                help=f"pass `{key} - 1` inside `if {key} > 0 {{ … }}`",
            )

    def _enter(
        self, block: tree.Block, values: dict[str, Given], frame: Frame, caller: Frame
    ) -> dict[str, Any]:
        """Bind the parameters; give each data argument in the caller's words."""
        outside: dict[str, Any] = {}
        nodes: list[tuple[str, tuple[Port, ...]]] = []
        words: dict[str, Expression] = {}
        assert frame.place is not None
        scope = frame.place.scope
        for parameter in block.parameters:
            key = parameter.name.id
            if key in values:
                value = values[key].value
            else:
                assert parameter.default is not None
                own = self.session.evaluator.evaluate(parameter.default, frame)
                value = translate(own, words)
                if not isinstance(value, Written):
                    frame.consume(own)
            if value is POISON:
                raise Poisoned
            kind = value.__class__
            bare = kind is Written or kind in SCALARS
            if not bare:
                self.session.weigh(value, scope.span)
            if not bare and is_nodes(value):
                nodes.append((key, ports(value)))
                frame.names[key] = value
                if isinstance(value, Port) and not self.session.whole:
                    channels = caller.channels_of(value)
                    outside[f"{key}.channels"] = channels
                    _speak_of(key, value, frame, channels, words)
                continue
            outside[key] = value
            if self.session.whole:
                # whether a fraction reaches more than noise is all that is asked
                alone = plain(value)
                if alone.__class__ is not float:
                    frame.names[key] = alone
                    continue
            said = spoken(value)
            frame.names[key] = value if said is None else Written(plain(value), name(key))
            if said is not None:
                words[key] = said
        scope.inputs = tuple(nodes)
        scope.values = {key: plain(outside[key]) for key in outside if "." not in key}
        if block.recurs_on is not None:
            level = scope.values.get(block.recurs_on.id)
            frame.level = level if isinstance(level, int) else None
        outside["*"] = words
        return outside

    def _leave(self, frame: Frame, caller: Frame, outside: dict[str, Any], scope: Scope) -> None:
        words = outside["*"]
        for port in scope.results:
            if id(port) not in caller.channels:
                carried = translate(frame.channels_of(port), words)
                if isinstance(carried, Written):
                    caller.channels[id(port)] = carried
                elif isinstance(frame.channels_of(port), Written):
                    for word in frame.channels_of(port).expression.names:
                        caller.consume(outside.get(word))
        for word in sorted(frame.consumed):
            caller.consume(outside.get(word))


def _speak_of(
    key: str, port: Port, frame: Frame, outside: Any, words: dict[str, Expression]
) -> None:
    """Let a body speak of the channels that come in, and note what they are outside."""
    channels = f"{key}.channels"
    frame.channels.setdefault(id(port), Written(port.shape.channels, name(channels)))
    said = spoken(outside)
    if said is not None:
        words[channels] = said


def _no_result(result: Any, block: tree.Block, step: CallStep) -> SpecError:
    return error(
        "no-result",
        f"the block {block.name.id} returns no node",
        block.name.span,
        "end its body with `return`",
        Label(step.span, "called here"),
        help=_waits(result, block),
    )


def _waits(result: Any, block: tree.Block) -> str | None:
    """Say how a block returns what a step gives, where it returns the step."""
    if not block.parameters or not isinstance(result, STEPS):
        return None
    return f"this step waits for its input: `return {block.parameters[0].name.id} -> …`"


def instance(scope: Scope, step: CallStep) -> Label:
    """Name a block instance by its path and the arguments that it was given."""
    shown = ", ".join(_shown(each) for each in step.given if not is_nodes(each.value))
    return Label(step.span, f"{scope.path} = {scope.block}({shown})")


def _words(value: Any) -> Any:
    """A short value with the names of the steps in it, as a spec says them."""
    if not isinstance(value, tuple):
        value = plain(value)
    match value:
        case tuple():
            return tuple(map(_words, value))
        case Operator():
            return value.op.name
        case BlockValue():
            return value.name
        case CallStep():
            return f"{_words(value.callee)}(…)"
        case bool() | int() | float() | str():
            return value
    return "…"


def _shown(given: Given) -> str:
    value = given.value if isinstance(given.value, tuple) else plain(given.value)
    short = isinstance(value, bool | int | float | str) or is_short(value)
    text = brief(_words(value)) if short else "…" if isinstance(value, tuple) else describe(value)
    text = text if len(text) < 40 else "…"
    return text if given.keyword is None else f"{given.keyword} = {text}"
