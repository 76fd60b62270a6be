"""Whatever a text asks for, `check` answers within 10 s of processor time and 500 MB."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.hostile_specs import KNOWN, hostile
from tests.limited import limited

#: `make bounds` tries all that are known and SPREAD made up ones; a run of all tests some of them.
SPREAD = int(os.environ.get("SPREAD", "0"))
SEED = int(os.environ.get("SEED", random.randrange(10**6)))
ALWAYS = ("calls that make nothing", "a step that is not there", "comments", "a power of ten")
OTHERS = sorted(set(KNOWN) - {*ALWAYS})
SOME = OTHERS if SPREAD else random.Random(SEED).sample(OTHERS, 3)


def answered(text: str, folder: Path) -> None:
    (folder / "s.cnn").write_text(text)
    found = limited("check", "s.cnn", folder=folder)
    assert found.status in (0, 1), f"SEED={SEED}: {found}"
    assert len(found.words) < 100_000


@pytest.mark.parametrize("name", ALWAYS)
def test_a_spec_that_asks_for_much_is_answered_in_time(name: str, tmp_path: Path) -> None:
    answered(KNOWN[name], tmp_path)


def test_some_of_the_others_are_answered_in_time(tmp_path: Path) -> None:
    for name in SOME:
        answered(KNOWN[name], tmp_path)


def test_specs_that_are_made_up_are_answered_in_time(tmp_path: Path) -> None:
    for seed in range(SEED, SEED + (SPREAD or 4)):
        answered(hostile(seed), tmp_path)
