"""Emitted source grows with the spec, not with the network: loops and tables come out as such."""

from __future__ import annotations

import pytest

from tests.emitted import shipped, source

#: A large network, a small one of its family, and how many lines may lie between their files.
PAIRS = (
    ("densenet201", "densenet121", 10),
    ("densenet264", "densenet121", 10),
    ("resnet1202_cifar10", "resnet20_cifar10", 5),
    ("efficientnet_b7", "efficientnet_b0", 30),
    ("resnet152", "resnet50", 5),
    ("convnext_large", "convnext_tiny", 5),
    ("regnet_y_32gf", "regnet_y_400mf", 10),
    ("shufflenet_v2_x2_0", "shufflenet_v2_x0_5", 5),
    ("wide_resnet101_2", "wide_resnet50_2", 5),
)


def lines(name: str) -> int:
    return source(name).count("\n")


@pytest.mark.parametrize(("large", "small", "apart"), PAIRS)
def test_a_large_network_is_written_in_as_many_lines_as_a_small_one(
    large: str, small: str, apart: int
) -> None:
    assert abs(lines(large) - lines(small)) <= apart


def test_no_file_is_long() -> None:
    assert {name: lines(name) for name in shipped() if lines(name) > 300} == {}
