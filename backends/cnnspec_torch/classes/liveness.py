"""Which names are read later: asked of a place among statements, without a set for each place."""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Container, Sequence

from cnnspec.emit import pytree as py


def bound(statement: ast.stmt) -> set[str]:
    """The names that a statement binds, whatever is decided."""
    match statement:
        case ast.Assign([ast.Name() | ast.Tuple() as target]):
            return py.stores(target)
    return set()


class Course:
    """Where statements read and bind each name; `live` is what is read after them all."""

    def __init__(self, statements: Sequence[ast.stmt], live: Container[str]) -> None:
        self.live = live
        #: By name the places that speak of it, in order, and whether each reads it first.
        self.places: dict[str, list[int]] = {}
        self.reads: dict[str, list[bool]] = {}
        for place, each in enumerate(statements):
            read = py.reads(each)
            for word in read | bound(each):
                self.places.setdefault(word, []).append(place)
                self.reads.setdefault(word, []).append(word in read)

    def after(self, place: int) -> After:
        """The names that are read after a statement; after -1: before all of them."""
        return After(self, place)


class After:
    """The names that are read after a place, before they are bound again."""

    def __init__(self, course: Course, place: int) -> None:
        self.course, self.place = course, place

    def __contains__(self, word: object) -> bool:
        assert isinstance(word, str)
        places = self.course.places.get(word, ())
        at = bisect_right(places, self.place)
        if at == len(places):
            return word in self.course.live
        return self.course.reads[word][at]


class Either:
    """What is in one or the other."""

    def __init__(self, one: Container[str], other: Container[str]) -> None:
        self.one, self.other = one, other

    def __contains__(self, word: object) -> bool:
        return word in self.one or word in self.other
