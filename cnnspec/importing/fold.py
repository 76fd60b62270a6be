"""Folds what repeats within one instance: runs of members, numbered loops, growing concats."""

from __future__ import annotations

from collections.abc import Callable

from cnnspec.importing.items import Instance, Item, Kind, Ref, number

#: So many turns make a loop of what grows.
LEAST = 3


def fold(body: Instance) -> None:
    """Fold an instance's items in place."""
    _grow(body)
    _repeat(body, _follows_by_name, loop=True)
    _repeat(body, _follows_in_sequence, loop=False)


def same(one: object, other: object) -> bool:
    """Whether two values are one and of one type: 1 is not 1.0, nor true."""
    if isinstance(one, tuple) and isinstance(other, tuple) and type(one) is type(other):
        pairs = zip(one, other, strict=False)
        return len(one) == len(other) and all(same(*pair) for pair in pairs)
    return type(one) is type(other) and one == other


def _alike(one: Item, other: Item) -> bool:
    return one.arguments.keys() == other.arguments.keys() and all(
        same(value, other.arguments[name]) for name, value in one.arguments.items()
    )


def _replace(body: Instance, old: Item, new: Item) -> None:
    """Let readers of one item's first output read another's."""

    def turned(ref: Ref) -> Ref:
        return (new, 0) if ref[0] is old else ref

    for item in body.items:
        if item is not old:
            item.inputs = [turned(ref) for ref in item.inputs]
    body.results = [turned(ref) for ref in body.results]


def _grow(body: Instance) -> None:
    """Make a loop of `x = concat(x, x -> layer1: unit)`, again and again."""
    readers = body.readers()
    at = 0
    while at < len(body.items) - 1:
        count = 0
        while _grows(body, readers, at, count):
            count += 1
        if count < LEAST:
            at += 1
            continue
        first, last = body.items[at], body.items[at + 2 * count - 1]
        kind = Kind("grow", first.kind.name)
        whole = Item(
            kind,
            first.arguments,
            first.label,
            True,
            first.inputs,
            first.input_shapes,
            last.outputs,
            first.template,
            count,
        )
        _replace(body, last, whole)
        body.items[at : at + 2 * count] = [whole]
        at += 1


def _grows(body: Instance, readers: dict[Ref, int], at: int, turn: int) -> bool:
    """Whether a turn of the loop stands there: a call, and a concat of it with what it read."""
    if at + 2 * turn + 1 >= len(body.items):
        return False
    first = body.items[at]
    call, join = body.items[at + 2 * turn : at + 2 * turn + 2]
    if call.kind.sort != "block" or len(call.inputs) != 1 or len(call.outputs) != 1:
        return False
    read = call.inputs[0]
    if (join.kind.sort, join.kind.name) != ("operator", "concat"):
        return False
    if join.inputs != [read, (call, 0)] or readers[call, 0] != 1:
        return False
    part, start = number(call.label[-1]), number(first.label[-1])
    if part is None or start is None or call.label[:-1] != first.label[:-1]:
        return False
    if part != (start[0], start[1] + turn) or not part[0]:
        return False
    if turn == 0:
        return True
    before = body.items[at + 2 * turn - 1]
    return (
        read == (before, 0)
        and readers[read] == 2
        and call.kind == first.kind
        and _alike(call, first)
    )


Follows = Callable[[Item, Item], bool]


def _repeat(body: Instance, follows: Follows, *, loop: bool) -> None:
    """Fold calls that follow one another, from the second of a sequence on, with equal arguments.

    The first often differs, by its stride; whoever writes the text joins it if it does not.
    """
    readers = body.readers()
    at = 1
    while at < len(body.items):
        first = body.items[at]
        before = body.items[at - 1]
        if not _flows(before, first, readers) or not follows(before, first):
            at += 1
            continue
        end = at + 1
        while (
            end < len(body.items)
            and _flows(body.items[end - 1], body.items[end], readers)
            and follows(body.items[end - 1], body.items[end])
            and _alike(body.items[end], first)
        ):
            end += 1
        first.times = end - at
        last = body.items[end - 1]
        first.outputs = last.outputs
        if loop:
            first.kind = Kind("loop", first.kind.name)
        if last is not first:
            _replace(body, last, first)
            first.inputs = [(before, 0)]
            readers[first, 0] = readers.get((last, 0), 0)
            del body.items[at + 1 : end]
        at += 1


def _flows(before: Item, item: Item, readers: dict[Ref, int]) -> bool:
    """Whether a call reads the call before, which nothing else reads."""
    blocks = ("block", "loop")
    return (
        item.kind.sort == "block"
        and before.kind.sort in blocks
        and before.kind.name == item.kind.name
        and item.inputs == [(before, 0)]
        and len(before.outputs) == len(item.outputs) == 1
        and readers[before, 0] == 1
    )


def _follows_in_sequence(before: Item, item: Item) -> bool:
    """Whether a member of a numbered sequence follows another."""
    if len(item.label) < 2 or item.label[:-1] != before.label[:-1]:
        return False
    one, other = number(before.label[-1]), number(item.label[-1])
    plain = one is not None and other is not None and one[0] == other[0] == ""
    return plain and one is not None and other is not None and other[1] == one[1] + before.times


def _follows_by_name(before: Item, item: Item) -> bool:
    """Whether an attribute follows another by the number in its name: layer1, layer2."""
    if len(item.label) != 1 or len(before.label) != 1:
        return False
    one, other = number(before.label[0]), number(item.label[0])
    if one is None or other is None or not one[0] or one[0] != other[0]:
        return False
    return other[1] == one[1] + before.times
