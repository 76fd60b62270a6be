"""From a spec's name or text to a network: what the command line and Python users both call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import index
from pathlib import Path
from typing import Any, Final

from cnnspec import library
from cnnspec.analysis.sizes import fixed_by
from cnnspec.collector import undisturbed
from cnnspec.diagnostics import Diagnostic, SpecError, error
from cnnspec.elaborate import Elaborated, Limits, Settings, Used, elaborate, network_names
from cnnspec.expect import held
from cnnspec.graph import Graph
from cnnspec.network import Network
from cnnspec.ops import operators
from cnnspec.render import visible
from cnnspec.source import Source
from cnnspec.syntax.parse import parse_what_can_be

#: Who has this many mistakes has seen enough.
MOST_MISTAKES: Final = 50


def load(
    spec: str | Path,
    *,
    set: Mapping[str, Any] | None = None,
    input: Sequence[int] | None = None,
    limits: Mapping[str, int] | None = None,
    expect: bool = True,
    keep_weights: bool | None = None,
) -> Network:
    """Load a network by path, `path:network`, shipped name, or `-` for standard input.

    `set` gives parameters of the network: values, or text in the language of specs. `input` is its
    one input's shape, channels first. Where a layer has other weights for it, that is refused with
    `keep_weights` true, warned of with false, and not looked for if it is left out. With `expect`
    false, facts that do not hold are warnings. Raises SpecError with every independent mistake,
    facts that do not hold among them.
    """
    if ("\n" in str(spec) or "{" in str(spec)) and not _there(str(spec)):
        raise error(
            "missing-file",
            "load takes a path or a name, and this is the text of a spec",
            help="`cnnspec.loads(text)` takes a text",
        )
    source, network, root = library.find(str(spec))
    how = _how(set, input, limits, expect=expect, keep_weights=keep_weights)
    return _network(source, network, root, how)[0]


def _there(spec: str) -> bool:
    try:
        return Path(spec).exists()
    except (OSError, ValueError):
        return False


def load_all(
    spec: str | Path,
    *,
    set: Mapping[str, Any] | None = None,
    input: Sequence[int] | None = None,
    limits: Mapping[str, int] | None = None,
    expect: bool = True,
    keep_weights: bool | None = None,
) -> tuple[Network, ...]:
    """Load what `load` would, or every network of a file that has several and none is named.

    Raises SpecError with the mistakes of all of them.
    """
    source, network, root = library.find(str(spec))
    names: list[str | None] = [network]
    if network is None:
        parsed, _ = parse_what_can_be(source)
        names = [*network_names(parsed)] or [None]
    how = _how(set, input, limits, expect=expect, keep_weights=keep_weights)
    result: list[Network] = []
    used = Used()
    wrong: dict[object, Diagnostic] = {}
    for name in names:
        try:
            loaded, used = _network(source, name, root, how, used)
            result.append(loaded)
        except SpecError as mistakes:
            used = replace(used, steps=max(used.steps, mistakes.steps))
            for each in mistakes.diagnostics:
                known = wrong.get(each.key)
                wrong[each.key] = each if known is None else known.also_at(each)
            if len(wrong) >= MOST_MISTAKES:
                break
    if wrong:
        raise SpecError(wrong.values())
    return tuple(result)


def loads(
    text: str,
    *,
    network: str | None = None,
    name: str = "text",
    set: Mapping[str, Any] | None = None,
    input: Sequence[int] | None = None,
    limits: Mapping[str, int] | None = None,
    expect: bool = True,
) -> Network:
    """Load a network from a text; `use` finds shipped files only. Raises SpecError as `load`."""
    return _network(Source(name, text), network, None, _how(set, input, limits, expect=expect))[0]


def loaded_from(
    source: Source,
    network: str | None,
    root: Path | None,
    *,
    set: Mapping[str, Any] | None = None,
    input: Sequence[int] | None = None,
    limits: Mapping[str, int] | None = None,
    expect: bool = True,
    keep_weights: bool | None = None,
) -> Network:
    """Load a network of a source, as if it stood in the folder `root`. Raises SpecError."""
    how = _how(set, input, limits, expect=expect, keep_weights=keep_weights)
    return _network(source, network, root, how)[0]


def _plain(value: Any) -> Any:
    """Give a value as the language has it: NumPy's scalars as numbers, sequences as tuples.

    >>> _plain([1, [2.0, True]])
    (1, (2.0, True))
    """
    if callable(given := getattr(value, "tolist", None)):
        value = given()
    return tuple([_plain(each) for each in value]) if isinstance(value, list | tuple) else value


@dataclass(frozen=True, slots=True)
class _How:
    """How a network is elaborated; the fields are those of `load`, as the language has them."""

    set: Mapping[str, Any]
    input: tuple[int, ...] | None
    limits: Mapping[str, int] | None
    expect: bool
    keep_weights: bool | None


def _how(
    set: Mapping[str, Any] | None,
    input: Sequence[int] | None,
    limits: Mapping[str, int] | None,
    *,
    expect: bool,
    keep_weights: bool | None = None,
) -> _How:
    """Take NumPy's scalars and any sequence for what the language has."""
    given = {key: _plain(value) for key, value in (set or {}).items()}
    try:
        shape = None if input is None else tuple([index(each) for each in input])
    except TypeError:
        words = f"input takes a whole number an axis, channels first: (3, 224, 224), not {input!r}"
        raise TypeError(words) from None
    return _How(given, shape, limits, expect, keep_weights)


def _network(
    source: Source, network: str | None, root: Path | None, how: _How, before: Used | None = None
) -> tuple[Network, Used]:
    with undisturbed():
        result = _elaborated(source, network, root, how, before)
        facts = held(result.graph, result.expectations)
    if how.expect and facts.diagnostics:
        raise SpecError(facts.diagnostics)
    fixed: tuple[Diagnostic, ...] = ()
    if how.keep_weights is not None and how.input is not None:
        fixed = _fixed(result.graph, source, network, root, how)
    if how.keep_weights and fixed:
        raise SpecError(fixed)
    doubts = (replace(each, severity="warning") for each in (*facts.diagnostics, *fixed))
    warnings = (*result.warnings, *doubts)
    origin = visible(source.base)
    loaded = Network(result.graph, warnings, f"{origin}:{result.graph.name}", facts.missed)
    return loaded, result.used


def _fixed(
    graph: Graph, source: Source, network: str | None, root: Path | None, how: _How
) -> tuple[Diagnostic, ...]:
    """Say which weights are others than for the input that the text states."""
    assert how.input is not None
    own = _elaborated(source, network, root, replace(how, input=None)).graph
    sizes = own.inputs[0].shape[1:]
    between = how.input[0], *sizes
    if len(between) != len(how.input):
        return tuple(fixed_by(own, graph))
    same = _elaborated(source, network, root, replace(how, input=between)).graph
    return (*fixed_by(own, same), *fixed_by(same, graph))


def _elaborated(
    source: Source, network: str | None, root: Path | None, how: _How, before: Used | None = None
) -> Elaborated:
    return elaborate(
        source,
        network,
        operators=operators(),
        resolve=library.resolver(root),
        settings=Settings(dict(how.set), how.input),
        bounds=Limits().raised(how.limits or {}),
        before=before,
    )
