"""Does what lowered code says, unprinted: names are looked up in what stands for a framework."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from types import CodeType
from typing import Any

from cnnspec.emit.code import (
    Call,
    Code,
    IfElse,
    Infix,
    Input,
    Inputs,
    Keyword,
    Leaf,
    Member,
    Module,
    Raw,
    Sequence,
    Starred,
    Subscript,
)
from cnnspec.emit.sandbox import NotInterpreted
from cnnspec.expression import OPERATIONS


@dataclass
class Doing:
    """Does lowered code: `names` are what it may speak of."""

    names: dict[str, Any]
    _compiled: dict[str, CodeType] = field(default_factory=dict)

    def value(self, code: Code, inputs: tuple[Any, ...] = (), module: Any = None) -> Any:
        """Work code out, with a step's inputs and its module."""
        match code:
            case Leaf(value):
                return value
            case Input(position):
                return inputs[position]
            case Module():
                return module
            case Raw(text):
                return self._raw(text)
            case Call(function, arguments, keywords):
                called = self.value(function, inputs, module)
                given = self._items(arguments, inputs, module)
                named = {
                    each.name: self.value(each.code, inputs, module)
                    for each in keywords
                    if not _is_default(each)
                }
                return called(*given, **named)
            case Member(part, name):
                return getattr(self.value(part, inputs, module), name)
            case Subscript(part, index):
                return self.value(part, inputs, module)[self._index(index, inputs, module)]
            case Infix(operator, operands):
                parts = [self.value(each, inputs, module) for each in operands]
                return reduce(OPERATIONS[operator], parts)
            case Sequence(items, bracket):
                listed = self._items(items, inputs, module)
                return listed if bracket == "[" else tuple(listed)
            case IfElse(test, yes, no):
                chosen = yes if self.value(test, inputs, module) else no
                return self.value(chosen, inputs, module)
        return self.other(code)

    def other(self, code: object) -> Any:
        """Work out what is no code: a backend's own."""
        raise NotInterpreted(f"a lowering writes a {type(code).__name__}")

    def _items(self, codes: tuple[Code, ...], inputs: tuple[Any, ...], module: Any) -> list[Any]:
        found: list[Any] = []
        for each in codes:
            if isinstance(each, Inputs):
                found += inputs
            elif isinstance(each, Starred):
                found += self.value(each.code, inputs, module)
            else:
                found.append(self.value(each, inputs, module))
        return found

    def _index(self, code: Code, inputs: tuple[Any, ...], module: Any) -> Any:
        if isinstance(code, Raw):
            return self._raw(f"_index[{code.text}]")
        return self.value(code, inputs, module)

    def _raw(self, text: str) -> Any:
        if text in self.names:
            return self.names[text]
        if text not in self._compiled:
            self._compiled[text] = compile(text, "lowered", "eval")
        return eval(self._compiled[text], self.names)  # noqa: S307 (text of a lowering)


class Index:
    """Gives what stands in brackets."""

    def __getitem__(self, index: Any) -> Any:
        return index


def _is_default(keyword: Keyword) -> bool:
    """Whether a keyword is left out where it is printed."""
    code, default = keyword.code, keyword.default
    return isinstance(code, Leaf) and type(code.value) is type(default) and code.value == default
