"""Steps applied to what flows in: groups, repeats, labels, what is there only at times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnnspec.diagnostics import error
from cnnspec.elaborate import limits
from cnnspec.elaborate.frame import Frame
from cnnspec.elaborate.values import (
    POISON,
    BlockValue,
    CallStep,
    Given,
    Group,
    LabelledStep,
    Optional,
    Repeat,
    Waiting,
)
from cnnspec.expression import plain
from cnnspec.trace import Choice, Loop

if TYPE_CHECKING:
    from cnnspec.elaborate.session import Session


class Applier:
    """Applies steps in a frame's place; everything that it makes has a path and a span."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def apply(
        self, step: Waiting, value: Any, frame: Frame, segments: tuple[str, ...] | None = None
    ) -> Any:
        """Apply a step to a value (None: the call's own arguments hold it); give its result."""
        self.session.spend(1, step.span)
        place = frame.place
        if place is None:
            raise error(
                "outside-network",
                "nodes are made inside a block or a network only",
                step.span,
                help="put this into `network name { … }`",
            )
        if isinstance(step, LabelledStep):
            return self.apply(step.step, value, frame, (*(segments or ()), *step.segments))
        if isinstance(step, Optional):
            return self._optional(step, value, frame, segments)
        if isinstance(step, CallStep):
            return self._call(step, value, frame, segments)
        if segments is None and isinstance(step, Group) and step.several and place.numbered:
            segments = (str(place.position),)
        if segments is None:
            return self._members(step, value, frame)
        with self.session.paths.entered(segments, step.span, frame):
            return self._members(step, value, frame)

    def _members(self, step: Group | Repeat, value: Any, frame: Frame) -> Any:
        if isinstance(step, Group):
            for each in step.steps:
                value = self.apply(each, value, frame)
                if value is POISON:
                    return value
            return value
        if _is_nothing(step.step):
            return value
        count = plain(step.count)
        steps, nodes = _least(step.step)
        self.session.foresee(count * steps, count * nodes, step.span)
        self.session.spend(limits.LOOP, step.span)
        loop = Loop(step.span, frame.here, step.count)
        frame.items.append(loop)
        outer = frame.items
        try:
            for _ in range(count):
                self.session.spend(1, step.span)
                frame.items = []
                try:
                    value = self.apply(step.step, value, frame)
                finally:
                    loop.turns.append(frame.items or ())
                if value is POISON:
                    return value
        finally:
            frame.items = outer
        return value

    def _optional(
        self, step: Optional, value: Any, frame: Frame, segments: tuple[str, ...] | None
    ) -> Any:
        self.session.spend(limits.DECISION, step.span)
        choice = Choice(step.span, frame.here, (step.test,), 1 if step.step is None else 0)
        frame.items.append(choice)
        if step.step is None:
            return value
        outer, frame.items = frame.items, choice.body
        try:
            return self.apply(step.step, value, frame, segments)
        finally:
            frame.items = outer

    def _call(
        self, step: CallStep, value: Any, frame: Frame, segments: tuple[str, ...] | None
    ) -> Any:
        if isinstance(step.callee, BlockValue):
            given = step.given
            if value is not None:
                given = (Given(None, value, step.span), *given)
            return self.session.blocks.call(step, given, frame, segments)
        return self.session.operations.make(step, step.callee, value, frame, segments)


def _is_nothing(step: Waiting | None) -> bool:
    """Whether a step is none at all: `relu when false`, `relu * 0`, a group of such."""
    if isinstance(step, Group):
        return all(map(_is_nothing, step.steps))
    if isinstance(step, Repeat):
        return plain(step.count) == 0 or _is_nothing(step.step)
    if isinstance(step, Optional | LabelledStep):
        return _is_nothing(step.step)
    return step is None


def _least(step: Waiting | None) -> tuple[int, int]:
    """Count what a step takes at least of the budgets: steps of evaluation, nodes."""
    if isinstance(step, CallStep):
        block = isinstance(step.callee, BlockValue)
        return (1 + limits.CALL, 0) if block else (1, 1)
    if isinstance(step, Group):
        parts = [_least(each) for each in step.steps]
        return 1 + sum(steps for steps, _ in parts), sum(nodes for _, nodes in parts)
    if isinstance(step, Repeat):
        steps, nodes = _least(step.step)
        return plain(step.count) * steps, plain(step.count) * nodes
    return (1, 0) if step is None else _least(step.step)
