"""The body of an emitted function: one layer a statement, as Keras's functional style has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import partial
from typing import Any, Final

from cnnspec.emit.code import Call, Code, Infix, Keyword, Leaf, Raw
from cnnspec.emit.merged import (
    Merged,
    MergedCall,
    MergedDecision,
    MergedOp,
    MergedPath,
    MergedRow,
    Numbered,
    Phi,
    Plan,
    Ref,
    Value,
)
from cnnspec.emit.names import is_identifier
from cnnspec.emit.printer import expression, fill, statement
from cnnspec_keras.lowerings.activation import activation_of
from cnnspec_keras.lowerings.parts import LayerName
from cnnspec_keras.names import segment_name
from cnnspec_keras.signature import Signature, names_in, resolved, spoken_by

#: Layers that take an activation.
ACTIVATED: Final = frozenset(
    Raw(f"layers.{name}") for name in ("Conv2D", "DepthwiseConv2D", "Conv2DTranspose", "Dense")
)


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
        signature: Signature,
        functions: Functions,
        reserved: frozenset[str],
        *,
        network: bool,
        results: frozenset[str] = frozenset(),
        keep: bool = False,
    ) -> None:
        self._results = results
        self.plan = plan
        self.functions = functions
        self.network = network
        self.lines: list[str] = []
        self.indent = 4
        self._own = signature.names
        self._reserved = reserved | set(self._own.values())
        self._names: dict[Value, str] = {}
        self._left: Counter[Value] = Counter()
        self._phis: dict[int, list[Phi]] = {}
        self._wanted: dict[Value, str] = {}
        #: Variables that hold what the arm around does not make.
        self._held: set[str] = set()
        self._inputs = {f"{word}.channels": Ref(None, n) for n, word in enumerate(plan.inputs)}
        self.arguments: list[str] = []
        for index, word in enumerate(plan.inputs):
            name = self._unused((word,), set(self.arguments))
            self.arguments.append(name)
            self._names[Ref(None, index)] = name
        self._count(plan.units)
        for value in plan.results:
            self._read(value)
        if keep:  # for the model that is made of them at the end
            self._spend([Ref(None, index) for index in range(len(plan.inputs))], -1)

    # --- counting

    def _count(self, units: list[Merged]) -> None:
        """Count how often each value is read, channels and all."""
        for unit in units:
            for value in self._reads(unit):
                self._read(value)
            if isinstance(unit, MergedDecision):
                for arm in unit.arms:
                    self._count(arm)

    def _reads(self, unit: Merged) -> list[Value]:
        """The values that a unit's own text reads."""
        if isinstance(unit, MergedDecision):
            return self._channels(names_in(unit.test))
        spoken = spoken_by(unit, self.functions.signatures)
        return [*unit.inputs, *self._channels(spoken)]

    def _channels(self, words: Any) -> list[Value]:
        return [self._inputs[word] for word in words if word in self._inputs]

    def _read(self, value: Value) -> None:
        self._left[value] += 1
        if isinstance(value, Phi) and self._left[value] == 1:
            self._phis.setdefault(value.decision, []).append(value)
            for _, inner in value.arms:
                self._read(inner)

    def _spend(self, values: list[Value], times: int = 1) -> None:
        for value in values:
            self._left[value] -= times

    # --- statements

    def run(self, units: list[Merged], *, last: bool = False) -> None:
        """Write units in order; with `last` the function's one result is returned at once."""
        position = 0
        while position < len(units):
            unit = units[position]
            position += 1
            ending = last and position == len(units)
            match unit:
                case MergedDecision():
                    self._branch(unit)
                case MergedOp():
                    after = units[position] if position < len(units) else None
                    word = self._activation(unit, after)
                    if word is not None and isinstance(after, MergedOp):
                        position += 1
                        ending = last and position == len(units)
                        self._op(unit, after, word, ending=ending)
                    else:
                        self._op(unit, unit, None, ending=ending)
                case MergedCall():
                    self._call(unit, ending=ending)
                case MergedRow():
                    raise TypeError("no lowering of Keras's makes members of a sequence")

    def _activation(self, unit: MergedOp, after: Merged | None) -> str | None:
        """The activation that a layer can take along: what comes next, and nothing else reads."""
        made = Ref(unit.number, 0)
        flow = unit.lowered.flow
        layers, _ = taken_apart(flow)
        if not layers or layers[-1].function not in ACTIVATED:
            return None
        if not isinstance(after, MergedOp) or after.inputs != (made,) or self._left[made] != 1:
            return None
        return activation_of(after.lowered.flow)

    def _op(self, unit: MergedOp, final: MergedOp, word: str | None, *, ending: bool) -> None:
        """Write a step, one statement a layer; `final` is the step whose value it makes."""
        flow = resolved(unit.lowered.flow, self._words())
        flow = fill(flow, [Raw(self._names[each]) for each in unit.inputs], None)
        layers, given = taken_apart(named(flow, partial(self._layer_name, unit.path)))
        if word is not None:
            layers[-1] = _activated(layers[-1], word)
        flowing = self._flowing(unit)
        self._spend(self._reads(unit))
        if final is not unit:
            self._left[Ref(unit.number, 0)] -= 1
        comment = unit.lowered.comment
        for layer in layers[:-1]:
            name = self._free(*self._said(final, flowing))
            self._write(f"{name} = ", Call(layer, (given,)), comment)
            given, comment = Raw(name), None
        code = Call(layers[-1], (given,)) if layers else given
        self._result(final, code, flowing, comment, ending=ending)

    def _call(self, unit: MergedCall, *, ending: bool) -> None:
        signature = self.functions.signatures[id(unit.plan)]
        words = self._words()
        positional: list[Code] = [Raw(self._names[each]) for each in unit.inputs]
        keywords: list[Keyword] = []
        for parameter in signature.parameters:
            code = resolved(unit.arguments[parameter.key], words)
            if parameter.keyword_only:
                keywords.append(Keyword(parameter.name, code, parameter.default))
            else:
                positional.append(code)
        keywords.append(Keyword("name", self._layer_name(unit.path)))
        function = Raw(self.functions.names[id(unit.plan)])
        flowing = self._flowing(unit)
        self._spend(self._reads(unit))
        code = Call(function, tuple(positional), tuple(keywords))
        note = None
        if self.network and unit.shape is not None:
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
        if unit.outputs == 1:
            first = self._wanted.get(values[0]) or unit.names[0]
            said = self._said(unit, flowing)
            self._names[values[0]] = self._free(*((first,) if first else ()), *said)
            self._write(f"{self._names[values[0]]} = ", code, comment, note)
            return
        names: list[str] = []
        for index, value in enumerate(values):
            word = unit.names[index] or f"{self._said(unit, flowing)[0]}{index + 1}"
            word = self._wanted.get(value, word)
            name = self._free(word, more=names) if self._left[value] else "_"
            names.append(name)
            self._names[value] = name
        self._write(f"{', '.join(names)} = ", code, comment)

    def _write(
        self, prefix: str, code: Code, comment: str | None = None, note: str | None = None
    ) -> None:
        """Write one statement; a comment that does not fit beside it stands above it."""
        said = comment or note
        written = statement(prefix, code, indent=self.indent, comment=said)
        if comment and "#" not in written[0]:
            self.lines.append(f"{' ' * self.indent}# {comment}")
        self.lines += written

    # --- decisions

    def _branch(self, unit: MergedDecision) -> None:
        test = resolved(unit.test, self._words())
        self._spend(self._reads(unit))
        phis = self._phis.get(unit.number, [])
        inside = [self._within(arm) for arm in unit.arms]
        for phi in phis:
            for number, value in phi.arms:
                inside[number].append(value)
        names: list[str] = []
        given: dict[str, Value] = {}
        for phi in phis:
            name, before = self._phi_name(phi, unit, names, inside)
            names.append(name)
            if before is not None:
                given[name] = before
        arms: list[list[str]] = []
        outer, known = self.lines, dict(self._names)
        self.indent += 4
        for number, arm in enumerate(unit.arms):
            self.lines, self._names = [], dict(known)
            self._spend(inside[1 - number])  # the other arm does not happen in this one
            chosen = {name: phi.arms[number][1] for phi, name in zip(phis, names, strict=True)}
            self._wanted.update({value: name for name, value in chosen.items()})
            holding = self._held
            self._held = holding | {n for n, value in given.items() if chosen[n] is value}
            self.run(arm)
            self._held = holding
            for name, value in chosen.items():
                self._spend([value])
                if self._names[value] != name and given.get(name) is not value:
                    self._write(f"{name} = ", Raw(self._names[value]))
            self._left.update(inside[1 - number])
            arms.append(self.lines)
        self.indent -= 4
        self.lines, self._names = outer, known
        if not arms[0]:
            arms.reverse()
            test = Infix("not", (test,))
        if arms[0]:
            self.lines += [*statement("if ", test, indent=self.indent, suffix=":"), *arms[0]]
        if arms[1]:
            self.lines += [f"{' ' * self.indent}else:", *arms[1]]
        for phi, name in zip(phis, names, strict=True):
            self._names[phi] = name

    def _within(self, units: list[Merged]) -> list[Value]:
        """The values that units read, in decisions too."""
        result: list[Value] = []
        for each in units:
            result += self._reads(each)
            if isinstance(each, MergedDecision):
                for number, arm in enumerate(each.arms):
                    result += self._within(arm)
                    result += [dict(phi.arms)[number] for phi in self._phis.get(each.number, [])]
        return result

    def _phi_name(
        self, phi: Phi, unit: MergedDecision, names: list[str], inside: list[list[Value]]
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
        ends = self._left[before] <= Counter(inside[0] + inside[1])[before]
        if said in (None, holding) and ends and holding not in names:
            return holding, None
        name = self._free(said or holding, more=names)
        self._write(f"{name} = ", Raw(holding))
        return name, before

    # --- names

    def _words(self) -> Mapping[str, str]:
        """How expressions name what they speak of just now: a tensor's channels are its last."""
        channels = {
            key: f"{self._names[value]}.shape[-1]"
            for key, value in self._inputs.items()
            if value in self._names
        }
        return {**channels, **self._own}

    def _flowing(self, unit: MergedOp | MergedCall) -> str:
        """The variable that a step goes on with where the spec names nothing: what flows in."""
        return self._names[unit.inputs[0]] if unit.inputs else "x"

    def _said(self, unit: MergedOp | MergedCall, flowing: str) -> tuple[str, ...]:
        """What to call a result, first choice first: as the statement does, what flows in, a label.

        What a network puts out takes its name at the end of its statement.
        """
        value = Ref(unit.number, 0)
        passing = self.network and value not in self.plan.results and unit.target in self._results
        label = unit.path[0] if isinstance(unit.path[0], str) else ""
        kind: str = unit.kind if isinstance(unit, MergedOp) else unit.plan.name
        labelled = label.rstrip("0123456789") != kind and is_identifier(label)
        return (
            *((unit.target,) if unit.target and not passing else ()),
            flowing,
            *((label,) if labelled and not self.network else ()),
        )

    def _free(self, *wanted: str, more: list[str] | None = None) -> str:
        """A variable's name that holds nothing that is read later."""
        live = {name for value, name in self._names.items() if self._left[value] > 0}
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

    def _layer_name(self, path: MergedPath, word: str = "") -> Code:
        """Write a layer's name: below the block's own, or as it is in the network."""
        parts = ["{name}"] if not self.network else []
        for segment in path:
            if isinstance(segment, str):
                parts.append(segment_name(segment))
            else:
                parts.append(self._numbered(segment))
        text = "_".join([*parts, *([word] if word else [])])
        return Raw(f'f"{text}"') if "{" in text else Leaf(text)

    def _numbered(self, segment: Numbered) -> str:
        """Write a segment that counts, its number in braces."""
        before, after = segment_name(f"{segment.prefix}0"), segment_name(f"0{segment.suffix}")
        number = expression(resolved(segment.number, self._words()))
        return f"{before[:-1]}{{{number}}}{after[1:]}"

    def results(self) -> list[str]:
        """The variables that hold what the function gives back."""
        return [self._names[value] for value in self.plan.results]


def named(code: Any, name: Callable[[str], Code]) -> Any:
    """Put layers' names into their places: `name` gives them by the word that tells them apart."""
    match code:
        case LayerName(word):
            return name(word)
        case Leaf() | Raw():
            return code
        case tuple():
            return tuple(named(each, name) for each in code)
    if not is_dataclass(code) or isinstance(code, type):
        return code
    parts = {each.name: named(getattr(code, each.name), name) for each in fields(code)}
    return type(code)(**parts)


def taken_apart(flow: Code) -> tuple[list[Call], Code]:
    """Give the layers of a nested application, the first to be applied first, and what it is on."""
    layers: list[Call] = []
    while isinstance(flow, Call) and isinstance(flow.function, Call):
        layers.insert(0, flow.function)
        (flow,) = flow.arguments
    return layers, flow


def _activated(layer: Call, word: str) -> Call:
    """Give a layer its activation, which stands before its name."""
    *keywords, name = layer.keywords
    return Call(
        layer.function, layer.arguments, (*keywords, Keyword("activation", Leaf(word)), name)
    )
