"""The body of an emitted function: one layer a statement, as Keras's functional style has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from cnnspec.emit.code import Call, Code, IfElse, Infix, Keyword, Leaf, Raw
from cnnspec.emit.merged import (
    Carry,
    Merged,
    MergedCall,
    MergedDecision,
    MergedLoop,
    MergedOp,
    Phi,
    Plan,
    Ref,
    Value,
)
from cnnspec.emit.names import is_identifier, says_only
from cnnspec.emit.printer import fill, statement
from cnnspec.emit.signature import Signature, resolved
from cnnspec.emit.turns import turns
from cnnspec_keras.application import activated, activation_for, decided, named, taken_apart
from cnnspec_keras.counters import Counters
from cnnspec_keras.names import layer_label
from cnnspec_keras.reads import Reads
from cnnspec_keras.spoken import printed_in


@dataclass(frozen=True, slots=True)
class Functions:
    """What is known of the functions that are written already, by plan."""

    names: Mapping[int, str]
    signatures: Mapping[int, Signature]


class Body:
    """Writes the statements of one function."""

    def __init__(
        self,
        plan: Plan,
        functions: Functions,
        reserved: frozenset[str],
        *,
        outputs: frozenset[str] | None = None,
        keep: bool = False,
    ) -> None:
        self.plan = plan
        self.functions = functions
        #: The names of the network's outputs; None in a block.
        self.outputs = outputs
        self.network = outputs is not None
        self.lines: list[str] = []
        self.indent = 4
        #: The function's words, those of the loops around a statement too.
        self._words = functions.signatures[id(plan)]
        own = self._words.names
        self._reads = Reads(plan, functions.signatures, keep=keep)
        self._counters = Counters(plan, set(own.values()) | reserved)
        self._reserved = reserved | set(own.values()) | self._counters.names
        self._names: dict[Value, str] = {}
        #: The variables that values are to end up in.
        self._wanted: dict[Value, str] = {}
        #: Variables that hold what is read after the statements around.
        self._held: set[str] = set()
        self.arguments: list[str] = []
        for index, word in enumerate(plan.inputs):
            name = self._unused((word,), set(self.arguments))
            self.arguments.append(name)
            self._names[Ref(None, index)] = name

    def results(self) -> list[str]:
        """The variables that hold what the function gives back."""
        return [self._names[value] for value in self.plan.results]

    # --- steps

    def run(self, units: list[Merged], *, last: bool = False) -> None:
        """Write units in order; with `last` the function's one result is returned at once."""
        position = 0
        while position < len(units):
            unit = units[position]
            position += 1
            match unit:
                case MergedDecision():
                    self._branch(unit)
                case MergedLoop():
                    self._loop(unit)
                case MergedOp():
                    after = units[position] if position < len(units) else None
                    alone = self._reads.left[Ref(unit.number, 0)] == 1
                    word = activation_for(unit, after) if alone else None
                    final = unit
                    if word is not None and isinstance(after, MergedOp):
                        position, final = position + 1, after
                    self._op(unit, final, word, ending=last and position == len(units))
                case MergedCall():
                    self._call(unit, ending=last and position == len(units))
                case _:
                    raise TypeError("a functional plan has no sequences")

    def _op(self, unit: MergedOp, final: MergedOp, word: str | None, *, ending: bool) -> None:
        """Write a step, one statement a layer; `final` is the step whose value it makes."""
        flow = resolved(unit.lowered.flow, self._saying())
        flow = fill(flow, [Raw(self._names[each]) for each in unit.inputs], None)
        layers, given = taken_apart(decided(named(flow, partial(self._layer_name, unit))))
        if word is not None:
            layers[-1] = activated(layers[-1], word)
        flowing = self._flowing(unit)
        self._reads.spend(self._reads.of(unit))
        if final is not unit:
            self._reads.spend([Ref(unit.number, 0)])
        comment = unit.lowered.comment
        for layer in layers[:-1]:
            name = self._free(*self._said(final, flowing))
            if isinstance(layer, IfElse):
                self._perhaps(name, layer, given, comment)
            else:
                self._write(f"{name} = ", Call(layer, (given,)), comment)
            given, comment = Raw(name), None
        code = Call(layers[-1], (given,)) if layers else given
        self._result(final, code, flowing, comment, ending=ending)

    def _perhaps(self, name: str, layer: IfElse, given: Code, comment: str | None) -> None:
        """Write a layer that some instances of the block do without."""
        if given != Raw(name):
            self._write(f"{name} = ", given)
        self.lines += statement("if ", layer.test, indent=self.indent, suffix=":")
        self.indent += 4
        self._write(f"{name} = ", Call(layer.yes, (Raw(name),)), comment)
        self.indent -= 4

    def _call(self, unit: MergedCall, *, ending: bool) -> None:
        signature = self.functions.signatures[id(unit.plan)]
        words = self._saying()
        positional: list[Code] = [Raw(self._names[each]) for each in unit.inputs]
        keywords: list[Keyword] = []
        for parameter in signature.parameters:
            code = resolved(unit.arguments[parameter.key], words)
            if parameter.keyword_only:
                keywords.append(Keyword(parameter.name, code, parameter.default))
            else:
                positional.append(code)
        keywords.append(Keyword("name", self._layer_name(unit)))
        function = Raw(self.functions.names[id(unit.plan)])
        flowing = self._flowing(unit)
        self._reads.spend(self._reads.of(unit))
        code = Call(function, tuple(positional), tuple(keywords))
        note = None
        if self.network and unit.shape is not None and unit.shape.is_image:
            note = " x ".join(map(str, (*unit.shape[1:], unit.shape[0])))
        self._result(unit, code, flowing, None, note=note, ending=ending)

    def _result(
        self,
        unit: MergedOp | MergedCall,
        code: Code,
        flowing: str,
        comment: str | None,
        *,
        note: str | None = None,
        ending: bool,
    ) -> None:
        """Write the statement that gives a unit's values their names, or gives them back."""
        values = [Ref(unit.number, index) for index in range(unit.outputs)]
        if ending and tuple(values) == self.plan.results:
            self._write("return ", code, comment)
            return
        said = self._said(unit, flowing)
        if unit.outputs == 1:
            first = self._wanted.get(values[0]) or unit.names[0]
            self._names[values[0]] = self._free(*((first,) if first else ()), *said)
            self._write(f"{self._names[values[0]]} = ", code, comment, note)
            return
        names: list[str] = []
        for index, value in enumerate(values):
            word = self._wanted.get(value) or unit.names[index] or f"{said[0]}{index + 1}"
            name = self._free(word, more=names) if self._reads.left[value] else "_"
            names.append(name)
            self._names[value] = name
        self._write(f"{', '.join(names)} = ", code, comment)

    def _write(
        self, prefix: str, code: Code, comment: str | None = None, note: str | None = None
    ) -> None:
        """Write one statement; a comment that does not fit beside it stands above it."""
        written = statement(prefix, code, indent=self.indent, comment=comment or note)
        if comment and "#" not in written[0]:
            self.lines.append(f"{' ' * self.indent}# {comment}")
        self.lines += written

    # --- decisions

    def _branch(self, unit: MergedDecision) -> None:
        test = resolved(unit.test, self._saying())
        reads = self._reads
        reads.spend(reads.of(unit))
        phis = reads.phis.get(unit.number, [])
        inside = [reads.within(arm) + reads.chosen(unit, n) for n, arm in enumerate(unit.arms)]
        names: list[str] = []
        given: dict[str, Value] = {}
        for phi in phis:
            name, before = self._phi_name(phi, unit, names, Counter(inside[0] + inside[1]))
            names.append(name)
            if before is not None:
                given[name] = before
        arms: list[list[str]] = []
        outer, known, holding = self.lines, dict(self._names), self._held
        self.indent += 4
        for number, arm in enumerate(unit.arms):
            self.lines, self._names = [], dict(known)
            reads.spend(inside[1 - number])  # the other arm does not happen in this one
            chosen = dict(zip(names, reads.chosen(unit, number), strict=True))
            self._wanted.update({value: name for name, value in chosen.items()})
            self._held = holding | {n for n, value in given.items() if chosen[n] is value}
            self.run(arm)
            for name, value in chosen.items():
                reads.spend([value])
                if self._names[value] != name and given.get(name) is not value:
                    self._write(f"{name} = ", Raw(self._names[value]))
            reads.left.update(inside[1 - number])
            arms.append(self.lines)
        for arm_lines, counting in zip(arms, self._counters.steps(unit), strict=True):
            arm_lines += [f"{' ' * self.indent}{line}" for line in counting]
        self.indent -= 4
        self.lines, self._names, self._held = outer, known, holding
        if self.indent == 4:
            self.lines += self._counters.begin(arms[0] + arms[1])
        if not arms[0]:
            arms.reverse()
            test = Infix("not", (test,))
        if arms[0]:
            self.lines += [*statement("if ", test, indent=self.indent, suffix=":"), *arms[0]]
        if arms[1]:
            self.lines += [f"{' ' * self.indent}else:", *arms[1]]
        for phi, name in zip(phis, names, strict=True):
            self._names[phi] = name

    def _phi_name(
        self, phi: Phi, unit: MergedDecision, names: list[str], inside: Counter[Value]
    ) -> tuple[str, Value | None]:
        """Name what a decision chooses: as the spec names it, going on with a variable if it can.

        A value that comes from before the decision is given the name there, and comes along.
        """
        made = {each.number: each for arm in unit.arms for each in arm}
        said: str | None = None
        before: Value | None = None
        for _, value in phi.arms:
            if value in self._names:
                before = before or value
            elif isinstance(value, Ref) and value.unit is not None:
                source = made.get(value.unit)
                if isinstance(source, MergedOp | MergedCall):
                    said = said or source.names[value.index] or source.target
        if before is None:
            return self._free(said or self._names[Ref(None, 0)], more=names), None
        holding = self._names[before]
        ends = self._reads.left[before] <= inside[before]
        if said in (None, holding) and ends and holding not in names:
            return holding, None
        name = self._free(said or holding, more=names)
        self._write(f"{name} = ", Raw(holding))
        return name, before

    # --- loops

    def _loop(self, unit: MergedLoop) -> None:
        reads = self._reads
        outside = self._words
        printed = list(printed_in(unit.body, self.functions.signatures))
        inside_words = self._words.inside(unit, printed, self._reserved)
        variable, over = turns(unit, inside_words.saying(self._channels()), printed)
        reads.spend(reads.of(unit))
        inside = reads.within(unit.body)
        names: list[str] = []
        for position, carried in enumerate(unit.carried):
            holding = self._names[carried.initial]
            ends = not reads.left[carried.initial]
            if not ends or holding in names or carried.name not in (None, holding):
                name = self._free(carried.name or holding, more=names)
                if name != holding:
                    self._write(f"{name} = ", Raw(holding))
                holding = name
            names.append(holding)
            self._names[Carry(unit.number, position)] = holding
            self._wanted[carried.following] = holding
        outer, known, held = self.lines, dict(self._names), self._held
        own = {Carry(unit.number, position) for position in range(len(names))}
        self._held = held | {self._names[v] for v in inside if v in self._names and v not in own}
        self._words, reserved = inside_words, self._reserved
        self._reserved |= set(variable.split(", "))
        self.lines, self.indent = [], self.indent + 4
        self.run(unit.body)
        late = []
        for carried, name in zip(unit.carried, names, strict=True):
            reads.spend([carried.following])
            if self._names[carried.following] != name:
                late.append((name, self._names[carried.following]))
        if late:
            targets = ", ".join(name for name, _ in late)
            self._write(f"{targets} = ", Raw(", ".join(value for _, value in late)))
        body = self.lines
        self.lines, self.indent = outer, self.indent - 4
        self._words, self._reserved = outside, reserved
        self._names, self._held = known, held
        self.lines += statement(f"for {variable} in ", over, indent=self.indent, suffix=":")
        self.lines += body
        for position, name in enumerate(names):
            self._names[Ref(unit.number, position)] = name

    # --- names

    def _channels(self) -> Mapping[str, str]:
        """How expressions say tensors' channels just now: they are a tensor's last axis."""
        return {
            key: f"{self._names[value]}.shape[-1]"
            for key, value in self._reads.channels.items()
            if value in self._names
        }

    def _saying(self) -> Signature:
        """The function's words just now."""
        return self._words.saying(self._channels())

    def _flowing(self, unit: MergedOp | MergedCall) -> str:
        """The variable that a step goes on with where the spec names nothing: what flows in."""
        return self._names[unit.inputs[0]] if unit.inputs else "x"

    def _said(self, unit: MergedOp | MergedCall, flowing: str) -> tuple[str, ...]:
        """What to call a result, first choice first: as the statement does, what flows in, a label.

        What a network puts out takes its name at the end of its statement.
        """
        value = Ref(unit.number, 0)
        outputs = self.outputs or frozenset()
        passing = value not in self.plan.results and unit.target in outputs
        label = unit.path[0] if isinstance(unit.path[0], str) else ""
        whole = isinstance(unit, MergedCall) or len(unit.path) > 1
        kind: str = unit.kind if isinstance(unit, MergedOp) else unit.plan.name
        labelled = whole and is_identifier(label) and not says_only(label, kind)
        return (
            *((unit.target,) if unit.target and not passing else ()),
            flowing,
            *((label,) if labelled and not self.network else ()),
        )

    def _free(self, *wanted: str, more: list[str] | None = None) -> str:
        """A variable's name that holds nothing that is read later."""
        live = {name for value, name in self._names.items() if self._reads.left[value] > 0}
        return self._unused(wanted, live | self._held | set(more or ()))

    def _unused(self, wanted: tuple[str, ...], taken: set[str]) -> str:
        first: str = wanted[0] if is_identifier(wanted[0]) else f"{wanted[0]}_"
        while first in self._reserved:
            first += "_"
        counted = (f"{first}{count}" for count in range(2, len(taken) + 4))
        usual = ("x", "y") if self.network else ("y",)
        name: str
        for name in (first, *wanted[1:], *usual, *counted):
            if name not in taken and name not in self._reserved:
                return name
        raise AssertionError("there are more names than are taken")

    def _layer_name(self, unit: MergedOp | MergedCall, word: str = "") -> Code:
        """Write a layer's name: below the block's own, or as it is in the network."""
        numbers: dict[int, str] = {}
        if all(isinstance(segment, str) for segment in unit.path):
            numbers = self._counters.numbers(unit)

        def number(leaf: Leaf) -> Any:
            return resolved(leaf, self._saying())

        text = layer_label(unit.path, numbers, number)
        text = "_".join([*([] if self.network else ["{name}"]), text, *([word] if word else [])])
        return Raw(f'f"{text}"') if "{" in text else Leaf(text)
