"""The suite that a backend passes, ours and yours.

A test calls `steps_agree` for every operator, `networks_agree` for whole networks, `weights_agree`
for a backend that nothing can run. Each raises AssertionError with what a user would be told.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from cnnspec import api, witness
from cnnspec.diagnostics import SpecError
from cnnspec.ops import Operators
from cnnspec.render import render
from cnnspec.testing import declarations
from cnnspec.testing.fuzz import Report, fuzz
from cnnspec.testing.generate import Generator
from cnnspec.testing.program import Program, is_valid, spec
from cnnspec.verify import Certificate, verify
from cnnspec.verify.table import diagnostics

#: The witness that is right by definition.
REFERENCE = "numpy"


def steps_agree(
    operator: str, name: str, *, count: int = 10, seed: int = 0, training: bool = True
) -> int:
    """Hold single steps of an operator against the reference, in inference and in training.

    Arguments and shapes are drawn; a witness that cannot train says `training=False`. Gives how
    many the backend wrote; those that it refuses with a diagnostic are left out, and it must not
    refuse all.
    """
    pair = [witness.find(REFERENCE), witness.find(name)]
    written = 0
    for number, program in enumerate(_steps(operator, count, seed)):
        try:
            network = api.loads(spec(program))
            for mode in (False, True) if training else (False,):
                found = verify(network, pair, training=mode, seed=number)
                assert found.agrees, _words(spec(program), found)
        except SpecError as mistakes:
            _must_be_refusal(mistakes, spec(program))
        else:
            written += 1
    assert written, f"{name} refuses every {operator}"
    return written


def declarations_hold(operator: str, *, count: int = 10, seed: int = 0) -> int:
    """Hold what an operator declares of itself against the reference, on drawn steps.

    Its channels, its outputs, its rank, what it sees of its image, whether it only moves values.
    """
    reference = witness.find(REFERENCE)
    held = 0
    for program in _steps(operator, count, seed):
        if not declarations.small(program.inputs):
            continue
        graph = api.loads(spec(program)).elaborated
        node = next(each for each in graph.nodes if each.inputs)
        wrong = list(declarations.faults(graph, node, reference))
        assert not wrong, f"{spec(program)}\n{operator}: {'; '.join(wrong)}"
        held += 1
    return held


def networks_agree(*names: str, count: int = 30, seed: int = 0, training: bool = True) -> Report:
    """Hold random networks against the reference; what fails is made small and said."""
    witnesses = [witness.find(each) for each in (REFERENCE, *names)]
    report = fuzz(witnesses, count=count, seed=seed, stop_after=1, training=training)
    said = "\n".join(f"{each.kind}\n{each.spec}\n{each.words}" for each in report.failures)
    assert not report.failures, said
    return report


def weights_agree(backend: str, *, count: int = 30, seed: int = 0) -> int:
    """Hold the weights that a backend makes against those declared; gives how many it wrote."""
    generator, written = Generator(seed), 0
    for number in range(count):
        text = spec(generator.program(number))
        try:
            wrong = api.loads(text).mismatch(backend)
        except SpecError as mistakes:
            _must_be_refusal(mistakes, text)
        else:
            assert not wrong, f"{text}\n{wrong}"
            written += 1
    return written


def operators() -> tuple[str, ...]:
    """Name every operator that a step can be, those of strangers too."""
    return tuple(name for name, op in Operators().items() if not op.is_input)


def _steps(operator: str, count: int, seed: int) -> Iterator[Program]:
    """Draw networks of one step each."""
    random = Random(f"{seed}/{operator}")
    generator = Generator(seed)
    found = 0
    for _ in range(200 * count):
        program = generator.single(random, operator)
        if program is not None and is_valid(program):
            yield program
            found += 1
            if found == count:
                return


def _must_be_refusal(mistakes: SpecError, text: str) -> None:
    """A backend may say that it cannot express a step, and nothing else."""
    codes = {each.code for each in mistakes.diagnostics}
    assert codes == {"not-expressible"}, f"{text}\n{mistakes}"


def _words(text: str, found: Certificate) -> str:
    return f"{text}\n{render(diagnostics(found))}"
