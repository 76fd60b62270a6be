"""The literate cases: each `tests/cases/*.md` shows specs and what must be said of them.

A case is a heading, a fenced block `cnn` with a spec, and fenced blocks with what is expected:
`paths` (path, kind, shape of every node), `error` (diagnostics as people see them), `warning`,
`facts` (`params = 1`), `torch` (lines that the PyTorch source must have, in order).
A line `# compile NAME` says which network of several is meant.
`pytest --update-golden` writes what is there now; read the difference as a reviewer would.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

import cnnspec
from cnnspec.render import render

FOLDER = Path(__file__).parent / "cases"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Case:
    file: Path
    title: str
    blocks: tuple[tuple[str, str], ...]


def read(file: Path) -> list[Case]:
    sections = re.split(r"^## ", file.read_text(), flags=re.MULTILINE)[1:]
    return [
        Case(file, section.partition("\n")[0], tuple(FENCE.findall(section)))
        for section in sections
    ]


CASES = [case for file in sorted(FOLDER.glob("*.md")) for case in read(file)]


def loaded(spec: str) -> cnnspec.Network:
    """Load a case's spec: the network that a comment in it names, if one does."""
    meant = re.search(r"^# compile (\w+)$", spec, re.MULTILINE)
    return cnnspec.loads(spec, name="case.cnn", network=meant and meant[1])


def actual(kind: str, spec: str) -> str:
    try:
        net = loaded(spec)
    except cnnspec.SpecError as wrong:
        return render(wrong.diagnostics) if kind == "error" else f"it does not compile:\n{wrong}"
    assert kind != "error", "the spec compiles"
    if kind == "paths":
        width = max(len(node.path) for node in net.nodes)
        return "".join(f"{n.path:{width}}  {n.kind}  {n.shape}\n" for n in net.nodes)
    if kind == "warning":
        return render(net.warnings)
    if kind == "facts":
        stated = "".join(f"{key} = {value}\n" for key, value in net.meta.items())
        return f"params = {net.params}\nmacs = {net.macs}\n{stated}"
    assert kind == "torch"
    return net.source("torch").partition("from torch import")[2].partition("\n")[2].strip() + "\n"


def test_there_are_cases() -> None:
    assert len(CASES) > 20
    titles = [(case.file.name, case.title) for case in CASES]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file.stem}: {case.title}")
def test_case(case: Case, request: pytest.FixtureRequest) -> None:
    kinds = [kind for kind, _ in case.blocks]
    assert kinds[0] == "cnn"
    assert len(kinds) > 1
    spec = case.blocks[0][1]
    for kind, expected in case.blocks[1:]:
        found = actual(kind, spec).rstrip("\n") + "\n"
        if request.config.getoption("--update-golden") and found != expected:
            text = case.file.read_text()
            start = text.index(f"## {case.title}\n")
            at = text.index(f"```{kind}\n{expected}```", start)
            stop = at + len(f"```{kind}\n{expected}```")
            case.file.write_text(text[:at] + f"```{kind}\n{found}```" + text[stop:])
        else:
            assert found == expected
