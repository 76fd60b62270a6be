"""Points worked out: one row each, in this process or one like it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from cnnspec.analysis.figures import Meter
from cnnspec.api import loaded_from
from cnnspec.diagnostics import SpecError
from cnnspec.elaborate.functions import FUNCTIONS
from cnnspec.elaborate.values import is_data
from cnnspec.graph import Graph, Node, walk_scopes
from cnnspec.source import Source
from cnnspec.sweeps.axes import INPUT, Point
from cnnspec.sweeps.conditions import Condition, holds
from cnnspec.sweeps.figures import measured
from cnnspec.sweeps.plan import Job, point

Row = dict[str, Any]


def rows_of(job: Job, first: int, stop: int) -> list[Row]:
    """Work out points by their numbers; give the rows of those that meet the conditions."""
    return list(each_row(job, first, stop))


def each_row(job: Job, first: int, stop: int) -> Iterator[Row]:
    """Work out points one after another, in order."""
    for number in range(first, stop):
        row = _row(job, number)
        if row is not None:
            yield row


def _row(job: Job, number: int) -> Row | None:
    """Work out one point; None where it does not meet the conditions.

    A point that does not compile is a row with the code of its first mistake; what is not known
    of it meets no condition that speaks of it, and none is asked.
    """
    at = point(job, number)
    row: Row = {"point": number, **{name: value.shown for name, value in at.items()}}
    early, late = _conditions(job)
    try:
        if early and not holds(early, {name: value.shown for name, value in at.items()}):
            return None
        graph = _elaborated(job, at)
        values = facts(graph, job, row)
        _let_go(graph)
        if late and not holds(late, values):
            return None
        row.update((job.called[each], values[job.called[each]]) for each in job.figures)
        row["error"] = None
    except SpecError as mistakes:
        row.update((job.called[each], None) for each in job.figures)
        row["error"] = mistakes.diagnostics[0].code
    except RecursionError:
        row.update((job.called[each], None) for each in job.figures)
        row["error"] = "nesting-too-deep"
    return row


def _let_go(graph: Graph) -> None:
    """Part what knows each other in a graph that nobody else has, so that it goes at once.

    Python's collector would look through all of it for a third of the time.
    """
    for scope in list(walk_scopes(graph.root)):
        for member in scope.members:
            if isinstance(member, Node):
                member.ports = ()
        scope.members, scope.trace, scope.parent = [], [], None
        scope.inputs, scope.results = (), ()


def facts(graph: Graph, job: Job, row: Mapping[str, Any]) -> dict[str, Any]:
    """Give what conditions may speak of: parameters, and figures under their columns' names."""
    values = {name: value for name, value in graph.parameters.items() if is_data(value)}
    meter = Meter(graph, job.run, job.device)
    found = measured(meter, job.figures)
    values.update((job.called[name], value) for name, value in found.items())
    if INPUT in row:
        values[INPUT] = row[INPUT]
    return values


def _elaborated(job: Job, at: Point) -> Graph:
    settings = {**job.fixed, **{n: v.text for n, v in at.items() if n != INPUT}}
    shape = job.shape
    if INPUT in at:
        shape = tuple(int(part) for part in at[INPUT].text.split("x"))
    root = None if job.root is None else Path(job.root)
    source = _source(job.name, job.text)
    how: dict[str, Any] = {"set": settings, "input": shape, "limits": job.limits}
    return loaded_from(source, job.network, root, **how).elaborated


@lru_cache(maxsize=4)
def _source(name: str, text: str) -> Source:
    return Source(name, text)


def _conditions(job: Job) -> tuple[Sequence[Condition], Sequence[Condition]]:
    return _read(job.where, job.known, tuple(each.name for each in job.axes))


@lru_cache(maxsize=4)
def _read(
    where: tuple[str, ...], known: tuple[str, ...], axes: tuple[str, ...]
) -> tuple[Sequence[Condition], Sequence[Condition]]:
    """Tell the conditions that speak of swept numbers alone: they spare the elaboration."""
    found = [Condition(text, known) for text in where]
    early = [each for each in found if each.names <= {*axes, *FUNCTIONS}]
    return early, [each for each in found if each not in early]
