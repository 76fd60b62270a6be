"""Runs random networks through witnesses, and makes what fails small."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cnnspec import backend
from cnnspec.api import loads
from cnnspec.diagnostics import SpecError
from cnnspec.network import Network
from cnnspec.ops import Operators
from cnnspec.render import render
from cnnspec.testing.generate import Coverage, Generator
from cnnspec.testing.program import Program, spec
from cnnspec.testing.rare import KINDS
from cnnspec.testing.shrink import shrink
from cnnspec.verify import verify
from cnnspec.verify.table import diagnostics
from cnnspec.witness import Witness

#: Every so many networks, a training step instead of inference.
TRAINED = 3


#: What kind of failure, if it is one, and what was said of it.
Outcome = tuple[str | None, str]


@dataclass(frozen=True, slots=True)
class Failure:
    """A network on which something went wrong, as small as it could be made."""

    number: int
    kind: str
    spec: str
    words: str


@dataclass(slots=True)
class Report:
    """What came of a run."""

    seed: int
    coverage: Coverage
    ran: int = 0
    trained: int = 0
    nodes: int = 0
    seconds: float = 0.0
    #: The worst difference of what agreed, in units of its bound.
    worst: float = 0.0
    #: How many networks a backend refused to write, as it may.
    refused: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)

    def summary(self) -> str:
        """Say it in a few lines."""
        refused = ", ".join(f"{name} {count}" for name, count in sorted(self.refused.items()))
        tried = len(self.coverage.operators)
        pairs = len(self.coverage.neighbours)
        return (
            f"seed {self.seed}: {self.ran} networks, {self.trained} of them trained a step, "
            f"{self.nodes} nodes, {self.seconds:.0f} s, {len(self.failures)} failures\n"
            f"worst difference that agreed: {self.worst:.1e} of the bound\n"
            f"refused, as not expressible: {refused or 'none'}\n"
            f"covered: {tried} operators, {len(self.coverage.arguments)} kinds of argument, "
            f"{pairs} pairs of neighbours"
        )


def fuzz(
    witnesses: Sequence[Witness],
    *,
    count: int,
    seed: int,
    folder: Path | None = None,
    stop_after: int = 5,
    training: bool = True,
    operators: Sequence[str] | None = None,
    rare: frozenset[str] = KINDS,
    progress: Callable[[int, Report], None] = lambda _number, _report: None,
) -> Report:
    """Run `count` networks; those that fail are made small and put into `folder` as specs.

    A third of them are trained a step, if `training`. Steps are of `operators`, or of all that
    every backend among the witnesses writes, other distributions' too; `rare` is what is drawn on
    purpose.
    """
    names = written_by_all(witnesses) if operators is None else tuple(operators)
    generator = Generator(seed, names, rare)
    report = Report(seed, generator.coverage)
    start = time.perf_counter()
    for number in range(count):
        program = generator.program(number)
        trained = training and number % TRAINED == TRAINED - 1

        def run(each: Program, number: int = number, *, trained: bool = trained) -> Outcome:
            return attempt(each, number, witnesses, training=trained)

        kind, words = attempt(program, number, witnesses, report, training=trained)
        if kind is not None:
            report.failures.append(_small(program, number, (kind, words), run, folder))
        report.seconds = time.perf_counter() - start
        progress(number + 1, report)
        if len(report.failures) >= stop_after:
            break
    return report


def attempt(
    program: Program,
    number: int,
    witnesses: Sequence[Witness],
    report: Report | None = None,
    *,
    training: bool = False,
) -> Outcome:
    """Verify a network; give what kind of failure it is, if it is one, and what was said."""
    try:
        network = loads(spec(program), name=f"fuzz{number}.cnn")
        able = _able(network, witnesses, report)
        training = training and not any(each.errs(network.elaborated) for each in able)
        certificate = verify(network, able, training=training, seed=number)
    except SpecError as mistakes:
        return f"spec {mistakes.diagnostics[0].code}", render(mistakes.diagnostics)
    except Exception as failure:
        return f"raised {type(failure).__name__}", f"{type(failure).__name__}: {failure}"
    if report is not None:
        report.ran += 1
        report.trained += training
        report.nodes += certificate.nodes
        if certificate.agrees and certificate.worst is not None:
            report.worst = max(report.worst, certificate.worst.worst)
    if certificate.agrees:
        return None, ""
    first = certificate.disagreements[0]
    return f"{first.what} {first.kind}", render(diagnostics(certificate))


def written_by_all(witnesses: Sequence[Witness]) -> tuple[str, ...]:
    """Name the operators that every one of the witnesses' backends has a lowering for."""
    names = [each.backend for each in witnesses if each.backend is not None]
    known = [backend.find(each).lowerings.keys() | backend.lowerings(each) for each in names]
    return tuple(
        name
        for name, op in Operators().items()
        if not op.is_input and all(name in each for each in known)
    )


def _able(network: Network, witnesses: Sequence[Witness], report: Report | None) -> list[Witness]:
    """Leave out witnesses whose backend refuses to write the network."""
    result = []
    for witness in witnesses:
        try:
            if witness.backend is not None:
                network.source(witness.backend)
            result.append(witness)
        except SpecError as mistakes:
            if {each.code for each in mistakes.diagnostics} != {"not-expressible"}:
                raise
            if report is not None:
                report.refused[witness.name] += 1
    return result


def _small(
    program: Program,
    number: int,
    outcome: tuple[str, str],
    run: Callable[[Program], Outcome],
    folder: Path | None,
) -> Failure:
    kind, words = outcome
    small = shrink(program, lambda each: run(each)[0] == kind)
    text, words = spec(small), run(small)[1] or words
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"fuzz{number}.cnn").write_text(text, "utf-8")
    return Failure(number, kind, text, words)
