"""Where the command line finds a spec, and what `use` may read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import cnnspec
from cnnspec import library
from cnnspec.cli import run
from tests.command_line import TINY, typed


@pytest.mark.parametrize("spec", ["resnet18", "resnet18.cnn", "resnet.cnn:resnet18"])
def test_a_shipped_network_goes_by_several_names(spec: str) -> None:
    assert cnnspec.load(spec).name == "resnet18"


@pytest.mark.parametrize("spec", ["resnet18", "resnet18.cnn"])
def test_a_local_file_wins_over_a_shipped_network(empty: Path, spec: str) -> None:
    (empty / "resnet18.cnn").write_text(TINY)
    assert cnnspec.load(spec).name == "tiny"


def test_a_folder_does_not_hide_a_shipped_network(empty: Path) -> None:
    (empty / "resnet18").mkdir()
    assert cnnspec.load("resnet18").name == "resnet18"


def test_a_network_of_a_file_is_named_after_a_colon(empty: Path, capsys) -> None:
    (empty / "two.cnn").write_text(TINY + TINY.replace("tiny", "small"))
    assert cnnspec.load("two.cnn:small").name == "small"
    assert run(["cost", "two.cnn"]) == 2
    said = capsys.readouterr().err
    assert "tiny, small" in said
    assert run(["check", "two.cnn:smal"]) == 2
    assert "two.cnn:small" in capsys.readouterr().err


def test_a_spec_is_read_from_standard_input(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    typed(monkeypatch, TINY.encode())
    assert run(["paths", "-"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["dense1", "dense", "10"]
    typed(monkeypatch, TINY.encode())
    assert run(["check", "--", "-:tiny"]) == 0


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("resnet5O", "resnet50"),
        ("tyni.cnn", "tiny.cnn"),
        ("no/such/thing.cnn", "no/such/thing.cnn"),
        ("", "no file"),
        ("a\0b", "no file"),
    ],
)
def test_a_spec_that_is_not_there_is_missed_by_name(
    tiny: Path, capsys, spec: str, said: str
) -> None:
    assert run(["check", spec]) == 2
    captured = capsys.readouterr()
    assert "missing-file" in captured.err
    assert said in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (b"\xff\xfe\x00", "not-text", "not UTF-8"),
        (b"# fine\n\xc3(", "not-text", "on line 2"),
        (b" " * (library.LARGEST + 1), "too-large", "too large"),
    ],
)
def test_a_file_that_is_no_text_is_refused(
    empty: Path, capsys, content: bytes, code: str, said: str
) -> None:
    (empty / "odd.cnn").write_bytes(content)
    assert run(["check", "odd.cnn"]) == 1
    captured = capsys.readouterr().err
    assert code in captured
    assert said in captured


def test_a_folder_is_no_spec(empty: Path, capsys) -> None:
    (empty / "photos").mkdir()
    assert run(["check", "photos"]) == 2
    assert "is a folder" in capsys.readouterr().err


def test_a_mark_of_byte_order_is_skipped(empty: Path) -> None:
    (empty / "bom.cnn").write_bytes(b"\xef\xbb\xbf" + TINY.encode())
    assert cnnspec.load("bom.cnn").name == "tiny"


def test_a_link_that_leads_nowhere_is_said_to(empty: Path, capsys) -> None:
    (empty / "loop.cnn").symlink_to("loop.cnn")
    assert run(["check", "loop.cnn"]) == 2
    assert "leads nowhere" in capsys.readouterr().err
    (empty / "user.cnn").write_text('use "loop.cnn"\n' + TINY)
    assert run(["check", "user.cnn"]) == 1
    assert "leads nowhere" in capsys.readouterr().err


# --- what `use` may read


BLOCKS = "block unit(x, width) {\n    return x -> conv(width, 3) -> relu\n}\n"


def user(file: str) -> str:
    return f'use "{file}"\n' + TINY.replace("conv(4, 3) -> relu", "unit(4)")


def test_use_reads_a_file_beside_or_below(empty: Path) -> None:
    (empty / "parts").mkdir()
    (empty / "parts" / "blocks.cnn").write_text(BLOCKS)
    (empty / "parts" / "all.cnn").write_text('use "blocks.cnn"\n')
    (empty / "net.cnn").write_text(user("parts/blocks.cnn"))
    assert cnnspec.load("net.cnn").params == cnnspec.loads(TINY).params
    assert cnnspec.load(empty / "net.cnn").params == cnnspec.loads(TINY).params


def test_use_never_leaves_the_folder_of_the_spec(empty: Path, capsys) -> None:
    (empty / "secret.cnn").write_text(BLOCKS)
    inner = empty / "inner"
    inner.mkdir()
    (inner / "link.cnn").symlink_to(empty / "secret.cnn")
    for name in ("../secret.cnn", "link.cnn", str(empty / "secret.cnn"), "../inner/../secret.cnn"):
        (inner / "net.cnn").write_text(user(name))
        assert run(["check", "inner/net.cnn"]) == 1
        assert "outside-tree" in capsys.readouterr().err


def test_a_file_that_is_used_by_two_ways_is_one_file(empty: Path) -> None:
    (empty / "parts").mkdir()
    (empty / "parts" / "unit.cnn").write_text("width = 4\n" + BLOCKS)
    (empty / "parts" / "more.cnn").write_text(
        'use "unit.cnn"\nblock wide(x) { return x -> unit(width) }\n'
    )
    (empty / "net.cnn").write_text(
        'use "parts/unit.cnn"\nuse "parts/more.cnn"\nuse "./parts/../parts/unit.cnn"\n'
        + TINY.replace("conv(4, 3) -> relu", "wide -> unit(width)")
    )
    assert cnnspec.load("net.cnn").params > 0


def test_nothing_leaks_through_two_levels_of_use(empty: Path, capsys) -> None:
    (empty / "parts").mkdir()
    (empty / "parts" / "unit.cnn").write_text("width = 4\n" + BLOCKS + TINY)
    (empty / "parts" / "more.cnn").write_text(
        'use "unit.cnn"\nblock wide(x) { return x -> unit(width) }\n'
    )
    for name, word in (("unit(4)", "unit"), ("conv(width, 3)", "width")):
        text = TINY.replace("conv(4, 3) -> relu", f"wide -> {name}")
        (empty / "net.cnn").write_text('use "parts/more.cnn"\n' + text)
        assert run(["check", "net.cnn"]) == 1
        said = capsys.readouterr().err
        assert f"nothing is called `{word}`" in said
        assert f'`{word}` is declared in parts/unit.cnn: write `use "parts/unit.cnn"` here' in said
    (empty / "net.cnn").write_text('use "parts/more.cnn"\nnetwork other = tiny()\n')
    assert run(["check", "net.cnn"]) == 1
    assert 'write `use "parts/unit.cnn"` here' in capsys.readouterr().err


def test_use_names_the_nearest_file(empty: Path, capsys) -> None:
    (empty / "blocks.cnn").write_text(BLOCKS)
    (empty / "net.cnn").write_text(user("block.cnn"))
    assert run(["check", "net.cnn"]) == 1
    said = capsys.readouterr().err
    assert "missing-file" in said
    assert "`blocks.cnn`" in said


def test_files_that_use_each_other_are_told_so(empty: Path, capsys) -> None:
    (empty / "a.cnn").write_text('use "b.cnn"\n' + TINY)
    (empty / "b.cnn").write_text('use "./a.cnn"\n')
    assert run(["check", "a.cnn"]) == 1
    assert "use-cycle" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("body", "help_"),
    [
        ("output y = x -> upsample(2, mode = bicubic)", "`mode` is `nearest` or `bilinear`"),
        ("output y = add(x -> conv(4, 1), x)", "`x -> conv(4, 1)`"),
        (
            "output y = add(x -> conv(4, 3, stride = 2, pad = 1), x)",
            "`x -> conv(4, 1, stride = 2)`",
        ),
        ("output y = add(x -> conv(4, 3), x)", "make channels, heights and widths equal"),
        ("output y = concat(x -> gap, x)", "bring both to vectors: `x -> gap` or `x -> flatten`"),
        ("output y = concat(x -> conv(4, 3), x)", "check `pad` and `stride`"),
    ],
)
def test_the_help_leads_to_what_works(body: str, help_: str) -> None:
    with pytest.raises(cnnspec.SpecError) as mistake:
        cnnspec.loads(f"network n {{ x = input(3, 8, 8)\n{body} }}")
    assert help_ in str(mistake.value.diagnostics[0].help)


@pytest.mark.parametrize("shape", ["3x32", "0x3x3", "3x3x3x3", "ax3x3"])
def test_a_shape_is_an_image_or_a_vector(shape: str, capsys) -> None:
    assert run(["check", "lenet5", "--input", shape]) == 2
    assert "3x224x224" in capsys.readouterr().err


def test_what_is_proposed_for_a_shipped_file_can_be_typed(capsys) -> None:
    assert run(["cost", "efficientnet"]) == 2
    assert "`efficientnet.cnn:efficientnet_b7`" in capsys.readouterr().err
    assert run(["check", "efficientnet.cnn:efficientnet_b7", "--quiet"]) == 0


def test_a_shape_channels_last_is_told_in_the_words_of_the_option(capsys) -> None:
    assert run(["check", "resnet18", "--input", "224x224x3"]) == 0
    assert "an image in colour is `--input 3x224x224`" in capsys.readouterr().err


TWO = """
block unit(x, n) { return x -> conv(n, 3) -> relu }
network one { image = input(3, 8, 8)  output y = image -> unit(4) -> gap }
network two { image = input(3, 8, 8)  output y = image -> unit(%s) -> gap }
"""


def test_check_looks_at_every_network_of_a_file(tmp_path: Path, capsys) -> None:
    file = tmp_path / "two.cnn"
    file.write_text(TWO % 8)
    assert run(["check", str(file)]) == 0
    said = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in said] == ["one", "two"]
    assert run(["check", str(file), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert [each["network"] for each in facts["networks"]] == ["one", "two"]
    assert run(["check", f"{file}:one", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["network"] == "one"


def test_a_mistake_of_two_networks_is_told_once(tmp_path: Path, capsys) -> None:
    file = tmp_path / "two.cnn"
    file.write_text((TWO % "foo").replace("relu", "rleu"))
    assert run(["check", str(file)]) == 1
    said = capsys.readouterr().err
    assert said.count("nothing is called `rleu`") == 1
    assert said.count("nothing is called `foo`") == 1
