"""The sample plug-in as its files stand: an editable install keeps the entry points of its day."""

from __future__ import annotations

import atexit
import os
import sys
import tempfile
import tomllib
from importlib.metadata import distribution
from pathlib import Path

NAME = "cnnspec-sample"
PROJECT = Path(__file__).parent / "plugins" / NAME / "pyproject.toml"


def refresh() -> None:
    """Have the entry points that are declared found before those that were installed, if other."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    declared = project["entry-points"]
    there = {(each.group, each.name, each.value) for each in distribution(NAME).entry_points}
    if there == {(group, *each) for group, rows in declared.items() for each in rows.items()}:
        return
    folder = tempfile.TemporaryDirectory(prefix="cnnspec-sample-")
    atexit.register(folder.cleanup)
    info = Path(folder.name) / f"cnnspec_sample-{project['version']}.dist-info"
    info.mkdir()
    head = f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(head, encoding="utf-8")
    lines = [
        line
        for group, rows in declared.items()
        for line in (f"[{group}]", *(f"{name} = {value}" for name, value in rows.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.path.insert(0, folder.name)
    paths = (folder.name, os.environ.get("PYTHONPATH", ""))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))  # of processes that tests start
