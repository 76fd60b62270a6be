"""One document from edit to edit: its networks elaborated, those again that an edit reaches.

What a network is depends on its own text, and on the items that this names, directly or through
others; an edit that touches none of them leaves the network as it was.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from cnnspec.diagnostics import Diagnostic
from cnnspec.editing.instances import Bodied, Instance
from cnnspec.editing.pieces import Pieces, Read
from cnnspec.editing.walk import walk
from cnnspec.elaborate.single import Declared, declare, elaborate_single, look_through
from cnnspec.expect import held
from cnnspec.graph import Scope
from cnnspec.library import resolver
from cnnspec.network import Network
from cnnspec.ops import operators
from cnnspec.render import AGAIN, visible
from cnnspec.source import Source, Span
from cnnspec.syntax import tree
from cnnspec.syntax.files import Entry

#: What a network or body was elaborated from: the items, and all else that it could see.
Key = tuple[object, ...]
FIRST_COST: Final = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Worked:
    """What came of one network, and what it was made of."""

    key: Key
    network: Network | None
    found: tuple[Diagnostic, ...]
    entered: frozenset[int]
    #: The first instance of each block in it, and its own scope, by their declarations.
    firsts: Mapping[Bodied, Scope]
    #: How many instances of each there are in it.
    counts: Mapping[Bodied, int]


class Sheet:
    """A document; `take` reads its text, and `work` elaborates what that changed."""

    def __init__(self, name: str, root: Path | None) -> None:
        self.name = name
        self.root = root
        self.source = Source(name, "")
        self.items: tuple[tree.Item, ...] = ()
        self.reads: list[Read] = []
        self.worked: dict[tree.Item, Worked] = {}
        self._pieces = Pieces(name)
        self._cost: dict[str, float] = {}
        self._through: dict[Bodied, tuple[Key, tuple[Diagnostic, ...]]] = {}
        self._names: dict[tree.Item, frozenset[str]] = {}
        self._pending: list[tree.NetworkDef | tree.Variant] = []
        self._unseen: list[Bodied] | None = None
        self._parsed = tree.File(source_span=Span(self.source, 0, 0), items=(), words=0)
        self._declared: Declared | None = None
        self._keys: dict[tree.Item, Key] = {}
        self._reach: dict[tree.Item, list[tree.Item]] = {}
        self._shown: dict[str, Instance] = {}
        self._everywhere: list[tree.Item] = []
        self._broken: list[Read] = []

    def take(self, text: str) -> None:
        """Read a text; the networks that it changes are to be worked."""
        self.source = Source(self.name, text)
        self.reads = self._pieces.take(self.source)
        self.items = tuple(item for read in self.reads for item in read.items)
        self._broken = [read for read in self.reads if read.mistakes]
        words = sum(read.parsed.words for read in self.reads if read.parsed is not None)
        whole = Span(self.source, 0, len(text))
        self._parsed = tree.File(source_span=whole, items=self.items, words=words)
        self._declared = declare(
            self.source, self._parsed, operators=operators(), resolve=resolver(self.root)
        )
        self._names = {item: self._names.get(item) or _names(item) for item in self.items}
        self._keys, self._reach = {}, {}
        self._everywhere = [each for each in self.items if _is_everywhere(each)]
        self._through = {each: self._through[each] for each in self._through if each in self._names}
        self._cost = {e.name.id: self._cost.get(e.name.id, FIRST_COST) for e in self._networks()}
        before, self.worked = self.worked, {}
        self._pending, self._unseen = [], None
        for item in self._networks():
            known = before.get(item)
            if known is not None and known.key == self._key(item, known.found):
                self.worked[item] = known
            elif id(item) in self._declared.file.indices:
                self._pending.append(item)
        self._pending.sort(key=lambda each: self._cost[each.name.id], reverse=True)

    def _networks(self) -> Iterator[tree.NetworkDef | tree.Variant]:
        return (each for each in self.items if isinstance(each, tree.NetworkDef | tree.Variant))

    @property
    def settled(self) -> bool:
        """Whether all networks of the text are worked, and all that none of them ran is seen."""
        return not self._pending and not self._unseen and self._unseen is not None

    def work(self, seconds: float | None = None, *, slow: bool = True) -> bool:
        """Work networks, the quick ones first, for a time (None: all); whether all are now.

        What would take longer than that, as it did before, is left for a call without haste.
        """
        until = None if seconds is None else time.monotonic() + seconds
        while self._pending and (until is None or time.monotonic() < until):
            if until is not None and not slow and self._takes(self._pending[-1]) > until:
                return False
            item = self._pending.pop()
            began = time.monotonic()
            self.worked[item] = self._work(item)
            self._cost[item.name.id] = time.monotonic() - began
        if not self._pending and self._unseen is None:
            self._unseen = [item for item in self._unrun() if self._seen(item) is None]
        while self._unseen and (until is None or time.monotonic() < until):
            self._look_through(self._unseen.pop())
        if self.settled and self._declared is not None:
            self._declared.file.instances = {}  # models: the next text has others
        return self.settled

    def _takes(self, item: tree.NetworkDef | tree.Variant) -> float:
        """Say when a network that is begun now would be worked, as it was before."""
        return time.monotonic() + self._cost[item.name.id]

    # --- what is asked

    @property
    def networks(self) -> dict[str, Network]:
        """The networks that elaborate, by name, in the order of the text."""
        found = (self.worked[item] for item in self.items if item in self.worked)
        return {each.network.name: each.network for each in found if each.network is not None}

    @property
    def instances(self) -> dict[str, Instance]:
        """The first instance of each block and network, by name, in the order of the text.

        Where a text is broken, the last that there was.
        """
        worked = [self.worked[item] for item in self.items if item in self.worked]
        firsts: dict[Bodied, Instance] = {}
        for each in worked:
            if each.network is not None:
                for block, scope in each.firsts.items():
                    if block not in firsts:
                        firsts[block] = Instance(each.network, scope, block, each.counts[block])
        found: dict[str, Instance] = {}
        for read in self.reads:
            for item in read.items:
                word = _bodied(item)
                if word is None:
                    continue
                fresh = firsts.get(item) if isinstance(item, Bodied) else None
                last = self._shown.get(word)
                if fresh is not None:
                    same = last is not None and last.scope is fresh.scope and last.now is None
                    found[word] = last if last is not None and same else fresh
                elif last is not None:
                    found[word] = last.within(read)
        self._shown = found
        return found

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What is wrong or odd, each once and at one place, in the order of the text."""
        found: dict[object, Diagnostic] = {}
        for each in self._found():
            for one in _apart(each):
                found.setdefault(one.key, one)
        wrong = {_source(each) for each in found.values() if each.severity == "error"}
        for read in self.reads:
            if read.piece not in wrong:  # what is odd may come of what is wrong
                found.update((each.key, each) for each in read.warnings)
        return tuple(sorted(found.values(), key=self._order))

    def _order(self, found: Diagnostic) -> tuple[bool, str, int]:
        name, begin, _ = _place(found) or ("", 0, 0)
        return name != self.name, name, begin

    def _found(self) -> Iterator[Diagnostic]:
        assert self._declared is not None
        for read in self.reads:
            yield from read.mistakes
        yield from self._declared.mistakes
        worked = [self.worked[item] for item in self.items if item in self.worked]
        for each in worked:
            yield from each.found
        for item in self._unrun():
            yield from self._seen(item) or ()

    def _unrun(self) -> Iterator[Bodied]:
        """Give the bodies that some network with mistakes did not run: all are looked through."""
        assert self._declared is not None
        broken = bool(self._declared.mistakes or self._broken)
        worked = [self.worked[item] for item in self.items if item in self.worked]
        entered = [each.entered for each in worked if broken or _is_wrong(each.found)]
        if not entered and not (broken and not worked):
            return
        all_ran = frozenset.intersection(*entered) if entered else frozenset[int]()
        known = self._declared.file.indices
        for item in self.items:
            if isinstance(item, Bodied) and id(item) not in all_ran and id(item) in known:
                yield item

    def entry(self, word: str) -> Entry | None:
        """Give what the document, or what it uses, declares under a name."""
        return None if self._declared is None else self._declared.file.entries.get(word)

    # --- one network, one body

    def _work(self, item: tree.NetworkDef | tree.Variant) -> Worked:
        assert self._declared is not None
        single = elaborate_single(
            self._declared.file, self._parsed, item, operators=operators(), known=self._known(item)
        )
        found = (*single.mistakes, *single.warnings)
        network = None
        firsts: dict[Bodied, Scope] = {}
        counts: Counter[Bodied] = Counter()
        if single.graph is not None:
            facts = held(single.graph, single.expectations)
            found = (*found, *facts.diagnostics)
            origin = f"{visible(self.source.base)}:{single.graph.name}"
            network = Network(single.graph, single.warnings, origin, facts.missed)
            firsts, counts = _instances(single.graph.root, self.name)
        return Worked(self._key(item, found), network, found, single.entered, firsts, counts)

    def _seen(self, item: Bodied) -> tuple[Diagnostic, ...] | None:
        """Give what was found in a body that was looked through; None if it is to be."""
        known = self._through.get(item)
        return known[1] if known is not None and known[0] == self._key(item, known[1]) else None

    def _look_through(self, item: Bodied) -> None:
        assert self._declared is not None
        found = look_through(
            self._declared.file, item, operators=operators(), known=self._known(item)
        )
        self._through[item] = self._key(item, found), found

    def _known(self, item: tree.Item) -> tuple[Diagnostic, ...]:
        """Give the mistakes that are told already in what an item can reach."""
        assert self._declared is not None
        declared = self._declared.mistakes
        if not self._broken and not declared:
            return ()
        reached = {part.span.source for part in self._reached(item)}
        syntax = (each for read in self._broken if read.piece in reached for each in read.mistakes)
        if self._declared.file.lacking:
            return (*syntax, *declared)
        return (*syntax, *(each for each in declared if _source(each) in reached))

    # --- what depends on what

    def _key(self, item: tree.Item, found: Iterable[Diagnostic]) -> Key:
        """Say what an item is made of; who has mistakes saw all names, for what could be meant."""
        assert self._declared is not None
        key = self._keys.get(item)
        if key is None:
            reached = self._reached(item)
            parts = [each for each in reached if not isinstance(each, tree.Default | tree.Use)]
            key = self._keys[item] = (*parts, *self._around(reached), *self._declared.used)
        if not any(each.severity == "error" for each in found) and not self._known(item):
            return key
        return (*key, *self._declared.file.entries, *(_said(each) for each in self._known(item)))

    def _around(self, reached: list[tree.Item]) -> Iterator[str]:
        """Give the texts of the defaults that may hold in some items, and of what is used.

        Of what a used file makes, it is told which defaults do not reach it.
        """
        assert self._declared is not None
        uses = bool(self._declared.used)
        own = (each for each in reached if not isinstance(each, tree.Default))
        named = frozenset[str]().union(*(self._names[each] for each in own))
        for each in reached:
            if isinstance(each, tree.Use) or (
                isinstance(each, tree.Default) and (uses or each.operator.id in named)
            ):
                yield each.span.text

    def _reached(self, item: tree.Item) -> list[tree.Item]:
        """Give the items that an item names, directly or through others, in their order."""
        known = self._reach.get(item)
        if known is None:
            known = self._reach[item] = self._search(item)
        return known

    def _search(self, item: tree.Item) -> list[tree.Item]:
        assert self._declared is not None
        file = self._declared.file
        found: set[tree.Item] = {item, *self._everywhere}
        pending = [item, *self._everywhere]
        while pending:
            for word in self._names[pending.pop()]:
                entry = file.entries.get(word)
                if entry is None or entry.home is not file or entry.item in found:
                    continue
                if entry.item in self._names:
                    found.add(entry.item)
                    pending.append(entry.item)
        last = file.indices.get(id(item), -1)  # what stands below is not seen
        order = {each: file.indices.get(id(each), -1) for each in found}
        return sorted((each for each in found if order[each] <= last), key=order.__getitem__)


def _is_everywhere(item: tree.Item) -> bool:
    """Whether any network may depend on an item that it does not name.

    Defaults hold for all, any name may be a used file's, and what is lost may have been either.
    """
    lost = isinstance(item, tree.LostItem) and item.name is None
    return lost or isinstance(item, tree.Default | tree.Use)


def _bodied(item: tree.Item) -> str | None:
    """Give the name of an item with a body, one that is broken perhaps."""
    if isinstance(item, Bodied):
        return item.name.id
    return item.name if isinstance(item, tree.LostItem) else None


def _names(item: tree.Item) -> frozenset[str]:
    """Give all words that an item names something by."""
    return frozenset(
        node.id for node in walk(item) if isinstance(node, tree.Name | tree.Identifier)
    )


def _instances(root: Scope, name: str) -> tuple[dict[Bodied, Scope], Counter[Bodied]]:
    """Find the first instance of each body of a text in a network, and count them."""
    firsts: dict[Bodied, Scope] = {}
    counts: Counter[Bodied] = Counter()
    pending = [root]
    while pending:
        scope = pending.pop()
        if scope.definition is not None and scope.definition.item.span.source.name == name:
            firsts.setdefault(scope.definition.item, scope)
            counts[scope.definition.item] += 1
        pending.extend(each for each in reversed(scope.members) if isinstance(each, Scope))
    return firsts, counts


def _is_wrong(found: Iterable[Diagnostic]) -> bool:
    return any(each.severity == "error" for each in found)


def _apart(found: Diagnostic) -> Iterator[Diagnostic]:
    """Give a mistake that is told of several places at each of them: an editor marks them all."""
    here = [label for label in found.labels[1:] if label.text == AGAIN]
    others = tuple(label for label in found.labels[1:] if label.text != AGAIN)
    yield replace(found, labels=(*found.labels[:1], *others)) if here else found
    for label in here:
        yield replace(found, labels=(replace(label, text=found.labels[0].text), *others))


def _source(found: Diagnostic) -> Source | None:
    return found.labels[0].span.source if found.labels else None


def _said(found: Diagnostic) -> tuple[object, ...]:
    where = found.labels[0].span if found.labels else None
    return found.code, found.title, where


def _place(found: Diagnostic) -> tuple[str, int, int] | None:
    return found.labels[0].span.place if found.labels else None


def sheet_of(source: Source, root: Path | None) -> Sheet:
    """Read a text once and work all of it; `root` is the folder that `use` may read."""
    sheet = Sheet(source.name, root)
    sheet.take(source.text)
    sheet.work()
    return sheet
