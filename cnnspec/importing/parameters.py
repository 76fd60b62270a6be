"""What the instances of a template differ in becomes parameters, relations and conditions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cnnspec.importing.conditions import condition
from cnnspec.importing.fold import same
from cnnspec.importing.items import IDENTITY, Given, Handed, Kind
from cnnspec.importing.naming import Names
from cnnspec.importing.relations import Atom, Row, related
from cnnspec.importing.template import Shown, Slot, Template
from cnnspec.importing.words import literal

#: What arguments count: two of one sense may be one parameter.
SENSES: Final[Mapping[str, str]] = {
    "filters": "channels",
    "units": "channels",
    "groups": "channels",
    "size": "size",
    "pad": "pad",
    "stride": "stride",
    "dilation": "dilation",
    "rate": "rate",
    "activation": "activation",
}
TIMES: Final = "times"
#: What a parameter is where a person leaves it out.
NEUTRAL: Final[Mapping[str, object]] = {
    "stride": 1,
    "dilation": 1,
    "flag": False,
    "pad": 0,
}
#: Sizes and strides first, for pads and conditions are said by them.
#: So many turns of a loop are written one by one.
FEW: Final = 2
ORDER: Final = ("channels", "size", "stride", "dilation")


class Unsayable(Exception):
    """A template whose text would not say what its instances are."""


@dataclass(eq=False, slots=True)
class Parameter:
    """A parameter: what each instance gives for it; None as a default: it has to be given."""

    name: str
    row: list[object]
    sense: str
    default: object = None
    has_default: bool = False
    #: The instances that have no use for it.
    free: frozenset[int] = frozenset()


@dataclass(eq=False, slots=True)
class Column:
    """Arguments that are equal in every instance that has them."""

    row: list[object]
    sense: str
    argument: str
    members: list[tuple[Slot, str]] = field(default_factory=list)
    text: str = ""


Defaults = Mapping[str, Mapping[str, object]]


@dataclass(eq=False, slots=True)
class Inference:
    """What is found out of one template, step by step."""

    template: Template
    defaults: Defaults
    names: Names
    atoms: list[Atom]
    parameters: list[Parameter] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)

    def add(
        self, name: str, row: Sequence[object], sense: str, free: Iterable[int] = ()
    ) -> Parameter:
        """Take a parameter up; expressions may speak of it from now on."""
        made = Parameter(name, [*row], sense)
        made.free = frozenset(free)
        self.parameters.append(made)
        self.atoms.append(Atom(name, made.row, sense))
        return made


def infer(template: Template, defaults: Defaults) -> None:
    """Find a template's parameters, and what each of its arguments says; raises Unsayable."""
    names = Names(template)
    template.names = names.inputs
    atoms = [
        Atom(f"{name}.channels", _channels(template, index), "channels")
        for index, name in enumerate(names.inputs)
    ]
    found = Inference(template, defaults, names, atoms)
    for slot in template.slots:
        _depthwise(slot)
        _once(slot)
        for argument, row in _rows(found, slot).items():
            _column(found, slot, argument, row)
    _labels(found)
    order = sorted(found.columns, key=lambda each: _rank(each.sense))
    for column in order:
        _express(found, column)
    for slot in template.slots:
        _share_literals(found, slot)
    for slot in template.slots:
        if slot.spelled is not None:
            for column in found.columns:
                slot.spelled = slot.spelled.replace(f"{{{id(column)}}}", f"{{{column.text}}}")
    _conditions(found)
    _finish(found)


def _rank(sense: str) -> int:
    return ORDER.index(sense) if sense in ORDER else len(ORDER)


def _channels(template: Template, index: int) -> list[object]:
    return [
        each.inputs[index].shape[0] if index < len(each.inputs) else None
        for each in template.instances
    ]


def _depthwise(slot: Slot) -> None:
    """A convolution whose groups are its channels in every instance is a depthwise one."""
    items = [*slot.items.values()]
    if slot.kind != Kind("operator", "conv"):
        return
    channels = [item.input_shapes[0][0] for item in items]
    whole = all(
        item.arguments["groups"] == item.arguments["filters"] == count > 1
        for item, count in zip(items, channels, strict=True)
    )
    if whole:
        slot.kind = Kind("operator", "dwconv")
        for item in items:
            kept = {k: v for k, v in item.arguments.items() if k not in ("filters", "groups")}
            item.arguments, item.kind = {**kept, "multiplier": 1}, slot.kind


def _once(slot: Slot) -> None:
    """A loop of one turn is a call, and one of a few turns, always as many, is as many calls."""
    turns = {item.times for item in slot.items.values()}
    if slot.kind.sort == "loop" and len(turns) == 1 and turns <= {*range(1, FEW + 1)}:
        slot.kind = Kind("block", slot.kind.name)
        for item in slot.items.values():
            item.kind = slot.kind


def _rows(found: Inference, slot: Slot) -> dict[str, list[object]]:
    """Give each argument's values over the instances, those of an operator's default left out."""
    count = len(found.template.instances)
    arguments = dict.fromkeys(name for item in slot.items.values() for name in item.arguments)
    result = {}
    for name in arguments:
        row: list[object] = [None] * count
        for index, item in slot.items.items():
            row[index] = item.arguments.get(name)
        result[name] = row
    strides, sizes = result.get("stride", []), result.get("size", [])
    pool = slot.kind.name in ("maxpool", "avgpool")
    if pool and len(strides) == len(sizes) and all(map(same, strides, sizes)):
        del result["stride"]
    counts = [slot.items[i].times if i in slot.items else 0 for i in range(count)]
    if slot.kind.sort in ("loop", "grow") or max(counts) > 1:
        result[TIMES] = [*counts]
    return result


def _default(found: Inference, slot: Slot, name: str) -> object:
    if slot.any.template is not None:
        own = (each for each in slot.any.template.parameters if each.name == name)
        parameter = next(own, None)
        return parameter.default if parameter is not None and parameter.has_default else None
    return found.defaults.get(slot.kind.name, {}).get(name)


def _sense(slot: Slot, name: str) -> str:
    if name == TIMES:
        return TIMES
    if slot.any.template is not None:
        own = (each.sense for each in slot.any.template.parameters if each.name == name)
        return next(own, name)
    return SENSES.get(name, name)


def _column(found: Inference, slot: Slot, argument: str, row: list[object]) -> None:
    """Leave an argument out, write it as it is, or put it with others that are equal to it."""
    values = [value for value in row if value is not None]
    if not values:
        return
    usual = _default(found, slot, argument) if argument != TIMES else None
    if usual is not None and all(same(value, usual) for value in values):
        return
    if all(same(value, values[0]) for value in values):
        slot.shown[argument] = Shown(value=values[0])
        return
    sense = _sense(slot, argument)
    for column in found.columns:
        if column.sense == sense and _agree(column.row, row):
            column.row = [b if a is None else a for a, b in zip(column.row, row, strict=True)]
            column.members.append((slot, argument))
            return
    found.columns.append(Column(row, sense, argument, [(slot, argument)]))


def _agree(one: Row, other: Row) -> bool:
    """Whether two rows are equal where both have values, and somewhere both have."""
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if a is not None and b is not None]
    return bool(pairs) and all(same(a, b) for a, b in pairs)


def _labels(found: Inference) -> None:
    """Labels that differ by a number only are spelled with a parameter for it."""
    for slot in found.template.slots:
        labels = {index: item.label for index, item in slot.items.items()}
        if not slot.weighted or len(set(labels.values())) == 1:
            continue
        if any(len(label) != 1 or label[0].isdigit() for label in labels.values()):
            continue
        if slot.kind.sort in ("loop", "grow"):
            found.names.spell(slot, found.columns, Column, loop=True)
            continue
        found.names.spell(slot, found.columns, Column, loop=False)


def _express(found: Inference, column: Column) -> None:
    """Say a column by what is known already, or by a parameter of its own."""
    text = _expansion(found, column) if column.sense == "channels" else None
    if text is None:
        text = related(column.row, column.sense, found.atoms)
    if text is None and column.sense == "channels":
        text = _ratio(found, column)
    if text is None and column.sense == TIMES:
        text = _one_more(found, column)
    if text is None:
        name = found.names.parameter(column.row, column.sense, column.argument)
        row = found.names.filled(name, column.row, column.sense)
        free = [index for index, value in enumerate(column.row) if value is None]
        text = found.add(name, row, column.sense, free).name
    column.text = text
    for slot, argument in column.members:
        slot.shown[argument] = Shown(text)


def _expansion(found: Inference, column: Column) -> str | None:
    """A width that is a multiple of what flows in, by a factor that constructors were given."""
    channels = found.atoms[0].row
    ratios: list[object] = []
    for value, own in zip(column.row, channels, strict=True):
        if value is None:
            ratios.append(None)
            continue
        if not isinstance(value, int) or not isinstance(own, int) or value % own:
            return None
        ratios.append(value // own)
    name = found.names.factor(ratios)
    if name is None:
        return None
    found.add(name, found.names.filled(name, ratios, "ratio"), "ratio")
    return f"{name} * {found.atoms[0].text}"


def _ratio(found: Inference, column: Column) -> str | None:
    """A width that is one of a few multiples of what flows in: an expansion."""
    channels = found.atoms[0].row
    pairs = [(v, c) for v, c in zip(column.row, channels, strict=True) if v is not None]
    if not pairs or not all(type(v) is int and type(c) is int and v % c == 0 for v, c in pairs):
        return None
    ratios: list[object] = [
        value // own if isinstance(value, int) and isinstance(own, int) else None
        for value, own in zip(column.row, channels, strict=True)
    ]
    counts = Counter(each for each in ratios if isinstance(each, int))
    few = len(counts) <= 3 and max(counts) > 2 and len(pairs) > 3
    if not few or len({v for v, _ in pairs}) <= 2 * len(counts) - 1:
        return None
    if counts.most_common(1)[0][1] * 2 < len(pairs):
        return None
    name = found.names.parameter(ratios, "ratio", "expand")
    found.add(name, ratios, "ratio")
    return f"{name} * {found.atoms[0].text}"


def _one_more(found: Inference, column: Column) -> str | None:
    """A run from the second on: a person names the number of all."""
    row = [value + 1 if isinstance(value, int) else value for value in column.row]
    name = found.names.constructed(row)
    if name is None:
        return None
    found.add(name, row, TIMES)
    return f"({name} - 1)"


def _share_literals(found: Inference, slot: Slot) -> None:
    """In a step that is left out at times, a number is that of a parameter wherever it stands."""
    if len(slot.items) == len(found.template.instances):
        return
    for argument, shown in slot.shown.items():
        sense = _sense(slot, argument)
        if shown.is_expression or type(shown.value) is not int:
            continue
        if sense not in ("stride", "channels"):
            continue
        for atom in found.atoms:
            if atom.sense == sense and all(same(atom.row[i], shown.value) for i in slot.items):
                slot.shown[argument] = Shown(atom.text)
                break


def _conditions(found: Inference) -> None:
    """Find when each slot is there that some instances leave out."""
    count = len(found.template.instances)
    known: dict[tuple[bool, ...], str] = {}
    for slot in sorted(found.template.slots, key=lambda each: each.kind.sort == "activation"):
        shown = slot.shown.get(TIMES)
        if len(slot.items) == count or (shown is not None and shown.is_expression):
            continue
        there = tuple(index in slot.items for index in range(count))
        if there not in known:
            flags = slot.kind.sort != "activation"
            text = condition(found, there, flags=flags, summed=_is_summed(found, slot))
            if text is None and not flags:
                _hand_identity(found, slot)
                continue
            if text is None:
                text = found.names.flag(slot, there)
                found.add(text, there, "flag")
            known[there] = text
        slot.condition = known[there]


def _is_summed(found: Inference, slot: Slot) -> bool:
    """Whether what a step gives, or gives on, is added: then shapes say when it is there."""
    readers = found.template.readers()
    while slot.kind != Kind("operator", "add"):
        following = readers.get((slot, 0), [])
        if len(following) != 1 or following[0] is None:
            return False
        reader = following[0]
        if reader.kind.name != "add" and reader.items.keys() != slot.items.keys():
            return False
        slot = reader
    return True


def _hand_identity(found: Inference, slot: Slot) -> None:
    """An activation that some instances leave out is `identity` there."""
    count = len(found.template.instances)
    row: list[object] = [
        slot.items[i].arguments["activation"] if i in slot.items else IDENTITY for i in range(count)
    ]
    for parameter in found.parameters:
        if parameter.sense == "activation" and all(
            same(a, b) for a, b in zip(parameter.row, row, strict=True)
        ):
            slot.shown["activation"] = Shown(parameter.name)
            break
    else:
        shown = slot.shown.get("activation")
        name = shown.text if shown is not None and shown.is_expression else ""
        own = next((each for each in found.parameters if each.name == name), None)
        others = [each for each in found.template.slots if each is not slot]
        alone = all(each.text != name for other in others for each in other.shown.values())
        if own is not None and alone:
            own.row[:] = row
        else:
            name = found.names.parameter(row, "activation", "act")
            found.add(name, row, "activation")
            slot.shown["activation"] = Shown(name)
    any_item = slot.any
    for index in range(count):
        slot.items.setdefault(index, any_item)


def _finish(found: Inference) -> None:
    """Give parameters their defaults and their order; tell each instance its arguments."""
    for parameter in found.parameters:
        values = [value for value in parameter.row if value is not None]
        counts = Counter(map(literal, values))
        often, times = counts.most_common(1)[0]
        top = next(value for value in values if literal(value) == often)
        partial = len(values) < len(parameter.row)
        _choose_default(parameter, top, times, len(values), partial=partial)
        filler = parameter.default if parameter.has_default else top
        parameter.row[:] = [filler if value is None else value for value in parameter.row]
    given = found.names.signature()
    place = {name: index for index, name in enumerate(given)}
    required = [each.name for each in found.parameters if not each.has_default]
    ordered = all(name in place for name in required)
    found.parameters.sort(
        key=lambda each: (each.has_default, place.get(each.name, 0) if ordered else 0)
    )
    found.template.parameters = found.parameters
    for index, body in enumerate(found.template.instances):
        body.template = found.template
        body.arguments = {each.name: _given(each.row[index]) for each in found.parameters}
        body.free = frozenset(each.name for each in found.parameters if index in each.free)


def _given(value: object) -> Given:
    assert isinstance(value, int | float | bool | str | tuple | Handed)
    return value


def _choose_default(
    parameter: Parameter, top: object, times: int, count: int, *, partial: bool
) -> None:
    sense = parameter.sense
    neutral = 1 if parameter.name == "groups" else NEUTRAL.get(sense)
    shares = sum(1 for value in parameter.row if value is not None and same(value, neutral))
    default: object = None
    if sense == "flag":
        default = top
    elif neutral is not None and shares >= max(1, 0.3 * count):
        default = neutral
    elif sense not in ("channels", TIMES, "label", "rate") and times >= max(
        2, (0.66 if sense == "size" else 0.5) * count
    ):
        default = top
    if default is None and partial and sense != "rate":
        default = top
    if default is not None:
        parameter.default, parameter.has_default = default, True
