"""Reads what Keras writes into HDF5 files, and refuses what it never writes there.

A layer's variables are the members `0`, `1` and so on of a group `vars`, whose attribute `name` is
the layer's. Links, data in other files, compressed and virtual data are refused before anything is
read: HDF5 would follow them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Final

from cnnspec.checkpoint import Unreadable

if TYPE_CHECKING:
    from cnnspec.checkpoint import Array

#: Where layers stand, those of models in models too. What is elsewhere is no part of a network.
LAYER: Final = re.compile(r"(/layers/[^/]+)+/vars")
LONGEST_NAME: Final = 4096


@dataclass(frozen=True, slots=True)
class Held:
    """The variables in a file that was looked through, by layer and name."""

    file: Any
    tensors: Mapping[str, tuple[tuple[int, ...], str]]
    aside: tuple[str, ...]
    #: Where each stands in the file.
    paths: Mapping[str, str]
    said: tuple[str, ...] = ()

    def read(self, name: str) -> Array:
        """Give a variable."""
        import numpy as np

        dataset = self.file[self.paths[name]]
        array: Array = np.empty(dataset.shape, dataset.dtype.newbyteorder("="))
        if array.size:
            dataset.read_direct(array)
        return array.view(_bfloat16()) if self.tensors[name][1] == "bfloat16" else array


def read(file: Any, orders: Mapping[str, Sequence[str]]) -> Held:
    """Look through an open file; raises Unreadable. `orders` has the variables of known layers.

    A layer that is known and has another number of variables keeps their numbers as names.
    """
    import h5py

    tensors: dict[str, tuple[tuple[int, ...], str]] = {}
    paths: dict[str, str] = {}
    aside: set[str] = set()
    # All links are looked at before anything is asked for by its name, for that follows them.
    for path, item in list(_walk(file)):
        if isinstance(item, h5py.Dataset):
            if not LAYER.fullmatch(path.rpartition("/")[0]):
                aside.add(path.split("/")[1])
            continue
        if not LAYER.fullmatch(path) or not len(item):
            continue
        layer = _name(item, path)
        names = _names(orders.get(layer, ()), item)
        for number, name in names.items():
            full = f"{layer}/{name}"
            if full in paths:
                raise Unreadable(f"it has two layers called {layer}")
            dataset = item[number]
            if not isinstance(dataset, h5py.Dataset):
                raise Unreadable(f"{path}/{number} is no variable")
            tensors[full] = (dataset.shape, _checked(dataset))
            paths[full] = f"{path}/{number}"
    if not tensors:
        _check_legacy(file)
        raise Unreadable(
            "it holds no layers as Keras 3 saves them",
            "save it with `model.save_weights('x.weights.h5')`",
        )
    return Held(file, tensors, tuple(sorted(aside)), paths)


def _check_legacy(file: Any) -> None:
    """Name the files of Keras 2, which Keras 3 writes too where a name ends in `.h5`."""
    if "model_weights" in file:
        raise Unreadable(
            "it is a whole model in Keras's legacy HDF5 format (a name that ends in .h5)",
            "let Keras write its weights anew: "
            "`keras.models.load_model('model.h5').save_weights('x.weights.h5')`",
        )
    if "layer_names" in file.attrs:
        raise Unreadable(
            "it holds weights in Keras's legacy HDF5 format (a name that ends in .h5)",
            "let Keras write them anew, with the model that they are of: "
            "`model.load_weights('weights.h5')`, `model.save_weights('x.weights.h5')`",
        )


def copied(held: Held, target: Any, tensors: Mapping[str, Array], *, partial: bool) -> None:
    """Write a file as another stands, with other variables, into an empty one.

    A `partial` one lacks those of the other's variables that are not given. Raises RuntimeError if
    one is not replaced, or has nowhere to go.
    """
    import h5py

    lacking = held.tensors.keys() - tensors.keys()
    if tensors.keys() - held.tensors.keys() or (lacking and not partial):
        raise RuntimeError("the emitted model has other variables than the spec")
    names = {path: name for name, path in held.paths.items()}
    for path, item in _walk(held.file):
        if isinstance(item, h5py.Group):
            group = target.require_group(path)
            for key, value in item.attrs.items():
                group.attrs[key] = value
        elif names.get(path) in lacking:
            continue
        elif path in names:
            array = tensors[names[path]]
            if array.dtype.name == "bfloat16":
                # As Keras does it: two bytes each, and an attribute says what they are.
                target.create_dataset(path, data=array.view("V2")).attrs["dtype"] = "bfloat16"
            else:
                target.create_dataset(path, data=array)
        else:
            held.file.copy(item, target, path)


def _walk(file: Any) -> Iterator[tuple[str, Any]]:
    """Go through all groups and datasets, parents first; raises Unreadable for any kind of link."""
    import h5py

    pending, seen = [("", file)], set()
    while pending:
        path, group = pending.pop()
        for key in sorted(group, reverse=True):
            inside = f"{path}/{key}"
            if not isinstance(group.get(key, getlink=True), h5py.HardLink):
                raise Unreadable(f"{inside} in it is a link, and Keras writes none")
            item = group[key]
            place = h5py.h5o.get_info(item.id).addr
            if place in seen:
                raise Unreadable(f"{inside} in it has two names")
            seen.add(place)
            if isinstance(item, h5py.Group):
                pending.append((inside, item))
            yield inside, item


def _name(group: Any, path: str) -> str:
    """Give the name of the layer whose variables stand in a group."""
    if "name" in group.attrs:
        attribute = group.attrs.get_id("name")
        if attribute.shape == () and attribute.get_storage_size() <= LONGEST_NAME:
            value = group.attrs["name"]
            if isinstance(value, str):
                return value
    raise Unreadable(
        f"{path} in it does not say its layer's name",
        "Keras 3.3 and newer writes it; save it again",
    )


def _names(known: Sequence[str], group: Any) -> dict[str, str]:
    """Give the variables of a layer by their numbers in the file."""
    numbers = [str(number) for number in range(len(group))]
    if set(group) != set(numbers):
        return {number: number for number in group}
    same = len(known) == len(numbers)
    return dict(zip(numbers, known if same else numbers, strict=True))


def _checked(dataset: Any) -> str:
    """Give a variable's type, if its values stand in the file as they are; raises Unreadable."""
    where = dataset.name
    if dataset.shape is None:
        raise Unreadable(f"{where} in it is empty")
    if dataset.external or dataset.is_virtual:
        raise Unreadable(f"{where} in it leads to another file, and Keras writes none that does")
    if dataset.chunks is not None:
        raise Unreadable(
            f"{where} in it is chunked or compressed, and Keras writes none that is",
            "`h5repack -l CONTI -f NONE` takes it apart",
        )
    dtype = dataset.dtype
    if dtype.kind not in "fV":
        return str(dtype.name)
    if dataset.id.get_storage_size() != prod(dataset.shape) * dtype.itemsize:
        raise Unreadable(f"{where} in it is cut off")
    marked = dataset.attrs.get("dtype")
    if dtype == "V2" and isinstance(marked, str) and marked == "bfloat16":
        return "bfloat16"
    return str(dtype.newbyteorder("=").name)


def _bfloat16() -> Any:
    import ml_dtypes

    return ml_dtypes.bfloat16
