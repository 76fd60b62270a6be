"""What random networks have too rarely by chance: each is drawn on purpose, now and then.

Blocks repeated four to eight times in a row, steps that a block is given, labels that no backend
has as a name, numbers that are spread over an image, signs between values, and what takes only
numbers above zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any, Final

from cnnspec.op import Op
from cnnspec.ops import Operators
from cnnspec.shapes import Shape
from cnnspec.testing.program import Call, Step

#: What may be drawn so.
KINDS: Final = frozenset(("repeats", "given", "labels", "broadcasts", "signs", "above zero"))
#: How often a block is repeated.
TIMES: Final = (4, 5, 6, 7, 8)
#: Labels that are no names in Python, are its words, or are what modules and models call their own.
LABELS: Final = (
    *("0", "1x1", "3d", "7", "a-b", "class", "None", "in", "forward", "half", "training"),
    *("_", "self", "import", "name", "summary", "a_b"),
)
#: Operators that take only numbers above zero, with arguments for which they do.
ABOVE: Final[Mapping[str, tuple[tuple[tuple[str, Any], ...], ...]]] = {
    "sqrt": ((),),
    "pow": ((("exponent", 0.5),), (("exponent", -1.0),), (("exponent", 1.5),)),
    "div": ((), (("number", 2.0), ("first", True))),
}
#: The name of the parameter by which a block is given a step.
GIVEN: Final = "act"


def labelled(random: Random, step: Step, left: list[str]) -> Step:
    """Give a step a label that is left, now and then."""
    alone = step.outputs == len(step.inputs) == 1
    alone = alone and not Operators()[step.operator].stands_alone
    if not (left and alone and random.random() < 0.1):
        return step
    return replace(step, label=left.pop(), sequence=None)


def spread(random: Random, shapes: Sequence[Shape], operators: Sequence[str]) -> Iterator[Step]:
    """Draw one number a channel of some image, and what spreads it over that image."""
    known = {name: Operators()[name] for name in operators}
    images = [number for number, shape in enumerate(shapes) if shape.is_image]
    pools = [name for name, op in known.items() if _pools(op)]
    spreads = [name for name, op in known.items() if op.spreads and not op().above_zero()]
    if images and pools and spreads:
        image = random.choice(images)
        along = [name for name, op in known.items() if op.family == "reduction"]
        if along and random.random() < 0.5:
            axis = random.choice(("channels", "height", "width", "places"))
            yield Step(random.choice(along), (("axis", axis),), (image,))
        else:
            keep = random.choice(((), (("keep", True),)))
            yield Step(random.choice(pools), keep, (image,))
        both = [image, len(shapes)]
        random.shuffle(both)
        yield Step(random.choice(spreads), (), tuple(both))


def _pools(op: type[Op]) -> bool:
    return op.sees == "image" and "keep" in op.arguments


def signed(random: Random, step: Step) -> Step:
    """Write a step as a sign between its two values now and then, if it has one."""
    op = Operators()[step.operator]
    numbers = sum(name == "number" for name, _ in step.arguments)
    named = len(step.arguments) - numbers - sum(name == "first" for name, _ in step.arguments)
    fits = op.sign is not None and not named and len(step.inputs) + numbers == 2
    return replace(step, signed=True, sequence=None) if fits and random.random() < 0.5 else step


def above_zero(random: Random, shapes: Sequence[Shape], operators: Sequence[str]) -> Iterator[Step]:
    """Draw an operator that takes only numbers above zero, and what makes such of some value."""
    known = {name: Operators()[name] for name in operators}
    choices = [name for name in known if ABOVE.get(name)] if {"abs", "add"} <= {*known} else []
    if choices:
        source, name = random.randrange(len(shapes)), random.choice(choices)
        yield Step("abs", (), (source,))
        yield Step("add", (("number", random.choice((0.25, 1.0))),), (len(shapes),))
        arguments = random.choice(ABOVE[name])
        made = len(shapes) + 1
        both = name == "div" and not arguments
        yield signed(random, Step(name, arguments, (source, made) if both else (made,)))


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
    takes = op.sees == "value" and op.arity == (1, 1) and not op.required and not op.only_moves
    return takes and not op().above_zero()


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
