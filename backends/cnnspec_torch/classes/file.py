"""What all classes of a file share: the program, its instances, names, constants, given steps."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from cnnspec.emit import program as pg
from cnnspec.emit import pytree as py
from cnnspec.emit.flat import Flat
from cnnspec.emit.flatten import Flattened, flatten
from cnnspec.emit.lowering import Lowered, Lowering
from cnnspec.emit.names import BUILTINS, Namespace, class_name, is_identifier
from cnnspec.graph import Graph, Node, Scope, walk_scopes
from cnnspec.kinds import Refusal
from cnnspec.op import Op
from cnnspec.shapes import Shape
from cnnspec.source import Span
from cnnspec_torch.classes import evaluating, handing, operating, sized
from cnnspec_torch.classes.lowered import Placed, tree
from cnnspec_torch.classes.networks import Networks, Ranks, ranks_of
from cnnspec_torch.classes.overwriting import OVERWRITING, Overwriting, in_place, overwriting
from cnnspec_torch.classes.placing import is_parameter
from cnnspec_torch.classes.reaching import steps_of_names
from cnnspec_torch.classes.values import Data, Hard, Nodes, Steps
from cnnspec_torch.classes.values import Node as Flowing
from cnnspec_torch.layers import LAYERS

if TYPE_CHECKING:
    from cnnspec_torch.classes.projection import Projection

#: Names that a file uses for itself.
WORDS: Final = """
    Any Callable Counter F KINDS LOSS_WEIGHTS NamedTuple OrderedDict Outputs Tensor TrainOutputs
    VECTORS counts kind math named names nn of_vectors partial put round_to self torch use
"""
#: The names that no word of a spec has: a constructor takes `in_channels` itself.
RESERVED: Final = BUILTINS.union(WORDS.split(), ["in_channels"])
#: What stands for the size of an image where no call is known.
SAMPLE: Final = Shape((64, 32, 32))
Word = str
#: A body: its definition, and the kinds that its parameters are of.
Key = tuple[object, tuple[pg.Kind, ...]]

#: An operator that is handed on, whether images come into it where two kinds of input do, and
#: its arguments on which it depends what is written.
Handed = tuple[type[Op], bool, tuple[tuple[str, object], ...]]


@dataclass(frozen=True, slots=True)
class Variant:
    """What tells classes of one block apart: ranks that come in, and results that nothing reads."""

    ranks: Ranks
    left: frozenset[int] = frozenset()


def _gives(body: pg.Body) -> int:
    """How many results a block gives back."""
    found = {len(x.values) for x in pg.parts(body.statements) if isinstance(x, pg.Return)}
    return found.pop() if len(found) == 1 else 1


def key_of(body: pg.Body) -> Key:
    """What tells a body from others."""
    return body.definition, body.kinds


@dataclass(eq=False)
class File:
    """A network's program, with the instances that show what no text says: ranks and sizes."""

    networks: Networks
    lowerings: Mapping[str, Lowering]
    classes: list[Projection] = field(default_factory=list)
    #: Tables at the top of the file, by name.
    constants: dict[str, ast.expr] = field(default_factory=dict)
    #: Classes with arguments that are parameters' defaults, by name.
    defaults: dict[str, ast.expr] = field(default_factory=dict)
    space: Namespace = field(init=False)
    #: Blocks whose classes have to tell their channels.
    wanted: set[pg.Body] = field(default_factory=set)
    #: The instances of the class that is written now; None: of all.
    now: set[int] | None = None
    #: Whether the type of what constructs a layer has a name.
    names_layers: bool = False
    #: The bodies that are written step by step.
    plain: frozenset[Key] = frozenset()
    #: Whether heads for training are left out.
    inference: bool = False
    #: Whether all steps that are handed on take channels first: functions named after operators.
    uniform: bool = False
    #: Those functions: what they are called, and the arguments that somebody gives them.
    functions: dict[Handed, tuple[str, dict[str, None]]] = field(default_factory=dict)
    #: What the function of an operator is called where vectors come in, and images elsewhere.
    of_vectors: dict[str, str] = field(default_factory=dict)
    #: What flows into operators that are handed on, as an earlier writing of the file met it.
    ranks: Mapping[type[Op], frozenset[bool]] = field(default_factory=dict)
    #: The same, as it is met now: images, vectors, or both at different places.
    met: dict[type[Op], set[bool]] = field(default_factory=dict)
    #: Whether images come into the step that is being said as a value; None: not known.
    given_image: bool | None = None
    _nodes: dict[Span, list[Node]] = field(default_factory=dict)
    _scopes: dict[Span, list[Scope]] = field(default_factory=dict)
    _instances: dict[object, list[Scope]] = field(default_factory=dict)
    _reaching: dict[str, list[pg.Expr]] | None = None
    _overwriting: Overwriting | None = None
    _constants: dict[tuple[str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.space = Namespace(RESERVED | set(LAYERS))
        for node in self.every_node:
            self._nodes.setdefault(node.span, []).append(node)
        for scope in (x for each in self.networks.each for x in walk_scopes(each.graph.root)):
            if scope.kind == "block":
                self._scopes.setdefault(scope.span, []).append(scope)
                self._instances.setdefault(scope.definition, []).append(scope)

    @cached_property
    def measures(self) -> sized.Measures:
        """The heights and widths of the network's instances."""
        return sized.Measures(self)

    @property
    def graph(self) -> Graph:
        """The first network's graph."""
        return self.networks.each[0].graph

    @property
    def every_node(self) -> list[Node]:
        """The nodes of all networks."""
        return [node for each in self.networks.each for node in each.graph.nodes]

    @property
    def bodies(self) -> tuple[pg.Body, ...]:
        """All blocks, each after all that it calls, and all networks."""
        return (*self.program.blocks, *self.networks.bodies)

    @property
    def taken_apart(self) -> Flattened:
        """The first network's program, its flows taken apart."""
        return self.networks.each[0].program

    @property
    def program(self) -> pg.Program:
        """The network's own program."""
        return self.taken_apart.program

    def flat(self, body: pg.Body) -> Flat:
        """A body with its flows taken apart, to be worked on."""
        return flatten(self.program, self.taken_apart.reach, body, RESERVED)

    @cached_property
    def given_sites(self) -> frozenset[Span]:
        """The places where steps are applied that values are."""
        every = (part for each in self.bodies for part in pg.parts(each.statements))
        return frozenset(each.site for each in every if isinstance(each, pg.GivenStep))

    # --- names

    def word(self, name: str) -> str:
        """Give a spec's name as Python has it: words of Python and of the file get a `_`."""
        word = name
        while word in RESERVED or not is_identifier(word):
            word += "_"
        return word

    def class_name(self, body: pg.Body) -> str:
        """Name a block's class."""
        return self.space.take(class_name(body.name))

    # --- instances

    def nodes(self, site: Span) -> list[Node]:
        """The nodes that a place in the text made, in instances of the class that is written."""
        return [each for each in self._nodes.get(site, []) if self._is_of_now(each.scope)]

    def scopes(self, site: Span) -> list[Scope]:
        """The instances of blocks that a place in the text made, likewise."""
        return [each for each in self._scopes.get(site, []) if self._is_of_now(each.parent)]

    def _is_of_now(self, scope: Scope | None) -> bool:
        if self.now is None:
            return True
        while scope is not None and scope.kind == "group":
            scope = scope.parent
        return id(scope) in self.now

    def instances(self, body: pg.Body) -> list[Scope]:
        """The instances of a block."""
        return self._instances.get(body.definition, [])

    def variants(self, body: pg.Body) -> list[Variant]:
        """The classes that a block has: one for each kind of call."""
        found = {self.variant_of(body, each): None for each in self.instances(body)}
        return list(found) or [Variant(tuple(True for _ in body.nodes))]

    def variant_of(self, body: pg.Body, scope: Scope) -> Variant:
        """Tell by which class an instance is made: what comes in, and which results are read."""
        left: frozenset[int] = frozenset()
        if len(scope.results) > 1 and _gives(body) == len(scope.results):
            left = frozenset(
                place
                for place, port in enumerate(scope.results)
                if id(port.node) not in self.kept and port.node.path.startswith(f"{scope.path}.")
            )
        return Variant(ranks_of(scope), left)

    @cached_property
    def kept(self) -> frozenset[int]:
        """The nodes that are written: for inference without what only heads for training need."""
        graphs = [each.graph for each in self.networks.each]
        nodes = [each.inference_nodes if self.inference else each.nodes for each in graphs]
        return frozenset(id(node) for each in nodes for node in each)

    def rank(self, site: Span, image: bool | None) -> bool | None:
        """Whether an image comes in at a place; as is known otherwise where no call tells.

        None: one does at some calls that come by the class that is written, a vector at others.
        """
        found = self.ranks_at(site)
        return found.pop() if len(found) == 1 else None if found else image

    def ranks_at(self, site: Span) -> set[bool]:
        """Whether images come first into the steps and blocks of a place, or vectors, or both."""
        found = {node.input_shapes[0].is_image for node in self.nodes(site) if node.inputs}
        return found | {each for scope in self.scopes(site) for each in ranks_of(scope)[:1]}

    def result_image(
        self, projection: Projection, step: pg.BlockStep, nodes: Mapping[str, Any]
    ) -> bool | None:
        """Whether a block gives an image."""
        given = tuple(each.image is not False for each in nodes.values())
        every = self._instances.get(step.block, [])
        scopes = self.scopes(step.site) or [x for x in every if ranks_of(x) == given] or every
        found = {port.shape.is_image for scope in scopes for port in scope.results}
        if len(found) == 1:
            return found.pop()
        return next((each.image for each in nodes.values()), True)

    def rank_after(
        self, step: pg.OperatorStep, made: Mapping[str, ast.expr], image: bool | None
    ) -> bool | None:
        """Whether an image comes out of a step."""
        found = {node.shape.is_image for node in self.nodes(step.site)}
        if len(found) == 1:
            return found.pop()
        if step.op.rank == "vector":
            return False
        if step.op.name in ("gap", "gmp"):
            return py.constant(made.get("keep", ast.Constant(False)), True)
        return image

    def places(self, projection: Projection, step: pg.OperatorStep) -> ast.expr:
        """How many places an image has where its channels are put in a row: one number."""

        def places(node: Node) -> int:
            shape = node.input_shapes[0]
            return shape.height * shape.width if shape.is_image else 1

        found = sized.by_instance(self.nodes(step.site), places)
        if not found:
            raise Hard("a size that no call has come to", step.site)
        return sized.number(projection, "places", found)

    # --- lowering

    def lower(
        self,
        step: pg.OperatorStep,
        arguments: Mapping[str, ast.expr],
        channels: Sequence[ast.expr],
        inputs: Sequence[Flowing | Nodes],
        image: bool | None,
    ) -> Lowered:
        """Lower a step with the words that it has in a text."""
        nodes = self.nodes(step.site)
        if nodes:
            node = next(
                (x for x in nodes if x.inputs and x.input_shapes[0].is_image == image), nodes[0]
            )
            op, shapes, outputs = node.op, node.input_shapes, node.shapes
        else:
            op = self._sampled(step.op, arguments)
            spot = SAMPLE if image is not False else Shape(SAMPLE[:1])
            shapes = tuple(
                Shape(SAMPLE[:1]) if each.image is False else spot for each in inputs
            ) or (spot,)
            outputs = (spot,)
        placed = Placed(
            op,
            shapes,
            outputs,
            {},
            words=arguments,
            channel_words=tuple(channels),
            called=tuple(each.op for each in nodes),
            numbers=self._numbers(nodes),
        )
        return self.lowerings[step.op.name](placed)

    def _numbers(self, nodes: Iterable[Node]) -> frozenset[str]:
        """The parameters, as Python's names, that are no list at any of the calls of a place."""
        values = [sized.parameters_at(node.scope) for node in nodes]
        lists = {key for each in values for key, v in each.items() if isinstance(v, tuple | list)}
        return frozenset(self.word(key) for each in values for key in each if key not in lists)

    def takes_vectors(self, op: type[Op]) -> bool:
        """Whether a vector may come into an operator."""
        try:
            self._sampled(op, {}).shape(Shape(SAMPLE[:1]))
        except Refusal:
            return False
        return True

    def lower_value(
        self,
        step: pg.OperatorStep,
        arguments: Mapping[str, ast.expr],
        flowing: Flowing,
        image: bool | None,
    ) -> Lowered:
        """Lower an operator that is a value, for channels that it is given."""
        return self.lower(step, arguments, [flowing.channels], [flowing], image)

    def _sampled(self, op: type[Op], arguments: Mapping[str, ast.expr]) -> Op:
        """An operator as it might be called at a place that no call has come by."""
        known: dict[str, Any] = {}
        for key, words in arguments.items():
            value = _value(words)
            if value is not None:
                known[key] = value
        for sample in (3, 1, 2, 0.5, (0, 1, 2), "same"):
            for key in op.arguments:
                missing = key in arguments or op.arguments[key].required
                if key not in known and missing and _reads(op, key, sample):
                    known[key] = sample
        try:
            return op(**known)
        except Refusal as refusal:
            raise Hard(f"{op.name}: {refusal.message}") from None

    def owns(self, step: pg.OperatorStep) -> bool:
        """Whether a step has weights, so that its name is a key's."""
        nodes = self.nodes(step.site)
        if nodes:
            return any(node.weights for node in nodes)
        return step.op.weights is not Op.weights

    # --- steps as values

    def reaching(self) -> Mapping[str, list[pg.Expr]]:
        """The steps that reach names: parameters, and what loops over tables bind."""
        if self._reaching is None:
            self._reaching = steps_of_names(self)
        return self._reaching

    @property
    def overwriting(self) -> Overwriting:
        """The places where an activation may overwrite its input."""
        if self._overwriting is None:
            self._overwriting = overwriting(self.program, self.reaching())
        return self._overwriting

    def is_free(self, projection: Projection, step: pg.GivenStep) -> bool:
        """Whether what is given at a place is constructed without channels: an activation."""
        if self.uniform:
            return False
        if isinstance(step.value, pg.Name):
            return self.contract(step.value.id)
        kinds = [node.op for node in self.nodes(step.site)]
        return bool(kinds) and all(_free(type(op)) for op in kinds)

    def contract(self, name: str) -> bool:
        """Whether the steps that a name stands for are all constructed without channels."""
        steps = self.reaching().get(name, [])
        return (
            bool(steps)
            and not self.uniform
            and all(isinstance(each, pg.OperatorStep) and _free(each.op) for each in steps)
        )

    def keeps_channels(self, projection: Projection, step: pg.GivenStep) -> bool:
        """Whether what is given leaves channels as they are, whatever it is."""
        if isinstance(step.value, pg.Name):
            steps: Iterable[pg.Expr] = self.reaching().get(step.value.id, [])
            ops = [each.op for each in steps if isinstance(each, pg.OperatorStep)]
            if steps and len(ops) == len(list(steps)):
                return all(handing.keeps_channels(op) for op in ops)
            return False
        kinds = [type(node.op) for node in self.nodes(step.site)]
        return bool(kinds) and all(map(handing.keeps_channels, kinds))

    def kinds_given(self, step: pg.GivenStep) -> set[str]:
        """The names of the operators and blocks that may be given at a place."""
        if not isinstance(step.value, pg.Name):
            return set()
        return {
            each.op.name if isinstance(each, pg.OperatorStep) else each.block.name
            for each in self.reaching().get(step.value.id, [])
            if isinstance(each, pg.OperatorStep | pg.BlockStep)
        }

    def may_keep(self, projection: Projection, step: pg.GivenStep) -> bool:
        """Whether a layer of torch may be given at a place: it may leave channels as they are."""
        if not isinstance(step.value, pg.Name):
            return True
        steps = handing.kinds(projection, step.value)
        return not steps or any(isinstance(each, pg.OperatorStep) for each in steps)

    def parameters_of(
        self, projection: Projection, step: pg.GivenStep
    ) -> tuple[pg.Parameter, ...] | None:
        """The parameters of the blocks that are given at a place, if they are one row."""
        if not isinstance(step.value, pg.Name):
            return None
        steps = self.reaching().get(step.value.id, [])
        blocks = [each for each in steps if isinstance(each, pg.BlockStep)]
        if not blocks:
            return None
        first = self.program.body(blocks[0])
        return first.parameters

    def want_all(self, projection: Projection, step: pg.GivenStep) -> None:
        """Have the blocks that may be given at a place tell their channels."""
        if isinstance(step.value, pg.Name):
            for each in self.reaching().get(step.value.id, []):
                if isinstance(each, pg.BlockStep):
                    self._want(self.program.body(each))

    def _want(self, body: pg.Body) -> None:
        self.wanted.add(body)
        for each in self.classes:
            each.wanted = each.wanted or each.body is body

    def settles(self, projection: Projection, one: pg.Expr, other: pg.Expr) -> bool:
        """Whether two given steps come to the same channels, whatever goes in."""
        if not isinstance(one, pg.GivenStep) or not isinstance(other, pg.GivenStep):
            return False
        if one.value != other.value or not isinstance(one.value, pg.Name):
            return False
        blocks = self.reaching().get(one.value.id, [])
        for each in blocks:
            if not isinstance(each, pg.BlockStep):
                return False
            body = self.program.body(each)
            called = next((one for one in self.classes if one.body is body), None)
            if called is None or called.out is None:
                return False
            read = py.reads(called.out)
            if called.parameter_channels(called.body.nodes[0].name) in read:
                return False
            first, second = (_by_name(called.body, step) for step in (one, other))
            data = {self.word(each.name): each.name for each in called.body.data}
            if any(first.get(data[word]) != second.get(data[word]) for word in read & set(data)):
                return False
        return bool(blocks)

    def projection(self, step: pg.BlockStep, ranks: Ranks | None = None) -> Projection:
        """The class of a block that is called with images or vectors."""
        body = self.program.body(step)
        found = [each for each in self.classes if each.body is body]
        if not found:
            raise Hard(f"{body.name} calls itself", step.site)
        wanted = {self.variant_of(body, each).left for each in self.scopes(step.site)}
        if len(found) > 1 and len(wanted) > 1:
            raise Hard(f"results of {body.name} that nothing reads in some turns", step.site)
        left = next(iter(wanted), frozenset[int]())
        known = [each for each in found if each.left == left] or found
        return next((each for each in known if ranks is None or each.ranks == ranks), known[0])

    def argued(
        self,
        projection: Projection,
        expr: pg.Expr,
        parameter: tuple[pg.Body, str],
        image: bool | None = None,
    ) -> ast.expr:
        """An argument of a block: data, or a step as what constructs its module.

        `image` says whether the block takes images, so that the step does too.
        """
        value = evaluating.evaluate(projection, expr)
        if isinstance(value, Steps):
            self.given_image, outer = image, self.given_image
            made = self.step_value(projection, value.step, parameter[1])
            self.given_image = outer
            return made
        if isinstance(value, Data):
            return py.tuples(value.made)
        return py.tuples(evaluating.as_data(projection, value).made)

    def parameter_defaults(self, called: Projection) -> dict[str, ast.expr]:
        """Parameters' defaults, as the signature has them, before anything else has happened."""
        result: dict[str, ast.expr] = {}
        self.given_image = not called.ranks or any(called.ranks)
        for each in called.body.data:
            if each.default is None:
                continue
            value = evaluating.evaluate(called, each.default)
            if isinstance(value, Steps):
                made = self.step_value(called, value.step, each.name)
                result[each.name] = self._said_once(made, each.name)
            else:
                result[each.name] = evaluating.as_data(called, value).made
        self.given_image = None
        return result

    def _said_once(self, made: ast.expr, name: str) -> ast.expr:
        """A class with its arguments as a default: a name before the class that takes it."""
        if not isinstance(made, ast.Call) or py.reads([*made.args[1:], *made.keywords]):
            return made
        key = ("default", py.dumped(made))
        if key not in self._constants:
            self._constants[key] = word = self.space.take(name.upper())
            self.defaults[word] = made
        return py.name(self._constants[key])

    def step_value(self, projection: Projection, step: pg.Expr, name: str | None) -> ast.expr:
        """A step as a value of Python: what constructs its module, from channels if it needs them.

        Where a name stands for layers that take channels and for such that do not, all take them.
        """
        match step:
            case pg.BlockStep():
                called = self.projection(step)
                called.wanted = called.handed = True
                keywords = [
                    ast.keyword(self.word(key), self.argued(projection, each, (called.body, key)))
                    for key, each in step.arguments
                ]
                made: ast.expr = py.name(called.name)
                return ast.Call(py.name("partial"), [made], keywords) if keywords else made
            case pg.OperatorStep():
                return self._operator_value(projection, step, name)
            case pg.Choice(test, yes, no):
                decided = evaluating.data_of(projection, test).made
                one = self.step_value(projection, yes, name)
                return ast.IfExp(decided, one, self.step_value(projection, no, name))
            case pg.GivenStep(inner, arguments) if arguments:
                value = evaluating.data_of(projection, inner).made
                named = [
                    ast.keyword(self.word(key), evaluating.data_of(projection, each).made)
                    for key, each in arguments
                    if key is not None
                ]
                if len(named) < len(arguments):
                    raise Hard("a given step with more arguments, as a value")
                return ast.Call(py.name("partial"), [value], named)
            case pg.GivenStep(inner, ()):
                return evaluating.data_of(projection, inner).made
        raise Hard(f"{type(step).__name__} as a value")

    def _operator_value(
        self, projection: Projection, step: pg.OperatorStep, name: str | None
    ) -> ast.expr:
        if self.uniform:
            return handing.value(projection, step)
        if step.op in self.given_more:
            raise Hard(f"{step.op.name} that is given arguments where it is applied", step.site)
        arguments, _ = operating.arguments_of(projection, step)
        image = handing.takes_image(self, step.op)
        flowing = Flowing(py.name("channels"), py.name("x"), image)
        lowered = self.lower_value(step, arguments, flowing, image)
        code = lowered.standalone if lowered.standalone is not None else lowered.module
        if code is None:
            raise Hard(f"{step.op.name} as a value")
        made = tree(code)
        assert isinstance(made, ast.Call)
        if is_parameter(made):
            raise Hard("a parameter among modules", step.site)
        if step.op.name in OVERWRITING and self.overwriting.given:
            made = in_place(made)
        takes = bool(py.reads(made) & {"channels"})
        steps = self.reaching().get(name or "", [])
        mixed = bool(steps) and not self.contract(name or "")
        if not takes and mixed:
            return ast.Lambda(_lambda("_"), made)
        if takes and (made.args[1:] or not py.same(made.args[0], py.name("channels"))):
            return ast.Lambda(_lambda("channels"), made)
        arguments_ = [] if takes else made.args
        return self.shared(_partial(made.func, arguments_, made.keywords), step, name)

    @cached_property
    def given_more(self) -> frozenset[type[Op]]:
        """The operators that are handed on and are given arguments where they are applied."""
        reach = self.taken_apart.reach
        found = (
            each
            for body, step in reach.given
            if step.arguments
            for each in reach.of(body, step.value)
        )
        return frozenset(each.op for each in found if isinstance(each, pg.OperatorStep))

    def shared(self, made: ast.expr, step: pg.OperatorStep, name: str | None) -> ast.expr:
        """A layer of torch with its arguments, as a name at the top of the file: it is a value."""
        if not isinstance(made, ast.Call) or not _is_constant(made):
            return made
        key = ("partial", py.dumped(made))
        if key not in self._constants:
            own = name is None or step.op.name in OVERWRITING
            wanted = (step.op.name if own or name is None else name).upper()
            if wanted in self.constants:
                wanted = f"{step.op.name}_{wanted}".upper()
            self._constants[key] = word = self.space.take(wanted)
            self.constants[word] = made
        return py.name(self._constants[key])

    # --- tables

    def constant(self, projection: Projection, expr: pg.Constant) -> ast.expr:
        """A list at the top of a file: a table at the top of the module."""
        key = (expr.name, expr.file)
        if key not in self._constants:
            name = self.space.take(expr.name.upper())
            self._constants[key] = name
            value = evaluating.as_data(projection, evaluating.evaluate(projection, expr.value)).made
            self.constants[name] = py.tuples(value)
        return py.name(self._constants[key])


def _partial(
    function: ast.expr, arguments: list[ast.expr], keywords: list[ast.keyword]
) -> ast.expr:
    if not arguments and not keywords:
        return function
    return ast.Call(py.name("partial"), [function, *arguments], keywords)


def _is_constant(made: ast.Call) -> bool:
    """Whether a layer with arguments speaks of nothing but torch: it may stand before classes."""
    function, *arguments = made.args
    named = [each.value for each in made.keywords]
    ours = ast.unparse(function).startswith("nn.")
    return ours and all(not py.reads(each) for each in (*arguments, *named))


def _lambda(word: str) -> ast.arguments:
    return ast.arguments([], [ast.arg(word)], None, [], [], None, [])


def _value(words: ast.expr) -> Any:
    """The value of a literal, lists as tuples; None for anything else."""
    try:
        found = ast.literal_eval(words)
    except (ValueError, TypeError, SyntaxError):
        return None
    return _frozen(found)


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


def _reads(op: type[Op], key: str, value: object) -> bool:
    try:
        op.arguments[key].kind.read(value)
    except Refusal:
        return False
    return True


def _free(op: type[Op]) -> bool:
    """Whether a layer of an operator is constructed without channels."""
    return op.weights is Op.weights


def _by_name(body: pg.Body, step: pg.GivenStep) -> dict[str, pg.Expr]:
    names = [each.name for each in body.parameters][1:]
    found: dict[str, pg.Expr] = {}
    for place, (key, each) in enumerate(step.arguments):
        found[names[place] if key is None else key] = each
    return found
