"""From parsed files to the graph of one network: declarations, `use`, variants, settings."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cnnspec.collector import undisturbed
from cnnspec.diagnostics import Diagnostic, SpecError, error, nearest
from cnnspec.elaborate.declare import Declarations, Resolve
from cnnspec.elaborate.doubts import channels_last, dense_images, other_conventions, unused_values
from cnnspec.elaborate.limits import Limits, Used
from cnnspec.elaborate.lint import flows_after_else, unused_parameters
from cnnspec.elaborate.networks import Expectation, Networks, Settings
from cnnspec.elaborate.reach import unreached_defaults
from cnnspec.elaborate.session import Exhausted, Session
from cnnspec.elaborate.values import Poisoned
from cnnspec.graph import Graph
from cnnspec.ops import Operators
from cnnspec.source import ZOO, Source
from cnnspec.syntax import tree
from cnnspec.syntax.files import FileNames


@dataclass(frozen=True, slots=True)
class Elaborated:
    """A graph, the facts that it is to be held to, what is odd about its spec, what it took."""

    graph: Graph
    expectations: tuple[Expectation, ...]
    warnings: tuple[Diagnostic, ...]
    used: Used


@contextmanager
def deep() -> Iterator[None]:
    """Let evaluation nest as deep as its own bounds allow."""
    depth = sys.getrecursionlimit()
    sys.setrecursionlimit(max(depth, 60_000))
    try:
        yield
    finally:
        sys.setrecursionlimit(depth)


def elaborate(
    source: Source,
    network: str | None,
    *,
    operators: Operators,
    resolve: Resolve,
    settings: Settings | None = None,
    bounds: Limits | None = None,
    before: Used | None = None,
) -> Elaborated:
    """Elaborate a network of a file (None: its only one); raises SpecError with all mistakes.

    `before` is what the networks took that share its budgets.
    """
    session = Session(operators, bounds or Limits(), before)
    networks, declarations = Networks(session), Declarations(session, resolve)
    with deep(), undisturbed():
        try:
            file, parsed = declarations.top(source)
            definition = _chosen(parsed[0], network, broken=bool(session.diagnostics))
            how = settings or Settings({})
            graph = networks.instantiate(file, definition, how)
            turned = list(channels_last(graph, given=how.input is not None))
            local = [each for each in parsed if not each.source_span.source.name.startswith(ZOO)]
            doubted = [warning for each in local for warning in flows_after_else(each)]
            warnings = [*unused_parameters(parsed[0]), *doubted, *turned]
        except (Exhausted, Poisoned):
            graph, turned = None, []
        except SpecError as mistake:
            both = (*session.diagnostics, *mistake.diagnostics)
            if not _is_spent(both):
                _look_through(session, declarations)
                both = (*session.diagnostics, *mistake.diagnostics)
            both = _ordered(both)
            raise SpecError(both, steps=session.spent) from None
        if session.diagnostics and not _is_spent(session.diagnostics):
            _look_through(session, declarations)
    mistakes = _ordered(session.diagnostics)
    if mistakes or graph is None:
        # the one often comes of the other
        raise SpecError((*turned, *mistakes), steps=session.spent)
    used = Used(session.before.nodes + len(session.nodes), session.spent)
    warnings += finished(graph, file, parsed[0])
    session.close()
    return Elaborated(graph, networks.expectations, tuple(warnings), used)


def finished(graph: Graph, file: FileNames, parsed: tree.File) -> list[Diagnostic]:
    """Take out of a graph what no output needs; say what is odd about it."""
    live = graph.needed(graph.outputs)
    dead = [node for node in graph.nodes if node.index not in live]
    found = [
        *other_conventions(graph),
        *unreached_defaults(graph, file, parsed.items),
        *unused_values(dead),
        *dense_images(graph),
    ]
    if dead:
        graph.unread = {node.path: node.span for node in dead if node.weights}
        graph.nodes = tuple(node for node in graph.nodes if node.index in live)
    return found


def _is_spent(mistakes: tuple[Diagnostic, ...]) -> bool:
    """Whether a budget ran out: then there is nothing left to look through the rest with."""
    return any(each.code == "budget-exceeded" for each in mistakes)


def condensed(
    source: Source,
    network: str | None,
    *,
    operators: Operators,
    resolve: Resolve,
    settings: Settings,
    bounds: Limits,
) -> Graph | None:
    """Elaborate a network for its figures alone: a block's instances are one node each.

    Gives None where something is wrong with it, or might be: `elaborate` says what.
    """
    session = Session(operators, bounds, whole=True)
    with deep(), undisturbed():
        try:
            file, parsed = Declarations(session, resolve).top(source)
            definition = _chosen(parsed[0], network, broken=False)
            graph = Networks(session).instantiate(file, definition, settings)
        except (Exhausted, Poisoned, SpecError):
            return None
        finally:
            session.close()
    live = graph.needed(graph.outputs)
    graph.nodes = tuple([node for node in graph.nodes if node.index in live])
    return graph


def _look_through(session: Session, declarations: Declarations) -> None:
    """Where there are mistakes: find those in blocks and networks that these kept from running."""
    try:
        for file, parsed in zip(declarations.files.values(), declarations.parsed, strict=False):
            if file.source.name.startswith(ZOO):
                continue
            for item in parsed.items:
                if isinstance(item, tree.Block | tree.NetworkDef) and (
                    id(item) not in session.entered and id(item) in file.indices
                ):
                    session.blocks.look_through(item, file)
    except (Exhausted, Poisoned):
        pass


def _ordered(diagnostics: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """Give each mistake once, those of a file in the order of its text, as of the whole text."""
    unique = tuple({each.key: each.whole() for each in diagnostics}.values())
    files: dict[str, int] = {}
    for each in unique:
        if each.labels:
            files.setdefault(each.labels[0].span.source.name, len(files))

    def place(each: Diagnostic) -> tuple[int, int]:
        if not each.labels:
            return (len(files), 0)
        span = each.labels[0].span
        return (files[span.source.name], span.begin)

    return tuple(sorted(unique, key=place))


def network_names(parsed: tree.File) -> list[str]:
    """The networks that a file declares, in order."""
    kinds = (tree.NetworkDef, tree.Variant)
    return [item.name.id for item in parsed.items if isinstance(item, kinds)]


def _chosen(
    parsed: tree.File, network: str | None, *, broken: bool
) -> tree.NetworkDef | tree.Variant:
    """Find the network that is meant; of a broken text what is not there is no new mistake."""
    kinds = (tree.NetworkDef, tree.Variant)
    found = [item for item in parsed.items if isinstance(item, kinds)]
    names = ", ".join(item.name.id for item in found)
    file = parsed.source_span.source.name
    typed = file.removeprefix(ZOO)
    if network is not None:
        for item in found:
            if item.name.id == network:
                return item
        if broken:
            raise Poisoned
        guess = nearest(network, (item.name.id for item in found), short=0)
        raise error(
            "unknown-network",
            f"{file} has no network called {network}",
            help=f"did you mean `{typed}:{guess}`?" if guess else f"it has: {names or 'none'}",
        )
    if not found and broken:
        raise Poisoned
    if not found:
        raise error(
            "no-network",
            f"{file} declares no network",
            help="declare one: `network name { image = input(3, 32, 32) … }`",
        )
    if len(found) > 1:
        raise error(
            "several-networks",
            f"{file} declares {len(found)} networks",
            notes=(f"they are: {names}",),
            help=f"name one: `{typed}:{found[-1].name.id}`",
        )
    return found[0]
