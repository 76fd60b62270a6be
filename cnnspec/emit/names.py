"""Names for emitted code: identifiers, unique, the same on every machine."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Final

_BUILTINS: Final = """
    abs aiter all anext any ascii bin bool breakpoint bytearray bytes callable chr classmethod
    compile complex delattr dict dir divmod enumerate eval exec filter float format frozenset
    getattr globals hasattr hash help hex id input int isinstance issubclass iter len list locals
    map max memoryview min next object oct open ord pow print property range repr reversed round
    set setattr slice sorted staticmethod str sum super tuple type vars zip
"""
#: Python's own functions and types: no parameter or variable of emitted code hides one. They are
#: listed so that every Python writes the same.
BUILTINS: Final = frozenset(_BUILTINS.split())


def is_identifier(word: str) -> bool:
    """Whether a word can stand as a plain name inside a class."""
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", word) is not None
    return plain and not keyword.iskeyword(word) and not word.startswith("__")


def says_only(segment: str, kind: str) -> bool:
    """Whether a segment of a path says no more than a kind does: it stands alone or is numbered.

    >>> says_only("conv1", "conv"), says_only("relu61", "relu6"), says_only("conv_in", "conv")
    (True, True, False)
    """
    return re.fullmatch(rf"{re.escape(kind)}\d*", segment) is not None


def class_name(word: str) -> str:
    """Turn a spec's name into a class's.

    >>> class_name("conv_bn"), class_name("resnet50"), class_name("3x")
    ('ConvBn', 'Resnet50', 'Net3x')
    """
    name = "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", word))
    if not name or name[0].isdigit():
        name = f"Net{name}"
    return f"{name}_" if keyword.iskeyword(name) else name


def class_from_title(title: str) -> str | None:
    """Turn a title into a class's name, if only separators have to go.

    >>> class_from_title("ResNet-50"), class_from_title("CNN with flattening, 2.0")
    ('ResNet50', 'CNNWithFlattening2_0')
    """
    words = re.sub(r"(?<=\d)[^A-Za-z0-9]+(?=\d)", "_", title)
    parts = re.split(r"[^A-Za-z0-9_]+", words)
    name = "".join([*parts[:1], *(part[:1].upper() + part[1:] for part in parts[1:])])
    return (
        name if name and name[0].isalpha() and name[0].isupper() and is_identifier(name) else None
    )


def counter_names() -> Iterator[str]:
    """What the numbers of turns are called: i, j, k, then i2, i3 and on."""
    yield from "ijk"
    yield from (f"i{number}" for number in count(2))


class Namespace:
    """Hands out identifiers, each once, and none that is reserved."""

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._reserved = frozenset(reserved)
        self._taken: set[str] = set()

    def take(self, wanted: str) -> str:
        """Give the wanted name, or the nearest one that is free and an identifier."""
        name = re.sub(r"[^A-Za-z0-9_]", "_", wanted) or "_"
        if name[0].isdigit():
            name = f"_{name}"
        while name.startswith("__"):
            name = name[1:]
        while keyword.iskeyword(name) or name in self._reserved:
            name += "_"
        base, count = name, 2
        while name in self._taken or name in self._reserved:
            name, count = f"{base}{count}", count + 1
        self._taken.add(name)
        return name
