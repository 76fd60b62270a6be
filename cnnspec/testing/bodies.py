"""Random bodies of blocks: loops, choices, lists, steps that are handed on, names that may clash.

`generate` draws networks for what their operators compute; here what is drawn is the language
around them, for backends that write source from a block's text. A statement is kept if the spec
compiles with it, so every spec that comes out does. The same seed draws the same specs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from cnnspec.diagnostics import SpecError
from cnnspec.testing.flows import Flows
from cnnspec.testing.scope import (
    FEATURES,
    LOCALS,
    NODES,
    PARAMETERS,
    QUIET,
    Flowing,
    Kind,
    Parameter,
    Scope,
    Signature,
    unknown,
)

#: What flows into a network.
INPUTS: Final = ((4, 8, 8), (6, 7, 9), (3, 8, 8))
TABLES: Final = "TABLE = [[2, 1], [3, 3]]\nSTEPS = [[relu, 2], [tanh, 3]]\n"
TRIES: Final = 4
KINDS: Final[tuple[Kind, ...]] = (
    *("number", "number", "number", "flag", "flag", "row", "table", "step", "step", "step"),
    *("steps", "unit"),
)
#: The features without which a kind of parameter is not drawn.
WANTS: Final = {"steps": "lists", "unit": "units"}


def spec(seed: int, number: int, features: frozenset[str] = FEATURES) -> str:
    """Draw the spec of a number, of some features."""
    file = _File(Random(f"bodies/{seed}/{number}"), features)
    for place in range(file.random.choice((1, 2, 2, 3))):
        file.draw(f"part{place}")
    file.finish()
    return file.text()


def compiles(text: str) -> bool:
    """Whether a spec does."""
    from cnnspec.api import loads

    try:
        loads(text)
    except SpecError:
        return False
    return True


@dataclass(slots=True)
class _File:
    """What is drawn of a file: blocks, and the network that calls them."""

    random: Random
    features: frozenset[str]
    blocks: list[str] = field(default_factory=list)
    known: list[Signature] = field(default_factory=list)
    #: The statements of the network, and what they give.
    calls: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    after: list[str] = field(default_factory=list)

    def text(self, block: str = "", calls: list[tuple[str, tuple[str, ...]]] | None = None) -> str:
        """Put a file together, with one more block."""
        lines = [TABLES, *self.blocks, *([block] if block else []), "network fuzz {"]
        lines += [f"    image{k} = input({', '.join(map(str, x))})" for k, x in enumerate(INPUTS)]
        given: list[str] = []
        for statement, names in [*self.calls, *(calls or [])]:
            lines.append(f"    {statement}")
            given += names
        lines += self.after
        given = given or ["image0"]
        lines += [f"    output out{k} = {name} -> identity" for k, name in enumerate(given)]
        return "\n".join([*lines, "}"]) + "\n"

    # --- blocks

    def draw(self, name: str) -> None:
        """Draw a block, with calls of it."""
        signature = self._signature(name)
        scope = Scope(self.random, self.features, self.known)
        for each in signature.nodes:
            scope.bind(each, unknown(image=True), many=signature.several)
        for parameter in signature.parameters:
            scope.data[parameter.name] = parameter.kind
        signature = replace(signature, parameters=tuple(self._defaults(signature)))
        calls = self._calls(signature)
        lines: list[str] = []
        if signature.several:
            (word,) = signature.nodes
            lines = [f"    {word}0 = {word}[0]"]
            scope.bind(f"{word}0", unknown(image=True))

        def works(body: list[str], given: str) -> bool:
            block = "\n".join([signature.head, *body, f"    return {given}", "}", ""])
            return compiles(self.text(block, calls))

        start = signature.nodes[0] if not signature.several else f"{signature.nodes[0]}0"
        if not works(lines, start):
            return
        for _ in range(self.random.randint(2, 6)):
            for _ in range(TRIES):
                trial = scope.copy()
                more = Statements(trial).statement()
                ends = list(trial.nodes)
                if works([*lines, *more], ends[-1] if ends else start):
                    lines, scope = [*lines, *more], trial
                    break
        self._end(signature, scope, lines, calls)

    def _end(
        self,
        signature: Signature,
        scope: Scope,
        lines: list[str],
        calls: list[tuple[str, tuple[str, ...]]],
    ) -> None:
        """Return something, and take the block if that works."""
        words = list(scope.nodes)
        ways = [f"    return {words[-1]}"]
        one, other = self.random.choice(words), self.random.choice(words)
        if signature.result == "two":
            ways = [f"    return {one}, {other}"]
        elif signature.result == "list":
            ways = [f"    return [{one}, {other}]", *(f"    return {each}" for each in scope.lists)]
        else:
            value, _ = Flows(scope).value()
            test = Flows(scope).test()
            ways += [
                f"    return {one}",
                f"    return {value}",
                f"    return if {test} then {one} else {value}",
                f"    if {test} {{\n        return {one}\n    }}\n    return {value}",
            ]
        self.random.shuffle(ways)
        for way in ways:
            block = "\n".join([signature.head, *lines, way, "}", ""])
            if compiles(self.text(block, calls)):
                self.blocks.append(block)
                self.known.append(signature)
                self.calls += calls
                return

    def _signature(self, name: str) -> Signature:
        random = self.random
        able = "several" in self.features
        several = able and random.random() < 0.08
        nodes = [random.choice(NODES) if "clashes" in self.features else "x"]
        if not several and random.random() < 0.15:
            nodes.append(
                random.choice([each for each in ("other", "y", "skip") if each not in nodes])
            )
        words = PARAMETERS if "clashes" in self.features else tuple(f"{x}_" for x in QUIET)
        pool = [each for each in words if each not in nodes]
        random.shuffle(pool)
        kinds = [each for each in KINDS if WANTS.get(each, each) in {each, *self.features}]
        parameters = [
            Parameter(pool.pop(), random.choice(kinds)) for _ in range(random.randint(0, 4))
        ]
        share = (0.8, 0.13, 0.07) if able else (1, 0, 0)
        result = random.choices(("node", "two", "list"), share)[0]
        return Signature(name, tuple(nodes), several, tuple(parameters), result)  # type: ignore[arg-type]

    def _defaults(self, signature: Signature) -> list[Parameter]:
        """Give some parameters defaults, which may speak of those before."""
        result: list[Parameter] = []
        scope = Scope(self.random, self.features, [x for x in self.known if not x.parameters])
        for each in signature.parameters:
            default = Flows(scope).argument(each) if self.random.random() < 0.6 else None
            result.append(replace(each, default=default))
            scope.data[each.name] = each.kind
        return result

    def _calls(self, signature: Signature) -> list[tuple[str, tuple[str, ...]]]:
        """Draw calls of a block from the network."""
        result: list[tuple[str, tuple[str, ...]]] = []
        start = len(self.calls)
        flows = Flows(Scope(self.random, self.features, self.known))
        for place in range(start, start + self.random.randint(1, 3)):
            images = self.random.sample(range(len(INPUTS)), len(INPUTS))
            words = [f"image{each}" for each in images]
            if signature.several:
                size = self.random.choice((1, 2))
                first = "[" + ", ".join([words[0]] * size) + "]"
            else:
                first = ", ".join([words[0]] * len(signature.nodes))
            names: tuple[str, ...] = (f"found{place}",)
            if signature.result == "two":
                names = (f"found{place}", f"more{place}")
            label = f"b{place}: " if self.random.random() < 0.3 else ""
            if signature.simple() and self.random.random() < 0.7:
                value = f"{words[0]} -> {label}{flows.call(signature)}"
            else:
                value = f"{label}{flows.call(signature, first)}"
            given = names
            if signature.result == "list":
                value, given = f"{value}", (f"concat([found{place}[0]])",)
            result.append((f"{', '.join(names)} = {value}", given))
        return result

    def finish(self) -> None:
        """Draw statements of the network itself."""
        scope = Scope(self.random, self.features, self.known)
        for place in range(len(INPUTS)):
            scope.bind(f"image{place}", unknown(image=True))
        for _ in range(self.random.choice((0, 0, 1, 2))):
            trial = scope.copy()
            lines = Statements(trial).statement()
            before = list(self.after), list(self.calls)
            self.after += lines
            new = [each for each in trial.nodes if each not in scope.nodes]
            if new:
                self.after.append(f"    output more_{new[-1]} = {new[-1]} -> identity")
            if compiles(self.text()):
                scope = trial
            else:
                self.after, self.calls = before


class Statements:
    """Draws statements in a scope, and binds there what they bind."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.random = scope.random

    @property
    def flows(self) -> Flows:
        """What draws expressions as the scope is now."""
        return Flows(self.scope)

    def statement(self) -> list[str]:
        """Draw a statement, in lines that are indented."""
        ways: list[Callable[[], list[str]]] = [self._bind] * 5 + [self._data] * 2
        if self.scope.depth < 2:
            ways += [self._if, self._if, self._loop, self._loop, self._gather, self._chosen]
        ways += [self._split, self._take_apart]
        return self.random.choice(ways)()

    def _line(self, text: str) -> str:
        return "    " * (self.scope.depth + 1) + text

    def _target(self, pool: tuple[str, ...] = LOCALS) -> str:
        """A name to bind: one that is there, or a new one."""
        words = [each for each in self.scope.nodes if not each.startswith("image")]
        if words and self.scope.chance(0.6):
            return self.random.choice(words)
        return self.scope.fresh(pool)

    def _bind(self) -> list[str]:
        text, flow = self.flows.value()
        target = self._target()
        self.scope.bind(target, flow)
        return [self._line(f"{target} = {text}")]

    def _data(self) -> list[str]:
        scope, flows = self.scope, self.flows
        kind = self.random.random()
        known = scope.of("number")
        if kind < 0.5:
            word = self.random.choice(known) if known and scope.chance(0.5) else scope.fresh(LOCALS)
            text = flows.number()
            scope.bind(word, "number")
            return [self._line(f"{word} = {text}")]
        if kind < 0.65:
            word, text = scope.fresh(LOCALS), flows.given()
            scope.bind(word, "step")
        elif kind < 0.75 and "lists" in scope.features:
            word, text = scope.fresh(LOCALS), flows.steps()
            scope.bind(word, "steps")
        elif kind < 0.85:
            word, text = scope.fresh(LOCALS), flows.row()
            scope.bind(word, "row")
        elif kind < 0.9 and "units" in scope.features:
            word, text = scope.fresh(LOCALS), flows.unit()
            scope.bind(word, "unit")
        else:
            word, text = scope.fresh(LOCALS), flows.test()
            scope.bind(word, "flag")
        return [self._line(f"{word} = {text}")]

    def _inner(self, count: int = 0) -> list[str]:
        lines: list[str] = []
        self.scope.depth += 1
        for _ in range(count or self.random.randint(1, 2)):
            lines += self.statement()
        self.scope.depth -= 1
        return lines

    def _if(self) -> list[str]:
        scope = self.scope
        before = scope.copy()
        lines: list[str] = []
        ends: list[Scope] = []
        word = "if"
        for _ in range(self.random.choice((1, 1, 1, 2))):
            test = Flows(before).test()
            lines.append(self._line(f"{word} {test} {{"))
            lines += self._arm(before, ends)
            word = "} else if"
        if self.random.random() < 0.5:
            lines.append(self._line("} else {"))
            lines += self._arm(before, ends)
        else:
            ends.append(before)
        lines.append(self._line("}"))
        for name in list(before.nodes):
            found = [each.nodes.get(name) for each in ends]
            if any(each is None for each in found):
                scope.nodes.pop(name, None)
            elif any(each != found[0] for each in found):
                image = {each.image for each in found if each is not None}
                if len(image) > 1:
                    scope.nodes.pop(name, None)
                else:
                    scope.nodes[name] = unknown(image=image.pop())
            elif found[0] is not None:
                scope.nodes[name] = found[0]
        for other in [x for x in scope.nodes if x not in before.nodes]:
            del scope.nodes[other]
        scope.lists = {k: v for k, v in scope.lists.items() if k in before.lists}
        scope.data = {k: v for k, v in scope.data.items() if k in before.data}
        scope.moved |= {word for each in ends for word in each.moved}
        if not scope.nodes:
            scope.nodes = dict(before.nodes)
        return lines

    def _arm(self, before: Scope, ends: list[Scope]) -> list[str]:
        start = before.copy()
        self.scope.nodes, self.scope.lists = start.nodes, start.lists
        self.scope.data, self.scope.moved = start.data, start.moved
        lines = self._inner()
        ends.append(self.scope.copy())
        return lines

    def _loop(self) -> list[str]:
        scope, flows = self.scope, self.flows
        before = scope.copy()
        kind = self.random.random()
        turn = next(each for each in ("i", "j", "turn", "t3") if each not in scope.data)
        if turn in scope.nodes or turn in scope.lists:
            turn = "t4"
        if kind < 0.4:
            numbers = [*scope.of("number"), "2", "3"]
            head, kinds = f"for {turn} in range({self.random.choice(numbers)})", {turn: "number"}
        elif kind < 0.55:
            head, kinds = (
                f"for {turn}, c{turn} in enumerate({flows.row()})",
                {turn: "number", f"c{turn}": "number"},
            )
        elif kind < 0.65:
            head = f"for {turn}, [c{turn}, k{turn}] in enumerate({flows.table()})"
            kinds = {turn: "number", f"c{turn}": "number", f"k{turn}": "number"}
        elif kind < 0.75:
            head, kinds = (
                f"for [c{turn}, k{turn}] in {flows.table()}",
                {f"c{turn}": "number", f"k{turn}": "number"},
            )
        elif kind < 0.85 and "lists" in scope.features:
            head, kinds = f"for f{turn} in {flows.steps()}", {f"f{turn}": "step"}
        elif kind < 0.92:
            head, kinds = (
                f"for [f{turn}, c{turn}] in STEPS",
                {f"f{turn}": "step", f"c{turn}": "number"},
            )
        else:
            head, kinds = f"for {turn} in {flows.row()}", {turn: "number"}
        hidden = {word: scope.data.get(word) for word in kinds}
        for word, each in kinds.items():
            scope.data[word] = each  # type: ignore[assignment]
        numbered = turn in kinds
        if numbered:
            scope.turns.append(turn)
        lines = [self._line(f"{head} {{"), *self._inner(), self._line("}")]
        if numbered:
            scope.turns.pop()
        for word, old in hidden.items():
            scope.data.pop(word, None)
            if old is not None:
                scope.data[word] = old
        for name, flow in list(scope.nodes.items()):
            if name not in before.nodes:
                if scope.chance(0.7):
                    del scope.nodes[name]
            elif flow != before.nodes[name]:
                if flow.image != before.nodes[name].image:
                    del scope.nodes[name]
                else:
                    scope.nodes[name] = unknown(image=flow.image)
        if not scope.nodes:
            scope.nodes = dict(before.nodes)
        return lines

    def _gather(self) -> list[str]:
        """Gather what a loop makes in a list, or in a sum."""
        scope, flows = self.scope, self.flows
        word = self.random.choice(list(scope.nodes))
        flow = scope.nodes[word]
        target = scope.fresh(LOCALS)
        turn = "i" if "i" not in scope.data and "i" not in scope.nodes else "g"
        count = self.random.choice([*scope.of("number"), "2", "3"])
        sums = self.random.random() < 0.3
        lines = [self._line(f"{target} = {word}" if sums else f"{target} = [{word}]")]
        if not sums and self.random.random() < 0.5:
            lines = [self._line(f"{target} = []")]
        scope.turns.append(turn)
        scope.data[turn] = "number"
        text, after = flows.chain(flow, keep=sums or self.random.random() < 0.5)
        scope.turns.pop()
        del scope.data[turn]
        lines.append(self._line(f"for {turn} in range({count}) {{"))
        inner = self._line
        if sums:
            lines.append("    " + inner(f"{target} = add({target}, {word} -> {text})"))
            scope.bind(target, flow)
        elif self.random.random() < 0.5:
            lines.append("    " + inner(f"{target} = {target} + [{word} -> {text}]"))
            scope.bind(target, after, many=True)
        else:
            lines.append("    " + inner(f"{word} = {word} -> {text}"))
            lines.append("    " + inner(f"{target} = {target} + [{word}]"))
            scope.bind(target, unknown(image=after.image), many=True)
            scope.bind(word, unknown(image=after.image))
        lines.append(self._line("}"))
        if scope.lists.get(target) and self.random.random() < 0.6:
            joined = self._target()
            lines.append(self._line(f"{joined} = concat({target})"))
            scope.bind(joined, unknown(image=after.image))
        return lines

    def _chosen(self) -> list[str]:
        """Give a name one of two values, with nested choices."""
        word = self.random.choice(list(self.scope.nodes))
        flow = self.scope.nodes[word]
        flows = self.flows
        one, _ = flows.chain(flow, keep=True)
        two, _ = flows.chain(flow, keep=True)
        target = self._target()
        text = (
            f"if {flows.test()} then {word} -> {one} else if {flows.test()} "
            f"then {word} -> {two} else {word}"
        )
        self.scope.bind(target, flow)
        return [self._line(f"{target} = {text}")]

    def _split(self) -> list[str]:
        word = self.random.choice(list(self.scope.nodes))
        flow = self.scope.nodes[word]
        one, two = self.scope.fresh(LOCALS), self.scope.fresh(LOCALS)
        if one == two:
            two = f"{two}2"
        half = object()
        if self.random.random() < 0.5:
            self.scope.bind(one, flow.wide(half), many=True)
            return [self._line(f"{one} = {word} -> split(2)")]
        self.scope.bind(one, flow.wide(half))
        self.scope.bind(two, flow.wide(half))
        return [self._line(f"{one}, {two} = {word} -> split(2)")]

    def _take_apart(self) -> list[str]:
        """Bind several names at once."""
        words = self.random.choices(list(self.scope.nodes), k=2)
        two = [each for each in self.scope.blocks if each.result == "two" and len(each.nodes) == 1]
        two = [each for each in two if not each.several]
        one, other = self.scope.fresh(LOCALS), words[1]
        flows = [self.scope.nodes[each] for each in words]
        if two and self.random.random() < 0.8:
            text = f"{words[0]} -> {self.flows.call(self.random.choice(two))}"
            flows = [unknown(image=flows[0].image)] * 2
        else:
            text = f"{words[1]}, {words[0]}"
            flows.reverse()
        if one == other:
            other = f"{one}2"
        self.scope.bind(one, flows[0])
        self.scope.bind(other, flows[1])
        return [self._line(f"{one}, {other} = {text}")]


__all__ = ["Flowing", "compiles", "spec"]
