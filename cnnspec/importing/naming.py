"""What parameters are called: as constructors call what has these values, else as operators do."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from cnnspec.importing.fold import same
from cnnspec.importing.template import Slot, Template
from cnnspec.importing.words import TAKEN, is_name, unique

if TYPE_CHECKING:
    from cnnspec.importing.parameters import Column

#: Words of operators that are good names of parameters too, where nothing else is meant.
ALSO: Final = frozenset(("stride", "size", "groups"))
#: What arguments are called, where no constructor has a name.
PLAIN: Final[Mapping[str, str]] = {"times": "n", "activation": "act", "rate": "drop"}
#: What people call a factor by which a block widens what flows in.
FACTOR: Final = re.compile(r"expan|ratio|factor|mult|^t$")
#: Inputs of a block, behind the first.
FIRST: Final = "x"


class Names:
    """The names of one template: those that are taken, and those that constructors had."""

    def __init__(self, template: Template) -> None:
        self.inputs = [FIRST, *(f"{FIRST}{index + 2}" for index in range(template.inputs - 1))]
        self._used = set(self.inputs)
        self._constructed = [each.scope.origin.constructed for each in template.instances]
        self._kept = [
            {**each.scope.origin.attributes, **constructed}
            for each, constructed in zip(template.instances, self._constructed, strict=True)
        ]

    def signature(self) -> Sequence[str]:
        """Give the constructor's arguments in order."""
        return list(self._kept[0]) if self._kept else []

    def constructed(self, row: Sequence[object]) -> str | None:
        """Give, and take, the first name under which every instance has its value of a row."""
        for name in self._kept[0] if self._kept else ():
            if name in self._used or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
                continue
            if name in TAKEN - ALSO:
                continue
            if all(
                value is None or same(_plain(own.get(name)), value)
                for own, value in zip(self._kept, row, strict=True)
            ):
                self._used.add(name)
                return name
        return None

    def factor(self, row: Sequence[object]) -> str | None:
        """Give, and take, a constructor's name of a factor by which a block widens.

        Its name has to say so: a stride of 2 often stands where widths double.
        """
        if not any(value is not None for value in row):
            return None
        for name in self._constructed[0] if self._constructed else ():
            if name in self._used or not is_name(name) or not FACTOR.search(name):
                continue
            values = [_plain(own.get(name)) for own in self._constructed]
            if all(same(value, values[0]) for value in values):
                continue
            if all(b is None or same(a, b) for a, b in zip(values, row, strict=True)):
                self._used.add(name)
                return name
        return None

    def parameter(self, row: Sequence[object], sense: str, argument: str) -> str:
        """Name a parameter, and take the name."""
        found = self.constructed(row)
        if found is not None:
            return found
        taken_elsewhere = any(argument in own for own in self._constructed)
        base = "width" if sense == "channels" and taken_elsewhere else argument
        base = PLAIN.get(sense, base)
        name = unique(base, self._used)
        self._used.add(name)
        return name

    def filled(self, name: str, row: Sequence[object], sense: str) -> list[object]:
        """Fill a row where instances have no use for it, by what their constructors were given."""
        if all(value is not None for value in row):
            return [*row]
        values = [
            _plain(own.get(name)) if value is None else value
            for own, value in zip(self._kept, row, strict=True)
        ]
        kind = type(next(value for value in row if value is not None))
        if all(type(value) is kind for value in values):
            return values
        if sense in ("stride", "dilation"):
            return [1 if value is None else value for value in row]
        return [*row]

    def boolean(self, there: Sequence[bool], *, own: bool) -> tuple[str, bool] | None:
        """Give, and take, a flag of constructors (or attributes) that says when, or when not."""
        source = self._constructed if own else self._kept
        for name in source[0] if source else ():
            if name in self._used or not is_name(name):
                continue
            for negated in (False, True):
                if all(
                    isinstance(each.get(name), bool) and each.get(name) == (now != negated)
                    for each, now in zip(source, there, strict=True)
                ):
                    self._used.add(name)
                    return name, negated
        return None

    def flag(self, slot: Slot, there: Sequence[bool]) -> str:
        """Name a flag that says whether a step is there, and take the name."""
        found = self.boolean(there, own=False)
        if found is not None and not found[1]:
            return found[0]
        first = slot.any.label[0]
        words = {"add": "residual", "mul": "gate"}
        base = first if is_name(first) else words.get(slot.kind.name, f"{slot.kind.name}_on")
        name = unique(base, self._used)
        self._used.add(name)
        return name

    def spell(
        self, slot: Slot, columns: list[Column], make: Callable[..., Column], *, loop: bool
    ) -> None:
        """Spell labels that differ by numbers with columns for these: `layer{index}`.

        Of a loop's, the last number is its first turn's, and is left out: it has to be the same.
        """
        count = len(self._kept)
        parts = {i: re.split(r"(\d+)", item.label[0]) for i, item in slot.items.items()}
        if loop:
            if len({each[-2] for each in parts.values()}) != 1:
                return
            parts = {index: each[:-2] for index, each in parts.items()}
        if len({tuple(each[::2]) for each in parts.values()}) != 1:
            return
        words = next(iter(parts.values()))
        text = ""
        for at, word in enumerate(words):
            row: list[object] = [None] * count
            for index, each in parts.items():
                row[index] = int(each[at]) if at % 2 else each[at]
            values = {value for value in row if value is not None}
            if len(values) == 1:
                text += word
                continue
            column = next(
                (each for each in columns if each.sense == "label" and each.row == row), None
            )
            if column is None:
                column = make(row, "label", "index")
                columns.append(column)
            text += f"{{{id(column)}}}"
        slot.spelled = text


def _plain(value: object) -> object:
    """Give an argument as a spec would hold it: one number for equal ones."""
    if isinstance(value, tuple | list) and value:
        equal = all(each == value[0] for each in value)
        return value[0] if equal else tuple(value)
    return value
