"""What a picture opens and folds, and which lines it has."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import cnnspec
from cnnspec.draw import Look, UnknownPath, View, drawing, svg
from cnnspec.draw.boxes import Frame, Picture
from cnnspec.draw.choose import choose
from cnnspec.draw.compose import LADDER
from cnnspec.draw.page import READABLE, smallest_text
from cnnspec.draw.plan import Plan
from cnnspec.draw.tree import tree
from cnnspec.draw.turn import turn
from cnnspec.draw.wires import wires
from tests.emitted import network
from tests.pictures import SVG, drawn, drawn_with, picture


def titles(inner) -> list[str]:
    return [
        f"[{', '.join(titles(each.inner))}]" if isinstance(each, Frame) else each.title
        for each in inner
    ]


# --- what is opened


def test_depth_opens_levels() -> None:
    assert titles(picture("resnet50", Plan(-1, looks=0)).inner)[3] == "bottleneck(64) × 3"
    (_, _, _, first, *_) = picture("resnet50", Plan(1, looks=0)).inner
    assert titles([first]) == ["[bottleneck(64) + downsample, bottleneck(64) × 2]"]


def test_what_repeats_is_looked_into() -> None:
    (_, _, _, first, *_) = picture("resnet50", Plan(1)).inner
    assert titles([first]) == [
        "[bottleneck(64) + downsample, [conv 1x1 64, 3x3 64 (each bn, relu), 1x1 (bn), + (relu)]]"
    ]


def test_expand_opens_a_block_and_one_inside_a_run_opens_the_run() -> None:
    plain = drawn_with("resnet50", view=View(0))
    one = drawn_with("resnet50", view=View(0, expand=("layer3.4",)))
    same = drawn_with("resnet50", view=View(0, expand=("layer3.1",)))
    assert b"conv 1x1" not in plain
    assert one == same
    assert b"conv 3x3 (bn, relu)" in one


def test_expand_opens_what_is_inside_a_run() -> None:
    two = drawn_with("resnet50", view=View(0, expand=("layer3.0.downsample",)))
    assert b"downsample" in two


def test_focus_draws_a_block_with_its_neighbours() -> None:
    content = drawn_with("resnet152", view=View(focus="layer3"))
    ids = {each.get("id") for each in ET.fromstring(content).iter() if each.get("id")}
    assert {"layer2", "layer3", "layer4"} <= ids
    assert not {"image", "fc", "layer1"} & ids


def test_all_draws_every_layer() -> None:
    graph = network("resnet18").elaborated
    everything = drawn_with("resnet18", view=View(all=True)).decode()
    convolutions = [node.path for node in graph.nodes if node.op.family == "convolution"]
    assert len(convolutions) == 20
    # A layer that is all of its group goes by the group's name.
    assert all(
        f'id="{path}"' in everything or f'id="{path.rpartition(".")[0]}"' in everything
        for path in convolutions
    )
    assert ":all" not in everything


@pytest.mark.parametrize("view", [View(expand=("layer9",)), View(focus="layer9"), View(focus="")])
def test_a_path_that_there_is_not_is_refused(view: View) -> None:
    with pytest.raises(UnknownPath):
        drawn_with("resnet18", view=view)


def test_long_levels_are_cut_in_the_middle() -> None:
    layers = " -> ".join(f"conv({8 + i % 2}, 1)" for i in range(300))
    text = f"network long() {{ x = input(8, 9, 9)\n output y = x -> {layers} }}"
    content = cnnspec.loads(text).draw()
    assert b"more ..." in content
    assert smallest_text(*svg.box_of(content)) >= READABLE


# --- lines


def ways(name: str, plan: Plan) -> list[str]:
    drawn = picture(name, plan)
    return [wire.way for wire in wires(drawn)]


def test_identities_are_skips() -> None:
    assert ways("resnet50", Plan(1)).count("skip") == 4


def test_dense_blocks_have_a_rail_each() -> None:
    assert ways("densenet121", Plan(1)).count("rail") == 4


@pytest.mark.parametrize("name", ["densenet121", "densenet201"])
def test_an_unfolded_dense_network_has_few_lines(name: str) -> None:
    drawn = picture(name, Plan(64, longest=0, lines=False, repeats=False))
    assert len(wires(drawn)) < 2 * len(drawn.boxes)


def test_a_concat_of_a_growing_list_is_a_rail() -> None:
    text = """network listed() {
        x = input(8, 9, 9)
        xs = [x]
        for i in range(12) { xs = xs + [concat(xs) -> conv(4, 3, pad = 1)] }
        output y = concat(xs)
    }"""
    drawn = choose(cnnspec.loads(text).elaborated, Plan(64, longest=0, repeats=False))
    found = wires(drawn)
    assert sum(len(node.inputs) for node in cnnspec.loads(text).nodes) > 90
    assert len(found) < 3 * 13
    assert {wire.way for wire in found} == {"flow", "rail"}


def test_a_u_net_is_a_u() -> None:
    drawn = picture("unet", Plan(0))
    found = turn(drawn, wires(drawn))
    assert found is not None
    assert [len(level) for level in found.levels] == [3, 3, 3, 3]
    kinds = [drawn.boxes[level[-1]].kind for level in found.levels]
    assert kinds == ["concat"] * 4


@pytest.mark.parametrize("name", ["resnet50", "densenet121", "googlenet", "vgg16"])
def test_other_networks_are_no_u(name: str) -> None:
    drawn = picture(name, Plan(-1, looks=0))
    assert turn(drawn, wires(drawn)) is None


def test_training_heads_are_marked() -> None:
    text = drawn("googlenet").decode()
    assert "aux1 (training only, weight 0.3)" in text
    assert "stroke-dasharray" in text


def test_no_box_is_left_without_a_line() -> None:
    ups = "".join(f"u{i} = a -> upsample(2)\n" for i in range(5))
    text = f"""network pyramid() {{
        x = input(8, 9, 9)
        a = x -> conv(8, 1)
        {ups}
        output y = concat(a -> conv(8, 1) -> upsample(2), {", ".join(f"u{i}" for i in range(5))})
    }}"""
    drawn = choose(cnnspec.loads(text).elaborated, Plan(0))
    left = {box.order for box in drawn.boxes} - {wire.source.order for wire in wires(drawn)}
    assert [drawn.boxes[order].role for order in left] == ["output"]


TWO_SCALES = """block scales(xs) {
    return [xs[0] -> conv(8, 3, pad = 1), xs[1] -> conv(16, 3, pad = 1)]
}
network two() {
    x = input(8, 16, 16)
    xs = [x, x -> conv(16, 3, stride = 2, pad = 1)]
    xs = xs -> a: scales
    xs = xs -> b: scales
    output fine = xs[0] -> conv(4, 1)
    output coarse = xs[1] -> conv(4, 1)
}"""


def test_a_box_says_all_that_comes_out_and_its_lines_which_of_it_they_take() -> None:
    graph = cnnspec.loads(TWO_SCALES).elaborated
    found = wires(choose(graph, Plan(-1)))
    carried = {(w.source.path, w.target.path): w.carries for w in found if w.carries}
    assert {ends: str(one) for ends, (one,) in carried.items()} == {
        ("a", "conv2"): "8 x 16 x 16",
        ("a", "conv3"): "16 x 8 x 8",
    }
    text = drawing(graph, view=View(0)).content.decode()
    assert "8×16×16, 16×8×8" in text
    assert "→" not in text
    assert b"|8\xc3\x9716\xc3\x9716|" in drawing(graph, view=View(0), format="mermaid").content
    page = drawing(graph, format="html").content.decode()
    assert json.dumps("8×16×16, 16×8×8") in page


LEAN = """block unit(x, width) {
    return add(x, x -> conv(width, 3, pad = 1) -> bn -> relu -> conv(width, 1))
}
block pair(x) { return x -> left: (unit(8) * 2) -> conv(8, 1) -> right: (unit(8) * 3) }
network lean() {
    x = input(8, 16, 16)
    x = x -> body: (unit(8) * 4) -> tail: (last: (conv(8, 1) -> relu)) -> pair
    output y = x -> head: (flatten -> ln -> dense(3))
}"""


@pytest.mark.parametrize("depth", [-1, 0, 1, 2])
def test_a_group_of_one_part_is_drawn_once_under_its_name(depth: int) -> None:
    graph = cnnspec.loads(LEAN).elaborated
    drawn = choose(graph, Plan(depth))
    body, tail = drawn.inner[1:3]
    assert (body.path, body.name, tail.name) == ("body", "body", "tail.last")
    if depth > -1:
        assert (body.title, body.times, titles(body.inner)[-1]) == ("unit(8)", 4, "+")
    text = drawing(graph, view=View(max(depth, 0))).content.decode()
    assert text.count("unit(8) × 4") == 1
    assert "body = unit(8) × 4" in text
    assert 'id="body"' in text


def test_a_group_of_one_part_keeps_its_name_inside_others() -> None:
    text = drawing(cnnspec.loads(LEAN).elaborated, view=View(1)).content.decode()
    assert "left = unit(8) × 2" in text
    assert "right = unit(8) × 3" in text


@pytest.mark.parametrize("path", ["body", "body.2", "tail", "tail.last", "head"])
def test_a_group_of_one_part_can_be_opened_and_drawn_alone(path: str) -> None:
    graph = cnnspec.loads(LEAN).elaborated
    assert b"<svg" in drawing(graph, view=View(focus=path)).content
    plain, opened = (
        drawing(graph, view=View(0, expand=expand)).content for expand in ((), (path,))
    )
    assert plain != opened


def test_a_line_of_layers_has_the_colour_of_what_weighs() -> None:
    (*_, head, _) = choose(cnnspec.loads(LEAN).elaborated, Plan(0)).inner
    assert (head.title, head.family) == ("flatten (ln), dense 3", "dense")


def test_the_page_has_a_group_of_one_part_once() -> None:
    page = drawing(cnnspec.loads(LEAN).elaborated, format="html").content.decode()
    assert page.count(json.dumps("body = unit(8)")) == 1
    assert page.count(json.dumps("unit(8)")) == 0


def test_small_steps_that_lead_a_line_are_told_from_those_behind() -> None:
    text = """network led() {
        x = input(8, 16, 16)
        output y = x -> a: (bn -> relu -> conv(8, 1) -> conv(8, 3)) -> b: (
            dropout(0.1) -> conv(8, 1) -> relu -> conv(8, 1)
        )
    }"""
    drawn = choose(cnnspec.loads(text).elaborated, Plan(-1))
    assert [box.title for box in drawn.boxes[1:3]] == [
        "bn, relu, conv 1x1, 3x3",
        "dropout, conv 1x1 (relu), 1x1",
    ]


def test_lines_into_a_frame_from_several_boxes_stay_apart() -> None:
    graph = cnnspec.loads(TWO_SCALES).elaborated
    view = View(focus="a")
    text = drawing(graph, view=view, format="dot").content.decode()
    heads = set(re.findall(r"^\t*(\S+) -> (\S+)", text, re.MULTILINE))
    assert {head for head in heads if head[1].startswith(("t", '"t'))} == set()
    groups = list(ET.fromstring(drawing(graph, view=view).content).iter(f"{SVG}g"))
    classes = [each.get("class") for each in groups]
    (title,) = (each for each in groups if each.get("class") == "title")
    assert classes.index("title") > max(n for n, each in enumerate(classes) if each == "edge")
    assert title.findtext(f"{SVG}title").startswith("a")
    assert "scales" in "".join(title.itertext())


def test_what_goes_around_a_frames_layers_begins_at_its_title() -> None:
    text = drawn_with("resnet50", format="dot").decode()
    frames = re.findall(r'^\t*"?(t[\w-]+)"? -> \S+ \[.*style=dashed', text, re.MULTILINE)
    boxes = re.findall(r"^\t*(b\d+) -> \S+ \[.*style=dashed", text, re.MULTILINE)
    assert (len(frames), boxes) == (4, [])


# --- groups that lead to themselves


def circles(drawn: Picture) -> set[int]:
    """Give the boxes from which lines lead back to themselves."""
    left = {(wire.source.order, wire.target.order) for wire in wires(drawn)}
    while True:
        ends = {target for _, target in left}
        less = {line for line in left if line[0] in ends}
        if less == left:
            return ends
        left = less


@pytest.mark.parametrize("plan", LADDER)
def test_a_group_that_leads_to_itself_is_drawn_as_its_members(plan: Plan) -> None:
    graph = cnnspec.load(Path(__file__).parent / "pictured" / "yolo.cnn").elaborated
    drawn = choose(graph, plan)
    assert circles(drawn) == set()
    assert "model" not in {box.path for box in drawn.boxes}
    names = [each.name for each in drawn.inner]
    assert names[1] == "model.0"


def test_the_page_has_the_members_of_a_group_that_leads_to_itself() -> None:
    graph = cnnspec.load(Path(__file__).parent / "pictured" / "yolo.cnn").elaborated
    root = tree(graph, View(), Look())
    said = [each["title"] for each in root["inner"]]
    assert said[1] == "model.0 = conv 3x3 /2 (bn, silu)"
    assert "model.21 = c2f(256, 1, shortcut = false)" in said
    assert all(source < target for source, target, _ in root["lines"])


def test_a_group_that_leads_to_itself_can_be_drawn_alone() -> None:
    graph = cnnspec.load(Path(__file__).parent / "pictured" / "yolo.cnn").elaborated
    assert b'id="model"' in drawing(graph, view=View(focus="model")).content


def test_stacks_of_an_hourglass_are_said_whole() -> None:
    graph = cnnspec.load(Path(__file__).parent / "pictured" / "hourglass.cnn").elaborated
    closed = titles(choose(graph, Plan(-1, looks=0)).inner)
    assert "(hourglass(4, 64), res(64), conv 1x1 (bn, relu)) × 2" in closed


@pytest.mark.parametrize("name", ["googlenet", "inception_v4", "inception_v3"])
def test_reductions_are_shown_where_that_makes_nothing_taller(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = drawn_with(name)
    monkeypatch.setattr("cnnspec.draw.choose.apart", lambda lines: lines)
    hidden = drawn_with(name)
    assert shown != hidden
    assert svg.box_of(shown)[1] == svg.box_of(hidden)[1]


def test_a_line_that_says_how_tall_a_block_is_stays_one_box() -> None:
    text = """block mixed(x) {
        a = x -> conv(4, 1) -> relu -> conv(8, 3, pad = 1)
        b = x -> conv(2, 1) -> conv(2, 3, pad = 1) -> conv(8, 3, pad = 1)
        c = x -> maxpool(3, stride = 1, pad = 1) -> conv(8, 1)
        return concat(a, b, c)
    }
    network net { output y = input(8, 16, 16) -> mixed }"""
    (_, module, _) = choose(cnnspec.loads(text).elaborated, Plan(0, samples="each")).inner
    assert titles([module]) == [
        "[conv 1x1 (relu), conv 3x3, conv 1x1, conv 3x3 2, 3x3, maxpool 3x3, conv 1x1, concat]"
    ]
