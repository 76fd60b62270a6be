"""One network, or one body, of a file whose names are known: what an editor asks for again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from cnnspec.collector import undisturbed
from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.elaborate.declare import Declarations, Resolve
from cnnspec.elaborate.doubts import channels_last
from cnnspec.elaborate.limits import Limits
from cnnspec.elaborate.networks import Expectation, Networks, Settings
from cnnspec.elaborate.program import deep, finished
from cnnspec.elaborate.session import Exhausted, Session
from cnnspec.elaborate.values import Poisoned
from cnnspec.graph import Graph
from cnnspec.ops import Operators
from cnnspec.source import Source
from cnnspec.syntax import tree
from cnnspec.syntax.files import FileNames


@dataclass(frozen=True, slots=True)
class Declared:
    """What a file declares, the mistakes in that, and the texts that it uses."""

    file: FileNames
    mistakes: tuple[Diagnostic, ...]
    used: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Single:
    """A network: its graph, if nothing is wrong, what is wrong or odd, and what it ran."""

    graph: Graph | None
    expectations: tuple[Expectation, ...] = ()
    mistakes: tuple[Diagnostic, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()
    entered: frozenset[int] = field(default=frozenset())


def declare(
    source: Source, parsed: tree.File, *, operators: Operators, resolve: Resolve
) -> Declared:
    """Enter what a parsed file declares; its mistakes of syntax are not among those given."""
    session = Session(operators, Limits())
    declarations = Declarations(session, resolve)
    with deep(), undisturbed():
        try:
            file = declarations.enter(source, parsed, ())
        except (Exhausted, Poisoned):
            file = declarations.files[source.name]
        except SpecError as mistake:
            return Declared(FileNames(source), (*session.diagnostics, *mistake.diagnostics), ())
    used = tuple((each.name, each.text) for _, _, each in declarations.used)
    return Declared(file, session.diagnostics, used)


def elaborate_single(
    file: FileNames,
    parsed: tree.File,
    item: tree.NetworkDef | tree.Variant,
    *,
    operators: Operators,
    known: Iterable[Diagnostic] = (),
) -> Single:
    """Elaborate a network of a file; `known` are mistakes in what it reads, and not told again."""
    before = tuple(known)
    session, turned = Session(operators, Limits()), list[Diagnostic]()
    graph: Graph | None = None
    more: tuple[Diagnostic, ...] = ()
    networks = Networks(session)
    with deep(), undisturbed():
        try:
            if before:
                session.report(SpecError(before))
            graph = networks.instantiate(file, item, Settings({}))
            turned = list(channels_last(graph, given=False))
        except (Exhausted, Poisoned):
            graph = None
        except SpecError as mistake:
            graph, more = None, mistake.diagnostics
    entered = frozenset(session.entered)
    found = _new((*session.diagnostics, *more), before)
    if graph is None or found or before:
        return Single(None, (), found, tuple(turned), entered)
    warnings = (*turned, *finished(graph, file, parsed))
    session.close()
    return Single(graph, networks.expectations, (), warnings, entered)


def look_through(
    file: FileNames,
    item: tree.Block | tree.NetworkDef,
    *,
    operators: Operators,
    known: Iterable[Diagnostic] = (),
) -> tuple[Diagnostic, ...]:
    """Find the mistakes of a body that nothing ran."""
    before = tuple(known)
    session = Session(operators, Limits())
    with deep(), undisturbed():
        try:
            if before:
                session.report(SpecError(before))
            session.blocks.look_through(item, file)
        except (Exhausted, Poisoned):
            pass
    return _new(session.diagnostics, before)


def _new(found: tuple[Diagnostic, ...], before: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    told = {each.key for each in before}
    return tuple(each for each in found if each.key not in told)
