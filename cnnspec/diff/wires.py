"""What flows where: inputs of paired nodes that come from elsewhere, and outputs."""

from __future__ import annotations

from functools import partial

from cnnspec.diff.data import Change, HunkKind
from cnnspec.diff.found import Found
from cnnspec.diff.walk import Walk
from cnnspec.graph import Node, Output, Port


def rewired(walk: Walk) -> list[Found]:
    """Find the steps that take something else, where nothing was put in or out between."""
    back = {new: old for old, new in walk.pairs.items()}
    result = [found for old, new in walk.pairs.items() if (found := _step(walk, back, old, new))]
    return result + _outputs(walk, back)


def _step(walk: Walk, back: dict[Node, Node], old: Node, new: Node) -> Found | None:
    if old in walk.loose or new in walk.loose:
        return None
    before = [port for port in old.inputs if not _is_loose(walk, port)]
    after = [port for port in new.inputs if not _is_loose(walk, port, back)]
    some = len(before) < len(old.inputs) or len(after) < len(new.inputs)
    alike = len(before) == len(after) and all(map(partial(_same, walk), before, after))
    if some or alike:
        return None
    taken, takes = (", ".join(p.node.path for p in ports) for ports in (before, after))
    owner = old.scope
    while owner.block is None and owner.parent is not None:
        owner = owner.parent
    site = ("rewired", str(owner.block), old.span.start)
    change = Change("takes", taken, takes)
    what = f"{old.segment} takes {takes} instead of {taken}"
    order = walk.order(old)
    return Found("rewired", site, order, what, old.scope, new.scope, (old,), (new,), (change,))


def _same(walk: Walk, a: Port, b: Port) -> bool:
    return walk.pairs.get(a.node) is b.node and a.index == b.index


def _is_loose(walk: Walk, port: Port, back: dict[Node, Node] | None = None) -> bool:
    known = walk.pairs if back is None else back
    return port.node in walk.loose or port.node not in known


def _outputs(walk: Walk, back: dict[Node, Node]) -> list[Found]:
    before = {each.name: each for each in walk.a.outputs}
    after = {each.name: each for each in walk.b.outputs}
    result: list[Found] = []
    gone = [name for name in before if name not in after]
    new = [name for name in after if name not in before]
    if len(gone) == len(new) == 1:
        old, now = before[gone[0]], after[new[0]]
        if walk.pairs.get(old.port.node) is now.port.node:
            what = f"the output {old.name} is called {now.name}"
            result.append(_output("renamed", what, old, now))
            gone, new = [], []
    result += [_output("removed", f"the output {each}", before[each], None) for each in gone]
    result += [_output("inserted", f"the output {each}", None, after[each]) for each in new]
    for name in before.keys() & after.keys():
        old, now = before[name], after[name]
        if (old.train, old.weight) != (now.train, now.weight):
            what = f"the output {name}: {_terms(old)} -> {_terms(now)}"
            result.append(_output("changed", what, old, now))
        loose = _is_loose(walk, old.port) or _is_loose(walk, now.port, back)
        if not loose and not _same(walk, old.port, now.port):
            what = f"the output {name} is {now.port.node.path} instead of {old.port.node.path}"
            result.append(_output("rewired", what, old, now))
    return result


def _output(kind: HunkKind, what: str, old: Output | None, new: Output | None) -> Found:
    changes = (Change("output", _terms(old), _terms(new)),)
    site = ("output", kind, what)
    members = ((old.port.node,) if old else ()), ((new.port.node,) if new else ())
    return Found(kind, site, float("inf"), what, None, None, *members, changes)


def _terms(output: Output | None) -> str | None:
    if output is None:
        return None
    return f"in training, weight {output.weight:g}" if output.train else "always"
