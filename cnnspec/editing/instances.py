"""The instance of a block or network that is shown beside its text, and what its steps make."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

from cnnspec.editing.pieces import Read
from cnnspec.graph import Node, Port, Scope
from cnnspec.network import Network
from cnnspec.source import Source
from cnnspec.syntax import tree

#: What has a body.
Bodied = tree.Block | tree.NetworkDef


@dataclass(frozen=True, eq=False)
class Instance:
    """An instance of a block or network, the first of `count` in its network.

    `now` is the piece that its text has become since, if that is broken.
    """

    network: Network
    scope: Scope
    item: Bodied
    count: int
    now: Read | None = None
    #: The words beside its lines, by the line in its piece; `hints` fills it.
    words: dict[int, str] = field(default_factory=dict)

    def within(self, read: Read) -> Instance:
        """Say what piece its text has become."""
        return self if self.now is read else replace(self, now=read)

    @property
    def home(self) -> Source:
        """The piece of the text that it was made of."""
        return self.item.span.source

    @cached_property
    def steps(self) -> list[Made]:
        """Its steps, in the order in which they were made."""
        name = self.home.name
        return [each for each in steps(self.scope) if each.made.span.source.name == name]

    @cached_property
    def _moved(self) -> tuple[dict[int, int], dict[int, int]]:
        """Which line each line of its text has become, and the other way; from 1, where it stood.

        Lines that stayed the same are those before the first and behind the last that did not.
        """
        if self.now is None:
            return {}, {}
        before = self.home.text.split("\n")
        after = self.now.piece.text[: self.now.length].split("\n")
        least = min(len(before), len(after))
        same = next((n for n in range(least) if before[n] != after[n]), least)
        rest = least - same
        last = next((n for n in range(rest) if before[-1 - n] != after[-1 - n]), rest)
        there = {line: line for line in range(same)}
        longer = len(after) - len(before)
        there |= {line: line + longer for line in range(len(before) - last, len(before))}
        return there, {new: old for old, new in there.items()}

    def line(self, line: int) -> int | None:
        """Give the line of the text now, from 1, that a line of the instance's text has become."""
        if self.now is None:
            return line
        found = self._moved[0].get(line - 1 - self.home.before)
        return None if found is None else found + 1 + self.now.piece.before

    def offset(self, source: Source, offset: int) -> int | None:
        """Give the place in the instance's text that a place of the text now was."""
        if self.now is None:
            return offset - self.home.offset
        line, column = source.position(offset)
        old = self._moved[1].get(line - 1 - self.now.piece.before)
        if old is None:
            return None
        return self.home.bounds(old + 1 + self.home.before)[0] + column - 1


@dataclass(frozen=True, slots=True)
class Made:
    """What one step makes in an instance: the node or block, and what comes out."""

    start: int
    stop: int
    made: Node | Scope
    results: tuple[Port, ...]


def steps(scope: Scope) -> list[Made]:
    """Give the steps of an instance in the order in which they were made, groups looked into."""
    result: list[Made] = []
    pending: list[Node | Scope] = list(reversed(scope.members))
    while pending:
        each = pending.pop()
        if isinstance(each, Scope) and each.kind == "group":
            pending.extend(reversed(each.members))
        elif isinstance(each, Scope):
            result.append(Made(each.span.start, each.span.stop, each, each.results))
        else:
            result.append(Made(each.span.start, each.span.stop, each, each.ports))
    return result


def nodes_of(made: Node | Scope) -> list[Node]:
    """Give the nodes that a step is made of."""
    result: list[Node] = []
    pending: list[Node | Scope] = [made]
    while pending:
        each = pending.pop()
        if isinstance(each, Scope):
            pending.extend(reversed(each.members))
        else:
            result.append(each)
    return result
