"""Steps as values in Keras: the word of an activation, or a function of a tensor and a name.

What can reach a parameter decides which: where all of it are activations that `activation=` has a
word for, it is the word; else blocks are their functions, and operators get one each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from cnnspec.emit.code import Call, Code, Keyword, Leaf, Raw
from cnnspec.emit.flatten import Flattened
from cnnspec.emit.program import (
    BlockStep,
    Body,
    Constant,
    Expr,
    GivenStep,
    Literal,
    Name,
    OperatorStep,
    parts,
)
from cnnspec.emit.site import UNKNOWN, constant
from cnnspec.kinds import Refusal
from cnnspec.op import Op
from cnnspec_keras.lowerings.activation import WORDS
from cnnspec_keras.refusals import refused

Place = tuple[int, str]


def word_of(step: Expr) -> str | None:
    """The word for `activation=`, if a step is an activation without arguments that has one."""
    if not isinstance(step, OperatorStep) or step.arguments:
        return None
    return WORDS.get(step.op.name)


@dataclass(slots=True)
class Given:
    """What is known of steps as values in one file."""

    program: Flattened
    function: Callable[[BlockStep], str]
    #: Operators that are written as functions, with the arguments that somebody gives them.
    operators: dict[type[Op], dict[str, None]] = field(default_factory=dict)
    #: Steps with arguments that are the same everywhere, by name, as written.
    constants: dict[str, Code] = field(default_factory=dict)
    take: Callable[[str], str] = str
    _groups: Mapping[Place | str, Place | str] = field(default_factory=dict)
    _words: set[Place | str] = field(default_factory=set)
    _partial: set[Place | str] = field(default_factory=set)
    _named: dict[Expr, str] = field(default_factory=dict)
    _taken: dict[type[Op], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        reach = self.program.reach
        self._groups = reach.together()
        steps: dict[Place | str, list[Expr]] = {}
        found: list[Expr]
        for place, held in reach.held.items():
            found = [each for each in held if not isinstance(each, Literal)]
            steps.setdefault(self._groups.get(place, place), []).extend(found)
        called = {
            self._groups.get(place, place)
            for body, step in reach.given
            if step.arguments
            for place in _places(body, step.value)
        }
        for group, found in steps.items():
            words = [word_of(each) for each in found]
            if found and all(words) and group not in called:
                self._words.add(group)
            if any(_held(each) for each in found):
                self._partial.add(group)

    def is_word(self, body: Body, value: Expr) -> bool:
        """Whether a step that is given is the word of an activation."""
        places = list(_places(body, value))
        if not places:
            return all(word_of(each) for each in self.program.reach.of(body, value))
        return all(self._groups.get(each, each) in self._words for each in places)

    def kinds(self, body: Body, value: Expr) -> list[OperatorStep | BlockStep]:
        """The steps that a value can be."""
        found = self.program.reach.of(body, value)
        return [each for each in found if isinstance(each, OperatorStep | BlockStep)]

    def kind(self, body: Body, value: Expr, said: str) -> str:
        """Write the name of the operator or block that a value is, as in a layer's name."""
        kinds = self.kinds(body, value)
        names = [k.op.name if isinstance(k, OperatorStep) else k.block.name for k in kinds]
        if self.is_word(body, value):
            return f"{said}.replace('_', '')" if any("_" in WORDS[k] for k in names) else said
        groups = {self._groups.get(each, each) for each in _places(body, value)}
        if groups & self._partial or any("_" in each for each in names) or not kinds:
            return f"kind({said})"
        return f"{said}.__name__"

    # --- values

    def value(self, step: Expr, say: Callable[[Expr], Code], to: Place | str | None) -> Code:
        """Write a step as a value that goes to a name; raises Refusal for a row of steps."""
        if self._groups.get(to, to) in self._words if to is not None else word_of(step):
            word = word_of(step)
            assert word is not None
            return Leaf(word)
        if isinstance(step, OperatorStep):
            name = self._operator(step.op, dict(step.arguments))
            return self._held(step, name, dict(step.arguments), say, to)
        if isinstance(step, BlockStep):
            return self._held(step, self.function(step), dict(step.arguments), say, to)
        refusal = Refusal("it has no place for a row of steps that is handed on as a value")
        spans = [each.site for each in parts(step) if isinstance(each, OperatorStep | BlockStep)]
        raise refused("step", refusal, spans[0]) from None

    def _operator(self, op: type[Op], arguments: Mapping[str, Expr]) -> str:
        known = self.operators.setdefault(op, {})
        known.update(dict.fromkeys(arguments))
        if op not in self._taken:
            self._taken[op] = self.take(op.name)
        return self._taken[op]

    def name_of(self, op: type[Op]) -> str:
        """What an operator's function is called."""
        return self._taken[op]

    def keywords(self, body: Body, step: GivenStep) -> list[str | None]:
        """Name the arguments of a given step that stand by position, where functions want that.

        All that the value can be call it alike; what has no default is left to its position.
        """
        result: list[str | None] = []
        position = 0
        for key, _ in step.arguments:
            names = {self._parameter(each, position) for each in self.kinds(body, step.value)}
            if key is None:
                position += 1
                if len(names) == 1:
                    key = names.pop()
            result.append(key)
        return result

    def _parameter(self, step: OperatorStep | BlockStep, position: int) -> str | None:
        """The name that an argument by position has, if it has to be said by name."""
        if isinstance(step, OperatorStep):
            free = [each for each in step.op.ordered if each not in step.given]
            word = free[position] if position < len(free) else None
            return None if word is None or step.op.arguments[word].required else word
        held = dict(step.arguments)
        parameters = self.program.program.body(step).parameters
        left = [each for each in parameters if each.name not in held][1:]
        if position >= len(left):
            return None
        place = parameters.index(left[position])
        after = any(each.default is not None for each in parameters[: place + 1])
        return left[position].name if after else None

    def uses(self, body: Body, step: GivenStep) -> None:
        """Take down that arguments are given to what a value is."""
        for each in self.kinds(body, step.value):
            if isinstance(each, OperatorStep) and not self.is_word(body, step.value):
                free = [name for name in each.op.ordered if name not in each.given]
                keys = [free.pop(0) if key is None else key for key, _ in step.arguments if free]
                self._operator(each.op, dict.fromkeys(keys, Literal(0)))

    def _held(
        self,
        step: Expr,
        name: str,
        arguments: Mapping[str, Expr],
        say: Callable[[Expr], Code],
        to: Place | str | None,
    ) -> Code:
        if not arguments:
            return Raw(name)
        if step in self._named:
            return Raw(self._named[step])
        keywords = tuple(Keyword(key, say(each)) for key, each in arguments.items())
        code = Call(Raw("partial"), (Raw(name),), keywords)
        fixed = all(constant(each) is not UNKNOWN for each in arguments.values())
        if not fixed or to is None:
            return code
        word = to.partition(":")[2] if isinstance(to, str) else to[1]
        named = self.take(word.upper())
        self._named[step] = named
        self.constants[named] = code
        return Raw(named)


def _held(step: Expr) -> bool:
    return bool(step.arguments) if isinstance(step, OperatorStep | BlockStep) else True


def _places(body: Body, value: Expr) -> Iterator[Place | str]:
    for each in parts(value):
        if isinstance(each, Name):
            yield id(body), each.id
        elif isinstance(each, Constant):
            yield f"{each.file}:{each.name}"
