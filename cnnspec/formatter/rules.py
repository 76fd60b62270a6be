"""How each rule of the grammar is laid out: one function a rule, from its parts to a document.

Comments stand where lines may end: before a statement, an entry, an item of a list or an arrow, and
at the end of such a line. One that stands elsewhere moves up to the nearest of these places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from cnnspec.formatter.concrete import Branch, Comment, Concrete, Gap, Part, first, tokens
from cnnspec.formatter.document import (
    Doc,
    Either,
    Hard,
    Here,
    Line,
    Nest,
    Soft,
    Suffix,
    flat,
    group,
)
from cnnspec.formatter.table import aligned
from cnnspec.syntax.lex import Token

_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}
_LISTED: Final = ("args", "params", "items")
_NOTHING: Final = Gap()


class Layout:
    """Makes the documents of one text's parts; a comment is taken when it is given a place."""

    def __init__(self, source: Concrete) -> None:
        self.gaps = source.gaps
        self._taken: set[int] = set()
        self._rules: dict[str, Callable[[Branch], Doc]] = {
            "attr": self._tight,
            "minus": self._tight,
            "call": self._call,
            "index": self._call,
            "labelled": self._labelled,
            "or_": self._chain,
            "and_": self._chain,
            "sum": self._chain,
            "prod": self._chain,
            "cond": self._cond,
            "if_stmt": self._if,
            "pipe": self._flow,
            "bind": self._statement,
            "const": self._statement,
            "output": self._statement,
            "return_": self._statement,
        }

    def doc(self, part: Part) -> Doc:
        """Give the document of a part."""
        if isinstance(part, Token):
            return str(part)
        return self._rules.get(part.rule, self._spaced)(part)

    def gap(self, part: Part) -> Gap:
        """Give what stands before a part."""
        return self.gaps.get(first(part).start, _NOTHING)

    # --- comments

    def take(self, at: int) -> tuple[list[Comment], list[Comment]]:
        """Take the comments before a place: those at the end of the line above, and the others."""
        if at in self._taken:
            return [], []
        self._taken.add(at)
        found = self.gaps.get(at, _NOTHING).comments
        return [each for each in found if not each.own], [each for each in found if each.own]

    def member(self, part: Part) -> tuple[list[Comment], list[Comment], Doc]:
        """Lay out a part that begins a line: comments before, above, and the part.

        Comments inside that have no place of their own stand above it.
        """
        before, above = self.take(first(part).start)
        inner = self.doc(part)
        for token in tokens(part):
            ending, own = self.take(token.start)
            above = [*above, *ending, *own]
        return before, above, inner

    # --- rules

    def _spaced(self, branch: Branch) -> Doc:
        """One space between parts, save before commas and where a call's bracket opens."""
        result: list[Doc] = []
        parts = iter(branch.parts)
        before: Part | None = None
        for part in parts:
            if before is not None and not (_is(part, ",") or _calls(branch.rule, part)):
                result.append(" ")
            if _is(part, *_CLOSING):
                closing = _CLOSING[str(part)]
                inner: list[Part] = []
                for each in parts:
                    if _is(each, closing):
                        result.append(self._enclosed(first(part), inner, first(each)))
                        break
                    inner.append(each)
            else:
                result.append(self.doc(part))
            before = part
        return tuple(result)

    def _tight(self, branch: Branch) -> Doc:
        return tuple(self.doc(part) for part in branch.parts)

    def _call(self, branch: Branch) -> Doc:
        callee, opening, *inner, closing = branch.parts
        return self.doc(callee), self._enclosed(first(opening), inner, first(closing))

    def _labelled(self, branch: Branch) -> Doc:
        label, _, step = branch.parts
        return str(label), ": ", self.doc(step)

    def _chain(self, branch: Branch) -> Doc:
        """Operands of one rank: a line ends behind an operator, for few of them may begin one."""
        result: list[Doc] = [self.doc(branch.parts[0])]
        for operator, operand in zip(branch.parts[1::2], branch.parts[2::2], strict=True):
            result += [" ", str(operator), Line(), self.doc(operand)]
        return group(*result)

    def _cond(self, branch: Branch) -> Doc:
        """`if … then … else …`: on one line, or each way on its own."""
        _, test, _, yes, _, no = branch.parts
        ways = (Line(), "then ", self.doc(yes), Line(), "else ", self.doc(no))
        return Here(group("if ", self.doc(test), Nest(ways)))

    def _if(self, branch: Branch) -> Doc:
        """`if … { … } else { … }`: on one line as a whole, or no arm of it."""
        result: list[Doc] = []
        for part in branch.parts:
            if isinstance(part, Branch) and part.rule == "body":
                _, *inner, closing = part.parts
                result += [" ", *self._braces(inner, first(closing))]
            else:
                result += [" ", self.doc(part)]
        return Here(group(*result[1:]))

    def _statement(self, branch: Branch) -> Doc:
        """A statement on several lines goes on one level further in."""
        return group(Nest(self._spaced(branch)))

    def _flow(self, branch: Branch) -> Doc:
        """Steps: a line ends before an arrow where the author ended one, and where it must."""
        result: list[Doc] = [self.doc(branch.parts[0])]
        for arrow, step in zip(branch.parts[1::2], branch.parts[2::2], strict=True):
            ends = self.gap(arrow).newline or self.gap(step).newline
            before, above = self.take(first(arrow).start)
            late, later = self.take(first(step).start)
            written = ("-> ", self.doc(step))
            result += [Suffix(each.text) for each in before]
            for each in (*above, *late, *later):
                result += [Hard(), each.text]
            comments = before or above or late or later
            if ends or comments:
                result += [Hard(), written]
            else:
                result.append(Soft(written, hugs=len(branch.parts) == 3))
        return tuple(result)

    # --- brackets

    def _enclosed(self, opening: Token, inner: Sequence[Part], closing: Token) -> Doc:
        """What stands between brackets: on the line, or one level further in than the line is."""
        if opening == "{":
            return Here(group(*self._braces(inner, closing)))
        content = inner[0] if inner else None
        if len(inner) > 1:  # the names of a pattern, which takes no comma at its end
            return (opening, self._spaced(Branch("pattern", tuple(inner))), closing)
        if isinstance(content, Branch) and content.rule in _LISTED:
            return self._listed(opening, content, closing)
        if content is None:
            return f"{opening}{closing}"
        before, above, doc = self.member(content)
        lines: list[Doc] = [Suffix(each.text) for each in before]
        lines.append(Line(""))
        for each in above:
            lines += [each.text, Hard()]
        lines += [doc, *self._ending(closing)]
        split = self.gap(content).newline or bool(above)
        return Here(group(opening, Nest(tuple(lines)), Line(""), closing, broken=split))

    def _listed(self, opening: Token, content: Branch, closing: Token) -> Doc:
        """Items between brackets, lines ending where the author's do, if the first begins one."""
        parts = [part for part in content.parts if not _is(part, ",")]
        spread = sum(_has_arrow(part) for part in parts) > 1
        split = self.gap(parts[0]).newline or (
            spread and any(self.gap(part).newline for part in parts)
        )
        members = list(self._members(content, parts))
        docs = [doc for _, _, doc in members]
        rows = self._rows(parts, docs) if opening == "[" else None
        result: list[Doc] = []
        for number, (before, above, doc) in enumerate(members):
            ends = split and self.gap(parts[number]).newline
            item: list[Doc] = [Suffix(each.text) for each in before] if number else []
            written: list[Doc] = []
            for each in above:
                written += [each.text, Hard()]
            written.append(Either(rows[number], doc) if rows else doc)
            if number + 1 < len(members):
                written.append(",")
            if not number:
                item += written
            elif ends or above:
                item += [Hard(), *written]
            elif split or _fills(opening, parts):
                item.append(Soft(tuple(written)))
            else:
                item += [Line(), *written]
            result += item
        start = [Suffix(each.text) for each in members[0][0]]
        together = group(*result) if opening == "(" and not spread else tuple(result)
        comma = Either(",", "")
        inside = Nest((*start, Line(""), together, comma, *self._ending(closing)))
        return Here(group(opening, inside, Line(""), closing, broken=split))

    def _members(
        self, content: Branch, parts: Sequence[Part]
    ) -> Iterator[tuple[list[Comment], list[Comment], Doc]]:
        """Lay out items; comments before a comma join those that end its line."""
        commas = [first(part).start for part in content.parts if _is(part, ",")]
        for number, part in enumerate(parts):
            early: list[Comment] = []
            if number:
                ending, own = self.take(commas[number - 1])
                early = [*ending, *own]
            before, above, doc = self.member(part)
            ending = [*early, *before]
            yield ending[:1], [*ending[1:], *above], Nest(doc) if _has_arrow(part) else doc

    def _rows(self, parts: Sequence[Part], docs: Sequence[Doc]) -> list[Doc] | None:
        """Give the rows of a table of literals with their columns aligned, if it is one."""
        cells: list[list[str]] = []
        for part, doc in zip(parts, docs, strict=True):
            if flat(doc) is None or not (isinstance(part, Branch) and part.rule == "list"):
                return None
            if len(part.parts) != 3 or not isinstance(part.parts[1], Branch):
                return None
            texts = [flat(self.doc(cell)) for cell in part.parts[1].parts if not _is(cell, ",")]
            cells.append([text or "" for text in texts])
        return list(aligned(cells) or ()) or None

    def _ending(self, closing: Token) -> list[Doc]:
        """Give the comments before a closing bracket."""
        before, above = self.take(closing.start)
        result: list[Doc] = [Suffix(each.text) for each in before]
        for each in above:
            result += [Hard(), each.text]
        return result

    def _braces(self, inner: Sequence[Part], closing: Token) -> tuple[Doc, ...]:
        """Statements in braces: one a line, or all on the line where the author had them so.

        What states facts keeps the author's lines: `expect`, `meta`, and the entries in them.
        """
        if not inner:
            ending = self._ending(closing)
            return ("{", Nest(tuple(ending)), Hard(), "}") if ending else ("{}",)
        broken = any(self.gap(part).newline for part in inner)
        result: list[Doc] = []
        for number, part in enumerate(inner):
            gap = self.gap(part)
            before, above, doc = self.member(part)
            result += [Suffix(each.text) for each in before]
            facts = number and _states(inner[number - 1]) and _states(part)
            if facts and not (gap.newline or above):
                result.append(Soft(doc, "  "))
                continue
            blank = above[0].blank if above else gap.blank
            if broken or before or above:
                result.append(Hard(blank=blank and number > 0))
            else:
                result.append(Line("  " if number else " "))
            for position, each in enumerate(above):
                following = above[position + 1].blank if position + 1 < len(above) else gap.blank
                result += [each.text, Hard(blank=following)]
            result.append(doc)
        result += self._ending(closing)
        return "{", Nest(tuple(result)), Line(), "}"


def _is(part: Part, *texts: str) -> bool:
    return isinstance(part, Token) and part in texts


def _calls(rule: str, part: Part) -> bool:
    """Whether a bracket stands close to the name before it."""
    return _is(part, "(") and rule in ("block", "network", "variant", "default", "output")


def _states(part: Part) -> bool:
    """Whether a part states facts."""
    return isinstance(part, Branch) and part.rule in ("expect", "meta", "entry")


def _has_arrow(part: Part) -> bool:
    return any(token.kind == "ARROW" for token in tokens(part))


def _fills(opening: Token, parts: Sequence[Part]) -> bool:
    """Whether items are so plain that several stand on a line."""
    return opening == "[" and all(
        not any(word in "([" or word.kind == "ARROW" for word in tokens(part)) for part in parts
    )
