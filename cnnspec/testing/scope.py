"""What is known while a random body is drawn: names, what flows under them, values of parameters.

Two flows are known to be alike where they have the same tokens for channels and for places; what is
not known to be alike has tokens of its own. What is drawn may be wrong all the same: the spec is
compiled then, and what does not compile is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final, Literal

#: What a parameter is: a number, a truth, a list of numbers, a list of pairs, a step that leaves
#: channels as they are, a list of such steps, a step that takes a number.
Kind = Literal["number", "flag", "row", "table", "step", "steps", "unit"]
#: Names of parameters: plain ones, and those that emitted files might want for themselves.
PARAMETERS: Final = (
    *("n", "c", "width", "deep", "flag", "act", "norm", "unit", "rows", "stride", "k", "i"),
    *("in_channels", "out_channels", "names", "convs", "counts", "kind", "x1", "y_channels"),
    *("channels", "self_", "name", "layers", "F", "nn", "partial", "body", "relu1", "conv1"),
    *("training", "branch", "modules", "use", "put", "torch", "keras", "counter", "module"),
)
#: Names of values in a body.
LOCALS: Final = (
    *("y", "z", "v", "out", "outs", "names", "x1", "convs", "channels", "in_channels", "counts"),
    *("y_channels", "kind", "features", "result", "i", "part", "conv1", "relus", "total", "f"),
)
NODES: Final = ("x", "x", "x", "image", "out", "y", "names", "inputs", "self_", "x1")
LABELS: Final = (
    *("body", "down", "conv1", "relu2", "a.b", "a.c", "a.d", "0", "1", "names", "convs", "x1"),
    *("act", "n", "forward", "training", "out_channels", "class", "s.0", "s.1", "bn1", "body.x"),
)
#: Names that nothing wants for itself.
QUIET: Final = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
QUIET_LABELS: Final = ("one", "two", "three.left", "three.right", "four")
#: What may be drawn: lists of steps, steps that take a number, names that may clash with those of
#: files, blocks that take or give several values.
FEATURES: Final = frozenset(("lists", "units", "clashes", "several"))
LOOP_LABELS: Final = ("b{i}", "a.{i}", "{i}", "c{i + 1}", "s{i}.x", "s{i}.y", "conv{i + 3}")


@dataclass(frozen=True, slots=True)
class Flowing:
    """What flows: tokens of its channels and its places, and whether it is an image."""

    channels: object
    places: object
    image: bool

    def wide(self, channels: object) -> Flowing:
        """The same with other channels."""
        return replace(self, channels=channels)


def unknown(*, image: bool) -> Flowing:
    """What is alike nothing."""
    return Flowing(object(), object(), image)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a block that is no node."""

    name: str
    kind: Kind
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Signature:
    """A block: what it takes, and whether it gives one value, two, or a list."""

    name: str
    nodes: tuple[str, ...]
    several: bool
    parameters: tuple[Parameter, ...]
    result: Literal["node", "two", "list"] = "node"

    @property
    def head(self) -> str:
        """Its first line."""
        words = [
            each.name if each.default is None else f"{each.name} = {each.default}"
            for each in self.parameters
        ]
        return f"block {self.name}({', '.join([*self.nodes, *words])}) {{"

    def simple(self) -> bool:
        """Whether it can be given one value alone, and gives one."""
        return len(self.nodes) == 1 and not self.several and self.result == "node"


@dataclass(slots=True)
class Scope:
    """The names of a body while it is drawn."""

    random: Random
    features: frozenset[str] = FEATURES
    blocks: Sequence[Signature] = ()
    nodes: dict[str, Flowing] = field(default_factory=dict)
    lists: dict[str, Flowing] = field(default_factory=dict)
    data: dict[str, Kind] = field(default_factory=dict)
    #: Data that was given another value: what is said of it differs from place to place.
    moved: set[str] = field(default_factory=set)
    labels: list[str] = field(default_factory=list)
    turns: list[str] = field(default_factory=list)
    depth: int = 0

    def copy(self) -> Scope:
        """A scope to try something in."""
        return replace(
            self,
            nodes=dict(self.nodes),
            lists=dict(self.lists),
            data=dict(self.data),
            moved=set(self.moved),
            labels=list(self.labels),
            turns=list(self.turns),
        )

    # --- names

    def of(self, *kinds: Kind) -> list[str]:
        """The data of some kinds."""
        return [name for name, kind in self.data.items() if kind in kinds]

    def chance(self, share: float) -> bool:
        """Whether something is to be, so often."""
        return self.random.random() < share

    def bind(self, word: str, value: Flowing | Kind, *, many: bool = False) -> None:
        """Give a name a value."""
        known: dict[str, Flowing] | dict[str, Kind]
        if word in self.data:
            self.moved.add(word)
        for known in (self.nodes, self.lists, self.data):
            known.pop(word, None)
        if isinstance(value, Flowing):
            (self.lists if many else self.nodes)[word] = value
        else:
            self.data[word] = value

    def token(self, number: str) -> object:
        """A token for a number of channels: the same words mean the same, if nothing moved."""
        words = set(re.findall(r"[a-zA-Z_]\w*", number))
        moving = words & (self.moved | set(self.turns))
        return object() if moving or not words <= {*self.data, "max", "min"} else number

    def fresh(self, pool: Sequence[str]) -> str:
        """A name that the body has not."""
        if "clashes" not in self.features:
            pool = QUIET
        left = [each for each in pool if each not in self.data and each not in self.lists]
        left = [each for each in left if each not in self.nodes]
        return self.random.choice(left) if left else f"w{self.random.randrange(1000)}"

    def label(self) -> str:
        """A label that no step has yet, with a turn's number in loops."""
        if self.turns and self.chance(0.8):
            form = self.random.choice(LOOP_LABELS)
            turn = self.turns[-1]
            text = form.replace("{i", "{" + turn)
            if len(self.turns) > 1:
                text = f"{text}_" + "{" + self.turns[0] + "}"
        else:
            plain = "clashes" not in self.features
            text = self.random.choice(QUIET_LABELS if plain else LABELS)
        if text in self.labels and self.chance(0.9):
            return f"w{len(self.labels)}"
        self.labels.append(text)
        return text
