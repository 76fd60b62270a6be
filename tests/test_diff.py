"""Two networks held against each other: as many hunks as a person would count, at their places."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import cnnspec
from cnnspec.cli import run
from cnnspec.diff import Diff, compare, marks
from cnnspec.draw import Pair, drawing
from cnnspec.draw.theme import THEMES
from cnnspec.testing.generate import Generator
from cnnspec.testing.program import spec
from tests.command_line import TINY
from tests.console import fresh
from tests.emitted import network


def diff(a: str, b: str) -> Diff:
    return compare(network(a).elaborated, network(b).elaborated)


def of_texts(a: str, b: str) -> Diff:
    return compare(cnnspec.loads(a).elaborated, cnnspec.loads(b).elaborated)


#: Pairs that ship, and the number of hunks that a person would count, reading both definitions.
COUNTED = {
    # se: squeeze_excite in a block that is used 16 times
    ("resnet50", "se_resnet50"): 1,
    # the unit that is given: widen = 2, groups = 32
    ("resnet50", "resnext50_32x4d"): 1,
    # more units in each of four stages
    ("resnet18", "resnet34"): 4,
    # bn after each convolution, in one loop
    ("vgg16", "vgg16_bn"): 1,
    # ten more
    ("resnet50", "wide_resnet50_2"): 1,  # widen = 2
    ("resnet50", "resnet101"): 1,  # more units in one stage
    ("resnet34", "resnet50"): 1,  # another unit
    ("vgg16", "vgg19"): 1,  # one more convolution in three stages, in one loop
    ("densenet121", "densenet161"): 2,  # growth, stem (with it, more layers)
    ("efficientnet_b0", "efficientnet_b1"): 2,  # depth, resolution
    ("efficientnet_b4", "efficientnet_b5"): 4,  # width, depth, resolution, norm
    ("mnasnet0_5", "mnasnet1_0"): 1,  # width
    ("shufflenet_v2_x1_0", "shufflenet_v2_x2_0"): 2,  # widths, last
    ("squeezenet1_0", "squeezenet1_1"): 3,  # the first convolution, two pools that moved
    ("mobilenet_v2", "mobilenet_v3_large"): 3,  # features, their unit, the classifier
}


@pytest.mark.parametrize(("a", "b"), COUNTED, ids="-".join)
def test_as_many_hunks_as_a_person_counts(a: str, b: str) -> None:
    found = diff(a, b)
    assert len(found.hunks) == COUNTED[a, b], [(h.kind, h.where, h.what) for h in found.hunks]
    back = diff(b, a)
    assert len(back.hunks) == COUNTED[a, b]


def test_a_network_is_no_different_from_itself() -> None:
    for name in ("resnet50", "densenet121", "googlenet", "unet"):
        found = diff(name, name)
        assert found.same
        keys = found.keys
        assert [*keys.missing, *keys.extra, *keys.reshaped] == []


def test_an_inserted_layer_is_said_once_a_block_with_all_its_places() -> None:
    (hunk,) = diff("resnet50", "se_resnet50").hunks
    assert (hunk.kind, hunk.where) == ("inserted", "16 x se_bottleneck")
    assert hunk.what == "se = squeeze_excite(16)"
    assert [place.b for place in hunk.places][:2] == ["layer1.0.se", "layer1.1.se"]
    assert len(hunk.places) == 16


def test_keys_are_those_of_the_state_dicts() -> None:
    found = diff("resnet18", "resnet34").keys
    a, b = (
        {f"{n.path}.{w.key}" for n in network(name).nodes for w in n.weights}
        for name in ("resnet18", "resnet34")
    )
    assert set(found.missing) == b - a
    assert set(found.extra) == a - b == set()


BASE = """block unit(x, width, stride = 1, act = relu) {
    y = x -> conv(width, 3, stride = stride, pad = 1) -> bn -> act
          -> conv(width, 3, pad = 1) -> bn
    shortcut = x
    if stride != 1 or x.channels != width {
        shortcut = x -> down: (conv(width, 1, stride = stride) -> bn)
    }
    return add(y, shortcut) -> act
}
network net(classes = 10) {
    image = input(3, 32, 32)
    x = image -> stem: conv(16, 3, pad = 1) -> bn -> relu
    x = x -> stage1: (unit(16) -> unit(16)) -> stage2: (unit(32, stride = 2) -> unit(32))
    output logits = x -> gap -> dropout(0.1) -> fc: dense(classes)
}
"""
#: One edit each: what is replaced by what; the kind of the one hunk, and what it must name.
EDITS = {
    "argument": (
        "stem: conv(16, 3, pad = 1)",
        "stem: conv(16, 5, pad = 2)",
        "changed",
        "stem",
    ),
    "label": (
        "stem: conv",
        "root: conv",
        "renamed",
        "stem",
    ),
    "step in": (
        "pad = 1) -> bn -> act",
        "pad = 1) -> bn -> dropout(0.2) -> act",
        "inserted",
        "unit",
    ),
    "step out": (
        "-> dropout(0.1) ",
        "",
        "removed",
        "dropout",
    ),
    "in a block": (
        "conv(width, 3, pad = 1)",
        "conv(width, 5, pad = 2)",
        "changed",
        "4 x unit",
    ),
    "operator": (
        "act = relu)",
        "act = silu)",
        "changed",
        "act",
    ),
    "one's width": (
        "stage1: (unit(16) -> unit(16))",
        "stage1: (unit(16) -> unit(24))",
        "changed",
        "24",
    ),
    "stride": (
        "unit(32, stride = 2)",
        "unit(32, stride = 1)",
        "changed",
        "stride",
    ),
    "wiring": (
        "return add(y, shortcut)",
        "return add(shortcut, y)",
        "rewired",
        "unit",
    ),
    "one unit more": (
        "unit(16) -> unit(16)",
        "unit(16) -> unit(16) -> unit(16)",
        "inserted",
        "stage1",
    ),
    "moved": (
        "gap -> dropout(0.1) ->",
        "dropout(0.1) -> gap ->",
        "moved",
        "dropout",
    ),
    "put into a group": (
        "gap -> dropout(0.1) ->",
        "head: (gap -> dropout(0.1)) ->",
        "regrouped",
        "head",
    ),
    "output": (
        "output logits",
        "output scores",
        "renamed",
        "scores",
    ),
    "default": (
        "block unit",
        "default conv(bias = false)\nblock unit",
        "changed",
        "default conv",
    ),
    "parameter": (
        "classes = 10",
        "classes = 20",
        "changed",
        "classes",
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_one_edit_is_one_hunk_and_names_it(name: str) -> None:
    old, new, kind, said = EDITS[name]
    assert BASE.count(old) == 1
    found = of_texts(BASE, BASE.replace(old, new))
    assert [hunk.kind for hunk in found.hunks] == [kind], found.hunks
    (hunk,) = found.hunks
    words = f"{hunk.where} {hunk.what} {[(p.a, p.b) for p in hunk.places]}"
    assert said in words


def test_constants_and_names_are_one_hunk_wherever_they_are_used() -> None:
    text = """width = 16
    block pair(x) { inner = 2 * width  return x -> conv(inner, 3) -> conv(inner, 3) }
    network net() { image = input(3, 32, 32)
        output y = image -> conv(width, 3) -> pair -> pair -> gap -> dense(2) }"""
    (hunk,) = of_texts(text, text.replace("width = 16", "width = 24")).hunks
    assert hunk.what == "width 16 -> 24"
    (hunk,) = of_texts(text, text.replace("2 * width", "3 * width")).hunks
    assert hunk.what == "inner 2 * width -> 3 * width"


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_k_edits_are_at_most_k_hunks_that_name_their_places(seed: int) -> None:
    draw = Random(seed)
    blocks = draw.randint(1, 3)
    units = [[draw.choice(STEPS) for _ in range(draw.randint(2, 5))] for _ in range(blocks)]
    order = [draw.randrange(blocks) for _ in range(draw.randint(2, 6))]
    count = draw.randint(1, 3)
    edited = [list(unit) for unit in units]
    places: list[str] = []
    chosen = draw.sample([(b, s) for b in set(order) for s in range(len(units[b]))], k=min(
        count, sum(len(units[b]) for b in set(order))))  # fmt: skip
    for block, step in sorted(chosen, reverse=True):
        how = draw.choice(("insert", "remove", "change"))
        if how == "insert":
            edited[block].insert(step, "lrn(3)")
        elif how == "remove":
            del edited[block][step]
        else:
            edited[block][step] = "conv(8, 5, pad = 2)"
        places.append(f"unit{block}")
    if not all(edited):
        return
    found = of_texts(_spec(units, order), _spec(edited, order))
    changed = [b for b in range(blocks) if units[b] != edited[b] and b in order]
    assert len(found.hunks) <= len(chosen), [(h.kind, h.where, h.what) for h in found.hunks]
    named = {
        scope
        for hunk in found.hunks
        for place in hunk.places
        for scope in [(place.b or place.a or "").partition(".")[0]]
    }
    for place, block in enumerate(order):
        if block in changed:
            assert f"u{place}" in named
        else:
            assert f"u{place}" not in named


STEPS = ("conv(8, 3, pad = 1)", "bn", "relu", "conv(8, 1)", "avgpool(3, stride = 1, pad = 1)")


def _spec(units: list[list[str]], order: list[int]) -> str:
    blocks = "".join(
        f"block unit{n}(x) {{ return x -> {' -> '.join(unit)} }}\n" for n, unit in enumerate(units)
    )
    calls = " -> ".join(f"u{place}: unit{n}" for place, n in enumerate(order))
    return f"""{blocks}network net() {{ image = input(8, 16, 16)
        output y = image -> {calls} -> gap -> dense(2) }}"""


# --- the command


def test_statuses_are_those_of_diff(tiny: Path, capsys) -> None:
    other = tiny.with_name("other.cnn")
    other.write_text(TINY.replace("conv(4, 3)", "conv(8, 3)"))
    assert run(["diff", "tiny.cnn", "tiny.cnn"]) == 0
    assert "no difference" in capsys.readouterr().out
    assert run(["diff", "tiny.cnn", "other.cnn"]) == 1
    assert "filters 4 -> 8" in capsys.readouterr().out
    other.write_text("network tiny( {")
    assert run(["diff", "tiny.cnn", "other.cnn"]) == 2
    assert run(["diff", "tiny.cnn", "nowhere.cnn"]) == 2
    assert run(["diff", "tiny.cnn"]) == 2


def test_json_says_it_all(tiny: Path, capsys) -> None:
    tiny.with_name("other.cnn").write_text(TINY.replace("conv(4, 3)", "first: conv(4, 3)"))
    assert run(["diff", "tiny.cnn", "other.cnn", "--json", "--rename-file", "names"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert data["schema"] == "cnnspec.diff/1"
    (one,) = data["networks"]
    (hunk,) = one["hunks"]
    assert hunk["kind"] == "renamed"
    assert hunk["changes"] == [{"name": "label", "before": "conv1", "after": "first"}]
    assert hunk["places"][0]["a"] == "conv1"
    assert one["keys"]["renamed"][0] == {"before": "conv1.weight", "after": "first.weight"}
    names = tiny.with_name("names").read_text()
    assert names == "conv1.weight=first.weight\nconv1.bias=first.bias\n"


def test_networks_of_files_are_paired_by_name(empty: Path, capsys) -> None:
    two = TINY + TINY.replace("tiny", "second")
    (empty / "a.cnn").write_text(two)
    (empty / "b.cnn").write_text(two.replace("second", "third").replace("conv(4", "conv(5"))
    assert run(["diff", "a.cnn", "b.cnn"]) == 1
    out = capsys.readouterr().out
    assert "filters 4 -> 5" in out
    assert "- second: only in a.cnn" in out
    assert "+ third: only in b.cnn" in out


def test_settings_reach_both(tiny: Path, capsys) -> None:
    assert run(["diff", "tiny.cnn", "tiny.cnn", "--set", "classes=7", "--input", "3x9x9"]) == 0
    assert run(["diff", "resnet18", "resnet18", "--set", "nothing=7"]) == 2


def git(*arguments: str, folder: Path) -> str:
    who = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    names = [f"GIT_{a}_{b}" for a in ("AUTHOR", "COMMITTER") for b in ("NAME", "EMAIL")]
    env = {**os.environ, **who, **dict.fromkeys(names, "someone")}
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_git_shows_what_changed(tmp_path: Path, monkeypatch, capsys) -> None:
    driver = f"{sys.executable} -m cnnspec diff --git"
    git("init", "-q", "-b", "main", folder=tmp_path)
    git("config", "diff.cnnspec.command", driver, folder=tmp_path)
    nets = tmp_path / "nets"
    nets.mkdir()
    (tmp_path / ".gitattributes").write_text("*.cnn diff=cnnspec\n")
    (nets / "part.cnn").write_text("block part(x) { return x -> conv(4, 3) -> relu }\n")
    spec = """use "part.cnn"
network n() { image = input(3, 8, 8)
    output y = image -> part -> gap -> dense(2) }
"""
    (nets / "n.cnn").write_text(spec)
    page = (Path(__file__).parent.parent / "docs" / "diff.md").read_text()
    (names,) = re.findall(r'^git config diff.cnnspec.xfuncname "(.*)"$', page, re.MULTILINE)
    git("config", "diff.cnnspec.xfuncname", names, folder=tmp_path)
    git("add", ".", folder=tmp_path)
    git("commit", "-q", "-m", "one", folder=tmp_path)
    (nets / "n.cnn").write_text(spec.replace("part -> gap", "part -> bn -> gap"))
    out = git("diff", folder=tmp_path)
    assert "cnnspec diff nets/n.cnn" in out
    assert "+ bn" in out
    plain = git("diff", "--no-ext-diff", "-U0", folder=tmp_path)
    assert "@@ network n() { image = input(3, 8, 8)" in plain
    git("mv", "nets/n.cnn", "nets/m.cnn", folder=tmp_path)
    git("add", ".", folder=tmp_path)
    assert "nets/n.cnn -> nets/m.cnn" in git("diff", "--cached", "-M20%", folder=tmp_path)
    (nets / "m.cnn").write_text("network n( {\n")
    assert "+network n( {" in git("diff", folder=tmp_path)
    (nets / "part.cnn").write_text("block part(x) { return x -> conv(4, 5) -> relu }\n")
    done = subprocess.run(
        ["git", "diff", "nets/part.cnn"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "+block part(x) { return x -> conv(4, 5)" in done.stdout
    assert done.stderr == ""
    monkeypatch.chdir(nets)
    assert run(["diff", "HEAD:n.cnn", "HEAD:n.cnn"]) == 0
    assert run(["diff", "NOWHERE:n.cnn", "HEAD:n.cnn"]) == 2
    assert "git does not show NOWHERE:n.cnn" in capsys.readouterr().err


def test_git_may_say_that_a_path_is_not_merged(capsys) -> None:
    assert run(["diff", "--git", "nets/n.cnn"]) == 0
    assert capsys.readouterr().out == "nets/n.cnn is not merged\n"


def test_the_page_shows_what_commands_print(pytestconfig, empty: Path, capfd) -> None:
    page = Path(__file__).parent.parent / "docs" / "diff.md"
    text = fresh(page, lambda: capfd.readouterr().out, statuses=(0, 1))
    if pytestconfig.getoption("--update-golden"):
        page.write_text(text)
    assert text == page.read_text()
    keys = set(re.findall(r'^ +"(\w+)":', text, re.MULTILINE))
    assert {"places", "renamed", "kept"} <= keys
    for key in keys:
        assert f"`{key}`" in text


@pytest.mark.parametrize("form", ["svg", "png", "pdf", "dot", "mermaid", "html"])
def test_two_networks_are_drawn_on_one_page(form: str, empty: Path, capsys) -> None:
    target = f"both.{form}"
    assert run(["draw", "vgg16_bn", "--against", "vgg16", "--format", form, "-o", target]) == 0
    assert f"drew VGG-16-BN against VGG-16 in {target}" in capsys.readouterr().err
    content = Path(target).read_bytes()
    assert run(["draw", "vgg16_bn", "--against", "vgg16", "--format", form, "-o", "again"]) == 0
    assert Path("again").read_bytes() == content
    if form not in ("png", "pdf"):
        assert b"VGG-16" in content
        assert b"~ " in content or b"#126; " in content


def test_what_only_one_has_is_marked_in_its_colour() -> None:
    found = compare(network("resnet18").elaborated, network("resnet34").elaborated)
    held = marks(found)
    new = {node.path.rpartition(".")[0] for node, mark in held.items() if mark == "added"}
    assert {"layer1.2", "layer2.2", "layer2.3"} <= new
    assert set(held.values()) == {"added"}
    drawn = drawing(Pair(found.a, found.b, held), format="dot").content.decode()
    assert drawn.count("+ ") > 3
    light = THEMES["light"]
    assert light.family("added") in drawn
    assert light.family("kept") in drawn


def test_volumes_are_of_one_network(empty: Path, capsys) -> None:
    options = ["--style", "volumes", "-o", "a.svg"]
    assert run(["draw", "resnet18", "--against", "resnet34", *options]) == 2
    assert "volumes are of one network" in capsys.readouterr().err


@pytest.mark.slow
def test_large_networks_are_compared_in_linear_time() -> None:
    def spec(*steps: str) -> str:
        return f"""network n() {{ image = input(4, 8, 8)
            x = image
            for i in range(250) {{ x = x -> {" -> ".join(steps)} }}
            output y = x -> gap -> dense(2) }}"""

    plain = ("conv(4, 1)", "relu")
    (hunk,) = of_texts(spec(*plain), spec("conv(4, 1)", "bn", "relu")).hunks
    assert hunk.kind == "inserted"
    (hunk,) = of_texts(spec(*plain), spec("conv(4, 3, pad = 1)", "relu")).hunks
    assert hunk.kind == "changed"
    assert len(hunk.places) == 250


def test_convert_reads_the_names_that_diff_writes(empty: Path, capsys) -> None:
    import numpy as np
    from safetensors.numpy import load_file, save_file

    spec = """network n() { image = input(4, 8, 8)
        x = image -> conv1: conv(4, 1) -> features: (conv(4, 1) -> relu -> conv(4, 1) -> conv(4, 1))
        output y = x -> inner: (relu -> conv1: conv(4, 1)) -> gap -> dense(2) }
"""
    other = spec.replace("image -> conv1:", "image -> stem:").replace(
        "(conv(4, 1) -> relu ->", "(conv(4, 1) -> relu -> dropout(0.1) ->"
    )
    (empty / "a.cnn").write_text(spec)
    (empty / "b.cnn").write_text(other)
    random = np.random.default_rng(3)
    a = {
        f"{node.path}.{weight.key}": random.random(weight.shape, np.float32)
        for node in cnnspec.load("a.cnn").nodes
        for weight in node.weights
    }
    save_file(a, "a.safetensors")
    assert run(["diff", "a.cnn", "b.cnn", "--rename-file", "names", "-q"]) == 1
    command = ["convert", "a.safetensors", "--spec", "b.cnn", "-o", "b.safetensors"]
    assert run([*command, "--rename-file", "names"]) == 0, capsys.readouterr().err
    b = load_file("b.safetensors")
    pairs = {"conv1": "stem", "features.2": "features.3", "features.3": "features.4"}
    for key, value in a.items():
        path, _, name = key.rpartition(".")
        assert (b[f"{pairs.get(path, path)}.{name}"] == value).all(), key


@settings(max_examples=15, deadline=None)
@example(131072)  # the first of two rows of equal blocks becomes longer
@given(st.integers(0, 2**32 - 1))
def test_k_numbers_edited_in_a_random_network_are_at_most_k_hunks(seed: int) -> None:
    draw = Random(seed)
    text = spec(Generator(seed).program(0))
    a = cnnspec.loads(text).elaborated
    assert compare(a, cnnspec.loads(f"{text}\n# again\n").elaborated).same
    numbers = list(re.finditer(r"(?<![\w.])(\d+)(?![\w.])", text))
    count = draw.randint(1, min(3, len(numbers)))
    edited = text
    for found in sorted(draw.sample(numbers, count), key=lambda each: -each.start()):
        edited = f"{edited[: found.start()]}{int(found[1]) + 1}{edited[found.end() :]}"
    try:
        b = cnnspec.loads(edited).elaborated
    except cnnspec.SpecError:
        return  # what was edited does not compile
    found = compare(a, b)
    assert len(found.hunks) <= count, [(h.kind, h.where, h.what) for h in found.hunks]
    said = [(node.path, repr(node.op), node.shapes) for node in a.nodes]
    assert found.same == (said == [(node.path, repr(node.op), node.shapes) for node in b.nodes])
