"""One instance of a block made from another: nodes, scopes and trace, each at its new place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cnnspec.graph import Node, Port, Scope
from cnnspec.op import Op
from cnnspec.trace import Binding, BlockCall, Choice, Item, Loop, Step, steps


@dataclass(slots=True, eq=False)
class Instance:
    """What one instance made of its arguments."""

    scope: Scope
    #: The scopes in it, parents first.
    scopes: list[Scope]
    nodes: list[Node]
    inputs: list[Port]
    result: Any
    #: How channels of what comes out are written in its body.
    channels: Mapping[Port, Any]
    consumed: frozenset[str]
    #: Fractions that another instance must have too.
    fixed: Mapping[str, str]
    #: Steps that a fraction reaches which may differ.
    rated: list[Step]
    spent: int
    depth: int
    longest: int


class Copy:
    """One instance made from another: its nodes, scopes and trace, each at its new place."""

    def __init__(
        self,
        model: Instance,
        scope: Scope,
        inputs: Sequence[Port],
        make: Any,
        ops: Mapping[Node, tuple[Op, Mapping[str, Any]]],
    ) -> None:
        self.own, self.scope, self.ops = model.scope, scope, ops
        self.ports = ports = dict(zip(model.inputs, inputs, strict=True))
        self.made: dict[Node | Scope, Any] = {model.scope: scope}
        made, begin, cut = self.made, scope.path, len(model.scope.path)
        for old in model.scopes:
            assert old.parent is not None
            path = begin + old.path[cut:]
            copy = Scope(path, old.kind, made[old.parent], old.span, old.block, old.definition)
            copy.values, copy.consumed = old.values, old.consumed
            made[old] = copy
        for node in model.nodes:
            op = ops[node][0] if node in ops else node.op
            into = tuple([ports[port] for port in node.inputs])
            path = begin + node.path[cut:]
            new = make(path, op, into, node.shapes, node.weights, made[node.scope], node.span)
            made[node] = new
            ports.update(zip(node.ports, new.ports, strict=True))
        scope.members = [made[member] for member in model.scope.members]
        for old in model.scopes:
            copy = made[old]
            copy.members = [made[member] for member in old.members]
            if old.block is not None:
                copy.inputs = tuple([(word, self.each(found)) for word, found in old.inputs])
                copy.results = self.each(old.results)
                copy.trace = self.trace(old.trace)

    def path(self, old: str) -> str:
        """Give the place of what stood at another."""
        return self.scope.path + old[len(self.own.path) :]

    def each(self, ports: Sequence[Port]) -> tuple[Port, ...]:
        """Give the ports for others."""
        return tuple([self.ports[port] for port in ports])

    def value(self, result: Any) -> Any:
        """Give the node or list of nodes for another."""
        if isinstance(result, Port):
            return self.ports[result]
        return tuple(map(self.value, result))

    def trace(self, items: Sequence[Item]) -> list[Item]:
        """Say what happened, at the new place."""
        return list(map(self._item, items))

    def _item(self, item: Item) -> Item:
        if isinstance(item, Step):
            written = self.ops[item.node][1] if item.node in self.ops else item.written
            return Step(self.made[item.node], written, item.target, item.channels)
        if isinstance(item, Binding):
            return Binding(item.name, self.ports[item.port])
        if isinstance(item, BlockCall):
            inputs, results = self.each(item.inputs), self.each(item.results)
            return BlockCall(self.made[item.scope], item.arguments, inputs, results, item.target)
        if isinstance(item, Choice):
            place = self.path(item.place)
            return Choice(item.site, place, item.tests, item.taken, self.trace(item.body))
        turns: list[Sequence[Item]] = [self.trace(turn) if turn else () for turn in item.turns]
        return Loop(item.site, self.path(item.place), item.count, turns)


def apart(instance: Instance) -> Instance:
    """Copy an instance to no place, so that keeping it does not keep the network around it."""
    old = instance.scope
    scope = Scope("", old.kind, None, old.span, old.block, old.definition, old.values)
    nowhere: Any = None
    inputs = [Port(nowhere, number) for number in range(len(instance.inputs))]
    copy = Copy(instance, scope, inputs, _node, {})
    scope.results, scope.trace = copy.each(old.results), copy.trace(old.trace)
    channels = {copy.ports[port]: value for port, value in instance.channels.items()}
    rated = {copy.made[step.node] for step in instance.rated}
    own = [step for step in steps(scope.trace) if isinstance(step, Step)]
    return replace(
        instance,
        scope=scope,
        scopes=[copy.made[each] for each in instance.scopes],
        nodes=[copy.made[node] for node in instance.nodes],
        inputs=inputs,
        result=copy.value(instance.result),
        channels=channels,
        rated=[step for step in own if step.node in rated],
    )


def _node(*facts: Any) -> Node:
    node = Node(0, *facts)
    node.ports = tuple([Port(node, number) for number in range(len(node.shapes))])
    return node
