"""What a sweep is: the network, what is varied, which points count, what a row holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from operator import index
from pathlib import Path
from typing import Any, Final

from cnnspec import library
from cnnspec.analysis.roofline import Device, device
from cnnspec.analysis.run import Run
from cnnspec.api import loaded_from
from cnnspec.diagnostics import SpecError, nearest
from cnnspec.elaborate.values import is_data
from cnnspec.graph import Graph
from cnnspec.source import Source
from cnnspec.sweeps.axes import INPUT, Axis, Point, axis, drawn_point, grid_point, shapes, size
from cnnspec.sweeps.conditions import Condition
from cnnspec.sweeps.figures import NAMES, USUAL, columns
from cnnspec.sweeps.refused import RefusedSweep
from cnnspec.syntax import tree
from cnnspec.syntax.parse import parse
from cnnspec.version import VERSION

SCHEMA: Final = "cnnspec.sweep/1"
#: So many points are worked out unless more are asked for.
MOST: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Job:
    """All that a process needs to work out points: plain data, so that it can be sent."""

    name: str
    text: str
    network: str | None
    #: What its files use: the name of the file, what it uses, and that file's name and text.
    used: tuple[tuple[str, str, str, str], ...]
    fixed: Mapping[str, str]
    shape: tuple[int, ...] | None
    limits: Mapping[str, int]
    run: Run
    device: Device | None
    where: tuple[str, ...]
    figures: tuple[str, ...]
    #: What conditions and rows call each figure.
    called: Mapping[str, str]
    #: What a condition may speak of.
    known: tuple[str, ...]
    axes: tuple[Axis, ...]
    seed: int | None


@dataclass(frozen=True)
class Plan:
    """A sweep that is found to be in order: nothing of it was worked out yet."""

    job: Job
    title: str
    points: int
    first: int
    stop: int
    digest: str
    shard: tuple[int, int] | None = None
    header: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Give the columns of a row, in order."""
        names = [each.name for each in self.job.axes]
        return ("point", *names, *(self.job.called[each] for each in self.job.figures), "error")


def point(job: Job, number: int) -> Point:
    """Give a point of a sweep by its number."""
    if job.seed is not None:
        return drawn_point(job.axes, number, job.seed)
    return grid_point(job.axes, number)


def plan(
    spec: str | Path,
    *,
    set: Mapping[str, Any],
    input: str | Sequence[int] | None = None,
    where: Sequence[str] | str = (),
    figures: Sequence[str] = USUAL,
    sample: int | None = None,
    seed: int = 0,
    shard: tuple[int, int] | None = None,
    most: int = MOST,
    batch: int = 1,
    dtype: str = "float32",
    in_place: bool = False,
    device: str | Device | None = None,
    limits: Mapping[str, int] | None = None,
) -> Plan:
    """Read all that a sweep is made of, and refuse what cannot be; nothing is worked out yet.

    Raises RefusedSweep for ranges, names and numbers, SpecError for a wrong spec or condition.
    """
    source, network, root = library.find(str(spec))
    axes = [axis(name, _text(value), most=most) for name, value in set.items()]
    shape: tuple[int, ...] | None = None
    if isinstance(input, str):
        sides = shapes(input, most=most)
        if sides is None:
            shape = _shape(input)
        else:
            axes.append(sides)
    elif input is not None:
        shape = tuple([index(each) for each in input])
    varied = tuple(each for each in axes if each.between is not None or len(each.values) > 1)
    if not varied:
        message = "nothing is varied: give a parameter a range, --set width=0.5..2/0.25"
        raise RefusedSweep(message, "--set")
    fixed = {each.name: each.values[0].text for each in axes if each not in varied}
    points = _points(varied, sample, most)
    first, stop = _part(points, shard)
    base = _base(source, network, root, fixed, shape, limits or {})
    parameters = tuple(base.parameters)
    used = _used(source, root)
    check_names([*set], parameters, base.name)
    named = [where] if isinstance(where, str) else list(where)
    called = columns(NAMES, parameters)
    if INPUT in parameters and isinstance(input, str) and any(a.name == INPUT for a in axes):
        raise RefusedSweep("this network has a parameter called input: sweep that", "--input")
    told = [name for name, value in base.parameters.items() if is_data(value)]
    known = (*told, *called.values(), *([INPUT] if INPUT in {a.name for a in varied} else []))
    conditions = [Condition(text, known) for text in named]
    back = {column: name for name, column in called.items()}
    asked = dict.fromkeys(_figure(name, back) for name in figures)
    asked.update((back[n], None) for c in conditions for n in sorted(c.names) if n in back)
    on = _device(device) if isinstance(device, str) else device
    if "time" in asked and on is None:
        raise RefusedSweep("the figure `time` needs to know on what: v100, a100, …", "--device")
    job = Job(
        source.name, source.text, network, used, fixed, shape,
        dict(limits or {}), Run(batch, dtype, in_place), on, tuple(named),
        tuple(name for name in NAMES if name in asked), called, known, varied,
        None if sample is None else seed,
    )  # fmt: skip
    _check_conditions(conditions, base, job)
    made = Plan(job, base.name, points, first, stop, _digest(job), shard)
    return replace(made, header=_header(made))


def _text(value: Any) -> str:
    """Write an axis given in Python as the command line has it."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, range):
        value = list(value)
    if isinstance(value, list | tuple):
        return (
            "{" + ", ".join(map(_text_of, value)) + "}" if len(value) != 1 else _text_of(value[0])
        )
    return _text_of(value)


def _text_of(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_text_of, value)) + "]"
    return str(value)


def _shape(text: str) -> tuple[int, ...]:
    """Read `3x224x224`."""
    try:
        return tuple(int(part) for part in text.split("x"))
    except ValueError:
        message = f"{text!r} is no shape: write it as 3x224x224, or 3x128..320/32"
        raise RefusedSweep(message, "--input") from None


def _points(axes: Sequence[Axis], sample: int | None, most: int) -> int:
    points = size(axes) if sample is None else sample
    if sample is not None and sample < 1:
        raise RefusedSweep("a sample has at least one point", "--sample")
    if points > most:
        message = (
            f"these are {points:,} points, over {most:,}: take larger steps, draw with --sample, "
            f"or raise it with --most {points}"
        )
        raise RefusedSweep(message, "--set")
    return points


def _part(points: int, shard: tuple[int, int] | None) -> tuple[int, int]:
    """Give the first point of a shard and the one after its last: shards differ by one at most."""
    if shard is None:
        return 0, points
    number, count = shard
    if not 1 <= number <= count:
        raise RefusedSweep(f"there is no shard {number} of {count}: count from 1", "--shard")
    return points * (number - 1) // count, points * number // count


def _base(
    source: Source,
    network: str | None,
    root: Path | None,
    fixed: Mapping[str, str],
    shape: tuple[int, ...] | None,
    limits: Mapping[str, int],
) -> Graph:
    """Elaborate the network as it is without the sweep: it says which parameters there are."""
    how: dict[str, Any] = {"input": shape, "limits": limits}
    try:
        return loaded_from(source, network, root, set=fixed, **how).elaborated
    except SpecError as mistakes:
        if any(
            each.code == "unknown-argument" and not each.labels for each in mistakes.diagnostics
        ):
            first = mistakes.diagnostics[0]
            message = f"{first.title}; {first.help}" if first.help else first.title
            raise RefusedSweep(message, "--set") from None
        raise


def check_names(names: Sequence[str], parameters: Sequence[str], network: str) -> None:
    """Refuse names that a network's parameters do not have: raises RefusedSweep."""
    for name in names:
        if name not in parameters:
            guess = nearest(name, parameters)
            rest = (
                f"did you mean {guess}?" if guess else f"it has {', '.join(parameters) or 'none'}"
            )
            raise RefusedSweep(f"{network} has no parameter {name!r}; {rest}", "--set")


def _figure(name: str, back: Mapping[str, str]) -> str:
    """Give the figure that a column's name means; raises RefusedSweep."""
    bare = back.get(name, name)
    if bare not in NAMES:
        guess = nearest(bare, NAMES)
        rest = f"did you mean {guess}?" if guess else f"there are {', '.join(NAMES)}"
        raise RefusedSweep(f"there is no figure {name!r}; {rest}", "--columns")
    return bare


def _device(text: str) -> Device:
    try:
        return device(text)
    except ValueError as wrong:
        raise RefusedSweep(str(wrong), "--device") from None


def _check_conditions(conditions: Sequence[Condition], base: Graph, job: Job) -> None:
    """Try each condition on the network as it is: whether it is true or false at all."""
    from cnnspec.sweeps.measure import facts

    values = facts(base, job, {})
    values.setdefault(INPUT, "")
    for each in conditions:
        each.holds(values)


def _used(source: Source, root: Path | None) -> tuple[tuple[str, str, str, str], ...]:
    """Read the files that a spec uses, once: all points are of these texts, wherever they are."""
    resolve = library.resolver(root)
    found: dict[tuple[str, str], Source] = {}
    pending, seen = [source], {source.name}
    while pending:
        each = pending.pop()
        for item in parse(each).items:
            if isinstance(item, tree.Use):
                inner = found[each.name, item.path] = resolve(item.path, item.path_span)
                if inner.name not in seen:
                    seen.add(inner.name)
                    pending.append(inner)
    return tuple([(*key, inner.name, inner.text) for key, inner in found.items()])


def _digest(job: Job) -> str:
    """Sum up the texts that a network is made of: the spec's, and those of files that it uses."""
    texts = {job.name: job.text} | {name: text for _, _, name, text in job.used}
    total = sha256()
    for text in texts.values():
        total.update(sha256(text.encode()).digest())
    return total.hexdigest()[:16]


def _header(made: Plan) -> dict[str, Any]:
    """Say which sweep it is: a file of it is gone on with by the same one alone."""
    job = made.job
    axes = {
        each.name: [str(end) for end in each.between]
        if each.between is not None
        else [value.text for value in each.values]
        for each in job.axes
    }
    head: dict[str, Any] = {
        "schema": SCHEMA,
        "cnnspec": VERSION,
        "network": made.title,
        "texts": made.digest,
        "points": made.points,
        "axes": axes if made.points <= 10_000 else {k: _short(v) for k, v in axes.items()},
        "set": dict(job.fixed),
        "where": list(job.where),
        "columns": list(made.columns),
        "batch": job.run.batch,
        "dtype": job.run.dtype,
    }
    if job.run.in_place:
        head["in_place"] = True
    if job.device is not None:
        head["device"] = job.device.title
    if job.shape is not None:
        head["input"] = "x".join(map(str, job.shape))
    if job.seed is not None:
        head["seed"] = job.seed
    if made.shard is not None:
        head["shard"] = list(made.shard)
    return head


def _short(values: Sequence[str]) -> dict[str, Any]:
    """Say an axis of many values by its ends, their number, and a digest."""
    whole = sha256("\n".join(values).encode()).hexdigest()[:16]
    return {"from": values[0], "to": values[-1], "values": len(values), "digest": whole}
