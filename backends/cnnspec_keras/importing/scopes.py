"""Finds blocks in the names of layers: `conv2_block1_1_conv` stands in `conv2_block1`.

Keras keeps no tree. A prefix that several layers share, and that ends with a number, is taken for a
block's name, if the layers stand together in the graph: nothing outside flows between two of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from cnnspec.importing.tree import Step

#: A block has at least so many layers, and at most.
LEAST: Final = 3
MOST: Final = 60
_BLOCK: Final = re.compile(r".*\d[a-z]?")
_SAID: Final = re.compile(r".*(block|stage|cell)s?_?\d+[a-z]?")


def prefixes(names: Iterable[str], refused: frozenset[str] = frozenset()) -> Mapping[str, str]:
    """Give the block of each layer that stands in one, by names alone.

    >>> prefixes(["conv1_conv", "b1_1_conv", "b1_1_bn", "b1_2_conv"])["b1_2_conv"]
    'b1'
    """
    known = list(names)
    counts: Counter[str] = Counter()
    for name in known:
        counts.update(_prefixes(name))
    result = {}
    for name in known:
        fitting = [
            each
            for each in _prefixes(name)
            if LEAST <= counts[each] <= MOST and _BLOCK.fullmatch(each) and each not in refused
        ]
        said = [each for each in fitting if _SAID.fullmatch(each)]
        if fitting:
            result[name] = said[-1] if said else fitting[0]
    return result


def _prefixes(name: str) -> list[str]:
    parts = name.split("_")
    return ["_".join(parts[:count]) for count in range(1, len(parts))]


def crossed(steps: Sequence[Step], block: Mapping[Step, str]) -> frozenset[str]:
    """Give the blocks between whose steps something flows that stands outside."""
    through: dict[Step, frozenset[str]] = {}
    found: set[str] = set()
    for step in steps:
        own = block.get(step)
        passed: set[str] = set()
        for value in step.inputs:
            before = value.step
            if before is None:
                continue
            left = block.get(before)
            inherited = through[before]
            if left is not None and left != own:
                inherited |= {left}
            if own in inherited:
                found.add(str(own))
            passed |= inherited
        through[step] = frozenset(passed)
    return frozenset(found)


def kind(prefix: str) -> str:
    """Say what a block is called without its numbers: `conv2_block1` is a `conv_block`.

    >>> kind("conv2_block1"), kind("block_3"), kind("stack1_block2")
    ('conv_block', 'block', 'stack_block')
    """
    words = re.sub(r"\d+[a-z]?(?=_|$)", "", prefix)
    return re.sub(r"_+", "_", words).strip("_") or "block"
