"""The command `draw`: engines, what it says, what it refuses, and how it watches."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen
from xml.etree import ElementTree as ET

import pytest

from cnnspec.cli import run
from cnnspec.commands.live import serving
from cnnspec.draw import Undrawn, drawing
from cnnspec.draw.engine import layout, program
from tests.emitted import network
from tests.pictures import drawn, drawn_with

# --- engines


def test_what_takes_too_long_is_left_as_text(tmp_path: Path, capsys) -> None:
    with pytest.raises(Undrawn) as caught:
        drawn_with("resnet50", timeout=1e-6)
    assert caught.value.dot.startswith("digraph")
    assert run(["draw", "resnet18", "--timeout", "0.000001", "-o", str(tmp_path / "x.png")]) == 2
    said = capsys.readouterr().err
    assert "did not lay it out" in said
    assert "x.dot" in said
    assert (tmp_path / "x.dot").read_text().startswith("digraph")
    assert not (tmp_path / "x.png").exists()


def test_less_care_is_tried_before_less_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(text: str, **how: object) -> bytes:
        if "polyline" not in text:
            raise TimeoutError
        return layout(text, **how)

    monkeypatch.setattr("cnnspec.draw.compose.layout", slow)
    result = drawing(network("resnet18").elaborated)
    assert result.notes == ("the engine took too long: its lines are not as well led",)
    ET.fromstring(result.content)


def test_the_systems_graphviz_is_asked_for_by_name(tmp_path: Path, monkeypatch) -> None:
    stand_in = tmp_path / "dot"
    stand_in.write_text(
        f'#!/bin/sh\necho asked >> "{tmp_path}/log"\nexec "{program("pure")}" "$@"\n'
    )
    stand_in.chmod(stand_in.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert drawn_with("lenet5", engine="dot") == drawn("lenet5")
    assert (tmp_path / "log").read_text() == "asked\n"


def test_a_missing_engine_says_what_to_install(monkeypatch, tmp_path, capsys) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run(["draw", "lenet5", "--engine", "dot", "-o", str(tmp_path / "x.svg")]) == 4
    assert "apt install graphviz" in capsys.readouterr().err


# --- the command


def test_a_readme_takes_the_picture_in_a_fence(tmp_path: Path) -> None:
    assert run(["draw", "lenet5", "-q", "-o", str(tmp_path / "x.md")]) == 0
    text = (tmp_path / "x.md").read_text()
    assert text.startswith("```mermaid\n---\n")
    assert text.rpartition("<!--")[0].endswith("```\n")


def test_a_png_can_be_scaled(tmp_path: Path) -> None:
    file = tmp_path / "x.png"
    sizes = []
    for scale in ("1", "2"):
        assert run(["draw", "unet", "--style", "volumes", "--scale", scale, "-o", str(file)]) == 0
        sizes.append(int.from_bytes(file.read_bytes()[16:20]))
    assert sizes[1] == pytest.approx(2 * sizes[0], abs=2)


def test_without_a_desktop_nothing_is_opened(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert run(["draw", "lenet5", "-o", str(tmp_path / "x.svg"), "--open"]) == 0
    assert "no desktop" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--show", "flops"], "not one of"),
        (["--style", "volumes", "--format", "html"], "volumes come as svg, pdf or png"),
        (["--scale", "2"], "--scale is of a png"),
        (["--focus", "layer9"], "did you mean"),
        (["--expand", "fc"], "fc is a layer: there is nothing in it to open"),
        (["--format", "bmp"], "not one of"),
        (["-o", "-", "--watch"], "--watch needs"),
        (["--watch"], "--watch needs a file of yours"),
    ],
)
def test_requests_that_cannot_be(options, said, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["draw", "resnet18", *options]) == 2
    assert said in capsys.readouterr().err


def test_a_page_that_is_watched_is_served_to_who_knows_its_address(tmp_path: Path) -> None:
    with serving() as live:
        live.show(b"<html><body>first</body>")
        assert b"first" in urlopen(live.address).read()
        for other in (live.address.replace(live.token, "x"), f"{live.address}x"):
            with pytest.raises(HTTPError, match="404"):
                urlopen(other)
        strange = Request(live.address, headers={"Host": "elsewhere.example"})
        with pytest.raises(HTTPError, match="404"):
            urlopen(strange)
        words = urlopen(f"{live.address}changes")
        assert words.readline() == b": here\n"
        live.show(b"<html><body>second</body>")
        assert [words.readline(), words.readline()] == [b"\n", b"data: new\n"]
        words.close()
        assert b"second" in urlopen(live.address).read()


def test_watch_draws_again_and_outlives_a_mistake(tmp_path: Path) -> None:
    spec = tmp_path / "tiny.cnn"
    text = "network tiny() { x = input(3, 8, 8)\n output y = x -> conv(4, 3) }\n"
    spec.write_text(text)
    command = [sys.executable, "-u", "-m", "cnnspec", "draw", "tiny.cnn", "--watch"]
    watching = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    patience = threading.Timer(30, watching.kill)
    patience.start()

    def hears(words: str) -> bool:
        return any(words in line for line in iter(watching.stderr.readline, ""))

    try:
        assert hears("drew tiny")
        assert hears("watching")
        spec.write_text(text.replace("conv", "konv"))
        assert hears("konv")
        spec.write_text(text.replace("conv(4", "conv(17"))
        assert hears("drew tiny")
        assert "17×6×6" in (tmp_path / "tiny.svg").read_text()
    finally:
        patience.cancel()
        watching.terminate()
        watching.wait()
        watching.stderr.close()
