"""The functions that emitted files use, as source that is put into the files that need them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Final


def _functions() -> Mapping[str, str]:
    text = (files("cnnspec_keras") / "functions_source.py").read_text(encoding="utf-8")
    parts = re.split(r"\n\n\n(?=def )", text)[1:]
    return {re.search(r"^def (\w+)", part)[1]: part.strip("\n") for part in parts}  # type: ignore[index]


#: A function's source by its name, formatted, in an order in which each stands before its users.
FUNCTIONS: Final = _functions()
