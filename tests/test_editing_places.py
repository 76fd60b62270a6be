"""Addresses of documents, pieces of texts that move, and what is kept from edit to edit."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from cnnspec import library
from cnnspec.editing.hints import hints
from cnnspec.editing.places import inside, path_of
from cnnspec.editing.sheet import Sheet, sheet_of
from cnnspec.source import Source

RESNET = library.zoo_text("resnet50")


@pytest.mark.parametrize(
    ("uri", "roots", "is_inside"),
    [
        ("file:///nets/a.cnn", ["file:///nets"], True),
        ("file:///nets/../secret/a.cnn", ["file:///nets"], False),
        ("file:///nets/%2e%2e/secret/a.cnn", ["file:///nets"], False),
        ("file:///netshop/a.cnn", ["file:///nets"], False),
        ("file:///c%3A/Nets/a.cnn", ["file:///C:/nets"], True),
        ("file:///d%3A/Nets/a.cnn", ["file:///C:/nets"], False),
        ("file:///c%3A/nets/..%5C..%5Cb/a.cnn", ["file:///c:/nets"], False),
    ],
)
def test_which_addresses_lie_in_which(uri: str, roots: list[str], *, is_inside: bool) -> None:
    path = path_of(uri)
    assert path is not None
    assert inside(path, [root for each in roots if (root := path_of(each))]) is is_inside


def test_a_folder_that_a_system_knows_by_two_spellings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Nets").mkdir()
    given, asked = tmp_path / "Nets", tmp_path / "nets"
    assert not inside(PurePosixPath(asked / "a.cnn"), [PurePosixPath(given)])
    asked.symlink_to(given)  # as a system does that minds no case
    assert inside(PurePosixPath(asked / "a.cnn"), [PurePosixPath(given)])
    assert inside(PureWindowsPath("C:/NETS/x/a.cnn"), [PureWindowsPath("c:/nets")])


def test_an_edit_leaves_other_networks_as_they_were() -> None:
    sheet = sheet_of(Source("a.cnn", RESNET), None)
    before = sheet.networks
    sheet.take(f"# above\n\n{RESNET}".replace("layers = [3, 4, 23, 3]", "layers = [3, 4, 24, 3]"))
    assert not sheet.settled
    sheet.work()
    after = sheet.networks
    assert {name for name in after if after[name] is not before[name]} == {"resnet101"}
    own = [each for each in sheet.diagnostics if each.severity == "error"]
    assert [each.code for each in own] == ["expectation-missed"]
    assert own[0].labels[0].span.line == RESNET[: RESNET.index("44_549_160")].count("\n") + 3


def test_an_edit_of_a_block_reaches_who_names_it() -> None:
    sheet = sheet_of(Source("a.cnn", RESNET), None)
    before = sheet.networks
    sheet.take(
        RESNET.replace(
            "block basic(x, width, stride = 1) {", "block basic(x, width, stride = 1) {\n"
        )
    )
    sheet.work()
    changed = {name for name, each in sheet.networks.items() if each is not before[name]}
    assert "resnet18" in changed


def test_hints_move_with_the_text_and_stay_beside_lines_that_stayed() -> None:
    sheet = sheet_of(Source("a.cnn", RESNET), None)
    whole = {hint.line: hint.text for hint in hints(sheet)}
    sheet.take(f"\n\n{RESNET}")
    sheet.work()
    assert {hint.line - 2: hint.text for hint in hints(sheet)} == whole
    broken = RESNET.replace("x = x -> layer2", "x = x => layer2").replace("-> layer2", "=> layer2")
    assert broken != RESNET
    sheet.take(f"# one line more\n{broken}")
    sheet.work()
    still = {hint.line - 1: hint.text for hint in hints(sheet)}
    assert len(whole) - 10 < len(still) < len(whole)
    assert all(whole[line] == text for line, text in still.items())


def test_a_text_that_changes_and_comes_back_is_as_it_was() -> None:
    sheet = Sheet("a.cnn", None)
    seen = []
    for text in (RESNET, RESNET.replace("conv(inner, 1)", "conv(inner 1)"), RESNET):
        sheet.take(text)
        sheet.work()
        seen.append(([each.key for each in sheet.diagnostics], [h.text for h in hints(sheet)]))
    assert seen[0] == seen[2]
    assert seen[1][0]
