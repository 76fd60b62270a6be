"""Statements, and the blocks that they make up: one instance of a block is one run of its body."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from cnnspec.diagnostics import Label, SpecError, error, nearest
from cnnspec.elaborate import limits
from cnnspec.elaborate.apply import translate
from cnnspec.elaborate.frame import Frame, Place
from cnnspec.elaborate.values import (
    POISON,
    BlockValue,
    CallStep,
    Given,
    Poisoned,
    describe,
    is_nodes,
    ports,
)
from cnnspec.expression import Expression, Written, name, plain, spoken
from cnnspec.graph import Output, Port, Scope
from cnnspec.kinds import show
from cnnspec.source import Span
from cnnspec.syntax import tree
from cnnspec.trace import Binding, BlockCall, Choice, Loop

if TYPE_CHECKING:
    from cnnspec.elaborate.session import Session


class Returned(Exception):
    """A `return` was reached."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class Bodies:
    """Runs statements; collects mistakes one statement at a time and poisons what follows."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def run(self, statements: tuple[tree.Stmt, ...], frame: Frame) -> None:
        """Run statements in order; raises Returned at a `return`."""
        for statement in statements:
            try:
                self._statement(statement, frame)
            except Poisoned:
                self._poison(statement, frame)
            except SpecError as mistake:
                self.session.report(mistake)
                self._poison(statement, frame)

    def _poison(self, statement: tree.Stmt, frame: Frame) -> None:
        if isinstance(statement, tree.Return) and isinstance(frame.definition, tree.Block):
            raise Returned(POISON)
        for word, _ in bound_names((statement,)):
            frame.names[word] = POISON

    def _statement(self, statement: tree.Stmt, frame: Frame) -> None:
        if isinstance(statement, tree.Bind):
            self._bind(statement, frame)
        elif isinstance(statement, tree.Output):
            self._output(statement, frame)
        elif isinstance(statement, tree.Return):
            self._return(statement, frame)
        elif isinstance(statement, tree.If):
            self._if(statement, frame)
        elif isinstance(statement, tree.For):
            self._for(statement, frame)
        elif isinstance(statement, tree.Expect):
            if not isinstance(frame.definition, tree.NetworkDef):
                raise error("misplaced", "`expect` belongs in a network", statement.span)
            self.session.expectations.extend((entry, frame) for entry in statement.entries)
        elif isinstance(statement, tree.Meta):
            if not isinstance(frame.definition, tree.NetworkDef):
                raise error("misplaced", "`meta` belongs in a network", statement.span)
            self.session.add_meta(statement.entries, frame)

    def _bind(self, statement: tree.Bind, frame: Frame) -> None:
        targets = statement.targets
        frame.target = targets[0].id if len(targets) == 1 else None
        try:
            values = [self.session.evaluator.evaluate(each, frame) for each in statement.values]
        finally:
            frame.target = None
        if len(values) == 1 and len(targets) > 1:
            values = list(self._unpacked(values[0], len(targets), statement.values[0].span))
        if len(values) != len(targets):
            raise error(
                "wrong-arity",
                f"{len(values)} values for {len(targets)} names",
                statement.span,
            )
        for target, value in zip(targets, values, strict=True):
            self.give(target.id, value, frame)

    def give(self, word: str, value: Any, frame: Frame) -> None:
        """Bind a name in a frame."""
        frame.names[word] = value
        if isinstance(value, Port):
            frame.items.append(Binding(word, value))

    def _unpacked(self, value: Any, count: int, span: Span) -> tuple[Any, ...]:
        if not isinstance(value, tuple):
            raise error(
                "wrong-arity", f"{describe(value)} cannot be unpacked into {count} names", span
            )
        if len(value) != count:
            raise error(
                "wrong-arity",
                f"{len(value)} values for {count} names",
                span,
                f"{describe(value)} comes out here",
            )
        return value

    def _output(self, statement: tree.Output, frame: Frame) -> None:
        session = self.session
        if not isinstance(frame.definition, tree.NetworkDef):
            raise error(
                "misplaced",
                "`output` belongs in a network",
                statement.span,
                help="a block gives its result with `return`",
            )
        frame.target = statement.name.id
        try:
            value = session.evaluator.evaluate(statement.value, frame)
        finally:
            frame.target = None
        if not isinstance(value, Port):
            raise error(
                "wrong-type",
                f"an output must be a node, not {describe(value)}",
                statement.value.span,
                help="give every result an output of its own" if is_nodes(value) else None,
            )
        weight = 1.0
        for argument in statement.arguments:
            if argument.keyword != "weight" or not statement.train:
                raise error(
                    "unknown-argument",
                    "only a train output has an argument, `weight`",
                    argument.span,
                    help="write `train output name(weight = 0.3) = …`",
                )
            given = plain(session.evaluator.evaluate(argument.value, frame))
            if isinstance(given, bool) or not isinstance(given, int | float):
                raise error("wrong-type", "a loss weight must be a number", argument.span)
            weight = float(given)
        for other in session.outputs:
            if other.name == statement.name.id:
                raise error(
                    "path-twice",
                    f"the output {other.name} is made twice",
                    statement.name.span,
                    "made again here",
                    Label(other.span, "made here first"),
                )
        session.outputs.append(
            Output(statement.name.id, value, statement.train, weight, statement.name.span)
        )
        self.give(statement.name.id, value, frame)

    def _return(self, statement: tree.Return, frame: Frame) -> None:
        if not isinstance(frame.definition, tree.Block):
            raise error(
                "misplaced",
                "`return` belongs in a block",
                statement.span,
                help="a network gives its results with `output name = …`",
            )
        values = [self.session.evaluator.evaluate(each, frame) for each in statement.values]
        raise Returned(values[0] if len(values) == 1 else tuple(values))

    def _if(self, statement: tree.If, frame: Frame) -> None:
        evaluator = self.session.evaluator
        tests: list[Any] = []
        chosen, taken = statement.orelse, len(statement.arms)
        for number, (test, body) in enumerate(statement.arms):
            tests.append(evaluator.test(test, frame))
            if plain(tests[-1]):
                chosen, taken = body, number
                break
        choice = Choice(statement.span, tuple(tests), taken)
        frame.items.append(choice)
        outer, frame.items = frame.items, choice.body
        try:
            self.run(chosen, frame)
        finally:
            frame.items = outer

    def _for(self, statement: tree.For, frame: Frame) -> None:
        values = self.session.evaluator.evaluate(statement.values, frame)
        if not isinstance(values, tuple):
            raise error(
                "wrong-type",
                f"a loop goes over a list, not {describe(values)}",
                statement.values.span,
                help="count with `range(n)`" if isinstance(plain(values), int) else None,
            )
        words = [word for pattern in statement.patterns for word in pattern_names(pattern)]
        hidden = {word: frame.names[word] for word in words if word in frame.names}
        loop = Loop(statement.span)
        frame.items.append(loop)
        outer = frame.items
        try:
            for value in values:
                self.session.spend(1, statement.span)
                frame.items = []
                loop.turns.append(frame.items)
                self._match(statement.patterns, value, statement.values.span, frame)
                self.run(statement.body, frame)
        finally:
            frame.items = outer
            for word in words:
                frame.names.pop(word, None)
            frame.names.update(hidden)

    def _match(
        self, patterns: tuple[tree.Pattern, ...], value: Any, span: Span, frame: Frame
    ) -> None:
        values = (value,) if len(patterns) == 1 else self._unpacked(value, len(patterns), span)
        for pattern, each in zip(patterns, values, strict=True):
            if pattern.name is not None:
                frame.names[pattern.name] = each
            else:
                parts = self._unpacked(each, len(pattern.parts), pattern.span)
                for part, piece in zip(pattern.parts, parts, strict=True):
                    self._match((part,), piece, pattern.span, frame)

    # --- blocks

    def call_block(
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
        values = self._assign(block, given, step)
        self._guard(block, values, step, caller)
        if session.depth >= session.limits.depth:
            raise limits.exceeded(
                "depth", session.limits.depth, "puts blocks into blocks too deeply", step.span
            )
        place, segment = session.applier.leaf(block.name.id, step.span, caller, segments)
        scope = Scope(
            place.path(segment),
            "block",
            place.scope,
            step.span,
            block=block.name.id,
            definition=block,
        )
        frame = Frame(file, index, block, Place(scope, attached=True))
        place.scope.members.append(scope)
        outside = self._enter(block, values, frame, caller)
        inputs = tuple(port for _, nodes in scope.inputs for port in nodes)
        shown = ", ".join(_shown(each) for each in step.given if not is_nodes(each.value))
        trail = Label(step.span, f"{scope.path} = {block.name.id}({shown})")
        call = BlockCall(scope, {}, inputs, (), caller.target)
        caller.items.append(call)
        session.trail.append(trail)
        session.depth += 1
        result: Any = None
        try:
            self.run(block.body, frame)
        except Returned as returned:
            result = returned.value
        finally:
            session.depth -= 1
            session.trail.pop()
        scope.trace = frame.items
        if result is POISON:
            return POISON
        if not is_nodes(result):
            raise error(
                "no-result",
                f"the block {block.name.id} returns no node",
                block.name.span,
                "end its body with `return`",
                Label(step.span, "called here"),
            )
        call.arguments = {key: each for key, each in outside.items() if key != "*"}
        scope.results = call.results = ports(result)
        self._leave(frame, caller, outside, scope)
        return result

    def _assign(
        self, block: tree.Block, given: tuple[Given, ...], step: CallStep
    ) -> dict[str, Given]:
        names = [each.name.id for each in block.parameters]
        values: dict[str, Given] = {}
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
                raise error(
                    "unknown-argument",
                    f"{block.name.id} has no parameter `{key}`",
                    each.span,
                    "",
                    declared,
                    help=f"did you mean `{guess}`?" if guess else None,
                )
            if key in values:
                raise error(
                    "wrong-arity",
                    f"`{key}` is given twice",
                    each.span,
                    "given again here",
                    Label(values[key].span, "given here first"),
                )
            values[key] = each
        for parameter in block.parameters:
            if parameter.default is None and parameter.name.id not in values:
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
        for each in values.values():
            if isinstance(each.value, BlockValue):
                self.session.takes_blocks.add(id(block))
        for each in values.values():
            inner = each.value
            if isinstance(inner, BlockValue) and id(inner.definition) in self.session.takes_blocks:
                raise error(
                    "endless-recursion",
                    f"{inner.name} itself takes a block, so it cannot be passed as a value",
                    each.span,
                )
        if caller.definition is not block:
            return
        assert block.recurs_on is not None
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
        for parameter in block.parameters:
            key = parameter.name.id
            if key in values:
                value = values[key].value
            else:
                assert parameter.default is not None
                value = self.session.evaluator.evaluate(parameter.default, frame)
                value = translate(value, words)
            if value is POISON:
                raise Poisoned
            if is_nodes(value):
                nodes.append((key, ports(value)))
                frame.names[key] = value
                if isinstance(value, Port):
                    channels = f"{key}.channels"
                    count = value.shape.channels
                    frame.channels.setdefault(id(value), Written(count, name(channels)))
                    said = spoken(caller.channels_of(value))
                    if said is not None:
                        words[channels] = said
                    outside[channels] = caller.channels_of(value)
                continue
            outside[key] = value
            said = spoken(value)
            frame.names[key] = value if said is None else Written(plain(value), name(key))
            if said is not None:
                words[key] = said
        assert frame.place is not None
        scope = frame.place.scope
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


def _shown(given: Given) -> str:
    value = plain(given.value)
    text = show(value) if isinstance(value, bool | int | float | str | tuple) else describe(value)
    text = text if len(text) < 40 else "…"
    return text if given.keyword is None else f"{given.keyword} = {text}"


def pattern_names(pattern: tree.Pattern) -> list[str]:
    """The names that a loop's pattern binds."""
    if pattern.name is not None:
        return [pattern.name]
    return [word for part in pattern.parts for word in pattern_names(part)]


def bound_names(statements: Iterable[tree.Stmt]) -> list[tuple[str, Span]]:
    """The names that statements may bind, with where."""
    result: list[tuple[str, Span]] = []
    for statement in statements:
        if isinstance(statement, tree.Bind):
            result += [(target.id, target.span) for target in statement.targets]
        elif isinstance(statement, tree.Output):
            result.append((statement.name.id, statement.name.span))
        elif isinstance(statement, tree.If):
            for _, body in statement.arms:
                result += bound_names(body)
            result += bound_names(statement.orelse)
        elif isinstance(statement, tree.For):
            result += bound_names(statement.body)
    return result
