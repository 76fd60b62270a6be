"""Steps applied to what flows in: groups, repeats, labels, what is there only at times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnnspec.diagnostics import error
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
        if isinstance(step.step, Optional) and step.step.step is None:
            return value
        loop = Loop(step.span, frame.here, step.count)
        frame.items.append(loop)
        outer = frame.items
        try:
            for _ in range(plain(step.count)):
                self.session.spend(1, step.span)
                frame.items = []
                loop.turns.append(frame.items)
                value = self.apply(step.step, value, frame)
                if value is POISON:
                    return value
        finally:
            frame.items = outer
        return value

    def _optional(
        self, step: Optional, value: Any, frame: Frame, segments: tuple[str, ...] | None
    ) -> Any:
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
