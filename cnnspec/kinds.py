"""What an operator's argument may be: the kinds of values, their bounds, how each is read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from sys import float_info
from typing import Any, Final, Literal, overload

from cnnspec.diagnostics import Advice, write
from cnnspec.errors import CnnspecError

#: A word in what is to be typed that stands for something else: no call, no argument's name.
STAND_IN: Final = re.compile(r"(?<![\w.])(?!true|false)[a-z]\w*\b(?! *[(=])(?=.*\))|=.*\[[a-z]")


class Missing:
    """The default of an argument that has none."""

    def __repr__(self) -> str:
        return "required"


MISSING: Final = Missing()


class Refusal(CnnspecError):
    """An operator's no: a message in the user's words, and the argument or input it is about.

    `argument` names an argument, `input` the position of an input; `elaborate` knows where either
    was written.
    """

    def __init__(
        self,
        message: str,
        *,
        argument: str | None = None,
        input: int | None = None,
        help: str | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.argument = argument
        self.input = input
        self.help = help
        self.code = code


def show(value: object) -> str:
    """Write a value as a spec would.

    >>> show(True), show((1, 2)), show("same")
    ('true', '[1, 2]', 'same')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(show(each) for each in value) + "]"
    return str(value)


def brief(value: object) -> str:
    """Write a value as a spec would, cut where it is too long to be read.

    >>> brief((1,) * 10**6)[-9:]
    ' 1, 1, 1…'
    """
    text = ""
    for piece in _pieces(value):  # a list may hold millions: it is not written out to be cut
        text += piece[:61]
        if len(text) > 60:
            return f"{text[:59]}…"
    return text


def _pieces(value: object) -> Iterator[str]:
    if not isinstance(value, tuple | list):
        yield show(value)
        return
    yield "["
    for number, each in enumerate(value):
        yield ", " if number else ""
        yield from _pieces(each)
    yield "]"


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _bounds(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" from {show(low)} to {show(high)}"
    if low is not None:
        return f" of at least {show(low)}"
    return "" if high is None else f" of at most {show(high)}"


@dataclass(frozen=True, slots=True)
class Int:
    """A whole number within bounds, both included."""

    low: int | None = None
    high: int | None = None

    @property
    def words(self) -> str:
        return "a whole number" + _bounds(self.low, self.high)

    def read(self, value: object) -> int:
        if (
            not isinstance(value, int)
            or isinstance(value, bool)
            or (self.low is not None and value < self.low)
            or (self.high is not None and value > self.high)
        ):
            divided = isinstance(value, float) and value == value // 1
            help_ = "`/` gives a decimal: divide whole numbers by `//`" if divided else None
            raise Refusal(f"expected {self.words}, not {brief(value)}", help=help_)
        return value


@dataclass(frozen=True, slots=True)
class Float:
    """A number within bounds; `above` and `below` are bounds that are not included."""

    low: float | None = None
    high: float | None = None
    above: float | None = None
    below: float | None = None

    @property
    def words(self) -> str:
        parts = "a number" + _bounds(self.low, self.high)
        parts += "" if self.above is None else f" above {show(self.above)}"
        return parts + ("" if self.below is None else f" below {show(self.below)}")

    def read(self, value: object) -> float:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not abs(value) <= float_info.max
            or (self.low is not None and value < self.low)
            or (self.high is not None and value > self.high)
            or (self.above is not None and value <= self.above)
            or (self.below is not None and value >= self.below)
        ):
            raise Refusal(f"expected {self.words}, not {brief(value)}", help=self._meant(value))
        return float(value)

    def _meant(self, value: object) -> str | None:
        """Say what to type for a probability in percent."""
        percent = isinstance(value, int | float) and not isinstance(value, bool)
        if (self.low, self.below) != (0, 1) or not percent:
            return None
        assert isinstance(value, int | float)
        if not 1 < value < 100:
            return None
        share = f"{value / 100:g}"
        return Advice(f"a probability is no percentage: write `{share}`", share)


@dataclass(frozen=True, slots=True)
class Bool:
    """`true` or `false`."""

    @property
    def words(self) -> str:
        return "true or false"

    def read(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise Refusal(f"expected {self.words}, not {brief(value)}")
        return value


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    choices: tuple[str, ...]

    @property
    def words(self) -> str:
        return " or ".join(self.choices)

    def read(self, value: object) -> str:
        if not isinstance(value, str) or value not in self.choices:
            raise Refusal(f"expected {self.words}, not {brief(value)}")
        return value


@dataclass(frozen=True, slots=True)
class Ints:
    """A list of whole numbers; `length` fixes how many, or leaves it free within 1 to 8."""

    low: int | None = None
    high: int | None = None
    length: int | None = None

    @property
    def words(self) -> str:
        count = "" if self.length is None else f"{self.length} "
        return f"a list of {count}whole numbers" + _bounds(self.low, self.high)

    def read(self, value: object) -> tuple[int, ...]:
        fits = isinstance(value, tuple | list) and (
            1 <= len(value) <= 8 if self.length is None else len(value) == self.length
        )
        if not fits:
            raise Refusal(f"expected {self.words}, not {brief(value)}")
        assert isinstance(value, tuple | list)
        each = Int(self.low, self.high)
        return tuple(each.read(item) for item in value)


@dataclass(frozen=True, slots=True)
class Pair:
    """One whole number for both axes, or `[vertical, horizontal]`; read as a pair."""

    low: int | None = None
    high: int | None = None

    @property
    def words(self) -> str:
        return f"a whole number or [vertical, horizontal]{_bounds(self.low, self.high)}"

    def read(self, value: object) -> tuple[int, int]:
        if isinstance(value, tuple | list) and len(value) == 2:
            vertical, horizontal = value
        else:
            vertical = horizontal = value
        each = Int(self.low, self.high)
        try:
            return each.read(vertical), each.read(horizontal)
        except Refusal as refusal:
            said = f"expected {self.words}, not {brief(value)}"
            raise Refusal(said, help=refusal.help) from None


#: The names of an image's axes, in order; a vector has the first.
AXES: Final = ("channels", "height", "width")
#: The words that an axis is said by; `places` are all but the channels.
AXIS_WORDS: Final = (*AXES, "places")


@dataclass(frozen=True, slots=True)
class Axes:
    """Axes by their names, read in their order as a tuple; `single` admits one alone."""

    single: bool = False

    @property
    def words(self) -> str:
        several = "" if self.single else ", places, or a list of them"
        return ("channels, height or width" if self.single else "channels, height, width") + several

    def read(self, value: object) -> tuple[str, ...]:
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, tuple | list) or not listed:
            counted = _is_int(value)
            help_ = "axes have names, and no numbers: the first is `channels`" if counted else None
            raise Refusal(f"expected {self.words}, not {brief(value)}", help=help_)
        if not all(each in AXIS_WORDS for each in listed):
            raise Refusal(f"expected {self.words}, not {brief(value)}")
        named = {*listed} - {"places"} | ({*AXES[1:]} if "places" in listed else set())
        found = tuple(each for each in AXES if each in named)
        if self.single and len(found) > 1:
            raise Refusal(f"expected one axis, {self.words}, not {brief(value)}")
        return found


@dataclass(frozen=True, slots=True)
class Parts:
    """How many parts of one length, or the lengths of parts, read as a tuple."""

    high: int = 1024

    @property
    def words(self) -> str:
        return f"a whole number from 1 to {self.high}, or a list of lengths of at least 1"

    def read(self, value: object) -> int | tuple[int, ...]:
        try:
            if isinstance(value, tuple | list) and 1 <= len(value) <= self.high:
                return tuple(Int(1).read(each) for each in value)
            return Int(1, self.high).read(value)
        except Refusal as refusal:
            said = f"expected {self.words}, not {brief(value)}"
            raise Refusal(said, help=refusal.help) from None


Pads = tuple[int, int, int, int] | Literal["same", "same_lower"]


@dataclass(frozen=True, slots=True)
class Pad:
    """Zeros around an image: one number, `[h, w]`, `[top, bottom, left, right]`, or a word.

    Numbers are read as `(top, bottom, left, right)`. The words depend on the image, so they stay
    words: `same` makes the output ceil(input / stride), the odd pixel after; `same_lower` before.
    """

    automatic: tuple[Literal["same", "same_lower"], ...] = ("same", "same_lower")
    high: int | None = 65_536

    @property
    def words(self) -> str:
        words = f", {' or '.join(self.automatic)}" if self.automatic else ""
        return (
            f"a whole number, [vertical, horizontal], [top, bottom, left, right]{words},"
            " none negative"
        )

    def read(self, value: object) -> Pads:
        for word in self.automatic:
            if value == word:
                return word
        if value == "valid":
            help_ = write("pad = 0", ", or leave it out", put="0")
            raise Refusal("`valid` is no padding at all", help=help_)
        sides = _sides(value)
        if sides is None or any(
            not _is_int(side) or side < 0 or (self.high is not None and side > self.high)
            for side in sides
        ):
            raise Refusal(f"expected {self.words}, not {brief(value)}")
        return sides


def _sides(value: Any) -> tuple[int, int, int, int] | None:
    if _is_int(value):
        return (value, value, value, value)
    if isinstance(value, tuple | list) and len(value) == 2:
        return (value[0], value[0], value[1], value[1])
    if isinstance(value, tuple | list) and len(value) == 4:
        return (value[0], value[1], value[2], value[3])
    return None


Kind = Int | Float | Bool | Choice | Ints | Pair | Pad | Axes | Parts


@dataclass(frozen=True, slots=True)
class Called:
    """What frameworks or papers call something that is typed otherwise here, or not the same alone.

    `typed` computes what `word` does with its own defaults; `note` says what else to know.
    """

    word: str
    typed: str
    note: str = ""

    def __str__(self) -> str:
        return self.word

    @property
    def help(self) -> str:
        """Say what to type; as an edit, where it is typed as it stands."""
        words = write(self.typed, f": {self.note}" if self.note else "")
        return str(words) if STAND_IN.search(self.typed) else words


@dataclass(frozen=True, slots=True)
class Doubt:
    """From which number on an argument is likely to follow another convention, and whose.

    `instead` says what to type, with the number that the other convention makes of it for `{}`.
    """

    least: float
    whose: str
    instead: str

    def meets(self, value: object) -> bool:
        """Whether a value is to be doubted."""
        return isinstance(value, int | float) and value >= self.least


@dataclass(frozen=True, slots=True)
class Arg:
    """One argument of an operator: what it may be, its default, and a sentence on it.

    `elsewhere` has what frameworks and papers call it, `doubt` what is odd though it is admitted. A
    default of None means that the operator
    works it out (and its sentence says how); a user cannot write None.
    """

    kind: Kind
    doc: str
    default: Any = MISSING
    elsewhere: tuple[str | Called, ...] = ()
    doubt: Doubt | None = None

    @overload
    def __get__(self, instance: None, owner: type) -> Arg: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Any: ...
    def __get__(self, instance: object, owner: type) -> Any:
        """Give the declaration on the class; an operator holds the value under the same name."""
        return self

    @property
    def required(self) -> bool:
        """Whether a user must give it."""
        return self.default is MISSING

    @property
    def choices(self) -> Sequence[str]:
        """The words that may be written for it, bare."""
        if isinstance(self.kind, Choice):
            return self.kind.choices
        return self.kind.automatic if isinstance(self.kind, Pad) else ()
