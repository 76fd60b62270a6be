"""Builds the tree while the parser reduces: one method a rule, spans from the first and last part.

Every token is kept, so a rule's parts begin and end where the rule does, and nothing recurses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from cnnspec.diagnostics import SpecError, error, write
from cnnspec.source import Source, Span
from cnnspec.syntax import tree
from cnnspec.syntax.lex import Token
from cnnspec.syntax.mistakes import cannot_begin, reserved
from cnnspec.syntax.slip import RESERVED

#: Deeper nesting than this is refused: whatever walks the tree may recurse.
DEEPEST = 200
LONGEST_NAME = 200
#: A whole number of more bits is refused: what is computed from it must be a decimal, too.
WIDEST: Final = 200
#: So many digits are never that wide.
SHORT_NUMBER: Final = 60
#: What a letter after a number stands for.
SCALE: Final = {"K": 10**3, "M": 10**6, "G": 10**9}
ESCAPES = {"n": "\n", "t": "\t", "\\": "\\", '"': '"'}
Pieces = list[Any]


class Builder:
    """Builds the tree of one source; `parse_inner` parses the expressions in labels."""

    def __init__(
        self, source: Source, parse_inner: Callable[[Source, int, int], tree.Expr]
    ) -> None:
        self.source = source
        self.parse_inner = parse_inner

    def _span(self, parts: Pieces) -> Span:
        return Span(self.source, self._start(parts[0]), self._stop(parts[-1]))

    def _start(self, part: Any) -> int:
        start: int = part.start if isinstance(part, Token) else part.span.start
        return start

    def _stop(self, part: Any) -> int:
        stop: int = part.stop if isinstance(part, Token) else part.span.stop
        return stop

    def _make(self, kind: Any, parts: Pieces, /, **fields: Any) -> Any:
        span = fields.pop("span", None) or self._span(parts)
        depth = 1 + max(map(_depth, parts), default=0)
        if depth > DEEPEST:
            raise error(
                "nesting-too-deep",
                f"this is nested over {DEEPEST} levels deep",
                span,
                help="give inner parts names of their own: `part = …`",
            )
        return kind(span=span, depth=depth, **fields)

    def _identifier(self, token: Token) -> tree.Identifier:
        return tree.Identifier(span=self._span([token]), id=self._word(token))

    def _word(self, token: Token) -> str:
        """Read a name; refuses a word of the language, which is none, and what nobody can read."""
        if len(token) > LONGEST_NAME:
            span = self._span([token])
            raise error("unexpected-token", f"a name of over {LONGEST_NAME} characters", span)
        if token in RESERVED:
            raise SpecError([reserved(self.source, self._span([token]))])
        return str(token)

    # --- files

    def start(self, parts: Pieces) -> tree.File:
        return tree.File(
            source_span=Span(self.source, 0, len(self.source.text)), items=tuple(parts)
        )

    def use(self, parts: Pieces) -> tree.Use:
        if "\\" in parts[1]:
            path = str(parts[1]).replace("\\", "/").replace("//", "/")
            raise error(
                "bad-string",
                "the folders of a path stand apart by `/`",
                self._span([parts[1]]),
                help=write(f"use {path}", put=path),
            )
        path = self._text(parts[1])
        return tree.Use(span=self._span(parts), path=path, path_span=self._span([parts[1]]))

    def default(self, parts: Pieces) -> Any:
        return self._make(
            tree.Default,
            parts,
            operator=self._identifier(parts[1]),
            arguments=_group(parts[2:]),
        )

    def const(self, parts: Pieces) -> Any:
        return self._make(tree.Const, parts, name=self._identifier(parts[0]), value=parts[2])

    def block(self, parts: Pieces) -> Any:
        recurs = next((parts[i + 1] for i, part in enumerate(parts) if _is(part, "on")), None)
        return self._make(
            tree.Block,
            parts,
            span=self._span(parts[:2]),
            name=self._identifier(parts[1]),
            parameters=_group(parts[2:-1]),
            recurs_on=None if recurs is None else self._identifier(recurs),
            body=tuple(parts[-1].items),
        )

    def network(self, parts: Pieces) -> Any:
        return self._make(
            tree.NetworkDef,
            parts,
            span=self._span(parts[:2]),
            name=self._identifier(parts[1]),
            parameters=_group(parts[2:-1]),
            body=tuple(parts[-1].items),
        )

    def variant(self, parts: Pieces) -> Any:
        return self._make(
            tree.Variant,
            parts,
            span=self._span(parts[:2]),
            name=self._identifier(parts[1]),
            base=self._identifier(parts[3]),
            arguments=_group(parts[4:]),
            body=tuple(part for part in parts if isinstance(part, tree.Expect | tree.Meta)),
        )

    def param(self, parts: Pieces) -> Any:
        default = parts[2] if len(parts) > 1 else None
        name = self._identifier(parts[0])
        return self._make(tree.Parameter, parts, name=name, default=default)

    # --- statements

    def body(self, parts: Pieces) -> Parts:
        return Parts(self._span(parts), _nodes(parts))

    args = params = items = body

    def kwarg(self, parts: Pieces) -> Any:
        return self._make(
            tree.Argument,
            parts,
            keyword=str(parts[0]),
            keyword_span=self._span([parts[0]]),
            value=parts[2],
        )

    def posarg(self, parts: Pieces) -> Any:
        return self._make(tree.Argument, parts, keyword=None, keyword_span=None, value=parts[0])

    def target(self, parts: Pieces) -> tree.Identifier:
        return self._identifier(parts[0])

    def bind(self, parts: Pieces) -> Any:
        middle = next(i for i, part in enumerate(parts) if _is(part, "="))
        targets, values = _nodes(parts[:middle]), _nodes(parts[middle:])
        return self._make(tree.Bind, parts, targets=tuple(targets), values=tuple(values))

    def output(self, parts: Pieces) -> Any:
        train = _is(parts[0], "train")
        return self._make(
            tree.Output,
            parts,
            name=self._identifier(parts[2 if train else 1]),
            value=parts[-1],
            train=train,
            arguments=_group(parts[:-1]),
        )

    def return_(self, parts: Pieces) -> Any:
        return self._make(tree.Return, parts, values=tuple(_nodes(parts)))

    def if_stmt(self, parts: Pieces) -> Any:
        inner = _nodes(parts)
        arms = [(inner[i], tuple(inner[i + 1].items)) for i in range(0, len(inner) - 1, 2)]
        orelse = tuple(inner[-1].items) if len(inner) % 2 else ()
        span = self._span(parts[:2])
        return self._make(tree.If, parts, span=span, arms=tuple(arms), orelse=orelse)

    def for_(self, parts: Pieces) -> Any:
        middle = next(i for i, part in enumerate(parts) if _is(part, "in"))
        return self._make(
            tree.For,
            parts,
            span=self._span(parts[: middle + 2]),
            patterns=tuple(_nodes(parts[:middle])),
            values=parts[middle + 1],
            body=tuple(parts[-1].items),
        )

    def pattern(self, parts: Pieces) -> Any:
        name = self._word(parts[0]) if len(parts) == 1 else None
        return self._make(tree.Pattern, parts, name=name, parts=tuple(_nodes(parts)))

    def expect(self, parts: Pieces) -> Any:
        return self._make(tree.Expect, parts, entries=tuple(_nodes(parts)))

    def meta(self, parts: Pieces) -> Any:
        return self._make(tree.Meta, parts, entries=tuple(_nodes(parts)))

    def entry(self, parts: Pieces) -> Any:
        key = self._span([parts[0]])
        return self._make(tree.Entry, parts, key=str(parts[0]), key_span=key, value=parts[2])

    # --- flows

    def pipe(self, parts: Pieces) -> Any:
        return self._make(tree.Flow, parts, steps=tuple(_nodes(parts)))

    def labelled(self, parts: Pieces) -> Any:
        label = tree.LabelText(
            span=self._span([parts[0]]), segments=tuple(self._segments(parts[0]))
        )
        return self._make(tree.Labelled, parts, label=label, step=parts[-1])

    def _segments(self, token: Token) -> Iterator[tuple[str | tree.Expr, ...]]:
        base = self._start(token)
        pieces: list[str | tree.Expr] = []
        for match in re.finditer(r"\{([^{}]*)\}|\.|[^{}.]+", str(token)):
            if match[0] == ".":
                yield tuple(pieces)
                pieces = []
            elif match[1] is not None:
                start, stop = base + match.start(1), base + match.end(1)
                pieces.append(self.parse_inner(self.source, start, stop))
            else:
                pieces.append(match[0])
        yield tuple(pieces)

    def when(self, parts: Pieces) -> Any:
        return self._make(tree.When, parts, step=parts[0], test=parts[2])

    def cond(self, parts: Pieces) -> Any:
        return self._make(tree.Cond, parts, test=parts[1], yes=parts[3], no=parts[5])

    def paren(self, parts: Pieces) -> Any:
        return self._make(tree.Paren, parts, inner=parts[1])

    # --- expressions

    def or_(self, parts: Pieces) -> Any:
        for operand, operator in zip(parts[:-1:2], parts[1::2], strict=True):
            if operator in ("-", "//"):
                self._same_line(operand, operator)
        rest = tuple((str(a), b) for a, b in zip(parts[1::2], parts[2::2], strict=True))
        return self._make(tree.Chain, parts, first=parts[0], rest=rest)

    and_ = sum = prod = or_

    def cmp(self, parts: Pieces) -> Any:
        return self._make(tree.Binary, parts, operator=str(parts[1]), left=parts[0], right=parts[2])

    power = cmp

    def neg(self, parts: Pieces) -> Any:
        return self._make(tree.Unary, parts, operator="not", operand=parts[1])

    def minus(self, parts: Pieces) -> Any:
        return self._make(tree.Unary, parts, operator="-", operand=parts[1])

    def call(self, parts: Pieces) -> Any:
        self._same_line(parts[0], parts[1])
        return self._make(tree.Call, parts, callee=parts[0], arguments=_group(parts[1:]))

    def index(self, parts: Pieces) -> Any:
        self._same_line(parts[0], parts[1])
        return self._make(tree.Index, parts, value=parts[0], index=parts[2])

    def attr(self, parts: Pieces) -> Any:
        span = self._span([parts[2]])
        if isinstance(parts[0], tree.Number):
            whole = self._span(parts[:2])
            new = f"{parts[0].span.text}.0"
            help_: str = f"write `{new}`"
            if whole.stop < span.start:
                help_ = write(new, at=whole)
            title = "digits are missing after the point"
            raise error("bad-number", title, parts[0].span, help=help_)
        return self._make(tree.Attribute, parts, value=parts[0], name=str(parts[2]), name_span=span)

    def list(self, parts: Pieces) -> Any:
        return self._make(tree.ListOf, parts, items=_group(parts))

    def name(self, parts: Pieces) -> Any:
        return self._make(tree.Name, parts, id=self._word(parts[0]))

    def number(self, parts: Pieces) -> Any:
        if _is_short(parts[0]):
            return self._make(tree.Number, parts, value=int(parts[0]))
        if re.search(r"^0[\d_]|_(?!\d)", str(parts[0])):
            raise error(
                "bad-number",
                f"`{parts[0]}` is not a number",
                self._span(parts),
                help="a number has no 0 before it, and single `_` between its digits",
            )
        text = str(parts[0]).replace("_", "")
        if len(text) > 400:
            raise error("bad-number", "a number of over 400 digits", self._span(parts))
        suffix = SCALE.get(text[-1], 1)
        digits = text[:-1] if text[-1] in SCALE else text
        value: int | float = float(digits) if re.search(r"[.eE]", digits) else int(digits)
        if suffix > 1:
            value *= suffix
            value = int(value) if value == int(value) else value
        if value == float("inf") or (isinstance(value, int) and value.bit_length() > WIDEST):
            raise error("bad-number", "a number too large to compute with", self._span(parts))
        return self._make(tree.Number, parts, value=value)

    def string(self, parts: Pieces) -> Any:
        return self._make(tree.Text, parts, value=self._text(parts[0]))

    def true(self, parts: Pieces) -> Any:
        return self._make(tree.Truth, parts, value=True)

    def false(self, parts: Pieces) -> Any:
        return self._make(tree.Truth, parts, value=False)

    def _text(self, token: Token) -> str:
        def resolve(match: re.Match[str]) -> str:
            if match[1] in ESCAPES:
                return ESCAPES[match[1]]
            if match[2]:
                return chr(int(match[2], 16))
            start = self._start(token) + 1 + match.start()
            raise error(
                "bad-string",
                f"`{match[0]}` is no escape",
                Span(self.source, start, start + len(match[0])),
                help='escapes are \\n, \\t, \\\\, \\" and \\u with four hexadecimal digits',
            )

        text = re.sub(r"\\(?:u([0-9a-fA-F]{4})|(.))", _swap(resolve), str(token)[1:-1])
        try:  # two halves of a character that \u cannot write at once become one
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise error(
                "bad-string",
                "one half of a character stands here without the other",
                self._span([token]),
                help="write both: `\\ud83d\\ude00`, or the character itself",
            ) from None

    def _same_line(self, before: Any, token: Token) -> None:
        if "\n" in self.source.text[self._stop(before) : self._start(token)]:
            raise SpecError([cannot_begin(self._span([token]), str(token))])


class Parts:
    """Pieces between brackets, on their way into the node that holds them."""

    __slots__ = ("depth", "items", "span")

    def __init__(self, span: Span, items: Pieces) -> None:
        self.span = span
        self.items = items
        self.depth = max(map(_depth, items), default=0)


def _swap(resolve: Callable[[re.Match[str]], str]) -> Callable[[re.Match[str]], str]:
    def swapped(match: re.Match[str]) -> str:
        if match[1]:
            return chr(int(match[1], 16))
        return resolve(re.match(r"\\(.)()", match[0]) or match)

    return swapped


def _is_short(token: Token) -> bool:
    """Whether a number is one that needs no care, as nearly all are: digits, few, no 0 before."""
    return len(token) <= SHORT_NUMBER and token.isdecimal() and not token.startswith("0")


def _depth(part: Any) -> int:
    depth: int = getattr(part, "depth", 0)
    return depth


def _is(part: Any, text: str) -> bool:
    return isinstance(part, Token) and part == text


def _nodes(parts: Pieces) -> Pieces:
    return [part for part in parts if not isinstance(part, Token)]


def _group(parts: Pieces) -> tuple[Any, ...]:
    found = next((part for part in parts if isinstance(part, Parts)), None)
    return () if found is None else tuple(found.items)
