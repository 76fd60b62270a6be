"""Tables on a terminal: they fit into 80 columns, and take what there is beyond 92."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import sys
import termios
from collections.abc import Callable
from threading import Thread

import pytest

from cnnspec import library
from cnnspec.cli import run
from cnnspec.report.columns import Row
from cnnspec.report.fit import cut

pytestmark = pytest.mark.slow

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
Shown = Callable[..., list[str]]


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Run commands with standard output on a terminal of so many columns; give the lines."""

    def shown(columns: int, *arguments: str) -> list[str]:
        ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        read: list[bytes] = []

        def listen() -> None:
            try:
                while block := os.read(ours, 65_536):
                    read.append(block)
            except OSError:  # the other end is closed
                pass

        listener = Thread(target=listen)
        listener.start()
        with monkeypatch.context() as patch, os.fdopen(theirs, "w") as terminal:
            patch.setattr(sys, "stdout", terminal)
            assert run(list(arguments)) == 0
            terminal.flush()
        listener.join(10)
        os.close(ours)
        text = b"".join(read).decode()
        return [ESCAPE.sub("", line) for line in text.splitlines()]

    return shown


def widest(lines: list[str]) -> int:
    return max(map(len, lines))


def test_every_networks_table_fits_80_columns(on_terminal: Shown) -> None:
    too_wide = {name: on_terminal(80, "cost", name) for name in library.shipped()}
    assert len(too_wide) > 100
    assert {
        name: max(lines, key=len) for name, lines in too_wide.items() if widest(lines) > 80
    } == {}


@pytest.mark.parametrize("network", ["densenet121", "inception_v3", "regnet_y_3_2gf"])
@pytest.mark.parametrize(
    "view",
    ["--count all", "--device a100", "--memory --facts", "--by block", "--sort macs", "--explain"],
)
def test_other_views_fit_too(network: str, view: str, on_terminal: Shown) -> None:
    assert widest(on_terminal(80, "cost", network, *view.split())) <= 80


def test_lists_of_networks_fit(on_terminal: Shown) -> None:
    for words in ("zoo", "ops", "backends"):
        assert widest(on_terminal(80, words)) <= 80, words
    assert widest(on_terminal(80, "compare", "--all", "-q")) <= 80
    found = on_terminal(80, "compare", "inception_bottleneck", "resnet18", "--columns", "name,macs")
    assert "inception_bottleneck" in "".join(found)


@pytest.mark.framework
def test_a_certificate_fits(on_terminal: Shown) -> None:
    asked = ("--backends", "numpy,torch", "-q", "--input", "3x32x32")
    lines = on_terminal(80, "verify", "mobilenet_v2", *asked)
    assert "numpy and torch agree" in "".join(lines)
    assert widest(lines) <= 80


def test_a_wide_terminal_is_used(on_terminal: Shown) -> None:
    lines = on_terminal(120, "cost", "googlenet")
    assert 100 < widest(lines) <= 120
    assert "inception(64, 96, 128, 16, 32, 32)" in "\n".join(lines)
    assert "inception(64, 96, ...)" in "\n".join(on_terminal(92, "cost", "googlenet"))


def test_off_a_terminal_nothing_is_cut(capsys) -> None:
    assert run(["cost", "densenet121"]) == 0
    assert "denselayer1..denselayer12  (dense_layer(...), concat) x 12" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "words", "room", "shown"),
    [
        ("fc", "dense 1000", 20, "fc  dense 1000"),
        ("layer1..layer12", "(unit(64), concat) x 12", 28, "layer1..12  (unit(6...) x 12"),
        ("aux", "head(1000) (training only)", 25, "aux  head... (training)"),
        ("a.b.c.conv", "conv 3x3 /2", 12, "...conv  /2"),
        ("features.1.conv", "conv 3x3 /2", 14, "...1.conv  /2"),
        ("", "conv 3x3 (bn, relu)", 12, "conv 3x3 ..."),
        ("", "conv 3x3 (bn, relu)", 13, "conv 3x3..."),
    ],
)
def test_what_says_most_stays(name: str, words: str, room: int, shown: str) -> None:
    (row,) = cut([Row(name, words, figures=None)], [""], room)  # type: ignore[arg-type]
    assert len(row.layer) <= room
    assert row.layer == shown
