"""Runs a program that was taken apart and holds it against the graph, step by step.

Every step that it makes has to be a node there: of its operator and arguments, at its path, on its
inputs. What is printed from it is held against the graph by its backend; where that is not proved,
this says whether it is the program that is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cnnspec.elaborate.functions import FUNCTIONS
from cnnspec.emit import flat
from cnnspec.emit.bodies import read_program
from cnnspec.emit.flat import Apply, Flat, Loop, Number
from cnnspec.emit.flatten import Flattened, flattened
from cnnspec.emit.program import (
    BlockStep,
    Choice,
    Constant,
    Expr,
    Function,
    GivenStep,
    Group,
    Item,
    Labelled,
    ListOf,
    Literal,
    Measure,
    Name,
    Never,
    Operation,
    OperatorStep,
    Optional,
    Pattern,
    Repeat,
)
from cnnspec.errors import CnnspecError
from cnnspec.expression import OPERATIONS
from cnnspec.graph import Graph, Node, Port
from cnnspec.kinds import Refusal
from cnnspec.shapes import Shape
from cnnspec.syntax import tree


class Unproved(CnnspecError):
    """What was to be written is not what the graph says: a mistake of ours."""

    def __init__(self, wrong: list[str]) -> None:
        super().__init__("; ".join(wrong[:3]))
        self.wrong = wrong


class Mismatch(Exception):
    """The program does something that the graph does not."""


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A step as a value, with what it holds already."""

    step: OperatorStep | BlockStep
    arguments: Mapping[str, Any]


class _Returned(Exception):
    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


def mismatches(
    graph: Graph, program: Flattened, arguments: Mapping[str, Expr] | None = None
) -> list[str]:
    """Say where a program differs from its graph; nothing if it is the same.

    `arguments` are what a variant gives to the network's parameters.
    """
    run = Run(graph, program)
    try:
        run.network(program.network, arguments or {})
    except Mismatch as wrong:
        return [str(wrong)]
    except (KeyError, IndexError, TypeError, ValueError, ArithmeticError, Refusal) as wrong:
        return [f"the program cannot run: {type(wrong).__name__}: {wrong}"]
    left = [each.path for each in graph.nodes if each.index not in run.made]
    return [f"{path} is not made" for path in left]


def misread(graph: Graph) -> list[str]:
    """Say where a network's own program, as it is read from its text, differs from its graph."""
    return mismatches(graph, flattened(read_program(graph)))


def closed(expr: Expr) -> Any:
    """Work out an expression that speaks of nothing; None where it has no value."""
    run = Run.__new__(Run)
    try:
        return run.value(expr, _Frame("", {}))
    except (Mismatch, IndexError, TypeError, ValueError, ArithmeticError):
        return None


@dataclass(slots=True)
class _Frame:
    prefix: str
    names: dict[str, Any]
    kinds: dict[str, int] = field(default_factory=dict)
    turns: dict[int, int] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)


class Run:
    """One run of a program; `made` are the nodes that were met."""

    def __init__(self, graph: Graph, program: Flattened) -> None:
        self.graph = graph
        self.bodies = {(e.body.definition, e.body.kinds): e for e in program.blocks}
        self.nodes = {each.path: each for each in graph.nodes}
        self.made: set[int] = set()

    def network(self, network: Flat, arguments: Mapping[str, Expr]) -> None:
        """Run the network with its parameters' values; raises Mismatch."""
        frame = _Frame("", {})
        for parameter in network.body.parameters:
            value = arguments.get(parameter.name, parameter.default)
            if value is None:
                raise Mismatch(f"{parameter.name} has no value")
            frame.names[parameter.name] = self.value(value, frame)
        self._row(network.statements, frame)
        wanted = {each.name: each.port for each in self.graph.outputs}
        for name, port in wanted.items():
            if frame.outputs.get(name) is not port:
                raise Mismatch(f"the output {name} is {frame.outputs.get(name)}, not {port}")

    # --- statements

    def _row(self, statements: list[flat.Statement], frame: _Frame) -> None:
        for each in statements:
            self._statement(each, frame)

    def _statement(self, statement: flat.Statement, frame: _Frame) -> None:
        match statement:
            case flat.Assign((word,), value):
                frame.names[word] = self.value(value, frame)
            case flat.Assign(targets, value):
                frame.names.update(zip(targets, self.value(value, frame), strict=True))
            case flat.Count(counter, by):
                frame.names[counter] = 0 if by is None else frame.names[counter] + by
            case flat.Tick(kind):
                word = self._piece(kind, frame)
                frame.kinds[word] = frame.kinds.get(word, 0) + 1
            case flat.If(arms, orelse):
                for test, body in arms:
                    if self.value(test, frame):
                        self._row(body, frame)
                        return
                self._row(orelse, frame)
            case Loop():
                self._loop(statement, frame)
            case flat.Give(values):
                found = [self.value(each, frame) for each in values]
                raise _Returned(found[0] if len(found) == 1 else tuple(found))
            case flat.Output(name, value):
                frame.outputs[name] = self.value(value, frame)
            case Never(why):
                raise Mismatch(why)

    def _loop(self, loop: Loop, frame: _Frame) -> None:
        values = self.value(loop.values, frame)
        if loop.pattern is None:
            values = range(values)
        hidden = dict(frame.names)
        for turn, each in enumerate(values):
            frame.turns[id(loop)] = turn
            if loop.pattern is not None:
                _match(loop.pattern, each, frame.names)
            self._row(loop.body, frame)
        for word in _words(loop.pattern):
            frame.names.pop(word, None)
            if word in hidden:
                frame.names[word] = hidden[word]

    # --- values

    def value(self, expr: Expr | Apply, frame: _Frame) -> Any:
        """Work an expression out."""
        match expr:
            case Apply():
                return self._apply(expr, frame)
            case Literal(value):
                return value
            case Name(word):
                if word not in frame.names:
                    raise Mismatch(f"{word} has no value")
                return frame.names[word]
            case Constant(_, value):
                return self.value(value, frame)
            case ListOf(items):
                return tuple(self.value(each, frame) for each in items)
            case Choice(test, yes, no):
                return self.value(yes if self.value(test, frame) else no, frame)
            case Operation("and" | "or" as operator, operands):
                found: Any = None
                for each in operands:
                    found = self.value(each, frame)
                    if bool(found) == (operator == "or"):
                        break
                return found
            case Operation(operator, operands):
                found, *more = [self.value(each, frame) for each in operands]
                if not more:
                    return OPERATIONS[operator](found)
                for each in more:
                    found = _operated(operator, found, each)
                return found
            case Item(value, index):
                return self.value(value, frame)[self.value(index, frame)]
            case Function(name, arguments):
                return FUNCTIONS[name][0](*[self.value(each, frame) for each in arguments])
            case Measure(node, what):
                shape: Shape = self.value(node, frame).shape
                return tuple(shape) if what == "shape" else getattr(shape, what)
            case OperatorStep(_, arguments) | BlockStep(_, _, arguments):
                return Held(expr, {key: self.value(each, frame) for key, each in arguments})
            case GivenStep():
                return self._given(expr, frame)
            case Optional(step, test):
                return Optional(
                    self.value(step, frame) if self.value(test, frame) else _NOTHING,
                    Literal(self.value(test, frame)),
                )
            case Group(steps, several):
                return Group(tuple(self.value(each, frame) for each in steps), several)
            case Labelled(label, step):
                return Labelled(label, self.value(step, frame))
            case Repeat(step, count):
                return Repeat(self.value(step, frame), self.value(count, frame))
        raise Mismatch(f"{type(expr).__name__} has no value")

    def _given(self, step: GivenStep, frame: _Frame) -> Any:
        held = self.value(step.value, frame)
        if not isinstance(held, Held):
            raise Mismatch("a step that takes arguments is no operator and no block")
        arguments = dict(held.arguments)
        names = (
            [each for each in held.step.op.ordered if each not in held.step.given]
            if isinstance(held.step, OperatorStep)
            else _free(held.step.block.parameters, arguments)
        )
        for key, value in step.arguments:
            arguments[names.pop(0) if key is None else key] = self.value(value, frame)
        return Held(held.step, arguments)

    # --- steps

    def _apply(self, apply: Apply, frame: _Frame) -> Any:
        inputs = [self.value(each, frame) for each in apply.inputs]
        held = self.value(apply.step, frame)
        path = self._path(apply.path, frame)
        if isinstance(held, Held) and isinstance(held.step, OperatorStep):
            return self._operator(held, inputs, path)
        if isinstance(held, Held):
            return self._block(held, inputs, apply.names, path)
        raise Mismatch(f"{path} is no step")

    def _operator(self, held: Held, inputs: list[Any], path: str) -> Any:
        assert isinstance(held.step, OperatorStep)
        ports = tuple(_ports(inputs))
        node = self.nodes.get(path)
        op = held.step.op(**held.arguments)
        if node is None:
            return self._unused(op, ports)
        if type(node.op) is not type(op):
            raise Mismatch(f"{path} is {op.name}, not {node.kind}")
        if node.kind != "input" and node.op.values != op.values:
            raise Mismatch(f"{path} is {op!r}, not {node.op!r}")
        if node.inputs != ports:
            raise Mismatch(f"{path} reads {ports}, not {node.inputs}")
        if node.index in self.made:
            raise Mismatch(f"{path} is made twice")
        self.made.add(node.index)
        return node.ports[0] if len(node.ports) == 1 else node.ports

    def _unused(self, op: Any, ports: tuple[Port, ...]) -> Any:
        """Make what nothing reads, which the graph has left out."""
        shape = op.shape(*(each.shape for each in ports))
        shapes = (shape,) if isinstance(shape, Shape) else tuple(shape)
        root = self.graph.root
        node = Node(-1, "", op, ports, shapes, (), root, root.span)
        node.ports = tuple(Port(node, number) for number in range(len(shapes)))
        return node.ports[0] if len(shapes) == 1 else node.ports

    def _block(self, held: Held, inputs: list[Any], names: tuple[str, ...], path: str) -> Any:
        assert isinstance(held.step, BlockStep)
        block = self.bodies[held.step.block, held.step.kinds]
        frame = _Frame(f"{path}.", dict(held.arguments))
        if not names:
            names = tuple(each.name for each in block.body.nodes if each.name not in held.arguments)
        frame.names.update(zip(names, inputs, strict=False))
        for parameter in block.body.parameters:
            if parameter.name not in frame.names:
                if parameter.default is None:
                    raise Mismatch(f"{path} is not given {parameter.name}")
                frame.names[parameter.name] = self.value(parameter.default, frame)
        try:
            self._row(block.statements, frame)
        except _Returned as returned:
            return returned.value
        raise Mismatch(f"{path} gives nothing")

    def _path(self, path: flat.Path, frame: _Frame) -> str:
        return frame.prefix + ".".join(
            "".join(self._piece(piece, frame) for piece in segment) for segment in path
        )

    def _piece(self, piece: flat.Piece, frame: _Frame) -> str:
        if isinstance(piece, str):
            return piece
        if isinstance(piece, Number):
            return str(self._number(piece, frame))
        if isinstance(piece, flat.KindOf):
            held = self.value(piece.value, frame)
            step = held.step if isinstance(held, Held) else None
            return step.op.name if isinstance(step, OperatorStep) else str(step and step.block.name)
        if isinstance(piece, flat.Ordinal):
            return str(frame.kinds[self._piece(piece.kind, frame)])
        return str(self.value(piece, frame))

    def _number(self, number: Number, frame: _Frame) -> int:
        total = number.ahead
        if number.counter is not None:
            total += frame.names[number.counter]
        for each, term in number.terms:
            times = each if isinstance(each, int) else each.per_turn
            if isinstance(term, flat.Turn):
                total += times * frame.turns[id(term.loop)]
            else:
                total += times * max(self.value(term, frame), 0)
        return total


_NOTHING: Final = Group((), False)


def _free(parameters: Iterable[tree.Parameter], known: Mapping[str, Any]) -> list[str]:
    """The parameters that arguments by position go to: what flows takes the first."""
    return [each.name.id for each in parameters if each.name.id not in known][1:]


def _ports(values: Any) -> list[Port]:
    found: list[Port] = []
    for each in values:
        found += [each] if isinstance(each, Port) else _ports(each)
    return found


def _operated(operator: str, left: Any, right: Any) -> Any:
    """Work an operation out: true and 1 differ, and an operator is itself whatever it holds."""
    if operator in ("==", "!="):
        if isinstance(left, Held) and isinstance(right, Held):
            left, right = (
                each.step.op if isinstance(each.step, OperatorStep) else each.step.block
                for each in (left, right)
            )
        elif isinstance(left, bool) != isinstance(right, bool):
            return operator == "!="
    return OPERATIONS[operator](left, right)


def _match(pattern: Pattern, value: Any, names: dict[str, Any]) -> None:
    if isinstance(pattern, str):
        names[pattern] = value
    else:
        for part, each in zip(pattern, value, strict=True):
            _match(part, each, names)


def _words(pattern: Pattern | None) -> list[str]:
    if pattern is None:
        return []
    if isinstance(pattern, str):
        return [pattern]
    return [word for each in pattern for word in _words(each)]
