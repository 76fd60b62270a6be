"""The pages on diagnostics: one for each code, and each shows what it says."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import cnnspec
from cnnspec import library

ROOT = Path(__file__).parent.parent
FENCE = re.compile(r"^```cnn\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = sorted((ROOT / "docs" / "errors").glob("*.md"))
EXAMPLES = {page.stem: FENCE.findall(page.read_text()) for page in PAGES}


def found(spec: str) -> set[str]:
    """Give the codes that a spec gets, warnings too."""
    try:
        return {each.code for each in cnnspec.loads(spec).warnings}
    except cnnspec.SpecError as mistakes:
        return {each.code for each in mistakes.diagnostics}


def write_docs():
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import write_docs
    finally:
        sys.path.pop(0)
    return write_docs


@pytest.mark.slow
def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert len(write_docs().codes()) > 40
    assert write_docs().missing_pages() == []


def test_what_is_generated_is_fresh() -> None:
    for file, text in write_docs().generated().items():
        assert file.read_text("utf-8") == text, f"{file.name} is stale: `make docs`"


def test_explain_finds_the_pages() -> None:
    assert library.pages() == [page.stem for page in PAGES]


@pytest.mark.parametrize("code", [code for code, specs in EXAMPLES.items() if specs])
def test_the_first_example_gets_the_code_and_the_second_gets_nothing(code: str) -> None:
    wrong, *right = EXAMPLES[code]
    assert code in found(wrong)
    for spec in right:
        assert found(spec) == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_headed_by_its_code(page: Path) -> None:
    assert page.read_text().startswith(f"# {page.stem}\n\n")
