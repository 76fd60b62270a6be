"""The formatter: one style, and nothing but the layout changes."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

import cnnspec
from cnnspec import library
from cnnspec.cli import run
from cnnspec.diagnostics import SpecError
from cnnspec.formatter import format_text
from cnnspec.formatter.concrete import concrete, tokens
from cnnspec.source import Source
from cnnspec.testing.generate import Generator
from cnnspec.testing.program import spec
from tests.command_line import TINY, typed
from tests.test_cases import CASES

pytestmark = pytest.mark.slow

FILES = library.shipped_files()
SHIPPED = {name: library.zoo_text(name) for name in library.shipped()}
WIDEST = 100


def formatted(text: str) -> str:
    return format_text(Source("a.cnn", text))


def words(text: str) -> list[str]:
    """The tokens of a text, without commas that end a list."""
    found = " ".join(map(str, tokens(concrete(text).root)))
    return re.sub(r" ,(?= [)\]])", "", found).split(" ")


def comments(text: str) -> list[str]:
    return [c.text for _, gap in sorted(concrete(text).gaps.items()) for c in gap.comments]


def holds(text: str) -> str:
    """Format a text; it is the same text but for its layout, and a second time changes nothing."""
    result = formatted(text)
    assert formatted(result) == result
    assert words(result) == words(text)
    assert comments(result) == comments(text)
    return result


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_a_shipped_network_stays_the_same_graph(name: str) -> None:
    text = holds(SHIPPED[name])
    before = cnnspec.loads(SHIPPED[name], name="a.cnn", network=name)
    after = cnnspec.loads(text, name="a.cnn", network=name)
    assert [(n.path, n.op.name, n.shapes) for n in before.nodes] == [
        (n.path, n.op.name, n.shapes) for n in after.nodes
    ]


def test_every_case_that_parses_keeps_its_tokens_and_comments() -> None:
    held = 0
    for case in CASES:
        try:
            holds(case.blocks[0][1])
        except SpecError:
            continue
        held += 1
    assert held > 80


def scrambled(text: str, seed: int) -> str:
    """Write a text with other white space, and comments where nobody expects one."""
    chance = random.Random(seed)
    breaks, remarks = chance.choice([0.02, 0.1, 0.4]), chance.choice([0, 0.01, 0.05])
    pieces: list[str] = []
    stop = 0
    for token in tokens(concrete(text).root):
        gap = text[stop : token.start] if stop else ""
        same_line = token in ("(", "[", "-", "//") or not stop
        if not same_line and "#" not in gap and chance.random() < breaks:
            gap = chance.choice(["\n", " ", "\n\n\n", "   ", "\n  "])
        if not same_line and chance.random() < remarks:
            number = chance.randrange(10**6)
            gap = chance.choice([" # {}\n", "\n# {}\n", "\n\n# {}\n\n"]).format(number)
        pieces += [gap, token]
        stop = token.stop
    return "".join(pieces) + chance.choice(["", "\n", "  # the end"])


@pytest.mark.parametrize("seed", range(60))
def test_whatever_the_white_space_and_the_comments(seed: int) -> None:
    texts = [library.read(str(library._zoo() / file)).text for file in FILES]
    text = scrambled(random.Random(seed).choice(texts), seed)
    try:
        cnnspec.loads(text, name="a.cnn", network="none")
    except SpecError as wrong:
        if wrong.diagnostics[0].code != "unknown-network":
            return  # a line's end where none may be
    holds(text)


def test_random_networks_keep_their_tokens() -> None:
    generator = Generator(3)
    for number in range(30):
        holds(spec(generator.program(number)))


def test_the_style() -> None:
    before = (Path(__file__).parent / "golden/format/before.cnn").read_text()
    after = Path(__file__).parent / "golden/format/after.cnn"
    assert holds(before) == after.read_text()


@pytest.mark.parametrize("file", FILES)
def test_what_ships_is_formatted(file: str) -> None:
    text = library.read(str(library._zoo() / file)).text
    assert formatted(text) == text


def test_lines_are_no_longer_than_they_must_be() -> None:
    for text in SHIPPED.values():
        code = [line.partition("  #")[0] for line in formatted(text).splitlines()]
        assert max(len(line) for line in code if not line.startswith("#")) <= WIDEST


def test_line_ends_stay_as_they_are() -> None:
    text = TINY.replace("\n", "\r\n").replace(" = ", "=")
    result = formatted(text)
    assert result == TINY.replace("\n", "\r\n")


def test_a_text_that_does_not_parse_is_refused() -> None:
    with pytest.raises(SpecError):
        formatted("network n( {")


def test_a_file_is_formatted_where_it_stands(empty: Path, capsys) -> None:
    file = empty / "tiny.cnn"
    file.write_text(TINY.replace(" = ", "="))
    assert run(["fmt", "--check", "tiny.cnn"]) == 1
    assert run(["fmt", "--diff", "tiny.cnn"]) == 1
    assert "+    image = input(3, 8, 8)" in capsys.readouterr().out
    assert file.read_text() != TINY
    assert run(["fmt", "tiny.cnn"]) == 0
    assert "formatted tiny.cnn" in capsys.readouterr().err
    assert file.read_text() == TINY
    assert run(["fmt", "--check", "."]) == 0


def test_a_folder_is_walked_and_what_is_wrong_is_told_and_left(empty: Path, capsys) -> None:
    (empty / "inner").mkdir()
    (empty / ".hidden").mkdir()
    for name in ("a.cnn", "inner/b.cnn", ".hidden/c.cnn"):
        (empty / name).write_text(TINY.replace(" = ", "="))
    (empty / "broken.cnn").write_text("network n( {")
    assert run(["fmt", "."]) == 1
    said = capsys.readouterr().err
    assert "broken.cnn:1:12" in said
    assert "2 files formatted now, 0 files unchanged" in said
    assert (empty / "inner/b.cnn").read_text() == TINY
    assert (empty / ".hidden/c.cnn").read_text() != TINY
    assert (empty / "broken.cnn").read_text() == "network n( {"


def test_standard_input_goes_to_standard_output(monkeypatch, capsysbinary) -> None:
    typed(monkeypatch, TINY.replace(" = ", "=").encode())
    assert run(["fmt", "-"]) == 0
    assert capsysbinary.readouterr().out.decode() == TINY


@pytest.mark.parametrize("paths", [["nothing.cnn"], ["-", "tiny.cnn"], ["tiny.cnn", "none"], []])
def test_what_cannot_be_formatted_is_wrong_usage(tiny: Path, paths: list[str]) -> None:
    before = tiny.read_bytes()
    Path("none").mkdir()
    assert run(["fmt", *paths]) == 2
    assert tiny.read_bytes() == before
