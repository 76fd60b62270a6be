"""Networks: from a definition or variant and what is set from outside to the graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cnnspec.diagnostics import Label, SpecError, error, meant, nearest
from cnnspec.elaborate.declare import Foreign
from cnnspec.elaborate.frame import Frame, Place
from cnnspec.elaborate.names import use_help
from cnnspec.elaborate.session import Session
from cnnspec.elaborate.values import POISON, Poisoned, describe, is_data
from cnnspec.expression import Written, name, plain, spoken
from cnnspec.graph import Argued, Graph, Scope
from cnnspec.source import Source, Span
from cnnspec.syntax import tree
from cnnspec.syntax.files import FileNames
from cnnspec.syntax.parse import parse_expression


@dataclass(frozen=True, slots=True)
class Expectation:
    """A published fact that the network must meet: its entry in the text, and its value."""

    entry: tree.Entry
    value: Any


@dataclass(frozen=True, slots=True)
class Settings:
    """What is set from outside: parameters (as text or values), input shapes by name or for all."""

    parameters: Mapping[str, Any]
    input: tuple[int, ...] | None = None


class Networks:
    """Elaborates one network; `expectations` are what its text says of it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.expectations: tuple[Expectation, ...] = ()

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
        argued: dict[str, Argued] = {}
        for variant, where in reversed(chain):
            frame = Frame(where, where.index_of(variant), None, None)
            for position, argument in enumerate(variant.arguments):
                key = argument.keyword
                if key is None and position < len(definition.parameters):
                    key = definition.parameters[position].name.id
                self._known(key, definition, argument.span)
                given[str(key)] = self.session.evaluator.evaluate(argument.value, frame)
                argued[str(key)] = Argued(argument.value, where, frame.index)
        own = file
        for key, value in settings.parameters.items():
            self._known(key, definition, None)
            given[key] = self._setting(key, value, own)
            argued.pop(key, None)
        scope = Scope(
            "", "network", None, definition.span, definition.name.id, file.definition(definition)
        )
        frame = Frame(file, file.index_of(definition), definition, Place(scope, attached=True))
        changed = self._parameters(definition, given, frame, scope)
        self.session.input_override = settings.input
        self.session.entered.add(id(definition))
        self.session.bodies.run(definition.body, frame)
        scope.trace = frame.items
        inputs = tuple(node for node in self.session.nodes if node.op.is_input)
        if not self.session.diagnostics:
            self._complete(definition, inputs)
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
            outputs=tuple(self.session.outputs.values()),
            span=item.span,
            meta=self.session.meta,
            parameters=scope.values,
            arguments=argued,
            given_input=settings.input,
            set=frozenset(settings.parameters),
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
            if isinstance(value, Foreign):
                return value.definition, value.file
            if isinstance(value, tree.NetworkDef | tree.Variant):
                return value, file
            if value is POISON:
                raise Poisoned
            raise error("wrong-type", f"{variant.base.id} is not a network", variant.base.span)
        later = file.later(variant.base.id, index)
        beyond = file.beyond(variant.base.id)
        guess = nearest(variant.base.id, file.visible(index))
        raise error(
            "unknown-network",
            f"there is no network `{variant.base.id}` above",
            variant.base.span,
            "not known here",
            *([Label(later, "declared further down")] if later else []),
            help=use_help(variant.base.id, beyond, file)
            if beyond
            else meant(guess)
            if guess
            else None,
        )

    def _known(self, key: str | None, definition: tree.NetworkDef, span: Span | None) -> None:
        names = [each.name.id for each in definition.parameters]
        if key not in names:
            guess = nearest(key or "", names)
            named = (
                None if span is None or key is None else span._replace(stop=span.start + len(key))
            )
            listed = f"its parameters: {', '.join(names)}" if names else "it has none"
            raise error(
                "unknown-argument",
                f"the network {definition.name.id} has no parameter `{key}`",
                span,
                help=meant(guess, at=named) if guess else listed,
            )

    def _setting(self, key: str, value: Any, file: FileNames) -> Any:
        if not isinstance(value, str):
            return _given(key, value)
        expr = _read(key, value)
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
                try:
                    value = self.session.evaluator.evaluate(parameter.default, frame)
                except Poisoned:
                    frame.names[key] = POISON
                    continue
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
            said = None if self.session.whole else spoken(plain(value))
            frame.names[key] = Written(plain(value), name(key)) if said is not None else value
        scope.values = values
        return changed

    def _complete(self, definition: tree.NetworkDef, inputs: tuple[Any, ...]) -> None:
        if not any(not output.train for output in self.session.outputs.values()):
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

    def _values(self, entries: list[tuple[tree.Entry, Frame]]) -> Iterator[Expectation]:
        for entry, frame in entries:
            try:
                value = plain(self.session.evaluator.evaluate(entry.value, frame))
                if not is_data(value):
                    title = f"a fact is a number or a list of numbers, not {describe(value)}"
                    raise error("wrong-type", title, entry.value.span)
            except Poisoned:
                continue
            except SpecError as mistake:
                self.session.report(mistake)
                continue
            yield Expectation(entry, value)


def _given(key: str, value: Any) -> Any:
    """Take a value of Python as one of a spec: numbers and lists of NumPy are such, too."""
    listed = getattr(value, "tolist", None)
    if callable(listed):
        value = listed()
    if isinstance(value, list | tuple):
        return tuple([_given(key, each) for each in value])
    if isinstance(value, bool | int | float | str):
        return value
    raise error(
        "wrong-type",
        f"`{key}` cannot be set to a {type(value).__name__}",
        help="give a number, a truth value, a text in the language of specs, or a list of such",
    )


@lru_cache(maxsize=4_096)
def _read(key: str, text: str) -> tree.Expr:
    """Read a value that is set from outside; a sweep sets few of them, often."""
    return parse_expression(Source(f"--set {key}", text))
