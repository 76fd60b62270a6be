"""The one rule by which a mistake becomes an exit status, in every command."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cnnspec.diagnostics import Diagnostic

#: The text of a spec, or what a checkpoint holds, is wrong.
TEXT: Final = 1
#: Something on the command line is: what is asked for is not there, or must not be.
COMMAND_LINE: Final = 2
#: cnnspec is wrong, or a distribution that it loads.
OURS: Final = 3
#: An optional tool is not installed.
TOOL: Final = 4

#: Mistakes in what a file holds that are at no place of it.
_OF_CONTENT: Final = frozenset(
    (
        "checkpoint-mismatch",
        "no-network",
        "not-importable",
        "not-text",
        "too-large",
        "unreadable-checkpoint",
    )
)


def status(diagnostics: Iterable[Diagnostic]) -> int:
    """Give the exit status for mistakes: 1 if any is one of a text, else 2."""
    return TEXT if any(map(_is_of_text, diagnostics)) else COMMAND_LINE


def _is_of_text(mistake: Diagnostic) -> bool:
    """Whether a mistake stands in a file; a text such as `--set`'s stands on the command line."""
    if not mistake.labels:
        return mistake.code in _OF_CONTENT
    return not mistake.labels[0].span.source.name.startswith("--")
