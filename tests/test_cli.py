"""The command line: what each command says, and what the exit status says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.shell_completion import get_completion_class

import cnnspec
from cnnspec import library
from cnnspec.cli import program, run
from tests.command_line import TINY, process

# --- what each command says


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
    assert run(["zoo", "resnet5"]) == 2
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
    assert page.startswith("conv(filters, size, *, stride = 1, pad = 0, dilation = 1, groups = 1, ")
    assert "By position: filters, size; the rest by name." in " ".join(page.split())
    assert max(map(len, page.splitlines()[1:])) <= 100
    assert run(["ops", "covn"]) == 2
    assert "did you mean `conv`" in capsys.readouterr().err


def test_backends_names_one_that_does_not_load(capsys, monkeypatch) -> None:
    from cnnspec import backend, plugins

    def load():
        raise ImportError("their framework is missing")

    broken = SimpleNamespace(name="theirs", dist=SimpleNamespace(name="their-dist"), load=load)
    found = [*plugins.every(backend.GROUP), broken]
    monkeypatch.setattr(plugins, "every", lambda group: found)
    assert run(["backends"]) == 0
    captured = capsys.readouterr()
    assert "torch" in captured.out
    assert "theirs" not in captured.out
    assert "theirs does not load: their framework is missing" in captured.err
    assert "their-dist" in captured.err
    assert run(["compile", "resnet18", "-b", "theirs"]) == 2
    assert "broken-backend" in capsys.readouterr().err


def test_an_unknown_backend_gets_the_nearest(capsys) -> None:
    assert run(["compile", "resnet18", "-b", "torhc"]) == 2
    assert "did you mean `torch`" in capsys.readouterr().err


def test_a_checkout_that_is_not_installed_says_so(capsys, monkeypatch) -> None:
    from cnnspec import plugins

    monkeypatch.setattr(plugins, "every", lambda group: [])
    assert run(["compile", "resnet18", "-b", "torch"]) == 2
    assert "pip install -e ." in capsys.readouterr().err
    assert run(["backends"]) == 2


def test_explain_prints_a_page(capsys) -> None:
    assert run(["explain", "shape-mismatch"]) == 0
    assert capsys.readouterr().out.startswith("# shape-mismatch\n")
    assert run(["explain", "shape-mismtach"]) == 2
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
        ["check", "resnet50", "--set", "classes=5", "--set", "classes = 6"],
        ["check", "resnet50", "--limit", "nodes=500", "--limit", "nodes=600"],
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
    assert run(["cost", "resnet50"]) == 3
    said = capsys.readouterr().err
    assert "a mistake of cnnspec" in said
    assert "Traceback" not in said
    monkeypatch.setenv("CNNSPEC_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        run(["cost", "resnet50"])


def test_a_reader_that_leaves_ends_it_quietly() -> None:
    command = f"{sys.executable} -m cnnspec paths resnet152 | head -1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


def test_streams_that_the_shell_closed_are_no_mistake() -> None:
    code = (
        "import sys; sys.stdout = None; from cnnspec.cli import main; main(['paths', 'resnet18'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("compile resnet1", "resnet18"),
        ("zoo resnet15", "resnet152"),
        ("ops conv_", "conv_transpose"),
        ("explain shape", "shape-mismatch"),
        ("compile resnet18 --back", "--backend"),
        ("compile resnet18 --backend t", "torch"),
        ("compare resnet18 resnet15", "resnet152"),
        ("cost resnet18 --columns params,mac", "params,macs"),
        ("compare --columns na", "name"),
        ("cost resnet18 --sort par", "params"),
        ("cost resnet18 --device h", "h100"),
        ("draw resnet18 --focus layer1.", "layer1.0"),
        ("draw resnet18 --show shape,pa", "shape,params"),
        ("verify lenet5 --backends numpy,t", "numpy,torch"),
        ("convert x.pt --to s", "safetensors"),
        ("convert x.pt --spec lenet", "lenet5"),
    ],
)
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes_what_there_is(
    shell: str, words: str, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = f"cnnspec {words}"
    last = words.rsplit(maxsplit=1)[-1]
    monkeypatch.setenv("COMP_WORDS", typed if shell != "fish" else typed.removesuffix(last))
    monkeypatch.setenv("COMP_CWORD", last if shell == "fish" else str(len(words.split())))
    asked = get_completion_class(shell)(program, {}, "cnnspec", "_CNNSPEC_COMPLETE")
    assert wanted in asked.complete()


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
        "compare",
        "compile",
        "convert",
        "cost",
        "diff",
        "draw",
        "explain",
        "fmt",
        "import",
        "lsp",
        "new",
        "ops",
        "paths",
        "solve",
        "sweep",
        "verify",
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


@pytest.mark.parametrize(
    ("command", "file"),
    [
        *(("draw {spec} -q -o {file}", f"x.{end}") for end in ("svg", "png", "pdf", "html")),
        *(("draw {spec} -q -o {file}", f"x.{end}") for end in ("dot", "mmd", "md")),
        *(
            (f"cost {{spec}} --format {kind} -o {{file}}", f"x.{kind}")
            for kind in ("csv", "json", "md", "latex", "table")
        ),
        ("compare {spec} alexnet --format csv -o {file}", "x.csv"),
        ("verify {spec} -q --backends numpy,torch --json -o {file}", "x.json"),
        ("compile {spec} -q -b torch -o {file}", "x.py"),
    ],
)
@pytest.mark.framework
def test_what_somebody_wrote_or_edited_is_overwritten_only_with_force(
    command: str, file: str, tmp_path: Path, capsys
) -> None:
    target, spec = tmp_path / file, tmp_path / "lenet5.cnn"
    spec.write_text(library.zoo_text("lenet5"))
    words = command.format(spec=spec, file=target).split()
    assert run(words) == 0
    left = target.read_bytes()
    again = left if "--json" not in words else None  # a certificate says how long it took
    assert run(words) == 0
    assert again is None or target.read_bytes() == again
    edited = b"mine\n" + target.read_bytes()
    target.write_bytes(edited)
    assert run(words) == 2
    assert target.read_bytes() == edited
    assert "--force" in capsys.readouterr().err
    assert run([*words, "--force"]) == 0
    assert again is None or target.read_bytes() == again


@pytest.mark.parametrize("command", ["cost", "draw --format svg"])
def test_a_spec_is_not_overwritten(command: str, tmp_path: Path) -> None:
    spec = tmp_path / "net.cnn"
    spec.write_text(library.zoo_text("lenet5"))
    assert run([*command.split(), str(spec), "-o", str(spec)]) == 2
    assert spec.read_text() == library.zoo_text("lenet5")


def test_totals_are_of_inference_and_of_training_in_every_table(tmp_path: Path, capsys) -> None:
    spec = tmp_path / "heads.cnn"
    spec.write_text(
        "network t { x = input(3, 8, 8) -> conv(4, 3)\n"
        "train output a = x -> gap -> f1: dense(3)\noutput y = x -> gap -> f2: dense(2) }"
    )
    for kind in ("table", "md", "latex"):
        assert run(["cost", str(spec), "--format", kind]) == 0
        rows = [line for line in capsys.readouterr().out.splitlines() if "total" in line]
        assert ["122" in rows[0], "137" in rows[1], len(rows)] == [True, True, 2]


def test_one_shape_is_not_given_to_several_inputs(tmp_path: Path, capsys) -> None:
    spec = tmp_path / "two.cnn"
    spec.write_text("network t { a = input(3, 8, 8) b = input(4)\noutput y = concat(a -> gap, b) }")
    assert run(["check", str(spec), "--input", "3x16x16"]) == 2
    assert "t has several" in capsys.readouterr().err


@pytest.mark.slow
def test_blocks_nested_thousands_deep_are_costed_or_refused(tmp_path: Path) -> None:
    spec = tmp_path / "deep.cnn"
    block = "block f(x, n) recurs on n {\nif n == 0 { return x }\nreturn x -> relu -> f(n - 1) }"
    for depth, status in ((1000, 0), (20_000, 1)):
        spec.write_text(f"{block}\nnetwork t {{ output y = input(3, 8, 8) -> f({depth}) }}")
        done = process("cost", str(spec), "--limit", "depth=100000", "--limit", "text=10000000")
        assert done.returncode == status
    assert "nested too deeply" in done.stderr


def test_the_zoo_says_which_parameters_it_counts(capsys) -> None:
    assert run(["zoo", "--help"]) == 0
    assert "training heads included" in " ".join(capsys.readouterr().out.split())
    shown = cnnspec.load("googlenet").params
    assert run(["zoo"]) == 0
    assert f" {shown:,} " in capsys.readouterr().out
