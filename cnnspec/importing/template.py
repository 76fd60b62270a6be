"""A template: one body for several instances, with slots that some of them leave out.

What a slot that is absent would give is what goes into it. So a shortcut that is a convolution
here and nothing there, an expansion, a squeeze and a residual sum are all one rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from typing import TYPE_CHECKING

from cnnspec.importing.items import Instance, Item, Kind, Ref

if TYPE_CHECKING:
    from cnnspec.importing.parameters import Parameter

#: So many ways to pass through slots that are absent are tried.
MOST = 8


@dataclass(eq=False, slots=True)
class Slot:
    """A place in the template: the item of each instance that has one.

    `shown` is what the text says of its arguments; `condition` when it is there at all.
    """

    kind: Kind
    items: dict[int, Item]
    inputs: list[Source] = field(default_factory=list)
    #: The input that is handed on where the slot is absent.
    through: int = 0
    shown: dict[str, Shown] = field(default_factory=dict)
    condition: str | None = None
    #: The label's parts, where they differ: words, and expressions in braces.
    spelled: str | None = None
    #: The statements of a table and its loop; `{}` stands for the name of what flows.
    lines: list[str] = field(default_factory=list)

    @property
    def any(self) -> Item:
        """Some instance's item."""
        return next(iter(self.items.values()))

    @property
    def outputs(self) -> int:
        """How many outputs it has."""
        return len(self.any.outputs)

    @property
    def weighted(self) -> bool:
        """Whether it owns weights."""
        return self.any.weighted


#: A slot's output, or (None, n): the template's own input.
Source = tuple[Slot | None, int]


@dataclass(frozen=True, slots=True)
class Shown:
    """How an argument is written: an expression's text, or a value."""

    text: str = ""
    value: object = None

    @property
    def is_expression(self) -> bool:
        """Whether it is an expression of parameters."""
        return bool(self.text)


@dataclass(eq=False, slots=True)
class Template:
    """One body for several instances."""

    instances: list[Instance]
    slots: list[Slot]
    inputs: int
    results: list[Source] = field(default_factory=list)
    name: str = ""
    parameters: list[Parameter] = field(default_factory=list)
    #: The names of its inputs.
    names: list[str] = field(default_factory=list)

    def readers(self) -> dict[Source, list[Slot | None]]:
        """Give who reads each value; None: it is a result."""
        found: dict[Source, list[Slot | None]] = {}
        for slot in self.slots:
            for source in slot.inputs:
                found.setdefault(source, []).append(slot)
        for source in self.results:
            found.setdefault(source, []).append(None)
        return found

    def positions(self) -> Mapping[Slot, int]:
        """Give the slots' places in order."""
        return {slot: index for index, slot in enumerate(self.slots)}


def template(instances: Sequence[Instance]) -> Template | None:
    """Make the template of instances that have one skeleton."""
    first = instances[0]
    slots = [
        Slot(item.kind, {index: each.items[at] for index, each in enumerate(instances)})
        for at, item in enumerate(first.items)
    ]
    return solved([*instances], slots)


def skeleton(body: Instance) -> object:
    """Give what two instances have to share to have one template without slots left out."""
    at = {item: index for index, item in enumerate(body.items)}

    def ref(given: Ref) -> tuple[int, int]:
        return (-1 if given[0] is None else at[given[0]], given[1])

    items = tuple(
        (
            item.kind,
            item.label if item.weighted else item.label[:-1],
            tuple(ref(each) for each in item.inputs),
            len(item.outputs),
        )
        for item in body.items
    )
    return items, tuple(ref(each) for each in body.results), len(body.inputs)


def solved(instances: list[Instance], slots: list[Slot]) -> Template | None:
    """Find for each slot what it reads, such that each instance reads what it read.

    None if no one reading fits all of them.
    """
    result = Template(instances, slots, max(len(each.inputs) for each in instances))
    count = len(instances)
    optional = [slot for slot in slots if len(slot.items) < count]
    if any(slot.outputs != 1 for slot in optional):
        return None
    several = [slot for slot in optional if len(slot.any.inputs) > 1]
    ways = product((0, 1), repeat=len(several))
    for way in islice(ways, MOST):
        for slot, through in zip(several, way, strict=True):
            slot.through = through
        if _read(result, count):
            return result
    return None


def _read(result: Template, count: int) -> bool:
    """Find the readings for one choice of what is handed on."""
    places = [{item: slot for slot in result.slots for item in slot.items.values()}][0]
    order = result.positions()

    def source(given: Ref) -> Source:
        return (None, given[1]) if given[0] is None else (places[given[0]], given[1])

    def resolved(given: Source, index: int) -> Source:
        while given[0] is not None and index not in given[0].items:
            given = given[0].inputs[given[0].through]
        return given

    def found(wanted: Mapping[int, Source], before: int) -> Source | None:
        own = sorted(
            dict.fromkeys(wanted.values()),
            key=lambda each: -order[each[0]] if each[0] is not None else 1,
        )
        for each in own:
            if each[0] is not None and order[each[0]] >= before:
                continue
            if all(resolved(each, index) == want for index, want in wanted.items()):
                return each
        return None

    for at, slot in enumerate(result.slots):
        slot.inputs = []
        counts = {len(item.inputs) for item in slot.items.values()}
        if len(counts) > 1:
            return False
        for position in range(counts.pop()):
            wanted = {i: source(item.inputs[position]) for i, item in slot.items.items()}
            reading = found(wanted, at)
            if reading is None:
                return False
            slot.inputs.append(reading)
    result.results = []
    for position in range(len(result.instances[0].results)):
        wanted = {i: source(each.results[position]) for i, each in enumerate(result.instances)}
        reading = found(wanted, len(result.slots))
        if reading is None:
            return False
        result.results.append(reading)
    return count > 0


def labels(slot: Slot) -> Iterator[tuple[str, ...]]:
    """Give a slot's labels, each once."""
    yield from dict.fromkeys(item.label for item in slot.items.values())
