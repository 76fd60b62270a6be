"""Keras's checkpoints: `.weights.h5`, and the same inside a `.keras` archive.

They are read with h5py, and nothing in them is run. A layer's variables stand in a group with the
layer's name; the group's place among others, which Keras goes by, is not looked at.
"""

from __future__ import annotations

import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cnnspec.checkpoint import ONE, Place, Recognised, Sizes, Unreadable
from cnnspec.graph import Graph
from cnnspec.kinds import Refusal
from cnnspec_keras.h5 import Held, copied, read
from cnnspec_keras.quiet import quietly
from cnnspec_keras.recognise import by_layer, recognised
from cnnspec_keras.weights import variables

if TYPE_CHECKING:
    from cnnspec.checkpoint import Array

SIGNATURE: Final = b"\x89HDF\r\n\x1a\n"
#: The weights inside a `.keras` archive.
MEMBER: Final = "model.weights.h5"
#: What the archive says of when it was saved, so that the same weights are the same bytes.
EPOCH: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class KerasCheckpoint:
    """A model's weights as Keras saves them."""

    name: str = "keras"
    doc: str = "Keras weights: .weights.h5, or a whole .keras"
    backend: str = "keras"
    suffixes: tuple[str, ...] = (".weights.h5", ".keras")

    def claims(self, path: Path) -> bool:
        """Whether it is an HDF5 file, or an archive with one of Keras's."""
        with path.open("rb") as file:
            head = file.read(len(SIGNATURE))
        if head[:2] == b"PK":
            try:
                with zipfile.ZipFile(path) as archive:
                    return MEMBER in archive.namelist()
            except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
                return False
        return head == SIGNATURE

    def places(self, graph: Graph, *, inference: bool) -> tuple[Place, ...]:
        """Give every variable by layer and name; a layer's stand in the order in which it has them.

        That is: what is trained first.
        """
        found = variables(graph, inference=inference)
        return tuple(
            Place(
                each.name,
                f"{each.layer}/{each.variable}",
                each.layout.keras,
                each.layout.to_keras,
                each.layout.to_spec,
            )
            for each in sorted(found, key=lambda each: not each.trainable)
        )

    @contextmanager
    def open(self, path: Path, places: Sequence[Place], entry: str | None) -> Iterator[Held]:
        """Look at names and sizes; no variable is read yet."""
        if entry is not None:
            raise Unreadable(ONE, "leave `--entry` out")
        with _h5(path) as file:
            yield read(file, _orders(places))

    def recognise(self, found: Sizes, places: Sequence[Place], graph: Graph) -> Recognised:
        """Find layers by the spec's paths and by Keras's own names, and name their variables."""
        return recognised(found, places, graph)

    def write(
        self, path: Path, tensors: Mapping[str, Array], build: Callable[[], Any], *, partial: bool
    ) -> None:
        """Have Keras save the emitted model, and write the same file with these tensors in it."""
        import h5py

        whole = path.name.endswith(".keras")
        if whole and partial:
            raise Refusal(
                "it is a whole model, and these are not all of its weights",
                help="write a `.weights.h5`, which `load_weights(…, skip_mismatch=True)` takes",
            )
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / ("made.keras" if whole else "made.weights.h5")
            with quietly(), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Keras's own, over its own
                model = build()
                model.save(made) if whole else model.save_weights(made)
            orders = _orders(tensors)
            filled = Path(folder) / MEMBER if whole else path
            with _h5(made) as source, h5py.File(filled, "w") as target:
                copied(read(source, orders), target, tensors, partial=partial)
            if whole:
                _pack(made, filled, path)


def _orders(names: Sequence[Place] | Mapping[str, Array]) -> dict[str, list[str]]:
    """Give the variables of every layer, by the layer's name, in order."""
    return by_layer(each.name if isinstance(each, Place) else each for each in names)


def _pack(made: Path, weights: Path, path: Path) -> None:
    """Write an archive anew with other weights in it."""
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(path, "w") as target:
        for member in source.infolist():
            entry = zipfile.ZipInfo(member.filename, EPOCH)
            if member.filename == MEMBER:
                with target.open(entry, "w", force_zip64=True) as inside, weights.open("rb") as f:
                    while block := f.read(2**24):
                        inside.write(block)
            else:
                target.writestr(entry, source.read(member))


@contextmanager
def _h5(path: Path) -> Iterator[Any]:
    """Open the HDF5 file that a path is or holds; raises Unreadable for what goes wrong in it."""
    import h5py

    with ExitStack() as stack:
        try:
            where: Any = path
            with path.open("rb") as file:
                zipped = file.read(2) == b"PK"
            if zipped:
                where = stack.enter_context(_member(stack.enter_context(zipfile.ZipFile(path))))
            file = stack.enter_context(h5py.File(where, "r"))
        except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError) as failure:
            raise Unreadable(f"it is broken: {_words(failure)}") from None
        try:
            yield file
        except (OSError, RuntimeError, KeyError, TypeError, ValueError) as failure:
            raise Unreadable(f"it is broken: {_words(failure)}") from None


def _member(archive: zipfile.ZipFile) -> Any:
    """Open the weights in an archive; Keras does not compress them, so they are no bomb."""
    try:
        member = archive.getinfo(MEMBER)
    except KeyError:
        raise Unreadable(f"it holds no {MEMBER}") from None
    if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
        raise Unreadable(f"{MEMBER} in it is compressed, and Keras writes none that is")
    return archive.open(member)


def _words(failure: Exception) -> str:
    return (str(failure).splitlines() or [type(failure).__name__])[0][:200]


KERAS = KerasCheckpoint()
