"""Going on after a mistake: what is broken becomes a `Lost` part, and the parser resumes behind it.

The table that all texts are parsed by says where: the innermost state on the stack that takes a
statement (an entry of `expect`, an item of a file) is gone back to, the broken text counts as one,
and parsing goes on where the next begins. A body whose head is broken is read as a body still.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.source import Source, Span
from cnnspec.syntax import tree
from cnnspec.syntax.build import Parts
from cnnspec.syntax.lex import Stuck, Token
from cnnspec.syntax.reduce import Resumed
from cnnspec.syntax.table import table
from cnnspec.syntax.tree import bound_names

#: Who has this many has enough to mend.
MOST_MISTAKES: Final = 20
#: Deeper nesting is refused.
MOST_CLOSED: Final = 200
_STATEMENT: Final = (
    r"[A-Za-z_]\w*[ \t]*(?:,[ \t]*[A-Za-z_]\w*[ \t]*)*=(?!=)|(?:train[ \t]+)?output\b"
    r"|return\b|for\b|if\b|expect\b|meta\b"
)
_ITEM: Final = r"(?:block|network|use|default)\b"
#: What is looked at to find where the next part begins.
_PIECE: Final = re.compile(
    rf'(?P<skip>#[^\n]*|"(?:[^"\\\n]|\\.)*")|(?P<brace>[{{}}])'
    rf"|(?P<line>^(?P<indent>[ \t]*)(?:(?P<item>{_ITEM})|(?P<stmt>{_STATEMENT})))",
    re.MULTILINE,
)
_ENTRY: Final = re.compile(
    r'(?P<skip>#[^\n]*|"(?:[^"\\\n]|\\.)*")|[A-Za-z_][\w.-]*[ \t]*=(?!=)|[{}]'
)
_BOUND: Final = re.compile(
    r"(?:(?:train\s+)?output\s+)?([A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*)\s*(?:[(=:]|->|$)"
)
#: A statement in a body that is given up with its head.
_INNER: Final = re.compile(
    r"(?:^|\{)[ \t]*(?:(?:train[ \t]+)?output[ \t]+)?"
    r"([A-Za-z_]\w*(?:[ \t]*,[ \t]*[A-Za-z_]\w*)*)[ \t]*=(?!=)",
    re.MULTILINE,
)
_LOOP: Final = re.compile(r"for\b([^{}\n]*?)(?:\bin\b|[={]|$)")
_HEAD: Final = re.compile(r"(block|network)\s+([A-Za-z_]\w*)\s*\(?([^{}]*)")
#: Words with which no item begins, though a name may be one.
_INSIDE: Final = ("expect ", "meta ", "output ", "return ", "expect{", "meta{")
_DECLARED: Final = re.compile(
    r"(?!default\b|use\b)\w+\s+([A-Za-z_]\w*)\s*(?:[(={]|$)|([A-Za-z_]\w*)\s*="
)
_CONST: Final = re.compile(r"[A-Za-z_]\w*[ \t]*=(?!=)")
_NAME: Final = re.compile(r"[A-Za-z_]\w*")


class _Level(NamedTuple):
    """A state on the stack that takes parts of a kind: how deep it stands, which kind."""

    depth: int
    kind: str


class Recovery:
    """Collects the mistakes of one text, and finds where to go on after each."""

    def __init__(self, source: Source, most: int = MOST_MISTAKES) -> None:
        self.source = source
        self.most = most
        self.known = table()
        self.mistakes: list[Diagnostic] = []
        #: The text without what was given up, for later mistakes to be explained in.
        self._sound = source.text
        self._mended = -1
        #: Braces that were put in: where they are closed, none of the text may be.
        self._inserted = 0
        self._closing, self._closes = -1, 0
        self._tried: dict[int, int] = {}

    def resume(
        self, failure: Stuck | SpecError, stack: list[int], values: list[Any], seen: int
    ) -> Resumed | None:
        """Note a mistake, and say where to go on; None where that is not worth it.

        `seen` is the end of the last token that was read.
        """
        if isinstance(failure, Stuck) and "RBRACE" in self.known.states[stack[-1]]:
            if failure.at == self._closing:
                return self._closed(stack, values, failure.at)
            if self._inserted and self._body_ends(failure.at):
                self._inserted -= 1
                return self._closed(stack, values, failure.at)
        at = self._note(failure, seen)
        self._tried[at] = self._tried.get(at, 0) + 1
        if len(self.mistakes) >= self.most or self._tried[at] > 2:
            return None
        if isinstance(failure, Stuck) and self._lacks_brace(failure):
            self._mended, self._inserted = at, self._inserted + 1
            return Resumed(stack, values, at, _token("{", "LBRACE", at))
        level = self._level(stack, values)
        broken = values[level.depth :]
        start = _start(broken[0]) if broken else at
        del stack[level.depth + 1 :], values[level.depth :]
        if level.kind == "entry":
            return self._after_entry(stack, values, start, max(at, start + 1))
        if level.kind == "stmt" and values and isinstance(values[-1], list):
            self._join(values[-1], start)
        return self._after(
            level, stack, values, start, at, moved=bool(broken), opened=_open(broken)
        )

    def _join(self, before: list[tree.Stmt], start: int) -> None:
        """Give up what ends on the line on which a broken statement begins: it may be its part."""
        ends = before[-1].span.stop if before else start
        if before and "\n" not in self.source.text[ends:start]:
            names = tuple(word for word, _ in bound_names(before[-1:]))
            returns = isinstance(before[-1], tree.Return)
            before[-1] = tree.Lost(span=before[-1].span, names=names, returns=returns)

    # --- what is wrong

    def _note(self, failure: Stuck | SpecError, seen: int) -> int:
        """Keep what is wrong; give the place of it."""
        if isinstance(failure, SpecError):
            self.mistakes += failure.diagnostics
            first = next((label.span for d in failure.diagnostics for label in d.labels[:1]), None)
            return seen if first is None else first.start
        from cnnspec.syntax.mistakes import explain

        sound = Source(self.source.name, self._sound)
        found = explain(sound, 0, failure.at, failure.expected)
        self.mistakes.append(found.of(self.source))
        return failure.at

    def _give_up(self, start: int, stop: int) -> Span:
        """Blank a stretch in the text by which later mistakes are explained; give its span."""
        lost = re.sub(r"[^\n]", " ", self._sound[start:stop])
        lost = re.sub(r"^ ", "_", lost)  # how far in it stood stays
        self._sound = self._sound[:start] + lost + self._sound[stop:]
        return Span(self.source, start, max(stop, start))

    # --- where to go on

    def _lacks_brace(self, failure: Stuck) -> bool:
        """Whether a body begins on a new line without its brace."""
        text = self.source.text
        line = text.rfind("\n", 0, failure.at) + 1
        return (
            "LBRACE" in failure.expected
            and "RPAR" not in failure.expected
            and "RSQB" not in failure.expected
            and not text[line : failure.at].strip()
            and re.match(_STATEMENT, text[failure.at :][:400]) is not None
            and failure.at != self._mended
        )

    def _body_ends(self, at: int) -> bool:
        """Whether no body goes on at a place."""
        rest = self.source.text[at:]
        return not rest or re.match(_ITEM, rest) is not None

    def _level(self, stack: list[int], values: list[Any]) -> _Level:
        """Find the innermost state that takes a part of its own."""
        closed = 0
        for depth in range(len(stack) - 1, -1, -1):
            if depth < len(values):
                closed -= _open([values[depth]])
            if closed > 0:  # inside braces that are closed again
                continue
            row = self.known.states[stack[depth]]
            if row.get("PATH", -1) >= 0:
                return _Level(depth, "entry")
            if row.get("RETURN", -1) >= 0:
                return _Level(depth, "stmt")
            if row.get("NETWORK", -1) >= 0:
                return _Level(depth, "item")
            if row.get("META", -1) >= 0:
                return _Level(depth, "meta")
        return _Level(0, "item")

    def _after_entry(self, stack: list[int], values: list[Any], start: int, at: int) -> Resumed:
        """Go on at the next entry, or at the brace that ends them."""
        stop = len(self.source.text)
        for match in _ENTRY.finditer(self.source.text, at):
            if match["skip"] is None:
                stop = match.start()
                break
        self._give_up(start, stop)
        return Resumed(stack, values, stop, None)

    def _after(
        self,
        level: _Level,
        stack: list[int],
        values: list[Any],
        start: int,
        at: int,
        *,
        moved: bool,
        opened: int,
    ) -> Resumed | None:
        """Go on at the next statement or item, at a brace that ends the body, or in a body.

        `opened` braces of what is given up stand open at the mistake.
        """
        text = self.source.text
        own_line = text.rfind("\n", 0, start) + 1
        indent = len(text[own_line:start]) - len(text[own_line:start].lstrip(" \t"))
        if text[own_line:start].strip():
            indent = len(text[own_line:]) - len(text[own_line:].lstrip(" \t"))
        depth = opened
        if level.kind == "item" and moved and str(text[start : start + 8]).startswith(_INSIDE):
            depth = 1  # what stands in a body whose brace is missing
        line = text.rfind("\n", 0, at) + 1
        begin = line if moved and line > start else at
        for match in _PIECE.finditer(text, begin):
            place = match.start()
            if match["skip"] is not None:
                continue
            if match["item"] is not None and not match["indent"] and place > start:
                return self._at_item(level, stack, values, start, place)
            if match["line"] is not None:
                here = match.start() + len(match["indent"])
                level_with = len(match["indent"]) <= indent or not moved
                fits = depth == 0 and level_with and here > start
                if fits and match["stmt"] and (level.kind == "stmt" or _CONST.match(text, here)):
                    return self._lost(level, stack, values, start, here)
                continue
            if place < at:
                continue
            if match["brace"] == "{":
                if depth == 0 and level.kind in ("stmt", "item") and self._heads(start, place):
                    resumed = self._in_body(level, stack, values, start, place)
                    if resumed is not None:
                        return resumed
                depth += 1
                continue
            if depth == 0:
                if level.kind == "item":  # one brace too many
                    continue
                return self._lost(level, stack, values, start, place)
            depth -= 1
            if depth == 0:
                return self._lost(level, stack, values, start, place + 1)
        return self._at_item(level, stack, values, start, len(text))

    def _heads(self, start: int, brace: int) -> bool:
        """Whether a body is opened by the brace behind a broken head."""
        head = self.source.text[start:brace].lstrip(" \t\n}")
        variant = re.match(r"network\s+\w+\s*=", head)
        return not variant and bool(re.match(r"(if|else|for|block|network)\b", head))

    # --- what stands in the tree for what is given up

    def _lost(
        self, level: _Level, stack: list[int], values: list[Any], start: int, stop: int
    ) -> Resumed:
        words = self.source.text[start:stop]
        span = self._give_up(start, stop)
        lost: tree.Node
        if level.kind == "item":
            lost = tree.LostItem(span=span, name=_declared(words), uses=words.startswith("use"))
        else:
            lost = tree.Lost(span=span, names=_bound(words), returns=words.startswith("return"))
        symbol = {"item": "item", "meta": "meta"}.get(level.kind, "stmt")
        return self._pushed(stack, values, symbol, lost, stop)

    def _pushed(
        self, stack: list[int], values: list[Any], symbol: str, value: Any, at: int
    ) -> Resumed:
        stack.append(self.known.states[stack[-1]][symbol])
        values.append(value)
        return Resumed(stack, values, at, None)

    def _at_item(
        self, level: _Level, stack: list[int], values: list[Any], start: int, place: int
    ) -> Resumed | None:
        """Go on at an item; a body that is open before it ends there."""
        if level.kind == "item":
            return self._lost(level, stack, values, start, place)
        self._closing = place
        self._lost(level, stack, values, start, place)
        return self._closed(stack, values, place)

    def _closed(self, stack: list[int], values: list[Any], place: int) -> Resumed | None:
        """Close a body that is open where none can be."""
        self._closes += 1
        if self._closes > MOST_CLOSED:
            return None
        return Resumed(stack, values, place, _token("}", "RBRACE", place))

    def _in_body(
        self, level: _Level, stack: list[int], values: list[Any], start: int, brace: int
    ) -> Resumed | None:
        """Go on in the body of a broken head: its statements, under a head that is lost."""
        words = self.source.text[start:brace]
        span = Span(self.source, start, brace)
        if level.kind == "item":
            head = self._item_head(words, span)
        else:
            loop = _LOOP.match(words.lstrip(" \t\n}"))
            names = tuple(_NAME.findall(loop[1])) if loop else ()
            lost = tree.LostValue(span=span, names=names)
            head = [("IF", _token("if", "IF", start)), ("expr", lost)]
        states = [stack[-1]]
        for symbol, _ in head:
            state = self.known.states[states[-1]].get(symbol, -1)
            if state < 0:
                return None
            states.append(state)
        if not head:
            return None
        self._give_up(start, brace)
        return Resumed([*stack, *states[1:]], [*values, *(v for _, v in head)], brace, None)

    def _item_head(self, words: str, span: Span) -> list[tuple[str, Any]]:
        """Give the symbols and values of a head with the name and parameters that it shows."""
        match = _HEAD.match(words)
        if match is None:
            return []
        name = _token(match[2], "NAME", span.start + match.start(2))
        kind = match[1].upper()
        head: list[tuple[str, Any]] = [(kind, _token(match[1], kind, span.start)), ("NAME", name)]
        head.append(("LPAR", _token("(", "LPAR", name.stop)))
        alone = _NAME.findall(re.sub(r"=[^,]*", "", match[3]))
        given = re.findall(r"([A-Za-z_]\w*)\s*=(?!=)", match[3])  # a comma may be missing
        named = list(dict.fromkeys([*alone, *given]))
        if named:
            head.append(("params", Parts(span, [_parameter(each, span) for each in named])))
        return [*head, ("RPAR", _token(")", "RPAR", name.stop))]


def _parameter(name: str, span: Span) -> tree.Parameter:
    word = tree.Identifier(span=span, id=name)
    return tree.Parameter(span=span, name=word, default=tree.LostValue(span=span, names=()))


def _token(text: str, kind: str, at: int) -> Token:
    """Make a token that stands nowhere in the text, or elsewhere."""
    made = Token(text)
    made.kind, made.start, made.stop = kind, at, at
    return made


def _start(part: Any) -> int:
    while isinstance(part, list):
        part = part[0]
    start: int = part.start if isinstance(part, Token) else part.span.start
    return start


def _open(broken: list[Any]) -> int:
    """Count the braces that stand open in what is given up."""
    depth = 0
    for part in _flattened(broken):
        if isinstance(part, Token):
            depth += {"{": 1, "}": -1}.get(str(part), 0)
    return depth


def _flattened(parts: list[Any]) -> Iterator[Any]:
    for part in parts:
        if isinstance(part, list):
            yield from _flattened(part)
        else:
            yield part


def _bound(words: str) -> tuple[str, ...]:
    """Give the names that a broken statement was to bind."""
    match = _BOUND.match(words)
    inside = [name for each in _INNER.finditer(words) for name in _NAME.findall(each[1])]
    return tuple(dict.fromkeys([*(_NAME.findall(match[1]) if match else ()), *inside]))


def _declared(words: str) -> str | None:
    """Give the name that a broken item was to declare."""
    match = re.match(
        r"(?!default\b|use\b)\w+\s+([A-Za-z_]\w*)\s*(?:[(={]|$)|([A-Za-z_]\w*)\s*=", words
    )
    return (match[1] or match[2]) if match else None
