"""Merges templates pairwise: slots that mean the same are one, others are left out at times."""

from __future__ import annotations

import re

from cnnspec.importing.fold import same
from cnnspec.importing.items import IDENTITY, Item
from cnnspec.importing.template import Slot, Template, solved
from cnnspec.ops import OPERATORS

#: What aligning two slots is worth: weights of one name, of a like name, steps without weights.
SAME_NAME, LIKE_NAME, PLAIN, MEMBER = 10.0, 8.0, 3.0, 4.0


def merge(one: Template, other: Template) -> Template | None:
    """Give one template for both; None where they have too little in common."""
    if one.inputs != other.inputs or len(one.results) != len(other.results):
        return None
    pairs = _aligned(one.slots, other.slots)
    shared = sum(1 for left, right in pairs if left is not None and right is not None)
    if 2 * shared < min(len(one.slots), len(other.slots)):
        return None
    moved = len(one.instances)
    slots = []
    for left, right in pairs:
        first = left if left is not None else right
        assert first is not None
        items = dict(left.items) if left is not None else {}
        if right is not None:
            items.update({index + moved: item for index, item in right.items.items()})
        slots.append(Slot(first.kind, items))
    return solved([*one.instances, *other.instances], slots)


def _aligned(one: list[Slot], other: list[Slot]) -> list[tuple[Slot | None, Slot | None]]:
    """Align two rows of slots in order, for the largest sum of what pairs are worth."""
    rows, columns = len(one), len(other)
    worth = [[_worth(left, right) for right in other] for left in one]
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            best[i][j] = max(best[i + 1][j], best[i][j + 1])
            gain = worth[i][j]
            if gain is not None:
                best[i][j] = max(best[i][j], gain + best[i + 1][j + 1])
    pairs: list[tuple[Slot | None, Slot | None]] = []
    i = j = 0
    while i < rows or j < columns:
        gain = worth[i][j] if i < rows and j < columns else None
        if gain is not None and best[i][j] == gain + best[i + 1][j + 1]:
            pairs.append((one[i], other[j]))
            i, j = i + 1, j + 1
        elif i < rows and (j == columns or best[i][j] == best[i + 1][j]):
            pairs.append((one[i], None))
            i += 1
        else:
            pairs.append((None, other[j]))
            j += 1
    return pairs


def _worth(one: Slot, other: Slot) -> float | None:
    """Say what it is worth that two slots are one; None: they cannot be."""
    if one.kind != other.kind or one.outputs != other.outputs:
        return None
    left, right = one.any, other.any
    if not one.weighted:
        return PLAIN if left.label[:-1] == right.label[:-1] else PLAIN - 1
    if left.label[:-1] != right.label[:-1]:
        return LIKE_NAME if _shape(left) == _shape(right) else None
    if left.label[-1].isdigit() and right.label[-1].isdigit():
        equal = 0.2 if left.label == right.label else 0.0
        return MEMBER + equal + MEMBER * _likeness(left, right)
    if left.label == right.label:
        return SAME_NAME
    return LIKE_NAME if _shape(left) == _shape(right) and len(left.label) == 1 else None


def _shape(item: Item) -> str:
    """Give a label without its numbers."""
    return re.sub(r"\d+", "0", ".".join(item.label))


def _likeness(one: Item, other: Item) -> float:
    """Say how alike the arguments of two members are, from 0 to 1, below 0 where they are not.

    What is its default here and not there counts against them: it is why they are two steps.
    """
    names = [name for name in one.arguments if name in other.arguments]
    if not names:
        return 1.0
    total = 0.0
    for name in names:
        left, right = one.arguments[name], other.arguments[name]
        if same(left, right):
            total += 1
            continue
        usual = _usual(one, name)
        if usual is None or same(left, usual) == same(right, usual):
            total += 0.5
        elif one.template is not None and _decides(one, name, left, right):
            total -= 0.8 * len(names)
    return max(total / len(names), -0.9)


def _usual(item: Item, name: str) -> object:
    """Give an argument's default, of the block or operator; None: it has none."""
    if item.template is not None:
        found = (each for each in item.template.parameters if each.name == name)
        return next((each.default for each in found), None)
    declared = OPERATORS.get(item.kind.name)
    return declared.arguments[name].default if declared and name in declared.arguments else None


def _decides(item: Item, name: str, left: object, right: object) -> bool:
    """Whether an argument that differs makes two steps of two calls: a width, or no activation."""
    assert item.template is not None
    sense = next((each.sense for each in item.template.parameters if each.name == name), "")
    return sense == "channels" or IDENTITY in (left, right)
