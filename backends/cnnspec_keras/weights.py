"""Every weight of a spec as Keras holds it: the layer, the variable, and the layout both ways.

No framework is needed: arrays come and go as NumPy has them, and a model is looked at only through
`layers`, `weights` and their names. Names say what a tensor is, never its position.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Final, NamedTuple

from cnnspec.graph import Graph, Node
from cnnspec.kinds import Refusal
from cnnspec.op import Op
from cnnspec.ops.convolution import Conv, DepthwiseConv
from cnnspec.shapes import Shape
from cnnspec_keras.lowerings.convolution import is_depthwise
from cnnspec_keras.names import layer_name
from cnnspec_keras.orders import channels_last

Axes = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a tensor of the spec is laid out in Keras: taken apart, its axes moved, put together."""

    spec: Axes
    #: The spec's shape with the axes taken apart that Keras interleaves.
    parts: Axes
    #: The order of the parts in Keras.
    axes: Axes
    keras: Axes

    def to_keras(self, array: Any) -> Any:
        """Lay a tensor of the spec out as Keras has it; raises ValueError for another shape."""
        if tuple(array.shape) != self.spec:
            raise ValueError(f"expected {self.spec}, not {tuple(array.shape)}")
        return array.reshape(self.parts).transpose(self.axes).reshape(self.keras)

    def to_spec(self, array: Any) -> Any:
        """Lay a variable of Keras out as the spec has it; raises ValueError for another shape."""
        if tuple(array.shape) != self.keras:
            raise ValueError(f"expected {self.keras}, not {tuple(array.shape)}")
        moved = tuple(self.parts[axis] for axis in self.axes)
        back = tuple(self.axes.index(axis) for axis in range(len(self.axes)))
        return array.reshape(moved).transpose(back).reshape(self.spec)


@dataclass(frozen=True, slots=True)
class Variable:
    """One weight: its node's path and its key below it, the Keras layer and variable."""

    path: str
    key: str
    layer: str
    variable: str
    layout: Layout
    trainable: bool

    @property
    def name(self) -> str:
        """Its key in the spec: `layer1.0.conv1.weight`."""
        return f"{self.path}.{self.key}" if self.key else self.path


def _layout(spec: Axes, parts: Axes | None = None, axes: Axes = (), keras: Axes = ()) -> Layout:
    parts = parts or spec
    axes = axes or tuple(range(len(parts)))
    return Layout(spec, parts, axes, keras or tuple(parts[axis] for axis in axes))


class Tensor(NamedTuple):
    """A weight that is to be placed, of an operator that takes these inputs.

    `image` is what a dense layer's input was flattened from, where its values stand in Keras's
    order.
    """

    op: Op
    inputs: tuple[Shape, ...]
    shape: Axes
    image: Shape | None = None


#: Gives the variable's name and its layout.
Rule = Callable[[Tensor], tuple[str, Layout]]


def _as_is(variable: str) -> Rule:
    return lambda tensor: (variable, _layout(tensor.shape))


def _kernel(tensor: Tensor) -> tuple[str, Layout]:
    """Out, in, height, width of a convolution; in, out of a transposed one: all turned about."""
    return "kernel", _layout(tensor.shape, axes=(2, 3, 1, 0))


def _depthwise(tensor: Tensor) -> tuple[str, Layout]:
    """Channels and what each gives apart, where Keras's layer is a depthwise convolution."""
    op, (x, *_), shape, _ = tensor
    assert isinstance(op, Conv | DepthwiseConv)
    if not is_depthwise(op, x):
        return _kernel(tensor)
    channels = x.channels
    parts = (channels, shape[0] // channels, *shape[2:])
    return "kernel", _layout(shape, parts, (2, 3, 0, 1))


def _matrix(tensor: Tensor) -> tuple[str, Layout]:
    """Rows are inputs; after a flattened image they stand in rows, columns, channels."""
    _, _, shape, image = tensor
    if image is None:
        return "kernel", _layout(shape, axes=(1, 0))
    return "kernel", _layout(shape, (shape[0], *image), (2, 3, 1, 0), (prod(image), shape[0]))


def _slopes(tensor: Tensor) -> tuple[str, Layout]:
    places = (1, 1) if tensor.inputs[0].is_image else ()
    return "alpha", _layout(tensor.shape, keras=(*places, *tensor.shape))


def _gains(tensor: Tensor) -> tuple[str, Layout]:
    return "scale", _layout(tensor.shape, keras=(tensor.shape[0],))


def _learned(tensor: Tensor) -> tuple[str, Layout]:
    """Channels are last."""
    return "value", _layout(tensor.shape, axes=(1, 2, 0) if len(tensor.shape) == 3 else (0,))


_AFFINE: Final[Mapping[str, Rule]] = {"weight": _as_is("gamma"), "bias": _as_is("beta")}
_BIAS: Final = _as_is("bias")
#: By operator and by the weight's key in the operator's declaration.
RULES: Final[Mapping[str, Mapping[str, Rule]]] = {
    "conv": {"weight": _depthwise, "bias": _BIAS},
    "dwconv": {"weight": _depthwise, "bias": _BIAS},
    "conv_transpose": {"weight": _kernel, "bias": _BIAS},
    "dense": {"weight": _matrix, "bias": _BIAS},
    "bn": {
        **_AFFINE,
        "running_mean": _as_is("moving_mean"),
        "running_var": _as_is("moving_variance"),
    },
    "ln": _AFFINE,
    "gn": _AFFINE,
    "prelu": {"weight": _slopes},
    "layer_scale": {"": _gains},
    "parameter": {"": _learned},
}


def variables(graph: Graph, *, inference: bool = False) -> tuple[Variable, ...]:
    """List every weight of a network in the order of the spec; raises Refusal for an unknown one.

    With `inference` those of training heads are left out.
    """
    orders = channels_last(graph)
    nodes = graph.inference_nodes if inference else graph.nodes
    return tuple(each for node in nodes for each in _of_node(node, orders))


def _of_node(node: Node, orders: Mapping[int, Shape]) -> Iterator[Variable]:
    image = orders.get(node.inputs[0].node.index) if node.inputs else None
    for weight in node.weights:
        tensor = Tensor(node.op, node.input_shapes, weight.shape, image)
        variable, layout = place(weight.key, tensor)
        yield Variable(
            node.path, weight.key, layer_name(node.path), variable, layout, weight.trainable
        )


def place(key: str, tensor: Tensor) -> tuple[str, Layout]:
    """Give the variable and the layout of an operator's weight; raises Refusal for an unknown."""
    rule = RULES.get(tensor.op.name, {}).get(key)
    if rule is None:
        raise Refusal(f"Keras has no place for {tensor.op.name}'s weight {key}")
    return rule(tensor)


def held(model: Any) -> dict[tuple[str, str], Any]:
    """Give a Keras model's variables by layer and name, those of models in it too.

    Raises ValueError if two share both names, for then neither can be told by them.
    """
    found: dict[tuple[str, str], Any] = {}
    pending = [model]
    while pending:
        for layer in pending.pop().layers:
            if hasattr(layer, "layers"):
                pending.append(layer)
                continue
            for variable in layer.weights:
                key = (layer.name, variable.name)
                if key in found:
                    raise ValueError(f"the model has two variables {layer.name}/{variable.name}")
                found[key] = variable
    return found


def assign(
    model: Any, graph: Graph, tensors: Mapping[str, Any], *, inference: bool = False
) -> None:
    """Put the spec's tensors (by `Variable.name`, NumPy, the spec's layout) into a Keras model.

    Raises KeyError for one that is missing on either side, ValueError for one of another shape.
    """
    there = held(model)
    for each in variables(graph, inference=inference):
        there[each.layer, each.variable].assign(each.layout.to_keras(tensors[each.name]))


def extract(model: Any, graph: Graph, *, inference: bool = False) -> dict[str, Any]:
    """Give a Keras model's weights under the spec's names, NumPy, in the spec's layout."""
    there = held(model)
    return {
        each.name: each.layout.to_spec(there[each.layer, each.variable].numpy())
        for each in variables(graph, inference=inference)
    }
