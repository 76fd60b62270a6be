"""Random networks through every backend: the proof, and the proof that the proof can fail."""

from __future__ import annotations

import os
import secrets
import sys

import pytest

import cnnspec
from cnnspec import witness
from cnnspec.ops import OPERATORS
from cnnspec.testing.fuzz import attempt, fuzz
from cnnspec.testing.generate import LARGEST_GAIN, NAMES, Generator
from cnnspec.testing.program import Call, Step, is_valid, shapes_of, spec
from cnnspec.testing.rare import TIMES
from cnnspec.testing.shrink import candidates
from cnnspec_torch.lowerings import LOWERINGS
from tests.test_verify import plant

COUNT = int(os.environ.get("CNNSPEC_FUZZ_COUNT", "300"))
SEED = int(os.environ.get("CNNSPEC_FUZZ_SEED") or secrets.randbelow(10**6))


@pytest.fixture(scope="module")
def witnesses():
    return [witness.find(name) for name in ("numpy", "torch", "keras")]


@pytest.mark.framework
def test_random_networks_are_the_same_everywhere(witnesses, tmp_path, capsys) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{COUNT} networks, seed {SEED} (CNNSPEC_FUZZ_SEED)\n")
    report = fuzz(witnesses, count=COUNT, seed=SEED, folder=tmp_path)
    with capsys.disabled():
        sys.stdout.write(f"{report.summary()}\n")
    assert not report.failures, "\n".join(f"{e.kind}\n{e.spec}\n{e.words}" for e in report.failures)
    assert report.ran == COUNT
    if COUNT >= 100:
        assert set(report.coverage.operators) == set(NAMES)


def test_the_same_seed_draws_the_same_networks() -> None:
    one, other = Generator(5), Generator(5)
    assert [spec(one.program(n)) for n in range(9)] == [spec(other.program(n)) for n in range(9)]


def test_what_is_rare_by_chance_is_drawn_on_purpose() -> None:
    generator = Generator(4)
    programs = [generator.program(number) for number in range(150)]
    calls = [step for each in programs for step in each.steps if isinstance(step, Call)]
    steps = [step for each in programs for step in each.steps if isinstance(step, Step)]
    assert {call.times for call in calls} >= {1, *TIMES}
    given = [
        call
        for each in programs
        for call in each.steps
        if isinstance(call, Call) and call.steps and call.times > 1
    ]
    assert len({call.steps[0][1].operator for call in given}) >= 3
    assert {step.label for step in steps} >= {"1x1", "class", "forward", "a-b"}
    spread = 0
    for each in programs:
        shapes = shapes_of(each)
        for step in each.steps:
            if isinstance(step, Step) and OPERATORS[step.operator].spreads:
                spread += len({shapes[number] for number in step.inputs}) > 1
    assert spread > 10
    plain = Generator(4, rare=frozenset())
    words = "".join(spec(plain.program(number)) for number in range(60))
    assert " * " not in words
    assert "act = " not in words
    assert "1x1: " not in words


def test_no_step_makes_values_so_large_that_rounding_is_all_that_is_compared() -> None:
    generator = Generator(2)
    programs = [generator.program(number) for number in range(150)]
    steps = [step for each in programs for step in each.steps]
    steps += [step for each in programs for block in each.blocks for step in block.steps]
    found = [dict(each.arguments) for each in steps if getattr(each, "operator", "") == "lrn"]
    gains = [OPERATORS["lrn"](**each).magnitude([1.0], ()) for each in found]
    assert len(gains) > 5
    assert max(gains) <= LARGEST_GAIN
    assert OPERATORS["lrn"](beta=3.0, k=1e-5).magnitude([1.0], ()) > LARGEST_GAIN


def test_every_network_compiles_and_so_does_every_simpler_one() -> None:
    generator = Generator(11)
    simpler = 0
    for number in range(40):
        program = generator.program(number)
        assert is_valid(program)
        assert cnnspec.loads(spec(program)).name == "fuzz"
        for each in list(candidates(program))[:8]:
            if is_valid(each):
                simpler += 1
                cnnspec.loads(spec(each))
    assert simpler > 40


@pytest.mark.framework
def test_a_planted_mistake_is_found_and_made_small(monkeypatch, tmp_path) -> None:
    monkeypatch.setitem(LOWERINGS, "gelu", plant("gelu", approximate="tanh"))
    pair = [witness.find("numpy"), witness.find("torch")]
    report = fuzz(pair, count=200, seed=3, folder=tmp_path, stop_after=1)
    (failure,) = report.failures
    assert failure.kind == "node gelu"
    assert failure.spec.count("\n") == 5
    assert "-> gelu" in failure.spec
    (file,) = tmp_path.iterdir()
    assert file.read_text() == failure.spec
    assert "do not agree on the node gelu1" in failure.words


@pytest.mark.framework
def test_a_network_that_raises_is_a_failure_too(monkeypatch) -> None:
    def broken(step):
        raise ZeroDivisionError("of ours")

    monkeypatch.setitem(LOWERINGS, "relu", broken)
    pair = [witness.find("numpy"), witness.find("torch")]
    generator = Generator(1)
    kinds = {attempt(generator.program(number), number, pair)[0] for number in range(30)}
    assert "raised ZeroDivisionError" in kinds
