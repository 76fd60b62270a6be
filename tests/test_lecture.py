"""docs/lecture.md: every command runs, and what stands under it is what it says.

`pytest --update-golden` writes what is said now; read the difference.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import cnnspec
from cnnspec.analysis.parameters import trainable
from cnnspec.cli import run

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parent.parent / "docs" / "lecture.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def fences(kind: str) -> list[str]:
    return [text for each, text in FENCE.findall(PAGE.read_text()) if each == kind]


def commands(text: str) -> list[tuple[str, str]]:
    """Give a fence's commands, each with what stands under it."""
    parts = re.split(r"^\$ (.*)\n", text, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


@pytest.fixture
def specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in fences("cnn"):
        (name,) = re.findall(r"^network (\w+)", text, re.MULTILINE)
        (tmp_path / f"{name}.cnn").write_text(text)
    monkeypatch.chdir(tmp_path)


def test_there_are_commands() -> None:
    assert sum(len(commands(each)) for each in fences("sh")) > 20


@pytest.mark.parametrize("number", range(len(fences("sh"))))
def test_commands_say_what_the_page_says(
    number: int, specs: None, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    fence = fences("sh")[number]
    found = ""
    for command, _ in commands(fence):
        program, *arguments = shlex.split(command)
        assert program == "cnnspec"
        run(arguments)
        captured = capsys.readouterr()
        found += f"$ {command}\n{captured.out}{captured.err}"
    if request.config.getoption("--update-golden") and found != fence:
        page = PAGE.read_text()
        PAGE.write_text(page.replace(f"```sh\n{fence}```", f"```sh\n{found}```"))
    else:
        assert found == fence


def test_the_figures_in_the_prose_are_the_tools() -> None:
    alexnet = cnnspec.load("alexnet_ungrouped").elaborated
    counts = {
        kind: trainable(node for node in alexnet.nodes if node.kind == kind)
        for kind in ("conv", "dense")
    }
    total = trainable(alexnet.nodes)
    assert [round(100 * each / total) for each in counts.values()] == [6, 94]
    grouped = cnnspec.load("alexnet").params - counts["dense"]
    assert f"{grouped:,} weights instead of {counts['conv']:,}" in PAGE.read_text()
    whole, halves = (cnnspec.loads(each).macs for each in fences("cnn")[2:])
    assert halves / whole == pytest.approx(1 / 128 + 1 / 9)
    assert f"{halves:,} of {whole:,}" in PAGE.read_text()
    gap, flat = cnnspec.load("cnn_gap").params, cnnspec.load("cnn_flattening").params
    assert 0.2 < gap / flat < 0.3
    naive, reduced = cnnspec.load("inception_naive").macs, cnnspec.load("inception_bottleneck").macs
    assert 0.3 < reduced / naive < 0.35
    google = cnnspec.load("googlenet").inference_params
    assert round(cnnspec.load("alexnet").params / google) == 9
    assert cnnspec.load("resnet152").macs < cnnspec.load("vgg16").macs
