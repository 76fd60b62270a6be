"""Distributions of others that fail: each is named, in words, and stops nothing that is not its."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import torch

import cnnspec
from cnnspec import plugins
from cnnspec.cli import run
from cnnspec.ops import operators

#: What the module of a plug-in does, and what is said of it.
FAILS = {
    "raises": ('raise RuntimeError("boom")', "RuntimeError: boom"),
    "ends the program": ("import sys\nsys.exit(0)", "it would end the program"),
    "imports what is not there": ("import nothing_there", "No module named 'nothing_there'"),
    "is no Python": ("def (", "SyntaxError"),
    "lacks it": ("", "has no attribute 'THING'"),
    "is something else": ("print('words')\nTHING = 3", "int"),
}
#: By group: the entry point's name, a step of the spec, and commands that need it.
GROUPS = {
    "operators": ("gizmo", "gizmo", "check s.cnn", 1),
    "backends": ("gadget", "relu", "compile s.cnn -b gadget -o out.py", 2),
    "lowerings.torch": ("softplus", "softplus", "compile s.cnn -b torch -o out.py", 1),
    "lowerings.keras": ("softplus", "softplus", "compile s.cnn -b keras -o out.py", 1),
    "lowerings.numpy": ("softplus", "softplus", "verify s.cnn --backends numpy,torch", 3),
    "checkpoints": ("tape", "relu", "convert a.pt --spec s.cnn --to tape -o out.x", 2),
    "witnesses": ("judge", "relu", "verify s.cnn --backends numpy,judge", 2),
}
SPEC = "network n {{ image = input(3, 4, 4)  output y = image -> conv(2, 3) -> {} }}\n"


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Install a distribution `bad-dist` with one entry point whose module has that text."""

    def install(group: str, name: str, text: str) -> None:
        (tmp_path / "badthing.py").write_text(text)
        info = tmp_path / "bad_dist-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bad-dist\nVersion: 1\n")
        (info / "entry_points.txt").write_text(f"[cnnspec.{group}]\n{name} = badthing:THING\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.chdir(tmp_path)
        every = plugins.every
        monkeypatch.setattr(  # the sample's own entry points of that name give way to it
            plugins,
            "every",
            lambda asked: [
                each
                for each in every(asked)
                if (each.group, each.name) != (f"cnnspec.{group}", name)
                or plugins.distribution(each) == "bad-dist"
            ],
        )
        operators.cache_clear()

    yield install
    sys.modules.pop("badthing", None)
    operators.cache_clear()


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("how", FAILS)
def test_a_plug_in_that_does_not_load_is_named(
    group: str, how: str, failing, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, step, command, status = GROUPS[group]
    text, said = FAILS[how]
    failing(group, name, text)
    Path("s.cnn").write_text(SPEC.format(step))
    Path("a.pt").write_bytes(b"PK")
    assert run(command.split()) == status
    printed = capsys.readouterr()
    words = " ".join((printed.err + printed.out).split())
    assert "bad-dist" in words
    assert said in words
    assert not re.search("a mistake of cnnspec[ ,]", words)
    assert not [*Path().glob("out.*")]
    if "print" in text:
        assert "words\n" not in printed.out  # source may go there


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("how", FAILS)
def test_a_plug_in_that_does_not_load_stops_nothing_else(
    group: str, how: str, failing, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(group, GROUPS[group][0], FAILS[how][0])
    Path("s.cnn").write_text(SPEC.format("relu"))
    assert run(["check", "s.cnn"]) == 0
    assert run(["compile", "s.cnn", "-b", "torch", "-o", "n.py", "-q"]) == 0
    if group in ("lowerings.numpy", "witnesses"):
        assert run(["verify", "s.cnn", "--backends", "numpy,torch", "-q"]) == 0
    assert run(["backends"]) == 0
    assert run(["ops"]) == 0
    assert "badthing:THING" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("group", "command"), [(group, row[2]) for group, row in GROUPS.items() if group != "operators"]
)
def test_a_plug_in_that_fails_at_work_is_named(
    group: str, command: str, failing, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(
        group,
        GROUPS[group][0],
        "class Thing:\n"
        "    name = doc = suffix = 'x'\n"
        "    backend = None\n"
        "    suffixes = ('.x',)\n"
        "    biased_variance = False\n"
        "    lowerings = dict.fromkeys(('conv', 'relu'), print)\n"
        "    def emit(self, *given, **named):\n"
        "        raise ValueError('at work')\n"
        "    def __getattr__(self, name):\n"
        "        return self\n"
        "    def __call__(self, *given, **named):\n"
        "        raise ValueError('at work')\n"
        "THING = Thing()\n",
    )
    Path("s.cnn").write_text(SPEC.format(GROUPS[group][1]))
    net = cnnspec.load("s.cnn")
    if group == "checkpoints":
        torch.save(net.build("torch").state_dict(), "a.pt")
    status = run(command.split())
    words = " ".join(capsys.readouterr().err.split())
    assert not re.search("a mistake of cnnspec[ ,]", words)
    assert status in (1, 2, 3)
    assert "bad-dist" in words
    assert "ValueError: at work" in words
