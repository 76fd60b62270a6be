"""Differences as the walk finds them: one an instance, before they are put together."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from cnnspec.diff.data import Change, HunkKind
from cnnspec.diff.regions import Member
from cnnspec.graph import Scope


@dataclass(slots=True, eq=False)
class Found:
    """One difference in one place.

    `site` is what was edited: all differences of one site are one hunk. `owners` are the causes
    that explain it; `follows` says that it comes of what flows in, and is nobody's edit.
    """

    kind: HunkKind
    site: Hashable
    order: float
    what: str
    scope_a: Scope | None
    scope_b: Scope | None
    members_a: tuple[Member, ...] = ()
    members_b: tuple[Member, ...] = ()
    changes: tuple[Change, ...] = ()
    #: The instances of blocks around it; None for what is of the network or of a file.
    around: tuple[Scope, Scope] | None = None
    owners: tuple[Cause, ...] = ()
    follows: bool = False


@dataclass(slots=True, eq=False)
class Cause:
    """An argument, constant, default or name that says something else in B.

    `found` is its edit; None where the argument differs since its `parents` do. `reaches` says that
    a value of some step differs for it: then it is a hunk, and what it puts in or takes out follows
    from it. Where it does no more than that, what is put in or taken out are the hunks.
    """

    name: str
    found: Found | None = None
    parents: tuple[Cause, ...] = ()
    reaches: bool = field(default=False)

    def reach(self) -> None:
        """Note that a value differs for it, and for what it comes from."""
        if not self.reaches:
            self.reaches = True
            for each in self.parents:
                each.reach()


def edits(causes: Iterable[Cause]) -> list[Cause]:
    """Give the causes that were edited, of which others come."""
    result: dict[int, Cause] = {}
    pending = list(causes)
    while pending:
        each = pending.pop(0)
        if each.found is not None:
            result[id(each)] = each
        pending += each.parents
    return list(result.values())
