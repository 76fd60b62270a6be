"""The networks that ship, with their figures: what `cnnspec zoo` lists and docs/zoo.md shows.

Elaborating a hundred networks takes seconds, so their figures stand in `specs/index.json`, written
by `make docs` with a digest of all specs. Where the digest is not that of the specs that are there
(somebody works on them), the figures are measured.
"""

from __future__ import annotations

import json
from functools import cache
from hashlib import sha256
from typing import NamedTuple

from cnnspec import library
from cnnspec.api import load


class Entry(NamedTuple):
    """One network: counts are exact, MACs of convolutions and dense layers at batch 1."""

    name: str
    file: str
    title: str
    params: int
    macs: int
    #: Channels x height x width.
    input: str
    #: Published accuracy in percent, and where it was published.
    top1: float | None
    top1_source: str | None
    paper: str
    year: int


def entries() -> tuple[Entry, ...]:
    """Give every network that has a title, in the order of files and of their texts.

    One without is a pattern, which others in its file are made from.
    """
    index = library.index()
    if index is not None and index.get("sha256") == digest():
        return tuple(Entry(**row) for row in index["networks"])
    return measured()


@cache
def measured() -> tuple[Entry, ...]:
    """Elaborate every network that ships and give those that have a title."""
    result = []
    for name, file in library.shipped().items():
        network = load(name)
        meta = network.meta
        if "title" in meta:
            top1 = meta.get("top1")
            result.append(
                Entry(
                    name=name,
                    file=file,
                    title=network.title,
                    params=network.params,
                    macs=network.macs,
                    input=", ".join(str(node.shape) for node in network.elaborated.inputs),
                    top1=top1,
                    top1_source=None if top1 is None else str(meta["top1_source"]),
                    paper=str(meta["paper"]),
                    year=int(meta["year"]),
                )
            )
    return tuple(result)


def as_index() -> str:
    """Write `specs/index.json`, a network a line."""
    rows = ",\n".join(json.dumps(each._asdict(), ensure_ascii=False) for each in measured())
    return f'{{"sha256": "{digest()}", "networks": [\n{rows}\n]}}\n'


def digest() -> str:
    """Give the digest of all specs that ship, names and texts."""
    texts = (f"{file}\0{library.zoo_text(file)}\0" for file in library.shipped_files())
    return sha256("".join(texts).encode()).hexdigest()
