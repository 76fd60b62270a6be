"""What a file declares, and what is visible from a place in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cnnspec.source import Source, Span
from cnnspec.syntax import tree


@dataclass(slots=True, eq=False)
class Entry:
    """A declared name: where, from which item of the file on, and what it stands for.

    `item` is its declaration's text, and `home` the file that this stands in: a used one, perhaps.
    """

    span: Span
    index: int
    value: Any
    item: tree.Item
    home: FileNames


@dataclass(slots=True, eq=False)
class FileNames:
    """The top level of one file."""

    source: Source
    entries: dict[str, Entry] = field(default_factory=dict)
    #: The files that it uses, in order; what these declare themselves is known here.
    uses: list[FileNames] = field(default_factory=list)
    #: Operator defaults from an item of the file on: (index, operator, keyword values).
    defaults: list[tuple[int, str, Mapping[str, Any]]] = field(default_factory=list)
    _merged: dict[int, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    indices: dict[int, int] = field(default_factory=dict)
    #: Operators as values, by the item of the file in which they are written, and by name.
    operators: dict[tuple[int, str], Any] = field(default_factory=dict)
    #: Whether a file that it uses could not be read: then an unknown name is not its mistake.
    lacking: bool = False
    #: Instances of its blocks that others may be copied from, by what they were given.
    instances: dict[Any, list[Any]] = field(default_factory=dict)
    #: How many nodes these have.
    kept: int = 0
    #: Its blocks' instances as recipes, by what they were given, and how many nodes these have.
    wholes: dict[Any, Any] = field(default_factory=dict)
    kept_whole: int = 0
    _definitions: dict[int, Definition] = field(default_factory=dict)

    @property
    def own(self) -> Mapping[str, Entry]:
        """What it declares itself: this, and nothing that it uses, is known where it is used."""
        return {word: entry for word, entry in self.entries.items() if entry.home is self}

    def beyond(self, word: str) -> FileNames | None:
        """Find a file that declares a name and is used by one that is used here, and not here."""
        pending, seen = list(self.uses), {id(self)}
        while pending:
            file = pending.pop(0)
            if id(file) not in seen and word in file.own:
                return file
            seen.add(id(file))
            pending += [each for each in file.uses if id(each) not in seen]
        return None

    def index_of(self, item: tree.Item) -> int:
        """The position of an item in the file."""
        return self.indices[id(item)]

    def definition(self, item: tree.Block | tree.NetworkDef) -> Definition:
        """Give a block or network of the file as a definition: one item, one definition."""
        known = self._definitions.get(id(item))
        if known is None:
            known = self._definitions[id(item)] = Definition(item, self)
        return known

    def defaults_at(self, index: int) -> Mapping[str, Mapping[str, Any]]:
        """The operators' keyword defaults in force at an item."""
        if index not in self._merged:
            merged: dict[str, dict[str, Any]] = {}
            for start, operator, values in self.defaults:
                if start < index:
                    merged.setdefault(operator, {}).update(values)
            self._merged[index] = merged
        return self._merged[index]

    def visible(self, index: int) -> list[str]:
        """The names that are declared before an item."""
        return [word for word, entry in self.entries.items() if entry.index < index]

    def later(self, word: str, index: int) -> Span | None:
        """Where a name is declared that is not visible yet."""
        entry = self.entries.get(word)
        return entry.span if entry is not None and entry.index > index else None


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """A block or network as it is declared, with the file whose names its text can see."""

    item: tree.Block | tree.NetworkDef
    file: FileNames

    @property
    def name(self) -> str:
        """What it is called."""
        return self.item.name.id

    @property
    def parameters(self) -> tuple[tree.Parameter, ...]:
        """Its parameters, in order."""
        return self.item.parameters

    @property
    def body(self) -> tuple[tree.Stmt, ...]:
        """Its statements."""
        return self.item.body

    @property
    def index(self) -> int:
        """Its position in the file: what is declared there or later is not visible to it."""
        return self.file.index_of(self.item)
