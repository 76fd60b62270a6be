"""Mermaid itself draws what is written for it."""

from __future__ import annotations

from pathlib import Path

import pytest

import cnnspec
from cnnspec import library
from cnnspec.draw import View, drawing

DRAW = """
const done = arguments[arguments.length - 1], text = arguments[0];
mermaid.initialize({ startOnLoad: false });
mermaid.render('picture', text).then(
  ({ svg }) => {
    const held = new DOMParser().parseFromString(svg, 'text/html');
    done([held.body.textContent, held.querySelectorAll('.node').length,
          held.querySelectorAll('script').length, held.querySelectorAll('a').length]);
  },
  (failure) => done([String(failure), 0, 0, 0]));
"""


@pytest.fixture(scope="module")
def page(browser, mermaid: Path, tmp_path_factory):
    file = tmp_path_factory.mktemp("mermaid") / "page.html"
    file.write_text(
        f'<!DOCTYPE html><meta charset="utf-8"><script src="{mermaid.as_uri()}"></script>'
    )
    browser.get(file.as_uri())
    assert browser.execute_script("return typeof mermaid") == "object"
    return browser


def rendered(page, graph, view: View | None = None) -> tuple[str, int, int, int]:
    text = drawing(graph, format="mermaid", view=view).content.decode()
    return page.execute_async_script(DRAW, text)


FILES = sorted({file: name for name, file in sorted(library.shipped().items())}.values())


@pytest.mark.parametrize("name", FILES)
def test_a_network_of_each_file(name: str, page) -> None:
    network = cnnspec.load(name)
    said, boxes, scripts, links = rendered(page, network.elaborated)
    assert boxes > 3, said[:300]
    assert network.title in said
    assert (scripts, links) == (0, 0)


def test_everything_unfolded(page) -> None:
    said, boxes, *_ = rendered(page, cnnspec.load("googlenet").elaborated, View(all=True))
    assert boxes > 80, said[:300]


def test_hostile_words_are_words(page) -> None:
    title = "end %% </b><script>alert(1)</script> `x` [y](z) --> 名"
    layers = "x = input(3, 9, 9) output y = x -> conv(3, 3)"
    text = f'network n() {{ {layers} meta {{ title = "{title}" }} }}'
    said, boxes, scripts, links = rendered(page, cnnspec.loads(text).elaborated)
    assert (boxes, scripts, links) == (3, 0, 0), said[:300]
