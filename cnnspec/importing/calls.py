"""The text of a step or a call by itself: its name, arguments by position and by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnnspec.importing.parameters import TIMES
from cnnspec.importing.template import Shown, Slot
from cnnspec.importing.words import literal
from cnnspec.ops import OPERATORS


def call(slot: Slot, extra: Sequence[str] = ()) -> str:
    """Write a step; `extra` are the names of what flows in beside its first input."""
    if slot.kind.sort == "activation":
        return text_of(slot.shown["activation"])
    given = [*extra, *_arguments(slot)]
    return slot.kind.name + (f"({', '.join(given)})" if given else "")


def text_of(shown: Shown) -> str:
    """Write what is shown of an argument."""
    return shown.text if shown.is_expression else literal(shown.value)


def bare(text: str) -> str:
    """Take the parentheses off an expression that stands alone.

    >>> bare("(a + b)"), bare("(a + b) * (c + d)")
    ('a + b', '(a + b) * (c + d)')
    """
    if text.startswith("(") and text.endswith(")") and text.count("(") == 1:
        return text[1:-1]
    return text


def _arguments(slot: Slot) -> Iterator[str]:
    if slot.any.template is not None:
        for parameter in slot.any.template.parameters:
            if parameter.name in slot.shown:
                text = bare(text_of(slot.shown[parameter.name]))
                yield f"{parameter.name} = {text}" if parameter.has_default else text
        return
    declared = OPERATORS[slot.kind.name]
    for name in declared.arguments:
        if name in slot.shown and name != TIMES:
            text = bare(text_of(slot.shown[name]))
            yield text if name in declared.ordered else f"{name} = {text}"


def times(slot: Slot) -> str | None:
    """Give how often a call is repeated; None: once."""
    shown = slot.shown.get(TIMES)
    if shown is None:
        return None
    text = text_of(shown)
    return None if text == "1" else text
