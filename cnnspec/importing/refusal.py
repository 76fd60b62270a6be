"""What cannot be said exactly is refused: where it stands in the model, and what may be done."""

from __future__ import annotations

from cnnspec.diagnostics import SpecError, error


def refused(what: str, *where: str, help: str | None = None) -> SpecError:
    """Make the exception for something that a spec cannot say, or not exactly.

    `where` are notes: the module's path, its class and file, the function that it calls.
    """
    return error("not-importable", what, notes=tuple(each for each in where if each), help=help)
