"""Paths: which name a step, group or block takes in its scope, and that none is taken twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cnnspec.diagnostics import Label, SpecError, error
from cnnspec.elaborate import limits
from cnnspec.elaborate.frame import Frame, Place
from cnnspec.graph import Scope
from cnnspec.source import Span


class Paths:
    """Gives names within a frame's place; `longest` bounds a path's characters.

    `spend` counts what is kept, in steps.
    """

    def __init__(self, longest: int, spend: Callable[[int, Span], None]) -> None:
        self.longest = longest
        self.spend = spend

    @contextmanager
    def entered(self, segments: tuple[str, ...], span: Span, frame: Frame) -> Iterator[Place]:
        """Put what follows into a numbered scope of this name, new or entered again."""
        outer = frame.place
        assert outer is not None
        position = outer.position
        place = self._descend(outer, segments, span)
        place.numbered = True
        frame.place = place
        try:
            yield place
        finally:
            frame.place = outer
            if not place.attached:
                _forget(place, outer)
            if outer.numbered and place.attached and outer.position == position:
                outer.position += 1

    def _descend(self, place: Place, segments: tuple[str, ...], span: Span) -> Place:
        for segment in segments:
            child = place.taken.get(segment) if place.taken is not None else None
            if child is None:
                self.spend(limits.GROUP, span)
                scope = Scope(place.path(segment), "group", place.scope, span)
                child = Place(scope, place)
                place.take(segment, child)
            elif not isinstance(child, Place):
                raise self._twice(place.path(segment), span, child)
            place = child
        return place

    def leaf(
        self, kind: str, span: Span, frame: Frame, segments: tuple[str, ...] | None
    ) -> tuple[Place, str]:
        """Take the next name for a step or block; gives its place, to be attached, and segment."""
        place = frame.place
        assert place is not None
        if place.numbered:
            segment = str(place.position)
            place.position += 1
        elif segments is None:
            segment = f"{kind}{place.number(kind)}"
        if segments is not None:
            place = self._descend(place, segments[:-1], span)
            segment = segments[-1]
        known = place.take(segment, span)
        if known is not None:
            first = known.scope.span if isinstance(known, Place) else known
            raise self._twice(place.path(segment), span, first)
        if len(place.scope.path) + len(segment) > self.longest:
            raise limits.exceeded("text", self.longest, "makes a long path", span)
        return place, segment

    def give_back(self, place: Place, segment: str, frame: Frame) -> None:
        """Forget a name for which nothing was made; its number stays taken."""
        place.give_back(segment)
        assert frame.place is not None
        if not place.attached:
            _forget(place, frame.place)

    def _twice(self, path: str, span: Span, first: Span) -> SpecError:
        more = () if first == span else (Label(first, "made here first"),)
        return error(
            "path-twice",
            f"the name {path} is used twice",
            span,
            "made again here",
            *more,
            help="give one of them another label: `name: step`; in a loop, `name{i}: step`",
        )


def _forget(place: Place, outer: Place) -> None:
    """Give back the names of groups that turned out empty."""
    while place is not outer and not place.attached and place.parent is not None:
        place.parent.give_back(place.scope.segment)
        place = place.parent
