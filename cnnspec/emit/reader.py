"""From what happened in a block instance to the units that an emitter sees.

Nodes that no wanted output needs are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnnspec.emit.lowering import Applied, Lowering
from cnnspec.emit.rows import gather
from cnnspec.emit.units import (
    CallUnit,
    Decision,
    Instance,
    LoopUnit,
    OpUnit,
    Path,
    Unit,
    count_uses,
)
from cnnspec.expression import Written
from cnnspec.graph import Port, Scope
from cnnspec.trace import Binding, BlockCall, Choice, Item, Loop, Step


class Reader:
    """Turns traces into units, for the nodes that are wanted."""

    def __init__(
        self,
        wanted: frozenset[int],
        lower: Mapping[str, Lowering],
        hints: Mapping[int, frozenset[str]],
        *,
        rows: bool,
    ) -> None:
        self.wanted = wanted
        self.lower = lower
        self.hints = hints
        self.rows = rows

    def instance(self, scope: Scope, results: tuple[Port, ...]) -> Instance:
        """Read one instance; `results` are the ports that it gives back."""
        names: dict[int, str] = {}
        units = self._units(scope.trace, scope, names)
        inputs = tuple(port for _, ports in scope.inputs for port in ports)
        values = dict(scope.values)
        for word, ports in scope.inputs:
            if len(ports) == 1:
                values[f"{word}.channels"] = ports[0].shape.channels
        if self.rows:
            units = gather(units, count_uses(units, results))
        return Instance(scope, units, inputs, results, names, values)

    def _units(self, items: Sequence[Item], scope: Scope, names: dict[int, str]) -> list[Unit]:
        result: list[Unit] = []
        for item in items:
            if isinstance(item, Step):
                if item.node.index in self.wanted and not item.node.op.is_input:
                    result.append(self._op(item, scope))
            elif isinstance(item, BlockCall):
                if self._alive(item):
                    result.append(self._call(item, scope))
            elif isinstance(item, Choice):
                body = self._units(item.body, scope, names)
                result.append(
                    Decision(item.site, relative(item.place, scope), item.tests, item.taken, body)
                )
            elif isinstance(item, Loop):
                turns = [self._units(turn, scope, names) for turn in item.turns]
                result.append(LoopUnit(relative(item.place, scope), item.count, turns))
            elif isinstance(item, Binding):
                names.setdefault(id(item.port), item.name)
        return result

    def _alive(self, call: BlockCall) -> bool:
        inside = {id(port) for port in call.inputs}
        return any(
            port.node.index in self.wanted for port in call.results if id(port) not in inside
        )

    def _op(self, step: Step, scope: Scope) -> OpUnit:
        node = step.node
        spoken = [c.expression if isinstance(c, Written) else None for c in step.channels]
        hints = self.hints.get(node.index, frozenset())
        applied = Applied(
            node.op, node.input_shapes, node.shapes, step.written, tuple(spoken), hints
        )
        lowered = self.lower[node.op.name](applied)
        path = relative(node.path, scope)
        return OpUnit(path, node, lowered, node.inputs, node.ports, step.target)

    def _call(self, call: BlockCall, scope: Scope) -> CallUnit:
        path = relative(call.scope.path, scope)
        results = tuple(port for port in call.results if port.node.index in self.wanted)
        return CallUnit(path, call.scope, call.arguments, call.inputs, results, call.target)


def relative(path: str, scope: Scope) -> Path:
    """Give a path's segments below a scope."""
    prefix = len(scope.path) + 1 if scope.path else 0
    below = path[prefix:]
    return tuple(below.split(".")) if below else ()
