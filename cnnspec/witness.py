"""What a witness is: it runs a network on given weights and inputs, and tells what every node is.

Witnesses come in by entry point, ours too. One that belongs to a backend runs the source that this
backend emits, as it stands; the reference runs the graph itself. `cnnspec verify` holds what they
tell against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, cast, runtime_checkable

from cnnspec import plugins
from cnnspec.diagnostics import error
from cnnspec.errors import NotInstalled, WrongArgument
from cnnspec.graph import Graph, Node, Output
from cnnspec.kinds import Refusal
from cnnspec.op import Weight
from cnnspec.shapes import Shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

#: The group of entry points whose names are witnesses and whose values are `Witness` objects.
GROUP: Final = "cnnspec.witnesses"
Dtype = Literal["float64", "float32"]


def weight_key(node: Node, weight: Weight) -> str:
    """Name a tensor: the node's path and its own key, as a state dict does."""
    return f"{node.path}.{weight.key}" if weight.key else node.path


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """What a witness is to run.

    Arrays have the batch first, then channels. `weights` are keyed by `weight_key`, in the shapes
    that the operators declare; `inputs` stand in the order of the graph's. In training the loss is
    the sum over the outputs of output times `cotangents[name]`, noise is off, and training heads
    run too.
    """

    graph: Graph
    weights: Mapping[str, Array]
    inputs: tuple[Array, ...]
    cotangents: Mapping[str, Array]
    training: bool
    dtype: Dtype = "float64"

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes that run, in an order in which they can."""
        return self.graph.nodes if self.training else self.graph.inference_nodes

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The outputs that are given."""
        return self.graph.outputs if self.training else self.graph.inference_outputs

    @property
    def batch(self) -> int:
        """How many examples run at once."""
        return len(self.inputs[0])


@dataclass(frozen=True, slots=True, eq=False)
class Emitted:
    """The source that a backend wrote, the network's name in it, and how it writes each step.

    `unproved` says why it could not be held against the graph without the framework, if so.
    """

    text: str
    class_name: str
    lowerings: Mapping[str, Any]
    unproved: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Testimony:
    """What a witness tells when the run is over; values of nodes it told as they came.

    `state` holds running statistics after a training step and `gradients` every trainable weight's,
    both by key; None: it has none to tell. `noise` has for layers that drop values, by path, what
    they make in training of ones of the shape that `trial` gives. `unmatched` names nodes that
    could not be found in what ran, and why.
    """

    outputs: Mapping[str, Array]
    state: Mapping[str, Array] = field(default_factory=dict)
    gradients: Mapping[str, Array] | None = None
    noise: Mapping[str, Array] = field(default_factory=dict)
    unmatched: Mapping[str, str] = field(default_factory=dict)


#: A layer that drops values is given so many examples of ones, of at most so many along an axis.
EXAMPLES: Final = 10_000
SIDE: Final = 3


def trial(node: Node) -> tuple[int, ...]:
    """Give the shape of the ones, examples and channels first, that a node that drops is given.

    Small, where its operator takes that; fewer examples where it does not.
    """
    (x,) = node.input_shapes
    small = Shape(min(length, SIDE) for length in x)
    try:
        node.op.shape(small)
    except Refusal:
        return (max(EXAMPLES * small.size // x.size, 64), *x)
    return (EXAMPLES, *small)


#: Takes a node's outputs as soon as they are known; each node that runs is told once.
See = Callable[[Node, "tuple[Array, ...]"], None]


@runtime_checkable
class Witness(Protocol):
    """What a witness is."""

    @property
    def name(self) -> str:
        """The name by which users ask for it."""
        ...

    @property
    def doc(self) -> str:
        """One line on what it runs."""
        ...

    @property
    def backend(self) -> str | None:
        """The backend whose source it runs; None: it runs the graph."""
        ...

    @property
    def biased_variance(self) -> bool:
        """Whether bn keeps the variance over n, as Keras does, where PyTorch's is over n - 1."""
        ...

    def versions(self) -> Mapping[str, str]:
        """Give the versions of what it runs on; raises ImportError if that is not installed."""
        ...

    def errs(self, graph: Graph) -> bool:
        """Whether its framework is known to get gradients of such a network wrong."""
        ...

    def observe(self, case: Case, emitted: Emitted | None, see: See) -> Testimony:
        """Run a case and tell; what it cannot find, or run, is `unmatched`."""
        ...


def names() -> tuple[str, ...]:
    """Give the names of the witnesses that are installed."""
    return tuple(plugins.entries(GROUP))


def find(name: str) -> Witness:
    """Load a witness by name; raises SpecError if there is none, or it does not load.

    ImportError goes through where it is ours: what it runs on is not installed.
    """
    entries = plugins.entries(GROUP)
    if name not in entries:
        title = f"nothing that can be verified is called {name}"
        raise plugins.unknown("unknown-witness", title, name, entries)
    try:
        return cast("Witness", plugins.load(entries[name], _fits))
    except plugins.NotLoaded as failure:
        whose = plugins.distribution(entries[name])
        raise error(
            "broken-witness",
            f"{name} does not load: {failure}",
            notes=(f"it comes with the distribution {whose}",),
            help=f"mend or remove it: `pip install --upgrade {whose}`",
        ) from failure


def chosen(asked: Sequence[str] | None) -> list[Witness]:
    """Load those asked for, or all whose packages are installed; the reference comes first.

    Raises NotInstalled where one that was asked for, or a second one, is not installed, SpecError
    for a name that nobody has, and WrongArgument for one that is given twice.
    """
    wanted = names() if asked is None else tuple(asked)
    if len(set(wanted)) < len(wanted):
        raise WrongArgument("a name stands there twice")
    found = []
    for name in sorted(wanted, key=lambda each: each != "numpy"):
        try:
            each = find(name)
            each.versions()
        except ImportError as failure:
            if asked is not None:
                raise plugins.not_installed(name, failure) from None
        else:
            found.append(each)
    if len(found) < 2:
        raise NotInstalled(
            "it takes two to agree; install a framework: " + plugins.install("torch", "torch")
            if asked is None
            else "it takes two to agree: name two backends, or `numpy` beside one"
        )
    return found


def _fits(value: object) -> bool:
    return isinstance(value, Witness)
