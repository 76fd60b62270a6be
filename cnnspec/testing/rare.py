"""What random networks have too rarely by chance: each is drawn on purpose, now and then.

Blocks repeated four to eight times in a row, steps that a block is given, labels that no backend
has as a name, and numbers that are spread over an image.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Final

from cnnspec.op import Op
from cnnspec.ops import Operators
from cnnspec.shapes import Shape
from cnnspec.testing.program import Call, Step

#: What may be drawn so.
KINDS: Final = frozenset(("repeats", "given", "labels", "broadcasts"))
#: How often a block is repeated.
TIMES: Final = (4, 5, 6, 7, 8)
#: Labels that are no names in Python, are its words, or are what modules and models call their own.
LABELS: Final = (
    *("0", "1x1", "3d", "7", "a-b", "class", "None", "in", "forward", "half", "training"),
    *("_", "self", "import", "name", "summary", "a_b"),
)
#: The name of the parameter by which a block is given a step.
GIVEN: Final = "act"


def labelled(random: Random, step: Step, left: list[str]) -> Step:
    """Give a step a label that is left, now and then."""
    alone = step.outputs == len(step.inputs) == 1
    if not (left and alone and random.random() < 0.1):
        return step
    return replace(step, label=left.pop(), sequence=None)


def spread(random: Random, shapes: Sequence[Shape], operators: Sequence[str]) -> Iterator[Step]:
    """Draw one number a channel of some image, and what spreads it over that image."""
    known = {name: Operators()[name] for name in operators}
    images = [number for number, shape in enumerate(shapes) if shape.is_image]
    pools = [name for name, op in known.items() if _pools(op)]
    spreads = [name for name, op in known.items() if op.spreads]
    if images and pools and spreads:
        image = random.choice(images)
        keep = random.choice(((), (("keep", True),)))
        yield Step(random.choice(pools), keep, (image,))
        both = [image, len(shapes)]
        random.shuffle(both)
        yield Step(random.choice(spreads), (), tuple(both))


def _pools(op: type[Op]) -> bool:
    return op.sees == "image" and "keep" in op.arguments


def given(random: Random, steps: Sequence[Step]) -> tuple[Step, ...]:
    """Have one of a block's steps come by a parameter, if one can be any such step."""
    able = [place for place, step in enumerate(steps) if fits(Operators()[step.operator])]
    if not able or random.random() < 0.5:
        return tuple(steps)
    place = random.choice(able)
    plain = replace(steps[place], given=GIVEN, sequence=None, arguments=())
    return (*steps[:place], plain, *steps[place + 1 :])


def fits(op: type[Op]) -> bool:
    """Whether an operator may stand for another as what a block is given: one value, one place."""
    return op.sees == "value" and op.arity == (1, 1) and not op.required and not op.only_moves


def repeated(random: Random, call: Call) -> Call:
    """Repeat a block."""
    return replace(call, times=random.choice(TIMES))


def multiplies(step: Step) -> bool:
    """Whether values are multiplied with each other: again and again, they grow beyond numbers."""
    number = len(step.inputs)
    operator = Operators()[step.operator]
    if number < 2 or not operator.spreads:
        return False
    one, two = (operator().magnitude([size] * number, (Shape((1,)),)) for size in (1.0, 2.0))
    return two > 2.5 * one
