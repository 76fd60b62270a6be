"""In a real browser no text of a picture is wider than its box, whatever font shows it."""

from __future__ import annotations

import pytest

import cnnspec
from cnnspec import library
from cnnspec.draw import Look, View, drawing

#: For each group that stands for a box, a title or the caption: texts that leave their cell.
MEASURE = """
const fonts = arguments[0];
if (fonts) document.querySelectorAll('text').forEach(t => t.setAttribute('font-family', fonts));
const out = [];
for (const group of document.querySelectorAll('g.node')) {
  const cells = [...group.querySelectorAll('polygon, path')].map(p => p.getBBox());
  for (const text of group.querySelectorAll('text')) {
    const t = text.getBBox(), middle = t.x + t.width / 2, height = t.y + t.height / 2;
    const around = cells.filter(c => c.x <= middle && middle <= c.x + c.width
                                  && c.y <= height && height <= c.y + c.height);
    const room = Math.min(...around.map(c => c.width));
    if (!(t.width <= room)) out.push([text.textContent, t.width, room]);
  }
}
const box = document.documentElement.viewBox.baseVal;
const svg = document.documentElement.getBoundingClientRect();
for (const text of document.querySelectorAll('text')) {
  const t = text.getBoundingClientRect();
  if (t.left < svg.left || t.right > svg.right + 1) out.push([text.textContent, 'leaves the page']);
}
return [document.querySelectorAll('g.node text').length, out];
"""
#: The smallest network of each file would do for shapes; names and numbers differ in all of them.
NAMES = sorted(library.shipped())


@pytest.mark.parametrize("name", NAMES)
def test_in_a_default_picture(name: str, shown) -> None:
    browser = shown(cnnspec.load(name).draw(), "picture.svg")
    texts, wide = browser.execute_script(MEASURE, None)
    assert texts > 10
    assert wide == []


@pytest.mark.parametrize("name", ["googlenet", "resnet152", "unet"])
def test_in_a_font_that_is_wider(name: str, shown) -> None:
    browser = shown(cnnspec.load(name).draw(), "picture.svg")
    assert browser.execute_script(MEASURE, "DejaVu Sans, Verdana, monospace")[1] == []


@pytest.mark.parametrize(
    "look", [Look(theme="print"), Look(direction="lr"), Look(show=("memory",))]
)
def test_however_it_looks(look: Look, shown) -> None:
    graph = cnnspec.load("googlenet").elaborated
    assert shown(drawing(graph, look=look).content, "x.svg").execute_script(MEASURE, None)[1] == []


def test_unfolded(shown) -> None:
    graph = cnnspec.load("squeezenet1_0").elaborated
    content = drawing(graph, view=View(all=True)).content
    assert shown(content, "x.svg").execute_script(MEASURE, None)[1] == []


def test_in_words_that_are_not_latin(shown) -> None:
    text = (
        'network n() { x = input(3, 9, 9) output y = x -> conv(3, 3) meta { title = "網路 сеть" } }'
    )
    assert shown(cnnspec.loads(text).draw(), "x.svg").execute_script(MEASURE, None)[1] == []
