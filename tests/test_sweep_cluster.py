"""Sweeps past one machine: Dask's scheduler and two of its workers, one of which is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnnspec.cli import run
from tests.test_sweep import SMALL, rows_in

pytestmark = pytest.mark.slow

LONG = 120


def started(module: str, *arguments: str) -> subprocess.Popen:
    command = [sys.executable, "-m", f"distributed.cli.{module}", *arguments]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture
def cluster(empty: Path) -> Iterator[tuple[str, list[subprocess.Popen]]]:
    """A scheduler's address, and its two workers' processes."""
    facts = empty / "scheduler.json"
    host = ("--host", "127.0.0.1", "--no-dashboard")
    running = [started("dask_scheduler", *host, "--port", "0", "--scheduler-file", str(facts))]
    workers = [
        started("dask_worker", "--scheduler-file", str(facts), *host, "--nthreads", "1",
                "--no-nanny", "--local-directory", str(empty))
        for _ in range(2)
    ]  # fmt: skip
    try:
        until = time.monotonic() + LONG
        while not facts.exists() or not facts.read_text().endswith("}"):
            assert time.monotonic() < until
            time.sleep(0.05)
        yield json.loads(facts.read_text())["address"], workers
    finally:
        for each in (*workers, *running):
            each.kill()
            each.wait()


def test_every_row_is_there_once_though_a_worker_is_killed(cluster, empty: Path, capsys) -> None:
    address, workers = cluster
    (empty / "small.cnn").write_text(SMALL)
    command = ["sweep", "small.cnn", "--set", "width=1..40", "--set", "size=1..25"]
    killed = threading.Event()

    def kill() -> None:
        path, until = empty / "a.jsonl", time.monotonic() + LONG
        while time.monotonic() < until and not killed.is_set():
            if path.exists() and path.read_bytes().count(b"\n") > 200:
                os.kill(workers[0].pid, signal.SIGKILL)
                killed.set()
            time.sleep(0.01)

    killer = threading.Thread(target=kill)
    killer.start()
    status = run([*command, "-o", "a.jsonl", "--scheduler", address])
    finished = workers[0].poll() is None
    killed.set()
    killer.join()
    assert status == 0
    assert not finished, "the sweep was done before the worker was killed"
    assert workers[0].wait() == -signal.SIGKILL
    assert run([*command, "-o", "here.jsonl", "-q"]) == 0
    assert Path("a.jsonl").read_bytes() == Path("here.jsonl").read_bytes()
    assert [row["point"] for row in rows_in("a.jsonl")] == list(range(1000))


def test_a_scheduler_that_does_not_answer_is_said(empty: Path, capsys) -> None:
    (empty / "small.cnn").write_text(SMALL)
    command = ["sweep", "small.cnn", "--set", "width=1..6", "-o", "a.jsonl", "--scheduler"]
    assert run([*command, "nonsense://127.0.0.1:9"]) == 2
    assert "no scheduler answers at nonsense://127.0.0.1:9" in capsys.readouterr().err
