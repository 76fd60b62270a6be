"""What a mistake's text is to become, where its own words say all that it takes."""

from __future__ import annotations

import re
from typing import Final

from cnnspec.diagnostics import Advice, write
from cnnspec.source import Source, Span
from cnnspec.syntax.slip import NEAR, Slip

#: A value that is one word, number, string or list.
_VALUE: Final = r'(?:-?[\w.]+|"[^"\n]*"|\[[^\[\]\n]*\])'
_END: Final = r"[ \t]*(?:#[^\n]*)?(?:\n|$)"
_CHANGED: Final = re.compile(rf"(?:([-+*/])=[ \t]*({_VALUE})|(\+\+)){_END}")
_COMMENT: Final = re.compile(r"/\*[ \t]*([^\n]*?)[ \t]*\*/[ \t]*(?:\n|$)")
_ENTRY: Final = re.compile(rf"(\w+)[ \t]*=[ \t]*({_VALUE})")
_COMPARED: Final = re.compile(r"([\w.]+)\s*(<=|>=|<|>|==|!=)\s*([\w.]+)\s*$")
_COMPARES: Final = re.compile(r"(<=|>=|<|>|==|!=)\s*([\w.]+)")
_TERNARY: Final = re.compile(
    r"([^=(),\[\]?\n]+(?:[=!<>]=[^=(),\[\]?\n]+)*)\?[ \t]*([^?:(),\[\]\n]+?)[ \t]*:"
    r"[ \t]*([^?:(),\[\]\n#]+?)[ \t]*(?=[),\]#\n]|$)"
)
_BRACKETS: Final = {"(": 1, "[": 1, ")": -1, "]": -1}


def changed(slip: Slip) -> str:
    """Say what stands for `n += 1`; of `n -= a - b` it is not said by an edit."""
    name = slip.previous
    if not name.is_word or slip.line[:-1]:
        return "write `n = n + 1`"
    match = _CHANGED.match(slip.source.text, slip.at)
    if match is None:
        return f"write `{name.text} = {name.text} {slip.here} …`"
    sign, value = ("+", "1") if match[3] else (match[1], match[2])
    stop = match.end(3) if match[3] else match.end(2)
    new = f"{name.text} = {name.text} {sign} {value}"
    return write(new, at=Span(slip.source, name.start, stop))


def comment(source: Source, at: int) -> str | None:
    """Say what stands for `/* … */` that ends its line."""
    match = _COMMENT.match(source.text, at)
    if match is None:
        return None
    stop = at + match[0].rindex("*/") + 2
    return write("# …", put=f"# {match[1]}".rstrip(), at=Span(source, at, stop))


def entry(slip: Slip, at: int, head: str) -> str:
    """Say where a fact belongs: in the braces of `expect` or `meta`."""
    match = _ENTRY.match(slip.source.text, at)
    if match is None:
        word = re.compile(r"\w*").match(slip.source.text, at)
        return f"write `{head} {{ {word[0] if word else ''} = … }}`"
    new = f"{head} {{ {match[1]} = {match[2]} }}"
    return write(new, at=Span(slip.source, at, match.end()))


def compared(slip: Slip) -> str:
    """Say what stands for `a < b < c`: what is in the middle is compared twice."""
    text = slip.source.text
    first = _COMPARED.search(text[max(slip.start, slip.at - NEAR) : slip.at])
    second = _COMPARES.match(text, slip.at)
    if first is None or second is None or any(piece.text == "not" for piece in slip.line):
        return "write `a < b and b < c`"
    where = Span(slip.source, slip.at, slip.at)
    whole = f"{first[1]} {first[2]} {first[3]} and {first[3]} {second[1]} {second[2]}"
    return write(whole, put=f"and {first[3]} ", at=where)


def chosen(slip: Slip) -> str:
    """Say what stands for `c ? a : b`, where its parts have no brackets."""
    text = slip.source.text
    opened = slip.opened[-1] if slip.innermost in ("(", "[") else -1
    begin = max(text.rfind("\n", 0, slip.at), opened)
    after = re.compile(r"[ \t]*(?:[\w, \t]*(?<![=!<>])=(?!=)|return\b)[ \t]*")
    first = after.match(text, begin + 1, slip.at) if opened < 0 else None
    start = first.end() if first else max(begin, text.rfind(",", begin, slip.at)) + 1
    while text[start : start + 1] in (" ", "\t"):
        start += 1
    match = _TERNARY.match(text, start)
    if match is None or not match[1].strip() or text.find("?", start) != slip.at:
        return "write `if c then a else b`"
    new = f"if {match[1].strip()} then {match[2]} else {match[3]}"
    return write(new, put=new if first else f"({new})", at=Span(slip.source, start, match.end()))


def in_parentheses(source: Source, start: int) -> str:
    """Say that a choice stands in parentheses; where a flow follows it, not how far it goes."""
    text, depth, at = source.text, 0, start
    while at < min(len(text), start + NEAR):
        depth += _BRACKETS.get(text[at], 0)
        if depth < 0 or (depth == 0 and text[at] in ",{}\n#"):
            break
        at += 1
    words = text[start:at].rstrip()
    told = "write `(if c then a else b)`"
    if "->" in words or " else " not in words or " when " in words:
        return told
    return Advice(told, f"({words})", at=Span(source, start, start + len(words)))


def in_a_loop(slip: Slip, made: tuple[str, str, str]) -> str:
    """Say how a list is made: what each is, of which names, in what and under which test."""
    each, names, source = made
    values, test, condition = source.partition(" if ")
    head = re.compile(r"[ \t]*(\w+)[ \t]*=[ \t]*").fullmatch(
        slip.source.text,
        slip.source.text.rfind("\n", 0, slip.opened[-1]) + 1,
        slip.opened[-1],
    )
    list_ = head[1] if head else "v"
    inner = f"{list_} = {list_} + [{each}]"
    inner = f"if {condition} {{ {inner} }}" if test else inner
    loop = f"for {names} in {values} {{ {inner} }}"
    told = f"write `{list_} = []`, then `{loop}`"
    closing = re.compile(rf"[^\n]*?\]{_END}").match(slip.source.text, slip.at)
    if head is None or closing is None or closing[0].count("]") != closing[0].count("[") + 1:
        return told
    stop = slip.at + closing[0].rindex("]") + 1
    indent = " " * (head.start(1) - head.start())
    whole = Span(slip.source, head.start(1), stop)
    return Advice(told, f"{list_} = []\n{indent}{loop}", at=whole)


def input_named(slip: Slip, name: str) -> str:
    """Say that an input gets its name by `=`: `input image(3, 32, 32)`, or none at all."""
    told, word = f"write `{name} = input(…)`", slip.previous
    rest = slip.source.text[slip.at : slip.at + NEAR].partition("\n")[0]
    if slip.here == name and re.match(r"\w+[ \t]*\([^()]*\)", rest):
        whole = Span(slip.source, word.start, slip.at + len(slip.here))
        return Advice(told, f"{name} = input", at=whole)
    if re.fullmatch(r"\([^()]*\)[ \t]*(?:#.*)?", rest):
        return Advice(told, f"{name} = ", at=Span(slip.source, word.start, word.start))
    return told
