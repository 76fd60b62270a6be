"""Shapes beside the lines: what comes out of each line's last step, and its share of the MACs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from cnnspec.analysis.macs import node_macs
from cnnspec.editing.instances import Instance, Made, nodes_of
from cnnspec.editing.sheet import Sheet
from cnnspec.network import Network

#: A line with less of a network's multiply-adds shows no share.
LEAST_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Hint:
    """Words for the end of a line, counted from 1."""

    line: int
    text: str


def hints(sheet: Sheet) -> Iterator[Hint]:
    """Give the hints of the first instance of each block and network, from the top down."""
    lines: dict[int, str] = {}
    for instance in sheet.instances.values():
        for relative, words in _words_of(instance).items():
            line = instance.line(relative + instance.home.before)
            if line is not None:
                lines.setdefault(line, words)
    return (Hint(line, lines[line]) for line in sorted(lines))


def _words_of(instance: Instance) -> dict[int, str]:
    if not instance.words:
        found: dict[int, list[Made]] = defaultdict(list)
        for made in instance.steps:
            source = made.made.span.source
            if source is instance.home:
                line = source.position(max(made.stop - 1, made.start))[0]
                found[line - source.before].append(made)
        instance.words.update((line, _words(instance.network, found[line])) for line in found)
    return instance.words


def _words(network: Network, made: list[Made]) -> str:
    last = max(enumerate(made), key=lambda pair: (pair[1].start, pair[0]))[1]
    shapes = ", ".join(dict.fromkeys(str(port.shape) for port in last.results))
    total = network.macs
    share = sum(node_macs(node) for each in made for node in nodes_of(each.made)) / (total or 1)
    return f"{shapes}  · {share:.0%} MACs" if share >= LEAST_SHARE else shapes
