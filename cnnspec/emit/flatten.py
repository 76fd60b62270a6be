"""Takes a body's flows apart: from a program's body to statements of one step each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Final

from cnnspec.emit import flat
from cnnspec.emit.flat import Apply, Flat, Loop
from cnnspec.emit.immediate import immediate
from cnnspec.emit.names import counter_names, is_identifier
from cnnspec.emit.places import Key, Places
from cnnspec.emit.program import (
    Assign,
    BlockStep,
    Body,
    Call,
    Choice,
    Expr,
    Flow,
    For,
    Function,
    GivenStep,
    Group,
    If,
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
    Output,
    Pattern,
    Program,
    Repeat,
    Return,
    Statement,
    Within,
    gives_several,
    kind_of,
    parts,
)
from cnnspec.emit.reach import Reach

#: What a branch is called for which the spec has no name.
LETTERS: Final = ("y", "z", "u", "v", "w", "s", "t", "r", "p", "q")


@dataclass(frozen=True, eq=False)
class Flattened:
    """A program taken apart: its network, its blocks, and what values can be."""

    program: Program
    reach: Reach
    network: Flat
    blocks: tuple[Flat, ...]

    def block(self, step: BlockStep) -> Flat:
        """The block that is called."""
        return self._by_body[id(self.program.body(step))]

    @cached_property
    def _by_body(self) -> dict[int, Flat]:
        return {id(each.body): each for each in self.blocks}


def flattened(program: Program, reserved: frozenset[str] = frozenset()) -> Flattened:
    """Take a whole program apart; no name that is made is one of the `reserved`."""
    reach = Reach(program)
    network = flatten(program, reach, program.network, reserved)
    blocks = tuple(flatten(program, reach, each, reserved) for each in program.blocks)
    return Flattened(program, reach, network, blocks)


def flatten(program: Program, reach: Reach, body: Body, reserved: frozenset[str]) -> Flat:
    """Take a body apart; names that are made are none of the body's own, and not `reserved`."""
    varying: dict[Key, str] = {}
    mixed = False
    known = -1
    while True:
        flattener = _Flattener(program, reach, body, reserved, varying)
        flattener.places.mixed = mixed
        statements = flattener.run()
        mixed = mixed or flattener.places.mixes
        if not flattener.places.found and mixed == flattener.places.mixed:
            return Flat(body, statements)
        now = len(varying) + mixed
        assert now > known, f"what is counted in {body.name} does not settle"
        known = now


@lru_cache(maxsize=50_000)
def mentioned(value: object) -> frozenset[str]:
    """The names that an expression or statement speaks of, where it gives values to them too."""
    found = set()
    for each in parts(value):
        if isinstance(each, Name):
            found.add(each.id)
        elif isinstance(each, Assign):
            found |= set(each.targets)
        elif isinstance(each, Output):
            found.add(each.name)
        elif isinstance(each, For):
            found |= set(words(each.pattern))
    return frozenset(found)


def words(pattern: Pattern) -> Iterator[str]:
    """The names in a loop's pattern."""
    if isinstance(pattern, str):
        yield pattern
    else:
        for each in pattern:
            yield from words(each)


class _Level:
    """Statements, or expressions, while they are read: which names are spoken of after one."""

    def __init__(self, statements: Sequence[Statement | Expr], *, turns: bool) -> None:
        self.turns = turns
        self.at = 0
        self.last: dict[str, int] = {}
        for place, each in enumerate(statements):
            for word in mentioned(each):
                self.last[word] = place

    def speaks(self, word: str) -> bool:
        place = self.last.get(word)
        return place is not None and (self.turns or place > self.at)


def _speaks(waiting: object, word: str) -> bool:
    """Whether what is still to be read speaks of a name."""
    return waiting.speaks(word) if isinstance(waiting, _Level) else word in mentioned(waiting)


class _Flattener:
    def __init__(
        self,
        program: Program,
        reach: Reach,
        body: Body,
        reserved: frozenset[str],
        varying: dict[Key, str],
    ) -> None:
        self.program = program
        self.reach = reach
        self.body = body
        self.text = immediate(body)
        own = mentioned(self.text.statements) | {each.name for each in body.parameters}
        self.taken = set(own | reserved | set(varying.values()))
        self.own = own
        self.places = Places(self._counter, varying)
        #: The one name that the statement which is read gives: an input without a label has it.
        self.given: str | None = None
        self.levels: list[_Level] = []
        #: Names of the statement that is read, spoken of in what is not read yet.
        self.pending: list[object] = []
        #: Branches' names in use while a statement is read; all numbers below are in use, too.
        self.branches: set[str] = set()
        self.number = 2

    def run(self) -> list[flat.Statement]:
        self._row(self.text.statements, self.places.statements)
        return self.places.statements

    def _counter(self) -> str:
        name = next(each for each in counter_names() if each not in self.taken)
        self.taken.add(name)
        return name

    def _emit(self, statement: flat.Statement) -> None:
        self.places.statements.append(statement)

    # --- statements

    def _row(
        self, statements: Sequence[Statement], to: list[flat.Statement], *, turns: bool = False
    ) -> None:
        level = _Level(statements, turns=turns)
        self.levels.append(level)
        for place, each in enumerate(statements):
            level.at = place
            self.branches, self.number = set(), 2
            self._statement(each)
        self.levels.pop()

    def _statement(self, statement: Statement) -> None:
        self.given = _given(statement)
        match statement:
            case Assign((word,), value):
                self._assign(word, value)
            case Assign(targets, value):
                self._emit(flat.Assign(targets, self._taken_apart(value)))
            case Output():
                self._output(statement)
            case Return(values):
                self._return(values)
            case If(arms, orelse):
                self._if(arms, orelse)
            case For():
                self._for(statement)
            case Never():
                self._emit(statement)

    def _assign(self, word: str, value: Expr) -> None:
        if isinstance(value, Choice) and _flows(value):
            self._either(value.test, lambda arm: self._assign(word, arm), value.yes, value.no)
            return
        found = self.value(value, word)
        if found != Name(word, kind_of(found)):
            self._emit(flat.Assign((word,), found))

    def _taken_apart(self, value: Expr) -> Expr | Apply:
        """Give what several names are given; the last step's result is not named before."""
        found = self.value(value)
        last = self.places.statements[-1] if self.places.statements else None
        match found, last:
            case Name(word), flat.Assign((target,), made) if word == target not in self.own:
                self.places.statements.pop()
                return made
        return found

    def _output(self, output: Output) -> None:
        name, value = output.name, output.value
        if isinstance(value, Choice) and _flows(value):
            self._assign(name, value)
            self._emit(flat.Output(name, Name(name, "node"), output.train))
            return
        within = self._through(value) if isinstance(value, Flow) else None
        found = self.value(value, name, within)
        if found != Name(name, kind_of(found)):
            self._emit(flat.Assign((name,), found))
        self._emit(flat.Output(name, Name(name, "node"), output.train))

    def _through(self, flow: Flow) -> str:
        """Name what a flow goes through on its way to an output: `x`, if that is free."""
        head = flow.value.id if isinstance(flow.value, Name) else ""
        inputs = {each.id for each in parts(flow.value) if isinstance(each, Name)}
        for word in (head, "x"):
            known = word in self.text.locals and word not in self._inputs
            spoken = any(word in mentioned(each) for each in flow.steps) or self._is_read(word)
            if word and (known or word == "x") and not spoken:
                self.taken.add(word)
                return word
        return self._letter(inputs)

    @cached_property
    def _inputs(self) -> set[str]:
        """The names that are given to inputs of the network."""
        return {
            each.targets[0]
            for each in self.text.statements
            if isinstance(each, Assign) and isinstance(each.value, Call) and _is_source(each.value)
        }

    def _return(self, values: tuple[Expr, ...]) -> None:
        if len(values) == 1 and isinstance(values[0], Choice) and _flows(values[0]):
            choice = values[0]
            self._either(choice.test, lambda arm: self._return((arm,)), choice.yes, choice.no)
            return
        found: list[Expr | Apply] = []
        for place, value in enumerate(values):
            self.pending.append(values[place + 1 :])
            want = self._returned(value) if len(values) == 1 else None
            found.append(self.value(value, want))
            self.pending.pop()
        last = self.places.statements[-1] if self.places.statements else None
        match found, last:
            case [Name(word)], flat.Assign((target,), made) if word == target:
                self.places.statements.pop()
                found = [made]
        self._emit(flat.Give(tuple(found)))

    def _returned(self, value: Expr) -> str | None:
        """Name what flows towards a `return`: as its head is called, if nothing needs that."""
        head = value
        while isinstance(head, Flow):
            head = head.value
        steps = value.steps if isinstance(value, Flow) else ()
        if isinstance(head, Name) and not any(head.id in mentioned(each) for each in steps):
            return head.id
        if isinstance(head, Call) and isinstance(value, Flow):
            inputs = [each for each in head.inputs if isinstance(each, Name)]
            rest = (*steps, head.inputs[1:])
            if inputs and not any(inputs[0].id in mentioned(each) for each in rest):
                return inputs[0].id
        return None

    def _if(
        self,
        arms: tuple[tuple[Expr, tuple[Statement, ...]], ...],
        orelse: tuple[Statement, ...],
    ) -> None:
        tests = [self.value(test) for test, _ in arms]
        bodies: list[list[flat.Statement]] = [[] for _ in range(len(arms) + 1)]
        rows = [*(body for _, body in arms), orelse]
        with self.places.deciding(bodies) as turns:
            for _, row in zip(turns, rows, strict=True):
                self._row(row, self.places.statements)
        self._emit(flat.If(list(zip(tests, bodies[:-1], strict=True)), bodies[-1]))

    def _either(self, test: Expr, read: Callable[[Expr], None], yes: Expr, no: Expr) -> None:
        """Read one of two ways, each into an arm of its own."""
        said = self.value(test)
        bodies: list[list[flat.Statement]] = [[], []]
        with self.places.deciding(bodies) as turns:
            for _, arm in zip(turns, (yes, no), strict=True):
                if isinstance(arm, Never):
                    self._emit(arm)
                else:
                    read(arm)
        if bodies[0] or bodies[1]:
            self._emit(flat.If([(said, bodies[0])], bodies[1]))

    def _for(self, statement: For) -> None:
        values = self.value(statement.values)
        loop = Loop(statement.pattern, values, [])
        loop.turn = _turn(statement)
        names = frozenset(words(statement.pattern)) | frozenset(
            word for each in statement.body for word in _bound(each)
        )
        with self.places.turning(loop, names, _length(values)):
            self._row(statement.body, loop.body, turns=True)
        self._emit(loop)

    # --- values

    def value(self, expr: Expr, want: str | None = None, within: str | None = None) -> Expr:
        """Give an expression without flows, after the statements that these become.

        `want` names what comes out, `within` what flows on the way, if that is another.
        """
        match expr:
            case Flow():
                return self._flow(expr, want, within)
            case Call():
                return self._call(expr, want)
            case Within(label, inner):
                with self.places.entered(self._label(label)):
                    return self.value(inner, want, within)
            case Choice(test, yes, no) if _flows(expr):
                word = want or self._branch(expr)
                kind = kind_of(expr)
                self._either(test, lambda arm: self._assign(word, arm), yes, no)
                return Name(word, kind)
        if not _flows(expr):
            return expr
        return self._inside(expr)

    def _inside(self, expr: Expr) -> Expr:
        """Take the flows out of an expression of data or a list."""
        match expr:
            case ListOf(items):
                return ListOf(self._each(items))
            case Operation(operator, operands):
                return Operation(operator, self._each(operands))
            case Function(name, arguments):
                return Function(name, self._each(arguments))
            case Choice(test, yes, no):
                return Choice(*self._each((test, yes, no)))
            case Item(value, index):
                return Item(*self._each((value, index)))
            case Measure(node, what):
                return Measure(self.value(node), what)
            case OperatorStep(_, arguments):
                return replace(expr, arguments=self._named(arguments))
            case BlockStep(_, _, arguments):
                return replace(expr, arguments=self._named(arguments))
            case GivenStep(value, given):
                said = self._each(tuple(each for _, each in given))
                keys = tuple(key for key, _ in given)
                more = tuple(zip(keys, said, strict=True))
                return GivenStep(self.value(value), more, expr.site)
        raise TypeError(f"a flow inside {type(expr).__name__}")

    def _each(self, exprs: tuple[Expr, ...]) -> tuple[Expr, ...]:
        if len(exprs) == 1:
            return (self.value(exprs[0]),)
        found = []
        row = _Level(exprs, turns=False)
        self.pending.append(row)
        for row.at, each in enumerate(exprs):
            found.append(self.value(each))
        self.pending.pop()
        return tuple(found)

    def _named(self, arguments: tuple[tuple[str, Expr], ...]) -> tuple[tuple[str, Expr], ...]:
        keys = tuple(key for key, _ in arguments)
        said = self._each(tuple(each for _, each in arguments))
        return tuple(zip(keys, said, strict=True))

    def _label(self, label: Label) -> Label:
        return tuple(
            tuple(each if isinstance(each, str) else self.value(each) for each in pieces)
            for pieces in label
        )

    # --- flows

    def _flow(self, expr: Flow, want: str | None, within: str | None) -> Expr:
        last = want or self._branch(expr)
        self.pending.append(expr.steps)
        head_word = self._on_the_way(within or last, expr.steps) if _flows(expr.value) else None
        value = self.value(expr.value, head_word)
        self.pending.pop()
        for place, step in enumerate(expr.steps):
            rest = expr.steps[place + 1 :]
            word = last if not rest else self._on_the_way(within or last, rest)
            self.pending.append(rest)
            value = self.apply(step, (value,), word)
            self.pending.pop()
        return value

    def _on_the_way(self, word: str, rest: tuple[Expr, ...]) -> str:
        """The variable that a flow goes on in, if nothing that is still to be read speaks of it."""
        if word not in mentioned(rest) and not any(_speaks(each, word) for each in self.pending):
            return word
        return self._letter({word})

    def _call(self, expr: Call, want: str | None) -> Expr:
        inputs = self._each(expr.inputs)
        return self.apply(expr.step, inputs, want or self._branch(expr))

    def _branch(self, expr: Expr) -> str:
        """Name a branch: after its labels, or what it does; else a letter."""
        word = _said(expr)
        if word and is_identifier(word) and not self._is_used(word):
            self.branches.add(word)
            return word
        return self._letter(set())

    def _letter(self, avoid: set[str]) -> str:
        for word in LETTERS:
            if word not in avoid and not self._is_used(word):
                self.branches.add(word)
                return word
        while self._is_used(f"y{self.number}"):
            self.number += 1
        number = self.number
        while f"y{number}" in avoid or self._is_used(f"y{number}"):
            number += 1
        self.branches.add(f"y{number}")
        return f"y{number}"

    def _is_used(self, word: str) -> bool:
        return word in self.taken or word in self.branches

    def _is_read(self, word: str) -> bool:
        """Whether a name's value is needed by statements after this one."""
        return any(level.speaks(word) for level in self.levels)

    def apply(
        self,
        step: Expr,
        inputs: tuple[Expr, ...],
        word: str,
        label: Label | None = None,
    ) -> Expr:
        """Apply a step; its result gets the name `word`, a letter if the step speaks of it."""
        if _is_several(step) and word in mentioned(step):
            word = self._letter({word})
        match step:
            case Labelled(own, inner):
                said = self._label(own)
                return self.apply(inner, inputs, word, (*(label or ()), *said))
            case Optional(inner, test):
                return self._optional(inner, test, inputs, word, label)
            case Choice(test, yes, no):
                self._either(test, lambda arm: self._into(arm, inputs, word, label), yes, no)
                return Name(word, kind_of(inputs[0]) if inputs else "node")
            case Group(steps, several):
                if label is None and not (several and self.places.group.numbered):
                    return self._members(steps, inputs, word)
                with self.places.entered(label):
                    return self._members(steps, inputs, word)
            case Repeat():
                if label is None:
                    return self._repeat(step, inputs, word)
                with self.places.entered(label):
                    return self._repeat(step, inputs, word)
            case GivenStep(value, ()) if self.reach.is_list(self.body, value):
                if label is None and not self.places.group.numbered:
                    return self._run(value, inputs, word)
                with self.places.entered(label):
                    return self._run(value, inputs, word)
        return self._leaf(step, inputs, word, label)

    def _into(self, step: Expr, inputs: tuple[Expr, ...], word: str, label: Label | None) -> None:
        found = self.apply(step, inputs, word, label)
        if found != Name(word, kind_of(found)):
            self._emit(flat.Assign((word,), found))

    def _members(self, steps: Iterable[Expr], inputs: tuple[Expr, ...], word: str) -> Expr:
        row = tuple(steps)
        for place, step in enumerate(row):
            rest = row[place + 1 :]
            self.pending.append(rest)
            name = word if not rest else self._on_the_way(word, ())
            inputs = (self.apply(step, inputs, name),)
            self.pending.pop()
        return inputs[0]

    def _held(self, inputs: tuple[Expr, ...], word: str) -> Name:
        """Put what flows into the variable in which it is changed at times."""
        (value,) = inputs
        if value != Name(word, kind_of(value)):
            self._emit(flat.Assign((word,), value))
        return Name(word, kind_of(value))

    def _optional(
        self,
        step: Expr,
        test: Expr,
        inputs: tuple[Expr, ...],
        word: str,
        label: Label | None,
    ) -> Expr:
        if word in mentioned((step, test)) and inputs[0] != Name(word, kind_of(inputs[0])):
            word = self._letter({word})
        held = self._held(inputs, word)
        self._either(test, lambda arm: self._into(arm, (held,), word, label), step, _STAYS)
        return held

    def _repeat(self, step: Repeat, inputs: tuple[Expr, ...], word: str) -> Expr:
        held = self._held(inputs, word)
        count = self.value(step.count)
        loop = Loop(None, count, [])
        with self.places.turning(loop, frozenset(), count):
            self._into(step.step, (held,), word, None)
        if loop.body:
            self._emit(loop)
        return held

    def _run(self, value: Expr, inputs: tuple[Expr, ...], word: str) -> Expr:
        """Apply the steps of a list, one after another."""
        held = self._held(inputs, word)
        values = self.value(value)
        name = "step"
        while name in self.taken:
            name += "_"
        loop = Loop(name, values, [])
        step = GivenStep(Name(name), (), self.body.definition.item.span)
        with self.places.turning(loop, frozenset((name,)), Function("len", (values,))):
            path = self.places.leaf(flat.KindOf(Name(name)), self._kinds(value), None)
            self._emit(flat.Assign((word,), Apply(step, (held,), path, "node")))
        self._emit(loop)
        return held

    def _leaf(
        self,
        step: Expr,
        inputs: tuple[Expr, ...],
        word: str,
        label: Label | None,
    ) -> Expr:
        said = self.value(step)
        assert isinstance(said, OperatorStep | BlockStep | GivenStep)
        names: tuple[str, ...] = ()
        kind: Kind = "node"
        if isinstance(said, OperatorStep):
            if said.op.is_input and label is None and self.given is not None:
                label = ((self.given,),)
            kind = "nodes" if gives_several(said) else "node"
        elif isinstance(said, BlockStep):
            names, inputs = _flowing(said, inputs)
            kind = self.program.body(said).result
        path = self.places.leaf(*self._sorts(said), label)
        self._emit(flat.Assign((word,), Apply(said, inputs, path, kind, names)))
        return Name(word, kind)

    def _sorts(
        self, step: OperatorStep | BlockStep | GivenStep
    ) -> tuple[str | flat.KindOf, frozenset[str]]:
        """Say what a step without a label is called after, and the kinds that it can be of."""
        if isinstance(step, GivenStep):
            kinds = self._kinds(step.value)
            return next(iter(kinds)) if len(kinds) == 1 else flat.KindOf(step.value), kinds
        kind = step.op.name if isinstance(step, OperatorStep) else step.block.name
        return kind, frozenset((kind,))

    def _kinds(self, value: Expr) -> frozenset[str]:
        return frozenset(
            each.op.name if isinstance(each, OperatorStep) else each.block.name
            for each in self.reach.of(self.body, value)
            if isinstance(each, OperatorStep | BlockStep)
        )


def _is_several(step: Expr) -> bool:
    """Whether a step is taken apart, so that its words are read after something was named."""
    if isinstance(step, Labelled):
        return _is_several(step.step)
    if isinstance(step, Optional):
        return _is_several(step.step) or not isinstance(step.step, _LEAVES)
    return not isinstance(step, _LEAVES)


_LEAVES: Final = (OperatorStep, BlockStep, GivenStep)
#: What the other way of a step does that is there at times.
_STAYS: Final = Group((), False)


def _flowing(step: BlockStep, inputs: tuple[Expr, ...]) -> tuple[tuple[str, ...], tuple[Expr, ...]]:
    """Give the parameters through which nodes flow into a block, in order, and the nodes."""
    known = dict(step.arguments)
    pending = list(inputs)
    names, nodes = [], []
    for parameter, kind in zip(step.block.parameters, step.kinds, strict=True):
        word = parameter.name.id
        if word not in known and pending:
            names.append(word)
            nodes.append(pending.pop(0))
        elif kind != "data":
            names.append(word)
            nodes.append(known[word])
    return tuple(names), tuple(nodes)


def _given(statement: Statement) -> str | None:
    """The one name that a statement gives a value to."""
    match statement:
        case Assign((word,), _) | Output(word, _):
            return word
    return None


def _is_source(call: Call) -> bool:
    step = call.step.step if isinstance(call.step, Labelled) else call.step
    return isinstance(step, OperatorStep) and step.op.arity == (0, 0)


@lru_cache(maxsize=50_000)
def _flows(expr: Expr) -> bool:
    return any(isinstance(each, Flow | Call | Within) for each in parts(expr))


def _bound(statement: Statement) -> Iterator[str]:
    for each in parts(statement):
        if isinstance(each, Assign):
            yield from each.targets
        elif isinstance(each, For):
            yield from words(each.pattern)


def _turn(statement: For) -> Expr | None:
    """The number of a loop's turn, if a name of its own says it."""
    bound = {word for each in statement.body for word in _bound(each)}
    match statement.pattern, statement.values:
        case str(word), Function("range", (_,)) if word not in bound:
            return Name(word)
        case str(word), Function("range", (start, _)) if word not in bound:
            return Operation("-", (Name(word), start))
        case (str(word), *_), Function("enumerate", _) if word not in bound:
            return Name(word)
    return None


def _length(values: Expr) -> Expr:
    match values:
        case Function("range", (stop,)):
            return stop
        case Function("range", (start, stop)):
            return Operation("-", (stop, start))
        case Function("enumerate", (inner,)):
            return _length(inner)
        case ListOf(items):
            return Literal(len(items))
    return Function("len", (values,))


def _said(expr: Expr) -> str | None:
    """Name a branch after the labels in it, or after a pool."""
    steps = expr.steps if isinstance(expr, Flow) else (expr.step,) if isinstance(expr, Call) else ()
    labels = [
        str(each.label[0][0])
        for each in steps
        if isinstance(each, Labelled) and isinstance(each.label[0][0], str)
    ]
    if labels:
        bare = {re.sub(r"(_\d+|\d+)[a-z]?$", "", each) for each in labels}
        return (bare.pop() if len(labels) > 1 == len(bare) else "") or labels[-1]
    if any(isinstance(each, OperatorStep) and each.op.family == "pooling" for each in steps):
        return "pool"
    return None
