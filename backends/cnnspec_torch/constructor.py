"""The `__init__` of an emitted class: what has weights or state, in the order of the spec."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
from cnnspec.emit.merged import (
    Merged,
    MergedCall,
    MergedDecision,
    MergedLoop,
    MergedOp,
    MergedPath,
    MergedRow,
    Numbered,
    Plan,
    leaves,
    operators,
)
from cnnspec.emit.names import is_identifier
from cnnspec.emit.printer import expression, statement
from cnnspec.emit.signature import Signature, resolved
from cnnspec.emit.turns import turns
from cnnspec.expression import Expression
from cnnspec_torch.attributes import MODULE_ATTRIBUTES, attribute
from cnnspec_torch.loops import looped_module, printed


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
        self.attributes: dict[MergedPath, str] = {}
        self.flags: dict[int, str] = {}
        #: What `forward` goes over in a loop with modules, by the loop's number.
        self.modules: dict[int, str] = {}
        self._taken = {attribute(path[0]) for path in paths(plan.units) if isinstance(path[0], str)}
        self._groups: set[MergedPath] = set()
        self._parameters = {
            op.path for op in operators(plan.units) if _is_parameter(op.lowered.module)
        }
        #: Groups whose members are reached as attributes: to a type checker those may be tensors.
        self._open = {
            path[0]
            for path in paths(plan.units)
            for depth, segment in enumerate(path)
            if (depth > 1 or (depth == 1 and path in self._parameters))
            and isinstance(segment, str)
            and is_identifier(attribute(segment))
        }
        self.kept = self._keep(flow_leaves(plan.units))

    def _keep(self, flow: list[Leaf]) -> Signature:
        """Keep as attributes what `forward` needs; give how it says the class's parameters."""
        names: dict[str, str] = {}
        held: dict[Expression, str] = {}
        for leaf in flow:
            said = leaf.expression
            if said is None or said in held:
                continue
            if said.operator != "name" and not any(word.startswith("@") for word in said.names):
                code = self.signature.expression(said)
                held[said] = self._hold(leaf.hint, code)
                continue
            for word in sorted(said.names):
                if word not in names and not word.startswith("@"):
                    own = self.signature.names[word]
                    names[word] = self._hold(own, Raw(own))
        return Signature(self.signature.parameters, names, held=held)

    def _hold(self, wanted: str, code: Code) -> str:
        name = attribute(wanted)
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        self.lines += statement(f"self.{name} = ", code, indent=8)
        return f"self.{name}"

    # --- modules

    def module(self, unit: MergedOp | MergedCall | MergedRow) -> Code | None:
        """Write the constructor of a unit's module; None for a step that is a function."""
        if isinstance(unit, MergedCall):
            return self.classes.construct(unit, self.signature)
        if isinstance(unit, MergedRow):
            return self.row(unit)
        if unit.lowered.module is None:
            return None
        code: Code = resolved(unit.lowered.module, self.signature)
        return code

    def member(self, unit: MergedOp | MergedCall | MergedRow) -> Code:
        """Write a member of a sequence: it does the whole step from one input."""
        if isinstance(unit, MergedOp):
            whole = unit.lowered.standalone or unit.lowered.module
            code: Code = resolved(whole, self.signature)
            return code
        made = self.module(unit)
        assert made is not None
        return made

    def row(self, made: MergedRow) -> Code:
        """Write a sequence, neighbours that are equal as a comprehension."""
        if made.numbered:
            return Call(Raw("nn.Sequential"), self.items(made.members))
        if all(
            isinstance(each, MergedOp | MergedCall | MergedRow)
            and isinstance(each.path[-1], str)
            and is_identifier(each.path[-1])
            for each in made.members
        ):
            named = tuple(
                Keyword(attribute(str(each.path[-1])), self.member(each))
                for each in made.members
                if not isinstance(each, MergedDecision | MergedLoop)
            )
            return call("nn.Sequential", Call(Raw("OrderedDict"), (), named))
        pairs = Sequence(self.items(made.members, named=True))
        return call("nn.Sequential", call("OrderedDict", pairs))

    def items(self, members: list[Merged], *, named: bool = False) -> tuple[Code, ...]:
        """Write the members of a sequence, with their names if they are asked for."""
        codes: list[Code] = []
        for unit in members:
            if isinstance(unit, MergedDecision):
                test = resolved(unit.test, self.signature)
                arms = [Sequence(self.items(arm, named=named)) for arm in unit.arms]
                codes.append(Starred(IfElse(test, arms[0], arms[1])))
            elif isinstance(unit, MergedLoop):
                codes.append(Starred(self._comprehension(unit, named=named)))
            elif named:
                name = self.segment(unit.path[-1])
                codes.append(Sequence((name, self.member(unit)), "("))
            else:
                codes.append(self.member(unit))
        return tuple(_folded(codes))

    def _comprehension(self, loop: MergedLoop, *, named: bool = False) -> Generator:
        body = printed(loop, positions=not named)
        outer, self.signature = self.signature, self.signature.inside(loop, body)
        (element,) = self.items(loop.body, named=named)
        variable, source = turns(loop, self.signature, body)
        self.signature = outer
        return Generator(element, source, variable)

    def segment(self, segment: str | Numbered) -> Code:
        """Write the name of a module; one that counts is formatted."""
        if isinstance(segment, str):
            return Leaf(attribute(segment))
        number = expression(resolved(segment.number, self.signature))
        return Raw(f'f"{segment.prefix}{{{number}}}{segment.suffix}"')

    # --- statements

    def place(self, unit: Merged) -> None:
        """Write the statements that make a unit's module an attribute."""
        if isinstance(unit, MergedDecision):
            self._decision(unit)
        elif isinstance(unit, MergedLoop):
            self._loop(unit)
        else:
            code = self.module(unit)
            if code is not None:
                self._assign(unit.path, code)

    def _loop(self, loop: MergedLoop) -> None:
        """Write the statements that make the modules of a loop, one a turn."""
        unit = looped_module(loop)
        if unit is None:
            return
        group, numbered = unit.path[:-1], unit.path[-1]
        assert isinstance(numbered, Numbered)
        words = "".join(map(str, (*group, numbered.prefix))).rstrip("0123456789_-")
        name = words if is_identifier(words) and not group else "layer"
        self.attributes[unit.path] = name
        positions = bool(group) and numbered.counts_from(loop)
        body = printed(loop, positions=positions)
        outer, self.signature = self.signature, self.signature.inside(loop, body)
        module = self.module(unit)
        assert module is not None
        variable, source = turns(loop, self.signature, body)
        segment = self.segment(numbered)
        self.signature = outer
        if not group:
            made = call("self.add_module", segment, module)
            self.lines += statement(f"for {variable} in ", source, indent=8, suffix=":")
            self.lines += statement("", made, indent=12)
            self.modules[loop.number] = "self.children()"
            return
        if positions:
            whole = call("nn.ModuleList", Generator(module, source, variable))
            self._assign(group, whole)
            self.modules[loop.number] = self.attributes[group]
        else:
            self._assign(group, call("nn.ModuleDict"))
            reach = expression(Subscript(Raw(self.attributes[group]), segment))
            self.lines += statement(f"for {variable} in ", source, indent=8, suffix=":")
            self.lines += statement(f"{reach} = ", module, indent=12)
            self.modules[loop.number] = f"{self.attributes[group]}.values()"

    def identity(self, unit: MergedDecision) -> None:
        """Write a module that is absent where the test fails."""
        (inner,) = unit.arms[0]
        assert not isinstance(inner, MergedDecision | MergedLoop)
        code = self.module(inner)
        assert code is not None
        _, target = self._target(inner.path)
        note = ": nn.Module" if len(inner.path) == 1 else ""
        self.lines.append(f"        {target}{note} = nn.Identity()")
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
                if isinstance(inner, MergedDecision | MergedLoop):
                    self.place(inner)
                    continue
                code = self.module(inner)
                if code is not None:
                    here, gone = Raw(f"self.{flag}"), call("nn.Identity")
                    yes, no = (code, gone) if number == 0 else (gone, code)
                    self._assign(inner.path, IfElse(here, yes, no))

    def _assign(self, path: MergedPath, code: Code) -> None:
        owner, name = self._target(path)
        if owner is None:
            note = ": Any" if path[0] in self._open and len(path) == 1 else ""
            self.lines += statement(f"{name}{note} = ", code, indent=8)
        else:
            register = "register_parameter" if _is_parameter(code) else "add_module"
            self.lines += statement("", call(f"{owner}.{register}", Leaf(name), code), indent=8)

    def _target(self, path: MergedPath) -> tuple[str | None, str]:
        """Say what is assigned to, or an owner and a name under which it is registered there.

        Groups on the way are made first.
        """
        last = path[-1]
        assert isinstance(last, str)
        owner = "self"
        for depth in range(1, len(path)):
            prefix = path[:depth]
            if prefix not in self._groups:
                self._groups.add(prefix)
                self._assign(prefix, call("nn.ModuleDict"))
            owner = self.attributes[prefix]
        name = attribute(last)
        if len(path) == 2 and owner.startswith("self.") and path not in self._parameters:
            reach = expression(Subscript(Raw(owner), Leaf(name)))
        elif is_identifier(name):
            reach = f"{owner}.{name}"
        else:
            self.attributes[path] = f'getattr({owner}, "{name}")'
            return owner, name
        self.attributes[path] = reach
        return None, reach


def _is_parameter(code: Code | None) -> bool:
    """Whether what is assigned is a bare parameter: a ModuleDict does not take one as an item."""
    return isinstance(code, Call) and code.function == Raw("nn.Parameter")


def _folded(codes: list[Code]) -> list[Code]:
    result: list[Code] = []
    position = 0
    while position < len(codes):
        stop = position + 1
        while stop < len(codes) and codes[stop] == codes[position]:
            stop += 1
        count = stop - position
        if count > 1 and not isinstance(codes[position], Starred):
            result.append(Starred(Generator(codes[position], call("range", Leaf(count)))))
        else:
            result += codes[position:stop]
        position = stop
    return result


def paths(units: list[Merged]) -> list[MergedPath]:
    """The paths of units, in decisions and loops too."""
    result: list[MergedPath] = []
    for unit in units:
        if isinstance(unit, MergedDecision):
            result += [path for arm in unit.arms for path in paths(arm)]
        elif isinstance(unit, MergedLoop):
            result += paths(unit.body)
        elif unit.path:
            result.append(unit.path)
    return result


def flow_leaves(units: list[Merged]) -> list[Leaf]:
    """What the flow of functions prints, in order."""
    result: list[Leaf] = []
    for unit in units:
        if isinstance(unit, MergedDecision):
            result += [leaf for arm in unit.arms for leaf in flow_leaves(arm)]
        elif isinstance(unit, MergedLoop):
            result += flow_leaves(unit.body)
        elif isinstance(unit, MergedOp):
            result += leaves(unit.lowered.flow)
    return result
