"""The command line: what goes where, what is never overwritten, and what the exit status says."""

from __future__ import annotations

import io
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import cnnspec
from cnnspec import library
from cnnspec.cli import program, run

TINY = """network tiny(classes = 10) {
    image = input(3, 8, 8)
    output logits = image -> conv(4, 3) -> relu -> gap -> dense(classes)
}
"""


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tiny(empty: Path) -> Path:
    file = empty / "tiny.cnn"
    file.write_text(TINY)
    return file


def process(*arguments: str, **how) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cnnspec", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **how)


def typed(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    stream = io.TextIOWrapper(io.BytesIO(text))
    monkeypatch.setattr(sys, "stdin", stream)


# --- where a spec comes from


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
    assert run(["check", "two.cnn"]) == 1
    said = capsys.readouterr().err
    assert "tiny, small" in said
    assert run(["check", "two.cnn:smal"]) == 1
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
    assert run(["check", spec]) == 1
    captured = capsys.readouterr()
    assert "missing-file" in captured.err
    assert said in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"# fine\n\xc3(", "on line 2"),
        (b" " * (library.LARGEST + 1), "too large"),
    ],
)
def test_a_file_that_is_no_text_is_refused(empty: Path, capsys, content: bytes, said: str) -> None:
    (empty / "odd.cnn").write_bytes(content)
    assert run(["check", "odd.cnn"]) == 1
    captured = capsys.readouterr().err
    assert "unreadable-file" in captured
    assert said in captured


def test_a_folder_is_no_spec(empty: Path, capsys) -> None:
    (empty / "photos").mkdir()
    assert run(["check", "photos"]) == 1
    assert "is a folder" in capsys.readouterr().err


def test_a_mark_of_byte_order_is_skipped(empty: Path) -> None:
    (empty / "bom.cnn").write_bytes(b"\xef\xbb\xbf" + TINY.encode())
    assert cnnspec.load("bom.cnn").name == "tiny"


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


# --- compile


def test_compile_writes_a_file_named_after_network_and_backend(tiny: Path, capsys) -> None:
    assert run(["compile", "tiny.cnn", "--backend", "torch"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("wrote tiny_torch.py")
    assert (tiny.parent / "tiny_torch.py").read_text() == cnnspec.load(tiny).source("torch")
    assert sorted(each.name for each in tiny.parent.iterdir()) == ["tiny.cnn", "tiny_torch.py"]


def test_compile_to_standard_output_says_nothing_else(tiny: Path, capsys) -> None:
    assert run(["compile", "tiny.cnn", "-b", "torch", "-o", "-"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out == cnnspec.load(tiny).source("torch")


def test_quiet_leaves_the_words_out(tiny: Path, capsys) -> None:
    assert run(["compile", "tiny.cnn", "-b", "torch", "-q"]) == 0
    assert capsys.readouterr() == ("", "")


def test_an_edited_file_is_overwritten_only_by_force(tiny: Path, capsys) -> None:
    command = ["compile", "tiny.cnn", "-b", "torch"]
    target = tiny.parent / "tiny_torch.py"
    assert run(command) == 0
    written = target.read_text()
    assert run(command) == 0
    for text in (written + "# mine\n", "print('mine')\n", "", "\udcff"):
        target.write_bytes(text.encode("utf-8", "surrogateescape"))
        assert run(command) == 2
        assert target.read_bytes() == text.encode("utf-8", "surrogateescape")
    assert "--force" in capsys.readouterr().err
    assert run([*command, "--force"]) == 0
    assert target.read_text() == written


def test_nothing_is_half_written(tiny: Path, capsys) -> None:
    tiny.write_text(TINY.replace("relu", "rellu"))
    assert run(["compile", "tiny.cnn", "-b", "torch"]) == 1
    assert "unknown-" in capsys.readouterr().err
    assert [each.name for each in tiny.parent.iterdir()] == ["tiny.cnn"]


def test_a_file_keeps_its_mode_and_a_link_stays_one(tiny: Path) -> None:
    real = tiny.parent / "real.py"
    real.touch(mode=0o640)
    link = tiny.parent / "link.py"
    link.symlink_to(real)
    assert run(["compile", "tiny.cnn", "-b", "torch", "-o", "link.py", "--force"]) == 0
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert "class Tiny" in real.read_text()


def test_what_cannot_be_written_is_said_in_words(tiny: Path, capsys) -> None:
    assert run(["compile", "tiny.cnn", "-b", "torch", "-o", "no/such/folder.py"]) == 2
    assert "cannot write no/such/folder.py: no such file" in capsys.readouterr().err
    assert run(["compile", "tiny.cnn", "-b", "torch", "-o", "."]) == 2
    assert "it is a folder" in capsys.readouterr().err


def test_parameters_inputs_and_limits_are_set_from_outside(tiny: Path, capsys) -> None:
    assert run(["check", "tiny.cnn", "--set", "classes=2+3", "--input", "1x16x16"]) == 0
    net = cnnspec.load(tiny, set={"classes": 5}, input=(1, 16, 16))
    assert f"{net.params:,} parameters, {net.macs:,} MACs" in capsys.readouterr().err
    assert run(["check", "tiny.cnn", "--limit", "nodes=3"]) == 1
    assert "budget-exceeded" in capsys.readouterr().err
    assert run(["check", "tiny.cnn", "--set", "clases=5"]) == 1
    assert "did you mean `classes`" in capsys.readouterr().err


def test_check_builds_the_emitted_class(tiny: Path, capsys, monkeypatch) -> None:
    command = ["compile", "tiny.cnn", "-b", "torch", "--check"]
    assert run(command) == 0
    capsys.readouterr()
    monkeypatch.setattr(cnnspec.Network, "mismatch", lambda *_, **__: ["conv1.weight: lost"])
    (tiny.parent / "tiny_torch.py").unlink()
    assert run(command) == 3
    assert "conv1.weight: lost" in capsys.readouterr().err
    assert not (tiny.parent / "tiny_torch.py").exists()


def test_a_framework_that_is_missing_comes_with_the_line_that_installs_it(
    tiny: Path, capsys, monkeypatch
) -> None:
    def mismatch(*_, **__):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(cnnspec.Network, "mismatch", mismatch)
    assert run(["compile", "tiny.cnn", "-b", "torch", "--check"]) == 4
    assert "pip install 'cnnspec[torch]'" in capsys.readouterr().err


# --- the other commands


def test_paths_lists_every_node(tiny: Path, capsys) -> None:
    assert run(["paths", "tiny.cnn"]) == 0
    rows = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()]
    nodes = cnnspec.load(tiny).nodes
    assert rows == [[node.path, node.kind, str(node.shape)] for node in nodes]
    assert ["conv1", "conv", "4 x 6 x 6"] in rows


def test_json_comes_under_a_versioned_schema(tiny: Path, capsys) -> None:
    for command, schema in (
        (["check", "tiny.cnn", "--json"], "cnnspec.check/1"),
        (["paths", "tiny.cnn", "--json"], "cnnspec.paths/1"),
        (["zoo", "--json"], "cnnspec.zoo/1"),
        (["backends", "--json"], "cnnspec.backends/1"),
        (["ops", "--json"], "cnnspec.ops/1"),
    ):
        assert run(command) == 0
        assert json.loads(capsys.readouterr().out)["schema"] == schema
    tiny.write_text(TINY.replace("relu", "rellu"))
    assert run(["check", "tiny.cnn", "--json"]) == 1
    captured = capsys.readouterr()
    (mistake,) = json.loads(captured.out)["diagnostics"]
    assert mistake["code"].startswith("unknown-")
    assert captured.err == ""


def test_cost_draws_a_plain_table_off_a_terminal(tiny: Path, capsys) -> None:
    assert run(["cost", "resnet50"]) == 0
    table = capsys.readouterr().out
    assert "25.6 M" in table
    assert "\x1b" not in table
    assert max(map(len, table.splitlines())) <= 92
    assert run(["cost", "tiny.cnn", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)


def test_draw_writes_a_picture(tiny: Path, capsys) -> None:
    assert run(["draw", "tiny.cnn"]) == 0
    assert "drew tiny in tiny.svg" in capsys.readouterr().err
    assert "<svg" in (tiny.parent / "tiny.svg").read_text()
    assert run(["draw", "tiny.cnn", "-o", "tiny.bmp"]) == 2


def test_zoo_lists_and_prints(capsys) -> None:
    assert run(["zoo"]) == 0
    assert "resnet50" in capsys.readouterr().out
    assert run(["zoo", "resnet50"]) == 0
    assert "network resnet50" in capsys.readouterr().out
    assert run(["zoo", "resnet5"]) == 1
    assert "resnet50" in capsys.readouterr().err


def test_shipped_networks_are_those_that_are_declared() -> None:
    from cnnspec.source import Source
    from cnnspec.syntax import tree
    from cnnspec.syntax.parse import parse

    for file in library.shipped_files():
        parsed = parse(Source(file, library.zoo_text(file)))
        declared = [
            item.name.id
            for item in parsed.items
            if isinstance(item, tree.NetworkDef | tree.Variant)
        ]
        assert declared == [name for name, home in library.shipped().items() if home == file]


def test_ops_shows_the_manual_of_an_operator(capsys) -> None:
    assert run(["ops", "conv"]) == 0
    page = capsys.readouterr().out
    assert page.startswith("conv(filters, size, stride = 1, pad = 0, dilation = 1, groups = 1, ")
    assert max(map(len, page.splitlines()[1:])) <= 100
    assert run(["ops", "covn"]) == 1
    assert "did you mean `conv`" in capsys.readouterr().err


def test_backends_names_one_that_does_not_load(capsys, monkeypatch) -> None:
    from cnnspec import backend

    def load():
        raise ImportError("their framework is missing")

    broken = SimpleNamespace(name="theirs", dist=SimpleNamespace(name="their-dist"), load=load)
    found = (*backend.entry_points(group=backend.GROUP), broken)
    monkeypatch.setattr(backend, "entry_points", lambda group: found)
    assert run(["backends"]) == 0
    captured = capsys.readouterr()
    assert "torch" in captured.out
    assert "theirs" not in captured.out
    assert "theirs does not load: their framework is missing" in captured.err
    assert "their-dist" in captured.err
    assert run(["compile", "resnet18", "-b", "theirs"]) == 1
    assert "broken-backend" in capsys.readouterr().err


def test_an_unknown_backend_gets_the_nearest(capsys) -> None:
    assert run(["compile", "resnet18", "-b", "torhc"]) == 1
    assert "did you mean `torch`" in capsys.readouterr().err


def test_a_checkout_that_is_not_installed_says_so(capsys, monkeypatch) -> None:
    from cnnspec import backend

    monkeypatch.setattr(backend, "entry_points", lambda group: ())
    assert run(["compile", "resnet18", "-b", "torch"]) == 1
    assert "pip install -e ." in capsys.readouterr().err
    assert run(["backends"]) == 1


def test_explain_prints_a_page(capsys) -> None:
    assert run(["explain", "shape-mismatch"]) == 0
    assert capsys.readouterr().out.startswith("# shape-mismatch\n")
    assert run(["explain", "shape-mismtach"]) == 1
    assert "did you mean `shape-mismatch`" in capsys.readouterr().err


# --- manners


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["compil", "resnet50"],
        ["check"],
        ["check", "resnet50", "--sett", "a=1"],
        ["check", "resnet50", "--set", "classes"],
        ["check", "resnet50", "--input", "3,224,224"],
        ["check", "resnet50", "--limit", "nodes=many"],
        ["compile", "resnet50"],
    ],
)
def test_wrong_usage_is_2(arguments: list[str], capsys) -> None:
    assert run(arguments) == 2
    assert capsys.readouterr().out == ""


def test_our_own_mistakes_are_3_and_show_no_traceback(capsys, monkeypatch) -> None:
    def load(*_, **__):
        raise ZeroDivisionError("oh\nno")

    monkeypatch.setattr("cnnspec.api.load", load)
    monkeypatch.delenv("CNNSPEC_TRACEBACK", raising=False)
    assert run(["check", "resnet50"]) == 3
    said = capsys.readouterr().err
    assert "a mistake of cnnspec" in said
    assert "Traceback" not in said
    monkeypatch.setenv("CNNSPEC_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        run(["check", "resnet50"])


def test_a_reader_that_leaves_ends_it_quietly() -> None:
    command = f"{sys.executable} -m cnnspec paths resnet152 | head -1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


def test_a_full_disk_is_said_in_words(capsys, monkeypatch) -> None:
    class Full:
        buffer = SimpleNamespace(write=lambda _: full())

    def full():
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stdout", Full)
    assert run(["zoo"]) == 2
    said = capsys.readouterr().err
    assert said == "error: cannot write to standard output: no space left on device\n"


def test_the_module_is_the_same_program() -> None:
    done = process("--version")
    assert (done.returncode, done.stdout) == (0, f"cnnspec {cnnspec.__version__}\n")


@pytest.mark.parametrize("command", ["check", "cost", "compile"])
def test_no_framework_is_loaded(command: str, empty: Path) -> None:
    program = (
        "import sys; from cnnspec.cli import run; "
        f"assert run(['{command}', 'resnet18', *{['-b', 'torch'] if command == 'compile' else []}])"
        " == 0; print([each for each in ('torch', 'keras', 'tensorflow') if each in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_version_needs_no_parser_and_no_graph() -> None:
    script = (
        "import sys; from cnnspec.cli import run; run(['--version']); "
        "print([each for each in ('lark', 'networkx', 'rich', 'graphviz') if each in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_command_explains_itself(capsys) -> None:
    assert set(program.commands) == {
        "backends",
        "check",
        "compile",
        "cost",
        "draw",
        "explain",
        "ops",
        "paths",
        "zoo",
    }
    for name in program.commands:
        assert run([name, "--help"]) == 0
        assert re.search(rf"Usage: cnnspec {name} \[OPTIONS\]", capsys.readouterr().out)


def test_no_colour_is_sent_where_it_is_not_wanted(tiny: Path) -> None:
    tiny.write_text(TINY.replace("relu", "rellu"))
    done = process("check", "tiny.cnn", cwd=tiny.parent, env={**os.environ, "NO_COLOR": "1"})
    assert done.returncode == 1
    assert "\x1b" not in done.stderr
