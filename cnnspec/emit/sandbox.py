"""Runs emitted text with a stand-in for its framework, and with nothing else of Python's.

What is run is our own text, in which a spec's words are identifiers and escaped literals; so this
is a second wall, not the first: there is no file, no process and no module but those named here.
"""

from __future__ import annotations

import builtins
import collections
import collections.abc
import functools
import itertools
import math
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Final

#: What emitted text uses of Python's own names, and what plug-ins' may.
_NAMES: Final = """
    ArithmeticError AttributeError Exception False IndexError KeyError None NotImplementedError
    RuntimeError StopIteration True TypeError ValueError __build_class__ abs all any bool callable
    classmethod complex dict divmod enumerate filter float frozenset getattr hasattr hash id int
    isinstance issubclass iter len list map max min next object pow property range repr reversed
    round set setattr slice sorted staticmethod str sum super tuple type zip
"""
_MODULES: Final[Mapping[str, Any]] = {
    "collections": types.SimpleNamespace(
        OrderedDict=collections.OrderedDict,
        Counter=collections.Counter,
        abc=collections.abc,
    ),
    "collections.abc": collections.abc,
    "functools": types.SimpleNamespace(partial=functools.partial, reduce=functools.reduce),
    "itertools": itertools,
    "math": math,
    "typing": typing,
}


class NotInterpreted(Exception):
    """Emitted source does something that the stand-in for its framework does not know."""


def run(
    text: str, modules: Mapping[str, Any], names: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Run a text and give its names, those that it starts with too.

    Raises NotInterpreted for a module that it may not have.
    """
    known = {**_MODULES, **modules}

    def import_(
        name: str,
        _globals: Mapping[str, object] | None = None,
        _locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:
        if level or name not in known:
            raise NotInterpreted(f"it imports {name}")
        return known[name if fromlist else name.partition(".")[0]]

    names = {} if names is None else names
    given = {name: getattr(builtins, name) for name in _NAMES.split()}
    names.update(__name__="emitted", __builtins__={**given, "__import__": import_})
    exec(compile(text, "emitted.py", "exec", dont_inherit=True), names)  # noqa: S102 (our own)
    return names
