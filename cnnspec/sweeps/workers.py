"""Where points are worked out: in this process, in several here, or on a cluster of Dask's.

Rows come in the order of points whoever is done first. So many chunks are under way as keep the
workers busy, and no more, so that memory does not grow with the sweep.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any, Final, NamedTuple

from cnnspec.sweeps.measure import Row, each_row, rows_of
from cnnspec.sweeps.plan import Job
from cnnspec.sweeps.refused import RefusedSweep

#: Points that are sent at a time: a task costs Dask 0.2 to 1 ms, a point some.
CHUNK: Final = 100
#: Chunks under way for each worker.
AHEAD: Final = 3
#: How long a scheduler has to answer.
WAIT: Final = "10s"
#: How often a worker looks whether the process that started it is still there, in seconds.
WATCH: Final = 0.5


class Done(NamedTuple):
    """Rows of points that were worked out, and the number after the last of these points."""

    rows: list[Row]
    stop: int


def cores() -> int:
    """Count the cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def here(job: Job, first: int, stop: int) -> Iterator[Done]:
    """Work points out in this process, one at a time."""
    for number in range(first, stop):
        yield Done(list(each_row(job, number, number + 1)), number + 1)


def pool(job: Job, first: int, stop: int, jobs: int) -> Iterator[Done]:
    """Work points out in processes of this machine; raises RefusedSweep if one is killed."""
    context = get_context("spawn")
    executor = ProcessPoolExecutor(jobs, context, initializer=_begin, initargs=(os.getpid(),))
    try:
        submit: Callable[[int, int], Any] = lambda a, b: executor.submit(rows_of, job, a, b)  # noqa: E731
        yield from _in_order(submit, lambda future: future.result(), first, stop, jobs)
    except BrokenProcessPool:
        raise RefusedSweep(
            "a process that worked out points was killed, perhaps for its memory: the same "
            "command goes on where this one stopped, --jobs 1 does without",
            "--jobs",
        ) from None
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def cluster(job: Job, first: int, stop: int, address: str) -> Iterator[Done]:
    """Work points out on a cluster; Dask does again what a worker that was lost had not done.

    Raises RefusedSweep where none answers, ImportError without the package `distributed`.
    """
    from distributed import Client

    try:
        client = Client(address, timeout=WAIT, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as failure:
        words = str(failure).splitlines()[0][:200] or type(failure).__name__
        raise RefusedSweep(f"no scheduler answers at {address}: {words}", "--scheduler") from None
    try:
        sent = client.scatter(job, broadcast=True)
        workers = max(1, sum(client.nthreads().values()))

        def submit(a: int, b: int) -> Any:
            return client.submit(rows_of, sent, a, b, pure=False, retries=10)

        yield from _in_order(submit, lambda future: future.result(), first, stop, workers)
    finally:
        client.close(timeout=5)


def _in_order(
    submit: Callable[[int, int], Any],
    result: Callable[[Any], list[Row]],
    first: int,
    stop: int,
    workers: int,
) -> Iterator[Done]:
    chunk = max(1, min(CHUNK, (stop - first) // (workers * AHEAD) or 1))
    under_way: deque[tuple[Any, int]] = deque()
    at = first
    while at < stop or under_way:
        while at < stop and len(under_way) < workers * AHEAD:
            end = min(at + chunk, stop)
            under_way.append((submit(at, end), end))
            at = end
        future, end = under_way.popleft()
        yield Done(result(future), end)


def _begin(parent: int) -> None:
    """Leave Ctrl-C to the process that started this one, and go when that is gone."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
