"""Names as a spec may have them, and values as it writes them."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Final

from cnnspec.elaborate.functions import FUNCTIONS
from cnnspec.importing.items import Given, Handed
from cnnspec.ops import OPERATORS, WORDS
from cnnspec.syntax.slip import RESERVED

#: Names that mean something already.
TAKEN: Final = frozenset(RESERVED) | frozenset(OPERATORS) | frozenset(WORDS) | frozenset(FUNCTIONS)
#: Arguments of operators that make good names of parameters all the same.
_TYPES: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def snake(name: str, taken: Container[str] = ()) -> str:
    """Write a class's name as a block's.

    >>> snake("InvertedResidual"), snake("BasicConv2d"), snake("SEModule"), snake("Concat")
    ('inverted_residual', 'basic_conv', 'se_module', 'concat_block')
    """
    words = _TYPES.sub("_", name.strip("_")).lower()
    words = re.sub(r"conv2d|conv_2d", "conv", re.sub(r"\W+", "_", words))
    words = re.sub(r"__+", "_", words).strip("_") or "block"
    if not words[0].isalpha():
        words = f"net_{words}"
    if words in TAKEN:
        words = f"{words}_block"
    return unique(words, taken)


def unique(name: str, taken: Container[str]) -> str:
    """Give the name, or it with the first number that is free."""
    own, count = name, 2
    while own in taken:
        own, count = f"{name}{count}", count + 1
    return own


def is_name(word: str) -> bool:
    """Whether a word may be a parameter's name."""
    return re.fullmatch(r"[a-z][a-z0-9_]*", word) is not None and word not in TAKEN


def literal(value: object) -> str:
    """Write a value as a spec has it.

    >>> literal((1, 2)), literal(1e-05), literal(True), literal("same")
    ('[1, 2]', '1e-5', 'true', 'same')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Handed):
        given = ", ".join(_argument(value.operator, *each) for each in value.arguments)
        return f"{value.operator}({given})" if given else value.operator
    if isinstance(value, tuple | list):
        return "[" + ", ".join(literal(each) for each in value) + "]"
    if isinstance(value, float):
        return re.sub(r"e([+-])0(\d)", r"e\1\2", repr(value))
    return str(value)


def _argument(operator: str, name: str, value: Given) -> str:
    plain = name in OPERATORS[operator].ordered
    return literal(value) if plain else f"{name} = {literal(value)}"
