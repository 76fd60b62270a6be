"""A body, twice: its program over channels makes modules, its program over tensors calls them."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from cnnspec.channels import Argument as Formula
from cnnspec.channels import Joined, Places, express
from cnnspec.emit import program as pg
from cnnspec.emit import pytree as py
from cnnspec.emit.code import call
from cnnspec.emit.lowering import Lowered
from cnnspec.kinds import Refusal
from cnnspec.op import Op
from cnnspec.shapes import Shape
from cnnspec_torch.classes.file import File, Word
from cnnspec_torch.classes.lowered import Placed, operation, tree
from cnnspec_torch.classes.values import (
    Box,
    Data,
    Growing,
    Hard,
    Member,
    Node,
    Nodes,
    Opened,
    Put,
    Reach,
    Rows,
    Segment,
    Steps,
    Value,
    path_names,
    said,
)

#: So deep may calls stand in calls before a value gets its name.
DEEPEST: Final = 3
Statements = list[ast.stmt]
Path = tuple[Segment, ...]


@dataclass(slots=True)
class Loop:
    """A loop around what is projected."""

    words: frozenset[str]
    #: The constructor's statements around it, and in it.
    outside: Statements
    inside: Statements
    target: ast.expr
    values: ast.expr
    body: tuple[pg.Statement, ...]
    #: Names whose channels are in a variable while the loop turns.
    bound: frozenset[str]
    #: How many steps without labels of each kind stand in a turn so far.
    numbered: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Made:
    """A row of members of a sequence, the channels after them, and whether an image is."""

    members: list[ast.expr]
    channels: ast.expr | None
    image: bool | None


@dataclass(slots=True, eq=False)
class Projection:
    """One body's class while it is written."""

    file: File
    body: pg.Body
    name: str
    #: Whether images come in, by parameter.
    ranks: tuple[bool, ...] = ()
    init: Statements = field(default_factory=list)
    run: Statements = field(default_factory=list)
    env: dict[str, Value] = field(default_factory=dict)
    boxes: list[Box] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    #: Channels of what comes out, in the parameters' words; None: an attribute of the module.
    out: ast.expr | None = None
    results: list[tuple[Node | Nodes, ...]] = field(default_factory=list)
    #: Whether somebody asks for `out_channels`.
    wanted: bool = False
    done: bool = False
    straight: bool = False
    outputs: list[pg.Output] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    #: Attributes of `self` for members without weights, by the segment that they would have.
    free: dict[str, str] = field(default_factory=dict)
    image: bool | None = True
    #: Kinds of steps without labels that are counted while the class runs, for their numbers
    #: depend on what is there; and those for which that turned out to be needed.
    counted: frozenset[str] = frozenset()
    needs: set[str] = field(default_factory=set)

    _box: dict[tuple[int, str], Box] = field(default_factory=dict)
    _ordinals: dict[str, int] = field(default_factory=dict)
    _counters: dict[str, str] = field(default_factory=dict)
    _flags: dict[str, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)
    _words: dict[str, str] = field(default_factory=dict)
    #: Variables that hold channels.
    _moving: set[str] = field(default_factory=set)
    _defined: dict[str, ast.expr] = field(default_factory=dict)
    _bound: dict[str, int] = field(default_factory=dict)
    _held: frozenset[str] = frozenset()
    _target: str | None = None
    _inside: int = 0
    _heads: dict[str, str] = field(default_factory=dict)

    # --- the whole

    @property
    def is_network(self) -> bool:
        """Whether it is the network itself."""
        return self.body is self.file.program.network

    def project(self) -> None:
        """Write both projections."""
        self.boxes.append(Box(0, kind="self"))
        self._bound = bindings(self.body.statements)
        first = True
        ranks = iter(self.ranks)
        for each in self.body.parameters:
            word = self.file.word(each.name)
            if each.kind == "data":
                self.env[each.name] = Data(py.name(word), py.name(word))
                continue
            channels = "in_channels" if first else f"{word}_channels"
            flowing = Nodes if each.kind == "nodes" else Node
            image = next(ranks, True)
            self.env[each.name] = flowing(py.name(channels), py.name(word), image)
            self._words[each.name] = channels
            first = False
        self.straight = not self.is_network and is_straight(self.body)
        self._heads = step_lists(self.body)
        for kind in sorted(self.counted):
            for statements in (self.init, self.run):
                statements.append(py.assign(f"{kind}s", py.literal(0)))
        self._statements(self.body.statements)
        if not self.is_network:
            self.out = self._says_out()
        self.done = True

    def _says_out(self) -> ast.expr | None:
        """Say the channels of the result in the parameters' words, if they are few."""
        if len(self.results) != 1 or len(self.results[0]) != 1:
            return None
        (result,) = self.results[0]
        channels = py.fold(result.channels)
        allowed = {self.file.word(each.name) for each in self.body.data} | set(self._words.values())
        allowed -= {word for word in self._bound if word not in self._words}
        known = {"round_to", "max", "min", "math", "sum", "len"}
        if not isinstance(result, Node) or py.size(channels) > 8:
            return None
        if any(isinstance(each, Reach) for each in ast.walk(channels)):
            return None
        read = py.reads(channels)
        return channels if read - known <= allowed - self._moving else None

    def parameter_channels(self, name: str) -> str:
        """The constructor's parameter for the channels of what comes in."""
        return self._words[name]

    # --- statements

    def _statements(self, statements: Iterable[pg.Statement]) -> None:
        for each in statements:
            self._statement(each)

    def _statement(self, statement: pg.Statement) -> None:
        match statement:
            case pg.Assign((word,), value):
                self._assign(word, value)
            case pg.Assign(words, pg.ListOf(values)) if len(words) == len(values):
                given = [self.value(each) for each in values]
                for word, one in zip(words, given, strict=True):
                    self._give(word, one)
            case pg.Assign(words, value):
                self._take_apart(words, self.value(value))
            case pg.Output(name, value, _):
                self._target = name
                found = self._node(self.value(value))
                self._target = None
                self._give(name, found)
                self.outputs.append(statement)
            case pg.Return(values):
                self._return(values)
            case pg.If(arms, orelse):
                self._if(arms, orelse)
            case pg.For(pattern, values, body):
                self._for(pattern, values, body)
            case pg.Never(why):
                raise Hard(f"a way that no call has taken: {why}")

    def _return(self, values: tuple[pg.Expr, ...]) -> None:
        first = self.body.nodes[0].name if self.body.nodes else "x"
        self._target = first
        found = [self._flowing(self.value(each)) for each in values]
        self._target = None
        self.results.append(tuple(found))
        channels = found[0].channels if len(found) == 1 else py.items(x.channels for x in found)
        tensor = (
            found[0].tensor
            if len(found) == 1
            else ast.Tuple([each.tensor for each in found], py.LOAD)
        )
        self.init.append(ast.Assign([py.code("self.out_channels")], channels, lineno=0))
        self.run.append(ast.Return(tensor))

    def _assign(self, word: str, value: pg.Expr) -> None:
        if word in self._heads:
            self._grow_list(word, value)
            return
        self._target = word
        found = self.value(value)
        self._target = None
        self._give(word, found)

    def _take_apart(self, words: tuple[str, ...], value: Value) -> None:
        names = [self.file.word(each) for each in words]
        targets = ast.Tuple([ast.Name(each, py.STORE) for each in names], py.STORE)
        match value:
            case Nodes(channels, tensor, image):
                if isinstance(tensor, ast.Call) and py.same(tensor.func, py.name("list")):
                    tensor = tensor.args[0]
                self.run.append(ast.Assign([targets], tensor, lineno=0))
                for place, (word, name) in enumerate(zip(words, names, strict=True)):
                    each = py.fold(py.code("c[i]", c=channels, i=py.literal(place)))
                    self._keep(word, Node(each, py.name(name), image))
            case Data(made, run):
                self.init.append(ast.Assign([targets], made, lineno=0))
                self.run.append(ast.Assign([targets], run, lineno=0))
                for word, name in zip(words, names, strict=True):
                    self.env[word] = Data(py.name(name), py.name(name))
            case Rows("rows", parts) if len(parts) == len(words):
                for word, part in zip(words, parts, strict=True):
                    self._give(word, part)
            case _:
                raise Hard("a list that cannot be taken apart")

    def _give(self, word: str, value: Value) -> None:
        """Bind a name."""
        name = self.file.word(word)
        match value:
            case Data(made, run):
                self.init.append(py.assign(name, made))
                self.run.append(py.assign(name, run))
                if self._bound.get(word) == 1:
                    self._defined[name] = made
                self.env[word] = Data(py.name(name), py.name(name))
            case Node() | Nodes():
                if not (isinstance(value.tensor, ast.Name) and value.tensor.id == name):
                    self.run.append(py.assign(name, value.tensor))
                self._keep(word, replace(value, tensor=py.name(name)))
            case _:
                self.env[word] = value

    def _keep(self, word: str, value: Node | Nodes) -> None:
        """Bind a name whose tensor is in its variable: say its channels, or keep them in one."""
        channels = py.fold(value.channels)
        simple = isinstance(value, Node) and py.size(channels) <= 3 and not py.has_call(channels)
        simple = simple or (isinstance(value, Nodes) and isinstance(channels, ast.Name))
        if word in self._held or not simple or self._moves(channels):
            variable = self._variable(word)
            if not (isinstance(channels, ast.Name) and channels.id == variable):
                self.init.append(py.assign(variable, channels))
            channels = py.name(variable)
        self.env[word] = replace(value, channels=channels)

    def _moves(self, channels: ast.expr) -> bool:
        """Whether what channels are said in may be given other values later."""
        names = py.reads(channels)
        if names & self._moving:
            return True
        rebound = {self.file.word(word) for word, times in self._bound.items() if times > 1}
        turning = {self.file.word(word) for loop in self.loops for word in loop.words | loop.bound}
        return bool(names & (rebound | turning))

    def _variable(self, word: str) -> str:
        """The variable in the constructor that holds the channels of a name."""
        key = f"{word}:"
        if key not in self._words:
            first = self.body.nodes[0].name if self.body.nodes else None
            main = word == first or (self.is_network and word == "x")
            wanted = "channels" if main else f"{self.file.word(word)}_channels"
            taken = {*self._words.values(), *map(self.file.word, self.env)}
            while wanted in taken:
                wanted += "_"
            self._words[key] = wanted
        self._moving.add(self._words[key])
        return self._words[key]

    def _hold(self, words: Iterable[str]) -> None:
        """Put the channels of names into variables, for they are about to change."""
        for word in words:
            value = self.env.get(word)
            if isinstance(value, Node | Nodes):
                variable = self._variable(word)
                if not (isinstance(value.channels, ast.Name) and value.channels.id == variable):
                    self.init.append(py.assign(variable, value.channels))
                self.env[word] = replace(value, channels=py.name(variable))

    def _scoped(self, body: Iterable[pg.Statement]) -> tuple[Statements, Statements]:
        outer = self.init, self.run
        self.init, self.run = [], []
        self._statements(body)
        inner = self.init, self.run
        self.init, self.run = outer
        return inner

    # --- choices

    def _if(
        self,
        arms: tuple[tuple[pg.Expr, tuple[pg.Statement, ...]], ...],
        orelse: tuple[pg.Statement, ...],
    ) -> None:
        before = dict(self.env)
        ways: list[tuple[Data | None, Statements, Statements, dict[str, Value]]] = []
        ordinals = dict(self._ordinals)
        after: list[dict[str, int]] = []
        for test, body in [*arms, (None, orelse)]:
            decided = None if test is None else self.data(test)
            self.env = dict(before)
            self._ordinals = dict(ordinals)
            made, run = self._scoped(_possible(body))
            ways.append((decided, made, run, self.env))
            after.append(self._ordinals)
        self.env = self._joined(before, ways)
        self._count_on(ordinals, after, [way[1] for way in ways], [way[2] for way in ways])
        if len(arms) == 1 and not orelse and self._identity(ways[0], ways[1][1]):
            return
        made, run = ways[-1][1], ways[-1][2]
        for decided, inner, called, _ in reversed(ways[:-1]):
            assert decided is not None
            made = [ast.If(decided.made, inner or [ast.Pass()], made)]
            run = [ast.If(self._flag(decided, inner), called or [ast.Pass()], run)]
        self.init += made
        self.run += run

    def _joined(
        self,
        before: dict[str, Value],
        ways: list[tuple[Data | None, Statements, Statements, dict[str, Value]]],
    ) -> dict[str, Value]:
        """What names stand for after a choice; channels that differ go into a variable."""
        joined = dict(before)
        names = {word for *_, env in ways for word, each in env.items() if before.get(word) != each}
        for word in sorted(names):
            values = [env[word] for *_, env in ways if word in env]
            first = values[0]
            if len(values) < len(ways) or not isinstance(first, Node | Nodes):
                joined[word] = first
                continue
            flowing = [each for each in values if isinstance(each, Node | Nodes)]
            channels = [py.fold(each.channels) for each in flowing]
            if all(py.same(each, channels[0]) for each in channels):
                joined[word] = first
                continue
            variable = self._variable(word)
            for (_, made, _, _), each in zip(ways, channels, strict=True):
                if not (isinstance(each, ast.Name) and each.id == variable):
                    made.append(py.assign(variable, each))
            name = py.name(self.file.word(word))
            joined[word] = type(first)(py.name(variable), name, first.image)
        return joined

    def _count_on(
        self,
        before: dict[str, int],
        after: list[dict[str, int]],
        made: list[Statements],
        run: list[Statements],
    ) -> None:
        """Numbers of steps without labels after a choice: those of all ways must agree."""
        kinds = {kind for each in after for kind in each}
        result = dict(before)
        for kind in sorted(kinds):
            found = {each.get(kind, 0) for each in after}
            result[kind] = max(found)
        self._ordinals = result
        self._uncertain |= {
            kind for kind in kinds if len({each.get(kind, 0) for each in after}) > 1
        }

    _uncertain: set[str] = field(default_factory=set)
    _entered: set[str] = field(default_factory=set)

    def _identity(
        self, way: tuple[Data | None, Statements, Statements, dict[str, Value]], other: Statements
    ) -> bool:
        """Write an optional module as one that does nothing where it is not there."""
        test, made, run, _ = way
        puts = [each for each in made if isinstance(each, Put)]
        rest = [each for each in made if not isinstance(each, Put) and not self._is_channels(each)]
        if test is None or len(puts) != 1 or rest or len(run) != 1 or self.straight:
            return False
        (put,) = puts
        if put.box.number and any(put is not each for each in puts):
            return False
        (called,) = run
        if not isinstance(called, ast.Assign) or not isinstance(called.targets[0], ast.Name):
            return False
        value = called.value
        if not (isinstance(value, ast.Call) and isinstance(value.func, Reach)):
            return False
        if len(value.args) != 1 or not isinstance(value.args[0], ast.Name):
            return False
        source, target = value.args[0].id, called.targets[0].id
        if source != target:
            last = self.run[-1] if self.run else None
            if not (
                isinstance(last, ast.Assign) and py.same(last, py.assign(target, py.name(source)))
            ):
                return False
            self.run.pop()
        absent = py.code("nn.Identity()")
        self.init.append(Put(put.box, put.segment, ast.IfExp(test.made, put.made, absent)))
        more = [each for each in made if each is not put]
        if more or other:
            self.init.append(ast.If(test.made, more or [ast.Pass()], other))
        self.run.append(called)
        return True

    def _is_channels(self, statement: ast.stmt) -> bool:
        return (
            isinstance(statement, ast.Assign)
            and isinstance(statement.targets[0], ast.Name)
            and statement.targets[0].id in self._moving
        )

    def _flag(self, test: Data, made: Iterable[ast.stmt] = (), kind: str = "") -> ast.expr:
        """A test as `forward` says it: stored, where it speaks of what `forward` has not."""
        said_ = py.fold(test.run)
        if isinstance(said_, ast.Name | ast.Constant) or self.loops:
            return said_
        if isinstance(said_, ast.UnaryOp) and isinstance(said_.operand, ast.Name):
            return said_
        text = ast.unparse(test.made)
        if text not in self._flags:
            words = [
                _literal(each.segment)
                for each in made
                if isinstance(each, Put) and isinstance(each.segment, ast.Constant)
            ]
            named = bool(words) and words[0].isidentifier()
            name = kind or (f"has_{words[0]}" if named else "branch")
            while name in self._taken:
                name += "_"
            self._taken.add(name)
            self._flags[text] = name
            self.init.append(ast.Assign([py.code(f"self.{name}")], test.made, lineno=0))
        return py.code(f"self.{self._flags[text]}")

    # --- loops

    def _for(self, pattern: pg.Pattern, values: pg.Expr, body: tuple[pg.Statement, ...]) -> None:
        over = self.value(values)
        assigned = sorted(bindings(body))
        self._hold(assigned)
        words = frozenset(pattern_words(pattern))
        hidden = {word: self.env.get(word) for word in words}
        made_values, run_values = self._turns(over)
        made_target, run_target = self._pattern(pattern, self._element(over))
        outer_held = self._held
        self._held = outer_held | {
            word for word in assigned if isinstance(self.env.get(word), Node | Nodes)
        }
        inside: Statements = []
        loop = Loop(words, self.init, inside, made_target, made_values, body, frozenset(assigned))
        self.loops.append(loop)
        ordinals = dict(self._ordinals)
        outer = self.init, self.run
        self.init, self.run = inside, []
        self._statements(body)
        called = self.run
        self.init, self.run = outer
        self.loops.pop()
        self._uncertain |= {k for k, n in self._ordinals.items() if n != ordinals.get(k, 0)}
        self._held = outer_held
        for word, value in hidden.items():
            if value is None:
                self.env.pop(word, None)
            else:
                self.env[word] = value
        self.init.append(ast.For(made_target, made_values, inside or [ast.Pass()], [], lineno=0))
        self.run.append(ast.For(run_target, run_values, called or [ast.Pass()], [], lineno=0))

    def _turns(self, over: Value) -> tuple[ast.expr, ast.expr]:
        match over:
            case Rows("rows", parts):
                pairs = [self._turns(each) for each in parts]
                return (
                    ast.Tuple([each[0] for each in pairs], py.LOAD),
                    ast.Tuple([each[1] for each in pairs], py.LOAD),
                )
            case Rows(kind, parts):
                pairs = [self._turns(each) for each in parts]
                return (
                    py.call(kind, *(each[0] for each in pairs)),
                    py.call(kind, *(each[1] for each in pairs)),
                )
            case Node(channels, tensor) | Nodes(channels, tensor):
                return channels, tensor
            case Data(made, run):
                return made, run
        raise Hard("a loop over steps")

    def _element(self, over: Value) -> Value | None:
        match over:
            case Nodes(channels, tensor, image):
                return Node(channels, tensor, image)
            case Rows("enumerate", (inner,)):
                return Rows("rows", (_NUMBER, self._element(inner) or _NUMBER))
            case Rows("zip", parts):
                return Rows("rows", tuple(self._element(each) or _NUMBER for each in parts))
            case Rows("rows", parts):
                return parts[0]
        return None

    def _pattern(self, pattern: pg.Pattern, value: Value | None) -> tuple[ast.expr, ast.expr]:
        if isinstance(pattern, str):
            word = self.file.word(pattern)
            if pattern in self.env:  # what it hides comes back after the loop
                word = self._fresh(f"{word}_")
            if isinstance(value, Node | Nodes):
                variable = self._variable(pattern)
                self.env[pattern] = type(value)(py.name(variable), py.name(word), value.image)
                return ast.Name(variable, py.STORE), ast.Name(word, py.STORE)
            self.env[pattern] = Data(py.name(word), py.name(word))
            return ast.Name(word, py.STORE), ast.Name(word, py.STORE)
        parts = (
            value.parts if isinstance(value, Rows) and len(value.parts) == len(pattern) else None
        )
        pairs = [
            self._pattern(each, parts[place] if parts else None)
            for place, each in enumerate(pattern)
        ]
        return (
            ast.Tuple([each[0] for each in pairs], py.STORE),
            ast.Tuple([each[1] for each in pairs], py.STORE),
        )

    # --- lists of steps

    def _grow_list(self, word: str, value: pg.Expr) -> None:
        name = self.file.word(word)
        if value == pg.ListOf(()):
            head = self.env.get(self._heads[word])
            if not isinstance(head, Node):
                raise Hard("a list of steps for what is not there yet")
            variable = "channels"
            self._moving.add(variable)
            self.init += [py.assign(name, py.items([])), py.assign(variable, head.channels)]
            self.env[word] = Growing(name, variable)
            return
        match value:
            case pg.Operation("+", (pg.Name(first), *more)) if first == word:
                grown = self.env[word]
                assert isinstance(grown, Growing)
                channels: ast.expr = py.name(grown.channels)
                for each in more:
                    if not isinstance(each, pg.ListOf):
                        raise Hard("a list of steps joined with another")
                    step = pg.Group(each.items, True)
                    made = self._members(step, channels, self.image)
                    if made is None or made.channels is None:
                        raise Hard("a list of steps whose channels only a module knows")
                    elements = py.items(made.members)
                    self.init.append(ast.AugAssign(ast.Name(name, py.STORE), ast.Add(), elements))
                    if not py.same(made.channels, channels):
                        self.init.append(py.assign(grown.channels, made.channels))
            case _:
                raise Hard("a list of steps that does not grow at its end")

    # --- expressions

    def data(self, expr: pg.Expr) -> Data:
        """Evaluate to data."""
        return self._data(self.value(expr))

    def _data(self, value: Value) -> Data:
        match value:
            case Data():
                return value
            case Steps(step):
                made = self.file.step_value(self, step, None)
                return Data(made, made)
            case Rows("rows", parts):
                each = [self._data(part) for part in parts]
                return Data(py.items(x.made for x in each), py.items(x.run for x in each))
            case Rows(kind, parts):
                each = [self._data(part) for part in parts]
                return Data(
                    py.call(kind, *(x.made for x in each)), py.call(kind, *(x.run for x in each))
                )
        raise Hard(f"data is wanted, not {type(value).__name__}")

    def _node(self, value: Value) -> Node:
        if isinstance(value, Node):
            return value
        raise Hard(f"a node is wanted, not {type(value).__name__}")

    def _flowing(self, value: Value) -> Node | Nodes:
        match value:
            case Node() | Nodes():
                return value
            case Rows("rows", parts):
                return self._listed([self._flowing(each) for each in parts])
        raise Hard(f"nodes are wanted, not {type(value).__name__}")

    def _listed(self, values: Sequence[Node | Nodes]) -> Nodes:
        channels: list[ast.expr] = []
        tensors: list[ast.expr] = []
        for each in values:
            if isinstance(each, Node):
                channels.append(each.channels)
                tensors.append(each.tensor)
                continue
            channels += _elements(each.channels)
            tensors += _elements(each.tensor)
        image = values[0].image if values else None
        return Nodes(py.items(channels), py.items(tensors), image)

    def value(self, expr: pg.Expr) -> Value:
        """Evaluate an expression."""
        match expr:
            case pg.Literal(value):
                return _both(py.literal(value))
            case pg.Name(word, kind):
                return self._read(word, kind)
            case pg.Constant():
                return _both(self.file.constant(self, expr))
            case pg.ListOf(members):
                return self._list(expr, members)
            case pg.Operation("+", operands) if pg.kind_of(expr) == "nodes":
                return self._listed([self._flowing(self.value(each)) for each in operands])
            case pg.Operation(operator, operands):
                parts = [self.data(each) for each in operands]
                made = py.fold(operation(operator, [each.made for each in parts]))
                return Data(made, py.fold(operation(operator, [each.run for each in parts])))
            case pg.Choice():
                return self._choice(expr)
            case pg.Item(inner, index):
                return self._item(self.value(inner), self.data(index))
            case pg.Function(name, arguments):
                return self._function(name, [self.value(each) for each in arguments])
            case pg.Measure(node, what):
                return self._measure(self._flowing(self.value(node)), what)
            case pg.Flow(head, steps):
                return self._flow(head, steps)
            case pg.Call(step, inputs):
                return self._call(step, inputs, None)
            case pg.Within(label, inner):
                return self._within(self.segments(label), inner)
            case pg.Never(why):
                raise Hard(why)
        return Steps(expr)

    def _read(self, word: str, kind: pg.Kind) -> Value:
        if word in self.env:
            return self.env[word]
        if kind in ("node", "nodes"):  # what an earlier turn of a loop left
            self._held |= {word}
            made = Node if kind == "node" else Nodes
            self.env[word] = made(py.name(self._variable(word)), py.name(self.file.word(word)))
            return self.env[word]
        name = py.name(self.file.word(word))
        return Data(name, name)

    def _list(self, expr: pg.Expr, members: tuple[pg.Expr, ...]) -> Value:
        found = [self.value(each) for each in members]
        kind = pg.kind_of(expr)
        if kind == "nodes" or (found and all(isinstance(each, Node | Nodes) for each in found)):
            return self._listed([self._flowing(each) for each in found])
        if any(isinstance(each, Node | Nodes | Rows) for each in found):
            return Rows("rows", tuple(found))
        if any(isinstance(each, Steps) for each in found) and self._inside:
            return Rows("rows", tuple(found))
        if not found and self._target and self.body.locals.get(self._target) == "nodes":
            return Nodes(py.items([]), py.items([]), None)
        parts = [self._data(each) for each in found]
        return Data(py.items(each.made for each in parts), py.items(each.run for each in parts))

    def _item(self, value: Value, index: Data) -> Value:
        match value:
            case Node(channels, tensor, image) | Nodes(channels, tensor, image):
                made = py.fold(py.code("v[i]", v=channels, i=index.made))
                return Node(made, py.fold(py.code("v[i]", v=tensor, i=index.run)), image)
            case Rows("rows", parts) if (place := py.whole(index.made)) is not None:
                return parts[place]
        inner = self._data(value)
        made = py.fold(py.code("v[i]", v=inner.made, i=index.made))
        return Data(made, py.fold(py.code("v[i]", v=inner.run, i=index.run)))

    def _measure(self, value: Node | Nodes, what: str) -> Data:
        if what == "channels":
            return Data(value.channels, py.code("x.shape[1]", x=value.tensor))
        if what == "shape":
            raise Hard("a shape as a list")
        axis = {"height": 2, "width": 3}[what]
        return Data(py.name(SIZE), py.code(f"x.shape[{axis}]", x=value.tensor))

    def _function(self, name: str, values: list[Value]) -> Value:
        flows = any(_has_nodes(each) for each in values)
        if name in ("enumerate", "zip") and flows:
            return Rows(
                "enumerate" if name == "enumerate" else "zip", tuple(map(self._seen, values))
            )
        if name in ("take", "drop"):
            cut = "v[:n]" if name == "take" else "v[n:]"
            count = self._data(values[1])
            first = values[0]
            if _has_nodes(first):
                nodes = self._flowing(first)
                return Nodes(
                    py.code(cut, v=nodes.channels, n=count.made),
                    py.code(cut, v=nodes.tensor, n=count.run),
                    nodes.image,
                )
            inner = self._data(first)
            return Data(
                py.code(cut, v=inner.made, n=count.made), py.code(cut, v=inner.run, n=count.run)
            )
        if name == "len" and _has_nodes(values[0]):
            nodes = self._flowing(values[0])
            made = py.fold(py.call("len", nodes.channels))
            return Data(made, py.fold(py.call("len", nodes.tensor)))
        parts = [self._data(each) for each in values]
        function = {"ceil": "math.ceil", "floor": "math.floor"}.get(name, name)
        return Data(
            py.fold(py.call(function, *(each.made for each in parts))),
            py.fold(py.call(function, *(each.run for each in parts))),
        )

    def _seen(self, value: Value) -> Value:
        return self._flowing(value) if _has_nodes(value) and not isinstance(value, Rows) else value

    def _choice(self, expr: pg.Choice) -> Value:
        test = self.data(expr.test)
        for arm, other in ((expr.yes, expr.no), (expr.no, expr.yes)):
            if isinstance(other, pg.Never):
                return self.value(arm)
        target, self._target = self._target, None
        outer = self.init, self.run
        ordinals = dict(self._ordinals)
        found: list[tuple[Value, Statements, Statements]] = []
        after = []
        for arm in (expr.yes, expr.no):
            self.init, self.run = [], []
            self._ordinals = dict(ordinals)
            value = self.value(arm)
            found.append((value, self.init, self.run))
            after.append(self._ordinals)
        self.init, self.run = outer
        self._target = target
        (yes, made_yes, run_yes), (no, made_no, run_no) = found
        if isinstance(yes, Node | Nodes) and isinstance(no, Node | Nodes):
            self._count_on(ordinals, after, [], [])
            kind = ""
            if isinstance(yes.tensor, ast.BinOp) and isinstance(no.tensor, ast.Name):
                kind = "residual"
            flag = self._flag(test, made_yes, kind)
            if made_yes or made_no:
                self.init.append(ast.If(test.made, made_yes or [ast.Pass()], made_no))
            if run_yes or run_no:
                self.run.append(ast.If(flag, run_yes or [ast.Pass()], run_no))
            channels = py.fold(self._settled(test.made, yes.channels, no.channels))
            return type(yes)(channels, ast.IfExp(flag, yes.tensor, no.tensor), yes.image)
        if isinstance(yes, Steps) or isinstance(no, Steps):
            return Steps(expr)
        one, two = self._data(yes), self._data(no)
        return Data(
            py.fold(ast.IfExp(test.made, one.made, two.made)),
            py.fold(ast.IfExp(test.run, one.run, two.run)),
        )

    def _settled(self, test: ast.expr, yes: ast.expr, no: ast.expr) -> ast.expr:
        """`yes if a != b else no`, or `yes` alone where that is `no` for equal ones."""
        if isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.NotEq):
            left = test.left
            if isinstance(left, ast.Name):
                known = {word: each for word, each in self._defined.items() if word != left.id}
                for each in (yes, py.substituted(yes, known)):
                    equal = py.substituted(each, {left.id: test.comparators[0]})
                    if py.same(py.fold(equal), py.fold(no)):
                        return yes
        return ast.IfExp(test, yes, no)

    # --- flows

    def _flow(self, head: pg.Expr, steps: tuple[pg.Expr, ...]) -> Value:
        value: Value = self._flowing(self.value(head))
        target = self._target
        depth = 0
        for place, step in enumerate(steps):
            assert isinstance(value, Node | Nodes)
            before = value
            value = self.apply(step, value)
            assert isinstance(value, Node | Nodes)
            depth += not py.same(before.tensor, value.tensor)
            last = place == len(steps) - 1
            later = words_in(steps[place + 1 :])
            free = target is not None and target not in later and not self._inside
            chosen = isinstance(value.tensor, ast.IfExp)
            if not last and isinstance(value, Node) and free and (depth >= DEEPEST or chosen):
                assert target is not None
                name = self.file.word(target)
                self.run.append(py.assign(name, value.tensor))
                value = replace(value, tensor=py.name(name))
                depth = 0
        return value

    def _within(self, path: Path, inner: pg.Expr) -> Value:
        match inner:
            case pg.Flow(head, steps):
                value = self._flowing(self.value(head))
                return self.apply(pg.Group(steps, True), value, path)
            case pg.Call(step, inputs):
                return self._call(step, inputs, (*path, "0"))
        raise Hard("a group that holds more than a flow")

    def _call(self, step: pg.Expr, inputs: tuple[pg.Expr, ...], path: Path | None) -> Value:
        self._inside += 1
        nodes = [self._flowing(self.value(each)) for each in inputs]
        self._inside -= 1
        while isinstance(step, pg.Labelled):
            path = (*(path or ()), *self.segments(step.label))
            step = step.step
        if isinstance(step, pg.OperatorStep):
            if step.op.is_input:
                return self._input(step)
            return self._operator(step, nodes, path)
        if isinstance(step, pg.BlockStep):
            return self._block(step, None, path)
        if isinstance(step, pg.GivenStep):
            return self._given(step, nodes, path)
        raise Hard(f"a call of {type(step).__name__}")

    def _input(self, step: pg.OperatorStep) -> Node:
        sizes = [self.data(each) for _, each in step.arguments]
        name = self.file.word(self._target or f"input{len(self.inputs) + 1}")
        self.inputs.append(name)
        return Node(sizes[0].made, py.name(name), len(sizes) == 3)

    def segments(self, label: pg.Label) -> Path:
        """Give the segments of a label."""
        result: list[Segment] = []
        for pieces in label:
            parts: list[ast.expr] = []
            for piece in pieces:
                if isinstance(piece, str):
                    parts.append(ast.Constant(piece))
                    continue
                value = self.data(piece).made
                if isinstance(value, ast.Constant):
                    parts.append(ast.Constant(str(value.value)))
                else:
                    parts.append(ast.FormattedValue(value, -1))
            if all(isinstance(each, ast.Constant) for each in parts):
                result.append("".join(map(_literal, parts)))
            else:
                result.append(ast.JoinedStr(parts))
        return tuple(result)

    def apply(self, step: pg.Expr, value: Node | Nodes, path: Path | None = None) -> Value:
        """Apply a step to what flows."""
        match step:
            case pg.Labelled(label, inner):
                return self.apply(inner, value, (*(path or ()), *self.segments(label)))
            case pg.OperatorStep():
                return self._operator(step, [value], path)
            case pg.BlockStep():
                return self._block(step, value, path)
            case pg.GivenStep(pg.Name(word)) if isinstance(self.env.get(word), Growing):
                return self._grown(word, value, path)
            case pg.GivenStep(inner, ()) if isinstance(found := self.value(inner), Steps):
                return self.apply(found.step, value, path)
            case pg.GivenStep():
                return self._given(step, [value], path)
            case pg.Optional(inner, test):
                return self._optional(inner, self.data(test), value, path)
            case pg.Choice():
                return self._either(step, value, path)
            case pg.Group(steps) if path is None:
                for each in steps:
                    value = self._flowing(self.apply(each, value))
                return value
            case pg.Group() | pg.Repeat() if path is not None:
                return self._group(step, value, path)
            case pg.Repeat(inner, count):
                return self._repeat(inner, count, value)
            case pg.Never(why):
                raise Hard(why)
        raise Hard(f"{type(step).__name__} as a step")

    def _grown(self, word: str, value: Node | Nodes, path: Path | None) -> Node:
        grown = self.env[word]
        assert isinstance(grown, Growing)
        if path is None:
            raise Hard("a list of steps without a label")
        made = py.call("nn.Sequential", ast.Starred(py.name(grown.name), py.LOAD))
        module = self._put(path, made)
        return Node(py.name(grown.channels), ast.Call(module, [value.tensor], []), value.image)

    def _optional(
        self, inner: pg.Expr, test: Data, value: Node | Nodes, path: Path | None
    ) -> Node | Nodes:
        if isinstance(inner, pg.Never):
            return value
        if not isinstance(value.tensor, ast.Name) and self._target and not self._inside:
            name = self.file.word(self._target)
            if name not in words_in(inner):
                self.run.append(py.assign(name, value.tensor))
                value = replace(value, tensor=py.name(name))
        outer = self.init, self.run
        ordinals = dict(self._ordinals)
        self.init, self.run = [], []
        target, self._target = self._target, None
        found = self._flowing(self.apply(inner, value, path))
        self._target = target
        (made, run), (self.init, self.run) = (self.init, self.run), outer
        self._count_on(ordinals, [ordinals, self._ordinals], [], [])
        channels = py.fold(self._settled(test.made, found.channels, value.channels))
        if self.straight:
            self.init.append(ast.If(test.made, made, []))
            return replace(found, channels=channels)
        if len(made) == 1 and isinstance(made[0], Put) and not run and not self.loops:
            put = made[0]
            absent = py.code("nn.Identity()")
            self.init.append(Put(put.box, put.segment, ast.IfExp(test.made, put.made, absent)))
            return replace(found, channels=channels)
        flag = self._flag(test, made)
        if made:
            self.init.append(ast.If(test.made, made, []))
        if run:
            name = self._fresh("y")
            self.run += [
                py.assign(name, value.tensor),
                ast.If(flag, [*run, py.assign(name, found.tensor)], []),
            ]
            return replace(found, channels=channels, tensor=py.name(name))
        return replace(found, channels=channels, tensor=ast.IfExp(flag, found.tensor, value.tensor))

    def _either(self, step: pg.Choice, value: Node | Nodes, path: Path | None) -> Value:
        for arm, other in ((step.yes, step.no), (step.no, step.yes)):
            if isinstance(other, pg.Never):
                return self.apply(arm, value, path)
        test = self.data(step.test)
        if path is not None:
            one = self._members(step.yes, value.channels, value.image)
            two = self._members(step.no, value.channels, value.image)
            if one and two and len(one.members) == len(two.members) == 1:
                group = isinstance(step.yes, pg.Group), isinstance(step.no, pg.Group)
                if not any(group) and one.channels is not None and two.channels is not None:
                    made = ast.IfExp(test.made, one.members[0], two.members[0])
                    module = self._put(path, made)
                    channels = py.fold(ast.IfExp(test.made, one.channels, two.channels))
                    return Node(channels, ast.Call(module, [value.tensor], []), one.image)
        arms: list[tuple[Node | Nodes, Statements, Statements]] = []
        outer = self.init, self.run
        ordinals = dict(self._ordinals)
        after = []
        for arm in (step.yes, step.no):
            self.init, self.run = [], []
            self._ordinals = dict(ordinals)
            arms.append((self._flowing(self.apply(arm, value, path)), self.init, self.run))
            after.append(self._ordinals)
        self.init, self.run = outer
        self._count_on(ordinals, after, [], [])
        (yes, made_yes, run_yes), (no, made_no, run_no) = arms
        flag = self._flag(test, made_yes)
        if made_yes or made_no:
            self.init.append(ast.If(test.made, made_yes or [ast.Pass()], made_no))
        if run_yes or run_no:
            name = self._fresh("y")
            for run, way in ((run_yes, yes), (run_no, no)):
                run.append(py.assign(name, way.tensor))
            self.run.append(ast.If(flag, run_yes, run_no))
            yes, no = (replace(each, tensor=py.name(name)) for each in (yes, no))
        channels = py.fold(self._settled(test.made, yes.channels, no.channels))
        return replace(yes, channels=channels, tensor=ast.IfExp(flag, yes.tensor, no.tensor))

    def _repeat(self, inner: pg.Expr, count: pg.Expr, value: Node | Nodes) -> Value:
        """A step several times in a row, each with a name of its own."""
        times = self.data(count)
        if (number := py.whole(times.made)) is not None and number <= 8:
            for _ in range(number):
                value = self._flowing(self.apply(inner, value))
            return value
        counter, name = self._fresh("i"), self._fresh("y")
        variable = self._fresh(f"{name}_channels")
        self._moving.add(variable)
        self.init.append(py.assign(variable, value.channels))
        self.run.append(py.assign(name, value.tensor))
        target = ast.Name(counter, py.STORE)
        inside: Statements = []
        statement = pg.Return((inner,))  # what stands in a turn, for those who count it
        over = py.call("range", times.made)
        self.loops.append(
            Loop(frozenset({counter}), self.init, inside, target, over, (statement,), frozenset())
        )
        outer = self.init, self.run
        self.init, self.run = inside, []
        ordinals = dict(self._ordinals)
        found = self._flowing(
            self.apply(inner, type(value)(py.name(variable), py.name(name), value.image))
        )
        self.init.append(py.assign(variable, found.channels))
        called = [*self.run, py.assign(name, found.tensor)]
        self.init, self.run = outer
        self.loops.pop()
        self._uncertain |= {k for k, n in self._ordinals.items() if n != ordinals.get(k, 0)}
        self.init.append(ast.For(target, over, inside, [], lineno=0))
        self.run.append(ast.For(target, py.call("range", times.run), called, [], lineno=0))
        return type(value)(py.name(variable), py.name(name), found.image)

    def _group(self, step: pg.Expr, value: Node | Nodes, path: Path) -> Node:
        whole = step if isinstance(step, pg.Group) else pg.Group((step,), True)
        if not isinstance(value, Node):
            raise Hard("a list flows into a group")
        self._once(path)
        made = self._members(whole, value.channels, value.image)
        if made is not None:
            module = self._put(path, sequence(made.members))
            channels = made.channels
            if channels is None:
                channels = py.member(py.code("m[-1]", m=copy.deepcopy(module)), "out_channels")
            return Node(channels, ast.Call(module, [value.tensor], []), made.image)
        variable = "channels"
        if not (isinstance(value.channels, ast.Name) and value.channels.id == variable):
            self.init.append(py.assign(variable, value.channels))
        self._moving.add(variable)
        module = self._put(path, py.call("nn.Sequential"))
        image = self._grow(whole, module, variable, value.image)
        return Node(py.name(variable), ast.Call(module, [value.tensor], []), image)

    def _once(self, path: Path) -> None:
        """Refuse a group that is entered again: its members go on counting."""
        words = {name for each in path if not isinstance(each, str) for name in py.reads(each)}
        turning = {self.file.word(word) for loop in self.loops for word in loop.words}
        key = "".join(ast.dump(said(each)) for each in path)
        if key in self._entered or (self.loops and not words & turning):
            raise Hard("a group that is entered again")
        self._entered.add(key)

    def _grow(
        self, step: pg.Group, module: ast.expr, variable: str, image: bool | None
    ) -> bool | None:
        """Fill a sequence by statements, the channels in a variable."""
        before: pg.Expr | None = None
        for each in step.steps:
            if before is not None and isinstance(each, pg.Repeat):
                member = self._settled_member(before, each, variable, image)
                if member is not None:
                    self.init.append(ast.Expr(ast.Call(py.member(module, "extend"), [member], [])))
                    continue
            image = self._grow_one(each, module, variable, image)
            before = each
        return image

    def _settled_member(
        self, before: pg.Expr, repeat: pg.Repeat, variable: str, image: bool | None
    ) -> ast.expr | None:
        """Members all alike, where the step before came to the channels that each leaves."""
        if not self.file.settles(self, before, repeat.step):
            return None
        made = self._members(repeat.step, py.name(variable), image)
        if made is None or len(made.members) != 1:
            return None
        count = py.call("range", self.data(repeat.count).made)
        turn = ast.comprehension(ast.Name("_", py.STORE), count, [], 0)
        return ast.GeneratorExp(made.members[0], [turn])

    def _grow_one(
        self, step: pg.Expr, module: ast.expr, variable: str, image: bool | None
    ) -> bool | None:
        if isinstance(step, pg.Repeat):
            outer, self.init = self.init, []
            image = self._grow_one(step.step, module, variable, image)
            body, self.init = self.init, outer
            count = self.data(step.count).made
            self.init.append(
                ast.For(ast.Name("_", py.STORE), py.call("range", count), body, [], lineno=0)
            )
            return image
        if isinstance(step, pg.Group) and not step.several:
            for each in step.steps:
                image = self._grow_one(each, module, variable, image)
            return image
        made = self._members_of_group(step, py.name(variable), image)
        if made is None:
            raise Hard("channels that only a module knows, in a group of a group")
        for one in made.members:
            self.init.append(ast.Expr(ast.Call(py.member(module, "append"), [one], [])))
        channels = made.channels
        if channels is None:
            channels = py.member(py.code("m[-1]", m=module), "out_channels")
        if not py.same(channels, py.name(variable)):
            self.init.append(py.assign(variable, channels))
        return made.image

    # --- members of a sequence

    def _members(self, step: pg.Expr, channels: ast.expr, image: bool | None) -> Made | None:
        """Make a step as members of a sequence; None if that takes more than an expression."""
        match step:
            case pg.Labelled(label, inner):
                return self._labelled(self.segments(label), inner, channels, image)
            case pg.OperatorStep():
                return self._one(step, channels, image)
            case pg.BlockStep():
                made = self._constructed(step, Node(channels, py.name("x"), image))
                return Made([made.made], made.channels, made.image)
            case pg.GivenStep(inner, ()) if isinstance(found := self.value(inner), Steps):
                return self._members(found.step, channels, image)
            case pg.GivenStep():
                made = self._given_made(step, channels, image)
                return Made([made.made], made.channels, image)
            case pg.Group(steps, _):
                return self._row(steps, channels, image)
            case pg.Optional(pg.Never(), _):
                return Made([], channels, image)
            case pg.Optional(inner, test):
                row = self._members_of_group(inner, channels, image)
                if row is None or row.channels is None:
                    return None
                decided = self.data(test).made
                after = py.fold(self._settled(decided, row.channels, channels))
                there = ast.IfExp(decided, py.items(row.members), py.items([]))
                return Made([ast.Starred(there, py.LOAD)], after, image)
            case pg.Choice():
                return self._one_of_two(step, channels, image)
            case pg.Repeat(inner, count):
                return self._repeated(inner, self.data(count).made, channels, image)
        raise Hard(f"{type(step).__name__} as a member of a group")

    def _members_of_group(
        self, step: pg.Expr, channels: ast.expr, image: bool | None
    ) -> Made | None:
        """As a member of a group: a chain within it is a sequence of its own."""
        row = self._members(step, channels, image)
        if row is None:
            return None
        if isinstance(step, pg.Group) and step.several:
            return Made([sequence(row.members)], row.channels, row.image)
        return row

    def _row(
        self, steps: tuple[pg.Expr, ...], channels: ast.expr, image: bool | None
    ) -> Made | None:
        members: list[ast.expr] = []
        known: ast.expr | None = channels
        for each in steps:
            if known is None:
                return None
            row = self._members_of_group(each, known, image)
            if row is None:
                return None
            members += row.members
            known, image = row.channels, row.image
        return Made(members, known, image)

    def _labelled(
        self, path: Path, inner: pg.Expr, channels: ast.expr, image: bool | None
    ) -> Made | None:
        if len(path) != 1 or not isinstance(path[0], str):
            raise Hard("a dotted or computed label inside a group")
        optional = inner if isinstance(inner, pg.Optional) else None
        step = inner if optional is None else optional.step
        row = self._members(step, channels, image)
        if row is None:
            return None
        group = isinstance(step, pg.Group | pg.Repeat)
        plain = not group and len(row.members) == 1 and not isinstance(row.members[0], ast.Starred)
        made = Member(path[0], row.members[0] if plain else sequence(row.members))
        if optional is None:
            return Made([made], row.channels, row.image)
        test = self.data(optional.test).made
        if row.channels is None:
            return None
        after = py.fold(self._settled(test, row.channels, channels))
        there = ast.IfExp(test, py.items([made]), py.items([]))
        return Made([ast.Starred(there, py.LOAD)], after, image)

    def _one_of_two(self, step: pg.Choice, channels: ast.expr, image: bool | None) -> Made | None:
        for arm, other in ((step.yes, step.no), (step.no, step.yes)):
            if isinstance(other, pg.Never):
                return self._members_of_group(arm, channels, image)
        one = self._members_of_group(step.yes, channels, image)
        two = self._members_of_group(step.no, channels, image)
        if one is None or two is None or one.channels is None or two.channels is None:
            return None
        test = self.data(step.test).made
        after = py.fold(self._settled(test, one.channels, two.channels))
        plain = not any(
            isinstance(each, ast.Starred | Member) for each in (*one.members, *two.members)
        )
        if len(one.members) == len(two.members) == 1 and plain:
            made: ast.expr = ast.IfExp(test, one.members[0], two.members[0])
            return Made([made], after, one.image)
        made = ast.IfExp(test, py.items(one.members), py.items(two.members))
        return Made([ast.Starred(made, py.LOAD)], after, one.image)

    def _repeated(
        self, inner: pg.Expr, count: ast.expr, channels: ast.expr, image: bool | None
    ) -> Made | None:
        row = self._members_of_group(inner, channels, image)
        if row is None or row.channels is None:
            return None
        number = py.whole(py.fold(count))
        if py.same(py.fold(row.channels), py.fold(channels)):
            return Made(several(row.members, py.fold(count)), channels, row.image)
        again = self._members_of_group(inner, row.channels, image)
        if number == 1:
            return row
        if again is None or again.channels is None or number is None or number < 1:
            return None
        if not py.same(py.fold(again.channels), py.fold(row.channels)):
            return None
        rest = several(again.members, py.literal(number - 1))
        return Made([*row.members, *rest], again.channels, row.image)

    def _one(self, step: pg.OperatorStep, channels: ast.expr, image: bool | None) -> Made | None:
        rank = self.file.rank(step.site, image)
        made, _, after = self._lowered(step, [Node(channels, py.name("x"), rank)])
        module = made.standalone if made.standalone is not None else made.module
        if module is None and step.op.arity[1] is None:  # of one value: that value
            module = call("nn.Identity")
        if module is None:
            raise Hard(f"{step.op.name} as a member of a group")
        if step.op.channel_rule is not None and is_parameter(tree(module, [py.name("x")])):
            raise Hard("a parameter in a sequence")
        out = self._channels_after(step, [channels], rank)
        return Made([tree(module, [py.name("x")])], out, after)

    # --- operators

    def _arguments(self, step: pg.OperatorStep) -> tuple[dict[str, ast.expr], dict[str, ast.expr]]:
        made: dict[str, ast.expr] = {}
        run: dict[str, ast.expr] = {}
        self._inside += 1
        for key, each in step.arguments:
            value = self.data(each)
            made[key], run[key] = py.fold(value.made), py.fold(value.run)
        self._inside -= 1
        return made, run

    def _lowered(
        self, step: pg.OperatorStep, inputs: Sequence[Node | Nodes]
    ) -> tuple[Lowered, Lowered, bool | None]:
        """Lower a step in the constructor's words and in `forward`'s; whether an image is after."""
        made, run = self._arguments(step)
        channels = tuple(each.channels for each in inputs)
        rank = self.file.rank(step.site, inputs[0].image if inputs else None)
        constructor = self.file.lower(step, made, channels, inputs, rank)
        forward = self.file.lower(step, run, channels, inputs, rank)
        after = self.file.rank_after(step, made, rank)
        return constructor, forward, after

    def _channels_after(
        self, step: pg.OperatorStep, channels: Sequence[ast.expr], image: bool | None
    ) -> ast.expr:
        rule = step.op.channel_rule
        made, _ = self._arguments(step)
        if rule is None:
            return self._permuted(step, made, channels)

        def argument(each: Formula) -> ast.expr:
            value = made.get(each.name)
            if value is None:
                default = step.op.arguments[each.name].default
                value = py.literal(default)
            if each.index is None or not isinstance(value, ast.Tuple | ast.List):
                return value
            return value.elts[each.index]

        def join(sign: Any, left: ast.expr, right: ast.expr) -> ast.expr:
            return py.fold(operation(sign, [left, right]))

        places = None
        if image is not False and _speaks_of_places(rule):
            places = self.file.places(self, step)
        return py.fold(express(rule, inputs=channels, argument=argument, places=places, join=join))

    def _permuted(
        self, step: pg.OperatorStep, made: dict[str, ast.expr], channels: Sequence[ast.expr]
    ) -> ast.expr:
        axes = made.get("axes")
        if isinstance(axes, ast.List | ast.Tuple) and py.whole(axes.elts[0]) == 0:
            return channels[0]
        shapes = {node.shape.channels for node in self.file.nodes(step.site)}
        if len(shapes) == 1:
            return py.literal(shapes.pop())
        raise Hard("channels that were rows or columns")

    def _operator(
        self, step: pg.OperatorStep, inputs: list[Node | Nodes], path: Path | None
    ) -> Value:
        op = step.op
        if op.outputs_from is not None:
            return self._split(step, inputs[0])
        if op.arity[1] != 1:
            return self._merged(step, inputs)
        (value,) = inputs
        if isinstance(value, Nodes):
            raise Hard(f"a list flows into {op.name}")
        made, run, after = self._lowered(step, [value])
        rank = self.file.rank(step.site, value.image)
        out = self._channels_after(step, [value.channels], rank)
        x = [value.tensor]
        owns = self.file.owns(step)
        if self.straight:
            module = made.standalone if made.standalone is not None else made.module
            if module is None:
                raise Hard(f"{op.name} without a module")
            self._put_free(op.name, path, tree(module, x), owns=owns)
            return Node(out, value.tensor, after)
        if made.module is None and not (path is not None and made.standalone is not None):
            self._leaf(op.name, path)
            return Node(out, tree(run.flow, x), after)
        if made.module is None:
            assert made.standalone is not None
            whole = self._put(self._leaf(op.name, path), tree(made.standalone, x))
            return self._now(op.name, Node(out, ast.Call(whole, x, []), after))
        if not owns and path is None:
            reach = self._put_free(op.name, None, tree(made.module, x), owns=False)
            return Node(out, tree(run.flow, x, reach), after)
        put = self._put(self._leaf(op.name, path), tree(made.module, x))
        result = Node(out, tree(run.flow, x, put), after)
        return self._now(op.name, result) if path is None else result

    def _split(self, step: pg.OperatorStep, value: Node | Nodes) -> Value:
        made, run = self._arguments(step)
        n = made["n"]
        self._leaf(step.op.name, None)
        channels = py.fold(py.code("c // n", c=value.channels, n=n))
        number = py.whole(n)
        if number == 1:
            return replace(value)
        each = (
            py.items([channels] * number)
            if number is not None
            else py.code("[c] * n", c=channels, n=n)
        )
        parts = ast.Call(
            py.member(value.tensor, "chunk"), [run["n"]], [ast.keyword("dim", py.literal(1))]
        )
        return Nodes(each, py.call("list", parts), value.image)

    def _merged(self, step: pg.OperatorStep, inputs: list[Node | Nodes]) -> Node:
        """Add, multiply, subtract or join values."""
        name = step.op.name
        self._leaf(name, None)
        image = None
        if any(each.image for each in inputs):
            image = True
        elif all(each.image is False for each in inputs):
            image = False
        if name == "concat":
            nodes = self._listed(inputs)
            many = nodes.tensor
            if len(inputs) == 1 and isinstance(inputs[0], Nodes):
                many = inputs[0].tensor
            joined = py.call("torch.cat", many, dim=py.literal(1))
            return Node(total(nodes.channels), joined, image)
        if len(inputs) == 1 and isinstance(inputs[0], Nodes):
            (nodes_,) = inputs
            if name != "add" or not image:
                raise Hard(f"{name} of a list")
            first = py.fold(py.code("c[0]", c=nodes_.channels))
            return Node(first, py.call("sum", nodes_.tensor), image)
        if any(isinstance(each, Nodes) for each in inputs):
            raise Hard(f"{name} of a list beside values")
        _, run, _ = self._lowered(step, inputs)
        spread = [
            each.tensor if each.image is not False or not image else _spread(each.tensor)
            for each in inputs
        ]
        if step.op.sign is None or name not in ("add", "sub", "mul"):
            tensor = tree(run.flow, [each.tensor for each in inputs])
        else:
            tensor = (
                operation(step.op.sign, spread)
                if step.op.sign in "+-*"
                else operation(_SIGNS[name], spread)
            )
        wide = [each for each in inputs if each.image is not False or not image]
        easiest = min(
            wide, key=lambda each: (self._hard_to_say(each.channels), py.size(each.channels))
        )
        return Node(easiest.channels, tensor, image)

    def _hard_to_say(self, channels: ast.expr) -> bool:
        return self._moves(channels) or py.has_call(channels)

    # --- given steps and blocks

    def _given(self, step: pg.GivenStep, inputs: list[Node | Nodes], path: Path | None) -> Value:
        (value,) = inputs
        if not isinstance(value, Node):
            raise Hard("a list flows into a step that was given")
        made = self._given_made(step, value.channels, value.image)
        kinds = {node.kind for node in self.file.nodes(step.site)}
        kinds |= {scope.block or "" for scope in self.file.scopes(step.site)}
        kinds |= self.file.kinds_given(step)
        free = self.file.is_free(self, step)
        word = step.value.id if isinstance(step.value, pg.Name) else "step"
        if path is None and free:
            module = self._put_free(self.file.word(word), None, made.made, owns=False, plain=True)
        elif path is None and len(kinds) == 1:
            module = self._put(self._leaf(kinds.pop() or word, None), made.made)
        elif path is None:
            raise Hard("a step without a label whose name depends on an argument")
        else:
            module = self._put(path, made.made)
        channels = made.channels
        if channels is None:
            channels = py.member(copy.deepcopy(module), "out_channels")
            if self.file.may_keep(step):
                told = ast.Constant("out_channels")
                channels = py.call("getattr", copy.deepcopy(module), told, value.channels)
        return Node(channels, ast.Call(module, [value.tensor], []), value.image)

    def _given_made(
        self, step: pg.GivenStep, channels: ast.expr, image: bool | None
    ) -> Constructed:
        """Construct a module of a step that a value is."""
        inner = self.value(step.value)
        if isinstance(inner, Steps):
            raise Hard("a step that is chosen where it is used")
        callee = self._data(inner).made
        arguments: list[ast.expr] = []
        if not self.file.is_free(self, step):
            arguments.append(channels)
        keywords: list[ast.keyword] = []
        names = self.file.parameters_of(self, step)
        self._inside += 1
        for place, (key, each) in enumerate(step.arguments):
            value = self._data(self.value(each)).made
            if key is None and names is not None and place + 1 < len(names):
                parameter = names[place + 1]
                key = parameter.name if parameter.default is not None else None
            if key is None:
                arguments.append(value)
            else:
                keywords.append(ast.keyword(self.file.word(key), value))
        self._inside -= 1
        made = ast.Call(callee, arguments, keywords)
        if self.file.keeps_channels(self, step):
            return Constructed(made, channels, image)
        self.file.want_all(self, step)
        return Constructed(made, None, image)

    def _constructed(self, step: pg.BlockStep, flowing: Node | Nodes | None) -> Constructed:
        """Construct a block's module: what makes it, its inputs, and the channels that come out."""
        body = self.file.program.body(step)
        known = dict(step.arguments)
        nodes: dict[str, Node | Nodes] = {}
        data: dict[str, ast.expr] = {}
        self._inside += 1
        for each in body.parameters:
            if each.name not in known:
                if flowing is not None and each.kind != "data":
                    nodes[each.name], flowing = flowing, None
                continue
            if each.kind == "data":
                contract = (body, each.name)
                data[each.name] = self.file.argued(self, known[each.name], contract)
            else:
                nodes[each.name] = self._flowing(self.value(known[each.name]))
        self._inside -= 1
        ranks = tuple(nodes[each.name].image is not False for each in body.nodes)
        called = self.file.projection(step, ranks)
        arguments = [nodes[each.name].channels for each in body.nodes]
        meant = {
            called.parameter_channels(each.name): nodes[each.name].channels for each in body.nodes
        }
        keywords: list[ast.keyword] = []
        gap = False
        for each in body.data:
            word = self.file.word(each.name)
            if each.name in data:
                meant[word] = data[each.name]
                if each.default is None and not gap:
                    arguments.append(data[each.name])
                else:
                    keywords.append(ast.keyword(word, data[each.name]))
            else:
                default = self.file.default(called, each)
                if default is not None:
                    meant[word] = py.substituted(default, meant)
                gap = gap or each.default is None
        made = ast.Call(py.name(called.name), arguments, keywords)
        tensors = [nodes[each.name].tensor for each in body.nodes]
        image = self.file.result_image(self, step, nodes)
        channels = None
        if (
            called.done
            and called.out is not None
            and py.reads(called.out) & set(self._parameter_words(called)) <= set(meant)
        ):
            channels = py.fold(py.substituted(called.out, meant))
        else:
            called.wanted = True
        return Constructed(made, channels, image, tensors, called)

    def _parameter_words(self, called: Projection) -> set[str]:
        return {self.file.word(each.name) for each in called.body.data} | {
            called.parameter_channels(each.name) for each in called.body.nodes
        }

    def _block(self, step: pg.BlockStep, flowing: Node | Nodes | None, path: Path | None) -> Value:
        made = self._constructed(step, flowing)
        assert made.called is not None
        module = self._put(self._leaf(made.called.body.name, path), made.made)
        channels = made.channels
        if channels is None:
            channels = py.member(copy.deepcopy(module), "out_channels")
        result = ast.Call(module, made.tensors, [])
        kind = Nodes if made.called.body.result == "nodes" else Node
        found = kind(channels, result, made.image)
        return self._now(made.called.body.name, found) if path is None else found

    # --- modules

    def _leaf(self, kind: str, path: Path | None) -> Path:
        """The name of a step without a label: its kind and number."""
        if path is not None:
            return path
        if kind in self.counted:
            return (self._counted(kind),)
        number = self._ordinals[kind] = self._ordinals.get(kind, 0) + 1
        if kind in self._uncertain:
            return (f"?{kind}{number}",)
        if self.loops:
            return (self._turning(kind, number),)
        return (f"{kind}{number}",)

    def _counted(self, kind: str) -> Segment:
        """The name of a step without a label whose number is counted in both projections."""
        counter = f"{kind}s"
        for statements in (self.init, self.run):
            statements.append(ast.AugAssign(ast.Name(counter, py.STORE), ast.Add(), py.literal(1)))
        return ast.JoinedStr([ast.Constant(kind), ast.FormattedValue(py.name(counter), -1)])

    def _now(self, kind: str, value: Node | Nodes) -> Node | Nodes:
        """Work a value out at once where its module's name counts on."""
        if kind not in self.counted or self.straight:
            return value
        name = self._fresh("y")
        self.run.append(py.assign(name, value.tensor))
        channels = value.channels
        if py.reads(channels) & {f"{each}s" for each in self.counted}:
            variable = self._fresh(f"{name}_channels")
            self._moving.add(variable)
            self.init.append(py.assign(variable, channels))
            channels = py.name(variable)
        return replace(value, channels=channels, tensor=py.name(name))

    def _fresh(self, wanted: str) -> str:
        """A name that nothing in the body has."""
        taken = {self.file.word(each) for each in self._bound} | self._fresh_names
        taken |= {self.file.word(each.name) for each in self.body.parameters}
        name, count = wanted, 2
        while name in taken or not self._fresh_ok(name):
            name, count = f"{wanted}{count}", count + 1
        self._fresh_names.add(name)
        return name

    def _fresh_ok(self, name: str) -> bool:
        return name not in self._words.values()

    _fresh_names: set[str] = field(default_factory=set)

    def _turning(self, kind: str, number: int) -> Segment:
        """The name of a step without a label in a loop: its number runs on as the loop turns."""
        loop = self.loops[-1]
        variable, each = _counter(loop), sites(loop.body, kind)
        place = loop.numbered[kind] = loop.numbered.get(kind, 0) + 1
        if variable is None or each is None or len(self.loops) > 1:
            return f"?{kind}{number}"
        before = number - place + 1
        turned = py.fold(operation("*", [py.literal(each), py.name(variable)]))
        count = py.fold(operation("+", [turned, py.literal(before + place - 1)]))
        return ast.JoinedStr([ast.Constant(kind), ast.FormattedValue(count, -1)])

    def _put_free(
        self, word: str, path: Path | None, made: ast.expr, *, owns: bool, plain: bool = False
    ) -> Reach:
        """Put a module without weights: its name is not a checkpoint's."""
        if path is not None or owns:
            return self._put(self._leaf(word, path), made)
        if plain:
            name, count = word, 2
            while name in self.free or name in self._taken:
                name, count = f"{word}{count}", count + 1
        else:
            number = self._ordinals[word] = self._ordinals.get(word, 0) + 1
            name = f"{word}{number}"
        self.free[name] = name
        outer, loops = self.init, self.loops
        turning = {self.file.word(each) for loop in loops for each in loop.words | loop.bound}
        if loops and not py.reads(made) & turning and not self.straight:
            self.init, self.loops = loops[0].outside, []
        reach = self._put((name,), made)
        self.init, self.loops = outer, loops
        return reach

    def _put(self, path: Path, made: ast.expr) -> Reach:
        """Put a module where its path says, and give what reaches it."""
        for each in path:
            if isinstance(each, str) and each.startswith("?"):
                self.needs.add(each[1:].rstrip("0123456789"))
        box = self.boxes[0]
        for segment in path[:-1]:
            box = self._opened(box, segment)
        segment = path[-1]
        box.sites.append((segment, len(self.loops), None))
        if is_parameter(made):
            box.parameters.add(ast.dump(said(segment)))
        self._counting(box, segment)
        self.init.append(Put(box, said(segment), made))
        if isinstance(segment, str) and not box.number:
            self._taken.add(segment)
        return Reach(box, copy.deepcopy(said(segment)))

    def _opened(self, parent: Box, segment: Segment) -> Box:
        key = (parent.number, segment if isinstance(segment, str) else ast.dump(segment))
        if key in self._box:
            return self._box[key]
        others = [each.segment for each in self._box.values() if each.parent is parent]
        written = {isinstance(each, str) for each in (*others, segment)}
        if parent.number and len(written) > 1:
            raise Hard("a group whose name may be that of one whose name is worked out")
        box = self._box[key] = Box(len(self.boxes), parent, segment)
        self.boxes.append(box)
        names = {each.id for each in path_names(box)}
        place, box.level = self.init, len(self.loops)
        for depth, loop in enumerate(self.loops):
            later = {
                self.file.word(word)
                for each in self.loops[depth:]
                for word in each.words | each.bound
            }
            later |= {each for inner in self.loops[depth:] for each in py.stores(inner.target)}
            if not names & later:
                place, box.level = loop.outside, depth
                break
        else:
            if self.loops:
                place = self.loops[-1].inside
        parent.sites.append((segment, box.level, box))
        if parent.number and box.level and place is self.loops[box.level - 1].inside:
            loops, init = self.loops, self.init
            self.loops, self.init = self.loops[: box.level], place
            self._counting(parent, segment)
            self.loops, self.init = loops, init
        place.append(Put(parent, said(segment), Opened(box)))
        return box

    def _counting(self, box: Box, segment: Segment) -> None:
        """Note whether the members of a box are named 0, 1, 2 as a loop turns."""
        counted = False
        if self.loops and self.init is self.loops[-1].inside and isinstance(segment, ast.JoinedStr):
            loop = self.loops[-1]
            variable = _counter(loop)
            parts = [each for each in segment.values if not py.constant(each, "")]
            (first, *more) = parts
            counted = (
                variable is not None
                and not more
                and isinstance(first, ast.FormattedValue)
                and py.same(first.value, py.name(variable))
                and box.level == len(self.loops) - 1
            )
        box.counts = counted and box.counts is not False


@dataclass(slots=True)
class Constructed:
    """What constructs a module, the channels that come out of it, and what goes in."""

    made: ast.expr
    channels: ast.expr | None
    image: bool | None
    tensors: list[ast.expr] = field(default_factory=list)
    called: Projection | None = None


#: A height or width in the constructor, where there is none.
SIZE: Final = "__size__"
_NUMBER: Final = Data(py.name("i"), py.name("i"))
_SIGNS: Final = {"add": "+", "sub": "-", "mul": "*"}


def is_parameter(made: ast.expr) -> bool:
    """Whether what is constructed is a parameter, and no module."""
    return isinstance(made, ast.Call) and py.same(made.func, py.code("nn.Parameter"))


def _speaks_of_places(rule: object) -> bool:
    if isinstance(rule, Joined):
        return _speaks_of_places(rule.left) or _speaks_of_places(rule.right)
    return isinstance(rule, Places)


def _both(value: ast.expr) -> Data:
    return Data(value, value)


def _literal(value: ast.expr) -> str:
    """The word that a literal is."""
    assert isinstance(value, ast.Constant)
    return str(value.value)


def _elements(values: ast.expr) -> list[ast.expr]:
    return list(values.elts) if isinstance(values, ast.List) else [ast.Starred(values, py.LOAD)]


def _spread(tensor: ast.expr) -> ast.expr:
    return py.code("v[:, :, None, None]", v=tensor)


def _has_nodes(value: Value) -> bool:
    if isinstance(value, Rows):
        return any(map(_has_nodes, value.parts))
    return isinstance(value, Node | Nodes)


def _possible(body: Iterable[pg.Statement]) -> tuple[pg.Statement, ...]:
    """Leave out what no call can come by."""
    return tuple(each for each in body if not isinstance(each, pg.Never))


def _counter(loop: Loop) -> str | None:
    """The variable that counts the turns of a loop from 0."""
    values, target = loop.values, loop.target
    if not (isinstance(values, ast.Call) and isinstance(values.func, ast.Name)):
        return None
    if values.func.id == "range" and len(values.args) == 1 and isinstance(target, ast.Name):
        return target.id
    if values.func.id == "enumerate" and isinstance(target, ast.Tuple):
        first = target.elts[0]
        return first.id if isinstance(first, ast.Name) else None
    return None


def bindings(statements: Iterable[pg.Statement]) -> dict[str, int]:
    """How often each name is bound in statements."""
    found: dict[str, int] = {}
    for each in pg.parts(tuple(statements)):
        words: Iterable[str] = ()
        if isinstance(each, pg.Assign):
            words = each.targets
        elif isinstance(each, pg.Output):
            words = (each.name,)
        elif isinstance(each, pg.For):
            words = pattern_words(each.pattern)
        for word in words:
            found[word] = found.get(word, 0) + 1
    return found


def pattern_words(pattern: pg.Pattern) -> list[str]:
    """The names that a loop's pattern binds."""
    if isinstance(pattern, str):
        return [pattern]
    return [word for each in pattern for word in pattern_words(each)]


def words_in(value: object) -> set[str]:
    """The names that a stretch of a program speaks of."""
    return {each.id for each in pg.parts(value) if isinstance(each, pg.Name)}


def sites(body: tuple[pg.Statement, ...], kind: str) -> int | None:
    """How many steps of a kind a loop's turn makes; None if that may differ between turns."""
    for each in pg.parts(body):
        if isinstance(each, pg.If | pg.For | pg.Optional | pg.Choice | pg.Repeat) and _named(
            each, kind
        ):
            return None
    labelled = sum(
        _named(each.step, kind) for each in pg.parts(body) if isinstance(each, pg.Labelled)
    )
    return _named(body, kind) - labelled


def _named(value: object, kind: str) -> int:
    return sum(
        (isinstance(each, pg.OperatorStep) and each.op.name == kind)
        or (isinstance(each, pg.BlockStep) and each.block.name == kind)
        for each in pg.parts(value)
    )


def step_lists(body: pg.Body) -> dict[str, str]:
    """Lists of steps that grow and are applied once: each with the name that flows into it."""
    found: dict[str, str] = {}
    grown = {
        each.targets[0]
        for each in pg.parts(body.statements)
        if isinstance(each, pg.Assign)
        and len(each.targets) == 1
        and each.value == pg.ListOf(())
        and body.locals.get(each.targets[0]) == "data"
    }
    for each in pg.parts(body.statements):
        if isinstance(each, pg.Flow) and isinstance(each.value, pg.Name) and each.steps:
            step = each.steps[0]
            inner = step.step if isinstance(step, pg.Labelled) else step
            match inner:
                case pg.GivenStep(pg.Name(word), ()) if word in grown:
                    found[word] = each.value.id
    return found


def is_straight(body: pg.Body) -> bool:
    """Whether a block is one chain of steps, so that its class is a sequence."""
    if len(body.nodes) != 1 or body.nodes[0].kind != "node":
        return False
    x = body.nodes[0].name
    return _straight(body.statements, x)


def _straight(statements: Iterable[pg.Statement], x: str) -> bool:
    for each in statements:
        match each:
            case pg.Assign((word,), value) if word == x:
                if not _chain(value, x):
                    return False
            case pg.Assign(_, value):
                if pg.kind_of(value) != "data" or _tells(value, x):
                    return False
                if any(isinstance(part, pg.STEPS) for part in pg.parts(value)):
                    return False
            case pg.Return((value,)):
                if not (_chain(value, x) or value == pg.Name(x, "node")):
                    return False
            case pg.For(_, values, body):
                if pg.kind_of(values) != "data" or not _straight(body, x):
                    return False
            case pg.If(arms, orelse):
                inside = (*(body for _, body in arms), orelse)
                if any(isinstance(part, pg.Return) for part in pg.parts(inside)):
                    return False
                if not all(_straight(body, x) for body in inside):
                    return False
            case _:
                return False
    return True


def _chain(value: pg.Expr, x: str) -> bool:
    if not isinstance(value, pg.Flow) or value.value != pg.Name(x, "node"):
        return False
    if value.kind != "node":
        return False
    for step in value.steps:
        for part in pg.parts(step):
            if isinstance(part, pg.Choice | pg.Flow | pg.Call | pg.Within):
                return False
            if isinstance(part, pg.OperatorStep) and (
                part.op.name == "layer_scale" or part.op.outputs_from is not None
            ):
                return False
        if _tells(step, x):
            return False
    return True


def _tells(value: object, x: str) -> bool:
    """Whether something speaks of what flows other than by its channels."""
    measured = sum(
        isinstance(part, pg.Measure) and part.what == "channels" and part.node == pg.Name(x, "node")
        for part in pg.parts(value)
    )
    named = sum(isinstance(part, pg.Name) and part.id == x for part in pg.parts(value))
    return measured != named


def total(channels: ast.expr) -> ast.expr:
    """The sum of a list of channels."""
    if not isinstance(channels, ast.List):
        return py.call("sum", channels)
    parts = [
        py.call("sum", each.value) if isinstance(each, ast.Starred) else each
        for each in channels.elts
    ]
    count: dict[str, int] = {}
    first: dict[str, ast.expr] = {}
    for each in parts:
        key = ast.dump(each)
        count[key] = count.get(key, 0) + 1
        first.setdefault(key, each)
    result: ast.expr | None = None
    for key, each in first.items():
        term = each if count[key] == 1 else operation("*", [py.literal(count[key]), each])
        result = term if result is None else operation("+", [result, term])
    return py.fold(result) if result is not None else py.literal(0)


def several(members: list[ast.expr], count: ast.expr) -> list[ast.expr]:
    """Members of a sequence, several times."""
    number = py.whole(count)
    if number == 0:
        return []
    if number == 1:
        return members
    turn = ast.comprehension(ast.Name("_", py.STORE), py.call("range", count), [], 0)
    if len(members) == 1 and not isinstance(members[0], ast.Starred | Member):
        return [ast.Starred(ast.GeneratorExp(members[0], [turn]), py.LOAD)]
    inner = ast.comprehension(ast.Name("m", py.STORE), ast.Tuple(members, py.LOAD), [], 0)
    return [ast.Starred(ast.GeneratorExp(py.name("m"), [turn, inner]), py.LOAD)]


def sequence(members: list[ast.expr]) -> ast.expr:
    """A sequence; a name that is its member's position need not be said."""
    sure = True
    plain = True
    for place, each in enumerate(members):
        for x in _within(each):
            if isinstance(x, Member) and not (sure and x.label == str(place)):
                plain = False
        sure = sure and not isinstance(each, ast.Starred)
    if plain:
        return ast.Call(py.code("nn.Sequential"), [_bare(each) for each in members], [])
    if any(isinstance(each, ast.Starred) for each in members):
        return py.call("named", *map(_paired, members))
    keys: list[ast.expr | None] = [_key(each, place) for place, each in enumerate(members)]
    named = py.call("OrderedDict", ast.Dict(keys, [_bare(each) for each in members]))
    return py.call("nn.Sequential", named)


def _paired(member: ast.expr) -> ast.expr:
    """A member beside its name, where it has one."""

    def change(part: ast.AST) -> ast.AST | None:
        if isinstance(part, Member):
            return ast.Tuple([ast.Constant(part.label), part.made], py.LOAD)
        return None

    result = py.rewritten(member, change)
    assert isinstance(result, ast.expr)
    return result


def _within(member: ast.expr) -> list[ast.expr]:
    if isinstance(member, ast.Starred) and isinstance(member.value, ast.IfExp):
        arms = member.value.body, member.value.orelse
        return [x for arm in arms if isinstance(arm, ast.List) for x in arm.elts]
    return [member]


def _key(member: ast.expr, place: int) -> ast.expr:
    return ast.Constant(member.label if isinstance(member, Member) else str(place))


def _bare(member: ast.expr) -> ast.expr:
    if isinstance(member, Member):
        return member.made
    if isinstance(member, ast.Starred) and isinstance(member.value, ast.IfExp):
        choice = member.value
        arms = [
            py.items([_bare(x) for x in arm.elts]) if isinstance(arm, ast.List) else arm
            for arm in (choice.body, choice.orelse)
        ]
        return ast.Starred(ast.IfExp(choice.test, arms[0], arms[1]), py.LOAD)
    return member


__all__ = ["Constructed", "Op", "Placed", "Projection", "Refusal", "Shape", "Word"]
