"""The LALR(1) parser: it runs over the table, and a builder makes a node at each reduction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol

from cnnspec.diagnostics import SpecError
from cnnspec.syntax.lex import Stuck, Token, TooLong, admitted, lexer
from cnnspec.syntax.table import END, Rule, Table, table

#: What makes a node: a builder's method, given the parts of a rule, tokens among them.
Make = Callable[[list[Any]], Any]
#: A text may have so many words and signs; what is in a string or a computed label counts, too.
MOST_WORDS: Final = 400_000
#: Tokens that may hold more than a word.
WEIGHED: Final = frozenset(("STRING", "LABEL"))


class Resumed(NamedTuple):
    """Where the parser goes on: its stack and values, the place, a token that was left out."""

    stack: list[int]
    values: list[Any]
    at: int
    token: Token | None


class Recovery(Protocol):
    """Knows where to go on after a mistake."""

    def resume(
        self, failure: Stuck | SpecError, stack: list[int], values: list[Any], seen: int, /
    ) -> Resumed | None:
        """Say where to go on, `seen` being the end of the last token; None where one cannot."""


def reduce(
    text: str,
    start: int,
    stop: int,
    begin: str,
    builder: object,
    recovery: Recovery | None = None,
) -> tuple[Any, int]:
    """Parse a stretch of a text; gives the value, and how many words and signs it has.

    Raises `Stuck`, `TooLong`, and what the builder raises.

    A recovery is asked where to go on instead; what it cannot go on from is raised.

    A rule by which a value stands for itself (`sum` that is only a `prod`) makes nothing, and a row
    of such rules is one step the second time: most reductions of an expression are of that kind.
    """
    known = table()
    states, rules = known.states, known.rules
    makes = [_maker(rule, builder) for rule in rules]
    token_at = lexer()
    passed: dict[tuple[int, int, str], int] = {}
    stack, values = [known.starts[begin]], list[Any]()
    at, end_state, words = start, known.ends[begin], 0
    token: Token | None = None
    while True:
        try:
            while True:
                if token is None:
                    token = token_at(text, at, stop, states[stack[-1]])
                kind, at = token.kind, token.stop
                words += _weight(token) if kind in WEIGHED else 1
                if words > MOST_WORDS:
                    raise TooLong(token.start)
                action = states[stack[-1]].get(kind)
                if action is None:  # a sign that was put in, where it cannot stand either
                    raise Stuck(token.start, admitted(states[stack[-1]]))  # noqa: TRY301
                while action < 0:
                    rule = rules[~action]
                    if rule.passes:
                        where = stack[-2], stack[-1], kind
                        top = passed.get(where)
                        if top is None:
                            top = passed[where] = _passed(known, *where)
                        stack[-1] = top
                    else:
                        size = rule.size
                        parts = values[-size:] if size else []
                        if size:
                            del stack[-size:], values[-size:]
                        values.append(makes[~action](parts))
                        stack.append(states[stack[-1]][rule.symbol])
                    if kind == END and stack[-1] == end_state:
                        return values[-1], words
                    following = states[stack[-1]].get(kind)
                    if following is None:
                        raise Stuck(token.start, admitted(states[stack[-1]]))  # noqa: TRY301
                    action = following
                stack.append(action)
                values.append(token)
                token = None
        except (Stuck, SpecError) as failure:
            wrong = _finish(known, makes, stack, values, failure) if recovery else failure
            resumed = recovery.resume(wrong, stack, values, at) if recovery else None
            if resumed is None:
                raise
            stack, values, at, token = resumed


def _finish(
    known: Table, makes: list[Make], stack: list[int], values: list[Any], failure: Stuck | SpecError
) -> Stuck | SpecError:
    """Make what is whole at a mistake, whatever follows: `meta { … }` is, once it is closed.

    Gives what is wrong: the mistake, or what is whole.
    """
    while isinstance(failure, Stuck):
        actions = set(known.states[stack[-1]].values())
        action = actions.pop() if len(actions) == 1 else 0
        if action >= 0:
            break
        rule = known.rules[~action]
        parts = values[-rule.size :] if rule.size else []
        if rule.size:
            del stack[-rule.size :], values[-rule.size :]
        try:
            values.append(parts[0] if rule.passes else makes[~action](parts))
        except SpecError as wrong:
            return wrong
        stack.append(known.states[stack[-1]][rule.symbol])
    return failure


def _weight(token: Token) -> int:
    """Count a token that may hold much as so many words: one, and what is in it."""
    if token.kind == "STRING":
        return 1 + len(token) // 8
    return 1 + len(token) if "{" in token else 1


def _passed(known: Table, below: int, top: int, kind: str) -> int:
    """Give the state after a row of rules by which a value stands for itself."""
    while True:
        action = known.states[top].get(kind, 0)
        rule = known.rules[~action] if action < 0 else None
        if rule is None or not rule.passes or top == known.ends["expr"]:
            return top
        top = known.states[below][rule.symbol]


def _maker(rule: Rule, builder: object) -> Make:
    method = getattr(builder, rule.method, None)
    splices = rule.splices or method is None

    def make(parts: list[Any]) -> Any:
        if splices or _Spliced in map(type, parts):
            parts = _flat(parts)
        if splices or method is None:
            return parts
        if rule.single and len(parts) == 1:
            return parts[0]
        return method(parts)

    return make


def _flat(parts: list[Any]) -> list[Any]:
    """Put the parts of spliced parts in their place."""
    # A repetition grows its own list, or a long text would take quadratic time.
    grown = bool(parts) and type(parts[0]) is _Spliced
    flat: list[Any] = parts[0] if grown else _Spliced()
    for part in parts[1:] if grown else parts:
        if type(part) is _Spliced:
            flat.extend(part)
        else:
            flat.append(part)
    return flat


class _Spliced(list[Any]):
    """The parts of a rule that Lark made itself, for `*` and `?`: they join the rule around it."""
