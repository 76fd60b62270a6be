"""The zoo computes what published implementations compute: the same figures for the same weights.

Done for the smallest network of each file that has published members, and with `--zoo` for all.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch

from cnnspec import library
from tests.emitted import build, network
from tests.published import fingerprint

TEXT = (Path(__file__).parent / "oracles" / "fingerprints.csv").read_text()
MEASURED = {
    row["network"]: [float(value) for value in list(row.values())[2:]]
    for row in csv.DictReader(TEXT.splitlines())
}
FILES = sorted({file for name, file in library.shipped().items() if name in MEASURED})


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "chosen" in metafunc.fixturenames:
        every = metafunc.config.getoption("--zoo")
        metafunc.parametrize("chosen", sorted(MEASURED) if every else FILES)


def smallest(chosen: str) -> str:
    if chosen in MEASURED:
        return chosen
    held = [name for name, file in library.shipped().items() if file == chosen and name in MEASURED]
    return min(held, key=lambda name: network(name).params)


def test_computes_what_the_published_implementation_does(chosen: str) -> None:
    name = smallest(chosen)
    wanted = MEASURED[name]
    assert fingerprint(build(name)) == pytest.approx(wanted, rel=1e-3, abs=1e-3 * wanted[1])


def test_a_fingerprint_sees_an_epsilon_a_padding_and_a_stride() -> None:
    def made(eps: float = 1e-5, pad: int = 1, stride: int = 1) -> torch.nn.Module:
        return torch.nn.Sequential(
            torch.nn.Conv2d(3, 8, 3, padding=pad, stride=stride),
            torch.nn.BatchNorm2d(8, eps=eps),
            torch.nn.AdaptiveAvgPool2d(1),
            torch.nn.Flatten(),
        )

    usual = fingerprint(made())
    close = pytest.approx(usual, rel=1e-3, abs=1e-3 * usual[1])
    assert fingerprint(made()) == usual
    assert [fingerprint(made(**{key: value})) == close for key, value in CHANGES] == [False] * 3


CHANGES = (("eps", 1e-3), ("pad", 0), ("stride", 2))
