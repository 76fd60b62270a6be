"""A template's body as statements: which values get names, which stand inside a sum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from cnnspec.importing.calls import call
from cnnspec.importing.template import Slot, Source, Template
from cnnspec.importing.words import TAKEN, is_name

#: Operators that are written as calls of their inputs.
JOINS: Final = ("add", "mul", "sub", "concat")
#: What values are called that nothing else names.
LETTERS: Final = ("y", "z", "w", "v", "u")
#: So long may the branches of a join be that stand inside it.
ROOM: Final = 70


@dataclass(eq=False, slots=True)
class Flow:
    """Steps that follow one another: from a name, or from a join of flows."""

    head: str | Join | Choice
    slots: list[Slot] = field(default_factory=list)

    @property
    def plain(self) -> bool:
        """Whether it is a name alone."""
        return isinstance(self.head, str) and not self.slots


@dataclass(eq=False, slots=True)
class Join:
    """A call of several flows."""

    slot: Slot
    parts: list[Flow]


@dataclass(eq=False, slots=True)
class Choice:
    """A join where a condition holds, else what was there before."""

    condition: str
    join: Join
    otherwise: str


@dataclass(eq=False, slots=True)
class Statement:
    """`names = flow`, or a loop over `slot` that gives `names[0]` a new value, or a result."""

    names: list[str]
    flow: Flow | None
    loop: Slot | None = None


@dataclass(eq=False, slots=True)
class Body:
    """The statements of a template, and its results as flows."""

    statements: list[Statement]
    results: list[Flow]
    #: The names of what flows into steps of several inputs beside the first, by step.
    extra: dict[Slot, list[str]]


class Planner:
    """Plans one body: walks its slots in order and names what has to be named."""

    def __init__(self, template: Template, inputs: Sequence[str], *, running: bool) -> None:
        self.template = template
        self.readers = template.readers()
        self.names: dict[Source, str] = {(None, k): name for k, name in enumerate(inputs)}
        self.running = running
        self.statements: list[Statement] = []
        self.extra: dict[Slot, list[str]] = {}
        self.written: set[Slot] = set()
        self.reserved = {each.name for each in template.parameters} | set(template.names)
        self.spoken = " ".join(_expressions(template))

    def plan(self) -> Body:
        """Plan the statements."""
        for slot in self.template.slots:
            self._slot(slot)
        results = []
        for source in self.template.results:
            if len(self.template.results) > 1 and not self.running and source not in self.names:
                self._assign(source)
            results.append(self.flow(source))
        return Body(self.statements, results, self.extra)

    def _slot(self, slot: Slot) -> None:
        if slot.kind.sort in ("loop", "grow", "table"):
            self._loop(slot)
        elif slot.outputs > 1:
            flow = self.flow(slot.inputs[0])
            self._beside(slot)
            flow.slots.append(slot)
            names = self._several(slot)
            self._write(slot)
            self.statements.append(Statement(names, flow))
            for index, name in enumerate(names):
                self.names[slot, index] = name
        elif self._has_name(slot):
            self._assign((slot, 0))

    def _has_name(self, slot: Slot) -> bool:
        """Whether a step's value is read more than once, or beside another step's first input."""
        readers = self.readers.get((slot, 0), [])
        if len(readers) != 1:
            return True
        reader = readers[0]
        if reader is None:
            return False
        if reader.kind.name in JOINS and reader.condition is None:
            return False
        return reader.inputs.index((slot, 0)) != reader.through if len(reader.inputs) > 1 else False

    def _loop(self, slot: Slot) -> None:
        source = slot.inputs[0]
        flow = self.flow(source)
        name = flow.head if flow.plain and isinstance(flow.head, str) else ""
        only = self.readers.get(source) == [slot] and f"{name}.channels" not in self.spoken
        if not name or not only:
            self._assign(source)
            name = self.names[source]
        self.names[slot, 0] = name
        self.written.add(slot)
        self.statements.append(Statement([name], None, slot))

    def _beside(self, slot: Slot) -> None:
        """Name what flows into a step beside the input that it continues."""
        others = [s for at, s in enumerate(slot.inputs) if at != slot.through]
        for source in others:
            if source not in self.names:
                self._assign(source)
        if others:
            self.extra[slot] = [self.names[source] for source in others]

    def flow(self, source: Source) -> Flow:
        """Give the flow that leads to a value, back to a name or a join."""
        if source in self.names:
            return Flow(self.names[source])
        slot = source[0]
        assert slot is not None
        if slot.kind.name in JOINS:
            return Flow(self._join(slot) if slot.condition is None else self._choice(slot))
        through = slot.through if slot.condition is not None else 0
        if slot.condition is None:
            slot.through = 0
        flow = self.flow(slot.inputs[through])
        self._beside(slot)
        flow.slots.append(slot)
        return flow

    def _join(self, slot: Slot) -> Join:
        """Give a join: short branches stand inside it, long ones get names before."""
        lengths = {source: self._length(source) for source in slot.inputs}
        whole = sum(lengths.values())
        branches = [s for s in slot.inputs if lengths[s] and s not in self.names]
        named = whole > ROOM and len(branches) > 1
        for source in branches:
            if named or (whole > ROOM and source != branches[-1]) or self._nests(source):
                self._assign(source)
        return Join(slot, [self.flow(source) for source in slot.inputs])

    def _choice(self, slot: Slot) -> Choice:
        """Give a join that is there at times, with the steps before it that go with it."""
        assert slot.condition is not None
        base = slot.inputs[slot.through]
        while (
            base not in self.names
            and base[0] is not None
            and base[0].condition == slot.condition
            and len(base[0].inputs) == 1
            and self.readers.get(base) in ([slot], [base[0]])
        ):
            base = base[0].inputs[0]
        if base not in self.names:
            self._assign(base)
        for at, source in enumerate(slot.inputs):
            if at != slot.through and source not in self.names:
                self._assign(source)
        parts = [self._certain(source, slot.condition) for source in slot.inputs]
        return Choice(slot.condition, Join(slot, parts), self.names[base])

    def _certain(self, source: Source, condition: str) -> Flow:
        """Give a flow whose steps are there wherever it is: their condition need not be said."""
        flow = self.flow(source)
        for slot in flow.slots:
            if slot.condition == condition:
                slot.condition = None
        return flow

    def _nests(self, source: Source) -> bool:
        """Whether a branch is itself a join of flows, or begins with one."""
        while source not in self.names and source[0] is not None:
            slot = source[0]
            if slot.kind.name in JOINS:
                return True
            source = slot.inputs[slot.through]
        return False

    def _length(self, source: Source) -> int:
        """Estimate how long a branch is as text; 0: it is a name."""
        total = 0
        while source not in self.names and source[0] is not None:
            slot = source[0]
            total += len(call(slot)) + len(slot.condition or "") + 4
            if slot.kind.name in JOINS and slot.condition is None:
                return total + sum(self._length(each) for each in slot.inputs)
            source = slot.inputs[slot.through]
        return total

    def _assign(self, source: Source) -> None:
        slot = source[0]
        assert slot is not None
        flow = self.flow(source)
        self._write(slot)
        name = self._fresh(source, flow)
        self.names[source] = name
        self.statements.append(Statement([name], flow))

    def _write(self, slot: Slot) -> None:
        """Note that a step stands in the text, with all before it."""
        pending = [slot]
        while pending:
            each = pending.pop()
            if each in self.written:
                continue
            self.written.add(each)
            pending += [source[0] for source in each.inputs if source[0] is not None]

    def _live(self, name: str) -> bool:
        """Whether something that is still to be written reads a name."""
        return any(
            any(reader is None or reader not in self.written for reader in self.readers.get(s, []))
            for s, own in self.names.items()
            if own == name
        )

    def _fresh(self, source: Source, flow: Flow) -> str:
        """Name a value: `x` where that runs on, else as its module is called, else a letter."""
        first = self.names.get((None, 0), "")
        head = self._label_head(flow)
        if not self._live("x") and (
            self.running or (first == "x" and "x.channels" not in self.spoken and flow.head == "x")
        ):
            return "x"
        if head and head not in self.names.values():
            return head
        for letter in LETTERS:
            if letter not in self.reserved and not self._live(letter):
                return letter
        count = 2
        while f"y{count}" in self.names.values() or f"y{count}" in self.reserved:
            count += 1
        return f"y{count}"

    def _label_head(self, flow: Flow) -> str:
        """Give the attribute that all of a flow's weights stand in, if it says more."""
        heads = {slot.any.label[0] for slot in flow.slots if slot.weighted}
        head = heads.pop() if len(heads) == 1 else ""
        several = [slot for slot in flow.slots if slot.weighted]
        deep = len(several) > 1 or any(slot.any.template is not None for slot in several)
        fits = is_name(head) and head not in self.reserved and head not in TAKEN
        return head if deep and fits and isinstance(flow.head, str) else ""

    def _several(self, slot: Slot) -> list[str]:
        found: list[str] = []
        letters = [*LETTERS, *(f"y{number}" for number in range(2, 99))]
        for name in letters:
            if len(found) < slot.outputs and name not in self.reserved and not self._live(name):
                found.append(name)
        return found


def _expressions(template: Template) -> Iterator[str]:
    """Give every text of a template that may speak of its inputs."""
    for slot in template.slots:
        yield from (shown.text for shown in slot.shown.values())
        yield slot.condition or ""
