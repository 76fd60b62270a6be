"""From parsed files to the graph of one network: declarations, `use`, variants, settings."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cnnspec.diagnostics import Diagnostic, Label, SpecError, error, nearest
from cnnspec.elaborate.files import Entry, FileNames
from cnnspec.elaborate.frame import Frame, Place
from cnnspec.elaborate.limits import Limits
from cnnspec.elaborate.lint import unused_parameters
from cnnspec.elaborate.session import Exhausted, Session
from cnnspec.elaborate.values import POISON, BlockValue, Poisoned
from cnnspec.expression import Written, name, plain, spoken
from cnnspec.graph import Graph, Scope
from cnnspec.kinds import Refusal
from cnnspec.op import Op
from cnnspec.source import Source, Span
from cnnspec.syntax import tree
from cnnspec.syntax.parse import parse, parse_expression

#: Finds the file that a `use` names; raises SpecError if it may not or cannot be read.
Resolve = Callable[[str, Span], Source]


@dataclass(frozen=True, slots=True)
class Expectation:
    """A published fact that the network must meet: its entry in the text, and its value."""

    entry: tree.Entry
    value: Any


@dataclass(frozen=True, slots=True)
class Elaborated:
    """A graph, the facts that it is to be held to, and what is odd about its spec."""

    graph: Graph
    expectations: tuple[Expectation, ...]
    warnings: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """What is set from outside: parameters (as text or values), input shapes by name or for all."""

    parameters: Mapping[str, Any]
    input: tuple[int, ...] | None = None


@contextmanager
def _deep() -> Iterator[None]:
    """Let evaluation nest as deep as its own bounds allow."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, 60_000))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def elaborate(
    source: Source,
    network: str | None,
    *,
    operators: Mapping[str, type[Op]],
    resolve: Resolve,
    settings: Settings | None = None,
    bounds: Limits | None = None,
) -> Elaborated:
    """Elaborate a network of a file (None: its only one); raises SpecError with all mistakes."""
    session = Session(operators, bounds or Limits())
    program = _Program(session, resolve)
    with _deep():
        try:
            file, parsed = program.declare(source, ())
            definition = _chosen(parsed, network)
            graph = program.instantiate(file, definition, settings or Settings({}))
            warnings = [*unused_parameters(parsed)]
        except Exhausted:
            graph = None
        except SpecError as mistake:
            raise SpecError(_unique((*session.diagnostics, *mistake.diagnostics))) from None
    mistakes = session.diagnostics
    if mistakes or graph is None:
        raise SpecError(mistakes)
    live = graph.needed(graph.outputs)
    dead = [node for node in graph.nodes if node.index not in live]
    if dead:
        warnings.append(
            Diagnostic(
                "unused-value",
                f"{dead[-1].path} is computed and never used",
                (Label(dead[-1].span, "no output depends on it; it is left out"),),
                severity="warning",
            )
        )
        graph.nodes = tuple(node for node in graph.nodes if node.index in live)
    return Elaborated(graph, program.expectations, tuple(warnings))


def _unique(diagnostics: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    return tuple({each.key: each for each in diagnostics}.values())


def network_names(parsed: tree.File) -> list[str]:
    """The networks that a file declares, in order."""
    kinds = (tree.NetworkDef, tree.Variant)
    return [item.name.id for item in parsed.items if isinstance(item, kinds)]


def _chosen(parsed: tree.File, network: str | None) -> tree.NetworkDef | tree.Variant:
    kinds = (tree.NetworkDef, tree.Variant)
    found = [item for item in parsed.items if isinstance(item, kinds)]
    names = ", ".join(item.name.id for item in found)
    file = parsed.source_span.source.name
    if network is not None:
        for item in found:
            if item.name.id == network:
                return item
        guess = nearest(network, (item.name.id for item in found))
        raise error(
            "unknown-network",
            f"{file} has no network called {network}",
            help=f"did you mean `{file}:{guess}`?" if guess else f"it has: {names or 'none'}",
        )
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
            help=f"name one: `{file}:{found[-1].name.id}`",
        )
    return found[0]


class _Program:
    def __init__(self, session: Session, resolve: Resolve) -> None:
        self.session = session
        self.resolve = resolve
        self.expectations: tuple[Expectation, ...] = ()
        self.files: dict[str, FileNames] = {}

    def declare(
        self, source: Source, using: tuple[tuple[str, Span], ...]
    ) -> tuple[FileNames, tree.File]:
        """Parse a file and enter what it declares, used files first."""
        parsed = parse(source)
        file = FileNames(source)
        self.files[source.name] = file
        for index, item in enumerate(parsed.items):
            file.indices[id(item)] = index
            try:
                self._declare(item, index, file, using)
            except Poisoned:
                if isinstance(item, tree.Const):
                    self._enter(file, item.name, index, POISON)
            except SpecError as mistake:
                self.session.report(mistake)
                if isinstance(item, tree.Const):
                    self._enter(file, item.name, index, POISON)
        return file, parsed

    def _declare(
        self, item: tree.Item, index: int, file: FileNames, using: tuple[tuple[str, Span], ...]
    ) -> None:
        if isinstance(item, tree.Use):
            self._use(item, index, file, using)
        elif isinstance(item, tree.Default):
            self._default(item, index, file)
        elif isinstance(item, tree.Const):
            frame = Frame(file, index, None, None)
            value = self.session.evaluator.evaluate(item.value, frame)
            self._enter(file, item.name, index, value)
        elif isinstance(item, tree.Block | tree.NetworkDef | tree.Variant):
            self._enter(file, item.name, index, item)
            if not isinstance(item, tree.Variant):
                self._check_parameters(item)

    def _check_parameters(self, item: tree.Block | tree.NetworkDef) -> None:
        seen: dict[str, Span] = {}
        for parameter in item.parameters:
            if parameter.name.id in seen:
                raise error(
                    "name-twice",
                    f"the parameter {parameter.name.id} is declared twice",
                    parameter.name.span,
                    "again here",
                    Label(seen[parameter.name.id], "first here"),
                )
            seen[parameter.name.id] = parameter.name.span
        if isinstance(item, tree.Block) and item.recurs_on and item.recurs_on.id not in seen:
            raise error(
                "unknown-name",
                f"{item.name.id} has no parameter `{item.recurs_on.id}`",
                item.recurs_on.span,
            )

    def _enter(self, file: FileNames, word: tree.Identifier, index: int, value: Any) -> None:
        known = file.entries.get(word.id)
        if known is not None:
            raise error(
                "name-twice",
                f"`{word.id}` is declared twice",
                word.span,
                "declared again here",
                Label(known.span, "declared here first"),
            )
        if word.id in self.session.operators:
            raise error(
                "name-twice",
                f"`{word.id}` is the name of an operator",
                word.span,
                help=f"call it something else: `my_{word.id}`",
            )
        file.entries[word.id] = Entry(word.span, index, value)

    def _use(
        self, item: tree.Use, index: int, file: FileNames, using: tuple[tuple[str, Span], ...]
    ) -> None:
        source = self.resolve(item.path, item.path_span)
        chain = (*using, (file.source.name, item.span))
        for used, span in chain:
            if used == source.name:
                names = " uses ".join([each for each, _ in chain] + [source.name])
                raise error(
                    "use-cycle",
                    f"files use each other in a circle: {names}",
                    item.path_span,
                    "this closes the circle",
                    *([Label(span, "it begins here")] if span != item.span else []),
                )
        inner = self.files.get(source.name)
        if inner is None:
            inner, _ = self.declare(source, chain)
        for word, entry in inner.entries.items():
            if isinstance(entry.value, BlockValue) and entry.value.file is not inner:
                continue
            value = entry.value
            if isinstance(value, tree.Block):
                value = BlockValue(value, inner)
            elif isinstance(value, tree.NetworkDef | tree.Variant):
                value = _Foreign(value, inner)
            self._enter(file, tree.Identifier(span=item.path_span, id=word), index, value)

    def _default(self, item: tree.Default, index: int, file: FileNames) -> None:
        session = self.session
        word = item.operator.id
        if word not in session.operators:
            guess = nearest(word, session.operators)
            raise error(
                "unknown-operator",
                f"there is no operator `{word}`",
                item.operator.span,
                help=f"did you mean `{guess}`?" if guess else "`cnnspec ops` lists them",
            )
        op = session.operators[word]
        frame = Frame(file, index, None, None)
        values = {}
        for argument in item.arguments:
            key = argument.keyword
            if key is None or key not in op.arguments:
                guess = nearest(key or "", op.arguments)
                raise error(
                    "unknown-argument",
                    f"{word} has no argument `{key}`" if key else "a default needs a keyword",
                    argument.span,
                    help=f"did you mean `{guess}`?" if guess else f"`default {word}(name = value)`",
                )
            value = plain(session.evaluator.evaluate(argument.value, frame))
            try:
                op.arguments[key].kind.read(value)
            except Refusal as refusal:
                raise error(
                    "bad-argument", f"`{key}` of {word}: {refusal.message}", argument.span
                ) from None
            values[key] = value
        file.defaults.append((index, word, values))

    # --- networks

    def instantiate(
        self, file: FileNames, item: tree.NetworkDef | tree.Variant, settings: Settings
    ) -> Graph:
        """Elaborate a network, through its variants down to its body."""
        chain: list[tuple[tree.Variant, FileNames]] = []
        base: Any = item
        while isinstance(base, tree.Variant):
            chain.append((base, file))
            base, file = self._base(base, file)
        definition: tree.NetworkDef = base
        given: dict[str, Any] = {}
        for variant, where in reversed(chain):
            frame = Frame(where, where.index_of(variant), None, None)
            for position, argument in enumerate(variant.arguments):
                key = argument.keyword
                if key is None and position < len(definition.parameters):
                    key = definition.parameters[position].name.id
                self._known(key, definition, argument.span)
                given[str(key)] = self.session.evaluator.evaluate(argument.value, frame)
        own = file
        for key, value in settings.parameters.items():
            self._known(key, definition, None)
            given[key] = self._setting(key, value, own)
        scope = Scope("", "network", None, definition.span, definition.name.id, definition)
        frame = Frame(file, file.index_of(definition), definition, Place(scope, attached=True))
        changed = self._parameters(definition, given, frame, scope)
        self.session.input_override = settings.input
        self.session.bodies.run(definition.body, frame)
        scope.trace = frame.items
        inputs = tuple(node for node in self.session.nodes if node.op.name == "input")
        if not self.session.diagnostics:
            self._complete(definition, inputs, settings)
        untouched = not settings.parameters and settings.input is None
        kept = self.session.expectations if untouched and not changed else []
        expected = [*kept]
        for variant, where in reversed(chain):
            inside = Frame(where, where.index_of(variant), None, None)
            for part in variant.body:
                if isinstance(part, tree.Meta):
                    self.session.add_meta(part.entries, inside)
                elif untouched and (variant is chain[0][0]):
                    expected += [(entry, inside) for entry in part.entries]
        self.expectations = tuple(self._values(expected))
        return Graph(
            name=item.name.id,
            nodes=tuple(self.session.nodes),
            root=scope,
            inputs=inputs,
            outputs=tuple(self.session.outputs),
            span=item.span,
            meta=self.session.meta,
            parameters=scope.values,
            open_parameters=tuple(
                key
                for key, value in scope.values.items()
                if spoken(value) is not None and key not in frame.consumed
            ),
        )

    def _base(self, variant: tree.Variant, file: FileNames) -> tuple[Any, FileNames]:
        entry = file.entries.get(variant.base.id)
        value = entry.value if entry is not None else None
        index = file.index_of(variant)
        if entry is not None and entry.index < index:
            if isinstance(value, _Foreign):
                return value.definition, value.file
            if isinstance(value, tree.NetworkDef | tree.Variant):
                return value, file
            raise error("wrong-type", f"{variant.base.id} is not a network", variant.base.span)
        later = file.later(variant.base.id, index)
        guess = nearest(variant.base.id, file.visible(index))
        raise error(
            "unknown-network",
            f"there is no network `{variant.base.id}` above",
            variant.base.span,
            "not known here",
            *([Label(later, "declared further down")] if later else []),
            help=f"did you mean `{guess}`?" if guess else None,
        )

    def _known(self, key: str | None, definition: tree.NetworkDef, span: Span | None) -> None:
        names = [each.name.id for each in definition.parameters]
        if key not in names:
            guess = nearest(key or "", names)
            listed = f"its parameters: {', '.join(names)}" if names else "it has none"
            raise error(
                "unknown-argument",
                f"the network {definition.name.id} has no parameter `{key}`",
                span,
                help=f"did you mean `{guess}`?" if guess else listed,
            )

    def _setting(self, key: str, value: Any, file: FileNames) -> Any:
        if not isinstance(value, str):
            return tuple(value) if isinstance(value, list) else value
        expr = parse_expression(Source(f"--set {key}", value))
        index = max(file.indices.values(), default=0) + 1
        return self.session.evaluator.evaluate(expr, Frame(file, index, None, None))

    def _parameters(
        self,
        definition: tree.NetworkDef,
        given: dict[str, Any],
        frame: Frame,
        scope: Scope,
    ) -> bool:
        values: dict[str, Any] = {}
        changed = False
        for parameter in definition.parameters:
            key = parameter.name.id
            if key in given:
                value = given[key]
                changed = True
            elif parameter.default is not None:
                value = self.session.evaluator.evaluate(parameter.default, frame)
                frame.consume(value)
            else:
                raise error(
                    "missing-argument",
                    f"the network {definition.name.id} needs a value for `{key}`",
                    parameter.span,
                    "it has no default",
                    help=f"`--set {key}=…`, or a variant: `network … = {definition.name.id}(…)`",
                )
            values[key] = plain(value)
            said = spoken(plain(value))
            frame.names[key] = Written(plain(value), name(key)) if said is not None else value
        scope.values = values
        return changed

    def _complete(
        self, definition: tree.NetworkDef, inputs: tuple[Any, ...], settings: Settings
    ) -> None:
        if not any(not output.train for output in self.session.outputs):
            raise error(
                "no-output",
                f"the network {definition.name.id} has no output",
                definition.name.span,
                help="end it with `output logits = …`",
            )
        if not inputs:
            raise error(
                "no-input",
                f"the network {definition.name.id} has no input",
                definition.name.span,
                help="begin it with `image = input(3, 224, 224)`",
            )
        if settings.input is not None and len(inputs) > 1:
            raise error(
                "bad-argument",
                f"--input is for networks with one input; {definition.name.id} has several",
                help="give its inputs' sizes parameters, and `--set` those",
            )

    def _values(self, entries: list[tuple[tree.Entry, Frame]]) -> Iterator[Expectation]:
        for entry, frame in entries:
            try:
                value = plain(self.session.evaluator.evaluate(entry.value, frame))
            except Poisoned:
                continue
            except SpecError as mistake:
                self.session.report(mistake)
                continue
            yield Expectation(entry, value)


@dataclass(frozen=True, slots=True, eq=False)
class _Foreign:
    """A network of a used file: a variant may build on it."""

    definition: tree.NetworkDef | tree.Variant
    file: FileNames


__all__ = ["Elaborated", "Expectation", "Settings", "elaborate", "network_names"]
