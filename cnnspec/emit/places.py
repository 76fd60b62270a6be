"""Paths while a body is taken apart: which name a step gets in its group, as the elaborator gives.

A member of a numbered group is called by its position, a step without a label by its kind and its
number among those of that kind. Both are counted here as expressions: so many for each turn of a
loop, and by a variable where a step is there at times only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from cnnspec.emit.flat import (
    Cell,
    Count,
    If,
    KindOf,
    Loop,
    Number,
    Ordinal,
    Path,
    Piece,
    Statement,
    Tick,
    Turn,
)
from cnnspec.emit.program import Expr, Label, Literal, Name, Operation, parts

#: What is counted: a group by its number, and a kind in it, or its positions (None).
Key = tuple[int, Piece | None]


@dataclass(slots=True)
class Tally:
    """How many there are so far."""

    number: Number
    #: How many loops around are in the number already.
    loops: int = 0


@dataclass(slots=True)
class Group:
    """A group as steps are put into it; `home` says in how many loops it is begun anew."""

    number: int
    path: Path
    numbered: bool
    home: int
    members: int = 0
    #: Whether something is in it on some ways only.
    at_times: bool = False


@dataclass(slots=True)
class _Around:
    """A loop that is being read: what was counted when it began, and its own names."""

    loop: Loop
    names: frozenset[str]
    outside: list[Statement]
    begun: dict[Key, tuple[Number, Cell]] = field(default_factory=dict)


@dataclass(slots=True)
class Places:
    """Hands out paths. `varying` are the keys that were found to need a variable."""

    fresh: Callable[[], str]
    varying: dict[Key, str]
    #: Whether ordinals are counted while it runs.
    mixed: bool = False
    statements: list[Statement] = field(default_factory=list)
    #: The body's own, outside of loops and decisions.
    _top: list[Statement] = field(init=False)
    found: set[Key] = field(default_factory=set)
    #: The kinds that are counted together.
    _sorts: dict[str | KindOf, frozenset[str]] = field(default_factory=dict)
    _tallies: dict[Key, Tally] = field(default_factory=dict)
    _groups: dict[Path, Group] = field(default_factory=dict)
    _loops: list[_Around] = field(default_factory=list)
    group: Group = field(default_factory=lambda: Group(0, (), False, 0))
    #: In how many loops each group is begun anew, by its number.
    _homes: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._top = self.statements

    # --- steps

    def leaf(self, kind: str | KindOf, kinds: frozenset[str], label: Label | None) -> Path:
        """Take the next name for a step, which is of one of these kinds."""
        group = self.group
        if not group.numbered and label is None and self.mixed:
            self.statements.append(Tick(kind))
            return (*group.path, (kind, Ordinal(kind)))
        if not group.numbered and label is None:
            self._sorts.setdefault(kind, frozenset())
            self._sorts[kind] |= kinds
        segment: tuple[Piece, ...] = ()
        if group.numbered:
            segment = (self._next(group, None),)
        elif label is None:
            segment = (kind, self._next(group, kind, first=1))
        group.members += 1
        if label is None:
            return (*group.path, segment)
        return (*group.path, *label)

    @property
    def mixes(self) -> bool:
        """Whether a step that is given may be of a kind that others are counted by."""
        sorts = list(self._sorts.values())
        return len(frozenset().union(*sorts)) < sum(map(len, sorts))

    @contextmanager
    def entered(self, label: Label | None) -> Iterator[None]:
        """Put what follows into a numbered group: of that name, or of its position in one."""
        outer = self.group
        before = self._at(outer, None).ahead if outer.numbered else 0
        own: Path = ((self._at(outer, None),),) if label is None else label
        path = (*outer.path, *own)
        home = self._home(path)
        if label is None and self._at(outer, None).counter is not None:
            home = len(self._loops)  # it takes the next position at each turn
        inner = self._groups.get(path)
        if inner is None or inner.home < home:
            inner = Group(len(self._homes) + 1, path, True, home)
            self._groups[path], self._homes[inner.number] = inner, inner.home
        members = inner.members
        self.group = inner
        try:
            yield
        finally:
            self.group = outer
            counted = outer.numbered and self._at(outer, None).ahead == before
            if inner.members > members:
                outer.members += 1
                if counted:
                    self._next(outer, None)
            elif inner.at_times and counted:
                self._perhaps(outer, inner)

    def _perhaps(self, outer: Group, inner: Group) -> None:
        """Let a group take a position if it has a member: its positions are counted already."""
        number = self._at(inner, None)
        assert number.counter is not None
        test = Operation(">", (Name(number.counter), Literal(0)))
        arms: list[list[Statement]] = [[], []]
        with self.deciding(arms) as turns:
            next(turns)
            self._next(outer, None)
            next(turns)
            next(turns, None)
        if arms[0]:
            self.statements.append(If([(test, arms[0])], arms[1]))

    def _home(self, path: Path) -> int:
        """In how many of the loops around a group's name is another one at each turn."""
        spoken = {each.id for each in parts(path) if isinstance(each, Name)}
        turns = {number.loop for number in _turns(path)}
        home = 0
        for depth, around in enumerate(self._loops, start=1):
            if spoken & around.names or around.loop in turns:
                home = depth
        return home

    # --- counting

    def _at(self, group: Group, kind: Piece | None, first: int = 0) -> Number:
        number = self._tally(group, kind).number
        return replace(number, ahead=number.ahead + first)

    def _next(self, group: Group, kind: Piece | None, first: int = 0) -> Number:
        tally = self._tally(group, kind)
        number = tally.number
        tally.number = replace(number, ahead=number.ahead + 1)
        key = (group.number, kind)
        self._tallies[key] = Tally(tally.number, tally.loops)
        return replace(number, ahead=number.ahead + first)

    def _tally(self, group: Group, kind: Piece | None) -> Tally:
        key = (group.number, kind)
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = Tally(Number(0), group.home)
            if key in self.varying:
                tally.number = Number(0, self.varying[key])
                self._count_from(self.varying[key], group.home)
        if tally.number.counter is None:
            for around in self._loops[tally.loops :]:
                cell = Cell()
                around.begun[key] = tally.number, cell
                terms = (*tally.number.terms, (cell, Turn(around.loop)))
                tally.number = replace(tally.number, terms=terms)
        elif tally.loops < len(self._loops):
            for around in self._loops[tally.loops :]:
                around.begun[key] = tally.number, Cell()
        tally.loops = len(self._loops)
        return tally

    @contextmanager
    def turning(self, loop: Loop, names: frozenset[str], length: Expr) -> Iterator[None]:
        """Read a loop's body."""
        around = _Around(loop, names, self.statements)
        self._loops.append(around)
        self.statements = loop.body
        try:
            yield
        finally:
            self._loops.pop()
            for key, (begun, cell) in around.begun.items():
                self._end(key, begun, cell, length)
            self.statements = around.outside
            depth = len(self._loops)
            for path in [each for each, group in self._groups.items() if group.home > depth]:
                del self._groups[path]
            for key in [k for k, tally in self._tallies.items() if tally.loops > depth]:
                del self._tallies[key]

    def _end(self, key: Key, begun: Number, cell: Cell, length: Expr) -> None:
        """Say how many there are after a loop."""
        tally = self._tallies.get(key)
        if tally is None:
            return
        more = tally.number.ahead - begun.ahead
        tally.loops = len(self._loops)
        if tally.number.counter is not None:
            if begun.counter is None:
                self.found.add(key)
            if more:
                self.statements.append(Count(tally.number.counter, more))
            tally.number = replace(tally.number, ahead=begun.ahead)
            return
        cell.per_turn = more
        if len(tally.number.terms) != len(begun.terms) + 1:
            self.varying.setdefault(key, self.fresh())
            self.found.add(key)
        terms = begun.terms
        ahead = begun.ahead
        if more and isinstance(length, Literal) and isinstance(length.value, int):
            ahead += more * max(length.value, 0)
        elif more:
            terms = (*terms, (more, length))
        tally.number = Number(ahead, None, terms)

    @contextmanager
    def deciding(self, arms: list[list[Statement]]) -> Iterator[Iterator[None]]:
        """Read the arms of a decision, each into its list of statements, one at a step."""
        outside, known = self.statements, {k: replace(t) for k, t in self._tallies.items()}
        ends: list[dict[Key, Tally]] = []
        group, members = self.group, self.group.members
        more: list[int] = []

        def each() -> Iterator[None]:
            for arm in arms:
                self.statements = arm
                self._tallies = {k: replace(t) for k, t in known.items()}
                group.members = members
                yield
                ends.append(self._tallies)
                more.append(group.members - members)

        try:
            yield each()
        finally:
            self.statements = outside
            self._tallies = {k: replace(t) for k, t in known.items()}
            group.members = members + min(more, default=0)
            group.at_times |= any(more)
            self._join(known, ends, arms)

    def _join(
        self, known: dict[Key, Tally], ends: list[dict[Key, Tally]], arms: list[list[Statement]]
    ) -> None:
        for key in dict.fromkeys(key for end in ends for key in end):
            home = self._homes.get(key[0], 0)
            numbers = [end[key].number if key in end else None for end in ends]
            present = [each for each in numbers if each is not None]
            before = known[key].number if key in known else None
            ahead = [each.ahead if each is not None else _start(before) for each in numbers]
            start = next((each for each in present if each.counter), present[0])
            alike = all((x.terms, x.counter) == (start.terms, start.counter) for x in present)
            if len(set(ahead)) == 1 and alike:
                self._tallies[key] = Tally(start, max(end[key].loops for end in ends if key in end))
                continue
            counter = start.counter or (before.counter if before else None)
            if counter is None:
                counter = self._begin(key, home)
            least = min(ahead)
            for arm, number in zip(arms, ahead, strict=True):
                if number > least:
                    arm.append(Count(counter, number - least))
            terms = start.terms if start.counter is None else ()
            loops = max(end[key].loops for end in ends if key in end)
            self._tallies[key] = Tally(Number(least, counter, terms), loops)

    def _begin(self, key: Key, home: int) -> str:
        """Begin to count by a variable; in a loop that has to be known before it."""
        counter = self.varying.get(key) or self.fresh()
        self.varying[key] = counter
        if home < len(self._loops):
            self.found.add(key)
        else:
            self._count_from(counter, home)
        return counter

    def _count_from(self, counter: str, home: int) -> None:
        """Let a variable be 0 before any decision, where what is counted is begun anew."""
        place = self._loops[home - 1].loop.body if home else self._top
        if Count(counter, None) not in place:
            place.append(Count(counter, None))


def _start(before: Number | None) -> int:
    return before.ahead if before is not None else 0


def _turns(path: Path) -> Iterator[Turn]:
    for segment in path:
        for piece in segment:
            if isinstance(piece, Number):
                for _, term in piece.terms:
                    if isinstance(term, Turn):
                        yield term
