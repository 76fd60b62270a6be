"""What explains a difference inside a pair of instances: arguments, constants, defaults, names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cnnspec.diff.data import Change
from cnnspec.diff.found import Cause, Found
from cnnspec.diff.regions import Member
from cnnspec.diff.texts import (
    Edit,
    Texts,
    bare,
    decided_by,
    extent,
    spoken_of,
    statement,
    texts,
)
from cnnspec.graph import Scope
from cnnspec.source import Span
from cnnspec.syntax import tree

#: What a condition may ask of what flows in.
FLOWS = frozenset(("channels", "height", "width", "shape"))


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """One pair of instances of blocks, or the two networks: what may explain what is in them."""

    a: Scope
    b: Scope
    texts: Texts
    causes: Mapping[str, Cause]
    defaults: Mapping[str, Cause]
    #: Whether something of another shape flows in.
    inputs: bool

    def explained(self, names: Iterable[str]) -> tuple[Cause, ...]:
        """Give the causes among names."""
        return tuple(self.causes[name] for name in sorted(names) if name in self.causes)

    def of_value(self, a: Span, b: Span) -> tuple[Cause, ...]:
        """Give what may explain that a step's arguments differ, where its text does not."""
        found: tuple[Cause, ...] = ()
        if self._inside(a, b):
            found = self.explained(spoken_of(declared(self.a), a))
        return found or tuple(self.causes.values())

    def of_presence(self, member: Member, *, added: bool) -> tuple[Cause, ...] | None:
        """Give what may explain that a member is in one only; None where its text is, too."""
        here = self.b if added else self.a
        own, other = (self.texts.b, self.texts.a) if added else (self.texts.a, self.texts.b)
        if not inside(here, member.span):
            return tuple(self.causes.values()) or None
        said = statement(own, member.span)
        if said is None or said not in other.values():
            return None
        names = decided_by(declared(here), member.span)
        found = self.explained(names)
        if found or (self.inputs and not FLOWS.isdisjoint(names)):
            return found
        return tuple(self.causes.values()) or (() if self.inputs else None)

    def same_text(self, a: Span, b: Span) -> bool:
        """Whether a step is written alike in both, or came in as a value of a parameter."""
        return bare(a) == bare(b) or not self._inside(a, b)

    def _inside(self, a: Span, b: Span) -> bool:
        return inside(self.a, a) and inside(self.b, b)


def declared(scope: Scope) -> tree.Block | tree.NetworkDef | None:
    """Give the text that a scope is an instance of; a group has none."""
    return None if scope.definition is None else scope.definition.item


def inside(scope: Scope, span: Span) -> bool:
    """Whether a stretch of text stands in a scope's definition."""
    if scope.definition is None:
        return True
    outer = extent(declared(scope))
    return outer.source.name == span.source.name and outer.start <= span.start < outer.stop


@dataclass(slots=True, eq=False)
class Contexts:
    """Makes contexts; what was edited in a file is one cause wherever it is spoken of."""

    found: list[Found]
    _texts: dict[tuple[int, int], Texts] = field(default_factory=dict)
    _edits: dict[Any, Cause] = field(default_factory=dict)

    def context(self, a: Scope, b: Scope, arguments: Mapping[str, Cause], order: float) -> Context:
        """Make the context of a pair of instances, given the causes among their arguments."""
        said = self.texts_of(a, b)
        owner = str(a.block)
        causes = dict(arguments)
        for edit in said.edits:
            where = owner if edit.kind == "name" else ""
            causes.setdefault(edit.name, self.cause(edit, where, order, a, b))
        defaults = {op: self.cause(edit, "", order, a, b) for op, edit in said.defaults.items()}
        before, after = _inputs(a), _inputs(b)
        return Context(a, b, said, causes, defaults, before != after)

    def texts_of(self, a: Scope, b: Scope) -> Texts:
        """Hold the definitions of two instances against each other, once."""
        key = id(a.definition), id(b.definition)
        if key not in self._texts:
            self._texts[key] = texts(declared(a), declared(b))
        return self._texts[key]

    def cause(self, edit: Edit, where: str, order: float, a: Scope, b: Scope) -> Cause:
        """Give the cause that an edit is."""
        key = edit, where
        if key not in self._edits:
            what = {
                "default": f"default {edit.name}",
                "parameter": f"default of {edit.name} in {a.block}",
            }.get(edit.kind, edit.name)
            found = Found(
                "changed",
                ("edit", key),
                order,
                "",
                a if where or edit.kind == "parameter" else None,
                b if where or edit.kind == "parameter" else None,
                changes=(Change(what, edit.before, edit.after),),
            )
            self.found.append(found)
            self._edits[key] = Cause(edit.name, found)
        return self._edits[key]


def _inputs(scope: Scope) -> tuple[Any, ...]:
    return tuple(tuple(port.shape for port in ports) for _, ports in scope.inputs)
