"""From a spec's name or text to a network: what the command line and Python users both call."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnnspec import library
from cnnspec.analysis.sizes import fixed_by
from cnnspec.diagnostics import SpecError
from cnnspec.elaborate import Limits, Settings, elaborate
from cnnspec.expect import missed
from cnnspec.network import Network
from cnnspec.ops import operators
from cnnspec.source import Source


def load(
    spec: str | Path,
    *,
    set: Mapping[str, Any] | None = None,
    input: tuple[int, ...] | None = None,
    limits: Mapping[str, int] | None = None,
    keep_weights: bool = False,
) -> Network:
    """Load a network by path, `path:network`, shipped name, or `-` for standard input.

    `set` gives parameters of the network: values, or text in the language of specs. `input` is its
    one input's shape, channels first; with `keep_weights` a size at which a layer would have other
    weights is refused. Raises SpecError with every independent mistake, facts that do not hold
    among them.
    """
    source, network, root = library.find(str(spec))
    result = _network(source, network, root, set=set, input=input, limits=limits)
    if keep_weights and input is not None and len(input) == 3:
        plain = _network(source, network, root, set=set, input=None, limits=limits)
        own = (input[0], *plain.elaborated.inputs[0].shape[1:])
        same = _network(source, network, root, set=set, input=own, limits=limits)
        if wrong := fixed_by(same.elaborated, result.elaborated):
            raise SpecError(wrong)
    return result


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
        operators=operators(),
        resolve=library.resolver(root),
        settings=Settings(dict(set or {}), input),
        bounds=Limits().raised(limits or {}),
    )
    wrong = missed(result.graph, result.expectations)
    if wrong:
        raise SpecError(wrong)
    origin = Path(source.name).name
    return Network(result.graph, result.warnings, f"{origin}:{result.graph.name}")
