"""The head of a PyTorch file: its docstring, what it imports, our own layers, what is given."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from cnnspec.emit.names import Namespace
from cnnspec.graph import Output
from cnnspec_torch.layers import LAYERS

#: Names that a file uses for itself.
_WORDS: Final = """
    Any F LOSS_WEIGHTS NamedTuple OrderedDict Outputs Tensor TrainOutputs math nn self torch
"""


@dataclass(frozen=True, slots=True)
class Written:
    """A file's body, and the name of the network's class in it."""

    body: str
    class_name: str


def docstring(lines: list[str]) -> str:
    """Write a docstring."""
    safe = [line.replace("\\", "/").replace('"""', "'''") for line in lines]
    if len(safe) == 1:
        return f'"""{safe[0]}"""'
    return '"""' + "\n".join(safe) + '\n"""'


def speaks(text: str, word: str, after: str = "") -> bool:
    """Whether a word stands in a text, with these signs behind it."""
    # Most texts are long and have no such word: that much is told a hundred times as fast.
    if word + after not in text:
        return False
    ends = "" if after else r"\b"
    return re.search(rf"\b{re.escape(word + after)}{ends}", text) is not None


def layers_in(text: str) -> list[str]:
    """The layers of our own that a text uses, those that they use themselves first."""
    needed: dict[str, None] = {}

    def add(source: str) -> None:
        words = set(re.findall(r"\w+", source)) & LAYERS.keys()
        if words:  # which may stand in a docstring alone, or be a variable's
            words &= set(_used(source))
        for name in sorted(words):
            if name not in needed:
                add(LAYERS[name].source)
                needed[name] = None

    add(text)
    return [LAYERS[name].source.strip("\n") for name in needed]


def _used(source: str) -> Iterator[str]:
    """Give the names of what is called, and of classes that stand as values."""
    for each in ast.walk(ast.parse(source)):
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name):
            yield each.func.id
        elif isinstance(each, ast.Name) and each.id[0].isupper():
            yield each.id


def imports_of(text: str) -> str:
    """Write the imports of what a text uses."""
    standard, ours = [], []
    if speaks(text, "math", "."):
        standard.append("import math")
    known = [word for word in ("Counter", "OrderedDict") if speaks(text, word, "(")]
    if known:
        standard.append(f"from collections import {', '.join(known)}")
    if "Callable[" in text:
        standard.append("from collections.abc import Callable")
    if speaks(text, "partial", "("):
        standard.append("from functools import partial")
    typing = [
        w
        for w, use in (("Any", r"(: |\[)Any\b"), ("NamedTuple", r"\(NamedTuple\)"))
        if re.search(use, text)
    ]
    if typing:
        standard.append(f"from typing import {', '.join(typing)}")
    if speaks(text, "torch", "."):
        ours.append("import torch")
    if speaks(text, "F", "."):
        ours.append("import torch.nn.functional as F")
    names = [word for word in ("Tensor", "nn") if speaks(text, word)]
    ours.append(f"from torch import {', '.join(names)}")
    return "\n\n".join("\n".join(part) for part in (standard, ours) if part)


def loss_weights(outputs: Iterable[Output], name: str = "LOSS_WEIGHTS") -> str:
    """Write how much training heads count."""
    items = ", ".join(f'"{o.name}": {o.weight!r}' for o in outputs if o.train)
    why = "# How much each training head's loss counts beside the main one."
    return f"{why}\n{name} = {{{items}}}"


def _tuple(name: str, doc: str, outputs: Iterable[Output]) -> str:
    # Attributes hide no function of Python's, but a tuple has two of its own.
    space = Namespace({"count", "index", *_WORDS.split()})
    fields = "\n".join(f"    {space.take(_field(o.name))}: Tensor" for o in outputs)
    return f'class {name}(NamedTuple):\n    """{doc}"""\n\n{fields}'


def _field(name: str) -> str:
    """Name a field of a tuple, which may begin with no underscore and no digit."""
    word = name.lstrip("_")
    return word if word and not word[0].isdigit() else f"output{word}"


def outputs_of(outputs: tuple[Output, ...], prefix: str = "") -> list[str]:
    """Write the types of what a network gives."""
    main = [each for each in outputs if not each.train]
    result = []
    if len(main) > 1:
        result.append(_tuple(f"{prefix}Outputs", "What the network gives.", main))
    if len(main) < len(outputs):
        name = "TrainOutputs" if len(main) > 1 else "Outputs"
        result.append(_tuple(f"{prefix}{name}", "What the network gives in training.", outputs))
    return result
