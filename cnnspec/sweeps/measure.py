"""Points worked out: one row each, in this process or one like it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypedDict

from cnnspec.analysis.figures import Meter
from cnnspec.diagnostics import SpecError
from cnnspec.elaborate import Limits, Settings, condensed, elaborate
from cnnspec.elaborate.functions import FUNCTIONS
from cnnspec.elaborate.values import is_data
from cnnspec.graph import Graph, Node, walk_scopes
from cnnspec.ops import Operators, operators
from cnnspec.source import Source, Span
from cnnspec.sweeps.axes import INPUT, Point
from cnnspec.sweeps.conditions import Condition, holds
from cnnspec.sweeps.figures import OF_WHOLES, measured
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
    early, late = _conditions(job)
    try:
        if early:
            at = point(job, number)
            if not holds(early, {name: value.shown for name, value in at.items()}):
                return None
        row, values = tried(job, number)
        if late and row["error"] is None and not holds(late, values):
            return None
    except SpecError as mistakes:
        return _failed(job, number, mistakes.diagnostics[0].code)
    return row


def tried(job: Job, number: int) -> tuple[Row, Mapping[str, Any]]:
    """Work out one point, whatever the conditions: its row, and what they may speak of."""
    at = point(job, number)
    row = _begun(number, at)
    try:
        graph = _elaborated(job, at)
        values = facts(graph, job, row)
        _let_go(graph)
    except SpecError as mistakes:
        return _failed(job, number, mistakes.diagnostics[0].code), {}
    except RecursionError:
        return _failed(job, number, "nesting-too-deep"), {}
    row.update((job.called[each], values[job.called[each]]) for each in job.figures)
    row["error"] = None
    return row, values


def _begun(number: int, at: Point) -> Row:
    return {"point": number, **{name: value.shown for name, value in at.items()}}


def _failed(job: Job, number: int, code: str) -> Row:
    row = _begun(number, point(job, number))
    row.update((job.called[each], None) for each in job.figures)
    row["error"] = code
    return row


def _let_go(graph: Graph) -> None:
    """Part what knows each other in a graph that nobody else has, so that it goes at once.

    Python's collector would look through all of it for a third of the time.
    """
    for node in graph.nodes:
        node.ports = ()
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
    """Give the network at a point: with instances whole if that is enough, and nothing is wrong."""
    settings = {**job.fixed, **{n: v.text for n, v in at.items() if n != INPUT}}
    shape = job.shape
    if INPUT in at:
        shape = tuple(int(part) for part in at[INPUT].text.split("x"))
    source, resolve = _texts(job.name, job.text, job.used)
    bounds = Limits().raised(job.limits)
    how: _How = {"operators": operators(), "resolve": resolve, "bounds": bounds}
    how["settings"] = Settings(settings, shape)
    if OF_WHOLES.issuperset(job.figures) and not job.run.in_place:
        graph = condensed(source, job.network, **how)
        if graph is not None:
            return graph
    return elaborate(source, job.network, **how).graph


class _How(TypedDict, total=False):
    """What both ways of elaborating take."""

    operators: Operators
    resolve: Callable[[str, Span], Source]
    settings: Settings
    bounds: Limits


@lru_cache(maxsize=4)
def _texts(
    name: str, text: str, used: tuple[tuple[str, str, str, str], ...]
) -> tuple[Source, Callable[[str, Span], Source]]:
    """Give the spec, and what finds the files that it uses: they are those that were read first."""
    known = {(user, word): Source(*inner) for user, word, *inner in used}
    return Source(name, text), lambda word, span: known[span.source.name, word]


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
