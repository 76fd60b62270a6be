"""Words of a spec made safe for where they end: one function for each place.

A spec may be anybody's. None of its characters moves a cursor, ends a row, runs in a spreadsheet,
becomes a link, a tag or a command. Pictures have `cnnspec.draw.escape`, source has
`cnnspec.emit.spelling`.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from cnnspec.render import visible

#: What a spreadsheet takes for the begin of a formula.
_FORMULA: Final = re.compile(r"[\s\0]*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_MARKDOWN: Final = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        "@": "&#64;",
        **{each: f"\\{each}" for each in r"\`*[]|~"},
    }
)
#: What makes a link of an address that stands bare.
_ADDRESS: Final = re.compile(r"(?<=\w):(?=//)|(?<=www)\.", re.IGNORECASE)
_UNUSUAL: Final = re.compile(r"[^\n -~]")
_LATEX: Final = str.maketrans(
    {
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "\\": r"\textbackslash{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        '"': r"\textquotedbl{}",
        "`": r"\textasciigrave{}",
        # a row that begins with one would be taken for an argument of the row's end before it
        "[": "{[}",
        "]": "{]}",
        "*": "{*}",
    }
)


def line(text: str) -> str:
    r"""Write text into a line of a terminal or a file, a sign for each character that is none.

    >>> line("a\x1b[2J\tb")
    'a␛[2J␉b'
    """
    return visible(text)


def markdown(text: str) -> str:
    r"""Write text into a cell of Markdown: no tag, no link, no mention, no end of the cell.

    >>> print(markdown("[click](javascript:alert(1)) | @x"))
    \[click\](javascript:alert(1)) \| &#64;x
    """
    return _ADDRESS.sub(lambda found: f"&#{ord(found[0])};", line(text).translate(_MARKDOWN))


def latex(text: str) -> str:
    """Write text for LaTeX: nothing in it is a command, an argument or an end of a row."""
    return line(text).translate(_LATEX)


def spreadsheet(value: Any) -> Any:
    """Give what stands in a cell of CSV: a text that a spreadsheet would run begins with `'`.

    >>> spreadsheet("=HYPERLINK(1)"), spreadsheet(-1)
    ("'=HYPERLINK(1)", -1)
    """
    if not isinstance(value, str):
        return value
    return line(f"'{value}" if _FORMULA.match(value) else value)


def data(value: Any, *, flat: bool = False) -> str:
    r"""Write JSON, in one line if `flat`; what a terminal would obey or hide is `\u` and digits."""
    indent, separators = (None, (", ", ": ")) if flat else (2, None)
    text = json.dumps(value, indent=indent, separators=separators, ensure_ascii=False)
    return _UNUSUAL.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    return found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1]
