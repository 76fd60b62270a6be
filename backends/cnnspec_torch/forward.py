"""The `forward` of an emitted class: the flow, chains nested as far as a reader likes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from cnnspec.emit.code import Call, Code, Infix, Inputs, Raw
from cnnspec.emit.merged import (
    Carry,
    Merged,
    MergedCall,
    MergedDecision,
    MergedLoop,
    MergedOp,
    MergedRow,
    Phi,
    Plan,
    Ref,
    Value,
    names_in,
    reads_of,
)
from cnnspec.emit.names import is_identifier, says_only
from cnnspec.emit.printer import expression, fill, statement
from cnnspec.emit.signature import resolved
from cnnspec.emit.turns import turns
from cnnspec_torch.constructor import Constructor

#: How many calls are nested in one expression before it gets a name.
NESTED = 3
WIDTH = 88


@dataclass(frozen=True, slots=True)
class Pending:
    """An expression that its only reader will take up."""

    code: Code
    depth: int
    reads: tuple[Value, ...]
    wanted: str
    comment: str | None = None


class Forward:
    """Writes the statements of one `forward`."""

    def __init__(
        self,
        plan: Plan,
        made: Constructor,
        reserved: frozenset[str],
        outputs: frozenset[str] = frozenset(),
    ) -> None:
        self.plan = plan
        self.made = made
        #: The names of a network's outputs; a block has none.
        self.outputs = outputs
        self.network = bool(outputs)
        self.reserved = reserved
        self.lines: list[str] = []
        self.indent = 8
        self.kept = made.kept
        self._names: dict[Value, str] = {}
        self._pending: dict[Value, Pending] = {}
        self._left: Counter[Value] = Counter()
        self._phis: dict[int, list[Phi]] = {}
        #: Values that end in a statement of their own: what is returned, chosen or handed on.
        self._destined: set[Value] = set(plan.results)
        self.arguments: list[str] = []
        for index, word in enumerate(plan.inputs):
            name = self._free(word, [])
            self.arguments.append(name)
            self._names[Ref(None, index)] = name

    # --- counting

    def count(self, units: list[Merged], results: tuple[Value, ...]) -> None:
        """Count how often each value is read, and which decisions choose values."""
        for unit in units:
            if isinstance(unit, MergedDecision):
                for arm in unit.arms:
                    self.count(list(arm), ())
                continue
            for value in unit.inputs:
                self._read(value)
            if isinstance(unit, MergedLoop):
                self.count(unit.body, tuple(each.following for each in unit.carried))
        for value in results:
            self._read(value)

    def _read(self, value: Value) -> None:
        self._left[value] += 1
        if isinstance(value, Phi) and self._left[value] == 1:
            self._phis.setdefault(value.decision, []).append(value)
            for _, inner in value.arms:
                self._read(inner)

    def is_identity(self, unit: MergedDecision) -> bool:
        """Whether a decision is one module that is there or passes its input on."""
        if unit.arms[1] or len(unit.arms[0]) != 1:
            return False
        inner = unit.arms[0][0]
        if isinstance(inner, MergedDecision | MergedLoop):
            return False
        if len(inner.inputs) != 1 or inner.outputs != 1:
            return False
        if isinstance(inner, MergedOp) and not (
            inner.lowered.module is not None
            and expression(fill(inner.lowered.flow, [Raw("x")], Raw("m"))) == "m(x)"
        ):
            return False
        if isinstance(inner, MergedRow) and len(inner.path) > 1:
            return False
        phis = self._phis.get(unit.number, [])
        wanted = ((0, Ref(inner.number, 0)), (1, inner.inputs[0]))
        return len(phis) == 1 and phis[0].arms == wanted and self._left[Ref(inner.number, 0)] == 1

    # --- statements

    def run(self, units: list[Merged], *, flush: bool = False) -> None:
        """Write units in order."""
        for unit in units:
            if isinstance(unit, MergedDecision):
                if self.is_identity(unit):
                    self._identity(unit)
                else:
                    self._branch(unit)
            elif isinstance(unit, MergedLoop):
                self._loop(unit)
            else:
                self._unit(unit)
        if flush:
            self.flush()

    def _identity(self, unit: MergedDecision) -> None:
        (inner,) = unit.arms[0]
        assert not isinstance(inner, MergedDecision | MergedLoop)
        (phi,) = self._phis[unit.number]
        self._left[inner.inputs[0]] -= 1  # the read of the arm that passes it on
        self._unit(inner, phi)

    def _unit(self, unit: MergedOp | MergedCall | MergedRow, value: Value | None = None) -> None:
        value = value or Ref(unit.number, 0)
        alone = self.network and self.indent == 8 and not isinstance(unit, MergedOp)
        module = Raw(self.made.attributes[unit.path]) if unit.path in self.made.attributes else None
        if isinstance(unit, MergedOp):
            flow = resolved(unit.lowered.flow, self.kept)
            comment = unit.lowered.comment
        else:
            assert module is not None
            flow, comment = Call(module, (Inputs(),)), None
        counted = 0 if isinstance(flow, Infix) else 1
        for source in unit.inputs:
            waiting = self._pending.get(source)
            if waiting and (alone or waiting.depth + counted > NESTED or waiting.comment):
                self._name_it(source)
        waits = [self._pending[each] for each in unit.inputs if each in self._pending]
        code = fill(flow, [self._code(each) for each in unit.inputs], module)
        reads = self._reads(unit.inputs)
        depth = max((each.depth for each in waits), default=0) + counted
        made = Pending(code, depth, reads, self._wanted(unit), comment)
        for source in unit.inputs:
            self._pending.pop(source, None)
        if unit.outputs > 1:
            self._unpack(unit, made)
        elif alone and not (value in self.plan.results and self._left[value] == 1):
            self._assign(value, made, str(unit.shape) if unit.shape is not None else None)
        elif self._left[value] == 1 and (value in self._destined or self._short(made)):
            self._pending[value] = made
        else:
            self._assign(value, made)

    def _wanted(self, unit: MergedOp | MergedCall | MergedRow) -> str:
        """How a result should be called: as the spec does, but as an output only at the end."""
        named = unit.names[0] if unit.names else None
        target = None if unit.target in self.outputs else unit.target
        return named or target or self._word(unit)

    def _word(self, unit: MergedOp | MergedCall | MergedRow) -> str:
        """Name a result that the spec does not: by its label, else as what flows in is named."""
        word = unit.path[0] if unit.path and isinstance(unit.path[0], str) else ""
        labelled = not (isinstance(unit, MergedOp) and says_only(word, unit.kind))
        if labelled and is_identifier(word) and not self.network:
            return word
        return self.arguments[0] if self.arguments and not self.network else "x"

    def _short(self, made: Pending) -> bool:
        return len(expression(made.code)) <= WIDTH - 24

    def _reads(self, values: tuple[Value, ...]) -> tuple[Value, ...]:
        result: list[Value] = []
        for value in values:
            result += self._pending[value].reads if value in self._pending else [value]
        return tuple(result)

    def _code(self, value: Value) -> Code:
        if value in self._pending:
            return self._pending[value].code
        return Raw(self._names[value])

    def _name_it(self, value: Value) -> None:
        if value in self._pending:
            self._assign(value, self._pending.pop(value))

    def flush(self) -> None:
        """Give every expression that waits a name."""
        for value in list(self._pending):
            self._name_it(value)

    def _spend(self, reads: tuple[Value, ...]) -> None:
        for value in reads:
            self._left[value] -= 1

    def _live(self) -> set[str]:
        return {name for value, name in self._names.items() if self._left[value] > 0}

    def _free(self, wanted: str, more: list[str]) -> str:
        name = wanted if is_identifier(wanted) else f"{wanted}_"
        while name in self.reserved:
            name += "_"
        taken = self._live() | set(more)
        base, count = name, 2
        while name in taken or name in self.reserved:
            name, count = f"{base}{count}", count + 1
        return name

    def _assign(self, value: Value, made: Pending, note: str | None = None) -> None:
        self._spend(made.reads)
        name = self._free(made.wanted, [])
        self._names[value] = name
        self.lines += statement(
            f"{name} = ", made.code, indent=self.indent, comment=made.comment or note
        )

    def _unpack(self, unit: MergedOp | MergedCall | MergedRow, made: Pending) -> None:
        self._spend(made.reads)
        names: list[str] = []
        for index in range(unit.outputs):
            value = Ref(unit.number, index)
            used = self._left[value] > 0
            said = unit.names[index] if index < len(unit.names) else None
            name = self._free(said or f"{unit.target or self._word(unit)}{index + 1}", names)
            names.append(name if used else "_")
            self._names[value] = name
        self.lines += statement(
            f"{', '.join(names)} = ", made.code, indent=self.indent, comment=made.comment
        )

    def _branch(self, unit: MergedDecision) -> None:
        self.flush()
        phis = self._phis.get(unit.number, [])
        flag = self.made.flags[unit.number]
        names: list[str] = []
        inside = Counter(reads_of(unit)) + Counter(v for phi in phis for _, v in phi.arms)
        for phi in phis:
            (_, yes), (_, no) = phi.arms
            self._destined |= {yes, no}
            name = self._phi_name((no, yes), names, inside)
            names.append(name)
        arms: list[list[str]] = []
        outer, before = self.lines, dict(self._names)
        self.indent += 4
        for number, arm in enumerate(unit.arms):
            self.lines = []
            self._names = dict(before)
            self.run(list(arm), flush=False)
            for phi, name in zip(phis, names, strict=True):
                value = phi.arms[number][1]
                code = self._code(value)
                pending = self._pending.pop(value, None)
                self._spend(pending.reads if pending else (value,))
                if expression(code) != name:
                    comment = pending.comment if pending else None
                    self.lines += statement(f"{name} = ", code, indent=self.indent, comment=comment)
            self.flush()
            arms.append(self.lines)
        self.indent -= 4
        self.lines, self._names = outer, before
        space = " " * self.indent
        if arms[0]:
            self.lines += [f"{space}if self.{flag}:", *arms[0]]
            if arms[1]:
                self.lines += [f"{space}else:", *arms[1]]
        elif arms[1]:
            self.lines += [f"{space}if not self.{flag}:", *arms[1]]
        for phi, name in zip(phis, names, strict=True):
            self._names[phi] = name

    def _loop(self, loop: MergedLoop) -> None:
        """Write a loop over modules, or over a count where its body has none."""
        self.flush()
        inside = [value for unit in loop.body for value in reads_of(unit)]
        # Whatever the body reads from outside is read again in the next turn.
        outside = [v for v in dict.fromkeys(inside) if v in self._names]
        self._left.update(outside)
        names: list[str] = []
        for position, carried in enumerate(loop.carried):
            self._destined.add(carried.following)
            self._left[carried.initial] -= 1
            known = self._names[carried.initial]
            if self._left[carried.initial] > 0 or known in names:
                name = self._free(carried.name or self.arguments[0], names)
                self._put(name, Raw(known))
            else:
                name = known
            names.append(name)
            self._names[Carry(loop.number, position)] = name
        outer, before = self.kept, dict(self._names)
        header = self._header(loop)
        self.lines.append(f"{' ' * self.indent}for {header}:")
        self.indent += 4
        self.run(loop.body)
        self._hand_on(loop, names)
        self.indent -= 4
        self.kept, self._names = outer, before
        self._spend(tuple(outside))
        for position, name in enumerate(names):
            self._names[Ref(loop.number, position)] = name

    def _header(self, loop: MergedLoop) -> str:
        """Write what a loop goes over; names its variables."""
        modules = self.made.modules.get(loop.number)
        flows = [unit.lowered.flow for unit in loop.body if isinstance(unit, MergedOp)]
        counted = loop.index in names_in(flows)
        self.kept = self.kept.inside(loop, flows)
        index = self.kept.names[loop.index]
        if modules is None:
            variable, source = turns(loop, self.kept, flows)
            return f"{variable} in {expression(source)}"
        layer = next(
            self.made.attributes[unit.path]
            for unit in loop.body
            if not isinstance(unit, MergedDecision | MergedLoop)
            and unit.path in self.made.attributes
        )
        if not counted:
            return f"{layer} in {modules}"
        start = loop.start + self.kept.offsets[loop.index]
        begin = f", {start}" if start else ""
        return f"{index}, {layer} in enumerate({modules}{begin})"

    def _hand_on(self, loop: MergedLoop, names: list[str]) -> None:
        """Give the carried variables what the next turn reads."""
        taken: list[tuple[str, Code]] = []
        for name, carried in zip(names, loop.carried, strict=True):
            code = self._code(carried.following)
            pending = self._pending.pop(carried.following, None)
            self._spend(pending.reads if pending else (carried.following,))
            if expression(code) != name:
                taken.append((name, code))
        self.flush()
        if len(taken) == 1:
            self._put(*taken[0])
        elif taken:
            targets = ", ".join(name for name, _ in taken)
            self._put(targets, Raw(", ".join(expression(code) for _, code in taken)))

    def _put(self, name: str, code: Code) -> None:
        self.lines += statement(f"{name} = ", code, indent=self.indent)

    def _phi_name(
        self, values: tuple[Value, Value], names: list[str], inside: Counter[Value]
    ) -> str:
        """Go on with a variable that nothing else reads after the decision, if there is one."""
        for value in values:
            name = self._names.get(value)
            if name is not None and self._left[value] <= inside[value] and name not in names:
                return name
        return self._free("y", names)

    def result(self, values: tuple[Value, ...], wrapper: str | None = None) -> None:
        """Write the return statement."""
        codes = [self._code(value) for value in values]
        comments = [self._pending[v].comment for v in values if v in self._pending]
        comment = next((each for each in comments if each), None)
        if wrapper is not None:
            code: Code = Call(Raw(wrapper), tuple(codes))
        elif len(codes) == 1:
            code = codes[0]
        else:
            code = Raw(", ".join(expression(each) for each in codes))
        self.lines += statement("return ", code, indent=self.indent, comment=comment)
