"""Calls of a spec's blocks that no text has made: drawn at random among those that it accepts.

An emitted class or function of a block means what the block means for every argument. Here are the
calls to try: arguments near those that calls have, steps that other calls have given, images of
other sizes; each beside the network in which the spec itself makes that very call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

from cnnspec import library
from cnnspec.diagnostics import SpecError
from cnnspec.elaborate import Limits, Settings, elaborate
from cnnspec.elaborate.values import BlockValue, CallStep, Operator
from cnnspec.emit.held import is_step
from cnnspec.emit.program import BlockStep, Body, OperatorStep, Program
from cnnspec.expression import plain
from cnnspec.graph import Graph, Scope, walk_scopes
from cnnspec.kinds import show
from cnnspec.ops import operators
from cnnspec.shapes import Shape
from cnnspec.source import Source

#: Numbers above this are drawn anew: a test needs no wide layers.
WIDE: Final = 48
#: A network of more nodes or multiply-adds than this is not worth the time.
MOST_NODES: Final = 400
#: So often a call is drawn until the spec accepts one.
TRIES: Final = 60

Steps = Mapping[str, Sequence[OperatorStep | BlockStep]]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A call of a block: arguments by parameter, what flows in, and the spec that makes it.

    A step among the arguments is that of the program; anything else is plain.
    """

    body: Body
    arguments: Mapping[str, Any]
    inputs: tuple[tuple[Shape, ...], ...]
    text: str
    graph: Graph

    def __str__(self) -> str:
        words = ", ".join(f"{key} = {_said(each)}" for key, each in self.arguments.items())
        return f"{self.body.name}({', '.join(map(str, self.inputs))}; {words})"


def drawn(
    random: Random, graph: Graph, program: Program, steps: Steps, folder: Path | None
) -> Iterator[Drawn]:
    """Draw calls of a program's blocks until none is accepted; `steps` are what names stand for."""
    held: dict[object, list[Scope]] = {}
    for scope in walk_scopes(graph.root):
        if scope.kind == "block":
            held.setdefault(scope.definition, []).append(scope)
    known = [each for each in program.blocks if held.get(each.definition)]
    while known:
        body = random.choice(known)
        found = _call(random, body, held[body.definition], steps, folder)
        if found is None:
            known.remove(body)  # nothing near its calls is accepted
        else:
            yield found


def _call(
    random: Random, body: Body, scopes: list[Scope], steps: Steps, folder: Path | None
) -> Drawn | None:
    made = [tuple(sorted((k, _key(v)) for k, v in each.values.items())) for each in scopes]
    for _ in range(TRIES):
        scope = random.choice(scopes)
        arguments = {
            each.name: _argument(random, each.name, scopes, scope, steps)
            for each in body.data
            if each.default is None or random.random() < 0.6
        }
        if any(each is None for each in arguments.values()):
            continue
        inputs = tuple(
            tuple(_flowing(random, port.shape) for port in ports) for _, ports in scope.inputs
        )
        now = tuple(sorted((k, _key(v)) for k, v in arguments.items()))
        if now in made:
            continue
        text = _spec(body, arguments, inputs)
        graph = _compiled(text, folder)
        if graph is not None:
            return Drawn(body, arguments, inputs, text, graph)
    return None


def _key(value: Any) -> str:
    """Say what an argument is, so that calls are told apart."""
    value = plain(value)
    match value:
        case tuple():
            return f"[{', '.join(map(_key, value))}]"
        case CallStep():
            words = (f"{each.keyword} = {_key(each.value)}" for each in value.given)
            return f"{_key(value.callee)}({', '.join(words)})"
        case Operator() | OperatorStep():
            return value.op.name
        case BlockValue():
            return value.name
        case BlockStep():
            return value.block.name
        case None | bool() | int() | float() | str():
            return repr(value)
    return type(value).__name__


def _argument(random: Random, name: str, scopes: list[Scope], scope: Scope, steps: Steps) -> Any:
    value = plain(scope.values.get(name))
    if is_step(value) or (value is None and name in steps):
        simple = [
            each
            for each in steps.get(name, ())
            if not each.arguments and (isinstance(each, BlockStep) or not each.op.required)
        ]
        return random.choice(simple) if simple else None
    seen = [plain(each.values[name]) for each in scopes if name in each.values]
    return _near(random, value, [each for each in seen if type(each) is type(value)])


def _near(random: Random, value: Any, seen: list[Any]) -> Any:
    """Draw a value near one: of its type, one that was seen or another."""
    match value:
        case bool():
            return random.random() < 0.5
        case int():
            if random.random() < 0.3 and seen:
                value = random.choice(seen)
            more = (
                value,
                value + 1,
                max(value - 1, 0),
                2 * value,
                value // 2,
                random.randint(0, 6),
            )
            found = random.choice(more)
            return found if found <= WIDE else random.randrange(8, WIDE + 1, 8)
        case float():
            return round(random.choice((value, value / 2, value * 1.5, random.random())), 3)
        case str():
            return random.choice(seen)
        case tuple() if not any(map(is_step, value)):
            found = [
                _near(random, each, []) if not isinstance(each, str) else each for each in value
            ]
            if len(found) > 1 and random.random() < 0.2 and isinstance(found[0], tuple):
                found.pop()
            return tuple(found)
    return None


def _flowing(random: Random, shape: Shape) -> Shape:
    channels = shape.channels
    if channels > WIDE or random.random() < 0.4:
        channels = random.choice((4, 6, 8, 12, 16, 24, 32, min(channels, WIDE)))
    if not shape.is_image:
        return Shape((channels,))
    return Shape((channels, random.randint(5, 14), random.randint(5, 14)))


def _said(value: Any) -> str:
    if isinstance(value, OperatorStep):
        return value.op.name
    return value.block.name if isinstance(value, BlockStep) else show(value)


def _spec(body: Body, arguments: Mapping[str, Any], inputs: tuple[tuple[Shape, ...], ...]) -> str:
    """Write the network that makes a call."""
    names: list[str] = []
    lines = [f'use "{Path(body.definition.file.source.name).name}"', "network probe {"]
    given: dict[str, str] = {}
    for each, shapes in zip(body.nodes, inputs, strict=True):
        words = []
        for shape in shapes:
            names.append(f"image{len(names)}")
            words.append(names[-1])
            lines.append(f"    {names[-1]} = input({', '.join(map(str, shape))})")
        given[each.name] = words[0] if each.kind == "node" else f"[{', '.join(words)}]"
    given |= {key: _said(each) for key, each in arguments.items()}
    first = body.parameters[0].name
    rest = [given.pop(first), *(f"{key} = {each}" for key, each in given.items())]
    call = f"{body.name}({', '.join(rest)})"
    lines += [f"    found = b: {call}", "    output y = found", "}"]
    return "\n".join(lines) + "\n"


def _compiled(text: str, folder: Path | None) -> Graph | None:
    """Compile it, if the spec accepts the call and it is small."""
    where = "probe.cnn" if folder is None else str(folder / "probe.cnn")
    try:
        result = elaborate(
            Source(where, text),
            None,
            operators=operators(),
            resolve=library.resolver(folder),
            settings=Settings({}, None),
            bounds=Limits(),
        )
    except SpecError:
        return None
    return result.graph if len(result.graph.nodes) <= MOST_NODES else None
