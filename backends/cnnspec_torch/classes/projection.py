"""One body's class while it is written: both projections so far, and what its names stand for."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from keyword import iskeyword
from typing import TYPE_CHECKING

from cnnspec.emit import program as pg
from cnnspec.emit import pytree as py
from cnnspec_torch.classes.values import Box, Data, Node, Nodes, Reach, Segment, Value

if TYPE_CHECKING:
    from cnnspec_torch.classes.file import File
    from cnnspec_torch.classes.sized import Sized

Statements = list[ast.stmt]
Path = tuple[Segment, ...]


def lasting(data: Data) -> Data:
    """What Python goes through once, or has as a range, as a list."""
    match data.made:
        case ast.Call(ast.Name("range" | "zip" | "enumerate")):
            return Data(py.call("list", data.made), py.call("list", data.run))
    return data


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
    #: The results that nothing reads.
    left: frozenset[int] = frozenset()
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

    box_at: dict[tuple[int, str], Box] = field(default_factory=dict)
    ordinals: dict[str, int] = field(default_factory=dict)
    #: The attributes that store tests, by the test, as far as they are surely set here.
    flags: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    words: dict[str, str] = field(default_factory=dict)
    #: Variables that hold channels.
    moving: set[str] = field(default_factory=set)
    defined: dict[str, ast.expr] = field(default_factory=dict)
    bound: dict[str, int] = field(default_factory=dict)
    #: The names that the body gives values more than once, as Python's.
    rebound: set[str] = field(default_factory=set)
    _parameters: Sequence[pg.Parameter] | None = None
    held: frozenset[str] = frozenset()
    target: str | None = None
    inside: int = 0
    heads: dict[str, str] = field(default_factory=dict)
    uncertain: set[str] = field(default_factory=set)
    entered: set[str] = field(default_factory=set)
    fresh_names: set[str] = field(default_factory=set)

    #: The decisions around what is projected, each by its number, and the way that it takes.
    ways: list[tuple[int, int]] = field(default_factory=list)
    decisions: int = 0
    #: Whether it is written step by step (`stepwise`), and how deep in decisions and loops.
    stepwise: bool = False
    depth: int = 0
    #: The variables of loops' names that hide others.
    spelled: dict[str, str] = field(default_factory=dict)
    #: Parameters' defaults, by their names in the spec.
    defaults: dict[str, ast.expr] = field(default_factory=dict)
    #: Parameters for numbers that come from an image's size.
    sized: dict[str, Sized] = field(default_factory=dict)
    #: What stands before the names of a network's outputs, where a file has several networks.
    prefix: str = ""
    #: Whether it is handed on as a value.
    handed: bool = False

    @property
    def calls_itself(self) -> bool:
        """Whether a block's class makes others of its own."""
        called = (x for x in pg.parts(self.body.statements) if isinstance(x, pg.BlockStep))
        return any(each.block is self.body.definition for each in called)

    @property
    def is_network(self) -> bool:
        """Whether it is the network itself."""
        return self.body in self.file.networks.bodies

    @property
    def parameters(self) -> Sequence[pg.Parameter]:
        """What its class takes beside channels: no numbers that say an image's size alone."""
        if self._parameters is None:
            self._parameters = _own(self.body) if self.is_network else self.body.data
        return self._parameters

    def says_out(self) -> ast.expr | None:
        """Say the channels of the result in the parameters' words, if they are few."""
        if len(self.results) != 1 or len(self.results[0]) != 1:
            return None
        (result,) = self.results[0]
        channels = py.fold(result.channels)
        allowed = {self.file.word(each.name) for each in self.body.data} | set(self.words.values())
        allowed -= {word for word in self.bound if word not in self.words}
        known = {"round_to", "max", "min", "math", "sum", "len"}
        if not isinstance(result, Node) or py.size(channels) > 8:
            return None
        if any(isinstance(each, Reach) for each in py.walk(channels)):
            return None
        read = py.reads(channels)
        return channels if read - known <= allowed - self.moving else None

    def parameter_channels(self, name: str) -> str:
        """The constructor's parameter for the channels of what comes in."""
        return self.words[name]

    def give(self, word: str, value: Value) -> None:
        """Bind a name."""
        name = self.file.word(word)
        match value:
            case Data():
                data = lasting(value)
                made, run = data.made, data.run
                self.init.append(py.assign(name, made))
                self.run.append(py.assign(name, run))
                if self.bound.get(word) == 1:
                    self.defined[name] = made
                self.env[word] = Data(py.name(name), py.name(name))
            case Node() | Nodes():
                if not (isinstance(value.tensor, ast.Name) and value.tensor.id == name):
                    self.run.append(py.assign(name, value.tensor))
                self.keep(word, replace(value, tensor=py.name(name)))
            case _:
                self.env[word] = value

    def give_together(self, words: Sequence[str], values: Sequence[Value]) -> None:
        """Bind names to values that read some of them: all are read before one is bound."""
        made: list[tuple[str, ast.expr]] = []
        run: list[tuple[str, ast.expr]] = []
        for word, value in zip(words, values, strict=True):
            name = self.file.word(word)
            match value:
                case Data():
                    data = lasting(value)
                    made.append((name, data.made))
                    run.append((name, data.run))
                    self.env[word] = Data(py.name(name), py.name(name))
                case Node() | Nodes():
                    variable, channels = self.variable(word), py.fold(value.channels)
                    made.append((variable, channels))
                    run.append((name, value.tensor))
                    self.env[word] = replace(
                        value, channels=py.name(variable), tensor=py.name(name)
                    )
                case _:
                    self.env[word] = value
        self.init += _together(made)
        self.run += _together(run)

    def keep(self, word: str, value: Node | Nodes) -> None:
        """Bind a name whose tensor is in its variable: say its channels, or keep them in one."""
        channels = py.fold(value.channels)
        simple = isinstance(value, Node) and py.size(channels) <= 2 and not py.has_call(channels)
        simple = simple or (isinstance(value, Nodes) and isinstance(channels, ast.Name))
        if word in self.held or not simple or self.moves(channels):
            variable = self.variable(word)
            if not (isinstance(channels, ast.Name) and channels.id == variable):
                self.init.append(py.assign(variable, channels))
            channels = py.name(variable)
        self.env[word] = replace(value, channels=channels)

    def moves(self, channels: ast.expr) -> bool:
        """Whether what channels are said in may be given other values later."""
        names = py.reads(channels)
        if names & self.moving:
            return True
        if not names.isdisjoint(self.rebound):
            return True
        return any(
            self.file.word(word) in names for loop in self.loops for word in loop.words | loop.bound
        )

    def binds(self, bound: dict[str, int]) -> None:
        """Note how often the body gives each name a value."""
        self.bound = bound
        self.rebound = {self.file.word(word) for word, times in bound.items() if times > 1}

    def variable(self, word: str) -> str:
        """The variable in the constructor that holds the channels of a name."""
        key = f"{word}:"
        if key not in self.words:
            first = self.body.nodes[0].name if self.body.nodes else None
            main = word == first or (self.is_network and word == "x")
            wanted = "channels" if main else f"{self.file.word(word)}_channels"
            self.words[key] = self._apart(wanted)
        self.moving.add(self.words[key])
        return self.words[key]

    def give_channels(self, word: str, *, first: bool) -> str:
        """Name the constructor's parameter for the channels of what comes in."""
        wanted = f"{self.file.word(word)}_channels"
        self.words[word] = "in_channels" if first else self._apart(wanted)
        return self.words[word]

    def _apart(self, wanted: str) -> str:
        """A name for channels that is no other's, and no name of the body's own."""
        own = {*self.bound, *self.env, *(each.name for each in self.body.parameters)}
        taken = {*self.words.values(), *map(self.file.word, own)}
        while wanted in taken:
            wanted += "_"
        return wanted

    def hold(self, words: Iterable[str]) -> None:
        """Put the channels of names into variables, for they are about to change."""
        for word in words:
            value = self.env.get(word)
            if isinstance(value, Node | Nodes):
                variable = self.variable(word)
                if not (isinstance(value.channels, ast.Name) and value.channels.id == variable):
                    self.init.append(py.assign(variable, value.channels))
                self.env[word] = replace(value, channels=py.name(variable))

    def fresh(self, wanted: str) -> str:
        """A name that nothing in the body has."""
        taken = {self.file.word(each) for each in self.bound} | self.fresh_names
        taken |= {self.file.word(each.name) for each in self.body.parameters}
        name, count = wanted, 2
        while name in taken or not self.is_fresh(name):
            name, count = f"{wanted}{count}", count + 1
        self.fresh_names.add(name)
        return name

    def counter(self, kind: str) -> str:
        """The variable that counts steps of a kind: no name of the body, and none for channels."""
        own = {*self.bound, *(each.name for each in self.body.parameters)}
        taken = {*map(self.file.word, own), "channels", "in_channels"}
        name = f"{kind}s"
        while name in taken or iskeyword(name):
            name += "_"
        return name

    def is_fresh(self, name: str) -> bool:
        return name not in self.words.values()


@dataclass(slots=True)
class Constructed:
    """What constructs a module, the channels that come out of it, and what goes in."""

    made: ast.expr
    channels: ast.expr | None
    image: bool | None
    tensors: list[ast.expr] = field(default_factory=list)
    called: Projection | None = None


def _own(network: pg.Body) -> Sequence[pg.Parameter]:
    """Give a network's parameters without those that nothing but an image's size speaks of."""
    inside: list[pg.Expr] = []
    every: Counter[str] = Counter()
    defaults = tuple(each.default for each in network.data if each.default)
    for each in pg.parts((network.statements, defaults)):
        if isinstance(each, pg.Name):
            every[each.id] += 1
        elif isinstance(each, pg.OperatorStep) and each.op.is_input:
            # Channels that come in are said by the first layer that reads them.
            inside += [value for key, value in each.arguments if key != "channels"]
    sizes = Counter(each.id for each in pg.parts(tuple(inside)) if isinstance(each, pg.Name))
    return [x for x in network.data if x.name not in sizes or every[x.name] > sizes[x.name]]


def _together(pairs: Sequence[tuple[str, ast.expr]]) -> Statements:
    """Write `a, b = b, a`."""
    if len(pairs) < 2:
        return [py.assign(*each) for each in pairs]
    targets = ast.Tuple([ast.Name(name, py.STORE) for name, _ in pairs], py.STORE)
    values = ast.Tuple([value for _, value in pairs], py.LOAD)
    return [ast.Assign([targets], values, lineno=0)]
