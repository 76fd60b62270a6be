"""What the turns of a loop print, held side by side: the turn's number is one of the words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from cnnspec.emit.code import Leaf
from cnnspec.emit.counting import general, stepped
from cnnspec.emit.units import Unit
from cnnspec.emit.words import Words
from cnnspec.expression import Expression, literal, name, plain


class Unlike(Exception):
    """Turns that do not make one body."""


class TurnWords(Words):
    """Finds how to write what differs between turns, and between the instances around them.

    A lane is one turn of one instance: `lanes` pairs the instance's number outside with the turn's.
    """

    def __init__(
        self,
        outer: Words,
        lanes: list[tuple[int, int]],
        bodies: list[list[Unit]],
        number: int,
        *,
        tabled: bool,
    ) -> None:
        self.outer = outer
        self.lanes = lanes
        #: What stands for the number of a turn, and for what the table has for it.
        self.index = name(f"@{number}")
        self.column = name(f"@{number}.column")
        self.tabled = tabled
        self.table: tuple[Any, ...] | None = None
        self.plan = outer.plan
        self.open = outer.open
        self.fixed = outer.fixed
        self.given = outer.given
        self.instances = [
            replace(
                outer.instances[index],
                units=body,
                values={**outer.instances[index].values, self.index.value: turn},
            )
            for (index, turn), body in zip(lanes, bodies, strict=True)
        ]

    def turns(self, who: list[int]) -> list[int]:
        """The numbers of the turns that lanes are."""
        return [self.lanes[lane][1] for lane in who]

    def candidates(self, leaves: list[Leaf], who: list[int]) -> Iterable[Expression]:
        """Expressions that may say all of the leaves, the turn's number among their words."""
        first = self.lanes[who[0]][0]
        mine = [n for n, lane in enumerate(who) if self.lanes[lane][0] == first]
        if len(mine) < 2:
            groups = Counter(self.lanes[lane][0] for lane in who)
            first = max(groups, key=lambda index: groups[index])
            mine = [n for n, lane in enumerate(who) if self.lanes[lane][0] == first]
        said: list[Expression] = []
        for n in mine:
            leaf = leaves[n]
            if leaf.expression is None and not isinstance(leaf.value, bool | int | float):
                return
            said.append(leaf.expression or literal(leaf.value))
        turns = self.turns([who[n] for n in mine])
        found = general(said, turns, self.index)
        if found is not None:
            yield found
        yield from super().candidates(leaves, who)
        values = [leaves[n].value for n in mine]
        if len(mine) > 1 and all(type(each) is int for each in values):
            yield from stepped(said, values, turns, self.index)

    def everywhere(self, who: list[int]) -> bool:
        """Whether these are all turns, of all instances."""
        return super().everywhere(who) and self.outer.everywhere([index for index, _ in self.lanes])

    def wish(self, names: frozenset[str]) -> None:
        """Remember names that would say a number of some turns, but not the loop's own."""
        if self.index.value not in names:
            self.outer.wish(names)

    def need(self, names: Iterable[str]) -> None:
        """Make names that an expression speaks of parameters, but not the loop's own."""
        self.outer.need(each for each in names if each != self.index.value)

    def extra_parameter(self, leaves: list[Leaf], who: list[int]) -> Leaf:
        """Make a parameter of what differs between instances, a column of what differs by turn."""
        ones: dict[int, Leaf] = {}
        for leaf, lane in zip(leaves, who, strict=True):
            known = ones.setdefault(self.lanes[lane][0], leaf)
            if known.value != leaf.value or type(known.value) is not type(leaf.value):
                return self._tabled(leaves, who)
        return self.outer.extra_parameter(list(ones.values()), list(ones))

    def _tabled(self, leaves: list[Leaf], who: list[int]) -> Leaf:
        values = tuple(plain(leaf.value) for leaf in leaves)
        scalar = all(isinstance(each, int | float) for each in values)
        single = len({index for index, _ in self.lanes}) == 1 and len(who) == len(self.lanes)
        if not (self.tabled and scalar and single) or self.table not in (None, values):
            raise Unlike
        if len(set(values[1:])) == 1:
            raise Unlike  # only the first turn is another: it is clearer on its own
        self.table = values
        return Leaf(values[0], self.column, leaves[0].hint)
