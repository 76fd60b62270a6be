"""A small network as data: what the generator makes, the shrinker takes apart, and a spec says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cnnspec.kinds import Refusal, show
from cnnspec.op import count
from cnnspec.ops import Operators
from cnnspec.shapes import Shape

#: Values are numbered: inputs first, then what each step gives.
Number = int


@dataclass(frozen=True, slots=True)
class Parameter:
    """A block's parameter where a number stands: `n` or `stride`."""

    name: str


@dataclass(frozen=True, slots=True)
class Step:
    """One operator on values. `sequence` puts it into a numbered group with its neighbours.

    `label` is the name that it is given; a step that is `signed` stands as a sign between its two
    values, one of which may be a number. In a block, `given` is the block's parameter that it
    comes by: the operator and its arguments are then that parameter's default.
    """

    operator: str
    arguments: tuple[tuple[str, Any], ...]
    inputs: tuple[Number, ...]
    sequence: int | None = None
    label: str | None = None
    given: str | None = None
    signed: bool = False

    @property
    def outputs(self) -> int:
        """How many values it gives."""
        op = Operators()[self.operator]
        if op.outputs_from is None:
            return 1
        arg = op.arguments[op.outputs_from]
        return count(dict(self.arguments).get(op.outputs_from, arg.default))


@dataclass(frozen=True, slots=True)
class Call:
    """A block on one value, `times` in a row, with numbers and steps for its parameters."""

    block: int
    numbers: tuple[tuple[str, int], ...]
    inputs: tuple[Number, ...]
    outputs: int = 1
    times: int = 1
    steps: tuple[tuple[str, Step], ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """Steps on one value, which is number 0; the last value is what it gives."""

    parameters: tuple[str, ...]
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """A whole network. `heads` are outputs that are there in training only."""

    inputs: tuple[Shape, ...]
    blocks: tuple[Block, ...]
    steps: tuple[Step | Call, ...]
    outputs: tuple[Number, ...]
    heads: tuple[Number, ...] = ()

    @property
    def operators(self) -> Iterator[str]:
        """Every operator that is written, those of blocks once."""
        for step in (*self.steps, *(each for block in self.blocks for each in block.steps)):
            if isinstance(step, Step):
                yield step.operator


def apply(step: Step, shapes: Sequence[Shape], numbers: dict[str, int]) -> list[Shape]:
    """Give the shapes that a step gives; raises Refusal where its operator does."""
    arguments = {
        name: numbers[value.name] if isinstance(value, Parameter) else value
        for name, value in step.arguments
    }
    op = Operators()[step.operator](**arguments)
    shape = op.shape(*(shapes[number] for number in step.inputs))
    return [shape] if isinstance(shape, Shape) else list(shape)


def inside(block: Block, shape: Shape, call: Call) -> list[Shape]:
    """Give the shapes of all values in a block's runs, one after the other; raises Refusal."""
    numbers, found = dict(call.numbers), [shape]
    for _ in range(call.times):
        shapes = [found[-1]]
        for step in block.steps:
            shapes += apply(taken(step, call), shapes, numbers)
        found += shapes[1:]
    return found


def grown(step: Step | Call, blocks: Sequence[Block], sizes: Sequence[float]) -> list[float]:
    """Estimate how large the values are that a step gives, as root mean squares."""
    if isinstance(step, Step):
        numbers = {"n": 1, "stride": 1}
        arguments = {
            name: numbers[value.name] if isinstance(value, Parameter) else value
            for name, value in step.arguments
        }
        try:
            op = Operators()[step.operator](**arguments)
        except Refusal:  # of one filter in several groups, say
            return [1.0] * step.outputs
        inputs = [sizes[number] for number in step.inputs]
        return [min(op.magnitude(inputs, (Shape((1,)),)), 1e30)] * step.outputs
    found = [sizes[step.inputs[0]]]
    for _ in range(step.times):
        inner = [found[-1]]
        for each in blocks[step.block].steps:
            inner += grown(taken(each, step), blocks, inner)
        found.append(max(inner[1:], default=inner[0]))
    return [max(found)]


def taken(step: Step, call: Call) -> Step:
    """Give a block's step as a call has it: the one that it gives, or the default."""
    given = dict(call.steps).get(step.given or "")
    if given is None:
        return step
    return replace(step, operator=given.operator, arguments=given.arguments)


def shapes_of(program: Program) -> list[Shape]:
    """Give the shape of every value; raises Refusal or IndexError for a program that is none."""
    shapes = list(program.inputs)
    for step in program.steps:
        if isinstance(step, Call):
            shapes.append(inside(program.blocks[step.block], shapes[step.inputs[0]], step)[-1])
        else:
            shapes += apply(step, shapes, {})
    return shapes


def is_valid(program: Program) -> bool:
    """Whether a program compiles: it gives something, and its operators accept it."""
    try:
        count = len(shapes_of(program))
    except (Refusal, IndexError, KeyError):
        return False
    return bool(program.outputs) and max((*program.outputs, *program.heads)) < count


# --- as a spec


def spec(program: Program, name: str = "fuzz") -> str:
    """Write a program in the language."""
    lines: list[str] = []
    for number, block in enumerate(program.blocks):
        given = {
            each.given: f", {each.given} = {_bare(each)}" for each in block.steps if each.given
        }
        words = "".join(f", {each}" for each in block.parameters) + "".join(given.values())
        lines += [f"block part{number}(x{words}) {{"]
        lines += [f"    {line}" for line in _statements(block.steps, ["x"], ())]
        lines += [f"    return {_last(block)}", "}"]
    lines.append(f"network {name} {{")
    names = [f"image{number}" for number in range(len(program.inputs))]
    lines += [
        f"    {word} = input({', '.join(map(str, shape))})"
        for word, shape in zip(names, program.inputs, strict=True)
    ]
    results = (*program.outputs, *program.heads)
    lines += [f"    {line}" for line in _statements(program.steps, names, results)]
    for number, value in enumerate(program.heads):
        lines.append(f"    train output head{number} = {names[value]} -> identity")
    for number, value in enumerate(program.outputs):
        lines.append(f"    output y{number} = {names[value]} -> identity")
    return "\n".join([*lines, "}"]) + "\n"


def _last(block: Block) -> str:
    count = sum(step.outputs for step in block.steps)
    return f"v{count}" if count else "x -> identity"


def _statements(
    steps: Sequence[Step | Call], names: list[str], results: Sequence[Number]
) -> Iterator[str]:
    """Write steps as statements, those of one sequence as a numbered group; extends `names`."""
    inputs, position = len(names), 0
    readers = Counter(each for step in steps for each in step.inputs) + Counter(results)
    while position < len(steps):
        run = _run(steps, position, len(names), readers)
        first = steps[position]
        made = [f"v{len(names) - inputs + 1 + each}" for each in range(first.outputs)]
        if len(run) > 1 and isinstance(first, Step):
            words = " -> ".join(_step(each) for each in run)
            names += [f"v{len(names) - inputs + 1 + each}" for each in range(len(run))]
            yield f"{names[-1]} = {names[first.inputs[0]]} -> g{first.sequence}: ({words})"
        elif isinstance(first, Step) and Operators()[first.operator].stands_alone:
            names += made
            yield f"{made[0]} = {_bare(first)}"
        elif isinstance(first, Step) and first.signed and not first.label:
            signed = _signed(first, [names[each] for each in first.inputs])
            names += made
            yield f"{made[0]} = {signed}"
        elif isinstance(first, Step) and len(first.inputs) > 1 and not first.label:
            operands = ", ".join(names[each] for each in first.inputs)
            names += made
            yield f"{made[0]} = {first.operator}({_joined(operands, _arguments(first))})"
        else:
            source = ", ".join(names[each] for each in first.inputs)
            source = f"[{source}]" if len(first.inputs) > 1 else source
            names += made
            yield f"{', '.join(made)} = {source} -> {_step(first)}"
        position += len(run)


def _signed(step: Step, operands: list[str]) -> str:
    """Write `a + b`, or `1 - a`."""
    given = dict(step.arguments)
    if "number" in given:
        operands.insert(0 if given.get("first") else len(operands), show(given["number"]))
    return f" {Operators()[step.operator].sign} ".join(operands)


def _run(
    steps: Sequence[Step | Call], start: int, value: Number, readers: Counter[Number]
) -> Sequence[Step | Call]:
    """Give the steps from `start` on that make one numbered group.

    Each reads the one before it, which nothing else reads; `value` is what the first gives.
    """
    first = steps[start]
    stop = start + 1
    chains = isinstance(first, Step) and not Operators()[first.operator].stands_alone
    if chains and isinstance(first, Step) and first.sequence is not None and len(first.inputs) == 1:
        while stop < len(steps):
            step = steps[stop]
            before = value + stop - start - 1
            if not isinstance(step, Step) or (step.outputs, first.outputs) != (1, 1):
                break
            if Operators()[step.operator].stands_alone:
                break
            if step.sequence != first.sequence or step.inputs != (before,) or readers[before] != 1:
                break
            stop += 1
    return steps[start:stop]


def _step(step: Step | Call) -> str:
    if isinstance(step, Call):
        words = [f"{key} = {value}" for key, value in step.numbers]
        words += [f"{key} = {_bare(each)}" for key, each in step.steps]
        made = f"part{step.block}({', '.join(words)})"
        return f"({made} * {step.times})" if step.times > 1 else made
    label = f"{step.label}: " if step.label else ""
    return label + (step.given or _bare(step))


def _bare(step: Step) -> str:
    words = _arguments(step)
    return f"{step.operator}({words})" if words else step.operator


def _arguments(step: Step) -> str:
    return ", ".join(
        f"{key} = {value.name if isinstance(value, Parameter) else show(value)}"
        for key, value in step.arguments
    )


def _joined(*words: str) -> str:
    return ", ".join(each for each in words if each)


def used(program: Program) -> Program:
    """Leave out steps that nothing reads, which the language warns of or refuses."""
    counts = [step.outputs for step in program.steps]
    starts = [len(program.inputs)]
    for each in counts:
        starts.append(starts[-1] + each)
    needed = {*program.outputs, *program.heads}
    keep = [False] * len(program.steps)
    for index in reversed(range(len(program.steps))):
        if needed & set(range(starts[index], starts[index + 1])):
            keep[index] = True
            needed |= set(program.steps[index].inputs)
    kept_inputs = [number for number in range(len(program.inputs)) if number in needed] or [0]
    moved = {old: new for new, old in enumerate(kept_inputs)}
    steps: list[Step | Call] = []
    for index, step in enumerate(program.steps):
        if keep[index]:
            inputs = tuple(moved[each] for each in step.inputs)
            for offset in range(counts[index]):
                moved[starts[index] + offset] = len(moved)
            steps.append(replace(step, inputs=inputs))
    called = sorted({step.block for step in steps if isinstance(step, Call)})
    return Program(
        tuple(program.inputs[each] for each in kept_inputs),
        tuple(program.blocks[each] for each in called),
        tuple(
            replace(step, block=called.index(step.block)) if isinstance(step, Call) else step
            for step in steps
        ),
        tuple(moved[each] for each in program.outputs),
        tuple(moved[each] for each in program.heads),
    )
