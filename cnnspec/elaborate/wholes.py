"""Instances of blocks kept whole, for figures: one node each, worked out once for what is equal.

What a body makes depends on its arguments and on its inputs' shapes. Where a network is tried with
many values, as in a sweep, most instances are equal to one before. A `Recipe` is what a body made,
step by step, without shapes; for other sizes of images the same steps are sized anew, as long as
the body never asked for a size and no step gives other channels. What comes out is a graph of the
instance's own nodes, in which the instances inside are one node each, too (`Whole`).

Nothing here makes up its mind about a mistake: where a step refuses, or a budget might run out,
the body is run, and whoever asked elaborates the network in full.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cnnspec.elaborate.frame import Frame
from cnnspec.elaborate.instances import Arguments, Instances, freed, rebound
from cnnspec.graph import Graph, Node, Output, Port, Scope
from cnnspec.kinds import Refusal
from cnnspec.op import Op
from cnnspec.shapes import Shape
from cnnspec.source import Source, Span
from cnnspec.trace import Step, steps
from cnnspec.whole import Slot, Whole

if TYPE_CHECKING:
    from cnnspec.elaborate.session import Session

#: A file knows so many nodes of its blocks' instances, and then begins anew.
MOST_NODES: Final = 60_000
#: Where a node in a whole stands.
NOWHERE: Final = Span(Source("", ""), 0, 0)
INSIDE: Final = Scope("", "block", None, NOWHERE)
SLOT: Final = Slot()


@dataclass(frozen=True, slots=True)
class Piece:
    """One step of a recipe: an operator or an instance, where its inputs come from, its ranks.

    An input is the output of a piece or of a slot, slots first. Of each output `kinds` hold how
    many axes and channels it has.
    """

    make: Op | Recipe
    inputs: tuple[tuple[int, int], ...]
    kinds: tuple[tuple[int, int], ...]


@dataclass(slots=True, eq=False)
class Recipe:
    """What one body made of its arguments; `at` makes it for images of a size."""

    #: Which of the inputs are needed.
    slots: tuple[int, ...]
    pieces: tuple[Piece, ...]
    result: tuple[int, int]
    #: How the result's channels are written in the body.
    channels: Any
    consumed: frozenset[str]
    #: Steps that a fraction reaches which may differ, and the values that are known to be admitted.
    rated: list[tuple[Op, Any]]
    admitted: set[tuple[str, ...]]
    #: The inputs' shapes, if the body asked for a size, or for what nothing needs, whose channels
    #: may be decided by: then it holds for these alone.
    only: tuple[Shape, ...] | None
    #: The bits that a size may have.
    bits: int
    nodes: int
    spent: int
    depth: int
    longest: int
    made: dict[tuple[Shape, ...], Whole | None] = field(default_factory=dict)

    def at(self, shapes: tuple[Shape, ...]) -> Whole | None:
        """Give the instance for inputs of these shapes; None where its body must be run."""
        if self.only is not None and shapes != self.only:
            return None
        if len(shapes) != len(self.slots):
            shapes = tuple([shapes[number] for number in self.slots])
        known = self.made.get(shapes)
        if known is None and shapes not in self.made:
            known = self.made[shapes] = self._made(shapes)
        return known

    def _made(self, given: tuple[Shape, ...]) -> Whole | None:
        nodes = [_node(place, SLOT, (), (shape,), ()) for place, shape in enumerate(given)]
        slots = tuple(nodes)
        for piece in self.pieces:
            into = tuple([nodes[place].ports[port] for place, port in piece.inputs])
            shapes = tuple([port.node.shapes[port.index] for port in into])
            if isinstance(piece.make, Recipe):
                whole = piece.make.at(shapes)
                if whole is None or _kinds(whole.shapes) != piece.kinds:
                    return None
                nodes.append(_node(len(nodes), whole, into, whole.shapes, whole.tensors))
                continue
            op = piece.make
            try:
                out = op.shape(*shapes)
                outs = (out,) if isinstance(out, Shape) else tuple(out)
                weights = op.weights(*shapes)
            except Refusal:
                return None
            if _kinds(outs) != piece.kinds:
                return None
            if any(each.size.bit_length() > self.bits for each in outs):
                return None
            nodes.append(_node(len(nodes), op, into, outs, weights))
        place, port = self.result
        output = Output("", nodes[place].ports[port], False, 1.0, NOWHERE)
        inside = Graph("", tuple(nodes), INSIDE, slots, (output,), NOWHERE, {}, {})
        inside.inference_nodes = inside.nodes  # none is there that the result does not need
        return Whole(inside)


def _kinds(shapes: tuple[Shape, ...]) -> tuple[tuple[int, int], ...]:
    """Give how many axes and channels each has."""
    return tuple([(len(shape), shape[0]) for shape in shapes])


def _node(
    index: int, op: Op, inputs: tuple[Port, ...], shapes: tuple[Shape, ...], weights: Any
) -> Node:
    node = Node(index, "", op, inputs, shapes, weights, INSIDE, NOWHERE)
    node.ports = tuple([Port(node, number) for number in range(len(shapes))])
    return node


@dataclass(slots=True)
class Shelf:
    """The recipes for what is the same but for fractions: by which of these matter, and by them."""

    tables: dict[tuple[str, ...], dict[tuple[str, ...], list[Recipe]]] = field(default_factory=dict)

    def of(self, fractions: dict[str, float]) -> list[Recipe]:
        """Find those that hold for these fractions."""
        found: list[Recipe] = []
        for words, table in self.tables.items():
            found += table.get(tuple([repr(fractions[word]) for word in words]), ())
        return found

    def add(self, recipe: Recipe, fixed: dict[str, str]) -> None:
        """Add one that holds for these fractions."""
        table = self.tables.setdefault(tuple(fixed), {})
        table.setdefault(tuple(fixed.values()), []).append(recipe)


class Wholes(Instances):
    """Makes each instance one node, of a recipe of this elaboration or of an earlier one."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.recipes: dict[Whole, Recipe] = {}

    def copied(self, arguments: Arguments, frame: Frame, scope: Scope) -> Any:
        """Put an instance that is known into the network, and give its result."""
        shelf: Shelf | None = frame.file.wholes.get(arguments.loose)
        if shelf is None:
            return None
        shapes = arguments.key[1]
        for recipe in shelf.of(arguments.fractions):
            if self._admits(recipe, arguments, scope) and self._holds(recipe, scope):
                whole = recipe.at(shapes)
                if whole is not None:
                    self.session.spent += recipe.spent
                    self.session.sized |= recipe.only is not None
                    self.session.hidden += recipe.nodes - 1
                    frame.consumed |= recipe.consumed
                    return self._put(recipe, whole, arguments, frame, scope)
        return None

    def _admits(self, recipe: Recipe, arguments: Arguments, scope: Scope) -> bool:
        """Whether each step takes the fractions that reach it."""
        if not recipe.rated:
            return True
        said = tuple(map(repr, arguments.fractions.values()))
        if said not in recipe.admitted:
            try:
                for op, written in recipe.rated:
                    rebound(op, written, scope.values)
            except (Refusal, ArithmeticError):
                return False
            recipe.admitted.add(said)
        return True

    def _holds(self, recipe: Recipe, scope: Scope) -> bool:
        """Whether no budget ends in it."""
        session, limits = self.session, self.session.limits
        return (
            session.spent + recipe.spent <= session.most
            and len(session.nodes) + session.hidden + recipe.nodes <= limits.nodes
            and session.depth + recipe.depth <= limits.depth
            and len(scope.path) + recipe.longest < limits.text
        )

    def _put(
        self, recipe: Recipe, whole: Whole, arguments: Arguments, frame: Frame, scope: Scope
    ) -> Port:
        into = tuple([arguments.inputs[number] for number in recipe.slots])
        shapes, span = whole.shapes, scope.span
        node = self.session.new_node(scope.path, whole, into, shapes, whole.tensors, scope, span)
        self.recipes[whole] = recipe
        (port,) = node.ports
        frame.channels[id(port)] = recipe.channels
        return port

    def keep(
        self, arguments: Arguments, frame: Frame, scope: Scope, result: Any, first: int, spent: int
    ) -> Any:
        """Make what a body made one node, and remember how it was made; give the node's output."""
        session, file = self.session, frame.file
        nodes = session.nodes[first:]
        recipe = self._recipe(arguments, frame, scope, result, nodes)
        if recipe is None:
            return result
        recipe.spent = session.spent - spent
        if file.kept_whole > MOST_NODES:
            file.wholes, file.kept_whole = {}, 0
        shelf = file.wholes.setdefault(arguments.loose, Shelf())
        free, rated = freed(list(steps(scope.trace)), scope)
        fixed = {word: repr(v) for word, v in arguments.fractions.items() if word not in free}
        recipe.rated = [(step.node.op, step.written) for step in rated if isinstance(step, Step)]
        recipe.admitted.add(tuple(map(repr, arguments.fractions.values())))
        if recipe.only is None and any(each.only is None for each in shelf.of(arguments.fractions)):
            recipe.only = arguments.key[1]
        whole = recipe.at(arguments.key[1])
        if whole is None:
            return result
        shelf.add(recipe, fixed)
        file.kept_whole += len(nodes) + 1
        del session.nodes[first:]
        session.hidden += len(nodes) - 1
        # no fraction that is given to a block may differ, whatever that does with it
        scope.trace, scope.members = (), []
        for node in nodes:
            node.ports = ()
        port = self._put(recipe, whole, arguments, frame, scope)
        scope.results = (port,)
        return port

    def _of(self, node: Node) -> Recipe | None:
        return self.recipes[node.op] if isinstance(node.op, Whole) else None

    def _recipe(
        self, arguments: Arguments, frame: Frame, scope: Scope, result: Any, nodes: list[Node]
    ) -> Recipe | None:
        """Read what a body made; None where that is not one node of its own."""
        own = {node: place for place, node in enumerate(nodes)}
        if not isinstance(result, Port) or result.node not in own:
            return None
        needed, pending = {result.node}, [result.node]
        while pending:
            for port in pending.pop().inputs:
                if port.node in own and port.node not in needed:
                    needed.add(port.node)
                    pending.append(port.node)
        inputs = {port: number for number, port in enumerate(arguments.inputs)}
        live = [node for node in nodes if node in needed]
        read = {port for node in live for port in node.inputs if port.node not in own}
        if not read <= inputs.keys() or not all(node.inputs for node in live):
            return None
        slots = tuple(sorted(inputs[port] for port in read))
        from_slot = {arguments.inputs[number]: place for place, number in enumerate(slots)}
        places = {node: len(slots) + number for number, node in enumerate(live)}
        pieces = tuple(
            [
                Piece(
                    self._of(node) or node.op,
                    tuple(
                        [
                            (from_slot[port], 0)
                            if port in from_slot
                            else (places[port.node], port.index)
                            for port in node.inputs
                        ]
                    ),
                    _kinds(node.shapes),
                )
                for node in live
            ]
        )
        inner = [self._of(node) for node in nodes]
        pairs = list(zip(nodes, inner, strict=True))
        return Recipe(
            slots,
            pieces,
            (places[result.node], result.index),
            frame.channels_of(result),
            scope.consumed,
            [],
            set(),
            arguments.key[1] if self.session.sized or len(live) < len(nodes) else None,
            self.session.limits.integer,
            sum(each.nodes if each else 1 for each in inner),
            0,
            max(_between(node, scope) + (each.depth if each else 0) for node, each in pairs),
            max(len(node.path) + (each.longest if each else 0) for node, each in pairs)
            - len(scope.path),
        )


def _between(node: Node, scope: Scope) -> int:
    """Count the blocks around a node, up to the one that is meant."""
    count, each = 0, node.scope
    while each is not scope and each.parent is not None:
        count += each.kind == "block"
        each = each.parent
    return count
