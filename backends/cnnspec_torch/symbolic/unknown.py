"""What of torch is not known here: recorded by its name, and compared by how it is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnnspec.emit.sandbox import NotInterpreted
from cnnspec.numbering import written
from cnnspec_torch.symbolic.tensors import Tensor


class UnknownFunction:
    """What is known by its name: it is called, and nothing else."""

    __slots__ = ("first", "what")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, what: str, *first: Tensor) -> None:
        self.what = what
        self.first = first

    def __call__(self, *arguments: Any, **keywords: Any) -> Tensor:
        return recorded(self.what, (*self.first, *arguments), keywords)

    def __bool__(self) -> bool:
        raise NotInterpreted(f"it reads {self.what}")

    def __eq__(self, other: object) -> bool:
        raise NotInterpreted(f"it reads {self.what}")


def recorded(what: str, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Tensor:
    """Take down a call by its name; raises NotInterpreted if no tensor goes in."""
    tensors: list[Tensor] = []
    said = written(_marked([arguments, dict(sorted(keywords.items()))], tensors))
    if not tensors:
        raise NotInterpreted(f"it calls {what}")
    first, *others = tensors
    first.values.unknown[what] = None
    if what.endswith("_"):
        raise NotInterpreted(f"it calls {what}")
    return first.made(f"?{what}", said, *others)


def _marked(value: Any, tensors: list[Tensor]) -> Any:
    if isinstance(value, Tensor):
        tensors.append(value)
        return None
    if isinstance(value, dict):
        return {key: _marked(each, tensors) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_marked(each, tensors) for each in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise NotInterpreted(f"it gives a {type(value).__name__} to a function")
