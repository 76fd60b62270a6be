"""The words of boxes, read as a person reads them: layers, small steps, arguments."""

from __future__ import annotations

import re
from dataclasses import dataclass


class Untrue(AssertionError):
    """A claim that does not hold."""


def holds(truth: object, said: object, why: object) -> None:
    """Fail with what was said unless it is true."""
    if not truth:
        raise Untrue(f"{said!r}: {why}")


def split(text: str) -> list[str]:
    """Split at the commas that stand in no brackets."""
    parts, depth = [""], 0
    for each in text:
        depth += (each in "([") - (each in ")]")
        if each == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += each
    return [part.strip() for part in parts if part.strip()]


@dataclass
class Layer:
    """A layer as a box says it."""

    kind: str
    said: tuple[str, ...]


def layers(text: str) -> list[Layer | str]:
    """Read `conv 1x1 64, 3x3 64 (each bn, relu), 1x1 (bn)`: small steps are words."""
    result: list[Layer | str] = []
    open_: list[int] = []
    kind = ""
    for item in split(text):
        found = re.fullmatch(r"(.*?)(?: \((each )?(.*?)( first)?\))?", item)
        assert found is not None
        head, each, small, first = found.groups()
        word, *said = head.split()
        if re.fullmatch(r"\d+(x\d+)*", word):
            word, said = kind, [word, *said]
        kind = word
        open_.append(len(result))
        result.append(Layer("add" if word == "+" else word, tuple(said)))
        if small:
            steps = split(small)
            places = open_ if each else open_[-1:]
            for place in reversed(places):
                at = place if first else place + 1
                result[at:at] = steps
            open_ = []
    return result


def spelled(value: object) -> str:
    """Write an argument as boxes do."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(spelled, value))}]"
    if isinstance(value, int | float | str):
        return str(value)
    callee = getattr(value, "callee", None)
    if callee is not None:
        return f"{spelled(callee)}(...)"
    return value.op.name if hasattr(value, "op") else getattr(value, "name", "...")
