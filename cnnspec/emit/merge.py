"""All instances of one block held side by side: one plan if they agree, else a split into parts.

Instances agree if they do the same steps in the same order, up to numbers that can be written in
the block's parameters and up to decisions. Whatever cannot be merged honestly is split.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from cnnspec.emit.code import Code, Leaf
from cnnspec.emit.lowering import Lowered
from cnnspec.emit.units import CallUnit, Decision, Instance, OpUnit, Path, Row, Unit
from cnnspec.expression import Expression, Written, evaluate, literal, plain, substitute
from cnnspec.graph import Scope
from cnnspec.shapes import Shape


class Split(Exception):
    """Instances that do not agree, with what tells them apart, one key an instance."""

    def __init__(self, keys: list[Hashable]) -> None:
        super().__init__()
        self.keys = keys


@dataclass(frozen=True, slots=True)
class Ref:
    """A value: an input of the block (`unit` None), or an output of a merged step."""

    unit: int | None
    index: int


@dataclass(frozen=True, slots=True)
class Phi:
    """A value that a decision chooses: by arm."""

    decision: int
    arms: tuple[tuple[int, Value], ...]


Value = Ref | Phi


@dataclass(slots=True, eq=False)
class MergedOp:
    """One operator in every instance that has it."""

    number: int
    path: Path
    kind: str
    lowered: Lowered
    inputs: tuple[Value, ...]
    outputs: int
    target: str | None
    names: tuple[str | None, ...]
    shape: Shape | None


@dataclass(slots=True, eq=False)
class MergedCall:
    """One block call: the plan of its class, and its arguments by parameter."""

    number: int
    path: Path
    plan: Plan
    arguments: Mapping[str, Leaf]
    inputs: tuple[Value, ...]
    outputs: int
    target: str | None
    names: tuple[str | None, ...]
    shape: Shape | None


@dataclass(slots=True, eq=False)
class MergedRow:
    """A chain of members in a container of its own."""

    number: int
    path: Path
    members: list[Merged]
    inputs: tuple[Value, ...]
    target: str | None
    names: tuple[str | None, ...]
    shape: Shape | None
    outputs: int = 1


@dataclass(slots=True, eq=False)
class MergedDecision:
    """A decision that instances take differently: what is done in arm 0 and in arm 1."""

    number: int
    test: Leaf
    arms: tuple[list[Merged], list[Merged]]


Merged = MergedOp | MergedCall | MergedRow | MergedDecision


@dataclass(slots=True, eq=False)
class Plan:
    """One class to write: what it does, and the parameters that its constructor needs."""

    name: str
    definition: Any
    instances: list[Instance]
    units: list[Merged] = field(default_factory=list)
    results: tuple[Value, ...] = ()
    inputs: tuple[str, ...] = ()
    is_row: bool = False
    #: Parameter name (as in expressions, or an extra one) to its value in each instance.
    parameters: dict[str, list[Any]] = field(default_factory=dict)
    #: Parameters that are not the block's own: a value that depends on height or width, a flag.
    extra: dict[str, list[Any]] = field(default_factory=dict)


def _all_equal(values: list[Any]) -> bool:
    first = values[0]
    return all(type(each) is type(first) and each == first for each in values[1:])


class Merger:
    """Merges the instances of one plan."""

    def __init__(
        self, plan: Plan, open_names: frozenset[str], plan_of: Callable[[Scope], Plan]
    ) -> None:
        self.plan = plan
        self.instances = plan.instances
        self.plan_of = plan_of
        values = [each.values for each in self.instances]
        shared = set(values[0]).intersection(*values[1:])
        #: Parameters that are the same everywhere and that nothing outside sets: literals.
        self.fixed = {
            key: literal(values[0][key])
            for key in sorted(shared)
            if key not in open_names
            and isinstance(values[0][key], bool | int | float)
            and _all_equal([each[key] for each in values])
        }
        self.open = open_names
        self._next = 0
        self._refs: list[dict[int, Ref]] = []
        self._decisions: list[tuple[int, dict[int, int]]] = []
        self._decided: dict[int, dict[int, int]] = {}

    def merge(self) -> None:
        """Fill the plan; raises Split where the instances do not agree."""
        counts = [len(each.inputs) for each in self.instances]
        self._agree(list(counts))
        for each in self.instances:
            refs: dict[int, Ref] = {}
            for index, port in enumerate(each.inputs):
                refs.setdefault(id(port), Ref(None, index))
            self._refs.append(refs)
        everyone = list(range(len(self.instances)))
        self.plan.units = self._list([each.units for each in self.instances], everyone, ())
        vectors = [each.results for each in self.instances]
        self._agree([len(each) for each in vectors])
        self.plan.results = tuple(
            self._value([each[i] for each in vectors], everyone) for i in range(len(vectors[0]))
        )
        first = self.instances[0]
        names = []
        for word, ports in first.scope.inputs:
            several = len(ports) > 1
            names += [f"{word}{i}" if several else word for i in range(len(ports))]
        if not names:
            names = [port.node.path for port in first.inputs]
        self.plan.inputs = tuple(names)
        rows = [each.is_row for each in self.instances]
        self._agree(list(rows))
        self.plan.is_row = rows[0]

    def _agree(self, keys: list[Hashable], who: list[int] | None = None) -> None:
        if _all_equal(keys):
            return
        members = list(range(len(self.instances))) if who is None else who
        full: list[Hashable] = [None] * len(self.instances)
        for index, key in zip(members, keys, strict=True):
            full[index] = (key,)
        raise Split(full)

    # --- lists of units

    def _list(self, lists: list[list[Unit]], who: list[int], depth: Path) -> list[Merged]:
        self._agree([len(units) for units in lists], who)
        result: list[Merged] = []
        for position in range(len(lists[0])):
            column = [units[position] for units in lists]
            self._agree([type(unit).__name__ for unit in column], who)
            first = column[0]
            if isinstance(first, OpUnit):
                result.append(self._op(column, who))
            elif isinstance(first, CallUnit):
                result.append(self._call(column, who))
            elif isinstance(first, Row):
                result.append(self._row(column, who, depth))
            else:
                result += self._decision(column, who, depth)
        return result

    def _number(self) -> int:
        self._next += 1
        return self._next - 1

    def _made(self, number: int, column: list[Any], who: list[int]) -> None:
        for unit, index in zip(column, who, strict=True):
            for output, port in enumerate(unit.outputs):
                self._refs[index].setdefault(id(port), Ref(number, output))

    def _inputs(self, column: list[Any], who: list[int]) -> tuple[Value, ...]:
        self._agree([len(unit.inputs) for unit in column], who)
        return tuple(
            self._value([unit.inputs[i] for unit in column], who)
            for i in range(len(column[0].inputs))
        )

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
        return shapes[0] if shapes and _all_equal(list(shapes)) else None

    def _op(self, column: list[Any], who: list[int]) -> MergedOp:
        self._agree([unit.node.op.name for unit in column], who)
        inputs = self._inputs(column, who)
        first = column[0]
        parts = {}
        for part in ("flow", "module", "standalone"):
            codes = [getattr(unit.lowered, part) for unit in column]
            parts[part] = self._code(codes, who)
        lowered = Lowered(
            parts["flow"], parts["module"], parts["standalone"], first.lowered.comment
        )
        number = self._number()
        self._made(number, column, who)
        self._same_path(column, who)
        return MergedOp(
            number,
            first.path,
            first.node.op.name,
            lowered,
            inputs,
            len(first.outputs),
            first.target,
            self._names(column, who),
            self._shape(column),
        )

    def _same_path(self, column: list[Any], who: list[int]) -> None:
        def free(path: Path) -> Hashable:
            # A number in a row may differ: what stands before it may be absent.
            return tuple("#" if segment.isdigit() else segment for segment in path)

        self._agree([free(unit.path) for unit in column], who)

    def _call(self, column: list[Any], who: list[int]) -> MergedCall:
        plans = [self.plan_of(unit.scope) for unit in column]
        self._agree([id(each) for each in plans], who)
        self._same_path(column, who)
        plan = plans[0]
        inputs = self._inputs(column, who)
        arguments: dict[str, Leaf] = {}
        for key in plan.parameters:
            leaves = []
            for unit in column:
                value = unit.arguments.get(key, _inside(plan, unit.scope, key))
                said = value.expression if isinstance(value, Written) else None
                hint = "in_channels" if key.endswith(".channels") else key
                leaves.append(Leaf(plain(value), said, hint))
            arguments[key] = self._leaf(leaves, who)
        first = column[0]
        number = self._number()
        self._made(number, column, who)
        return MergedCall(
            number,
            first.path,
            plan,
            arguments,
            inputs,
            len(first.outputs),
            first.target,
            self._names(column, who),
            self._shape(column),
        )

    def _row(self, column: list[Any], who: list[int], depth: Path) -> MergedRow:
        self._agree([unit.path for unit in column], who)
        first = column[0]
        inputs = self._inputs(column, who)
        members = self._list([unit.members for unit in column], who, depth)
        number = self._number()
        for unit, index in zip(column, who, strict=True):
            self._refs[index][id(unit.outputs[0])] = Ref(number, 0)
        return MergedRow(
            number,
            first.path,
            members,
            inputs,
            first.target,
            self._names(column, who),
            self._shape(column),
        )

    # --- decisions

    def _decision(self, column: list[Any], who: list[int], depth: Path) -> list[Merged]:
        taken = [unit.taken for unit in column]
        if _all_equal(list(taken)):
            return self._list([unit.body for unit in column], who, depth)
        if any(each > 1 for each in taken):
            self._agree(list(taken), who)
        if not any(unit.body for unit in column):
            return []
        tests = []
        for unit in column:
            test = unit.tests[0]
            said = test.expression if isinstance(test, Written) else None
            tests.append(Leaf(plain(test), said, "with_branch"))
        number = self._number()
        hint = _hint(column)
        leaf = self._leaf([Leaf(each.value, each.expression, hint) for each in tests], who)
        arms = []
        for arm in (0, 1):
            inside = [(u, i) for u, i in zip(column, who, strict=True) if u.taken == arm]
            bodies = [unit.body for unit, _ in inside]
            arms.append(self._list(bodies, [index for _, index in inside], depth))
        choice = dict(zip(who, taken, strict=True))
        self._decisions.append((number, choice))
        return [MergedDecision(number, leaf, (arms[0], arms[1]))]

    def _value(self, column: list[Any], who: list[int]) -> Value:
        refs = {}
        for port, index in zip(column, who, strict=True):
            ref = self._refs[index].get(id(port))
            if ref is None:
                raise Split([(i,) for i in range(len(self.instances))])
            refs[index] = ref
        value = self._resolve(refs, len(self._decisions))
        if value is None:
            self._agree([refs[index] for index in who], who)
            raise AssertionError("refs that agree are resolved")
        return value

    def _resolve(self, refs: dict[int, Ref], before: int) -> Value | None:
        distinct = set(refs.values())
        if len(distinct) == 1:
            return distinct.pop()
        for position in range(before - 1, -1, -1):
            number, taken = self._decisions[position]
            if not refs.keys() <= taken.keys():
                continue
            arms = []
            for arm in (0, 1):
                part = {i: ref for i, ref in refs.items() if taken[i] == arm}
                if not part:
                    break
                value = self._resolve(part, position)
                if value is None:
                    break
                arms.append((arm, value))
            if len(arms) == 2:
                return Phi(number, tuple(arms))
        return None

    # --- code

    def _code(self, codes: list[Any], who: list[int]) -> Any:
        self._agree([type(each).__name__ for each in codes], who)
        first = codes[0]
        if isinstance(first, Leaf):
            return self._leaf(codes, who)
        if isinstance(first, tuple):
            self._agree([len(each) for each in codes], who)
            return tuple(self._code([each[i] for each in codes], who) for i in range(len(first)))
        if is_dataclass(first) and not isinstance(first, type):
            changed = {}
            for each in fields(first):
                parts = [getattr(code, each.name) for code in codes]
                changed[each.name] = (
                    first_of(parts) if each.name == "default" else self._code(parts, who)
                )
            return type(first)(**changed)
        self._agree([(type(each).__name__, each) for each in codes], who)
        return first

    def _leaf(self, leaves: list[Leaf], who: list[int]) -> Leaf:
        first = leaves[0]
        said = [leaf.expression for leaf in leaves if leaf.expression is not None]
        if _all_equal([leaf.value for leaf in leaves]) and not any(
            each.names & self.open for each in said
        ):
            return Leaf(first.value, None, first.hint)
        for candidate in dict.fromkeys(said):
            expression = simplify(substitute(candidate, self.fixed))
            if self._holds(expression, leaves, who):
                for name in expression.names:
                    self.plan.parameters.setdefault(
                        name, [each.values.get(name) for each in self.instances]
                    )
                if not expression.names:
                    return Leaf(first.value, None, first.hint)
                return Leaf(first.value, expression, first.hint)
        if any(isinstance(leaf.value, str) or leaf.value is None for leaf in leaves):
            self._agree([leaf.value for leaf in leaves], who)
        return self._extra(leaves, who)

    def _holds(self, expression: Expression, leaves: list[Leaf], who: list[int]) -> bool:
        for leaf, index in zip(leaves, who, strict=True):
            try:
                value = evaluate(expression, self.instances[index].values)
            except (KeyError, ArithmeticError, TypeError):
                return False
            if value != leaf.value or isinstance(value, bool) != isinstance(leaf.value, bool):
                return False
            if isinstance(value, float) != isinstance(leaf.value, float):
                return False
        return True

    def _extra(self, leaves: list[Leaf], who: list[int]) -> Leaf:
        # In instances that lack the step the value is not used; the first one's will do.
        values: list[Any] = [leaves[0].value] * len(self.instances)
        for leaf, index in zip(leaves, who, strict=True):
            values[index] = leaf.value
        for name, known in self.plan.extra.items():
            if known == values and all(
                type(a) is type(b) for a, b in zip(known, values, strict=True)
            ):
                return Leaf(leaves[0].value, Expression("name", value=name), leaves[0].hint)
        name, count = leaves[0].hint, 2
        taken = set(self.plan.extra) | set(self.instances[0].values)
        while name in taken:
            name, count = f"{leaves[0].hint}{count}", count + 1
        self.plan.extra[name] = self.plan.parameters[name] = values
        return Leaf(leaves[0].value, Expression("name", value=name), leaves[0].hint)


def first_of(values: list[Any]) -> Any:
    """The first of values that are the same."""
    return values[0]


def _hint(column: list[Any]) -> str:
    for unit in column:
        pending = list(unit.body)
        while pending:
            each = pending.pop(0)
            if isinstance(each, Decision):
                pending += each.body
            elif isinstance(each, OpUnit):
                return f"with_{each.node.op.name}"
            else:
                word = each.path[-1]
                return f"with_{word}" if word.isidentifier() else "with_branch"
    return "with_branch"


def _inside(plan: Plan, scope: Scope, key: str) -> Any:
    for position, instance in enumerate(plan.instances):
        if instance.scope is scope:
            return plan.parameters[key][position]
    raise KeyError(key)


def simplify(expression: Expression) -> Expression:
    """Work out what is literal, and drop `1 * x`, `x + 0` and the like."""
    if not expression.operands:
        return expression
    parts = tuple(simplify(each) for each in expression.operands)
    result = Expression(expression.operator, parts)
    if all(part.operator == "literal" for part in parts):
        try:
            return literal(evaluate(result, {}))
        except ArithmeticError:
            return result
    if len(parts) != 2:
        return result
    left, right = parts
    left_value = left.value if left.operator == "literal" else None
    right_value = right.value if right.operator == "literal" else None
    whole = (int,)
    if expression.operator == "*":
        if type(left_value) in whole and left_value == 1:
            return right
        if type(right_value) in whole and right_value == 1:
            return left
    if expression.operator == "+":
        if type(left_value) in whole and left_value == 0:
            return right
        if type(right_value) in whole and right_value == 0:
            return left
    if expression.operator in ("or", "and"):
        neutral = expression.operator == "and"
        if left_value is neutral:
            return right
        if right_value is neutral:
            return left
    return result


__all__ = ["Code", "Merger", "Plan", "Split"]
