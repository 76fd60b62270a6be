"""Turns of a loop held side by side: one body if they are alike up to what can be counted.

A turn is merged as a block instance is, with the number of the turn as one more parameter. What a
turn reads of the turn before is carried from turn to turn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from cnnspec.emit.code import Leaf
from cnnspec.emit.counting import counted_segment
from cnnspec.emit.merge import Merger
from cnnspec.emit.merged import (
    Carried,
    Carry,
    Merged,
    MergedLoop,
    MergedPath,
    Numbered,
    Phi,
    Ref,
    Value,
)
from cnnspec.emit.turn_words import TurnWords, Unlike
from cnnspec.emit.units import LoopUnit, Unit, count_uses, flatten, is_stateless
from cnnspec.emit.words import Split
from cnnspec.expression import Written
from cnnspec.graph import Port

#: What merges a loop in several instances; None: it is to be written turn by turn.
LoopMerger = Callable[[Merger, list[LoopUnit], list[int]], list[Merged] | None]
#: A loop of fewer turns than this is easier to read turn by turn.
WORTH: Final = 3
#: In which order a loop is tried: turns to leave out in front, whether a column may be needed.
_TRIES: Final = ((0, False), (1, False), (0, True), (1, True))


class KeepLoop(Protocol):
    """Says whether a backend can write a loop as a loop.

    `elsewhere` holds the first segments of the paths of whatever else has weights in the same
    block; `in_row` says whether the loop makes members of a row.
    """

    def __call__(self, loop: MergedLoop, elsewhere: frozenset[str], /, *, in_row: bool) -> bool:
        """Decide."""
        ...


def no_loops(_loop: MergedLoop, _elsewhere: frozenset[str], /, *, in_row: bool) -> bool:
    """Keep no loop, in a row or elsewhere: every turn is written out."""
    del in_row
    return False


@dataclass(slots=True)
class _Handed:
    """A value carried: the port at which each instance begins, what each next turn reads."""

    begins: dict[int, Port] = field(default_factory=dict)
    leaves: dict[int, Port] = field(default_factory=dict)

    def takes(self, begins: dict[int, Port], leaves: dict[int, Port]) -> bool:
        """Take ports in, if they do not contradict those that are known."""
        for known, more in ((self.begins, begins), (self.leaves, leaves)):
            if any(known.get(key, port) is not port for key, port in more.items()):
                return False
        self.begins.update(begins)
        self.leaves.update(leaves)
        return True


def loop_merger(keep: KeepLoop) -> LoopMerger:
    """Give what merges a loop in several instances for a backend that keeps some loops."""

    def merge(outer: Merger, column: list[LoopUnit], who: list[int]) -> list[Merged] | None:
        if not any(flatten(turn) for unit in column for turn in unit.turns):
            return []
        counts = [len(unit.turns) for unit in column]
        fewest, most = min(counts), max(counts)
        least = WORTH if fewest == most else 2
        for peeled, tabled in _TRIES:
            if fewest < peeled or most - peeled < least:
                continue
            undo = outer.snapshot()
            try:
                head: list[Merged] = []
                if peeled:
                    head = outer.merged([unit.turns[0] for unit in column], who)
                return [*head, _loop(outer, column, who, keep, peeled=peeled, tabled=tabled)]
            except (Unlike, Split):
                undo(column, who)
        return None

    return merge


def _loop(
    outer: Merger,
    column: list[LoopUnit],
    who: list[int],
    keep: KeepLoop,
    *,
    peeled: int,
    tabled: bool,
) -> MergedLoop:
    turns = Turns(outer, column, who, peeled=peeled, tabled=tabled)
    loop = turns.loop()
    if not keep(loop, turns.elsewhere(), in_row=outer.in_row > 0):
        raise Unlike
    turns.leave(loop)
    return loop


class Turns(Merger):
    """Merges the turns of a loop, in every instance of the block around it."""

    def __init__(
        self,
        outer: Merger,
        column: list[LoopUnit],
        who: list[int],
        *,
        peeled: int,
        tabled: bool,
    ) -> None:
        self.outer = outer
        self.column = column
        self.who = who
        self.start = peeled
        self.number = next(outer.numbers)
        #: The instance around and the turn of each lane; lanes of one instance are neighbours.
        self.lanes = [
            (index, turn)
            for unit, index in zip(column, who, strict=True)
            for turn in range(peeled, len(unit.turns))
        ]
        bodies = [each for unit in column for each in unit.turns[peeled:]]
        self.turn_words = TurnWords(outer.words, self.lanes, bodies, self.number, tabled=tabled)
        self.index = self.turn_words.index
        uses = [outer.uses[index] for index, _ in self.lanes]
        super().__init__(self.turn_words, outer.plan_of, outer.loops, uses)
        self.numbers = outer.numbers
        self.in_row, self.counts = outer.in_row, outer.counts
        self._ports = [{id(p) for u in flatten(body) for p in u.outputs} for body in bodies]
        self._handed: list[_Handed] = []

    def loop(self) -> MergedLoop:
        """Merge the turns; raises Unlike or Split where they are not alike."""
        everyone = list(range(len(self.lanes)))
        body = self.merged([each.units for each in self.instances], everyone)
        carried = tuple(self._carried(each) for each in self._handed)
        counts = []
        for unit in self.column:
            said = unit.count.expression if isinstance(unit.count, Written) else None
            counts.append(Leaf(len(unit.turns), said, "count"))
        stop = self.outer.words.leaf(counts, self.who)
        table = self.turn_words.table or ()
        key = self.turn_words.column.value if table else None
        return MergedLoop(
            self.number, self.index.value, self.start, stop, body, carried, key, table
        )

    def elsewhere(self) -> frozenset[str]:
        """The first segments of the paths of what has weights in the block, but not in the loop."""
        inside = Counter(
            unit.path[0]
            for each in self.column
            for turn in each.turns[self.start :]
            for unit in flatten(turn)
            if not is_stateless(unit)
        )
        everything = Counter(
            unit.path[0]
            for index in self.who
            for unit in flatten(self.outer.root_units(index))
            if not is_stateless(unit)
        )
        return frozenset(segment for segment in everything if everything[segment] > inside[segment])

    # --- values

    def value(self, column: list[Any], who: list[int]) -> Value:
        """The value of ports: of this turn, handed on from the turn before, or from outside."""
        values: dict[int, Value] = {}
        before: dict[int, Port] = {}
        outside: dict[int, Port] = {}
        for port, lane in zip(column, who, strict=True):
            _, turn = self.lanes[lane]
            known = self.refs[lane].get(id(port))
            if known is not None:
                values[lane] = known
            elif turn > self.start and id(port) in self._ports[lane - 1]:
                before[lane - 1] = port
                values[lane] = Ref(None, -1)
            else:
                outside[lane] = port
        if before:
            if any(self.lanes[lane][1] > self.start for lane in outside):
                raise Unlike
            begins = {self.lanes[lane][0]: port for lane, port in outside.items()}
            carry = self._hand(begins, before)
            for lane in (*outside, *(lane + 1 for lane in before)):
                values[lane] = carry
        elif outside:
            ports: dict[int, Port] = {}
            for lane, port in outside.items():
                if ports.setdefault(self.lanes[lane][0], port) is not port:
                    raise Unlike
            value = self.outer.value(list(ports.values()), list(ports))
            values.update(dict.fromkeys(outside, value))
        resolved = self.joins.resolve(values)
        if resolved is None:
            raise Unlike
        return resolved

    def _hand(self, begins: dict[int, Port], leaves: dict[int, Port]) -> Carry:
        for number, each in enumerate(self._handed):
            if each.takes(begins, leaves):
                return Carry(self.number, number)
        self._handed.append(_Handed(begins, leaves))
        return Carry(self.number, len(self._handed) - 1)

    def _carried(self, handed: _Handed) -> Carried:
        present = list(dict.fromkeys(index for index, _ in self.lanes))
        if handed.begins.keys() != set(present):
            raise Unlike
        initial = self.outer.value([handed.begins[index] for index in present], present)
        following = self.joins.resolve(
            {lane: self.refs[lane][id(port)] for lane, port in handed.leaves.items()}
        )
        if following is None:
            raise Unlike
        words = (self.instances[lane].names.get(id(port)) for lane, port in handed.leaves.items())
        return Carried(initial, following, next((word for word in words if word), None))

    def leave(self, loop: MergedLoop) -> None:
        """Make what the last turns give known outside; raises Unlike if more than that is read."""
        last = {index: lane for lane, (index, _) in enumerate(self.lanes)}
        exits: dict[int, int] = {}
        for position, carried in enumerate(loop.carried):
            for lane in last.values():
                left = self._port(carried.following, lane)
                if left is None:
                    raise Unlike
                exits[left] = position
        for unit, index in zip(self.column, self.who, strict=True):
            inside = [each for turn in unit.turns[self.start :] for each in turn]
            uses = count_uses(inside, ())
            everywhere = self.outer.uses[index]
            for each in flatten(inside):
                for port in each.outputs:
                    if everywhere[id(port)] > uses[id(port)] and id(port) not in exits:
                        raise Unlike
        for made, position in exits.items():
            for index, lane in last.items():
                if made in self._ports[lane]:
                    self.outer.refs[index][made] = Ref(self.number, position)
        for index in self.who:
            if index not in last:
                self._pass(loop, index)

    def _pass(self, loop: MergedLoop, index: int) -> None:
        """An instance without turns reads after the loop what the loop would have begun with."""
        refs = self.outer.refs[index]
        for position, carried in enumerate(loop.carried):
            for port, value in refs.items():
                if value == carried.initial:
                    refs[port] = Ref(self.number, position)
                    break

    def _port(self, value: Value, lane: int) -> int | None:
        """The identity of the port that a value is in one lane."""
        if isinstance(value, Phi):
            taken = next(d.taken for d in self.joins.decisions if d.number == value.decision)
            return self._port(dict(value.arms)[taken[lane]], lane)
        known = self.refs[lane].items()
        return next((port for port, each in known if each == value), None)

    def around(self, who: list[int]) -> tuple[Merger, list[int]]:
        """What merges the instances of the block around, and the instance of each turn."""
        return self.outer.around([self.lanes[lane][0] for lane in who])

    def root_units(self, index: int) -> list[Unit]:
        """All units of the block instance around."""
        return self.outer.root_units(self.lanes[index][0])

    # --- what is overridden of merging instances

    def _decision(self, column: list[Any], who: list[int]) -> list[Merged]:
        if len({unit.taken for unit in column}) > 1:
            raise Unlike
        return super()._decision(column, who)

    def path(self, column: list[Any], who: list[int]) -> MergedPath:
        """The path of units that are to be one, its number counted."""
        lengths = {len(unit.path) for unit in column}
        if len(lengths) > 1:
            raise Unlike
        turns = self.turn_words.turns(who)
        result: list[str | Numbered] = []
        for place in range(lengths.pop()):
            segments = [unit.path[place] for unit in column]
            counted = counted_segment(segments, turns, self.index)
            if counted is None:
                if not (self.in_row and all(each.isdigit() for each in segments)):
                    raise Unlike
                counted = segments[0]
            result.append(counted)
        return tuple(result)
