"""A kind of checkpoint: NumPy's archive, every tensor under the spec's key, laid out as there."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cnnspec.checkpoint import Place, Recognised, Sizes, Unreadable
from cnnspec.graph import Graph
from cnnspec.witness import weight_key


@dataclass(frozen=True, slots=True)
class Opened:
    """An archive whose tensors' sizes are known."""

    tensors: Sizes
    aside: Sequence[str]
    said: Sequence[str]
    read: Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Archive:
    """Reads and writes `.npz`."""

    name: str = "npz"
    doc: str = "NumPy's archive, keyed by the spec's paths"
    backend: str = "outline"
    suffixes: tuple[str, ...] = (".npz",)

    def claims(self, path: Path) -> bool:
        """Whether it is an archive of arrays alone."""
        try:
            with zipfile.ZipFile(path) as archive:
                return all(name.endswith(".npy") for name in archive.namelist())
        except (OSError, ValueError, zipfile.BadZipFile):
            return False

    def places(self, graph: Graph, *, inference: bool) -> tuple[Place, ...]:
        """Every weight is as the spec has it."""

        def same(array: Any) -> Any:
            return array

        return tuple(
            Place(weight_key(node, weight), weight_key(node, weight), weight.shape, same, same)
            for node in (graph.inference_nodes if inference else graph.nodes)
            for weight in node.weights
        )

    @contextmanager
    def open(self, path: Path, places: Sequence[Place], entry: str | None) -> Iterator[Opened]:
        """Read the headers of the arrays."""
        sizes = {}
        try:
            with zipfile.ZipFile(path) as archive, np.load(path, allow_pickle=False) as arrays:
                for name in archive.namelist():
                    with archive.open(name) as member:
                        np.lib.format.read_magic(member)
                        shape, _, dtype = np.lib.format.read_array_header_1_0(member)
                    sizes[name.removesuffix(".npy")] = (shape, dtype.name)
                yield Opened(sizes, (), (), arrays.__getitem__)
        except (OSError, ValueError, zipfile.BadZipFile) as failure:
            raise Unreadable(f"it is broken: {failure}") from None

    def recognise(self, found: Sizes, places: Sequence[Place], graph: Graph) -> Recognised:
        """Every tensor is what its name says."""
        return Recognised({name: name for name in found})

    def write(
        self, path: Path, tensors: Mapping[str, Any], build: Callable[[], Any], *, partial: bool
    ) -> None:
        """Write all arrays at once."""
        np.savez(path, **tensors)


NPZ = Archive()
