"""The layers that PyTorch lacks, as source that is put into the files that use them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final


@dataclass(frozen=True, slots=True)
class Layer:
    """The source of a class or function, formatted, its imports left out."""

    source: str


def _layers() -> Mapping[str, Layer]:
    text = (files("cnnspec_torch") / "layers_source.py").read_text(encoding="utf-8")
    parts = re.split(r"\n\n\n(?=class |def )", text)[1:]
    return {re.split(r"\W", part)[1]: Layer(part.rstrip("\n") + "\n") for part in parts}


LAYERS: Final = _layers()
