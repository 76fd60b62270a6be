"""Makes a network that shows something smaller while it still shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from cnnspec.ops import Operators
from cnnspec.shapes import Shape
from cnnspec.testing.program import Block, Call, Number, Program, Step, is_valid, taken, used


def shrink(program: Program, shows: Callable[[Program], bool], *, tries: int = 400) -> Program:
    """Take the first simpler program that still shows it, again and again, at most `tries` times.

    `shows` is asked of programs that compile only.
    """
    found = True
    while found and tries > 0:
        found = False
        for simpler in candidates(program):
            if simpler == program or not is_valid(simpler):
                continue
            tries -= 1
            if shows(simpler):
                program, found = simpler, True
                break
            if tries <= 0:
                break
    return program


def candidates(program: Program) -> Iterator[Program]:
    """Give programs that are simpler in one way, the boldest ways first."""
    results = (*program.heads, *program.outputs)
    if len(results) > 1:
        for each in results:
            yield used(replace(program, outputs=(each,), heads=()))
    count = len(program.inputs) + sum(step.outputs for step in program.steps)
    for value in range(len(program.inputs), count):
        yield used(replace(program, outputs=(value,), heads=()))
    for index in range(len(program.steps)):
        yield from _without(program, index)
    for index, step in enumerate(program.steps):
        if isinstance(step, Call):
            if step.times > 1:
                for fewer in (1, 2, step.times - 1):
                    yield _with(program, index, replace(step, times=fewer))
            else:
                yield _inlined(program, index, step)
            if step.steps:
                yield _with(program, index, replace(step, steps=()))
    yield from _plainer(program)
    for number, shape in enumerate(program.inputs):
        for smaller in _smaller(shape):
            inputs = (*program.inputs[:number], smaller, *program.inputs[number + 1 :])
            yield replace(program, inputs=inputs)


def _without(program: Program, index: int) -> Iterator[Program]:
    """Leave a step out: what read it reads one of its inputs."""
    step = program.steps[index]
    start = len(program.inputs) + sum(each.outputs for each in program.steps[:index])
    gone = range(start, start + step.outputs)

    for source in dict.fromkeys(step.inputs):

        def moved(value: Number, source: Number = source) -> Number:
            if value in gone:
                return source
            return value - len(gone) if value >= gone.stop else value

        rest = [
            replace(each, inputs=tuple(map(moved, each.inputs)))
            for position, each in enumerate(program.steps)
            if position != index
        ]
        yield used(
            replace(
                program,
                steps=tuple(rest),
                outputs=tuple(dict.fromkeys(map(moved, program.outputs))),
                heads=tuple(dict.fromkeys(map(moved, program.heads))),
            )
        )


def _inlined(program: Program, index: int, call: Call) -> Program:
    """Put a block's steps in the place of its call."""
    block = program.blocks[call.block]
    start = len(program.inputs) + sum(each.outputs for each in program.steps[:index])
    more = len(block.steps) - 1
    numbers = dict(call.numbers)
    inner = [
        Step(
            step.operator,
            tuple((k, numbers.get(getattr(v, "name", ""), v)) for k, v in step.arguments),
            tuple(call.inputs[0] if each == 0 else start + each - 1 for each in step.inputs),
        )
        for step in (taken(each, call) for each in block.steps)
    ]
    if not inner:
        inner, more = [Step("identity", (), call.inputs)], 0

    def moved(value: Number) -> Number:
        return value + more if value >= start else value

    after = [
        replace(each, inputs=tuple(map(moved, each.inputs))) for each in program.steps[index + 1 :]
    ]
    return used(
        replace(
            program,
            steps=(*program.steps[:index], *inner, *after),
            outputs=tuple(map(moved, program.outputs)),
            heads=tuple(map(moved, program.heads)),
        )
    )


def _plainer(program: Program) -> Iterator[Program]:
    """Leave arguments out, make numbers smaller, take steps out of groups."""
    for index, step in enumerate(program.steps):
        if isinstance(step, Step):
            for simpler in _simpler(step):
                yield _with(program, index, simpler)
        else:
            for position, (name, value) in enumerate(step.numbers):
                if value > 1:
                    numbers = list(step.numbers)
                    numbers[position] = (name, value - 1)
                    yield _with(program, index, replace(step, numbers=tuple(numbers)))
    for number, block in enumerate(program.blocks):
        for index, step in enumerate(block.steps):
            for simpler in _simpler(step):
                steps = (*block.steps[:index], simpler, *block.steps[index + 1 :])
                blocks = list(program.blocks)
                blocks[number] = Block(block.parameters, steps)
                yield replace(program, blocks=tuple(blocks))


def _with(program: Program, index: int, step: Step | Call) -> Program:
    return replace(program, steps=(*program.steps[:index], step, *program.steps[index + 1 :]))


def _simpler(step: Step) -> Iterator[Step]:
    if step.sequence is not None:
        yield replace(step, sequence=None)
    if step.label is not None:
        yield replace(step, label=None)
    if step.given is not None:
        yield replace(step, given=None)
    declared = Operators()[step.operator].arguments
    for position, (name, value) in enumerate(step.arguments):
        rest = (*step.arguments[:position], *step.arguments[position + 1 :])
        if not declared[name].required:
            yield replace(step, arguments=rest)
        smaller: list[object] = []
        if isinstance(value, list):
            smaller = [value[0]] if len(value) in (2, 4) else []
        elif isinstance(value, int) and not isinstance(value, bool) and value > 1:
            smaller = [1, value - 1]
        for each in smaller:
            changed = (*step.arguments[:position], (name, each), *step.arguments[position + 1 :])
            yield replace(step, arguments=changed)


def _smaller(shape: Shape) -> Iterator[Shape]:
    for axis, length in enumerate(shape):
        for less in (1, length // 2, length - 1):
            if 0 < less < length:
                yield Shape((*shape[:axis], less, *shape[axis + 1 :]))
