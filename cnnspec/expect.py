"""Published facts held against the network, to the precision that they are written with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from cnnspec.analysis.facts import FACTS, Facts
from cnnspec.diagnostics import Diagnostic, Label, meant, nearest
from cnnspec.elaborate import Expectation
from cnnspec.graph import Graph
from cnnspec.kinds import show
from cnnspec.syntax import tree
from cnnspec.syntax.build import SCALE

#: From this number on digits are set in groups.
PLAIN: Final = 9_999
_PRECISE: Final = re.compile(r"(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?([KMG])?")
#: Who has this many mistakes has seen enough.
MOST_UNKNOWN: Final = 50
#: No fact has so many digits: a power of ten beyond them is not worked out.
MOST_DIGITS: Final = 400


@dataclass(frozen=True, slots=True)
class Missed:
    """A fact that does not hold: its entry in the text, and what the network has instead."""

    entry: tree.Entry
    actual: Any

    @property
    def said(self) -> str:
        """What the network has, as people read it."""
        return show(self.actual) if isinstance(self.actual, tuple) else f"{self.actual:,}"

    @property
    def typed(self) -> str:
        """What the network has, with the precision that the entry is written with."""
        if isinstance(self.actual, tuple):
            return show(self.actual)
        text = self.entry.value.span.text.replace("_", "")
        match = _PRECISE.fullmatch(text)
        if match is None or match[4] is None:
            return f"{self.actual:_}" if self.actual > PLAIN else str(self.actual)
        digits = len(match[2] or "")
        scaled = Decimal(self.actual) / SCALE[match[4]]
        return f"{scaled.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN):f}{match[4]}"


@dataclass(frozen=True, slots=True)
class Held:
    """What came of holding facts against a network: those that it misses, and those unknown."""

    missed: tuple[Missed, ...]
    unknown: tuple[Diagnostic, ...]

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Say it: all that are missed in one diagnostic, with the text that would hold."""
        return (*([_said(self.missed)] if self.missed else []), *self.unknown)


def held(graph: Graph, expectations: Iterable[Expectation]) -> Held:
    """Hold stated facts against the network."""
    facts = Facts(graph)
    missed: list[Missed] = []
    unknown: list[Diagnostic] = []
    for expectation in expectations:
        entry = expectation.entry
        actual = facts.of(entry.key)
        if actual is None and len(unknown) >= MOST_UNKNOWN:
            continue
        if actual is None:
            guess = nearest(entry.key, facts.known)
            unknown.append(
                Diagnostic(
                    "unknown-fact",
                    f"there is no fact called {entry.key}",
                    (Label(entry.key_span),),
                    help=meant(guess, at=entry.key_span)
                    if guess
                    else f"facts are {', '.join(FACTS)}, PATH.shape and PATH.params",
                )
            )
        elif not _holds(actual, expectation.value, entry.value):
            missed.append(Missed(entry, actual))
    return Held(tuple(missed), tuple(unknown))


def _said(missed: Sequence[Missed]) -> Diagnostic:
    first, *more = missed
    title = f"{first.entry.key} is {first.said}, not {first.entry.value.span.text}"
    if more:
        title += f", and {len(more)} more fact{'s do' if len(more) > 1 else ' does'} not hold"
    facts = "  ".join(f"{each.entry.key} = {each.typed}" for each in missed)
    return Diagnostic(
        "expectation-missed",
        title,
        tuple(Label(each.entry.value.span, f"it is {each.said}") for each in missed),
        notes=(f"as a spec says it: `{facts}`",),
        help="mend the network; or, if it is meant so, `cnnspec check --fix=expect` writes these "
        "figures, and `--no-expect` goes on without",
    )


def _holds(actual: Any, wanted: Any, written: tree.Expr) -> bool:
    if isinstance(actual, tuple) or isinstance(wanted, tuple):
        return bool(actual == wanted)
    text = written.span.text.replace("_", "")
    match = _PRECISE.fullmatch(text)
    if match is None or not any(match.groups()[1:]):
        return bool(actual == wanted)
    whole, fraction, exponent, unit = match.groups("")
    # the last digit that is written stands for 10 ** power units; half of that is allowed
    power = int(exponent or 0) - len(fraction)
    if abs(power) > MOST_DIGITS:
        return bool(actual == wanted)
    up, down = SCALE.get(unit, 1) * 10 ** max(power, 0), 10 ** max(-power, 0)
    return bool(2 * abs(actual * down - int(whole + fraction) * up) <= up)
