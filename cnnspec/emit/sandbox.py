"""Runs emitted text with a stand-in for its framework, and with nothing else of Python's.

What is run is our own text, in which a spec's words are identifiers and escaped literals; so this
is a second wall, not the first: there is no file, no process and no module but those named here.
"""

from __future__ import annotations

import ast
import builtins
import collections
import collections.abc
import functools
import itertools
import math
import re
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
_ABC: Final = types.SimpleNamespace(
    **{
        name: getattr(collections.abc, name)
        for name in ("Callable", "Collection", "Iterable", "Iterator", "Mapping", "Sequence")
    }
)
_MODULES: Final[Mapping[str, Any]] = {
    "collections": types.SimpleNamespace(
        OrderedDict=collections.OrderedDict, Counter=collections.Counter, abc=_ABC
    ),
    "collections.abc": _ABC,
    "functools": types.SimpleNamespace(partial=functools.partial, reduce=functools.reduce),
    "itertools": itertools,
    "math": math,
    "typing": types.SimpleNamespace(
        **{
            name: getattr(typing, name)
            for name in ("Any", "Final", "Literal", "NamedTuple", "cast")
        }
    ),
}
#: Attributes by which code finds its way out of what it is given, save those that classes have.
_WAYS_OUT: Final = re.compile(
    r"__(?!(?:init|name|post_init)__)\w+__|(?:gi|cr|ag|tb|f|co)_(?:\w+)|mro|func_globals"
)


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

    _look_through(text)
    names = {} if names is None else names
    given = {name: getattr(builtins, name) for name in _NAMES.split()}
    given["getattr"] = _attribute
    names.update(__name__="emitted", __builtins__={**given, "__import__": import_})
    exec(compile(text, "emitted.py", "exec", dont_inherit=True), names)  # noqa: S102 (our own)
    return names


def _look_through(text: str) -> None:
    """Refuse text that names an attribute by which it could get out; words in strings are none."""
    if _WAYS_OUT.search(text) is None:
        return
    for each in ast.walk(ast.parse(text)):
        name = each.attr if isinstance(each, ast.Attribute) else None
        name = each.id if isinstance(each, ast.Name) else name
        if name is not None and _WAYS_OUT.fullmatch(name):
            raise NotInterpreted(f"it uses {name}")


def _attribute(value: Any, name: str, *default: Any) -> Any:
    if _WAYS_OUT.fullmatch(name):
        raise NotInterpreted(f"it uses {name}")
    return getattr(value, name, *default)
