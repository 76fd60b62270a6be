"""Syntax mistakes in the user's words: what stands there, what could, what to type."""

from __future__ import annotations

import re
from typing import Any, Final

from cnnspec.diagnostics import Diagnostic, Label
from cnnspec.source import Source, Span

_RESERVED: Final = (
    "use default block network recurs on if else then when for in and or not return output train "
    "expect meta true false share"
)
RESERVED: Final = frozenset(_RESERVED.split())
_WORDS: Final = (
    (r"=>|\|(?!\|)|→|⟶", "unexpected-token", "`{}` does not exist here", "flows are written `->`"),
    (r"&&", "unexpected-token", "`&&` does not exist here", "write `and`"),
    (r"\|\|", "unexpected-token", "`||` does not exist here", "write `or`"),
    (r"!(?!=)", "unexpected-token", "`!` does not exist here", "write `not`"),
    (r";", "unexpected-token", "`;` does not exist here", "a new line ends a statement"),
    (r"'", "bad-string", "strings stand in double quotes", 'write `"…"`'),
    (r"[“”„]", "bad-string", "these are typographic quotes", 'write `"…"` with straight quotes'),
    (r'"', "bad-string", "this string has no end on its line", 'close it with `"`'),
    (r"[−–—]", "bad-character", "this is a dash, not a minus", "write `-`"),
    (r"×", "bad-character", "`×` is not an operator", "repeat a step with `* n`"),
    (r"/\*", "bad-character", "comments begin with `#`", "write `# …`"),
    (r"def\b|class\b", "reserved-word", "a spec has no `{}`", "declare `block name(x) { … }`"),
    (r"elif\b", "unexpected-token", "a spec has no `elif`", "write `else if`"),
    (r"while\b", "unexpected-token", "a spec has no `while`", "loop with `for i in range(n)`"),
)


def explain(source: Source, start: int, stop: int, wrong: Any) -> Diagnostic:
    """Turn what Lark raises into a diagnostic."""
    at = start + (getattr(wrong, "pos_in_stream", None) or 0)
    token = getattr(wrong, "token", None)
    if token is not None and token.type == "$END":
        at = stop
    text = source.text
    before = text[:at].rstrip()
    word = re.match(r"[A-Za-z_]\w*|\d[\w.]*|\S", text[at:])
    here = word[0] if word else ""
    span = Span(source, at, at + max(len(here), 1))
    if not here:
        return _unclosed(source, start, len(before))
    previous = re.search(r"([A-Za-z_]\w*|\d[\w.]*|\S)$", before)
    places = [at] if previous is None else [at, previous.start()]
    for place in places:
        for pattern, code, title, help_ in _WORDS:
            match = re.match(pattern, text[place : place + 20])
            if match:
                marked = Span(source, place, place + len(match[0]))
                return _said(code, title.format(match[0]), marked, help_)
    if _opens(source, start, len(before)) and (here in RESERVED or "\n" in text[len(before) : at]):
        return _unclosed(source, start, len(before))
    return _misplaced(source, here, previous[0] if previous else "", span, before)


def _said(code: str, title: str, span: Span, help_: str | None) -> Diagnostic:
    return Diagnostic(code, title, (Label(span, "here"),), help=help_)


def _opens(source: Source, start: int, stop: int) -> bool:
    """Whether the innermost bracket that is open is a round or square one."""
    opened = _open_brackets(source, start, stop)
    return bool(opened) and source.text[opened[-1]] in "(["


def _open_brackets(source: Source, start: int, stop: int) -> list[int]:
    opened: list[int] = []
    plain = re.sub(r'#[^\n]*|"(?:[^"\\\n]|\\.)*"', lambda m: " " * len(m[0]), source.text)
    for position in range(start, stop):
        if plain[position] in "([{":
            opened.append(position)
        elif plain[position] in ")]}" and opened:
            opened.pop()
    return opened


def _unclosed(source: Source, start: int, stop: int) -> Diagnostic:
    opened = _open_brackets(source, start, stop)
    if opened:
        sign = source.text[opened[-1]]
        closing = {"(": ")", "[": "]", "{": "}"}[sign]
        span = Span(source, opened[-1], opened[-1] + 1)
        return _said("unclosed-bracket", f"this `{sign}` is never closed", span, f"add `{closing}`")
    span = Span(source, max(stop - 1, 0), max(stop, 1))
    return _said("unexpected-end", "the text ends in the middle", span, "finish the statement")


def _misplaced(source: Source, here: str, previous: str, span: Span, before: str) -> Diagnostic:
    line_start = "\n" in source.text[len(before) : span.start]
    reserved = previous in RESERVED and previous not in ("true", "false")
    if reserved and here in ("=", ",", ":"):
        word = Span(source, len(before) - len(previous), len(before))
        return _said(
            "reserved-word",
            f"`{previous}` is a word of the language and cannot be a name",
            word,
            f"call it something else: `my_{previous}`",
        )
    stray = re.search(r"[\w)\]}][ \t]+([A-Za-z_]\w*)$", before)
    if stray and line_start and stray[1] not in RESERVED:
        word = Span(source, stray.start(1), stray.end(1))
        times = re.fullmatch(r"x(\d+)", stray[1])
        mend = f"write `* {times[1]}`" if times else "add `->` or `,`"
        return _said("forgotten-arrow", f"something is missing before `{stray[1]}`", word, mend)
    if here in ")]}":
        return _said("unexpected-token", f"this `{here}` closes nothing", span, "take it out")
    if here == "(" and previous and (previous[-1] in ")]" or previous[0].isalnum()):
        return _said("forgotten-arrow", "something is missing before `(`", span, "add `->`")
    if here == "=" and re.search(r"->\s*[\w{}.]+$", before):
        return _said("unexpected-token", "a label ends in `:`", span, "write `name: step`")
    if here == "=" and re.search(r"(^|\n)[ \t]*[A-Za-z_]\w*$", before):
        return _said("unexpected-token", "a name gets its value by `=`", span, "write `name = …`")
    if here == "=":
        return _said("unexpected-token", "`=` cannot stand here", span, "compare with `==`")
    if here == ":":
        return _said(
            "unexpected-token", "`:` cannot stand here", span, "`:` follows a step's label"
        )
    if here in ("<", ">", "!") and re.search(r"[<>=!]=?\s*[\w.]+$", before):
        return _said(
            "chained-comparison", "comparisons do not chain", span, "write `a < b and b < c`"
        )
    if here in RESERVED and (previous in ("=", "->", ",", "(") or line_start):
        return _said(
            "reserved-word",
            f"`{here}` cannot stand here: it is a word of the language",
            span,
            f"call it something else: `my_{here}`",
        )
    if re.match(r"\d", here) and not re.fullmatch(r"[\d_.]+([eE]\d+)?[KMG]?", here):
        return _said("bad-number", f"`{here}` is not a number", span, "write `3` or `[3, 5]`")
    if re.match(r"x\d", here):
        return _said(
            "unexpected-token", f"`{here}` cannot stand here", span, f"write `* {here[1:]}`"
        )
    if line_start and re.match(r"\w", here):
        return _said(
            "forgotten-arrow",
            f"`{here}` cannot begin a line here",
            span,
            "end the line above with `->`, or give this a name: `y = …`",
        )
    if re.match(r"\w", here) and re.search(r"\w$", previous):
        return _said(
            "missing-comma", f"something is missing before `{here}`", span, "add `,` or `->`"
        )
    return _said("unexpected-token", f"`{here}` cannot stand here", span, None)
