"""The layers that Keras lacks, as source that is put into the files that use them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Final


def _layers() -> Mapping[str, str]:
    text = (files("cnnspec_keras") / "layers_source.py").read_text(encoding="utf-8")
    parts = re.split(r"\n\n\n(?=@)", text)[1:]
    return {re.search(r"^class (\w+)", part, re.MULTILINE)[1]: part.strip("\n") for part in parts}  # type: ignore[index]


#: A class's source by its name, formatted, its imports left out.
LAYERS: Final = _layers()
