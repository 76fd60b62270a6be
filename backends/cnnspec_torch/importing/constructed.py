"""Sees which arguments modules are constructed with: their names are what people called them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from inspect import currentframe
from types import FrameType
from typing import Any, Final
from unittest.mock import patch
from weakref import WeakKeyDictionary

from torch import nn

#: What is plain enough to be compared and to stand in a spec.
_PLAIN: Final = (int, float, str, tuple, list, type(None))


class Constructed:
    """The arguments of constructors, by module, as they were when the constructor began."""

    def __init__(self) -> None:
        self._found: WeakKeyDictionary[nn.Module, Mapping[str, object]] = WeakKeyDictionary()

    def of(self, module: nn.Module) -> Mapping[str, object]:
        """Give a module's arguments by name; none if nobody saw it made."""
        return self._found.get(module, {})

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch `nn.Module.__init__`, through which every module is made."""
        original = nn.Module.__init__

        def watched(module: nn.Module, *args: Any, **kwargs: Any) -> None:
            found = _arguments(module, currentframe())
            original(module, *args, **kwargs)
            self._found[module] = found

        with patch.object(nn.Module, "__init__", watched):
            yield


def _arguments(module: nn.Module, frame: FrameType | None) -> Mapping[str, object]:
    """Give the arguments of the module's own class's constructor, which runs further out."""
    found: dict[str, object] = {}
    own = type(module).__init__
    code = getattr(own, "__code__", None)
    frame = None if frame is None else frame.f_back
    while frame is not None and frame.f_code.co_name == "__init__":
        given = frame.f_locals
        if given.get(frame.f_code.co_varnames[0] if frame.f_code.co_varnames else "") is not module:
            break
        if frame.f_code is code:
            count = frame.f_code.co_argcount + frame.f_code.co_kwonlyargcount
            for name in frame.f_code.co_varnames[1:count]:
                if name in given:
                    found.update(_opened(name, given[name]))
        frame = frame.f_back
    return found


def _opened(name: str, value: object) -> Mapping[str, object]:
    """Give an argument by its name, and what is in it where it is a record of plain settings."""
    if isinstance(value, _PLAIN) or callable(value):
        return {name: value}
    inner = getattr(value, "__dict__", {})
    return {key: each for key, each in inner.items() if isinstance(each, _PLAIN)}
