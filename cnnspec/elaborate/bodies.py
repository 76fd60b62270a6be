"""Statements, and the blocks that they make up: one instance of a block is one run of its body."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from cnnspec.diagnostics import Label, SpecError, error
from cnnspec.elaborate import limits
from cnnspec.elaborate.frame import Frame
from cnnspec.elaborate.functions import Range
from cnnspec.elaborate.values import (
    POISON,
    Poisoned,
    describe,
    is_nodes,
)
from cnnspec.expression import plain
from cnnspec.graph import Output, Port
from cnnspec.source import Span
from cnnspec.syntax import tree
from cnnspec.syntax.alone import head_of
from cnnspec.syntax.tree import bound_names
from cnnspec.trace import Binding, Choice, Loop

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
        returns = isinstance(statement, tree.Return) or (
            isinstance(statement, tree.Lost) and statement.returns
        )
        if returns and isinstance(frame.definition, tree.Block):
            raise Returned(POISON)
        for word, _ in bound_names((statement,)):
            frame.names[word] = POISON

    def _statement(self, statement: tree.Stmt, frame: Frame) -> None:
        if isinstance(statement, tree.Lost):
            raise Poisoned
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
        frame.head = head_of(statement.values[0]) if frame.target else None
        try:
            values = [self.session.evaluator.evaluate(each, frame) for each in statement.values]
        finally:
            frame.target = frame.head = None
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
            self.session.spent += 1
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
        word = statement.name.id
        if word in session.outputs:
            raise error(
                "path-twice",
                f"the output {word} is made twice",
                statement.name.span,
                "made again here",
                Label(session.outputs[word].span, "made here first"),
            )
        span = statement.name.span
        session.outputs[word] = Output(word, value, statement.train, weight, span)
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
            try:
                tests.append(evaluator.test(test, frame))
            except (Poisoned, SpecError):
                words = [
                    w for t, _ in statement.arms if isinstance(t, tree.LostValue) for w in t.names
                ]
                self.look_through(
                    (*(arm for _, arm in statement.arms), statement.orelse), words, frame
                )
                raise
            if plain(tests[-1]):
                chosen, taken = body, number
                break
        self.session.spend(limits.DECISION, statement.span)
        choice = Choice(statement.span, frame.here, tuple(tests), taken)
        frame.items.append(choice)
        outer, frame.items = frame.items, choice.body
        try:
            self.run(chosen, frame)
        finally:
            frame.items = outer

    def look_through(
        self, bodies: Iterable[tuple[tree.Stmt, ...]], words: Iterable[str], frame: Frame
    ) -> None:
        """Find mistakes in bodies that nothing is known for: each value in them is poisoned.

        `words` are the names that are bound before the bodies.
        """
        names = dict(frame.names)
        for body in bodies:
            frame.names = dict.fromkeys((*names, *words), POISON)
            try:
                self.run(body, frame)
            except Returned:
                continue
            finally:
                frame.names = names

    def _for(self, statement: tree.For, frame: Frame) -> None:
        words = [word for pattern in statement.patterns for word in pattern_names(pattern)]
        try:
            values = self.session.evaluator.evaluate(statement.values, frame)
        except (Poisoned, SpecError):
            self.look_through((statement.body,), words, frame)
            raise
        if not isinstance(values, tuple):
            raise error(
                "wrong-type",
                f"a loop goes over a list, not {describe(values)}",
                statement.values.span,
                help="count with `range(n)`" if isinstance(plain(values), int) else None,
            )
        hidden = {word: frame.names[word] for word in words if word in frame.names}
        length = values.length if isinstance(values, Range) else len(values)
        self.session.spend(limits.LOOP, statement.span)
        loop = Loop(statement.span, frame.here, length)
        frame.items.append(loop)
        outer = frame.items
        try:
            for value in values:
                self.session.spend(1, statement.span)
                frame.items = []
                try:
                    self._match(statement.patterns, value, statement.values.span, frame)
                    self.run(statement.body, frame)
                finally:
                    loop.turns.append(frame.items or ())
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


def pattern_names(pattern: tree.Pattern) -> list[str]:
    """The names that a loop's pattern binds."""
    if pattern.name is not None:
        return [pattern.name]
    return [word for part in pattern.parts for word in pattern_names(part)]
