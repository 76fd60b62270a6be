"""Syntax mistakes in the user's words: what stands there, what could, what to type."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from cnnspec.diagnostics import Advice, Diagnostic, Label, write
from cnnspec.source import Source, Span
from cnnspec.syntax import foreign, heads, newcomers, rewrites
from cnnspec.syntax.slip import BRACKET, ITEMS, NEAR, PAIRS, RESERVED, STATEMENTS, Piece, Slip

#: A choice of a value, not the head of a body.
CHOICE: Final = re.compile(rf"if\b[^\n]{{0,{NEAR}}}?\bthen\b")


def explain(source: Source, start: int, at: int, expected: frozenset[str]) -> Diagnostic:
    """Say what is wrong at a place where only the `expected` terminals may stand."""
    slip = Slip(source, start, at, expected)
    for rule in RULES:
        found = rule(slip)
        if found is not None:
            return found
    return slip.say("unexpected-token", f"`{slip.here}` cannot stand here")


def reserved(source: Source, span: Span) -> Diagnostic:
    """Explain a word of the language that stands where a value or a name must."""
    slip = Slip(source, max(0, span.start - NEAR), span.start, frozenset())
    known = slip.previous
    asks = not known.is_word or known.text in ("in", "if", "not", "and", "or", "when")
    chooses = not slip.begins_line or CHOICE.match(source.text, span.start)
    if span.text == "if" and asks and chooses and known.text not in ("{", "}"):
        title = "a choice stands in parentheses here"
        return slip.say("unexpected-token", title, rewrites.in_parentheses(source, span.start))
    if slip.begins_line and not known.is_value and known.text in ("->", "=", ",", "(", "[", ":"):
        return _nothing_after(slip)
    if slip.begins_line and known.text in ("+", "-", "*", "/", "//", "%", "**"):
        return _nothing_after(slip)
    return _no_name(slip, span.text, span)


# --- rules, in the order in which they are asked


def _end_of_text(slip: Slip) -> Diagnostic | None:
    if slip.here:
        return None
    return _unclosed(slip) or slip.say(
        "unexpected-end",
        "the text ends in the middle",
        "finish the statement",
        at=slip.piece(slip.previous),
    )


def _foreign_sign(slip: Slip) -> Diagnostic | None:
    text = slip.source.text
    for place in (slip.at, slip.previous.start):
        if place != slip.at and slip.previous.text not in ("/", "*", "=", "+", "-", "<", ">"):
            continue
        known = foreign.sign(text[place : place + 8])
        if known is not None:
            code, title, mend, length = known
            mend = _in_full(slip, place, mend)
            quoted = foreign.QUOTED.match(text, place)
            if quoted is not None:
                at = Span(slip.source, place, quoted.end())
                mend = Advice(mend, f'"{quoted[1] or quoted[2] or ""}"', at=at)
            return slip.say(code, title, mend, at=Span(slip.source, place, place + length))
    comment = next((piece for piece in slip.line if piece.text == "//"), None)
    if comment is not None and slip.previous.is_word:
        where = slip.piece(comment)
        help_ = write("# …", put="#")
        return slip.say("bad-character", "comments begin with `#`", help_, at=where)
    return None


def _in_full(slip: Slip, place: int, mend: str) -> str:
    """Say in the text's own words what to write for a foreign sign, where these say it all."""
    sign = slip.source.text[place : place + 2]
    if place == slip.at and (sign[1:] == "=" or sign == "++"):
        return rewrites.changed(slip) if sign != ":=" and sign[0] in "+-*/" else mend
    if place == slip.at and sign[:1] == "?":
        return rewrites.chosen(slip)
    return (rewrites.comment(slip.source, place) if sign == "/*" else None) or mend


def _foreign_character(slip: Slip) -> Diagnostic | None:
    known = foreign.alike(slip.here[:1])
    if known is None:
        return None
    return slip.say("bad-character", *known, at=Span(slip.source, slip.at, slip.at + 1))


def _foreign_word(slip: Slip) -> Diagnostic | None:
    for piece in (*slip.line[:1], *slip.line[-2:], Piece(slip.here, slip.at)):
        if piece.text in foreign.WORDS and (piece == slip.before[0] or not _names(slip, piece)):
            help_ = foreign.WORDS[piece.text]
            title = f"a spec has no `{piece.text}`"
            return slip.say("unexpected-token", title, help_, at=slip.piece(piece))
    return None


def _names(slip: Slip, piece: Piece) -> bool:
    """Whether a word stands as a name: something is done with it."""
    return bool(re.match(r"\w+[ \t]*(->|[=,.)])", slip.source.text[piece.start :][:200]))


def _number(slip: Slip) -> Diagnostic | None:
    text = slip.source.text
    begin = slip.at
    while begin > slip.start and slip.at - begin < 60 and re.match(r"[\w.]", text[begin - 1]):
        begin -= 1
    match = re.match(r"[\d.][\w.]*", text[begin : begin + 120])
    if match is None or re.fullmatch(r"[.\D]*|\d[\d_]*(\.\d+)?(e[+-]?\d+)?[KMG]?", match[0]):
        return None
    at = Span(slip.source, begin, begin + len(match[0]))
    help_ = _mended(match[0])
    return slip.say("bad-number", f"`{match[0]}` is not a number", help_, at=at)


def _mended(word: str) -> str:
    size = re.fullmatch(r"(\d+)[xX](\d+)", word)
    if size:
        both = f"[{size[1]}, {size[2]}]"
        if size[1] == size[2]:
            return Advice(f"write `{size[1]}` or `{both}`", size[1], sure=False)
        return write(both)
    span = re.fullmatch(r"(\d+)\.\.\.?(\d+)", word)
    if span:
        return write(f"range({span[1]}, {span[2]})", f", which ends before {span[2]}")
    if re.fullmatch(r"\.\d+", word):
        return write(f"0{word}")
    if re.fullmatch(r"\d+\.", word):
        return write(f"{word}0")
    if re.fullmatch(r"[\d.]+[kmg]", word):
        return write(word.upper())
    return "write numbers as `3`, `0.5`, `1e-5` or `4.09G`"


def _arrows(slip: Slip) -> Diagnostic | None:
    if slip.here in ("-", ">") and slip.source.text[slip.at - (slip.here == ">") :][:2] == "->":
        at = slip.at - (slip.here == ">")
        where = Span(slip.source, at, at + 2)
        before = [piece for piece in slip.before if piece.start < at]
        if before and not before[-1].is_value and before[-1].text != "}":
            help_ = "put a step between them, or take one out" if before[-1].text == "->" else None
            title = f"nothing stands between `{before[-1].text}` and `->`"
            return slip.say("unexpected-token", title, help_, at=where)
        if {"EQUAL", "COMMA"} == slip.expected:
            title, name = "the result of this flow has no name", slip.previous.text
            help_ = f"write `{name} = {name} -> …`, or `return {name} -> …` where a block ends"
            return slip.say("unexpected-token", title, help_, at=where)
    return None


def _keyword(slip: Slip) -> Diagnostic | None:
    """Explain a word of the language out of its place."""
    if slip.here not in RESERVED:
        return None
    if re.match(r"\w+\s*=[^=]", slip.source.text[slip.at : slip.at + 60]):
        return _no_name(slip, slip.here, slip.span)
    if slip.innermost in ("(", "["):
        return _unclosed(slip)
    if slip.expected == {"EQUAL", "COMMA"}:
        return None
    if slip.here in ITEMS and slip.begins_line and slip.opened:
        inside = Label(slip.span, f"`{slip.here}` stands at the top of a file")
        return _unclosed(slip, inside)
    if slip.here in STATEMENTS and slip.begins_line and not slip.opened:
        closing = slip.source.text.rfind("}", slip.start, slip.at)
        more = (
            () if closing < 0 else (Label(Span(slip.source, closing, closing + 1), "it ends here"),)
        )
        title = f"`{slip.here}` stands outside a network or block"
        return slip.say("misplaced", title, "put it between the braces of one", *more)
    return None


def _statement(slip: Slip) -> Diagnostic | None:
    """Explain a word that begins a statement and is not followed by what makes it one."""
    word = slip.previous
    if slip.expected != {"EQUAL", "COMMA"} or not word.is_word:
        return None
    where = slip.piece(word)
    begin = slip.source.text.rfind("\n", 0, word.start)
    others = [piece for piece in slip.before if begin < piece.start < word.start]
    if slip.source.text.startswith("==", slip.at) and not others:
        twice = Span(slip.source, slip.at, slip.at + 2)
        title = "a name gets its value by one `=`"
        return slip.say("unexpected-token", title, write(f"{word.text} = …", put="="), at=twice)
    if slip.here == ":" and others:
        first, label = others[-1], f"{others[-1].text}_{word.text}"
        if not first.is_word:
            return slip.say("unexpected-token", "`:` cannot stand here")
        whole = Span(slip.source, first.start, word.start + len(word.text))
        mend = write(f"{label}: …", put=label, at=whole)
        return slip.say("unexpected-token", "a label is one word", mend)
    times = re.fullmatch(r"x(\d+)", word.text)
    if others and times:
        title = f"`{word.text}` does not repeat a step"
        return slip.say("forgotten-arrow", title, write(f"* {times[1]}"), at=where)
    if others:
        title = f"something is missing before `{word.text}`"
        return slip.say("forgotten-arrow", title, "add `->` or `,`", at=where)
    title = f"`{word.text}` alone is no statement"
    help_ = "end the line above with `->`, or give this a name: `y = …`"
    return slip.say("forgotten-arrow", title, help_, at=where)


def _entry(slip: Slip) -> Diagnostic | None:
    """Explain what goes wrong between the braces of `expect` and `meta`."""
    if slip.innermost != "{":
        return None
    opened = slip.opened[-1]
    head = re.search(r"(expect|meta)\s*$", slip.source.text[max(0, opened - 40) : opened])
    if head is None:
        return None
    key = slip.previous.text
    if slip.here == ",":
        title = f"entries of `{head[1]}` stand without commas"
        return slip.say("unexpected-token", title, Advice("take it out", ""))
    if slip.expected == {"EQUAL"}:
        colon = slip.here == ":"
        at = None if colon else slip.piece(slip.previous)
        title = f"`{key}` needs a value"
        help_ = write(f"{key} = …", put="=") if colon else f"write `{key} = …`"
        return slip.say("unexpected-token", title, help_, at=at)
    return None


def _brackets(slip: Slip) -> Diagnostic | None:
    """Explain brackets and commas."""
    if slip.innermost in ("(", "[") and "\n" not in _gap(slip):
        opening = slip.opened[-1]
        inside = [piece for piece in slip.before if piece.start < opening]
        above = slip.source.text.rfind("\n", 0, opening)
        begins = not slip.source.text[above + 1 : opening].strip()
        if begins and inside and inside[-1].is_value:
            where = Span(slip.source, opening, opening + 1)
            return cannot_begin(where, slip.innermost)
        if slip.here == "," and slip.innermost == "(" and slip.previous.is_value:
            title = "`,` cannot stand here"
            return slip.say("unexpected-token", title, "a list stands in square brackets: `[3, 3]`")
    if slip.here in ("(", "[") and slip.begins_line and slip.previous.is_value:
        return cannot_begin(slip.span, slip.here)
    if slip.here == "," and slip.previous.text in (",", "(", "[", "->", "="):
        title = f"nothing stands between `{slip.previous.text}` and `,`"
        return slip.say("unexpected-token", title, "take it out, or write a value before it")
    if slip.here in (")", "]", "}"):
        if slip.previous.text in ("(", "["):
            title = f"`{slip.previous.text}{slip.here}` holds nothing"
            return slip.say("unexpected-token", title, "write a step or a value in it")
        if slip.innermost and PAIRS[slip.innermost] == slip.here:
            return _nothing_after(slip)
        if slip.innermost and slip.innermost != "{":
            return _unclosed(slip)
        help_ = Advice("take it out", "", sure=False)
        return slip.say("unexpected-token", f"this `{slip.here}` closes nothing", help_)
    return _unclosed(slip) if slip.begins_line and slip.innermost in ("(", "[") else None


def _signs(slip: Slip) -> Diagnostic | None:
    """Explain `=`, `:` and comparisons."""
    word = slip.previous
    if slip.here == "=" and word.text in RESERVED - {"true", "false"}:
        return _no_name(slip, word.text, slip.piece(word))
    arrow = slip.before[-2].text if len(slip.before) > 1 else ""
    if slip.here == "=" and arrow == "->":
        return slip.say("unexpected-token", "a label ends in `:`", write("name: step", put=":"))
    if slip.here == "=":
        help_ = Advice("compare with `==`", "==", sure=False)
        return slip.say("unexpected-token", "`=` cannot stand here", help_)
    if slip.here == ":" and word.text.startswith('"'):
        named = re.fullmatch(r'"([A-Za-z_]\w*)"', word.text)
        label = write("name: step", put=named[1]) if named else "write `name: step`"
        return slip.say("unexpected-token", "a label has no quotes", label, at=slip.piece(word))
    if slip.here == ":":
        title = "`:` cannot stand here"
        return slip.say("unexpected-token", title, "`:` follows a step's label")
    compares = ("<", ">", "<=", ">=", "==", "!=")
    if slip.here in ("<", ">", "!") and any(piece.text in compares for piece in slip.line[-6:]):
        title = "comparisons do not chain"
        return slip.say("chained-comparison", title, rewrites.compared(slip))
    return None


def _beside(slip: Slip) -> Diagnostic | None:
    """Explain two values beside each other."""
    if slip.expected == {"STRING"}:
        title = "the name of a file stands in quotes"
        return slip.say("unexpected-token", title, 'write `use "blocks.cnn"`')
    if not re.match(r'[\w"]', slip.here):
        if slip.here == "(" and slip.previous.is_value:
            title = "something is missing before `(`"
            return slip.say("forgotten-arrow", title, Advice("add `->`", "-> ("))
        return None
    times = re.fullmatch(r"x(\d+)", slip.here)
    if times:
        title = f"`{slip.here}` does not repeat a step"
        return slip.say("unexpected-token", title, write(f"* {times[1]}"))
    if slip.begins_line:
        title = f"`{slip.here}` cannot begin a line here"
        help_ = "end the line above with `->`, or give this a name: `y = …`"
        return slip.say("forgotten-arrow", title, help_)
    if slip.previous.is_value:
        title = f"something is missing before `{slip.here}`"
        return slip.say("missing-comma", title, "add `,` or `->`")
    return None


RULES: Final[tuple[Callable[[Slip], Diagnostic | None], ...]] = (
    _end_of_text,
    *newcomers.RULES,
    _foreign_sign,
    _foreign_character,
    _number,
    _foreign_word,
    _arrows,
    heads.no_brace,
    heads.no_item,
    heads.output_name,
    heads.braces,
    _entry,
    _keyword,
    _statement,
    _brackets,
    _signs,
    _beside,
)


# --- said by several rules


def cannot_begin(span: Span, sign: str) -> Diagnostic:
    """Say that a bracket or sign belongs to the line above."""
    help_ = {
        "-": "put `-` at the end of the line above",
        "//": "a comment begins with `#`; put a division's `//` at the end of the line above",
    }
    return Diagnostic(
        "forgotten-arrow",
        f"`{sign}` cannot begin a line: it belongs to what stands before it",
        (Label(span, "a new line begins here"),),
        help=help_.get(sign, "did you forget `->` before it?"),
    )


def _no_name(slip: Slip, word: str, at: Span) -> Diagnostic:
    title = f"`{word}` is a word of the language and cannot be a name"
    return slip.say("reserved-word", title, f"call it something else: `my_{word}`", at=at)


def _nothing_after(slip: Slip) -> Diagnostic:
    word = slip.previous
    what = "step" if word.text in ("->", ":") else "value"
    title = f"nothing stands after `{word.text}`"
    return slip.say("unexpected-token", title, f"write a {what} after it", at=slip.piece(word))


def _unclosed(slip: Slip, *more: Label) -> Diagnostic | None:
    if not slip.opened:
        return None
    at = _suspect(slip)
    sign = slip.source.text[at]
    title, where = f"this `{sign}` is never closed", Span(slip.source, at, at + 1)
    return slip.say("unclosed-bracket", title, f"add `{PAIRS[sign]}`", *more, at=where)


def _suspect(slip: Slip) -> int:
    """Find the bracket that was left open: by indentation, a `}` shows which `{` it closes."""
    text = slip.source.text
    opened: list[int] = []
    for match in BRACKET.finditer(text, slip.start, slip.at):
        if match[0] in PAIRS:
            opened.append(match.start())
        elif match[0] in ")]}" and opened:
            closed = opened.pop()
            if text[closed] == "{" and match[0] == "}" and opened:
                mine, its = _indent(text, match.start()), _indent(text, closed)
                if mine is not None and its is not None and mine < its:
                    return closed
    return opened[-1]


def _indent(text: str, at: int) -> int | None:
    """Give the indentation of a bracket's line: for a `}`, only if it begins the line."""
    begin = text.rfind("\n", 0, at) + 1
    line = text[begin:at]
    if text[at] == "}" and line.strip():
        return None
    return len(line) - len(line.lstrip())


def _gap(slip: Slip) -> str:
    """Give the text between the bracket around the mistake and the mistake."""
    return slip.source.text[slip.opened[-1] : slip.at][:NEAR]
