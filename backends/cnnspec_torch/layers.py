"""The layers that PyTorch lacks, as source that is put into the files that use them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final


@dataclass(frozen=True, slots=True)
class Layer:
    """One class's source, formatted, its imports left out."""

    source: str


def _layers() -> Mapping[str, Layer]:
    text = (files("cnnspec_torch") / "layers_source.py").read_text(encoding="utf-8")
    parts = text.split("\n\n\nclass ")[1:]
    return {part.partition("(")[0]: Layer("class " + part.rstrip("\n") + "\n") for part in parts}


LAYERS: Final = _layers()
