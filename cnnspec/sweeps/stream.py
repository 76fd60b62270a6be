"""Rows of a sweep, one after another: what Python users meet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cnnspec.sweeps import workers
from cnnspec.sweeps.measure import Row
from cnnspec.sweeps.plan import Plan, plan
from cnnspec.sweeps.workers import Done


def done(
    made: Plan, *, first: int | None = None, jobs: int = 1, scheduler: str | None = None
) -> Iterator[Done]:
    """Work a sweep out from a point on, in order of points; chunks of rows as they come."""
    start = made.first if first is None else first
    if start >= made.stop:
        return iter(())
    if scheduler is not None:
        return workers.cluster(made.job, start, made.stop, scheduler)
    if jobs > 1:
        return workers.pool(made.job, start, made.stop, jobs)
    return workers.here(made.job, start, made.stop)


def rows(made: Plan, *, jobs: int = 1, scheduler: str | None = None) -> Iterator[Row]:
    """Give the rows of a plan, one a point that meets its conditions."""
    for each in done(made, jobs=jobs, scheduler=scheduler):
        yield from each.rows


def sweep(
    spec: str | Path, *, jobs: int = 1, scheduler: str | None = None, **how: Any
) -> Iterator[Row]:
    """Vary a network's parameters and give a row a point that meets the conditions, in order.

    `set` gives each parameter a value, a list of values, or text as on the command line
    (`"0.5..2/0.25"`); the last one goes round first. `where` is a condition or several, `figures`
    what rows hold, `sample` and `seed` draw points instead of taking all; `input`, `batch`,
    `dtype`, `in_place`, `device`, `limits` say how each network is made and run; `shard=(3, 16)`
    takes one part of the points. A row holds `point`, its number, the values, the figures, and
    `error`: None, or the code of the first mistake of a point that does not compile.

    Raises RefusedSweep (a ValueError) for what cannot be swept, SpecError for a wrong spec or
    condition, both before the first row.

    >>> import cnnspec
    >>> found = cnnspec.sweep("efficientnet_b0", set={"width": [0.5, 1]}, figures=["params"])
    >>> [(row["width"], row["params"]) for row in found]
    [(0.5, 1712522), (1, 5288548)]
    """
    return rows(plan(spec, **how), jobs=jobs, scheduler=scheduler)
