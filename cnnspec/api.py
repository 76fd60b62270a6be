"""From a spec's name or text to a network: what the command line and Python users both call."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnnspec import library
from cnnspec.analysis.sizes import fixed_by
from cnnspec.diagnostics import Diagnostic, SpecError, error
from cnnspec.elaborate import Limits, Settings, elaborate, network_names
from cnnspec.expect import missed
from cnnspec.network import Network
from cnnspec.ops import operators
from cnnspec.source import Source
from cnnspec.syntax.parse import parse


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
    if "\n" in str(spec) or "{" in str(spec):
        raise error(
            "missing-file",
            "load takes a path or a name, and this is the text of a spec",
            help="`cnnspec.loads(text)` takes a text",
        )
    source, network, root = library.find(str(spec))
    how: dict[str, Any] = {"set": set, "input": input, "limits": limits}
    return _found(source, network, root, keep_weights=keep_weights, **how)


def load_all(
    spec: str | Path,
    *,
    set: Mapping[str, Any] | None = None,
    input: tuple[int, ...] | None = None,
    limits: Mapping[str, int] | None = None,
    keep_weights: bool = False,
) -> tuple[Network, ...]:
    """Load what `load` would, or every network of a file that has several and none is named.

    Raises SpecError with the mistakes of all of them.
    """
    source, network, root = library.find(str(spec))
    names: list[str | None] = [network]
    if network is None:
        names = [*network_names(parse(source))] or [None]
    how: dict[str, Any] = {"set": set, "input": input, "limits": limits}
    result: list[Network] = []
    wrong: dict[object, Diagnostic] = {}
    for name in names:
        try:
            result.append(_found(source, name, root, keep_weights=keep_weights, **how))
        except SpecError as mistakes:
            wrong.update((each.key, each) for each in mistakes.diagnostics)
    if wrong:
        raise SpecError(wrong.values())
    return tuple(result)


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


def loaded_from(
    source: Source,
    network: str | None,
    root: Path | None,
    *,
    set: Mapping[str, Any] | None = None,
    input: tuple[int, ...] | None = None,
    limits: Mapping[str, int] | None = None,
) -> Network:
    """Load a network of a source, as if it stood in the folder `root`. Raises SpecError."""
    return _network(source, network, root, set=set, input=input, limits=limits)


def _found(
    source: Source, network: str | None, root: Path | None, *, keep_weights: bool, **how: Any
) -> Network:
    result = _network(source, network, root, **how)
    size = how["input"]
    if keep_weights and size is not None and len(size) == 3:
        plain = _network(source, network, root, **{**how, "input": None})
        own = (size[0], *plain.elaborated.inputs[0].shape[1:])
        same = _network(source, network, root, **{**how, "input": own})
        if wrong := fixed_by(same.elaborated, result.elaborated):
            raise SpecError(wrong)
    return result


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
