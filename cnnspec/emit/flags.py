"""What a decision is called where it becomes a flag: after what is done because of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cnnspec.emit.units import OpUnit, Unit, flatten


def flag_name(column: list[Any]) -> str:
    """Name a test after what is done where it holds, but not where it fails; else the reverse."""
    done = [_words(unit.body for unit in column if unit.taken == arm) for arm in (0, 1)]
    for prefix, mine, other in (("with", *done), ("without", *reversed(done))):
        for word in mine:
            if word not in other:
                return f"{prefix}_{word}"
    return "with_branch"


def _words(bodies: Iterable[list[Unit]]) -> list[str]:
    """What bodies do, each operator by its kind and each block by its label, in order."""
    units = [each for body in bodies for each in flatten(body)]
    words = [each.node.op.name if isinstance(each, OpUnit) else each.path[-1] for each in units]
    return [word if word.isidentifier() else "branch" for word in words]
