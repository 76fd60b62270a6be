"""The `__init__` of an emitted class: what has weights or state, in the order of the spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from cnnspec.emit.code import (
    Call,
    Code,
    Generator,
    IfElse,
    Keyword,
    Leaf,
    Raw,
    Sequence,
    Starred,
    Subscript,
    call,
)
from cnnspec.emit.merge import (
    Merged,
    MergedCall,
    MergedDecision,
    MergedOp,
    MergedRow,
    Plan,
)
from cnnspec.emit.names import is_identifier
from cnnspec.emit.printer import expression, statement
from cnnspec.emit.units import Path
from cnnspec_torch.attributes import MODULE_ATTRIBUTES, attribute
from cnnspec_torch.signature import Signature, resolved


@dataclass(frozen=True, slots=True)
class Classes:
    """What is known of the classes that are written already."""

    names: Mapping[int, str]
    signatures: Mapping[int, Signature]

    def construct(self, made: MergedCall, own: Signature) -> Code:
        """Write the constructor call of a block."""
        signature = self.signatures[id(made.plan)]
        positional: list[Code] = []
        keywords: list[Keyword] = []
        for parameter in signature.parameters:
            code = resolved(made.arguments[parameter.key], own)
            if parameter.keyword_only:
                keywords.append(Keyword(parameter.name, code, parameter.default))
            else:
                positional.append(code)
        return Call(Raw(self.names[id(made.plan)]), tuple(positional), tuple(keywords))


class Constructor:
    """Writes the body of one `__init__`, and knows how `forward` reaches each module."""

    def __init__(self, plan: Plan, signature: Signature, classes: Classes) -> None:
        self.plan = plan
        self.signature = signature
        self.classes = classes
        self.lines: list[str] = []
        self.attributes: dict[Path, str] = {}
        self.flags: dict[int, str] = {}
        self._taken = {attribute(path[0]) for path in paths(plan.units)}
        self._groups: set[Path] = set()
        #: How `forward` says the parameters: those that it needs are kept as attributes.
        self.kept = Signature(signature.parameters, self._keep(plan.units))

    def _keep(self, units: list[Merged]) -> Mapping[str, str]:
        names: dict[str, str] = {}
        for word in flow_names(units):
            attribute_name = attribute(self.signature.names[word])
            while attribute_name in self._taken:
                attribute_name += "_"
            self._taken.add(attribute_name)
            names[word] = f"self.{attribute_name}"
            self.lines.append(f"        self.{attribute_name} = {self.signature.names[word]}")
        return names

    # --- modules

    def module(self, unit: MergedOp | MergedCall | MergedRow) -> Code | None:
        """Write the constructor of a unit's module; None for a step that is a function."""
        if isinstance(unit, MergedCall):
            return self.classes.construct(unit, self.signature)
        if isinstance(unit, MergedRow):
            return self.row(unit.members, len(unit.path))
        if unit.lowered.module is None:
            return None
        code: Code = resolved(unit.lowered.module, self.signature)
        return code

    def member(self, unit: Merged) -> Code:
        """Write a member of a sequence: it does the whole step from one input."""
        if isinstance(unit, MergedOp):
            whole = unit.lowered.standalone or unit.lowered.module
            code: Code = resolved(whole, self.signature)
            return code
        assert not isinstance(unit, MergedDecision)
        made = self.module(unit)
        assert made is not None
        return made

    def row(self, members: list[Merged], depth: int, callee: str = "nn.Sequential") -> Code:
        """Write a sequence, neighbours that are equal as a comprehension."""
        segments = [unit.path[depth] for unit in _plain(members)]
        decided = any(isinstance(unit, MergedDecision) for unit in members)
        if not decided and segments != [str(number) for number in range(len(segments))]:
            pairs = [
                Sequence((Leaf(attribute(segment)), self.member(unit)), "(")
                for segment, unit in zip(segments, members, strict=True)
            ]
            return call(callee, call("OrderedDict", Sequence(tuple(pairs))))
        return Call(Raw(callee), self.items(members))

    def items(self, members: list[Merged]) -> tuple[Code, ...]:
        """Write the members of a sequence."""
        codes: list[Code] = []
        for unit in members:
            if isinstance(unit, MergedDecision):
                test = resolved(unit.test, self.signature)
                arms = [Sequence(self.items(arm)) for arm in unit.arms]
                codes.append(Starred(IfElse(test, arms[0], arms[1])))
            else:
                codes.append(self.member(unit))
        return tuple(_folded(codes))

    # --- statements

    def place(self, unit: Merged) -> None:
        """Write the statements that make a unit's module an attribute."""
        if isinstance(unit, MergedDecision):
            self._decision(unit)
            return
        code = self.module(unit)
        if code is not None:
            self._assign(unit.path, code)

    def identity(self, unit: MergedDecision) -> None:
        """Write a module that is absent where the test fails."""
        (inner,) = unit.arms[0]
        assert not isinstance(inner, MergedDecision)
        code = self.module(inner)
        assert code is not None
        target = self._target(inner.path)
        self.lines.append(f"        {target}: nn.Module = nn.Identity()")
        self._test(unit)
        self.lines += statement(f"{target} = ", code, indent=12)

    def _test(self, unit: MergedDecision) -> None:
        test = resolved(unit.test, self.signature)
        self.lines += statement("if ", test, indent=8, suffix=":")

    def _decision(self, unit: MergedDecision) -> None:
        flag = unit.test.hint
        while flag in self._taken or flag in MODULE_ATTRIBUTES:
            flag += "_"
        self._taken.add(flag)
        self.flags[unit.number] = flag
        test = resolved(unit.test, self.signature)
        self.lines += statement(f"self.{flag} = ", test, indent=8)
        for number, arm in enumerate(unit.arms):
            for inner in arm:
                if isinstance(inner, MergedDecision):
                    self._decision(inner)
                    continue
                code = self.module(inner)
                if code is not None:
                    here, gone = Raw(f"self.{flag}"), call("nn.Identity")
                    yes, no = (code, gone) if number == 0 else (gone, code)
                    self._assign(inner.path, IfElse(here, yes, no))

    def _assign(self, path: Path, code: Code) -> None:
        target = self._target(path)
        if target.startswith("self.") or target.endswith("]"):
            self.lines += statement(f"{target} = ", code, indent=8)
        else:
            owner, name = target.rsplit("|", 1)
            self.lines += statement("", call(f"{owner}.add_module", Leaf(name), code), indent=8)

    def _target(self, path: Path) -> str:
        """Say what is assigned to; groups on the way are made first."""
        if len(path) == 1:
            name = attribute(path[0])
            if is_identifier(name):
                self.attributes[path] = f"self.{name}"
                return f"self.{name}"
            self.attributes[path] = f'getattr(self, "{name}")'
            return f"self|{name}"
        owner = "self"
        for depth in range(1, len(path)):
            prefix = path[:depth]
            if prefix not in self._groups:
                self._groups.add(prefix)
                self._assign(prefix, call("nn.ModuleDict"))
            owner = self.attributes[prefix]
        name = attribute(path[-1])
        if len(path) == 2 and owner.startswith("self."):
            reach = expression(Subscript(Raw(owner), Leaf(name)))
            self.attributes[path] = reach
            return reach
        self.attributes[path] = f'getattr({owner}, "{name}")'
        return f"{owner}|{name}"


def _plain(members: list[Merged]) -> list[Any]:
    return [unit for unit in members if not isinstance(unit, MergedDecision)]


def _folded(codes: list[Code]) -> list[Code]:
    result: list[Code] = []
    position = 0
    while position < len(codes):
        stop = position + 1
        while stop < len(codes) and codes[stop] == codes[position]:
            stop += 1
        count = stop - position
        if count > 1 and not isinstance(codes[position], Starred):
            result.append(Starred(Generator(codes[position], Leaf(count))))
        else:
            result += codes[position:stop]
        position = stop
    return result


def paths(units: list[Merged]) -> list[Path]:
    """The paths of units, in decisions too."""
    result: list[Path] = []
    for unit in units:
        if isinstance(unit, MergedDecision):
            result += [path for arm in unit.arms for path in paths(arm)]
        elif unit.path:
            result.append(unit.path)
    return result


def flow_names(units: list[Merged]) -> list[str]:
    """The parameters that the flow of functions speaks of, in order."""
    result: dict[str, None] = {}
    for unit in units:
        if isinstance(unit, MergedDecision):
            result.update(dict.fromkeys(name for arm in unit.arms for name in flow_names(arm)))
        elif isinstance(unit, MergedOp):
            result.update(dict.fromkeys(_spoken(unit.lowered.flow)))
    return list(result)


def _spoken(code: Any) -> list[str]:
    if isinstance(code, Leaf):
        return sorted(code.expression.names) if code.expression is not None else []
    if isinstance(code, tuple):
        return [name for each in code for name in _spoken(each)]
    if is_dataclass(code) and not isinstance(code, type):
        parts = (getattr(code, each.name) for each in fields(code) if each.name != "default")
        return [name for part in parts for name in _spoken(part)]
    return []
