"""How a picture looks: heat, themes, what boxes show, which way it runs."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

import pytest

import cnnspec
from cnnspec.draw import Look, Unsupported, View, drawing, svg
from cnnspec.draw.boxes import Box
from cnnspec.draw.heat import step
from cnnspec.draw.page import READABLE, smallest_text
from cnnspec.draw.plan import Plan
from cnnspec.draw.theme import THEMES
from tests.emitted import network
from tests.pictures import SVG, drawn, drawn_with, picture

pytestmark = pytest.mark.slow


def test_heat_follows_the_share_of_the_whole() -> None:
    drawn = picture("vgg16", Plan(1))
    (dense,) = (box for box in drawn.boxes if box.family == "dense")
    assert step(dense.all_cost, "params", drawn.whole) == 4
    assert step(dense.all_cost, "macs", drawn.whole) == 0
    hot = THEMES["light"].heat[-1]
    assert drawn_with("vgg16", look=Look(heat="params")).decode().count(hot) == 2
    assert hot not in drawn_with("vgg16", look=Look(heat=None)).decode()


def test_heat_counts_repeats_together() -> None:
    drawn = picture("resnet152", Plan(1))
    box = next(b for b in drawn.boxes if b.path == "layer3.1.conv1")
    assert box.all_cost.macs == 35 * box.cost.macs
    assert step(box.all_cost, "macs", drawn.whole) == 4


@pytest.mark.parametrize("theme", sorted(THEMES))
def test_every_theme_draws_and_its_words_can_be_read(theme: str) -> None:
    look = THEMES[theme]
    assert look.background in drawn_with("resnet18", look=Look(theme=theme)).decode()
    for color in (*look.families.values(), look.other):
        assert contrast(look.header_ink, color) >= 4.5, color
    for color in look.heat:
        assert contrast(look.heat_ink, color) >= 4.5, color
    assert contrast(look.ink, look.background) >= 7
    assert contrast(look.muted, look.background) >= 4.5


def contrast(first: str, second: str) -> float:
    """The contrast ratio of WCAG 2.1."""

    def luminance(color: str) -> float:
        shares = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_shapes_have_their_channels_where_they_are_asked_for() -> None:
    assert "112×112×64" in drawn_with("resnet18", look=Look(layout="hwc")).decode()
    assert "64×112×112" in drawn("resnet18").decode()


def test_boxes_show_what_is_asked_for() -> None:
    text = drawn_with("resnet18", look=Look(show=("memory",), heat=None)).decode()
    assert "MB" in text
    assert "64×112×112" not in text.replace("3×224×224", "")
    with pytest.raises(ValueError, match="flops"):
        Look(show=("flops",))


def test_to_the_right_is_wider_than_high() -> None:
    width, height, _ = svg.box_of(drawn_with("resnet18", look=Look(direction="lr")))
    assert width > 2 * height


def test_the_page_holds_the_whole_network() -> None:
    text = drawn_with("resnet152", format="html").decode()
    held = json.loads(re.search(r'id="network">(.*?)</script>', text, re.DOTALL)[1])

    def count(item: dict) -> int:
        return 1 + sum(count(each) for each in item.get("inner", ()))

    assert count(held["root"]) > 50
    assert set(re.findall(r"\w+://[^\"]*", text)) == {"http://www.w3.org/2000/svg"}


def test_a_box_is_what_it_says_it_is() -> None:
    first = next(each for each in picture("resnet18", Plan(1)).inner if isinstance(each, Box))
    assert (first.role, first.path) == ("input", "image")


@pytest.mark.parametrize("name", ["densenet121", "googlenet"])
def test_texts_stand_in_the_middle_of_their_cells(name: str) -> None:
    found = 0
    for group in ET.fromstring(drawn(name)).iter(f"{SVG}g"):
        if group.get("class") != "node":
            continue
        cell: tuple[list[float], list[float]] = ([], [])
        for each in group:
            if each.tag == f"{SVG}text":
                left, baseline = float(each.get("x")), float(each.get("y"))
                capitals = baseline - 0.716 * 11
                assert baseline - max(cell[1]) == pytest.approx(min(cell[1]) - capitals, abs=0.02)
                if each.get("font-weight") != "bold" and "→" in each.text:
                    found += 1
                    assert left + float(each.get("textLength")) < max(cell[0]) - 3
            elif each.tag != f"{SVG}title":
                drawn_at = re.findall(r"-?[\d.]+", each.get("points") or each.get("d"))
                cell = [float(x) for x in drawn_at[::2]], [float(y) for y in drawn_at[1::2]]
    assert found >= (4 if name == "densenet121" else 1)


def test_a_volume_says_how_often_it_is_there() -> None:
    text = """block unit(x) { return add(x, x -> bn -> conv(8, 3, pad = 1)) }
    network tall() { x = input(8, 16, 16) output y = x -> body: (unit * 9) -> unit -> gap }"""
    shown = drawing(cnnspec.loads(text).elaborated, style="volumes").content.decode()
    said = re.findall(r"<text[^>]*>([^<]*)</text>", shown)
    assert "body = unit × 9" in " ".join(said)
    assert " ".join(said).count("conv") == 1


@pytest.mark.parametrize("how", [{"view": View(2)}, {"look": Look(heat="params")}])
def test_volumes_refuse_what_they_would_not_do(how: dict[str, object]) -> None:
    with pytest.raises(Unsupported, match="they take --theme and --layout"):
        drawn_with("lenet5", style="volumes", **how)


ACROSS = ("densenet121", "googlenet", "inception_v4", "mobilenet_v2", "resnet50", "unet", "vgg16")


@pytest.mark.parametrize("name", ACROSS)
def test_to_the_right_text_can_be_read_on_a_page_that_lies_across(name: str) -> None:
    shown = svg.box_of(drawn_with(name, look=Look(direction="lr")))
    assert smallest_text(*shown, across=True) >= READABLE


def test_to_the_right_lines_of_one_cell_stand_apart() -> None:
    root = ET.fromstring(drawn_with("resnet50", look=Look(direction="lr")))
    (layer1,) = (each for each in root.iter(f"{SVG}g") if each.get("id") == "layer1")
    lines = {text.text.strip("\xa0"): float(text.get("y")) for text in layer1.iter(f"{SVG}text")}
    assert lines.keys() >= {"layer1 =", "bottleneck(64) × 3", "64×56×56", "→ 256×56×56"}
    assert sorted(lines.values()) == list(lines.values())
    assert lines["bottleneck(64) × 3"] - lines["layer1 ="] == pytest.approx(13.2)


@pytest.mark.parametrize("style", ["graph", "volumes"])
def test_a_png_is_as_large_as_its_svg_and_as_often_as_asked_for(style: str) -> None:
    width, height, _ = svg.box_of(drawn_with("lenet5", style=style))
    for scale in (1, 2.5):
        content = drawn_with("lenet5", style=style, format="png", scale=scale)
        pixels = int.from_bytes(content[16:20]), int.from_bytes(content[20:24])
        assert pixels == pytest.approx((width * scale * 4 / 3, height * scale * 4 / 3), abs=2)


def test_a_png_has_every_colour_and_text_of_its_svg() -> None:
    """Without the texts, or without a colour, its bytes are others."""
    from cnnspec.draw.raster import as_png

    def png(text: bytes) -> bytes:
        return as_png(text, scale=1, engine="pure", timeout=20)

    whole = drawn_with("lenet5", style="volumes")
    changed = {
        png(text)
        for text in (
            whole,
            whole.replace(b">LeNet-5<", b">MeNet-5<"),
            whole.replace(b'font-weight="bold"', b"", 1),
            whole.replace(b"polygon", b"g", 1),
            whole.replace(b"#2563a8", b"#123456", 1).replace(b"#ffffff", b"#fffff0"),
            whole.replace(b"<path", b"<g", 1).replace(b"</path", b"</g"),
        )
    }
    assert len(changed) == 6


@pytest.mark.parametrize(
    "words", ['say "x"', "back\\slash", 'both \\"', "end\\", "a - b", "\u540d"]
)
def test_a_png_holds_whatever_is_written(words: str) -> None:
    quoted = words.replace("\\", "\\\\").replace('"', '\\"')
    text = f'network n() {{ output y = input(3, 8, 8) -> relu meta {{ title = "{quoted}" }} }}'
    text = text.replace(" meta", "\nmeta")
    assert cnnspec.loads(text).draw("png").startswith(b"\x89PNG")


def test_python_draws_what_the_command_draws() -> None:
    net = network("resnet18")
    assert net.draw(theme="dark", focus="layer2", layout="hwc") == drawn_with(
        "resnet18", view=View(focus="layer2"), look=Look(theme="dark", layout="hwc")
    )
    assert net.draw(style="volumes") == drawn_with("resnet18", style="volumes")
    assert net.draw(all=True, heat=None) == drawn_with(
        "resnet18", view=View(all=True), look=Look(heat=None)
    )
    with pytest.raises(ValueError, match="sepia"):
        net.draw(theme="sepia")


@pytest.mark.parametrize("name", ["convnext_tiny", "efficientnet_b0", "inception_v4", "resnet50"])
def test_lines_stay_in_the_frame_of_their_ends(name: str) -> None:
    root = ET.fromstring(drawn(name))
    frames = {
        each.get("data-path"): extent(each)
        for each in root.iter(f"{SVG}g")
        if each.get("class") == "cluster" and each.get("data-path")
    }
    held = 0
    for line in root.iter(f"{SVG}g"):
        if line.get("class") == "edge":
            ends = line.get("data-from"), line.get("data-to")
            around = [path for path in frames if all(f"{e}.".startswith(f"{path}.") for e in ends)]
            for path in around:
                (left, right, top, bottom), inner = frames[path], extent(line)
                assert left <= inner[0] <= inner[1] <= right, ends
                assert top <= inner[2] <= inner[3] <= bottom, ends
                held += 1
    assert held > 5


def extent(group: ET.Element) -> tuple[float, float, float, float]:
    """Give left, right, top and bottom of a group's first path, by its control points."""
    path = next(each.get("d") for each in group if each.tag == f"{SVG}path")
    numbers = [float(each) for each in re.findall(r"-?[\d.]+", path)]
    xs, ys = numbers[::2], numbers[1::2]
    return min(xs), max(xs), min(ys), max(ys)
