"""PyTorch's checkpoints: `.pt` files by its own reader, which takes tensors only, and safetensors.

Both have the state dict's keys and layouts. A safetensors file needs no torch.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cnnspec.checkpoint import Place, Unreadable
from cnnspec.graph import Graph
from cnnspec.witness import weight_key
from cnnspec_torch.backend import state_key

if TYPE_CHECKING:
    from cnnspec.checkpoint import Array

#: Counts the batches that a batch norm has seen in training; no other framework keeps it.
COUNTER: Final = "num_batches_tracked"
#: What to ask of a file that is broken.
CUT: Final = "was it copied or downloaded whole?"
#: Under which names training scripts keep a state dict beside an optimiser's.
NESTED: Final = ("state_dict", "model_state_dict", "model")
#: The largest pickle that is read: it lists names and sizes, and the tensors stand beside it.
LARGEST_PICKLE: Final = 64 * 2**20
#: How a `.pt` file of before PyTorch 1.6 begins.
OLD_MAGIC: Final = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
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


@dataclass(frozen=True, slots=True)
class _Tensors:
    """What was opened: sizes, and how one is read."""

    tensors: Mapping[str, tuple[tuple[int, ...], str]]
    aside: tuple[str, ...]
    read: Callable[[str], Array]


@dataclass(frozen=True, slots=True)
class TorchCheckpoint:
    """A state dict in a `.pt` file."""

    name: str = "torch"
    doc: str = "a PyTorch state dict, loaded with weights_only"
    backend: str = "torch"
    suffixes: tuple[str, ...] = (".pt", ".pth", ".bin")

    def claims(self, path: Path) -> bool:
        """Whether it is an archive with a pickle in it, or a pickle."""
        with path.open("rb") as file:
            head = file.read(2)
        if head == b"PK":
            try:
                with zipfile.ZipFile(path) as archive:
                    return any(name.endswith("/data.pkl") for name in archive.namelist())
            except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
                return False
        return head[:1] == b"\x80"

    def places(self, graph: Graph, *, inference: bool) -> tuple[Place, ...]:
        """Give the state dict's entries."""
        return places(graph, inference=inference)

    @contextmanager
    def open(self, path: Path, places: Sequence[Place]) -> Iterator[_Tensors]:
        """Map the file: sizes are known, and no tensor is read yet."""
        state, aside = _state(_loaded(path))
        sizes = {name: (tuple(value.shape), _dtype(value)) for name, value in state.items()}
        yield _Tensors(sizes, aside, lambda name: _array(state[name]))

    def write(self, path: Path, tensors: Mapping[str, Array], build: Callable[[], Any]) -> None:
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
    def open(self, path: Path, places: Sequence[Place]) -> Iterator[_Tensors]:
        """Read the header, which the library holds against the file's length."""
        import ml_dtypes  # noqa: F401 - NumPy knows bfloat16 by it
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, framework="np") as file:
                sizes = {}
                for name in file.keys():  # noqa: SIM118 - it is no mapping
                    entry = file.get_slice(name)
                    dtype = _DTYPES.get(entry.get_dtype(), entry.get_dtype())
                    sizes[name] = (tuple(entry.get_shape()), dtype)
                yield _Tensors(sizes, (), file.get_tensor)
        except SafetensorError as failure:
            raise Unreadable(f"it is broken: {_first_line(failure)}", CUT) from None

    def write(self, path: Path, tensors: Mapping[str, Array], build: Callable[[], Any]) -> None:
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


def _loaded(path: Path) -> Any:
    """Load a file with torch's own reader for untrusted ones; raises Unreadable."""
    import pickle
    import warnings

    import torch

    # Mapped, a tensor takes no memory before it is read. torch reads a path by its suffix, and maps
    # nothing but paths: what has another name is read whole, which its length bounds.
    mapped = _check_archive(path) and path.name.endswith(TORCH.suffixes)
    try:
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore")
            return torch.load(
                path if mapped else file, map_location="cpu", weights_only=True, mmap=mapped
            )
    except pickle.UnpicklingError as failure:
        if found := re.search(r"GLOBAL ([\w.]+)", str(failure)):
            raise Unreadable(
                f"it holds more than tensors: loading it would run {found[1]}",
                "if you trust it, load it where that is defined and save the weights alone: "
                "`torch.save(model.state_dict(), 'weights.pt')`",
            ) from None
        raise Unreadable("it is broken: its list of tensors is none") from None
    except Exception as failure:
        raise Unreadable(f"it is broken: {_first_line(failure)}") from None


def _check_archive(path: Path) -> bool:
    """Refuse an archive that is larger inside than outside; whether it is one; raises Unreadable.

    PyTorch compresses nothing, so that tensors can be mapped.
    """
    with path.open("rb") as file:
        head = file.read(2)
    if head[:1] == b"\x80":
        return False
    if head != b"PK":
        raise Unreadable("it is broken: it does not begin as PyTorch's files do")
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as failure:
        raise Unreadable(f"it is broken: {_first_line(failure)}", CUT) from None
    total = sum(each.file_size for each in members)
    if any(each.compress_type != zipfile.ZIP_STORED for each in members):
        raise Unreadable("it is compressed, and PyTorch writes none that is")
    if total > path.stat().st_size:
        raise Unreadable(f"it says that it holds {total:,} bytes, and has fewer")
    if any(each.filename.endswith(".pkl") and each.file_size > LARGEST_PICKLE for each in members):
        raise Unreadable("its list of tensors is too long for a network")
    return True


def _state(loaded: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Find the state dict in what was loaded, and what stands beside it; raises Unreadable."""
    state, around = _tensors_in(loaded), loaded
    if not state and isinstance(loaded, Mapping):
        inside = [name for name in NESTED if _tensors_in(loaded.get(name))]
        inside = inside or [name for name in loaded if _is_state(loaded[name])]
        if len(inside) > 1:
            names = ", ".join(str(name)[:40] for name in inside[:8])
            chosen = f"torch.load(file, weights_only=True)[{inside[0]!r}]"
            raise Unreadable(
                f"it holds several state dicts: {names}",
                f"take the one that is meant out: `torch.save({chosen}, 'weights.pt')`",
            )
        if inside:
            around = {**loaded, **loaded[inside[0]]}
            del around[inside[0]]
            state = _tensors_in(loaded[inside[0]])
    if not state:
        named = isinstance(loaded, Mapping) and len(loaded) > 0
        keys = f" of {', '.join(str(key)[:40] for key in list(loaded)[:8])}" if named else ""
        raise Unreadable(
            f"it holds no tensors by name, but a {type(loaded).__name__}{keys}",
            "what is converted is `torch.save(model.state_dict(), 'weights.pt')`",
        )
    return state, tuple(str(name) for name in around if name not in state)


def _tensors_in(value: Any) -> dict[str, Any]:
    """The tensors that something holds by name."""
    import torch

    if not isinstance(value, Mapping):
        return {}
    return {k: v for k, v in value.items() if isinstance(v, torch.Tensor) and type(k) is str}


def _is_state(value: Any) -> bool:
    """Whether something holds tensors by name, and nothing else."""
    tensors = _tensors_in(value)
    return bool(tensors) and len(tensors) == len(value)


def _dtype(tensor: Any) -> str:
    import torch

    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_meta:
        return f"{tensor.layout} on {tensor.device}, {tensor.dtype}"
    return str(tensor.dtype).removeprefix("torch.")


def _array(tensor: Any) -> Array:
    import torch

    whole = tensor.detach().clone(memory_format=torch.contiguous_format)
    if whole.dtype is not torch.bfloat16:
        return whole.resolve_neg().numpy()  # type: ignore[no-any-return]
    import ml_dtypes

    bits: Array = whole.view(torch.uint16).numpy()
    return bits.view(ml_dtypes.bfloat16)


def _tensor(array: Array) -> Any:
    import numpy as np
    import torch

    own = array.copy(order="C")
    if own.dtype.name != "bfloat16":
        return torch.from_numpy(own)
    return torch.from_numpy(own.view(np.uint16)).view(torch.bfloat16)


def _first_line(failure: Exception) -> str:
    return (str(failure).splitlines() or [type(failure).__name__])[0][:200]


TORCH = TorchCheckpoint()
SAFETENSORS = SafeTensors()
