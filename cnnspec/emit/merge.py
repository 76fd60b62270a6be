"""All instances of one block held side by side: one plan if they agree, else a split into parts.

Instances agree if they do the same steps in the same order, up to numbers that can be written in
the block's parameters and up to decisions. Whatever cannot be merged honestly is split.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import count
from typing import Any

from cnnspec.emit import given
from cnnspec.emit.code import Leaf
from cnnspec.emit.flags import flag_name
from cnnspec.emit.joins import Joins
from cnnspec.emit.lowering import Lowered
from cnnspec.emit.merged import (
    Merged,
    MergedCall,
    MergedDecision,
    MergedLoop,
    MergedOp,
    MergedPath,
    MergedRow,
    Plan,
    Ref,
    Value,
)
from cnnspec.emit.units import (
    CallUnit,
    LoopUnit,
    OpUnit,
    Path,
    Row,
    Unit,
    count_uses,
    distinct_inputs,
    flatten,
)
from cnnspec.emit.words import Split, Words, all_equal
from cnnspec.expression import Written, plain
from cnnspec.graph import Scope
from cnnspec.shapes import Shape


class Merger:
    """Merges the instances of one plan."""

    def __init__(
        self,
        words: Words,
        plan_of: Callable[[Scope], Plan],
        loops: Callable[[Merger, list[LoopUnit], list[int]], list[Merged] | None],
        uses: list[Counter[int]] | None = None,
    ) -> None:
        self.plan = words.plan
        self.instances = words.instances
        self.words = words
        self.plan_of = plan_of
        self.loops = loops
        #: How often each port is read, in each whole instance.
        self.uses = uses or [count_uses(each.units, each.results) for each in self.instances]
        self.numbers = count()
        self.refs: list[dict[int, Value]] = [{} for _ in self.instances]
        #: The inputs that a port is that was handed over for several, in each instance.
        self.twins: list[dict[int, list[Value]]] = [{} for _ in self.instances]
        self.joins = Joins()
        #: The attributes that hold layers that the block was given, and by which parameter.
        self.layers: dict[str, str] = {}
        #: How many rows are around what is merged just now.
        self.in_row = 0
        #: Whether the innermost of them calls its members by their positions.
        self.counts = False

    def merge(self) -> None:
        """Fill the plan; raises Split where the instances do not agree."""
        counts = [len(each.inputs) for each in self.instances]
        self.words.agree(list(counts))
        kept = self.plan.kept = distinct_inputs(self.instances)
        for number, each in enumerate(self.instances):
            for index, position in enumerate(kept):
                port, ref = id(each.inputs[position]), Ref(None, index)
                known = self.refs[number].setdefault(port, ref)
                if known != ref:
                    self.twins[number].setdefault(port, [known]).append(ref)
        rows = [each.is_row for each in self.instances]
        self.words.agree(list(rows))
        self.plan.is_row = rows[0]
        self.in_row, self.counts = int(rows[0]), rows[0]
        everyone = list(range(len(self.instances)))
        self.plan.units = self.merged([each.units for each in self.instances], everyone)
        vectors = [each.results for each in self.instances]
        self.words.agree([len(each) for each in vectors])
        self.plan.results = tuple(
            self.value([each[i] for each in vectors], everyone) for i in range(len(vectors[0]))
        )
        if not (self.plan.functional or self.plan.is_row):
            self._check_homes()
        first = self.instances[0]
        names = []
        for word, ports in first.scope.inputs:
            several = len(ports) > 1
            names += [f"{word}{i}" if several else word for i in range(len(ports))]
        if not names:
            names = [port.node.path for port in first.inputs]
        self.plan.inputs = tuple(names[position] for position in kept)

    def _check_homes(self) -> None:
        """Split instances that keep different modules at one path: an object has room for one."""
        everyone = range(len(self.instances))
        if not self.joins.decisions:
            return
        known: dict[MergedPath, frozenset[int]] = {}
        for path, who in _homes(self.plan.units, frozenset(everyone)):
            for other, before in known.items():
                common = min(len(path), len(other))
                if path[:common] == other[:common] and who.isdisjoint(before):
                    raise Split([(i in who,) if i in who | before else None for i in everyone])
            known[path] = known.get(path, frozenset()) | who

    def around(self, who: list[int]) -> tuple[Merger, list[int]]:
        """What merges the whole instances, and the number of the instance of each."""
        return self, who

    def root_units(self, index: int) -> list[Unit]:
        """All units of the block instance that an instance is, or is a part of."""
        return self.instances[index].units

    def snapshot(self) -> Callable[..., None]:
        """Remember what merging changes; gives what puts it back, for loops that failed."""
        plan = self.plan
        parameters, extra = dict(plan.parameters), dict(plan.extra)
        decisions = len(self.joins.decisions)

        def undo(column: list[LoopUnit], who: list[int], start: int = 0) -> None:
            plan.parameters.clear()
            plan.parameters.update(parameters)
            plan.extra.clear()
            plan.extra.update(extra)
            del self.joins.decisions[decisions:]
            for unit, index in zip(column, who, strict=True):
                for turn in unit.turns[start:]:
                    for each in flatten(turn):
                        for port in each.outputs:
                            self.refs[index].pop(id(port), None)

        return undo

    # --- lists of units

    def merged(self, lists: list[list[Unit]], who: list[int]) -> list[Merged]:
        """Merge lists of units, one an instance of those that `who` numbers."""
        self.words.agree([len(units) for units in lists], who)
        result: list[Merged] = []
        for position in range(len(lists[0])):
            column = [units[position] for units in lists]
            self.words.agree([type(unit).__name__ for unit in column], who)
            first = column[0]
            made: Merged | None = None
            if isinstance(first, OpUnit):
                made = self._op(column, who)
            elif isinstance(first, CallUnit):
                made = self._call(column, who)
            elif isinstance(first, Row):
                made = self._row(column, who)
            elif isinstance(first, LoopUnit):
                result += self._loop(column, who)
            else:
                result += self._decision(column, who)
            if made is not None:
                self.joins.made(made)
                result.append(made)
        return result

    def _loop(self, column: list[Any], who: list[int]) -> list[Merged]:
        """Merge a loop: as a loop if its turns are alike, else turn by turn."""
        made = self.loops(self, column, who)
        if made is not None:
            for each in made[-1:]:
                self.joins.made(each)
            return made
        counts = [len(unit.turns) for unit in column]
        self.words.agree(list(counts), who)
        result: list[Merged] = []
        for turn in range(counts[0]):
            result += self.merged([unit.turns[turn] for unit in column], who)
        return result

    def _made(self, number: int, column: list[Any], who: list[int]) -> None:
        for unit, index in zip(column, who, strict=True):
            for output, port in enumerate(unit.outputs):
                self.refs[index].setdefault(id(port), Ref(number, output))

    def _inputs(
        self, column: list[Any], who: list[int], kept: Iterable[int] | None = None
    ) -> tuple[Value, ...]:
        self.words.agree([len(unit.inputs) for unit in column], who)
        positions = range(len(column[0].inputs)) if kept is None else kept
        return tuple(self.value([unit.inputs[i] for unit in column], who) for i in positions)

    def _names(self, column: list[Any], who: list[int]) -> tuple[str | None, ...]:
        """How the spec names each output, in the first instance that does."""
        result: list[str | None] = []
        for output in range(len(column[0].outputs)):
            words = (
                self.instances[index].names.get(id(unit.outputs[output]))
                for unit, index in zip(column, who, strict=True)
                if output < len(unit.outputs)
            )
            result.append(next((word for word in words if word is not None), None))
        return tuple(result)

    def _shape(self, column: list[Any]) -> Shape | None:
        shapes = [unit.outputs[0].shape for unit in column if unit.outputs]
        return shapes[0] if shapes and all_equal(list(shapes)) else None

    def _op(self, column: list[Any], who: list[int]) -> MergedOp:
        first = column[0]
        kind = first.node.op.name
        kinds = [unit.node.op.name for unit in column]
        handed = None if all_equal(kinds) else given.step(self, column, who)
        if handed is None:
            self.words.agree(list(kinds), who)
        inputs = self._inputs(column, who)
        if handed is None:
            parts = {}
            for part in ("flow", "module", "standalone"):
                codes = [getattr(unit.lowered, part) for unit in column]
                parts[part] = self.words.code(codes, who)
            comment = first.lowered.comment
            lowered = Lowered(parts["flow"], parts["module"], parts["standalone"], comment)
            path = self.path(column, who)
        else:
            kind, path, lowered = handed
        number = next(self.numbers)
        self._made(number, column, who)
        return MergedOp(
            number,
            path,
            kind,
            lowered,
            inputs,
            len(first.outputs),
            first.target,
            self._names(column, who),
            self._shape(column),
            {index: unit.path for unit, index in zip(column, who, strict=True)},
            tuple(unit.node.index for unit in column),
        )

    def path(self, column: list[Any], who: list[int]) -> MergedPath:
        """The path of units that are to be one."""

        def free(path: Path) -> Hashable:
            # Members that are called by their positions may differ in them: what stands before one
            # may be absent. Functions count.
            if not (self.counts or self.plan.functional):
                return path
            return tuple("#" if segment.isdigit() else segment for segment in path)

        self.words.agree([free(unit.path) for unit in column], who)
        first: Path = column[0].path
        return first

    def _call(self, column: list[Any], who: list[int]) -> MergedCall:
        plans = [self.plan_of(unit.scope) for unit in column]
        self.words.agree([id(each) for each in plans], who)
        path = self.path(column, who)
        plan = plans[0]
        inputs = self._inputs(column, who, plan.kept)
        arguments: dict[str, Leaf] = {}
        for key in plan.parameters:
            if given.is_layer(plan, key):
                arguments[key] = given.argument(self, plan, key, column, who)
                continue
            leaves = []
            for unit in column:
                value = unit.arguments.get(key, plan.value(key, unit.scope))
                said = value.expression if isinstance(value, Written) else None
                hint = "in_channels" if key.endswith(".channels") else key
                leaves.append(Leaf(plain(value), said, hint))
            arguments[key] = self.words.leaf(leaves, who)
        first = column[0]
        number = next(self.numbers)
        self._made(number, column, who)
        return MergedCall(
            number,
            path,
            plan,
            arguments,
            inputs,
            len(first.outputs),
            first.target,
            self._names(column, who),
            self._shape(column),
            {index: unit.path for unit, index in zip(column, who, strict=True)},
        )

    def _row(self, column: list[Any], who: list[int]) -> MergedRow:
        path = self.path(column, who)
        self.words.agree([unit.numbered for unit in column], who)
        first = column[0]
        inputs = self._inputs(column, who)
        counts, self.counts = self.counts, first.numbered
        self.in_row += 1
        try:
            members = self.merged([unit.members for unit in column], who)
        finally:
            self.in_row -= 1
            self.counts = counts
        number = next(self.numbers)
        for unit, index in zip(column, who, strict=True):
            self.refs[index][id(unit.outputs[0])] = Ref(number, 0)
        return MergedRow(
            number,
            path,
            members,
            inputs,
            first.target,
            self._names(column, who),
            self._shape(column),
            first.numbered,
        )

    # --- decisions

    def _decision(self, column: list[Any], who: list[int]) -> list[Merged]:
        taken = [unit.taken for unit in column]
        if all_equal(list(taken)):
            return self.merged([unit.body for unit in column], who)
        if any(each > 1 for each in taken):
            self.words.agree(list(taken), who)
        if not any(flatten(unit.body) for unit in column):
            return []
        tests = []
        for unit in column:
            test = unit.tests[0]
            said = test.expression if isinstance(test, Written) else None
            tests.append(Leaf(plain(test), said, "with_branch"))
        number = next(self.numbers)
        hint = flag_name(column)
        leaf = self.words.leaf([Leaf(each.value, each.expression, hint) for each in tests], who)
        arms = []
        for arm in (0, 1):
            inside = [(u, i) for u, i in zip(column, who, strict=True) if u.taken == arm]
            bodies = [unit.body for unit, _ in inside]
            with self.joins.arm(number, arm):
                arms.append(self.merged(bodies, [index for _, index in inside]))
        choice = dict(zip(who, taken, strict=True))
        decision = MergedDecision(number, leaf, (arms[0], arms[1]), choice)
        self.joins.made(decision)
        return [decision]

    def value(self, column: list[Any], who: list[int]) -> Value:
        """The value that ports stand for, one an instance of those that `who` numbers."""
        refs = {}
        for port, index in zip(column, who, strict=True):
            ref = self.refs[index].get(id(port))
            if ref is None:
                raise Split([(i,) for i in range(len(self.instances))])
            refs[index] = ref
        value = self._twin(column, refs) or self._member(refs) or self.joins.resolve(refs)
        if value is None:
            self.words.agree([refs[index] for index in who], who)
            raise AssertionError("refs that agree are resolved")
        return value

    def _member(self, refs: dict[int, Value]) -> Value | None:
        """What members of a row read: a row's object hands on what there is."""
        if not self.in_row or self.plan.functional:
            return None
        distinct = set(refs.values())
        return distinct.pop() if len(distinct) == 1 else None

    def _twin(self, column: list[Any], refs: dict[int, Value]) -> Value | None:
        """The input that ports are in every instance, where some are several inputs."""
        if not any(self.twins[index] for index in refs):
            return None
        several = [
            self.twins[index].get(id(port), [ref])
            for port, (index, ref) in zip(column, refs.items(), strict=True)
        ]
        common = (each for each in several[0] if all(each in other for other in several[1:]))
        return next(common, None)


def _homes(units: list[Merged], who: frozenset[int]) -> Iterator[tuple[MergedPath, frozenset[int]]]:
    """The paths at which units keep modules, and the instances that do, of those that `who` has."""
    for unit in units:
        if isinstance(unit, MergedDecision):
            for number, arm in enumerate(unit.arms):
                yield from _homes(arm, frozenset(i for i in who if unit.taken.get(i) == number))
        elif isinstance(unit, MergedLoop):
            yield from _homes(unit.body, who)
        elif not isinstance(unit, MergedOp) or unit.lowered.module is not None:
            yield unit.path, who
