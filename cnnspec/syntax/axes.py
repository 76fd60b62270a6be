"""The words for axes, which stand for themselves where an `axis` is given."""

from __future__ import annotations

from cnnspec.kinds import AXIS_WORDS
from cnnspec.syntax import tree


def axis_words(argument: tree.Argument) -> str | tuple[str, ...] | None:
    """Give the word, or the words in a list, that `axis = …` says; None if it says anything else.

    A name `height` or `width` of the spec's own does not hide them there.
    """
    value = argument.value
    if argument.keyword != "axis":
        return None
    if isinstance(value, tree.Name):
        return value.id if value.id in AXIS_WORDS else None
    if not isinstance(value, tree.ListOf) or not value.items:
        return None
    words = [each.id for each in value.items if isinstance(each, tree.Name)]
    return tuple(words) if len(words) == len(value.items) and {*words} <= {*AXIS_WORDS} else None
