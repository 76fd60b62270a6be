"""From a spec's name or text to a network: what the command line and Python users both call."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnnspec import library
from cnnspec.diagnostics import SpecError
from cnnspec.elaborate import Limits, Settings, elaborate
from cnnspec.expect import missed
from cnnspec.network import Network
from cnnspec.ops import Operators
from cnnspec.source import Source


def load(
    spec: str | Path,
    *,
    set: Mapping[str, Any] | None = None,
    input: tuple[int, ...] | None = None,
    limits: Mapping[str, int] | None = None,
) -> Network:
    """Load a network by path, `path:network`, shipped name, or `-` for standard input.

    `set` gives parameters of the network: values, or text in the language of specs. `input` is its
    one input's shape, channels first. Raises SpecError with every independent mistake, facts that
    do not hold among them.
    """
    source, network, root = library.find(str(spec))
    return _network(source, network, root, set=set, input=input, limits=limits)


def loads(
    text: str,
    *,
    network: str | None = None,
    name: str = "text",
    set: Mapping[str, Any] | None = None,
    input: tuple[int, ...] | None = None,
    limits: Mapping[str, int] | None = None,
) -> Network:
    """Load a network from a text; `use` finds shipped files only. Raises SpecError."""
    return _network(Source(name, text), network, None, set=set, input=input, limits=limits)


def _network(
    source: Source,
    network: str | None,
    root: Path | None,
    *,
    set: Mapping[str, Any] | None,
    input: tuple[int, ...] | None,
    limits: Mapping[str, int] | None,
) -> Network:
    result = elaborate(
        source,
        network,
        operators=Operators(),
        resolve=library.resolver(root),
        settings=Settings(dict(set or {}), input),
        bounds=Limits().raised(limits or {}),
    )
    wrong = missed(result.graph, result.expectations)
    if wrong:
        raise SpecError(wrong)
    origin = Path(source.name).name
    return Network(result.graph, result.warnings, f"{origin}:{result.graph.name}")
