"""The text of a flow's steps: their labels as far as they are not what the language gives itself.

A step of a numbered sequence is called by its position, another by its kind and its number among
those of its kind; what the model calls it otherwise is written as a label. Positions differ between
instances where steps are left out, so each instance's are counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cnnspec.importing.calls import bare, call, times
from cnnspec.importing.items import number
from cnnspec.importing.parameters import Unsayable
from cnnspec.importing.template import Slot
from cnnspec.importing.tree import PLACE
from cnnspec.importing.words import unique

Label = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Steps between parentheses, with a label (none: its position), and a condition."""

    label: str
    steps: tuple[str | Group, ...]
    condition: str = ""

    def __str__(self) -> str:
        head = f"{self.label}: " if self.label else ""
        return f"{head}({arrows(self.steps)}){self.condition}"


def arrows(steps: Sequence[str | Group]) -> str:
    """Write steps one after another."""
    return " -> ".join(str(each) for each in steps)


class Steps:
    """Writes the steps of one body, in the order of its text."""

    def __init__(self, instances: int, extra: Mapping[Slot, Sequence[str]]) -> None:
        self.instances = instances
        self.extra = extra
        #: How many steps of a kind had no label yet, outside sequences.
        self.counts: Counter[str] = Counter()
        #: The groups that were there before: positions in one that is entered again go on.
        self.entered: set[Label] = set()
        #: Conditions that have a name of their own.
        self.named: dict[str, str] = {}

    def write(
        self, slots: Sequence[Slot], *, inside: Label = (), numbered: bool = False
    ) -> list[str | Group]:
        """Write steps that follow one another, as members of the group that they stand in."""
        run = _Run(self, inside, numbered=numbered)
        at = 0
        while at < len(slots):
            end = self._end(slots, at, len(inside), numbered=numbered)
            if at == 0:
                run.claim(slots)
            if end > at:
                run.group(slots[at:end])
                at = end
            else:
                run.step(slots[at])
                at += 1
        return run.result

    def _end(self, slots: Sequence[Slot], at: int, depth: int, *, numbered: bool) -> int:
        """Give where a group that begins here ends; `at`: none does."""
        head = _head(slots[at], depth)
        if head is None or (not numbered and len(set(head.values())) > 1):
            return at
        end = at + 1
        while end < len(slots):
            other = _head(slots[end], depth)
            joins = other is not None and all(
                other.get(index, word) == word for index, word in head.items()
            )
            if other is None or not joins:
                break
            shared = other.keys() & head.keys()
            if not shared and set(other.values()) != set(head.values()):
                break
            head = {**other, **head}
            end += 1
        while end > at and not slots[end - 1].weighted and slots[end - 1].any.label[-1] == PLACE:
            end -= 1
        members = slots[at:end]
        weighted = [slot for slot in members if slot.weighted]
        if len(weighted) > 1:
            return end
        if not weighted:
            return at
        member = weighted[0]
        own = [label[depth + 1] for label in _labels(member)]
        counted = all(word.isdigit() for word in own)
        if len(members) > 1 and counted:
            return end
        repeated = times(member) is not None and member.kind.sort == "block"
        return end if repeated else at

    def condition(self, slot: Slot) -> str:
        """Write when a step is there."""
        if slot.condition is None:
            return ""
        return f" when {self.named.get(slot.condition, slot.condition)}"


@dataclass(slots=True)
class _Run:
    """The steps of one level while they are written."""

    steps: Steps
    inside: Label
    result: list[str | Group]
    positions: list[int]
    numbered: bool
    #: Whether positions are not known: the group was entered before.
    again: bool
    #: The positions that members with weights have as their names, by instance.
    claimed: set[tuple[int, str]]

    def __init__(self, steps: Steps, inside: Label, *, numbered: bool) -> None:
        self.steps, self.inside, self.numbered = steps, inside, numbered
        self.result = []
        self.positions = [0] * steps.instances
        self.again = numbered and inside in steps.entered
        self.claimed = set()
        steps.entered.add(inside)

    def claim(self, slots: Sequence[Slot]) -> None:
        """Note the positions that are names of members with weights."""
        depth = len(self.inside)
        for slot in slots:
            if slot.weighted:
                for index, item in slot.items.items():
                    words = item.label[depth : depth + 1]
                    self.claimed.update((index, word) for word in words)

    def group(self, slots: Sequence[Slot]) -> None:
        """Write a group, its label only as far as its position does not say it."""
        depth = len(self.inside)
        heads = [head for slot in slots if (head := _head(slot, depth)) is not None]
        words = {index: word for head in heads for index, word in head.items()}
        label = [next(iter(words.values()))]
        while (deeper := _shared(slots, depth + len(label))) is not None:
            label.append(deeper)
        inner = self.steps.write(slots, inside=(*self.inside, *label), numbered=True)
        condition = self._common(slots)
        if condition:
            inner = [_without(each, condition) for each in inner]
        by_position = self.numbered and not self.again and len(label) == 1 and len(inner) > 1
        if by_position and all(word == str(self.positions[i]) for i, word in words.items()):
            self.result.append(Group("", tuple(inner), condition))
        elif len(set(words.values())) == 1:
            self.result.append(Group(".".join(label), tuple(inner), condition))
        else:
            raise Unsayable("the label of a group differs between instances")
        for index in words:
            self.positions[index] += 1

    def _common(self, slots: Sequence[Slot]) -> str:
        conditions = {slot.condition for slot in slots}
        return self.steps.condition(slots[0]) if len(conditions) == 1 else ""

    def step(self, slot: Slot) -> None:
        """Write one step."""
        text = call(slot, self.steps.extra.get(slot, ()))
        repeated = times(slot)
        if repeated is not None and slot.kind.sort == "block":
            self._repeat(slot, text, repeated)
            return
        text = self._labelled(slot, text) + self.steps.condition(slot)
        for index in slot.items:
            self.positions[index] += 1
        self.result.append(text)

    def _labelled(self, slot: Slot, text: str) -> str:
        own = {index: item.label[len(self.inside) :] for index, item in slot.items.items()}
        words = {".".join(label) for label in own.values()}
        here = all(label == (str(self.positions[index]),) for index, label in own.items())
        if not slot.weighted:
            return self._weightless(slot, text, own)
        if self.numbered and here and not self.again:
            return self._joined(slot, text) or text
        kind = slot.kind.name
        alone = not self.numbered and slot.condition is None
        if alone and words == {f"{kind}{self.steps.counts[kind] + 1}"}:
            self.steps.counts[kind] += 1
            return text
        if len(words) == 1:
            return f"{words.pop()}: {text}"
        if slot.spelled is not None and not self.numbered:
            return f"{slot.spelled}: {text}"
        raise Unsayable(f"the labels of {kind} differ between instances")

    def _weightless(self, slot: Slot, text: str, own: Mapping[int, Label]) -> str:
        """A step without weights needs no name, but takes a position: it may be another's."""
        if not self.numbered:
            self.steps.counts[slot.kind.name] += 1
            return text
        free = all((index, str(self.positions[index])) not in self.claimed for index in own)
        if free and not self.again:
            return text
        last = [label[-1] for label in own.values()]
        word = last[0] if len(set(last)) == 1 else PLACE
        if word == PLACE or any((index, word) in self.claimed for index in own):
            word = unique(slot.kind.name, {name for _, name in self.claimed})
        self.claimed.update((index, word) for index in own)
        return f"{word}: {text}"

    def _joined(self, slot: Slot, text: str) -> str | None:
        """Count a call that is written as the one before: `unit(64) * 2`."""
        last = self.result[-1] if self.result else None
        if slot.kind.sort != "block" or slot.condition or not isinstance(last, str):
            return None
        found = re.fullmatch(re.escape(text) + r"(?: \* (\d+))?", last)
        if found is None:
            return None
        self.result.pop()
        return f"{text} * {int(found[1] or 1) + 1}"

    def _repeat(self, slot: Slot, text: str, repeated: str) -> None:
        """Write a run of members; the one before is its first where it is written alike."""
        if slot.condition is not None:
            raise Unsayable("a run that is left out at times")
        own = {index: item.label[len(self.inside) :] for index, item in slot.items.items()}
        here = all(label == (str(self.positions[i]),) for i, label in own.items())
        if not self.numbered or not here or self.again:
            self._spread(slot, text, repeated, own)
            return
        last = self.result[-1] if self.result else None
        if last == text:
            self.result.pop()
            more = bare(repeated)
            if more.isdigit():
                repeated = str(int(more) + 1)
            elif more.endswith(" - 1"):
                repeated = more.removesuffix(" - 1")
            else:
                repeated = f"({more} + 1)"
        self.result.append(f"{text} * {repeated}")
        for index, item in slot.items.items():
            self.positions[index] += item.times

    def _spread(self, slot: Slot, text: str, repeated: str, own: Mapping[int, Label]) -> None:
        """Write a run member by member, each with its number."""
        words = set(own.values())
        part = number(next(iter(words))[-1])
        if not repeated.isdigit() or len(words) > 1 or part is None:
            raise Unsayable("a run that does not begin at its position")
        prefix = ".".join((*next(iter(words))[:-1], part[0]))
        for turn in range(int(repeated)):
            self.result.append(f"{prefix}{part[1] + turn}: {text}")
        for index, item in slot.items.items():
            self.positions[index] += item.times


def _labels(slot: Slot) -> Sequence[Label]:
    return list(dict.fromkeys(item.label for item in slot.items.values()))


def _head(slot: Slot, depth: int) -> dict[int, str] | None:
    """Give the group's label that a step stands in, by instance; None: it stands in none."""
    if any(len(item.label) <= depth + 1 for item in slot.items.values()):
        return None
    return {index: item.label[depth] for index, item in slot.items.items()}


def _shared(slots: Sequence[Slot], depth: int) -> str | None:
    """Give the word that all labels have there, if none of them ends with it."""
    words = {
        item.label[depth] if len(item.label) > depth + 1 else None
        for slot in slots
        for item in slot.items.values()
    }
    return words.pop() if len(words) == 1 else None


def _without(step: str | Group, condition: str) -> str | Group:
    if isinstance(step, Group):
        return Group(step.label, step.steps, "")
    return step.removesuffix(condition)
