"""Statements of a spec as those of a program, and the blocks that a network's text can reach."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cnnspec.diagnostics import error
from cnnspec.elaborate.bodies import pattern_names
from cnnspec.elaborate.values import BlockValue, CallStep, Operator
from cnnspec.emit.program import (
    STEPS,
    Assign,
    BlockStep,
    Body,
    Choice,
    Constant,
    Expr,
    For,
    GivenStep,
    Group,
    If,
    Kind,
    Labelled,
    ListOf,
    Name,
    Never,
    Optional,
    Output,
    Parameter,
    Pattern,
    Program,
    Repeat,
    Return,
    Statement,
    Variant,
    element,
    kind_of,
    parts,
)
from cnnspec.emit.translate import Reader, Unreadable, spoken
from cnnspec.graph import Argued, Graph, Scope, defined, walk_scopes
from cnnspec.source import Span
from cnnspec.syntax import tree
from cnnspec.syntax.alone import head_of
from cnnspec.syntax.files import Definition
from cnnspec.syntax.tree import bound_names

Key = tuple[Definition, tuple[Kind, ...]]


def read_program(graph: Graph) -> Program:
    """Read the program that a graph's network was elaborated from."""
    return Bodies((graph,)).program()


def read_family(graphs: tuple[Graph, ...]) -> tuple[tuple[Program, ...], tuple[Variant, ...]]:
    """Read networks of one file together: a program for each definition, with all blocks of all.

    The programs share their blocks, which are those that any of the networks can reach; the
    variants are in the order of the graphs, each of one of the programs' networks.
    """
    return Bodies(graphs, family=True).programs()


@dataclass(slots=True)
class Bodies:
    """Reads bodies, each once for each row of kinds that its parameters are given."""

    graphs: tuple[Graph, ...]
    family: bool = False
    _instances: dict[Definition, list[Scope]] = field(default_factory=dict)
    _outputs: dict[Span, int] = field(default_factory=dict)
    _done: dict[Key, Body] = field(default_factory=dict)
    _open: set[Key] = field(default_factory=set)

    def __post_init__(self) -> None:
        for graph in self.graphs:
            for scope in walk_scopes(graph.root):
                if scope.kind == "block":
                    self._instances.setdefault(defined(scope), []).append(scope)
            for node in graph.nodes:
                if len(node.shapes) > 1:
                    self._outputs[node.span] = len(node.shapes)

    @property
    def graph(self) -> Graph:
        """The first network's graph."""
        return self.graphs[0]

    def program(self) -> Program:
        """Read the network, and with it all that it reaches."""
        network = self._network(self.graph)
        self._refuse_handed()
        blocks = [each for each in self._done.values() if each is not network]
        return Program(network, tuple(blocks))

    def programs(self) -> tuple[tuple[Program, ...], tuple[Variant, ...]]:
        """Read several networks of one file."""
        variants = []
        for graph in self.graphs:
            body = self._network(graph)
            given = {key: self._given(each) for key, each in graph.arguments.items()}
            variants.append(Variant(graph.name, body, given))
            for key in spoken_in(tuple(given.values())):
                self._read(*key)
        self._refuse_handed()
        networks = list({id(each.body): each.body for each in variants}.values())
        blocks = tuple(each for each in self._done.values() if each not in networks)
        given_all = tuple(
            (each.body, name, value) for each in variants for name, value in each.arguments.items()
        )
        programs = [
            Program(each, blocks, given_all, tuple(b for b in networks if b is not each))
            for each in networks
        ]
        return tuple(programs), tuple(variants)

    def _network(self, graph: Graph) -> Body:
        definition = defined(graph.root)
        kinds: tuple[Kind, ...] = tuple("data" for _ in definition.parameters)
        return self._read(definition, kinds)

    def _given(self, argued: Argued) -> Expr:
        return Reader(self, argued.file, argued.index).value(argued.value)

    def _refuse_handed(self) -> None:
        """Refuse steps put together, `act = (bn -> relu)`, as what a block is given: SpecError.

        A class or function is handed one class or function; whose steps stand in whose group would
        not be told.
        """
        for body in self._done.values():
            for step in parts(body.statements):
                if isinstance(step, BlockStep):
                    for name, value in step.arguments:
                        self._refuse(step, name, value)

    def _refuse(self, step: BlockStep, name: str, value: Expr) -> None:
        whole = (value.yes, value.no) if isinstance(value, Choice) else (value,)
        several = any(isinstance(each, Group | Labelled | Optional | Repeat) for each in whole)
        if any(isinstance(each, ListOf) and any(map(is_step, each.items)) for each in whole):
            flows = parts(self._done[step.block, step.kinds].statements)
            applied = {each.value for each in flows if isinstance(each, GivenStep)}
            several = any(isinstance(each, Name) and each.id == name for each in applied)
        if several:
            raise error(
                "not-expressible",
                f"source cannot hand {step.block.item.name.id} several steps as one: `{name}`",
                step.site,
                help="make a block of them, and hand that on: "
                f"`block {name}1(x) {{ return x -> bn -> relu }}`",
            )

    # --- what readers ask

    def result(self, block: Definition, kinds: tuple[Kind, ...]) -> Kind:
        """Say what kind of value a block gives; one that calls itself gives a node."""
        return "node" if (block, kinds) in self._open else self._read(block, kinds).result

    def outputs(self, site: Span) -> int:
        """Say how many values the operator at a place gives."""
        return self._outputs.get(site, 1)

    def is_step(self, definition: Definition, parameter: str) -> bool:
        """Whether some call hands a parameter an operator or a block."""
        values = [each.values.get(parameter) for each in self._instances.get(definition, ())]
        values += [
            graph.parameters.get(parameter)
            for graph in self.graphs
            if definition is graph.root.definition
        ]
        return any(isinstance(each, Operator | BlockValue | CallStep) for each in values)

    def kinds(self, definition: Definition) -> tuple[Kind, ...]:
        """Guess the kinds of a block's parameters: as in an instance, or a node and data."""
        scopes = self._instances.get(definition, ())
        flowing = {key: nodes for scope in scopes for key, nodes in scope.inputs}
        names = [each.name.id for each in definition.parameters]
        if not scopes:
            return tuple("data" if place else "node" for place in range(len(names)))
        return tuple(
            ("nodes" if len(flowing[name]) > 1 else "node") if name in flowing else "data"
            for name in names
        )

    # --- bodies

    def _read(self, definition: Definition, kinds: tuple[Kind, ...]) -> Body:
        key = definition, kinds
        if key not in self._done:
            self._open.add(key)
            known: Mapping[str, Kind] = {}
            for _ in range(3):
                body, found = _Text(self, definition, kinds, known).body(), dict(known)
                found.update(body.locals)
                if found == known:
                    break
                known = found
            for each in spoken_blocks(body):
                if each not in self._open:
                    self._read(*each)
            self._open.discard(key)
            self._done[key] = body
        return self._done[key]


class _Text:
    """Reads one body."""

    def __init__(
        self,
        bodies: Bodies,
        definition: Definition,
        kinds: tuple[Kind, ...],
        known: Mapping[str, Kind],
    ) -> None:
        self.bodies = bodies
        self.definition = definition
        self.kinds = kinds
        self.reader = Reader(
            bodies, definition.file, definition.index, definition=definition, known=known
        )
        self.locals: dict[str, Kind] = {}
        self.results: list[Kind] = []
        #: How often each name is bound; a parameter that is bound again twice.
        self.bound: dict[str, int] = {each.name.id: 1 for each in definition.parameters}
        for word, _ in bound_names(definition.body):
            self.bound[word] = self.bound.get(word, 0) + 1
        self.depth = 0

    def body(self) -> Body:
        graph, network = self.bodies.graph, isinstance(self.definition.item, tree.NetworkDef)
        parameters = []
        for each, kind in zip(self.definition.parameters, self.kinds, strict=True):
            name, default = each.name.id, None
            if network and name in graph.parameters and not self.bodies.family:
                default = self._argued(name, each)
            elif each.default is not None:
                default = self.reader.value(each.default)
            parameters.append(Parameter(name, kind, default))
            self.reader.names[name] = kind
        statements: list[Statement] = []
        for statement in self.definition.body:
            try:
                statements += self._statement(statement)
            except Unreadable as why:
                title = f"source cannot say this: {why}"
                raise error("not-expressible", title, statement.span) from why
        results = [each for each in self.results if each != "data"]
        result = "nodes" if "nodes" in results else results[0] if results else "node"
        return Body(self.definition, tuple(parameters), tuple(statements), result, self.locals)

    def _argued(self, name: str, parameter: tree.Parameter) -> Expr:
        """Say a network's parameter's value as it was written, where its text was."""
        graph = self.bodies.graph
        argued = graph.arguments.get(name)
        if argued is not None:
            return Reader(self.bodies, argued.file, argued.index).value(argued.value)
        if name not in graph.set and parameter.default is not None:
            return self.reader.value(parameter.default)
        return self.reader.from_value(graph.parameters[name], parameter.span)

    # --- statements

    def _statements(self, statements: Iterable[tree.Stmt]) -> tuple[Statement, ...]:
        result: list[Statement] = []
        for each in statements:
            result += self._statement(each)
        return tuple(result)

    def _statement(self, statement: tree.Stmt) -> list[Statement]:
        match statement:
            case tree.Bind():
                return self._bind(statement)
            case tree.Output():
                value = self.reader.value(statement.value)
                self._give(statement.name.id, "node")
                return [Output(statement.name.id, value, statement.train)]
            case tree.Return():
                values = tuple(map(self.reader.value, statement.values))
                self.results.append("nodes" if len(values) > 1 else kind_of(values[0]))
                return [Return(values)]
            case tree.If():
                arms = [(self.reader.value(test), self._arm(body)) for test, body in statement.arms]
                return [If(tuple(arms), self._arm(statement.orelse))]
            case tree.For():
                return [self._for(statement)]
        return []  # what is expected or stated

    def _arm(self, body: tuple[tree.Stmt, ...]) -> tuple[Statement, ...]:
        try:
            return self._statements(body)
        except Unreadable as why:
            return (Never(str(why)),)

    def _bind(self, statement: tree.Bind) -> list[Statement]:
        targets = tuple(each.id for each in statement.targets)
        self.reader.target = targets[0]
        self.reader.head = head_of(statement.values[0]) if len(targets) == 1 else None
        values = tuple(map(self.reader.value, statement.values))
        self.reader.head = None
        if len(targets) == 1:
            if is_step(values[0]) and self._stays(targets[0], values[0]):
                self.reader.steps[targets[0]] = values[0]
                return []
            self._give(targets[0], self._kind(targets[0], values[0]))
            return [Assign(targets, values[0])]
        if len(values) > 1:
            for word, each in zip(targets, values, strict=True):
                self._give(word, self._kind(word, each))
            return [Assign(targets, ListOf(values))]
        for word, kind in zip(targets, _taken_apart(values[0], len(targets)), strict=True):
            self._give(word, kind)
        return [Assign(targets, values[0])]

    def _kind(self, word: str, value: Expr) -> Kind:
        """A list that begins empty is of the kind that it is found to have later."""
        if value == ListOf(()):
            return self.reader.known.get(word, "data")
        return kind_of(value)

    def _stays(self, word: str, step: Expr) -> bool:
        """Whether a name always means one step, whose words keep their values."""
        words = [word, *spoken(step)]
        return not self.depth and all(self.bound.get(each, 1) == 1 for each in words)

    def _give(self, word: str, kind: Kind) -> None:
        self.reader.names[word] = kind
        self.reader.steps.pop(word, None)
        if self.locals.get(word, "data") == "data":
            self.locals[word] = kind

    def _for(self, statement: tree.For) -> For:
        values = self.reader.value(statement.values)
        words = [word for each in statement.patterns for word in pattern_names(each)]
        hidden = {word: self.reader.names[word] for word in words if word in self.reader.names}
        kind = element(values)
        pattern: Pattern
        if len(statement.patterns) == 1:
            pattern = self._pattern(statement.patterns[0], kind)
        else:
            pattern = self._row(statement.patterns, kind)
        self.depth += 1
        body = self._statements(statement.body)
        self.depth -= 1
        for word in words:
            self.reader.names.pop(word, None)
        self.reader.names.update(hidden)
        return For(pattern, values, body)

    def _pattern(self, pattern: tree.Pattern, kind: Kind) -> Pattern:
        if pattern.name is None:
            return self._row(pattern.parts, kind)
        self.reader.names[pattern.name] = kind
        self.reader.steps.pop(pattern.name, None)
        return pattern.name

    def _row(self, patterns: tuple[tree.Pattern, ...], kind: Kind) -> Pattern:
        kinds: tuple[Kind, ...] = ("node" if kind == "nodes" else kind,) * len(patterns)
        if isinstance(kind, tuple) and len(kind) == len(patterns):
            kinds = kind
        return tuple(self._pattern(p, k) for p, k in zip(patterns, kinds, strict=True))


def is_step(value: Expr) -> bool:
    """Whether a value is a step, or one of several."""
    if isinstance(value, Choice):
        arms = [each for each in (value.yes, value.no) if not isinstance(each, Never)]
        return all(map(is_step, arms))
    return isinstance(value, STEPS)


def _taken_apart(value: Expr, count: int) -> tuple[Kind, ...]:
    kind = kind_of(value)
    if isinstance(kind, tuple) and len(kind) == count:
        return kind
    each: Kind = "node" if kind in ("node", "nodes") else "data"
    return (each,) * count


def spoken_blocks(body: Body) -> list[Key]:
    """The blocks that a body's text names, with the kinds that they take, each once."""
    defaults = tuple(each.default for each in body.parameters if each.default is not None)
    return spoken_in((defaults, body.statements))


def spoken_in(said: object) -> list[Key]:
    """The blocks that expressions and statements name."""
    found: dict[Key, None] = {}
    for each in parts(said):
        if isinstance(each, BlockStep):
            found[each.block, each.kinds] = None
        elif isinstance(each, Constant):
            found |= {
                (inner.block, inner.kinds): None
                for inner in parts(each.value)
                if isinstance(inner, BlockStep)
            }
    return list(found)
