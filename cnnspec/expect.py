"""Published facts held against the network, to the precision that they are written with."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from cnnspec.analysis.macs import macs
from cnnspec.analysis.parameters import trainable
from cnnspec.diagnostics import Diagnostic, Label, nearest
from cnnspec.elaborate import Expectation
from cnnspec.graph import Graph, Node, Scope, walk_scopes
from cnnspec.kinds import show
from cnnspec.syntax import tree
from cnnspec.syntax.build import SCALE

FACTS = ("params", "inference.params", "params.conv", "params.dense", "macs")


def missed(graph: Graph, expectations: Iterable[Expectation]) -> list[Diagnostic]:
    """Check facts; give a diagnostic with the actual value for each that does not hold."""
    scopes = {scope.path: scope for scope in walk_scopes(graph.root)}
    nodes = {node.path: node for node in graph.nodes}
    outputs = {output.name: output.port.node for output in graph.outputs}
    result = []
    for expectation in expectations:
        entry = expectation.entry
        actual = _actual(entry.key, graph, scopes, nodes, outputs)
        if actual is None:
            known = [*FACTS, *(f"{path}.shape" for path in [*scopes, *nodes] if path)]
            guess = nearest(entry.key, known)
            result.append(
                Diagnostic(
                    "unknown-fact",
                    f"there is no fact called {entry.key}",
                    (Label(entry.key_span),),
                    help=f"did you mean `{guess}`?"
                    if guess
                    else f"facts are {', '.join(FACTS)}, PATH.shape and PATH.params",
                )
            )
        elif not _holds(actual, expectation.value, entry.value):
            said = show(actual) if isinstance(actual, tuple) else f"{actual:,}"
            result.append(
                Diagnostic(
                    "expectation-missed",
                    f"{entry.key} is {said}, not {entry.value.span.text}",
                    (Label(entry.value.span, f"it is {said}"),),
                    help="mend the network, or the fact if the source says otherwise",
                )
            )
    return result


def _actual(
    key: str,
    graph: Graph,
    scopes: dict[str, Scope],
    nodes: dict[str, Node],
    outputs: dict[str, Node],
) -> Any:
    if key == "params":
        return trainable(graph.nodes)
    if key == "inference.params":
        return trainable(graph.inference_nodes)
    if key in ("params.conv", "params.dense"):
        family = {"params.conv": "convolution", "params.dense": "dense"}[key]
        return trainable(node for node in graph.nodes if node.op.family == family)
    if key == "macs":
        return macs(graph)
    path, _, fact = key.rpartition(".")
    node = nodes.get(path) or outputs.get(path)
    scope = scopes.get(path) if path else None
    if fact == "shape":
        if node is not None:
            return tuple(node.shape)
        last = _last(scope) if scope is not None else None
        return tuple(last.shape) if last is not None else None
    if fact == "params":
        if node is not None and scope is None:
            return trainable([node])
        if scope is not None:
            return trainable(n for n in graph.nodes if n.path.startswith(path + "."))
    return None


def _last(scope: Scope) -> Node | None:
    """The node whose output a scope gives: a block's first result, a group's last member."""
    while True:
        if scope.results:
            return scope.results[0].node
        if not scope.members:
            return None
        member = scope.members[-1]
        if isinstance(member, Node):
            return member
        scope = member


def _holds(actual: Any, wanted: Any, written: tree.Expr) -> bool:
    if isinstance(actual, tuple) or isinstance(wanted, tuple):
        return bool(actual == wanted)
    text = written.span.text.replace("_", "")
    match = re.fullmatch(r"(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?([KMG])?", text)
    if match is None or not any(match.groups()[1:]):
        return bool(actual == wanted)
    whole, fraction, exponent, unit = match.groups("")
    # the last digit that is written stands for 10 ** power units; half of that is allowed
    power = int(exponent or 0) - len(fraction)
    up, down = SCALE.get(unit, 1) * 10 ** max(power, 0), 10 ** max(-power, 0)
    return bool(2 * abs(actual * down - int(whole + fraction) * up) <= up)
