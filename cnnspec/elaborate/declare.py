"""The top of a file: what it declares and uses, and the defaults that it sets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from cnnspec.diagnostics import Label, SpecError, error, placed
from cnnspec.elaborate import limits
from cnnspec.elaborate.frame import Frame
from cnnspec.elaborate.session import Session
from cnnspec.elaborate.values import POISON, BlockValue, Poisoned
from cnnspec.elsewhere import argument_help, near_operator
from cnnspec.expression import plain
from cnnspec.kinds import Refusal
from cnnspec.op import Op
from cnnspec.ops import OPERATORS, Operators
from cnnspec.source import Source, Span
from cnnspec.syntax import tree
from cnnspec.syntax.axes import axis_words
from cnnspec.syntax.files import Entry, FileNames
from cnnspec.syntax.parse import parse_what_can_be

#: Finds the file that a `use` names; raises SpecError if it may not or cannot be read.
Resolve = Callable[[str, Span], Source]


@dataclass(frozen=True, slots=True, eq=False)
class Foreign:
    """A network of a used file: a variant may build on it."""

    definition: tree.NetworkDef | tree.Variant
    file: FileNames


class Read(NamedTuple):
    """A file that was read without a mistake, with which operators, what it uses, what it took.

    `parsed` are the trees of all that was read, the file's own first.
    """

    operators: Operators
    file: FileNames
    parsed: tuple[tree.File, ...]
    used: tuple[tuple[str, Span, Source], ...]
    spent: int


#: So many files are kept for the next elaboration, the last ones: what is set changes none of them.
MOST_READ: Final = 8
_READ: Final[dict[Any, Read]] = {}


class Declarations:
    """Reads files, used ones first, each once."""

    def __init__(self, session: Session, resolve: Resolve) -> None:
        self.session = session
        self.resolve = resolve
        self.files: dict[str, FileNames] = {}
        self.used: list[tuple[str, Span, Source]] = []
        self.parsed: list[tree.File] = []
        #: What each file has used so far, as it names it.
        self.named: set[tuple[int, str]] = set()

    def top(self, source: Source) -> tuple[FileNames, tuple[tree.File, ...]]:
        """Read a spec, or take it as it was read before if all that it uses is still the same.

        Gives its names and the trees of all that was read, its own first.
        """
        session = self.session
        key = source.name, source.text, session.limits, id(session.operators)
        known = _READ.pop(key, None)
        if known is not None and all(self._is(*each) for each in known.used):
            session.spent += known.spent if not session.before.steps else known.spent // 8
            session.spend(0, Span(source, 0, 1))
            _READ[key] = known
            return known.file, known.parsed
        file = self.read(source, ())
        parsed = tuple(self.parsed)
        if not session.diagnostics:
            while len(_READ) >= MOST_READ:
                _READ.pop(next(iter(_READ)), None)
            took = session.spent - session.before.steps
            _READ[key] = Read(session.operators, file, parsed, tuple(self.used), took)
        return file, parsed

    def _is(self, path: str, span: Span, source: Source) -> bool:
        try:
            now = self.resolve(path, span)
        except SpecError:
            return False
        return (now.name, now.text) == (source.name, source.text)

    def read(self, source: Source, using: tuple[tuple[str, Span], ...]) -> FileNames:
        """Parse a file and enter what it declares, used files first."""
        parsed, mistakes = parse_what_can_be(source)
        self.session.report(SpecError(mistakes))
        return self.enter(source, parsed, using)

    def enter(
        self, source: Source, parsed: tree.File, using: tuple[tuple[str, Span], ...]
    ) -> FileNames:
        """Enter what a parsed file declares, used files first."""
        self.parsed.append(parsed)
        self.session.spend(limits.WORD * parsed.words, Span(source, 0, 1))
        file = FileNames(source)
        self.files[source.name] = file
        for index, item in enumerate(parsed.items):
            file.indices[id(item)] = index
            try:
                self._declare(item, index, file, using)
            except Poisoned:
                if isinstance(item, tree.Const):
                    self._enter(file, item.name, Entry(item.name.span, index, POISON, item, file))
            except SpecError as mistake:
                self.session.report(mistake)
                file.lacking |= isinstance(item, tree.Use)
                if isinstance(item, tree.Const):
                    self._enter(file, item.name, Entry(item.name.span, index, POISON, item, file))
        return file

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
            self._enter(file, item.name, Entry(item.name.span, index, value, item, file))
        elif isinstance(item, tree.LostItem):
            file.lacking |= item.uses
            if item.name is not None:
                word = tree.Identifier(span=item.span, id=item.name)
                self._enter(file, word, Entry(item.span, index, POISON, item, file))
        elif isinstance(item, tree.Block | tree.NetworkDef | tree.Variant):
            self._enter(file, item.name, Entry(item.name.span, index, item, item, file))
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

    def _enter(self, file: FileNames, word: tree.Identifier, entry: Entry) -> None:
        known = file.entries.get(word.id)
        if known is not None:
            raise error(
                "name-twice",
                f"`{word.id}` is declared twice",
                word.span,
                "declared again here",
                Label(known.span, "declared here first"),
            )
        # strangers' operators give way to a spec's names: to install a package breaks no spec
        if word.id in OPERATORS:
            raise error(
                "name-twice",
                f"`{word.id}` is the name of an operator",
                word.span,
                help=f"call it something else: `my_{word.id}`",
            )
        file.entries[word.id] = entry

    def _use(
        self, item: tree.Use, index: int, file: FileNames, using: tuple[tuple[str, Span], ...]
    ) -> None:
        if (id(file), item.path) in self.named:
            return
        self.named.add((id(file), item.path))
        self.session.spend(limits.FILE, item.span)
        source = self.resolve(item.path, item.path_span)
        self.used.append((item.path, item.path_span, source))
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
            inner = self.read(source, chain)
        if any(each is inner for each in file.uses):
            return
        file.uses.append(inner)
        for word, entry in inner.own.items():
            value = entry.value
            if isinstance(value, tree.Block):
                value = BlockValue(value, inner)
            elif isinstance(value, tree.NetworkDef | tree.Variant):
                value = Foreign(value, inner)
            here = Entry(item.path_span, index, value, entry.item, entry.home)
            self._enter(file, tree.Identifier(span=item.path_span, id=word), here)

    def _default(self, item: tree.Default, index: int, file: FileNames) -> None:
        session = self.session
        word = item.operator.id
        if word not in session.operators:
            raise error(
                "unknown-operator",
                f"there is no operator `{word}`",
                item.operator.span,
                help=near_operator(word, session.operators),
            )
        op = session.operators[word]
        frame = Frame(file, index, None, None)
        values = {}
        for argument in item.arguments:
            key = argument.keyword
            if key is None or key not in op.arguments:
                raise error(
                    "unknown-argument",
                    f"{word} has no argument `{key}`" if key else "a default needs a keyword",
                    argument.span,
                    help=_named(key, op, argument.span)
                    if key
                    else f"`default {word}(name = value)`",
                )
            words = axis_words(argument)
            value = session.evaluator.evaluate(argument.value, frame) if words is None else words
            try:
                op.arguments[key].kind.read(plain(value))
            except Refusal as refusal:
                raise error(
                    "bad-argument", f"`{key}` of {word}: {refusal.message}", argument.span
                ) from None
            values[key] = value
        file.defaults.append((index, word, values))


def _named(key: str, op: type[Op], span: Span) -> str | None:
    """Say what to type for an argument that an operator does not have."""
    return placed(argument_help(key, op), span._replace(stop=span.start + len(key)))
