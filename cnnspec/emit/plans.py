"""From a graph to the classes that a backend writes: one plan a block definition, where it can."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from cnnspec.emit.loops import KeepLoop, LoopMerger, loop_merger, no_loops
from cnnspec.emit.lowering import Lowering
from cnnspec.emit.merge import Merger
from cnnspec.emit.merged import MergedOp, Plan, operators
from cnnspec.emit.reader import Reader
from cnnspec.emit.units import CallUnit, Decision, Instance, LoopUnit, Row, Unit
from cnnspec.emit.words import Split, Words
from cnnspec.expression import Written
from cnnspec.graph import Graph, Output, Scope, defined

#: What is handed to the lowerings, by a node's index.
Hints = Mapping[int, frozenset[str]]
#: Finds the hints, told which nodes are written as one step: those of equal values.
FindHints = Callable[[Mapping[int, MergedOp]], Hints]


@dataclass(frozen=True, slots=True)
class Plans:
    """The plans in an order in which they can be declared, the network's own last."""

    blocks: tuple[Plan, ...]
    network: Plan
    outputs: tuple[Output, ...]
    hints: Hints

    def steps(self) -> Mapping[int, MergedOp]:
        """The step that each node is written as, by the node's index."""
        plans = (*self.blocks, self.network)
        return {index: op for plan in plans for op in operators(plan.units) for index in op.nodes}


def make_plans(
    graph: Graph,
    lower: Mapping[str, Lowering],
    *,
    inference: bool = False,
    find_hints: FindHints | None = None,
    keep: KeepLoop = no_loops,
    functional: bool = False,
) -> Plans:
    """Plan the source of a network; with `inference` training heads are left out.

    `find_hints` finds what the lowerings are told: first before it is known which nodes are
    written as one step, then once more where knowing it tells more. `keep` says which loops the
    backend can write as loops; others are written turn by turn. `functional` is for
    one whose layers are applied to tensors: a tensor says its channels, so they are no parameters,
    and groups that are chains are not gathered.
    """
    outputs = graph.inference_outputs if inference else graph.outputs
    make = partial(_make, graph, lower, outputs, loop_merger(keep), functional=functional)
    if find_hints is None:
        return make({})
    plans = make(find_hints({}))
    hints = find_hints(plans.steps())
    return plans if hints == plans.hints else make(hints, known=plans)


def _make(
    graph: Graph,
    lower: Mapping[str, Lowering],
    outputs: tuple[Output, ...],
    loops: LoopMerger,
    hints: Hints,
    *,
    functional: bool,
    known: Plans | None = None,
) -> Plans:
    """Plan the source of a network; instances of one plan that is `known` stay together."""
    reader = Reader(graph.needed(outputs), lower, hints, rows=not functional)
    results = tuple(output.port for output in outputs)
    root = reader.instance(graph.root, results)
    root.inputs = tuple(node.ports[0] for node in graph.inputs)
    opens: dict[int, frozenset[str]] = {id(graph.root): frozenset(graph.open_parameters)}
    instances: dict[int, Instance] = {id(graph.root): root}
    order: list[Instance] = []
    _discover(root, reader, opens, instances, order)
    if known is None:
        groups = _grouped(order)
    else:
        groups = [[instances[id(e.scope)] for e in plan.instances] for plan in known.blocks]
    plan_of: dict[int, Plan] = {}
    blocks: list[Plan] = []
    for members in groups:
        made = _plans(members, opens, plan_of, loops, functional=functional)
        for plan in made:
            for each in plan.instances:
                plan_of[id(each.scope)] = plan
        blocks += made
    network = Plan(graph.name, defined(graph.root), [root], functional=functional)
    words = Words(network, [root], opens[id(graph.root)])
    Merger(words, lambda scope: plan_of[id(scope)], loops).merge()
    return Plans(tuple(blocks), network, outputs, hints)


def calls(units: list[Unit]) -> list[CallUnit]:
    """The block calls among units, in order."""
    result: list[CallUnit] = []
    for unit in units:
        if isinstance(unit, CallUnit):
            result.append(unit)
        elif isinstance(unit, Row):
            result += calls(unit.members)
        elif isinstance(unit, Decision):
            result += calls(unit.body)
        elif isinstance(unit, LoopUnit):
            for turn in unit.turns:
                result += calls(turn)
    return result


def _discover(
    instance: Instance,
    reader: Reader,
    opens: dict[int, frozenset[str]],
    instances: dict[int, Instance],
    order: list[Instance],
) -> None:
    """Read all block instances below one, and which of their parameters stay open."""
    mine = opens[id(instance.scope)]
    for call in calls(instance.units):
        names = {
            key
            for key, value in call.arguments.items()
            if isinstance(value, Written) and value.expression.names & mine
        }
        opens[id(call.scope)] = frozenset(names)
        inner = reader.instance(call.scope, call.outputs)
        instances[id(call.scope)] = inner
        _discover(inner, reader, opens, instances, order)
        order.append(inner)


def _grouped(order: list[Instance]) -> list[list[Instance]]:
    """Group instances by definition so that whatever a group calls is in a group before it."""
    keys = {id(each.scope): _key(each) for each in order}
    groups: dict[Any, list[Instance]] = {}
    for each in order:
        groups.setdefault(keys[id(each.scope)], []).append(each)
    needs = {
        key: list(dict.fromkeys(keys[id(c.scope)] for member in group for c in calls(member.units)))
        for key, group in groups.items()
    }
    done: dict[Any, None] = {}
    for start in groups:
        pending = [(start, iter(needs[start]))]
        while pending:
            key, rest = pending[-1]
            following = next((each for each in rest if each not in done), None)
            if following is None:
                done[key] = None
                pending.pop()
            elif all(following != each for each, _ in pending):
                pending.append((following, iter(needs[following])))
    return [groups[key] for key in done]


def _key(instance: Instance) -> tuple[int, int]:
    """A definition, and for one that calls itself how often it does below."""
    return id(instance.scope.definition), _recursion(instance.scope)


def _recursion(scope: Scope) -> int:
    deepest = 0
    pending = [(member, 0) for member in scope.members]
    while pending:
        member, depth = pending.pop()
        if isinstance(member, Scope):
            depth += member.definition is scope.definition
            deepest = max(deepest, depth)
            pending.extend((each, depth) for each in member.members)
    return deepest


def _plans(
    members: list[Instance],
    opens: dict[int, frozenset[str]],
    plan_of: dict[int, Plan],
    loops: LoopMerger,
    *,
    functional: bool,
) -> list[Plan]:
    """Merge instances into as few plans as agree, in the order of their first instances."""
    pending = [members]
    result: list[Plan] = []
    while pending:
        part = pending.pop(0)
        scope = part[0].scope
        open_names = frozenset().union(*(opens[id(each.scope)] for each in part))
        try:
            plan = _plan(part, open_names, plan_of, loops, functional=functional)
        except Split as split:
            if len(part) == 1:
                raise RuntimeError(
                    f"the block instance {scope.path} does not hang together"
                ) from split
            pending = [*_parts(part, split.keys), *pending]
        else:
            result.append(plan)
    return result


def _plan(
    members: list[Instance],
    open_names: frozenset[str],
    plan_of: dict[int, Plan],
    loops: LoopMerger,
    *,
    functional: bool,
) -> Plan:
    """Merge instances into one plan; raises Split where they do not agree.

    They are merged once more if the parameters that there turned out to be say more.
    """
    scope = members[0].scope

    def merged(given: frozenset[str]) -> Words:
        plan = Plan(str(scope.block), defined(scope), members, functional=functional)
        words = Words(plan, members, open_names, given)
        Merger(words, lambda scope: plan_of[id(scope)], loops).merge()
        return words

    words = merged(frozenset())
    given = frozenset(words.plan.parameters)
    if any(names <= given for names in words.wished):
        words = merged(given)
    return words.plan


def _parts(members: list[Instance], keys: list[Hashable]) -> list[list[Instance]]:
    """Part instances by key; one without a key goes with those that were given the same steps."""
    parts: dict[Hashable, list[Instance]] = {}
    for key, each in zip(keys, members, strict=True):
        if key is not None:
            parts.setdefault(key, []).append(each)
    homes = {id(each): key for key, part in parts.items() for each in part}
    for each in members:
        if id(each) not in homes:
            steps = _steps(each)
            alike = (key for key, part in parts.items() if any(_steps(o) == steps for o in part))
            homes[id(each)] = next(alike, next(iter(parts)))
    return [[each for each in members if homes[id(each)] == key] for key in parts]


def _steps(instance: Instance) -> list[Any]:
    """The operators and blocks among the arguments of an instance."""
    values = instance.scope.values.values()
    callees = (getattr(each, "op", getattr(each, "definition", None)) for each in values)
    return [each for each in callees if each is not None]
