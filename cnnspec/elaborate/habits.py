"""Arguments by position in other frameworks' order: what was meant, and what to type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cnnspec.channels import Argument
from cnnspec.diagnostics import Advice, Label, SpecError, error, write
from cnnspec.elaborate.values import Given
from cnnspec.elsewhere import argument_named
from cnnspec.expression import plain
from cnnspec.kinds import Arg, Ints, Pad, Pair, Refusal, show
from cnnspec.op import Op
from cnnspec.source import Span
from cnnspec.syntax import tree

SIDES: Final = ("top", "bottom", "left", "right")
IMAGE_WITH_BATCH: Final = 4
#: From this number on, one that equals the channels that flow in is not taken for a window's size.
NO_WINDOW: Final = 8


def too_many(op: type[Op], rest: Sequence[Given], incoming: int | None) -> SpecError:
    """Refuse arguments by position that an operator takes by name.

    `incoming` are the channels that flow in, if known: PyTorch's first number, never written here.
    """
    given = [each for each in rest if each.keyword is None]
    channels = _channels(op, given, incoming)
    meant = [each for each in given if each is not channels]
    if not op.names or (channels is None and len(given) > len(op.names)):
        count = f"{len(op.names)} argument" + ("" if len(op.names) == 1 else "s")
        title = f"{op.name} takes {count if op.names else 'no arguments'}"
        place = given[len(op.names)].span
        return error("wrong-arity", title, place, "one too many", help=_as_list(op, given))
    help_ = _as_list(op, given) or _typed(op, rest, meant)
    if incoming is None and channels is None:
        help_ = "name the others; the channels that flow in are never written"
    if channels is None:
        place = given[len(op.ordered)].span
        return error("by-position", _title(op), place, "this needs its name", help=help_)
    said = f"the {incoming} channels that flow in are never written"
    more = [Label(each.span, "this needs its name") for each in meant[len(op.ordered) :][:1]]
    return error("by-position", _title(op), channels.span, said, *more, help=help_)


def _typed(op: type[Op], rest: Sequence[Given], meant: Sequence[Given]) -> str:
    """Say how the call is written: the first by position, the others by the names they fit."""
    first, others = meant[: len(op.ordered)], meant[len(op.ordered) :]
    pairs = list(zip(op.names[len(op.ordered) :], others, strict=False))
    # where none goes by position, frameworks do not agree on what comes first
    unsure = len(pairs) < len(others) or (not op.ordered and bool(others) and len(op.names) > 1)
    if unsure or not all(_fits(op.arguments[name], each) for name, each in pairs):
        names = ", ".join(f"`{name} = …`" for name in op.names[len(op.ordered) :])
        return f"name what is meant: {names}"
    parts = [each.span.text for each in first]
    parts += [f"{name} = {each.span.text}" for name, each in pairs]
    parts += _named(op, rest)
    if not parts:
        return write(op.name, put="", at=_in_parentheses(rest))
    said = ", ".join(parts)
    return write(f"{op.name}({said})", put=said, at=_from_to(rest))


def by_position_first(call: tree.Call) -> str:
    """Say that arguments by position stand before those by keyword, by an edit that sorts them."""
    first, last = call.arguments[0].span, call.arguments[-1].span
    whole = first._replace(stop=last.stop)
    ordered = sorted(call.arguments, key=lambda each: each.keyword is not None)
    put = ", ".join(each.span.text for each in ordered)
    told = "write the arguments without `=` first"
    return told if "\n" in whole.text else Advice(told, put, at=whole)


def _in_parentheses(given: Sequence[Given]) -> Span:
    """Give the stretch of a call's arguments with the parentheses around them."""
    span = _from_to(given)
    text = span.source.text
    return span._replace(start=text.rindex("(", 0, span.start), stop=text.index(")", span.stop) + 1)


def _from_to(given: Sequence[Given]) -> Span:
    """Give the stretch of a call's arguments."""
    return given[0].span._replace(stop=given[-1].span.stop)


def _named(op: type[Op], rest: Sequence[Given]) -> list[str]:
    """Write arguments by keyword in the words that they have here."""
    result = []
    for each in rest:
        if each.keyword is not None:
            here = argument_named(each.keyword, op) or each.keyword
            result.append(f"{here}{each.span.text[len(each.keyword) :]}")
    return result


def _as_list(op: type[Op], given: Sequence[Given]) -> str | None:
    """Say that an argument is one list where its numbers stand side by side: `reshape(3, 8, 8)`."""
    kind = op.arguments[op.ordered[0]].kind if len(op.ordered) == 1 else None
    lists = isinstance(kind, Ints | Pad) or (isinstance(kind, Pair) and len(op.names) == 1)
    try:
        fits = kind is not None and lists and kind.read(tuple(plain(g.value) for g in given))
    except Refusal:
        return None
    texts = ", ".join(each.span.text for each in given)
    sided = isinstance(kind, Pad) and len(given) == len(SIDES)
    order = f": {', '.join(SIDES)}" if sided else ""
    if not fits:
        return None
    return write(f"{op.name}([{texts}])", order, put=f"[{texts}]", at=_from_to(given))


def _fits(arg: Arg, each: Given) -> bool:
    value = plain(each.value)
    try:
        arg.kind.read(value)
    except Refusal:
        return False
    return arg.doubt is None or not arg.doubt.meets(value)


def check_input(given: Sequence[Given]) -> None:
    """Refuse an input with a batch, `input(1, 3, 32, 32)`, and one that is given as a list."""
    values = [plain(each.value) for each in given]
    if len(values) == 1 and isinstance(values[0], tuple) and given[0].keyword in (None, "shape"):
        shown = ", ".join(show(each) for each in values[0])
        raise error(
            "bad-argument",
            "an input takes its sizes one by one",
            given[0].span,
            help=write(f"input({shown})", put=shown),
        )
    if len(values) == IMAGE_WITH_BATCH and all(each.keyword is None for each in given):
        shown = ", ".join(each.span.text for each in given[1:])
        raise error(
            "by-position",
            "the batch is never written",
            given[0].span,
            "an input has channels, height and width",
            help=write(f"input({shown})", put=shown, at=_from_to(given)),
        )


def twice(op: type[Op], rest: Sequence[Given], incoming: int | None) -> str | None:
    """Say what to type where an argument is given twice, by name too: `conv(3, 16, size = 3)`."""
    given = [each for each in rest if each.keyword is None]
    written = _channels(op, given, incoming)
    if written is None:
        return None
    parts = [each.span.text for each in given if each is not written]
    parts += _named(op, rest)
    said = f"the {incoming} channels that flow in are never written"
    mended = ", ".join(parts)
    return Advice(f"{said}: write `{op.name}({mended})`", mended, at=_from_to(rest))


def _channels(op: type[Op], given: Sequence[Given], incoming: int | None) -> Given | None:
    """Find the number that says how many channels flow in, which a framework asks for."""
    numbers = [plain(each.value) for each in given]
    if incoming is None or incoming not in numbers:
        return None
    place = numbers.index(incoming)
    if isinstance(numbers[place], bool) or not isinstance(numbers[place], int):
        return None
    if isinstance(op.channel_rule, Argument) and op.channel_rule.name in op.ordered:
        return given[0] if place == 0 else None
    return given[place] if incoming >= NO_WINDOW or not op.ordered else None


def _title(op: type[Op]) -> str:
    if not op.ordered:
        return f"{op.name} takes its arguments by name"
    words = " and ".join(f"`{name}`" for name in op.ordered[-2:])
    words = "".join(f"`{name}`, " for name in op.ordered[:-2]) + words
    rest = " by position, the rest by name" if op.ordered != op.names else " alone"
    return f"{op.name} takes {words}{rest}"
