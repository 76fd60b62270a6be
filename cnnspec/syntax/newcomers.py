"""What people write who come from Python and its frameworks: the thing to type, from their text."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from cnnspec.diagnostics import Advice, Diagnostic, write
from cnnspec.source import Span
from cnnspec.syntax import rewrites
from cnnspec.syntax.slip import NEAR, RESERVED, Slip

#: What is said back of a longer text would not be read.
LONG: Final = 200
_FACTS: Final = ("params", "macs", "inference")
_STATED: Final = ("title", "paper", "year", "top1", "top5", "source", "weights")
_IMPORTS: Final = ("import", "include", "from", "require", "using")
_STRING: Final = re.compile(r'"([^"\\\n]*(?:\\.[^"\\\n]*)*)"')
_MADE: Final = re.compile(r"\[\s*([^\[\]\n]+?)\s+for\s+([\w, ]+?)\s+in\s+([^\n]+?)\s*\]")
_TUPLE: Final = re.compile(r"\(((?:[^()\[\]{}\n]|\([^()\n]*\))*)\)")
_CHOSEN: Final = re.compile(r"if\s+([^\n]+?)\s+else\s+([\w.]+)")
_VARIANT: Final = re.compile(r"network\s+(\w+)\s*=\s*(\w+)\s*\([^{}]*\)\s*$")


def rest_of_line(slip: Slip, at: int) -> str:
    """Give the text from a place to the end of its line, of what is near."""
    text = slip.source.text[at : at + NEAR]
    return text.partition("\n")[0]


def _quoted(slip: Slip) -> Diagnostic | None:
    """Explain a string that is whole and cannot stand where it does."""
    match = _STRING.match(slip.source.text, slip.at)
    if match is None:
        return None
    at = Span(slip.source, match.start(), match.end())
    first = slip.line[0].text if slip.line else ""
    name = re.sub(r"\W+", "_", match[1], flags=re.ASCII).strip("_") or "name"
    if first in _IMPORTS:
        title = f"a spec has no `{first}`"
        start = slip.line[0].start
        whole = Span(slip.source, start, start + len(rest_of_line(slip, start).rstrip()))
        help_ = write(f"use {match[0]}", " at the top", at=whole)
        return slip.say("unexpected-token", title, help_, at=at)
    if slip.previous.text in ("network", "block"):
        help_ = write(f"{slip.previous.text} {name}", put=name)
        return slip.say("unexpected-token", "a name has no quotes", help_, at=at)
    if slip.previous.text == "output":
        help_ = write(f"output {name} = …", put=name)
        return slip.say("unexpected-token", "a name has no quotes", help_, at=at)
    return None


def _file(slip: Slip) -> Diagnostic | None:
    if slip.expected != {"STRING"} or not slip.here.isidentifier():
        return None
    title = "the name of a file stands in quotes"
    said = re.match(r"\w+(\.cnn)?", slip.source.text[slip.at :][:LONG], re.ASCII)
    whole = Span(slip.source, slip.at, slip.at + (said.end() if said else 0))
    help_ = write(f'use "{slip.here}.cnn"', put=f'"{slip.here}.cnn"', at=whole)
    return slip.say("unexpected-token", title, help_)


def _hyphen(slip: Slip) -> Diagnostic | None:
    """Explain a name with a hyphen or a space: of a network, a block, a value."""
    words = [piece.text for piece in slip.line]
    begins = words[:-1] in (["network"], ["block"])
    if not (begins or (len(words) == 1 and slip.line[0].is_word)):
        return None
    text = rest_of_line(slip, slip.line[-1].start)
    match = re.match(r"\w+(?:-\w+)+(?=\s*[({=])(?!\s*==)", text, re.ASCII)
    if match is None and begins:
        match = re.match(r"\w+(?:[ -]+\w+)+(?=\s*[({])", text, re.ASCII)
    if match is None or slip.at >= slip.line[-1].start + match.end():
        return None
    name = re.sub(r"\W+", "_", match[0])
    start = slip.line[-1].start
    at = Span(slip.source, start, start + match.end())
    title = "a name has letters, digits and `_`"
    return slip.say("unexpected-token", title, write(name), at=at)


def _output(slip: Slip) -> Diagnostic | None:
    """Explain an output without a name, or without a value."""
    before = [piece.text for piece in slip.before[-2:]]
    if before[-1:] == ["output"] and slip.here == "=" and slip.before[-1].start >= slip.start:
        title, at = "an output has a name", slip.piece(slip.previous)
        help_ = write("output y = …", put="output y")
        return slip.say("unexpected-token", title, help_, at=at)
    if before[:1] != ["output"] or "EQUAL" not in slip.expected or not slip.previous.is_word:
        return None
    word = slip.previous.text
    if slip.here == ":":
        title = "an output gets its value by `=`"
        return slip.say("unexpected-token", title, write(f"output {word} = …", put=" ="))
    if slip.here == "}" or slip.begins_line:
        title, at = "an output has a name and a value", slip.piece(slip.previous)
        help_ = write(f"output y = {word}", put=f"y = {word}")
        return slip.say("unexpected-token", title, help_, at=at)
    return None


def _variant(slip: Slip) -> Diagnostic | None:
    """Explain statements in the braces of a variant."""
    if slip.innermost != "{":
        return None
    opened = slip.opened[-1]
    match = _VARIANT.search(slip.source.text[max(slip.start, opened - NEAR) : opened])
    begins = "EXPECT" in slip.expected
    word = slip.here if begins else slip.previous.text
    if match is None or slip.here in ("{", ")", "]"):
        return None
    title = f"the braces of a variant hold `expect` and `meta`, and no `{word}`"
    if word in _FACTS or word in _STATED:
        at = slip.at if begins else slip.previous.start
        help_ = rewrites.entry(slip, at, "expect" if word in _FACTS else "meta")
        return slip.say("misplaced", title, help_)
    help_ = (
        f"give `{match[2]}` a parameter for what differs, and set it: "
        f"`network {match[1]} = {match[2]}(size = 64)`"
    )
    return slip.say("misplaced", title, help_)


def _then(slip: Slip) -> Diagnostic | None:
    if slip.here != "then" or "LBRACE" not in slip.expected:
        return None
    title = "the body of an `if` stands in braces, without `then`"
    braced = re.match(r"then\s*\{", slip.source.text[slip.at : slip.at + 60])
    help_ = (
        write("if c { … }", put="")
        if braced
        else "write `if c { y = … }`, or `y = if c then a else b`"
    )
    return slip.say("unexpected-token", title, help_)


def _heads(slip: Slip) -> Diagnostic | None:
    """Explain arrow heads: `image > conv > relu`, `- >`, `<-`."""
    text = slip.source.text
    if text.startswith("<-", slip.at):
        where = Span(slip.source, slip.at, slip.at + 2)
        title, help_ = "flows run to the right", "write `y = image -> relu`"
        return slip.say("unexpected-token", title, help_, at=where)
    if slip.here != ">" or text.startswith((">=", ">>"), slip.at):
        return None
    if slip.previous.text == "-":
        where = Span(slip.source, slip.previous.start, slip.at + 1)
        begin = where.start
        while begin > slip.start and text[begin - 1] == "-":
            begin -= 1
        help_ = write("->", at=Span(slip.source, begin, where.stop))
        return slip.say("unexpected-token", "an arrow is one sign", help_, at=where)
    flows = any(piece.text in ("=", "return") for piece in slip.line)
    tests = any(piece.text in ("if", "when", "and", "or", "not") for piece in slip.line)
    numbers = slip.previous.text[0].isdigit() or re.match(r">\s*\d", text[slip.at : slip.at + 20])
    if flows and not tests and not numbers and slip.previous.is_value:
        title = "`>` compares; a flow has arrows"
        begin = slip.line[0].start
        line = rest_of_line(slip, begin)
        arrows = re.sub(r"(?<![->])>(?![=>])", "->", line)
        whole = Span(slip.source, begin, begin + len(line))
        return slip.say(
            "unexpected-token", title, write("->", " for each `>`", put=arrows, at=whole)
        )
    return None


def _comment(slip: Slip) -> Diagnostic | None:
    """Explain a comment that begins with `//` or `--`, behind something or alone."""
    begin = slip.source.text.rfind("\n", 0, slip.previous.start) + 1
    text = slip.source.text
    opened = next((start for start in slip.opened if text[start] != "{"), len(text))
    for piece in slip.before:
        if piece.text == "//" and begin <= piece.start < opened:
            said = rest_of_line(slip, piece.start + 2)
            if not re.fullmatch(r"\s*\(?([A-Za-z_][\w.]*|[\d_.]+)\)?\s*([-+*/)].*)?", said):
                where = Span(slip.source, piece.start, piece.start + 2)
                title = "comments begin with `#`"
                help_ = write(f"# {said.strip()[:40]}", put="#")
                return slip.say("bad-character", title, help_, at=where)
    if slip.here == "-" and re.match(r"--\s*\w", slip.source.text[slip.at : slip.at + 8]):
        where = Span(slip.source, slip.at, slip.at + 2)
        help_ = write("# …", put="#")
        return slip.say("bad-character", "comments begin with `#`", help_, at=where)
    return None


def _tuple(slip: Slip) -> Diagnostic | None:
    if slip.here != "," or slip.innermost != "(" or not slip.previous.is_value:
        return None
    match = _TUPLE.match(slip.source.text, slip.opened[-1], slip.opened[-1] + LONG)
    if match is None:
        return None
    at = Span(slip.source, match.start(), match.end())
    before = slip.source.text[max(slip.start, match.start() - LONG) : match.start()].rstrip()
    if before.endswith("->"):
        row = " -> ".join(each.strip() for each in re.split(r",(?![^()]*\))", match[1]))
        title = "steps in a row have arrows between them"
        return slip.say("unexpected-token", title, write(f"({row})"), at=at)
    title = "a list stands in square brackets"
    return slip.say("unexpected-token", title, write(f"[{match[1].strip()}]"), at=at)


def _chosen(slip: Slip) -> Diagnostic | None:
    """Explain `a if c else b`."""
    if "if" not in (slip.here, *(piece.text for piece in slip.line)):
        return None
    text = rest_of_line(slip, slip.at)
    if slip.here == "else":
        place = next((p for p in reversed(slip.line) if p.text == "if"), None)
        if place is None or place == slip.line[0]:
            return None
        text = rest_of_line(slip, place.start)
        before = [piece for piece in slip.line if piece.start < place.start]
        start = place.start
    else:
        before, start = slip.line, slip.at
    match = _CHOSEN.match(text[:LONG])
    if match is None or not before or not before[-1].is_value or " then " in match[1]:
        return None
    alone = len(before) > 1 and before[-2].text in ("=", "(", "[", ",")
    value = before[-1].text if alone else "a"
    title = "a value is chosen by `if c then a else b`"
    help_: str = f"write `if {match[1]} then {value} else {match[2]}`"
    if alone:
        chosen = f"if {match[1]} then {value} else {match[2]}"
        chosen = chosen if before[-2].text == "=" else f"({chosen})"
        whole = Span(slip.source, before[-1].start, start + match.end())
        help_ = Advice(help_, chosen, at=whole)
    return slip.say("unexpected-token", title, help_, at=Span(slip.source, start, start + 2))


def _comprehension(slip: Slip) -> Diagnostic | None:
    if slip.here != "for" or slip.innermost != "[":
        return None
    match = _MADE.match(rest_of_line(slip, slip.opened[-1])[:LONG])
    title = "a list is made in a loop"
    if match is None:
        return slip.say("unexpected-token", title, "write `v = []`, and `v = v + […]` in a `for`")
    help_ = rewrites.in_a_loop(slip, (match[1], match[2], match[3]))
    return slip.say("unexpected-token", title, help_)


def _changed(slip: Slip) -> Diagnostic | None:
    """Explain `c[0] = 32` and `c.append(64)`: lists do not change."""
    word = slip.previous
    if slip.expected != {"EQUAL", "COMMA"} or slip.line[:-1] or not slip.line:
        return None
    text = rest_of_line(slip, slip.at)
    changed = re.match(r"\[([^\]\n]*)\]\s*=\s*([^=#\n]+)", text)
    grown = re.match(r"\.\s*(append|extend|add|insert)\s*\((.*)\)\s*$", text)
    if changed:
        place = changed[1].strip()
        first = "" if place == "0" else f"take({word.text}, {place}) + "
        after = str(int(place) + 1) if re.fullmatch(r"\d{1,9}", place) else f"{place} + 1"
        new = f"{first}[{changed[2].strip()}] + drop({word.text}, {after})"
        new = f"{word.text} = {new}"
        whole = Span(slip.source, word.start, slip.at + len(changed[0].rstrip()))
    elif grown:
        more = grown[2] if grown[1] == "extend" else f"[{grown[2]}]"
        new = f"{word.text} = {word.text} + {more}"
        whole = Span(slip.source, word.start, slip.at + len(grown[0].rstrip()))
    else:
        return None
    help_ = Advice(f"make a new one: `{new}`", new, at=whole)
    return slip.say("unexpected-token", "a list does not change", help_)


def _flow_goes_on(slip: Slip) -> Diagnostic | None:
    """Explain a step that begins a line: the arrow is missing above it, if it is no value."""
    word = slip.previous
    if slip.expected != {"EQUAL", "COMMA"} or not word.is_word or len(slip.line) > 1:
        return None
    if word.text == "input":
        title = "an input has a name"
        help_ = rewrites.input_named(slip, "image")
        return slip.say("unexpected-token", title, help_, at=slip.piece(word))
    goes_on = slip.source.text.startswith("->", slip.at)
    above = [piece for piece in slip.before if piece.start < word.start]
    if not goes_on or _is_bound(slip, word.text) or not above or not above[-1].is_value:
        return None
    title = f"an arrow is missing above `{word.text}`"
    help_ = "end the line above with `->`, or begin this one with it"
    return slip.say("forgotten-arrow", title, help_, at=slip.piece(word))


def _is_bound(slip: Slip, word: str) -> bool:
    """Whether a name got a value before: by `=`, as a parameter, in a loop."""
    text = slip.source.text[max(slip.start, slip.at - NEAR) : slip.at]
    if re.search(rf"\b{word}\b(\s*,\s*\w+)*\s*=(?!=)", text):
        return True
    heads = re.finditer(r"\bfor\b[^{}\n]*\bin\b|\b(block|network)\s+\w+\s*\([^{}]*\)", text)
    return any(re.search(rf"\b{word}\b", head[0]) for head in heads)


def _named(slip: Slip) -> Diagnostic | None:
    """Explain `x: value`, `input image(…)`: a name gets its value by `=`."""
    if slip.expected != {"EQUAL", "COMMA"} or not slip.previous.is_word:
        return None
    before = [piece.text for piece in slip.line if piece.start < slip.previous.start]
    alone = not slip.source.text.startswith(":=", slip.at)
    if slip.here == ":" and alone and (not before or before[-1] in ("{", "}")):
        title = "a name gets its value by `=`"
        return slip.say("unexpected-token", title, write(f"{slip.previous.text} = …", put=" ="))
    word = slip.previous.text
    if word == "input" and (not before or before[-1] == "{"):
        name = slip.here if slip.here.isidentifier() and slip.here not in RESERVED else "image"
        title = "an input has a name, which gets its value by `=`"
        help_ = rewrites.input_named(slip, name)
        return slip.say("unexpected-token", title, help_, at=slip.piece(slip.previous))
    return None


def _arguments(slip: Slip) -> Diagnostic | None:
    """Explain `conv[8, 3]`, `conv{8, 3}`, `conv 8 3`: arguments stand in parentheses."""
    text = slip.source.text
    word = slip.previous
    if slip.here == "," and slip.innermost == "[":
        opened = slip.opened[-1]
        match = re.search(r"(\w+)$", text[max(slip.start, opened - 80) : opened])
        inner = re.compile(r"\[([^\[\]\n]*)\]").match(text, opened)
        if match is None or inner is None or match[1] in RESERVED:
            return None
        call = f"{match[1]}({inner[1]})"
        at = Span(slip.source, opened, inner.end())
        if _is_bound(slip, match[1]):
            places = "".join(f"[{each.strip()}]" for each in inner[1].split(","))
            title = "a list of lists is indexed once for each"
            help_ = write(f"{match[1]}{places}", put=places)
            return slip.say("unexpected-token", title, help_, at=at)
        whole = Span(slip.source, opened - len(match[1]), inner.end())
    elif slip.here == "{" and word.is_word and word.text not in RESERVED:
        inner = re.compile(r"\{([^{}\n]*)\}").match(text, slip.at)
        touches = word.start + len(word.text) == slip.at
        if inner is None or not touches or "LBRACE" in slip.expected:
            return None
        call, at = f"{word.text}({inner[1]})", Span(slip.source, slip.at, inner.end())
        whole = Span(slip.source, word.start, inner.end())
    elif slip.here[:1].isdigit() and word.is_word and word.text not in RESERVED:
        inner = re.compile(r"[\d.]+(?:[ \t,]+[\d.]+)*").match(text, slip.at, slip.at + LONG)
        arrow = [piece.text for piece in slip.before[-2:-1]] == ["->"]
        if inner is None or not arrow:
            return None
        numbers = ", ".join(re.findall(r"[\d.]+", inner[0]))
        call, at = f"{word.text}({numbers})", Span(slip.source, slip.at, inner.end())
        whole = Span(slip.source, word.start, inner.end())
    else:
        return None
    title = "arguments stand in parentheses"
    return slip.say("unexpected-token", title, write(call, at=whole), at=at)


def _said_otherwise(slip: Slip) -> Diagnostic | None:
    """Explain `3 x conv(8, 3)`, `conv(8, 3) as stem`, `for (i = 0; …)`."""
    text = slip.source.text
    if slip.here == "(" and slip.previous.text == "for":
        title = "`for` goes over a list"
        names = re.match(r"\(([\w, ]+)\)\s*in\b", text[slip.at : slip.at + LONG])
        help_: str = "write `for i in range(3) { … }`"
        if names:
            whole = Span(slip.source, slip.at, slip.at + names.start(0) + len(names[1]) + 2)
            help_ = write(f"for {names[1]} in … {{ … }}", put=names[1], at=whole)
        return slip.say("unexpected-token", title, help_)
    # what follows a flow begins a new statement: the word before the mistake is what was meant
    for piece, at in ((slip.here, slip.at), (slip.previous.text, slip.previous.start)):
        line = text[text.rfind("\n", 0, at) + 1 : at][-NEAR:]
        if piece == "x" and (count := re.search(r"->\s*(\d+)\s*$", line)):
            step = re.match(r"x\s+(\w+(?:\([^()\n]*\))?)", text[at : at + 200])
            if step:
                where, title = Span(slip.source, at, at + 1), "a step is repeated by `*`, behind it"
                begin = at - len(line) + count.start(1)
                whole = Span(slip.source, begin, at + step.end())
                help_ = write(f"{step[1]} * {count[1]}", at=whole)
                return slip.say("unexpected-token", title, help_, at=where)
        if piece == "as" and (name := re.match(r"as\s+(\w+)", text[at : at + 200])):
            step = re.search(r"(\w+(?:\([^()\n]*\))?)\s*$", line)
            where, title = Span(slip.source, at, at + 2), "a label stands before its step"
            help_ = f"write `{name[1]}: …`"
            if step:
                whole = Span(slip.source, at - len(line) + step.start(1), at + name.end())
                help_ = write(f"{name[1]}: {step[1]}", at=whole)
            return slip.say("unexpected-token", title, help_, at=where)
    return None


RULES: Final[tuple[Callable[[Slip], Diagnostic | None], ...]] = (
    _quoted,
    _file,
    _hyphen,
    _output,
    _variant,
    _then,
    _heads,
    _comment,
    _tuple,
    _chosen,
    _comprehension,
    _changed,
    _named,
    _flow_goes_on,
    _arguments,
    _said_otherwise,
)
