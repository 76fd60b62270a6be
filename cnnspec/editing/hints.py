"""Shapes beside the lines: what comes out of each line's last step, and its share of the MACs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from cnnspec.analysis.macs import node_macs
from cnnspec.editing.snapshot import Made, Snapshot, nodes_of, steps
from cnnspec.network import Network

#: A line with less of a network's multiply-adds shows no share.
LEAST_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Hint:
    """Words for the end of a line, counted from 1."""

    line: int
    text: str


def hints(snapshot: Snapshot) -> Iterator[Hint]:
    """Give the hints of the first instance of each block and network, from the top down."""
    lines: dict[int, str] = {}
    for network, scope in snapshot.instances.values():
        for line, made in _by_line(snapshot, steps(scope)).items():
            lines.setdefault(line, _words(network, made))
    return (Hint(line, lines[line]) for line in sorted(lines))


def _by_line(snapshot: Snapshot, found: list[Made]) -> dict[int, list[Made]]:
    result: dict[int, list[Made]] = defaultdict(list)
    for made in found:
        span = made.made.span
        if span.source.name == snapshot.source.name:
            result[snapshot.source.position(max(span.stop - 1, span.start))[0]].append(made)
    return result


def _words(network: Network, made: list[Made]) -> str:
    last = max(enumerate(made), key=lambda pair: (pair[1].start, pair[0]))[1]
    shapes = ", ".join(dict.fromkeys(str(port.shape) for port in last.results))
    total = network.macs
    share = sum(node_macs(node) for each in made for node in nodes_of(each.made)) / (total or 1)
    return f"{shapes}  · {share:.0%} MACs" if share >= LEAST_SHARE else shapes
