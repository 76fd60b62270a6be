"""From a spec's text to a program: names resolved where they stand, kinds worked out on the way.

Expressions and steps are read here, statements and blocks in `emit.bodies`. What a name stands for
is found as the elaborator finds it: the body's own names first, then what its file declares, the
pure functions, the operators, the words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from cnnspec.elaborate.arithmetic import SIGNS
from cnnspec.elaborate.functions import FUNCTIONS
from cnnspec.elaborate.values import (
    BlockValue,
    CallStep,
    LabelledStep,
    Operator,
)
from cnnspec.elaborate.values import Function as WaitingFunction
from cnnspec.elaborate.values import Group as WaitingGroup
from cnnspec.elaborate.values import Optional as WaitingOptional
from cnnspec.elaborate.values import Repeat as WaitingRepeat
from cnnspec.emit.program import (
    STEPS,
    BlockStep,
    Call,
    Choice,
    Constant,
    Expr,
    Flow,
    Function,
    GivenStep,
    Group,
    Item,
    Kind,
    Label,
    Labelled,
    ListOf,
    Literal,
    Measure,
    Name,
    Never,
    Operation,
    OperatorStep,
    Optional,
    Repeat,
    Step,
    Within,
    gives_several,
    kind_of,
)
from cnnspec.expression import Expression, Written, plain
from cnnspec.op import Op
from cnnspec.ops import WORDS, operators
from cnnspec.source import Span
from cnnspec.syntax import tree
from cnnspec.syntax.alone import flows_by
from cnnspec.syntax.axes import axis_words
from cnnspec.syntax.files import Definition, Entry, FileNames

#: Operators that take any number of operands.
_MANY: Final = ("+", "*", "and", "or")


class Unreadable(Exception):
    """A stretch of text means nothing: no call has ever come by it."""


class Blocks(Protocol):
    """What is asked of the other bodies."""

    def result(self, block: Definition, kinds: tuple[Kind, ...]) -> Kind:
        """Say what kind of value a block gives that takes these kinds."""
        ...

    def outputs(self, site: Span) -> int:
        """Say how many values the operator at a place gives."""
        ...

    def is_step(self, definition: Definition, parameter: str) -> bool:
        """Whether some call hands a parameter an operator or a block."""
        ...

    def kinds(self, definition: Definition) -> tuple[Kind, ...]:
        """Guess the kinds of a block's parameters where no call says them."""
        ...


@dataclass(slots=True)
class Reader:
    """Reads expressions of one body, or of a declaration at the top of a file.

    `names` holds the kinds of the body's names as they are at this place; `steps` the steps that
    names stand for; `known` the kinds that names are found to have anywhere in the body.
    """

    blocks: Blocks
    file: FileNames
    index: int
    definition: Definition | None = None
    names: dict[str, Kind] = field(default_factory=dict)
    steps: dict[str, Expr] = field(default_factory=dict)
    known: Mapping[str, Kind] = field(default_factory=dict)
    #: The call with which the statement that is read begins, and the name that it gives.
    head: tree.Call | None = None
    target: str = ""

    # --- values

    def value(self, expr: tree.Expr) -> Expr:
        """Read an expression; raises Unreadable."""
        match expr:
            case tree.Number() | tree.Text() | tree.Truth():
                return Literal(expr.value)
            case tree.Name():
                return self._name(expr)
            case tree.ListOf():
                return ListOf(tuple(map(self.value, expr.items)))
            case tree.Binary():
                left, right = self.value(expr.left), self.value(expr.right)
                return self._between(expr.operator, left, right, expr.span)
            case tree.Chain():
                return self._chain(expr)
            case tree.Unary():
                operator = "not" if expr.operator == "not" else "negate"
                operand = self.value(expr.operand)
                if operator == "negate" and kind_of(operand) == "node":
                    return self._between("*", operand, Literal(-1), expr.span)
                return Operation(operator, (operand,))
            case tree.Cond():
                return self._choice(expr, self.value)
            case tree.Index():
                return _item(self.value(expr.value), self.value(expr.index))
            case tree.Attribute():
                return self._measure(expr)
            case tree.Call():
                return self._call(expr, None)
            case tree.Paren():
                inner = self.value(expr.inner)
                grouped = isinstance(inner, STEPS) and tree.choice(expr) is None
                return _grouped(inner) if grouped else inner
            case tree.Flow():
                return self._flow(expr)
            case tree.When():
                return Optional(self._perhaps(expr.step), self.value(expr.test))
            case tree.Labelled():
                return self._labelled(expr)
        raise Unreadable(f"no expression: {type(expr).__name__}")

    def _choice(self, expr: tree.Cond, read: Any) -> Expr:
        """Read both ways; one that cannot be read is never taken."""
        test, arms = self.value(expr.test), []
        for each in (expr.yes, expr.no):
            try:
                arms.append(read(each))
            except Unreadable as why:
                arms.append(Never(str(why)))
        if all(isinstance(each, Never) for each in arms):
            raise Unreadable(arms[0].why)
        return Choice(test, *arms)

    def _perhaps(self, expr: tree.Expr) -> Expr:
        try:
            return self.step(expr)
        except Unreadable as why:
            return Never(str(why))

    def _measure(self, expr: tree.Attribute) -> Expr:
        if expr.name not in ("channels", "height", "width", "shape"):
            raise Unreadable(f"nothing has {expr.name}")
        return Measure(self.value(expr.value), expr.name)  # type: ignore[arg-type]

    def _chain(self, expr: tree.Chain) -> Expr:
        value = self.value(expr.first)
        if isinstance(value, STEPS) and expr.rest[0][0] == "*":
            return self._repeated(value, expr)
        for operator, operand in expr.rest:
            right = self.value(operand)
            same = isinstance(value, Operation) and value.operator == operator in _MANY
            if same and isinstance(value, Operation) and kind_of(right) != "node":
                value = Operation(operator, (*value.operands, right))
            else:
                value = self._between(operator, value, right, tree.up_to(expr, operand))
        return value

    def _between(self, sign: str, left: Expr, right: Expr, site: Span) -> Expr:
        """Read a sign between two values: an operator where one of them is a node."""
        op = SIGNS.get(sign)
        if op is None or "node" not in (kind_of(left), kind_of(right)):
            return Operation(sign, (left, right))
        step, inputs = self._applied(self._operator(op, site), [(None, left), (None, right)], site)
        return Call(step, inputs, "node")

    def _repeated(self, step: Expr, expr: tree.Chain) -> Expr:
        for _, operand in expr.rest:
            step = Repeat(step, self.value(operand))
        return step

    def _flow(self, expr: tree.Flow) -> Expr:
        head = self.value(expr.steps[0])
        if isinstance(head, STEPS):
            return Group((head, *[self.step(each) for each in expr.steps[1:]]), True)
        kind = kind_of(head)
        steps: list[Expr] = []
        for each in expr.steps[1:]:
            joined = self._joining(each, Flow(head, tuple(steps), kind) if steps else head)
            if joined is not None:
                head, steps, kind = joined, [], joined.kind
                continue
            steps.append(self.step(each, kind))
            kind = self.result(steps[-1], kind)
        return Flow(head, tuple(steps), kind) if steps else head

    def _joining(self, expr: tree.Expr, before: Expr) -> Call | None:
        """Read a step of a flow that takes nodes beside what flows: `x -> add(shortcut)`."""
        label = None
        if isinstance(expr, tree.Labelled):
            label, expr = self._label(expr.label), expr.step
        if not isinstance(expr, tree.Call):
            return None
        callee = expr.callee
        if self._is_function(callee, alone=True):
            return None
        step, given = self._callee(callee), self._given(expr.arguments)
        if not isinstance(step, OperatorStep) or not _holds_nodes(given, step):
            return None
        step, inputs = self._applied(step, given, expr.span, flows=True)
        kind = self.result(step, "node")
        return Call(step if label is None else Labelled(label, step), (before, *inputs), kind)

    def _labelled(self, expr: tree.Labelled) -> Expr:
        return self._under(self._label(expr.label), expr.step)

    def _under(self, label: Label, expr: tree.Expr) -> Expr:
        """Read what a label stands before: of a choice, either way."""
        choice = tree.choice(expr)
        if choice is not None:
            return self._choice(choice, lambda arm: self._under(label, arm))
        if isinstance(expr, tree.Call):
            return self._call(expr, label)
        value = self.value(expr)
        signs = isinstance(expr, tree.Chain | tree.Binary | tree.Unary)
        if signs and isinstance(value, Call) and isinstance(value.step, OperatorStep):
            return replace(value, step=Labelled(label, value.step))
        if isinstance(expr, tree.Paren | tree.Flow):
            if not isinstance(value, STEPS):
                return Within(label, value)
            return Labelled(label, _grouped(value))
        if not isinstance(value, STEPS) and kind_of(value) != "data":
            raise Unreadable("a label names a step, and this is a node")
        return Labelled(label, self._waiting(value, expr.span))

    def _label(self, label: tree.LabelText) -> Label:
        return tuple(
            tuple(each if isinstance(each, str) else self.value(each) for each in pieces)
            for pieces in label.segments
        )

    # --- names

    def _name(self, expr: tree.Name) -> Expr:
        if expr.id in self.steps:
            return self.steps[expr.id]
        if expr.id in self.names:
            return Name(expr.id, self.names[expr.id])
        if expr.id in self.known:
            return Name(expr.id, self.known[expr.id])
        return self._declared(expr)

    def _declared(self, expr: tree.Name) -> Expr:
        word, ops = expr.id, operators()
        entry = self.file.entries.get(word)
        if entry is not None and entry.index <= self.index:
            return self._entry(entry, expr)
        if word in ops:
            return self._operator(ops[word], expr.span)
        if word in WORDS or word in ops.words:
            return Literal(word)
        raise Unreadable(f"nothing is called {word}")

    def _entry(self, entry: Entry, expr: tree.Name) -> Expr:
        item = entry.item
        if isinstance(item, tree.Block):
            return self.block(entry.home.definition(item), expr.span)
        if not isinstance(item, tree.Const):
            raise Unreadable(f"{expr.id} is a network")
        value = plain(entry.value)
        if isinstance(value, bool | int | str) or (
            isinstance(value, float) and len(repr(value)) <= 8
        ):
            return Literal(value)
        inside = Reader(self.blocks, entry.home, entry.home.index_of(item))
        read = inside.value(item.value)
        if isinstance(read, ListOf | Operation | Function) and isinstance(value, tuple):
            return Constant(item.name.id, read, entry.home.source.name)
        return read

    def _operator(self, op: type[Op], site: Span) -> OperatorStep:
        defaults = self.file.defaults_at(self.index).get(op.name, {})
        arguments = tuple((key, self.from_value(each, site)) for key, each in defaults.items())
        return OperatorStep(op, arguments, frozenset(), site)

    def block(self, block: Definition, site: Span) -> BlockStep:
        """Name a block, no argument given."""
        return BlockStep(block, self.blocks.kinds(block), (), site)

    # --- calls

    def _callee(self, expr: tree.Expr) -> Expr:
        """Read what is called: a name of data does not hide an operator or block there."""
        if isinstance(expr, tree.Name) and expr.id in self.names and expr.id not in self.steps:
            declared = expr.id in self.file.entries or expr.id in operators()
            if declared and not self._is_given(expr.id):
                return self._declared(expr)
        return self.value(expr)

    def _is_given(self, word: str) -> bool:
        return self.definition is not None and self.blocks.is_step(self.definition, word)

    def _call(self, expr: tree.Call, label: Label | None) -> Expr:
        callee = expr.callee
        given = self._given(expr.arguments)
        pure = all(key is None and kind_of(each) == "data" for key, each in given)
        if isinstance(callee, tree.Name) and self._is_function(callee, alone=not (pure and given)):
            return Function(callee.id, tuple(each for _, each in given))
        step = self._callee(callee)
        if not isinstance(step, STEPS):
            step = GivenStep(step, (), expr.span)
        nodes = _holds_nodes(given, step)
        if isinstance(step, OperatorStep) and step.op.stands_alone and not nodes:
            named = label is None and expr is self.head
            label = ((self.target,),) if named else label
            step = self._with(step, given, expr.span, "node")
            whole = step if label is None else Labelled(label, step)
            return Call(whole, (self._coming(),), "node")
        source = isinstance(step, OperatorStep) and step.op.arity == (0, 0)
        if not nodes and not source:
            step = self._with(step, given, expr.span, "node")
            return step if label is None else Labelled(label, step)
        step, inputs = self._applied(step, given, expr.span)
        kind = self.result(step, "node")
        return Call(step if label is None else Labelled(label, step), inputs, kind)

    def _coming(self) -> Expr:
        """Read the first value that comes into the body: it says how many examples there are."""
        assert self.definition is not None
        for word in flows_by(self.definition.item):
            if self.names.get(word) == "node":
                return Name(word, "node")
        raise Unreadable("nothing comes in before what stands alone")

    def _is_function(self, callee: tree.Expr, *, alone: bool) -> bool:
        """Whether what is called is a pure function; `alone`: and no operator has its name."""
        if not isinstance(callee, tree.Name) or (alone and callee.id in operators()):
            return False
        word = callee.id
        hidden = word in self.names or word in self.steps
        entry = self.file.entries.get(word)
        visible = entry is not None and entry.index <= self.index
        return word in FUNCTIONS and not hidden and not visible

    def _given(self, arguments: Iterable[tree.Argument]) -> list[tuple[str | None, Expr]]:
        found: list[tuple[str | None, Expr]] = []
        for each in arguments:
            words = axis_words(each)
            if words is None:
                said = self.value(each.value)
            elif isinstance(words, str):
                said = Literal(words)
            else:
                said = ListOf(tuple(map(Literal, words)))
            found.append((each.keyword, said))
        return found

    def _applied(
        self,
        step: Expr,
        given: list[tuple[str | None, Expr]],
        site: Span,
        *,
        flows: bool = False,
    ) -> tuple[Expr, tuple[Expr, ...]]:
        """Call a step with nodes among its arguments: give it, and its inputs."""
        if isinstance(step, BlockStep):
            return self._with(step, given, site, None), ()
        inputs: list[Expr] = []
        if isinstance(step, OperatorStep) and step.op.takes_number:
            return self._with_number(step, given, site, flows=flows)
        while given and given[0][0] is None and _flows(given[0][1], step):
            inputs.append(given.pop(0)[1])
        return self._with(step, given, site, "node"), tuple(inputs)

    def _with_number(
        self, step: OperatorStep, given: list[tuple[str | None, Expr]], site: Span, *, flows: bool
    ) -> tuple[Expr, tuple[Expr, ...]]:
        """Tell values from a number among them; `flows` says that a value stands before them."""
        inputs: list[Expr] = []
        rest: list[tuple[str | None, Expr]] = []
        for key, each in given:
            if key is None and _flows(each, step):
                inputs.append(each)
                continue
            if key is None and "first" in step.op.arguments and not inputs and not flows:
                rest.append(("first", Literal(True)))
            rest.append(("number" if key is None else key, each))
        return self._with(step, rest, site, "node"), tuple(inputs)

    def _with(
        self,
        step: Expr,
        given: list[tuple[str | None, Expr]],
        site: Span,
        flowing: Kind | None,
    ) -> Expr:
        """Give a step more arguments; `flowing` is the kind of what flows into a block first."""
        given = [(key, _ungrouped(each)) for key, each in given]
        if isinstance(step, OperatorStep):
            known = dict(step.arguments)
            free = [name for name in step.op.ordered if name not in step.given]
            for key, each in given:
                if key is None and not free:
                    raise Unreadable(f"{step.op.name} takes no such argument")
                word = free[0] if key is None else key
                if word not in step.op.arguments:
                    raise Unreadable(f"{step.op.name} has no argument {word}")
                known[word] = each
                free = [name for name in free if name != word]
            names = step.given | {name for name in step.op.names if name not in free}
            return OperatorStep(step.op, tuple(known.items()), names, site)
        if isinstance(step, BlockStep):
            return self._block_with(step, given, site, flowing)
        if isinstance(step, GivenStep):
            return GivenStep(step.value, (*step.arguments, *given), site)
        raise Unreadable("a group of steps is not called")

    def _block_with(
        self,
        step: BlockStep,
        given: list[tuple[str | None, Expr]],
        site: Span,
        flowing: Kind | None,
    ) -> BlockStep:
        names = [each.name.id for each in step.block.parameters]
        known = dict(step.arguments)
        free = [name for name in names if name not in known][0 if flowing is None else 1 :]
        for key, each in given:
            if key is None and not free:
                raise Unreadable(f"{step.block.name} takes no such argument")
            word = free[0] if key is None else key
            if word not in names:
                raise Unreadable(f"{step.block.name} has no parameter {word}")
            known[word] = each
            free = [name for name in free if name != word]
        arguments = tuple((name, known[name]) for name in names if name in known)
        return self._of_kinds(BlockStep(step.block, step.kinds, arguments, site), flowing)

    def _of_kinds(self, step: BlockStep, flowing: Kind | None) -> BlockStep:
        """Say what kinds a block takes, given what flows in and stands among its arguments."""
        known = dict(step.arguments)
        names = [each.name.id for each in step.block.parameters]
        flows = next((name for name in names if name not in known), None) if flowing else None
        kinds = tuple(
            flowing
            if name == flows and flowing is not None
            else kind_of(known[name])
            if name in known
            else "data"
            for name in names
        )
        return BlockStep(step.block, kinds, step.arguments, step.site)

    # --- steps

    def step(self, expr: tree.Expr, flowing: Kind = "node") -> Expr:
        """Read an expression where a step must stand; raises Unreadable."""
        match expr:
            case tree.Call():
                callee = expr.callee
                if not self._is_function(callee, alone=True):
                    step = self._waiting(self._callee(callee), expr.span)
                    return self._with(step, self._given(expr.arguments), expr.span, flowing)
            case tree.Paren():
                inner = self.step(expr.inner, flowing)
                return inner if tree.choice(expr) else _grouped(inner)
            case tree.Flow():
                steps = []
                for each in expr.steps:
                    steps.append(self.step(each, flowing))
                    flowing = self.result(steps[-1], flowing)
                return Group(tuple(steps), True)
            case tree.Labelled():
                return Labelled(self._label(expr.label), self.step(expr.step, flowing))
            case tree.When():
                try:
                    return Optional(self.step(expr.step, flowing), self.value(expr.test))
                except Unreadable as why:
                    return Optional(Never(str(why)), self.value(expr.test))
            case tree.Cond():
                return self._choice(expr, lambda arm: self.step(arm, flowing))
            case tree.Chain() if expr.rest[0][0] == "*":
                return self._repeated(self.step(expr.first, flowing), expr)
        return self._flowing(self._waiting(self._callee(expr), expr.span), flowing)

    def _flowing(self, step: Expr, flowing: Kind) -> Expr:
        return self._of_kinds(step, flowing) if isinstance(step, BlockStep) else step

    def _waiting(self, value: Expr, site: Span) -> Expr:
        """Take a value for a step."""
        if isinstance(value, OperatorStep | BlockStep) and not _is_called(value):
            return replace(value, site=site)
        if isinstance(value, STEPS):
            return value
        if isinstance(value, ListOf) and value.items:
            return Group(tuple(self._waiting(each, site) for each in value.items), True)
        if isinstance(value, Choice):
            yes, no = self._waiting(value.yes, site), self._waiting(value.no, site)
            return Choice(value.test, yes, no)
        return GivenStep(value, (), site)

    def result(self, step: Expr, flowing: Kind) -> Kind:
        """Say what kind of value a step gives."""
        match step:
            case OperatorStep(op):
                if op.outputs_from is not None:
                    return "nodes" if gives_several(step) else "node"
                return "nodes" if self.blocks.outputs(step.site) > 1 else "node"
            case BlockStep(block, kinds):
                return self.blocks.result(block, kinds)
            case Group(steps):
                for each in steps:
                    flowing = self.result(each, flowing)
                return flowing
            case Labelled(_, inner) | Repeat(inner) | Optional(inner):
                return self.result(inner, flowing)
            case Choice(_, yes, no):
                return self.result(no if isinstance(yes, Never) else yes, flowing)
        return "node"

    # --- values that were worked out

    def from_value(self, value: Any, site: Span) -> Expr:
        """Say a value that the elaborator holds: data, or a step with what it was given."""
        if isinstance(value, Written) and not value.expression.names:
            return _computed(value.expression)  # a decimal that is longer than what it came from
        value = plain(value)
        match value:
            case tuple():
                return ListOf(tuple(self.from_value(each, site) for each in value))
            case Operator(op, defaults):
                known = tuple((key, self.from_value(each, site)) for key, each in defaults.items())
                return OperatorStep(op, known, frozenset(), site)
            case BlockValue(definition, file):
                return self.block(file.definition(definition), site)
            case WaitingFunction(_, Operator() as twin):
                return self.from_value(twin, site)
            case CallStep(callee, given, span):
                step = self.from_value(callee, span)
                more = [(each.keyword, self.from_value(each.value, span)) for each in given]
                return self._with(step, more, span, "node")
            case WaitingGroup(steps, several):
                return Group(tuple(self.from_value(each, site) for each in steps), several)
            case LabelledStep(segments, step):
                return Labelled(tuple((each,) for each in segments), self.from_value(step, site))
            case WaitingRepeat(step, count):
                return Repeat(self.from_value(step, site), self.from_value(count, site))
            case WaitingOptional(step, test):
                inner = Never("it is left out") if step is None else self.from_value(step, site)
                return Optional(inner, self.from_value(test, site))
            case bool() | int() | float() | str():
                return Literal(value)
        raise Unreadable(f"{value!r} cannot be said")


def _computed(said: Expression) -> Expr:
    """Say what was computed from literals."""
    if said.operator == "literal":
        return Literal(said.value)
    return Operation(said.operator, tuple(map(_computed, said.operands)))


def _is_called(step: OperatorStep | BlockStep) -> bool:
    """Whether some argument was written."""
    return bool(step.given if isinstance(step, OperatorStep) else step.arguments)


def _holds_nodes(given: list[tuple[str | None, Expr]], step: Expr) -> bool:
    """Whether nodes stand among what a step is given: first, or anywhere beside a number."""
    anywhere = isinstance(step, OperatorStep) and step.op.takes_number
    values = given if anywhere else given[:1]
    return any(key is None and kind_of(each) != "data" for key, each in values)


def _flows(value: Expr, step: Expr) -> bool:
    """Whether an argument by position is an input of an operator."""
    many = isinstance(step, OperatorStep) and step.op.arity[1] is None
    return kind_of(value) != "data" or (many and value == ListOf(()))


def _ungrouped(value: Expr) -> Expr:
    """Take the parentheses from around a single step."""
    while isinstance(value, Group) and not value.several:
        (value,) = value.steps
    return value


def _grouped(inner: Expr) -> Expr:
    return inner if isinstance(inner, Group) else Group((inner,), False)


def _item(value: Expr, index: Expr) -> Expr:
    if isinstance(value, ListOf) and isinstance(index, Literal):
        place = index.value
        if isinstance(place, int) and 0 <= place < len(value.items):
            return value.items[place]
    return Item(value, index)


def spoken(expr: object) -> Iterator[str]:
    """Give the names that an expression speaks of."""
    from cnnspec.emit.program import parts

    for each in parts(expr):
        if isinstance(each, Name):
            yield each.id


__all__ = ["Blocks", "Reader", "Step", "Unreadable", "spoken"]
