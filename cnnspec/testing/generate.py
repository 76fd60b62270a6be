"""Random valid networks, drawn towards what was not tried yet.

Shapes are tracked while a network grows, so every network compiles. Of several steps that would
fit, the one is taken whose operator, arguments and neighbour were seen least. Sizes are odd and
even, kernels too, strides 1 to 3; there are branches, blocks, groups, several inputs, outputs, and
heads for training.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from cnnspec.kinds import (
    AXES,
    AXIS_WORDS,
    Arg,
    Axes,
    Bool,
    Choice,
    Float,
    Int,
    Ints,
    Pad,
    Pair,
    Parts,
    Refusal,
)
from cnnspec.op import Op
from cnnspec.ops import OPERATORS, Operators
from cnnspec.shapes import Shape
from cnnspec.testing import rare
from cnnspec.testing.program import (
    Block,
    Call,
    Parameter,
    Program,
    Step,
    apply,
    grown,
    inside,
    shapes_of,
    used,
)

CHANNELS = (1, 2, 3, 4, 6, 8)
NUMBERS = (-1.0, 1e-5, 1e-3, 0.01, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0)
#: How many steps are thought of for each that is taken.
CHOICES = 8
#: No value of a network holds more numbers than this.
LARGEST = 3_000
#: No step may make values larger than by this: what normalises values of 1e13 is left with their
#: rounding, which is each framework's own.
LARGEST_GAIN = 100
#: No value may be estimated larger than this: products of products grow beyond all numbers.
LARGEST_SIZE = 100
#: Every operator of ours that a step can be.
NAMES = tuple(name for name, op in OPERATORS.items() if not op.is_input)


@dataclass(slots=True)
class Coverage:
    """What was tried: operators with each kind of argument, and neighbours."""

    arguments: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    neighbours: Counter[tuple[str, str]] = field(default_factory=Counter)
    operators: Counter[str] = field(default_factory=Counter)

    def rarity(self, step: Step, before: Sequence[str]) -> float:
        """Say how rarely its features were seen: the higher, the more there is to learn."""
        features = [self.operators[step.operator] / 4]
        features += [self.arguments[each] for each in _features(step)]
        features += [self.neighbours[each, step.operator] for each in before]
        return sum(1 / (1 + count) for count in features) / len(features) + 1 / (
            1 + self.operators[step.operator]
        )

    def count(self, step: Step, before: Sequence[str]) -> None:
        """Take a step down."""
        self.operators[step.operator] += 1
        self.arguments.update(_features(step))
        self.neighbours.update((each, step.operator) for each in before)


def _features(step: Step) -> Iterator[tuple[str, str, str]]:
    """Give what is particular about each argument: its kind of value, not all its digits.

    What a truth decides may show with some values of another argument alone: pairs count too.
    """
    given = dict(step.arguments)
    known = Operators()[step.operator].arguments
    found = {
        name: _bucket(given[name], arg) if name in given else "left out"
        for name, arg in known.items()
    }
    for name, kind in found.items():
        yield step.operator, name, kind
        if isinstance(known[name].kind, Bool):
            for other, also in found.items():
                if other != name:
                    yield step.operator, f"{name} with {other}", f"{kind}, {also}"


def _bucket(value: Any, arg: Arg) -> str:
    if isinstance(value, Parameter):
        return "a parameter"
    if isinstance(value, list):
        return f"{len(value)} numbers, {'alike' if len(set(value)) == 1 else 'unlike'}"
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(arg.kind, Pair | Pad):
        return str(value) if value < 4 else "4 or more"
    return (
        "1" if value == 1 else "even" if value % 2 == 0 else "odd" if value % 2 == 1 else "broken"
    )


@dataclass(slots=True)
class Generator:
    """Draws networks; remembers what it drew. The same seed draws the same networks."""

    seed: int
    operators: tuple[str, ...] = NAMES
    #: What is drawn on purpose that is rare by chance.
    rare: frozenset[str] = rare.KINDS
    coverage: Coverage = field(default_factory=Coverage)

    def program(self, number: int) -> Program:
        """Draw the network of a number."""
        random = Random(f"{self.seed}/{number}")
        inputs = tuple(self._input(random) for _ in range(random.choice((1, 1, 1, 2))))
        shapes = list(inputs)
        kinds = ["input"] * len(inputs)
        steps: list[Step | Call] = []
        blocks: list[Block] = []
        sizes = [1.0] * len(inputs)
        labels = random.sample(rare.LABELS, len(rare.LABELS)) if "labels" in self.rare else []
        for _ in range(random.randint(3, 11)):
            kind = random.random()
            if kind < 0.2:
                call = self._call(random, shapes, blocks)
                if call is not None and max(made := grown(call, blocks, sizes)) <= LARGEST_SIZE:
                    sizes += made
                    steps.append(call)
                    shapes.append(_shape_of(call, blocks, shapes))
                    kinds.append("block")
                continue
            if kind > 0.94 and "broadcasts" in self.rare:
                drawn = tuple(rare.spread(random, shapes, self.operators))
            elif kind > 0.88 and "above zero" in self.rare:
                drawn = tuple(rare.above_zero(random, shapes, self.operators))
            else:
                one = self._step(random, shapes, kinds, len(steps))
                drawn = () if one is None else (rare.labelled(random, one, labels),)
            for step in drawn:
                if max(made := grown(step, blocks, sizes)) > LARGEST_SIZE:
                    break
                sizes += made
                self.coverage.count(step, [kinds[each] for each in step.inputs])
                steps.append(step)
                shapes += apply(step, shapes, {})
                kinds += [step.operator] * step.outputs
        read = {each for step in steps for each in step.inputs}
        ends = [each for each in range(len(inputs), len(shapes)) if each not in read]
        ends = ends or [len(shapes) - 1]
        heads = tuple(ends[:-1]) if len(ends) > 1 and random.random() < 0.4 else ()
        outputs = tuple(each for each in ends if each not in heads)
        return used(Program(inputs, tuple(blocks), tuple(steps), outputs, heads))

    def single(self, random: Random, operator: str) -> Program | None:
        """Draw a network of one step of an operator; None: what was drawn does not fit."""
        op = Operators()[operator]
        low, high = op.arity
        first = self._input(random)
        inputs = [first]
        if first.is_image:
            inputs += [first, Shape((first.channels,)), Shape((first.channels, 1, 1))]
            if op.spreads:
                inputs += [Shape((1, *first[1:])), Shape((first.channels, first.height, 1))]
        count = random.randint(2, 3) if high is None else random.randint(low, high)
        chosen = [first, *(random.choice(inputs) for _ in range(count - 1))]
        random.shuffle(chosen)
        step = Step(
            operator,
            tuple(self._arguments(random, op, chosen)),
            tuple(range(len(chosen))),
        )
        try:
            made = apply(step, chosen, {})
        except Refusal:
            return None
        outputs = tuple(range(len(chosen), len(chosen) + len(made)))
        return Program(tuple(chosen), (), (step,), outputs)

    def _input(self, random: Random) -> Shape:
        channels = random.choice(CHANNELS)
        if random.random() < 0.08:
            return Shape((channels,))
        return Shape((channels, random.randint(1, 13), random.randint(1, 13)))

    def _step(
        self, random: Random, shapes: Sequence[Shape], kinds: Sequence[str], position: int
    ) -> Step | None:
        """Draw steps that fit and take the one that there is most to learn from."""
        best: tuple[float, Step] | None = None
        found = 0
        for _ in range(10 * CHOICES):
            step = self._attempt(random, shapes)
            if step is None:
                continue
            found += 1
            rarity = self.coverage.rarity(step, [kinds[each] for each in step.inputs])
            if best is None or rarity > best[0]:
                best = (rarity, step)
            if found == CHOICES:
                break
        if best is None:
            return None
        step = best[1]
        # the group of the step before it, or a new one: runs of one value become a sequence
        group = position - 1 if random.random() < 0.5 else position
        return Step(step.operator, step.arguments, step.inputs, group // 2)

    def _attempt(self, random: Random, shapes: Sequence[Shape]) -> Step | None:
        operator = random.choice(self.operators)
        op = Operators()[operator]
        inputs = self._inputs(random, op, shapes)
        arguments = tuple(self._arguments(random, op, [shapes[each] for each in inputs]))
        step = Step(operator, arguments, inputs)
        try:
            made = apply(step, shapes, {})
            bound = op(**dict(arguments))
            gain = bound.magnitude([1.0] * len(inputs), made)
        except Refusal:
            return None
        fits = max(each.size for each in made) <= LARGEST and gain <= LARGEST_GAIN
        if not fits or bound.above_zero():
            return None
        return rare.signed(random, step) if "signs" in self.rare else step

    def _inputs(self, random: Random, op: type[Op], shapes: Sequence[Shape]) -> tuple[int, ...]:
        low, high = op.arity
        if op.stands_alone:
            return (0,)
        count = random.randint(2, 4) if high is None else random.randint(low, high)
        # mostly the newest value: networks are deep rather than broad
        newest = len(shapes) - 1
        first = newest if random.random() < 0.75 else random.randrange(len(shapes))
        chosen = [first]
        for _ in range(count - 1):
            alike = [each for each, shape in enumerate(shapes) if shape[1:] == shapes[first][1:]]
            anything = range(len(shapes))
            chosen.append(random.choice(alike if random.random() < 0.8 else anything))
        random.shuffle(chosen)
        return tuple(chosen)

    def _arguments(
        self, random: Random, op: type[Op], inputs: Sequence[Shape]
    ) -> Iterator[tuple[str, Any]]:
        for name, arg in op.arguments.items():
            if arg.required or random.random() < 0.5:
                value = _value(random, arg, inputs)
                if value is not None:
                    yield name, value

    # --- blocks

    def _call(self, random: Random, shapes: Sequence[Shape], blocks: list[Block]) -> Call | None:
        """Call a block that is there with other numbers, or make one."""
        source = len(shapes) - 1 if random.random() < 0.8 else random.randrange(len(shapes))
        if not blocks or random.random() < 0.4:
            blocks.append(self._block(random, shapes[source]))
        number = random.randrange(len(blocks))
        numbers = tuple(
            (name, random.choice(CHANNELS) if name == "n" else random.randint(1, 3))
            for name in blocks[number].parameters
        )
        call = Call(number, numbers, (source,), steps=self._given(random, blocks[number]))
        more = []
        grows = any(map(rare.multiplies, blocks[number].steps))
        if "repeats" in self.rare and not grows and random.random() < 0.4:
            more = [rare.repeated(random, call)]
        for each in (*more, call):
            try:
                inner = inside(blocks[number], shapes[source], each)
            except Refusal:
                continue
            if max(shape.size for shape in inner) <= LARGEST:
                return each
        return None

    def _given(self, random: Random, block: Block) -> tuple[tuple[str, Step], ...]:
        """Draw what a block is given, or leave it at its default."""
        if not any(step.given for step in block.steps) or random.random() < 0.3:
            return ()
        names = [each for each in self.operators if rare.fits(Operators()[each])]
        operator = random.choice(names)
        arguments = tuple(self._arguments(random, Operators()[operator], ()))
        return ((rare.GIVEN, Step(operator, arguments, (0,))),)

    def _block(self, random: Random, shape: Shape) -> Block:
        """Make a block; it compiles on a value of this shape."""
        numbers = {"n": random.choice(CHANNELS), "stride": random.randint(1, 2)}
        shapes, kinds, steps = [shape], ["input"], []
        for position in range(random.randint(1, 4)):
            step = self._step(random, shapes, kinds, position)
            if step is None or step.outputs > 1:
                continue
            step = _parametrised(random, step)
            try:
                made = apply(step, shapes, numbers)
            except Refusal:
                continue
            self.coverage.count(step, [kinds[each] for each in step.inputs])
            steps.append(step)
            shapes += made
            kinds.append(step.operator)
        steps = _chained(steps)
        if "given" in self.rare:
            steps = list(rare.given(random, steps))
        words = [each.name for step in steps for _, each in step.arguments if _is_parameter(each)]
        return Block(tuple(sorted(set(words))), tuple(steps))


def _is_parameter(value: Any) -> bool:
    return isinstance(value, Parameter)


def _chained(steps: list[Step]) -> list[Step]:
    """Leave out what the last step does not need, and renumber."""
    needed = {len(steps)}
    for index in reversed(range(len(steps))):
        if index + 1 in needed:
            needed |= set(steps[index].inputs)
    moved, kept = {0: 0}, []
    for index, step in enumerate(steps):
        if index + 1 in needed:
            inputs = tuple(moved[each] for each in step.inputs)
            kept.append(Step(step.operator, step.arguments, inputs, step.sequence))
            moved[index + 1] = len(kept)
    return kept


def _parametrised(random: Random, step: Step) -> Step:
    """Put a block's parameter where a step has a number of filters, or a stride."""
    words = {"filters": "n", "units": "n", "stride": "stride"}
    arguments = tuple(
        (name, Parameter(words[name]) if name in words and random.random() < 0.6 else value)
        for name, value in step.arguments
    )
    return Step(step.operator, arguments, step.inputs, step.sequence)


def _shape_of(call: Call, blocks: Sequence[Block], shapes: Sequence[Shape]) -> Shape:
    return inside(blocks[call.block], shapes[call.inputs[0]], call)[-1]


def _value(random: Random, arg: Arg, inputs: Sequence[Shape]) -> Any:
    """Draw an argument within its bounds; None: leave it out."""
    kind = arg.kind
    match kind:
        case Bool():
            return random.random() < 0.5
        case Choice():
            return random.choice(kind.choices)
        case Int():
            least = 0 if kind.low is None else kind.low
            most = least + 7 if kind.high is None else min(kind.high, least + 7)
            return random.randint(least, most)
        case Float():
            number = random.choice(NUMBERS)
            return number if _admits(arg, number) else None
        case Pair():
            least = 0 if kind.low is None else kind.low
            one, other = random.randint(least, least + 3), random.randint(least, least + 3)
            return one if random.random() < 0.6 else [one, other]
        case Pad():
            words = kind.automatic
            if words and random.random() < 0.5:
                return random.choice(words)
            count = random.choice((1, 1, 2, 4))
            sides = [random.randint(0, 2) for _ in range(count)]
            return sides[0] if count == 1 else sides
        case Ints():
            return _list(random, kind, inputs)
        case Axes():
            if kind.single or random.random() < 0.6:
                return random.choice(AXES if kind.single else AXIS_WORDS)
            return random.sample(AXES, random.randint(1, 3))
        case Parts():
            return _parts(random, inputs)


def _parts(random: Random, inputs: Sequence[Shape]) -> int | list[int]:
    """Draw a number of parts, or lengths that make up some axis."""
    whole = random.choice([n for x in inputs for n in x] or [1])
    if whole < 2 or random.random() < 0.5:
        return random.randint(1, 4)
    cuts = sorted(random.sample(range(1, whole), random.randint(1, min(2, whole - 1))))
    return [b - a for a, b in zip([0, *cuts], [*cuts, whole], strict=True)]


def _list(random: Random, kind: Ints, inputs: Sequence[Shape]) -> list[int]:
    if kind.length == 3 and kind.high == 2:
        return random.sample(range(3), 3)
    x = random.choice(list(inputs)) if inputs else Shape((1,))
    order = list(x)
    random.shuffle(order)
    return order if x.is_image and random.random() < 0.7 else [x.size]


def _admits(arg: Arg, value: float) -> bool:
    try:
        arg.kind.read(value)
    except Refusal:
        return False
    return True


__all__ = ["Coverage", "Generator", "shapes_of"]
