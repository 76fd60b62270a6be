"""PyTorch's checkpoints: `.pt` files, read as data without torch, and safetensors.

Both have the state dict's keys and layouts.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cnnspec.checkpoint import ONE, Place, Recognised, Sizes, Unreadable
from cnnspec.convert.words import shown
from cnnspec.graph import Graph
from cnnspec.witness import weight_key
from cnnspec_torch.archive import CUT, first_line, opened
from cnnspec_torch.attributes import state_key
from cnnspec_torch.states import state_in
from cnnspec_torch.wrappers import without_wrappers

if TYPE_CHECKING:
    from cnnspec.checkpoint import Array

#: Counts the batches that a batch norm has seen in training; no other framework keeps it.
COUNTER: Final = "num_batches_tracked"
LARGEST_HEADER: Final = 100_000_000


def places(graph: Graph, *, inference: bool) -> tuple[Place, ...]:
    """Give the state dict's entries: every weight as it is, and a counter a batch norm."""
    import numpy as np

    result = []
    for node in graph.inference_nodes if inference else graph.nodes:
        for weight in node.weights:
            name = state_key(node.path, weight.key)
            result.append(Place(weight_key(node, weight), name, weight.shape, _same, _same))
        if any(weight.key == "running_mean" for weight in node.weights):
            key, name = f"{node.path}.{COUNTER}", state_key(node.path, COUNTER)
            result.append(Place(key, name, (), _same, _same, np.zeros((), np.int64)))
    return tuple(result)


def _same(array: Array) -> Array:
    return array


def _recognised(found: Sizes, places: Sequence[Place]) -> Recognised:
    """Take off what wrappers put into names."""
    wanted = {each.name for each in places}
    return Recognised(*without_wrappers(found, wanted))


@dataclass(frozen=True, slots=True)
class _Tensors:
    """What was opened: sizes, and how one is read."""

    tensors: Sizes
    aside: tuple[str, ...]
    said: tuple[str, ...]
    read: Callable[[str], Array]


@dataclass(frozen=True, slots=True)
class TorchCheckpoint:
    """A state dict in a `.pt` file."""

    name: str = "torch"
    doc: str = "a PyTorch state dict, or what a training script saved around it"
    backend: str = "torch"
    suffixes: tuple[str, ...] = (".pt", ".pth", ".bin")

    def claims(self, path: Path) -> bool:
        """Whether it is an archive of PyTorch's, or a pickle."""
        with path.open("rb") as file:
            head = file.read(2)
        if head == b"PK":
            try:
                with zipfile.ZipFile(path) as archive:
                    ends = ("/data.pkl", "/archive_format")
                    return any(name.endswith(ends) for name in archive.namelist())
            except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
                return False
        return head[:1] == b"\x80"

    def places(self, graph: Graph, *, inference: bool) -> tuple[Place, ...]:
        """Give the state dict's entries."""
        return places(graph, inference=inference)

    @contextmanager
    def open(self, path: Path, places: Sequence[Place], entry: str | None) -> Iterator[_Tensors]:
        """Look at the list of tensors; none is read yet, and nothing that it names is run."""
        file = opened(path)
        state = state_in(file.listed, frozenset(each.name for each in places), entry)
        sizes = {name: (each.shape, each.dtype) for name, each in state.tensors.items()}
        said = [f"took the state dict called {shown(state.entry)}"] if state.entry else []
        others = map(shown, state.others)
        said += [f"{other} is one too: `--entry {other}` takes it" for other in others]

        def read(name: str) -> Array:
            return state.tensors[name].read(path, file.places, big=file.big_endian)

        yield _Tensors(sizes, state.aside, tuple(said), read)

    def recognise(self, found: Sizes, places: Sequence[Place], graph: Graph) -> Recognised:
        """Take off what wrappers put into names."""
        return _recognised(found, places)

    def write(
        self, path: Path, tensors: Mapping[str, Array], build: Callable[[], Any], *, partial: bool
    ) -> None:
        """Write a state dict."""
        import torch

        # By an open file, for torch would put the path's name into the archive.
        with path.open("wb") as file:
            torch.save({name: _tensor(array) for name, array in tensors.items()}, file)


@dataclass(frozen=True, slots=True)
class SafeTensors:
    """A state dict in a safetensors file: the form between frameworks."""

    name: str = "safetensors"
    doc: str = "safetensors with a PyTorch state dict's keys"
    backend: str = "torch"
    suffixes: tuple[str, ...] = (".safetensors",)

    def claims(self, path: Path) -> bool:
        """Whether it begins with the length of a header in JSON."""
        with path.open("rb") as file:
            head = file.read(9)
        return head[8:] == b"{" and int.from_bytes(head[:8], "little") <= LARGEST_HEADER

    def places(self, graph: Graph, *, inference: bool) -> tuple[Place, ...]:
        """Give the state dict's entries."""
        return places(graph, inference=inference)

    @contextmanager
    def open(self, path: Path, places: Sequence[Place], entry: str | None) -> Iterator[_Tensors]:
        """Read the header, which the library holds against the file's length."""
        import ml_dtypes  # noqa: F401 - NumPy knows bfloat16 by it
        from safetensors import SafetensorError, safe_open

        if entry is not None:
            raise Unreadable(ONE, "leave `--entry` out")
        try:
            with safe_open(path, framework="np") as file:
                sizes = {}
                for name in file.keys():  # noqa: SIM118 - it is no mapping
                    held = file.get_slice(name)
                    dtype = _DTYPES.get(held.get_dtype(), held.get_dtype())
                    sizes[name] = (tuple(held.get_shape()), dtype)
                yield _Tensors(sizes, (), (), file.get_tensor)
        except SafetensorError as failure:
            raise Unreadable(f"it is broken: {first_line(failure)}", CUT) from None

    def recognise(self, found: Sizes, places: Sequence[Place], graph: Graph) -> Recognised:
        """Take off what wrappers put into names."""
        return _recognised(found, places)

    def write(
        self, path: Path, tensors: Mapping[str, Array], build: Callable[[], Any], *, partial: bool
    ) -> None:
        """Write a state dict."""
        from safetensors.numpy import save_file

        whole = {name: array.copy(order="C") for name, array in tensors.items()}
        save_file(whole, path, metadata={"format": "pt"})


_DTYPES: Final = {
    "F16": "float16",
    "BF16": "bfloat16",
    "F32": "float32",
    "F64": "float64",
    "I64": "int64",
}


def _tensor(array: Array) -> Any:
    import numpy as np
    import torch

    own = array.copy(order="C")
    if own.dtype.name != "bfloat16":
        return torch.from_numpy(own)
    return torch.from_numpy(own.view(np.uint16)).view(torch.bfloat16)


TORCH = TorchCheckpoint()
SAFETENSORS = SafeTensors()
