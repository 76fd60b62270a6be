"""Keeps the first witness's values in a folder, so that no memory holds a whole network's."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from cnnspec.errors import CnnspecError
from cnnspec.witness import Case

if TYPE_CHECKING:
    from cnnspec.witness import Array


class NoRoom(CnnspecError):
    """The folder for temporary files has too little room; the message says how much it takes."""


class Spool:
    """Arrays by a number, in files that are removed when it is left."""

    def __init__(self) -> None:
        self.written = 0

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="cnnspec-"))
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _failure: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def put(self, name: str, values: tuple[Array, ...]) -> None:
        """Keep a node's outputs."""
        import numpy as np

        for position, value in enumerate(values):
            np.save(self._folder / f"{name}.{position}.npy", value)
            self.written += value.nbytes

    def get(self, name: str) -> tuple[Array, ...] | None:
        """Give them back; None: they were never put."""
        import numpy as np

        result: list[Array] = []
        while (path := self._folder / f"{name}.{len(result)}.npy").exists():
            result.append(np.load(path, mmap_mode="r"))
        return tuple(result) or None


def room_needed(case: Case) -> int:
    """Count the bytes that a case's values take."""
    return 8 * case.batch * sum(shape.size for node in case.nodes for shape in node.shapes)


def check_room(case: Case) -> None:
    """Raise NoRoom before anything runs, rather than fill a disk."""
    needed, free = room_needed(case), shutil.disk_usage(tempfile.gettempdir()).free
    if needed > 0.9 * free:
        raise NoRoom(
            f"the values of {len(case.nodes)} nodes take {needed / 1e9:.1f} GB in "
            f"{tempfile.gettempdir()}, which has {free / 1e9:.1f} GB"
        )
