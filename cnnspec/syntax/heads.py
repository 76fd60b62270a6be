"""Mistakes where a body begins, in the user's words: no brace, or a word that begins none."""

from __future__ import annotations

from typing import Final

from cnnspec.diagnostics import Advice, Diagnostic
from cnnspec.source import Span
from cnnspec.syntax.slip import ITEMS, Slip

#: Words after which a body stands in braces.
HEADS: Final = ("if", "else", "for", "network", "block")


def no_brace(slip: Slip) -> Diagnostic | None:
    """Explain a head at whose line's end the brace is missing."""
    if not slip.begins_line or "LBRACE" not in slip.expected or slip.innermost in ("(", "["):
        return None
    above = slip.source.text.rfind("\n", 0, slip.previous.start) + 1
    words = [piece.text for piece in slip.before if piece.start >= above]
    head = words[-1] if words[-1:] == ["else"] else next((w for w in words if w != "}"), "")
    if head not in HEADS:
        return None
    end = slip.previous.start + len(slip.previous.text)
    title = f"what belongs to `{head}` stands in braces"
    help_ = Advice("end this line with `{`", " {", at=Span(slip.source, end, end))
    return slip.say("unexpected-token", title, help_, at=slip.piece(slip.previous))


def no_item(slip: Slip) -> Diagnostic | None:
    """Explain a word that begins an item of a file and is none: `net n {`."""
    if slip.opened or len(slip.line) != 1 or not slip.here.isidentifier():
        return None
    word = slip.line[0]
    if not word.is_word or word.text in ITEMS:
        return None
    title = f"`{word.text}` declares nothing"
    help_ = "a file declares `network name { … }` and `block name(x) { … }`"
    return slip.say("unexpected-token", title, help_, at=slip.piece(word))


def output_name(slip: Slip) -> Diagnostic | None:
    """Explain an output that has no name, or several."""
    words = [piece.text for piece in slip.line]
    if "output" not in words[-2:-1]:
        return None
    if slip.here == ",":
        help_ = f"name them before: `a, b = …`, then `output {words[-1]} = a`"
        return slip.say("unexpected-token", "an output has one name and one value", help_)
    if slip.here != "-":
        return None
    title, help_ = "an output has a name", f"write `output name = {words[-1]} -> …`"
    return slip.say("unexpected-token", title, help_, at=slip.piece(slip.line[-2]))


def braces(slip: Slip) -> Diagnostic | None:
    """Explain bodies without braces, loops over no list, choices in another order."""
    head = next((piece.text for piece in slip.line if piece.text not in ("}", "else")), "")
    if slip.here == "=" and head == "for" and len(slip.line) > 1:
        title = "`for` goes over a list"
        return slip.say("unexpected-token", title, "write `for i in range(3) { … }`")
    if slip.here == "else" and head not in HEADS and any(p.text == "if" for p in slip.line):
        title = "a value is chosen by `if c then a else b`"
        return slip.say("unexpected-token", title, "write the condition first, then `then`")
    if "LBRACE" in slip.expected and slip.innermost not in ("(", "["):
        word = slip.previous.text if slip.previous.text == "else" else head
        if word in HEADS and (slip.here == ":" or slip.expected <= {"LBRACE", "IF"}):
            title = f"what belongs to `{word}` stands in braces"
            written = "else { … }" if word == "else" else f"{word} … {{ … }}"
            return slip.say("unexpected-token", title, f"write `{written}`")
        if slip.here == "=" and head == "if":
            help_ = Advice("compare with `==`", "==")
            return slip.say("unexpected-token", "`=` gives a name a value", help_)
    if slip.here == "{" and slip.previous.text in ("=", ",", "(", "["):
        title = "`{` cannot stand here"
        return slip.say("unexpected-token", title, "a table is a list of lists: `[[1, 2], [3, 4]]`")
    return None
