"""What else is wrong in a flow that a mistake ended: only what does not depend on the mistake."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.elaborate.frame import Frame
from cnnspec.elaborate.values import (
    POISON,
    BlockValue,
    CallStep,
    Given,
    Group,
    Poisoned,
    Repeat,
    Waiting,
)
from cnnspec.syntax import tree

if TYPE_CHECKING:
    from cnnspec.elaborate.session import Session


def and_the_rest(
    stop: SpecError | Poisoned,
    failed: Waiting | None,
    rest: Iterable[tree.Expr],
    frame: Frame,
    session: Session,
) -> SpecError | Poisoned:
    """Add to what ended a flow the mistakes in the step that failed and in those after it."""
    found = list(stop.diagnostics) if isinstance(stop, SpecError) else []
    if failed is not None:
        more = _mistakes(failed, session)
        said = ("by-position", "wrong-arity")
        told = any(each.code in said for each in found)  # knowing what flows in
        found += [each for each in more if not (told and each.code in said)]
    for expr in rest:
        try:
            found += _mistakes(session.steps.read(expr, frame), session)
        except SpecError as mistake:
            found += mistake.diagnostics
        except Poisoned:
            continue
    return SpecError(found) if found else stop


def _mistakes(step: Waiting, session: Session) -> Iterator[Diagnostic]:
    """Find arguments that are wrong whatever flows into a step."""
    for call in _calls(step):
        try:
            if isinstance(call.callee, BlockValue):
                flows = Given(None, POISON, call.span)
                session.blocks.assign(call.callee.definition, (flows, *call.given), call)
            else:
                session.operations.bound(call, call.callee)
        except SpecError as mistake:
            yield from mistake.diagnostics


def _calls(step: Waiting) -> Iterator[CallStep]:
    pending: list[Waiting | None] = [step]
    while pending:
        inner = pending.pop()
        if isinstance(inner, CallStep):
            yield inner
        elif isinstance(inner, Group):
            pending.extend(reversed(inner.steps))
        elif inner is not None and not (isinstance(inner, Repeat) and inner.count == 0):
            pending.append(inner.step)
