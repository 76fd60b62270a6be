"""What other languages write and a spec does not: signs, words, and characters that look alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from unicodedata import name, normalize

from cnnspec.diagnostics import Advice, write

#: Signs, by pattern: the diagnostic's code, its title, and what to type.
SIGNS: Final[tuple[tuple[str, str, str, str], ...]] = (
    (
        r"=>|\|(?!\|)|→|⟶|⇒",
        "unexpected-token",
        "`{}` does not exist here",
        Advice("flows are written `->`", "->"),
    ),
    (r"&&", "unexpected-token", "`&&` does not exist here", write("and")),
    (r"\|\|", "unexpected-token", "`||` does not exist here", write("or")),
    (r"!(?!=)", "unexpected-token", "`!` does not exist here", write("not", put="not ")),
    (r"\?", "unexpected-token", "`?` does not exist here", "write `if c then a else b`"),
    (r"\^", "unexpected-token", "`^` does not exist here", Advice("powers are written `**`", "**")),
    (r";", "unexpected-token", "`;` does not exist here", "a new line ends a statement"),
    (
        r"\\",
        "unexpected-token",
        "`\\` does not exist here",
        Advice("a statement goes on by itself: delete it", ""),
    ),
    (r"[-+*/]=|\+\+", "unexpected-token", "`{}` does not exist here", "write `n = n + 1`"),
    (
        r":=",
        "unexpected-token",
        "`:=` does not exist here",
        Advice("a name gets its value by `=`", "="),
    ),
    (r"'", "bad-string", "strings stand in double quotes", 'write `"…"`'),
    (r"[“”„«»]", "bad-string", "these are typographic quotes", 'write `"…"` with straight quotes'),
    (r'"', "bad-string", "this string has no end on its line", 'close it with `"`'),
    (r"[−–—]", "bad-character", "this is a dash, not a minus", write("-")),
    (
        r"×",
        "bad-character",
        "`×` is not an operator",
        Advice("repeat a step with `* n`", "*"),
    ),
    (r"//", "bad-character", "comments begin with `#`", write("# …", put="#")),
    (r"/\*", "bad-character", "comments begin with `#`", "write `# …`"),
)
#: Strings in other quotes, whole.
QUOTED: Final = re.compile(r"'([^'\"\\\n]*)'|[“”„«»]([^“”„«»\"\\\n]*)[“”„«»]")

_NAMED: Final = "a name gets its value by `=` alone: `n = 3`"
#: Words with which a line begins elsewhere: what to write instead.
WORDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("def", "class", "fn", "func", "function", "struct"), "declare `block name(x) { … }`"
    ),
    **dict.fromkeys(("let", "var", "val", "const", "auto", "int", "float", "bool"), _NAMED),
    **dict.fromkeys(
        ("import", "from", "include", "require"), 'write `use "blocks.cnn"` at the top'
    ),
    **dict.fromkeys(("elif", "elseif", "elsif"), write("else if")),
    **dict.fromkeys(("switch", "match", "case"), "write `if c { … } else if d { … }`"),
    "while": "loop with `for i in range(n)`",
    "lambda": "declare `block name(x) { … }`",
    "print": "`cnnspec paths` shows what there is",
}

#: Letters of other alphabets that look like Latin ones.
_ALIKE: Final = dict(
    zip(
        "АВЕКМНОРСТХаеорсухіјѕԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧοα",
        "ABEKMHOPCTXaeopcyxijsdqwABEZHIKMNOPTYXoa",
        strict=True,
    )
)


def sign(text: str) -> tuple[str, str, str, int] | None:
    """Recognise a foreign sign at the start of a text: code, title, help and its length."""
    for pattern, code, title, mend in SIGNS:
        match = re.match(pattern, text)
        if match:
            return code, title.format(match[0]), mend, len(match[0])
    return None


def alike(character: str) -> tuple[str, str] | None:
    """Say what a character outside ASCII is, and what to type for it: title and help.

    >>> alike("а")
    ('`а` is CYRILLIC SMALL LETTER A, not a letter of a name', 'write `a`')
    """
    if not character or (character.isascii() and character.isprintable()):
        return None
    called = name(character, f"U+{ord(character):04X}")
    if not character.isprintable():
        instead = " " if "SPACE" in called else ""
        return f"an invisible character stands here: {called}", Advice("delete it", instead)
    latin = _ALIKE.get(character) or normalize("NFKC", character)
    if latin.isascii() and latin.strip():
        kind = "not a letter of a name" if latin.isalpha() else "not what it looks like"
        return f"`{character}` is {called}, {kind}", write(latin)
    what = "names have the letters a to z, digits and `_`"
    return f"`{character}` cannot stand here", what
