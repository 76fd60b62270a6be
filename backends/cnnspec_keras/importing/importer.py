"""The importer of Keras models: functional ones that live, and files of them, read as data."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cnnspec.importing.importer import Ask, Example, Finding, Original, Written
from cnnspec.importing.refusal import refused
from cnnspec.importing.tree import Record

if TYPE_CHECKING:
    from cnnspec.checkpoint import Array
    from cnnspec.graph import Graph

#: A model's configuration may have so many bytes.
LARGEST: Final = 50_000_000


@dataclass(frozen=True, slots=True)
class KerasImporter:
    """Takes `model.keras`, a JSON of `model.to_json()`, and models that live."""

    name: str = "keras"
    doc: str = "a functional Keras model: `model.keras`, or what `model.to_json()` wrote"

    def runs(self, source: str) -> str | None:
        """Nothing of a file is run."""
        return None

    def claims(self, source: object) -> bool:
        """Whether it is a model, or a file of one by its name."""
        if isinstance(source, str | os.PathLike):
            return os.fspath(source).endswith((".keras", ".json"))
        return hasattr(source, "_nodes_by_depth") or hasattr(source, "_functional")

    def open(self, source: object, ask: Ask) -> Original:
        """Read the model."""
        from cnnspec_keras.importing.config import model_of
        from cnnspec_keras.importing.recorded import read, tree

        if isinstance(source, str | os.PathLike):
            path = Path(os.fspath(source))
            model = model_of(_config(path), path if path.suffix == ".keras" else None)
            place = path.name
        else:
            model, place = source, type(source).__name__
        found = read(model)
        count = sum(int(each.size) for each in _sizes(model.trainable_weights))
        meta = {"imported_from": place, "framework": f"Keras {_version()}"}
        record = tree(found, ask.name or str(model.name), count, meta)
        layers = {
            step.path: (names, found.keys[step])
            for step, names in found.names.items()
            if step.weighted
        }
        findings = [
            Finding("what stands before the network is a part of it", None, f"left out: {each}")
            for each in found.left_out
        ]
        return KerasOriginal(model, record, findings, layers, [each[2] for each in found.inputs])


IMPORTER = KerasImporter()


@dataclass(frozen=True, slots=True)
class KerasOriginal:
    """A Keras model that was read."""

    model: Any
    record: Record
    findings: Sequence[Finding]
    #: The layer of each path that has weights, and which of its parts it is.
    layers: Mapping[str, tuple[str, str]]
    #: What flows into the network, where what stands before it was left out.
    starts: Sequence[Any]
    backend: str | None = "keras"

    def prove(self, written: Written) -> Sequence[Finding]:
        """Everything is proved by an example."""
        return [
            Finding(
                "it has as many trainable numbers",
                written.parameters == self.record.parameters,
                f"{self.record.parameters:_}",
            )
        ]

    def example(self, graph: Graph) -> Example:
        """Run the model in float64 on drawn weights and inputs."""
        from cnnspec_keras.importing.prove import example

        return example(self.model, self.layers, self.starts, graph)

    def weights(self, graph: Graph) -> Mapping[str, Array]:
        """Give the model's weights by the spec's keys, laid out as the spec has them."""
        from cnnspec_keras.importing.prove import weights

        return weights(self.model, self.layers, graph)


def _version() -> str:
    import keras

    return str(keras.__version__)


def _sizes(weights: Sequence[Any]) -> list[Any]:
    import numpy as np

    return [np.empty(tuple(each.shape), np.bool_) for each in weights]


def _config(path: Path) -> Mapping[str, Any]:
    """Read a model's configuration as data; raises SpecError."""
    try:
        if path.suffix == ".keras":
            with zipfile.ZipFile(path) as archive:
                held = archive.getinfo("config.json")
                if held.file_size > LARGEST:
                    raise refused(f"the configuration in {path.name} is too large")
                text = archive.read(held)
        else:
            if path.stat().st_size > LARGEST:
                raise refused(f"{path.name} is too large")
            text = path.read_bytes()
        found = json.loads(text)
    except (OSError, KeyError, ValueError, RecursionError, zipfile.BadZipFile) as failure:
        raise refused(f"{path.name} is no Keras model: {type(failure).__name__}") from None
    if not isinstance(found, dict):
        raise refused(f"{path.name} is no Keras model")
    return found
