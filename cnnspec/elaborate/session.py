"""One elaboration: budgets, mistakes so far, and the parts that know how to do it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from cnnspec.diagnostics import Diagnostic, Label, SpecError, error
from cnnspec.elaborate import limits
from cnnspec.elaborate.apply import Applier
from cnnspec.elaborate.arithmetic import Arithmetic
from cnnspec.elaborate.blocks import Blocks, instance
from cnnspec.elaborate.bodies import Bodies
from cnnspec.elaborate.evaluate import Evaluator
from cnnspec.elaborate.frame import Frame
from cnnspec.elaborate.limits import Limits, Used
from cnnspec.elaborate.names import Names
from cnnspec.elaborate.nodes import Nodes
from cnnspec.elaborate.paths import Paths
from cnnspec.elaborate.steps import Steps
from cnnspec.elaborate.values import CallStep, describe, is_data
from cnnspec.expression import plain
from cnnspec.graph import Node, Output, Port, Scope
from cnnspec.op import Op, Weight
from cnnspec.ops import Operators
from cnnspec.render import AGAIN
from cnnspec.shapes import Shape
from cnnspec.source import Span
from cnnspec.syntax import tree

#: Lists may be nested this deeply; one that holds more than `HEAVY` is measured once.
DEEPEST_LIST: Final = 64
HEAVY: Final = 1_000


class Session:
    """The state of one elaboration; it is thrown away at its end."""

    def __init__(
        self,
        operators: Operators,
        bounds: Limits,
        before: Used | None = None,
        *,
        whole: bool = False,
    ) -> None:
        #: Whether instances are one node each, and what these stand for beside themselves.
        self.whole, self.hidden = whole, 0
        #: Whether a body asked for the size of an image since this was last set to false.
        self.sized = False
        self.operators = operators
        self.limits = bounds
        self.arithmetic = Arithmetic(self)
        self.names = Names(self)
        self.paths = Paths(bounds.text, self.spend)
        self.steps = Steps(self)
        self.evaluator = Evaluator(self)
        self.operations = Nodes(self)
        self.applier = Applier(self)
        self.bodies = Bodies(self)
        self.blocks = Blocks(self)
        self.nodes: list[Node] = []
        self.outputs: dict[str, Output] = {}
        self.expectations: list[tuple[tree.Entry, Frame]] = []
        self.meta: dict[str, Any] = {}
        #: The block instances around what is elaborated, outermost first, and their calls.
        self.trail: list[tuple[Scope, CallStep]] = []
        self.depth = 0
        self.input_override: tuple[int, ...] | None = None
        self.takes_blocks: set[int] = set()
        self.before = before or Used()
        self.spent = self.before.steps
        self.most = bounds.steps
        self._heavy: dict[int, tuple[Any, int, int]] = {}
        self._reported: dict[object, Diagnostic] = {}
        #: Further places of what was told before.
        self._repeated: set[object] = set()
        #: By file and name, the mistake that told of a name that nothing has.
        self._missed: dict[object, object] = {}
        #: The blocks whose bodies have been run, by their identity.
        self.entered: set[int] = set()

    def close(self) -> None:
        """Let go of all parts, which know each other, so that no collector has to find them."""
        vars(self).clear()

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What was reported so far, in order."""
        return tuple(self._reported.values())

    def spend(self, amount: int, span: Span) -> None:
        """Count evaluation; raises SpecError when the budget is spent."""
        self.spent += amount
        if self.spent > self.limits.steps:
            raise limits.exceeded("steps", self.limits.steps, "takes too long to work out", span)

    def foresee(self, steps: int, nodes: int, span: Span) -> None:
        """Refuse at once what would end a budget after a while: raises SpecError."""
        if self.spent + steps > self.limits.steps:
            self.spend(steps, span)
        if self.before.nodes + len(self.nodes) + self.hidden + nodes > self.limits.nodes:
            raise self._too_many(span)

    def _too_many(self, span: Span) -> SpecError:
        return limits.exceeded("nodes", self.limits.nodes, "makes too many nodes", span)

    def weigh(self, value: Any, span: Span) -> None:
        """Count a list by all that is in it, however often: whoever walks it does as much work."""
        if isinstance(value, tuple):
            weight, depth = self._measure(value)
            if depth > DEEPEST_LIST:
                raise error(
                    "nesting-too-deep", f"lists are nested over {DEEPEST_LIST} levels deep", span
                )
            self.spend(weight, span)

    def _measure(self, value: tuple[Any, ...]) -> tuple[int, int]:
        known = self._heavy.get(id(value))
        if known is not None:
            return known[1], known[2]
        weight, depth = len(value), 0
        for each in value:
            if isinstance(each, tuple):
                more, deep = self._measure(each)
                weight, depth = weight + more, max(depth, deep)
        if weight > HEAVY:
            self._heavy[id(value)] = value, weight, depth + 1
        return weight, depth + 1

    def report(self, mistake: SpecError) -> None:
        """Collect a mistake, once, with the block instances around it; ends a spent budget."""
        if self.whole and mistake.diagnostics:
            raise Exhausted
        for each in mistake.diagnostics:
            if each.code == "unknown-name" and self._told_before(each):
                self._repeated.add(each.key)
            elif each.key not in self._reported:
                trail = [instance(*around) for around in reversed(self.trail)]
                self._reported[each.key] = each.within(*trail)
            if each.code == "budget-exceeded" or len(self._reported) + len(self._repeated) >= 50:
                raise Exhausted

    def _told_before(self, mistake: Diagnostic) -> bool:
        """Whether the same name was missed in the same file before: then both places are shown."""
        where = mistake.labels[0].span
        key = ("unknown-name", where.source.name, mistake.title, mistake.help)
        known = self._missed.get(key)
        if known is None:
            self._missed[key] = mistake.key
            return False
        before = self._reported.get(known)
        if before is not None and all(label.span != where for label in before.labels):
            self._reported[known] = replace(before, labels=(*before.labels, Label(where, AGAIN)))
        return known != mistake.key

    def new_node(
        self,
        path: str,
        op: Op,
        inputs: tuple[Port, ...],
        shapes: tuple[Shape, ...],
        weights: tuple[Weight, ...],
        scope: Scope,
        span: Span,
    ) -> Node:
        """Make a node; raises SpecError when there are too many."""
        index = len(self.nodes)
        if self.before.nodes + index + self.hidden >= self.limits.nodes:
            raise self._too_many(span)
        if len(inputs) + len(shapes) > 2:
            self.spend(len(inputs) + len(shapes), span)
        node = Node(index, path, op, inputs, shapes, weights, scope, span)
        node.ports = tuple([Port(node, number) for number in range(len(shapes))])
        self.nodes.append(node)
        return node

    def add_meta(self, entries: tuple[tree.Entry, ...], frame: Frame) -> None:
        """Keep a network's facts."""
        for entry in entries:
            try:
                value = self.evaluator.evaluate(entry.value, frame)
                self.weigh(value, entry.span)
                if not is_data(plain(value)):
                    title = f"`{entry.key}` must be a number, a word or a list of them"
                    raise error("wrong-type", f"{title}, not {describe(value)}", entry.value.span)
                self.meta[entry.key] = plain(value)
            except SpecError as mistake:
                self.report(mistake)


class Exhausted(Exception):
    """A budget ran out: nothing more is worth elaborating."""
