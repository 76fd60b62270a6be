"""What all tests share: the flags that widen a run or write golden files anew."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import frameworks, sample_plugin
from tests.command_line import TINY

sample_plugin.refresh()
if "PYTEST_XDIST_WORKER" in os.environ:  # as many processes as cores: one thread is each one's
    for each in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(each, "1")
# one seed for what a run draws, whichever process draws it: processes have it from the first
os.environ.setdefault("SEED", str(random.randrange(10**6)))


def pytest_report_header() -> str:
    """Say what the run draws from; `SEED=… make test` draws it again."""
    return f"SEED={os.environ['SEED']}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write what is there now into the golden files and cases; read their diff",
    )
    parser.addoption(
        "--zoo",
        action="store_true",
        help="build, run and train every network that ships, not the smallest of each file alone",
    )
    parser.addoption(
        "--framework-free",
        action="store_true",
        help="leave out what needs PyTorch, Keras or TensorFlow, and say how much that is",
    )
    parser.addoption(
        "--fast", action="store_true", help="leave out what takes over a second, and say how much"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "framework: it needs PyTorch, Keras or TensorFlow")
    config.addinivalue_line("markers", "slow: it takes over a second")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the files that import a framework, if asked to."""
    if not config.getoption("--framework-free") or collection_path.suffix != ".py":
        return None
    return True if frameworks.imports_one(collection_path) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests that are marked, if asked to."""
    marks = [
        mark
        for option, mark in (("--framework-free", "framework"), ("--fast", "slow"))
        if config.getoption(option)
    ]
    apart = [item for item in items if any(item.get_closest_marker(mark) for mark in marks)]
    if apart:
        config.hook.pytest_deselected(items=apart)
        items[:] = [item for item in items if item not in set(apart)]


def left_out(config: pytest.Config) -> Iterator[str]:
    """Say what the options left out: processes that run tests say nothing of it."""
    files = sorted(Path(__file__).parent.glob("test_*.py"))
    if config.getoption("--framework-free"):
        apart = [
            each for each in files if _is_marked(each, "framework") or frameworks.imports_one(each)
        ]
        yield f"left out, for they need a framework: {len(apart)} files and the tests marked so"
    if config.getoption("--fast"):
        slow = [each for each in files if _is_marked(each, "slow")]
        yield f"left out, for they are slow: {len(slow)} files and the tests marked so"


def _is_marked(file: Path, mark: str) -> bool:
    text = file.read_text(encoding="utf-8")
    return re.search(rf"^pytestmark = .*\bmark\.{mark}\b", text, re.MULTILINE) is not None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in left_out(terminalreporter.config):
        terminalreporter.write_line(line)
    if not terminalreporter.config.getoption("--zoo"):
        return
    passed = {
        part.removesuffix("]").partition("[")[2]
        for report in terminalreporter.stats.get("passed", ())
        for part in [report.nodeid.rpartition("::")[2]]
        if part.startswith("test_runs_at_its_own_size_and_trains_a_step_with_all_heads[")
    }
    terminalreporter.write_line(f"the zoo: {len(passed)} networks built, run and trained a step")


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tiny(empty: Path) -> Path:
    """The file of a small spec, alone in the folder."""
    file = empty / "tiny.cnn"
    file.write_text(TINY)
    return file


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with the spec that checkpoints are converted for."""
    from tests.checkpoints import SPEC  # which loads frameworks

    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.cnn").write_text(SPEC)
    return tmp_path
