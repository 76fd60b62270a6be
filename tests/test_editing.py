"""What an editor is told of a text: hints, pages, names, proposals, the outline."""

from __future__ import annotations

import pytest

from cnnspec import library
from cnnspec.editing.completion import proposals
from cnnspec.editing.hints import hints
from cnnspec.editing.names import alike, at, may_be_called
from cnnspec.editing.outline import outline
from cnnspec.editing.pages import hover
from cnnspec.editing.sheet import Sheet, sheet_of
from cnnspec.source import Source

RESNET = library.zoo_text("resnet50")


def of(text: str) -> Sheet:
    return sheet_of(Source("a.cnn", text), None)


@pytest.fixture(scope="module")
def resnet() -> Sheet:
    return of(RESNET)


def line_of(words: str) -> int:
    return RESNET[: RESNET.index(words)].count("\n") + 1


def test_each_line_of_an_instance_shows_what_comes_out(resnet: Sheet) -> None:
    found = {hint.line: hint.text for hint in hints(resnet)}
    assert found[line_of("-> conv(4 * width, 1)")] == "256 x 56 x 56"
    assert found[line_of("image = input")] == "3 x 224 x 224"
    assert found[line_of("-> layer3:")].startswith("1024 x 14 x 14  · 3")
    assert found[line_of("output logits")] == "1000"


def test_hovering_over_an_operator_shows_its_page_and_the_step(resnet: Sheet) -> None:
    words = hover(resnet, RESNET.index("conv(inner, 3") + 1)
    assert words is not None
    assert words.startswith("```cnn\nconv(filters, size, *")
    assert "`layer1.0.conv2` of resnet: 64 x 56 x 56 → 64 x 56 x 56; 36,864 parameters" in words


def test_hovering_in_a_broken_statement_shows_what_its_words_are() -> None:
    text = "block mine(x, w) { return x -> conv(w, 1) }\nnetwork n {\n    image = input(3, 8, 8)\n"
    text += '    x = image -> conv(8, 3) => mine(3) -> "relu"  # not gap\n    output y = x\n}\n'
    sheet, last = of(text), text.index("    x =")
    assert (hover(sheet, text.index("conv", last) + 2) or "").startswith("```cnn\nconv(filters")
    assert hover(sheet, text.index("mine(3)")) == "```cnn\nblock mine(x, w)\n```"
    for nothing in ("8, 3)", "relu", "gap", "=>"):
        assert hover(sheet, text.index(nothing, last) + 1) is None


def test_hovering_over_a_block_shows_how_it_is_called(resnet: Sheet) -> None:
    words = hover(resnet, RESNET.index("unit = bottleneck") + 8)
    assert words is not None
    assert "block bottleneck(x, width, stride = 1, widen = 1, groups = 1)" in words


def test_a_name_leads_to_where_it_is_declared_in_its_own_block(resnet: Sheet) -> None:
    second = RESNET.index("block bottleneck")
    use = at(resnet, RESNET.index("widen * width", second))
    assert use is not None
    assert use.declared is not None
    assert use.declared.text == "widen"
    places = alike(resnet, RESNET.index("width", second))
    assert len(places) == RESNET[second : RESNET.index("network resnet(")].count("width")
    assert all(place.span.begin > second for place in places)


def test_keywords_of_a_call_are_its_parameters() -> None:
    text = "block b(x, wide = 3) { return x -> conv(wide, 3) }\n"
    text += "network n {\n    image = input(3, 8, 8)\n    output y = image -> b(wide = 4)\n}\n"
    places = alike(of(text), text.index("wide"))
    assert [place.span.line for place in places] == [1, 1, 4]


def test_a_name_is_not_given_twice(resnet: Sheet) -> None:
    assert may_be_called(resnet, "breadth")
    for taken in ("conv", "basic", "return", "2x", "width", ""):
        assert not may_be_called(resnet, taken)


def test_arguments_come_first_in_a_call(resnet: Sheet) -> None:
    found = list(proposals(resnet, RESNET.index("inner, 3") + 7))
    assert [each.text for each in found[:3]] == ["filters = ", "size = ", "stride = "]
    inside = {each.label for each in found}
    assert {"x", "width", "inner", "basic", "maxpool"} <= inside
    assert "shortcut" in inside
    assert [each.label for each in proposals(resnet, 0)] == ["block", "network", "use", "default"]


def test_the_outline_holds_whole_items(resnet: Sheet) -> None:
    found = list(outline(resnet))
    assert [each.name for each in found][:3] == ["basic", "bottleneck", "resnet"]
    assert found[0].whole.text.endswith("return add(y, shortcut) -> relu\n}")


def test_a_file_of_blocks_alone_has_nothing_wrong() -> None:
    assert of("block b(x) { return x -> relu }\n").diagnostics == ()


@pytest.mark.parametrize("text", ["", "}", "network", 'use "', "block b(x", "\x00", "é → ü"])
def test_any_text_is_answered(text: str) -> None:
    sheet = of(text)
    list(hints(sheet)), list(outline(sheet)), list(proposals(sheet, len(text)))
    assert hover(sheet, 0) is None
    assert alike(sheet, 0) == ()
