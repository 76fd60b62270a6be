"""What a member of a scope is, said so that equal ones are equal wherever they stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from cnnspec.elaborate.values import BlockValue, CallStep, Operator
from cnnspec.graph import Graph, Node, Port, Scope
from cnnspec.kinds import show

Member = Node | Scope


class Regions:
    """Numbers for what stands below members of two graphs: equal numbers, equal inside.

    What a node is: its operator with arguments, and its label. Shapes are not part of it, for they
    follow from what comes in; nor are names that were not written.
    """

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}
        self._known: dict[Member, int] = {}
        self._ops: dict[int, Any] = {}
        self._inside: dict[Scope, list[Member]] = {}

    def add(self, graph: Graph) -> None:
        """Number all that a graph holds, from the inside out."""
        alive = {node.index for node in graph.nodes}
        pending: list[tuple[Member, bool]] = [(graph.root, False)]
        while pending:
            member, left = pending.pop()
            if isinstance(member, Node):
                if member.index in alive:
                    self._known[member] = self._number(self.of_node(member))
            elif left:
                inside = [each for each in member.members if each in self._known]
                if inside or member is graph.root:
                    self._inside[member] = inside
                    self._known[member] = self._number(self._of_scope(member, inside))
            else:
                pending.append((member, True))
                pending.extend((each, False) for each in reversed(member.members))

    def members(self, scope: Scope) -> list[Member]:
        """Give a scope's members that are part of the network: dead nodes are not."""
        return self._inside[scope]

    def wired(self, scope: Scope) -> list[int]:
        """Number a scope's members by what they are, by what they take, and by who takes them:
        their neighbour, or another member; so that of equal ones in a row those at the ends of
        ways differ.
        """
        members = self.members(scope)
        places = {member: place for place, member in enumerate(members)}
        sources: list[list[int]] = [[] for _ in members]
        takers: list[set[str]] = [set() for _ in members]
        for place, member in enumerate(members):
            for port in _taken(member):
                there = places.get(_below(port.node, scope) or scope)
                if there is None or there == place - 1:
                    sources[place].append(-1 if there is None else -2)
                else:
                    sources[place].append(self._known[members[there]])
                    takers[there].add(name(member))
        ends = zip(members, sources, takers, strict=True)
        return [self._number((self._known[m], tuple(s), frozenset(t))) for m, s, t in ends]

    def number(self, member: Member) -> int:
        """Give what stands for all that a member is."""
        return self._known[member]

    def _number(self, what: Any) -> int:
        return self._numbers.setdefault(what, len(self._numbers))

    def of_node(self, node: Node) -> tuple[object, int, str | None]:
        """Say what a node is: its operator with arguments, how much it takes, its label."""
        said = self._ops.get(id(node.op))
        if said is None:
            said = self._ops[id(node.op)] = node.kind, repr(node.op)
        return said, len(node.inputs), label(node)

    def _of_scope(self, scope: Scope, inside: list[Member]) -> Any:
        given = tuple((name, said(value)) for name, value in scope.values.items())
        numbers = tuple(self._known[each] for each in inside)
        return scope.kind, scope.block, given, label(scope) if scope.path else None, numbers


def _taken(member: Member) -> tuple[Port, ...]:
    """Give what a step or block takes; of a group what its first step does."""
    while isinstance(member, Scope) and member.block is None and member.members:
        member = member.members[0]
    if isinstance(member, Node):
        return member.inputs
    return tuple(port for _, ports in member.inputs for port in ports)


def _below(node: Node, scope: Scope) -> Member | None:
    """Give the member of a scope in which a node stands."""
    member: Member = node
    around: Scope | None = node.scope
    while around is not None and around is not scope:
        member, around = around, around.parent
    return None if around is None else member


def label(member: Member) -> str | None:
    """Give the label that was written; None for a kind with a number, and for a number."""
    segment, kind = member.segment, name(member)
    if segment.isdigit() or (segment.startswith(kind) and segment[len(kind) :].isdigit()):
        return None
    return segment


def kinds(regions: Regions, scope: Scope) -> Counter[str]:
    """Count what a scope holds, by kind of operator and name of block."""
    return Counter(name(each) for each in regions.members(scope))


def name(member: Member) -> str:
    """Give an operator's name, a block's, or `group`."""
    return member.kind if isinstance(member, Node) else member.block or "group"


def said(value: Any) -> str:
    """Write any value of a parameter: data as a spec does, steps as calls."""
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(said, value))}]"
    if isinstance(value, Operator):
        return value.op.name
    if isinstance(value, BlockValue):
        return value.name
    if isinstance(value, CallStep):
        given = (
            f"{each.keyword} = {said(each.value)}" if each.keyword else said(each.value)
            for each in value.given
        )
        return f"{said(value.callee)}({', '.join(given)})"
    if hasattr(value, "expression"):
        return said(value.value)
    if isinstance(value, bool | int | float | str):
        return show(value)
    return "..." if value is not None else "none"


def values(member: Member) -> Mapping[str, str]:
    """Give an operator's arguments or a block's, each as a spec would write it."""
    found = member.op.values if isinstance(member, Node) else member.values
    return {key: said(value) for key, value in found.items()}
