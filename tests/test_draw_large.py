"""Pictures of networks that are wide or long: folded, or refused with what to type."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

import cnnspec
from cnnspec.cli import run
from cnnspec.draw import Undrawn, View, drawing
from cnnspec.draw import tree as trees
from tests.large_specs import SHAPES

pytestmark = pytest.mark.slow


def test_many_outputs_are_one_mark_in_their_middle() -> None:
    graph = cnnspec.loads(SHAPES["outputs"](300)).elaborated
    text = drawing(graph, format="dot").content.decode()
    assert "o0" in text
    assert "o299" in text
    assert "o150" not in text
    assert "more" in text
    assert "o150" in drawing(graph, format="dot", view=View(all=True)).content.decode()


def test_what_no_engine_lays_out_is_refused_at_once(tmp_path: Path, capsys) -> None:
    graph = cnnspec.loads(SHAPES["skips"](1_000)).elaborated
    with pytest.raises(Undrawn, match=r"takes too long to lay out"):
        drawing(graph, view=View(all=True))
    assert drawing(graph, format="dot", view=View(all=True)).content.startswith(b"digraph")
    (tmp_path / "s.cnn").write_text(SHAPES["skips"](1_000))
    assert run(["draw", str(tmp_path / "s.cnn"), "--all", "-o", str(tmp_path / "x.svg")]) == 2
    said = capsys.readouterr().err
    assert "--format html" in said
    assert (tmp_path / "x.dot").exists()


@pytest.mark.parametrize("few", [0, 1, 8])
def test_lines_that_go_around_are_found_however_many_come_in(
    few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hold one walk for all sources of a part against one for each."""
    random = Random(5)
    for _ in range(300):
        count = random.randint(2, 14)
        pairs = {
            (random.randint(-1, target - 1), target)
            for target in range(count)
            for _ in range(random.randint(0, 5))
        }
        lines = random.sample(sorted(pairs), len(pairs))
        concats, layouts = ([random.random() < 0.4 for _ in range(count)] for _ in range(2))
        monkeypatch.setattr(trees, "FEW", count)
        expected = trees._with_ways(lines, concats, layouts)
        monkeypatch.setattr(trees, "FEW", few)
        assert trees._with_ways(lines, concats, layouts) == expected
