"""Runs a Keras model in float64, and gives its weights as a spec lays them out."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnspec.graph import Graph
from cnnspec.importing.importer import Example
from cnnspec.importing.refusal import refused
from cnnspec_keras.importing.recorded import graph_of
from cnnspec_keras.orders import channels_last
from cnnspec_keras.weights import variables

if TYPE_CHECKING:
    from cnnspec.checkpoint import Array

#: What a separable convolution calls the kernels of its parts.
PARTS = {"depthwise": "depthwise_kernel", "pointwise": "pointwise_kernel"}


def weights(model: Any, layers: Mapping[str, tuple[str, str]], graph: Graph) -> Mapping[str, Array]:
    """Give a model's weights by the spec's keys, in the spec's layout."""
    known = _layers(model)
    result = {}
    for each in variables(graph):
        name, part = layers[each.path]
        layer = known[name]
        wanted = PARTS.get(part, each.variable) if each.variable == "kernel" else each.variable
        found = _variable(layer, wanted)
        result[each.name] = each.layout.to_spec(_shaped(found, each.layout.keras))
    return result


def _shaped(array: Array, shape: tuple[int, ...]) -> Array:
    """Give a kernel the shape that an emitted layer's has: a pointwise one is 1 x 1 there too."""
    return array.reshape(shape) if array.size == np.prod(shape) else array


def _variable(layer: Any, name: str) -> Array:
    import keras

    others = {"scale": ("gamma",)}
    for wanted in (name, *others.get(name, ())):
        for each in layer.weights:
            if each.name == wanted:
                return np.asarray(keras.ops.convert_to_numpy(each.value))
    if len(layer.weights) == 1:  # a layer of one weight may call it anything
        return np.asarray(keras.ops.convert_to_numpy(layer.weights[0].value))
    raise refused(f"the layer {layer.name} has no {name}")


def _layers(model: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for layer in model.layers:
        found.update(_layers(layer) if hasattr(layer, "layers") else {layer.name: layer})
    return found


def example(
    model: Any, layers: Mapping[str, tuple[str, str]], starts: Sequence[Any], graph: Graph
) -> Example:
    """Draw weights and inputs, and run the model on them in float64."""
    import keras

    flattened = [node.index for node in graph.nodes if node.kind == "flatten"]
    orders = channels_last(graph)
    images = [i for i in flattened if graph.nodes[i].input_shapes[0][1:] not in ((), (1, 1))]
    if any(index not in orders for index in images):
        raise refused(
            "an image is flattened, and its values are read one by one",
            help="Keras has them by places, a spec by channels; a dense layer may read both",
        )
    model = graph_of(model)
    twin = _double(model)
    random = np.random.default_rng(0)
    for variable in twin.weights:
        variable.assign(_drawn(random, variable))
    inner = keras.Model([_same(twin, model, tensor) for tensor in starts], twin.output)
    inputs = tuple(random.normal(size=(1, *node.shape)) for node in graph.inputs)
    given = [np.moveaxis(each, 1, -1) for each in inputs]
    outputs = inner(given, training=False)
    flat = keras.tree.flatten(outputs)
    told = [np.moveaxis(np.asarray(keras.ops.convert_to_numpy(each)), -1, 1) for each in flat]
    found = dict(zip([each.name for each in graph.outputs], told, strict=True))
    return Example(weights(twin, layers, graph), inputs, found)


def _same(twin: Any, model: Any, tensor: Any) -> Any:
    """Find in the copy what a tensor is in the model."""
    for one, other in zip(model.inputs, twin.inputs, strict=True):
        if one is tensor:
            return other
    for layer in model.layers:
        if layer.output is tensor:
            return twin.get_layer(layer.name).output
    raise refused("what stands before the network has no layer of its own")


def _double(model: Any) -> Any:
    """Copy a model such that it computes in float64."""
    config = _in_float64(copy.deepcopy(model.get_config()))
    return type(model).from_config(config)


def _in_float64(part: Any) -> Any:
    if isinstance(part, dict):
        return {key: _in_float64(each) for key, each in part.items()}
    if isinstance(part, list | tuple):
        return type(part)(_in_float64(each) for each in part)
    return "float64" if part == "float32" else part


def _drawn(random: np.random.Generator, variable: Any) -> Array:
    """Draw a weight by how many it sums; variances are positive, scales about 1."""
    shape, name = tuple(variable.shape), variable.name
    fan = max(int(np.prod(shape[:-1])), 1)
    value = random.normal(size=shape) / np.sqrt(fan if len(shape) > 1 else 100)
    if "variance" in name or name == "gamma":
        return np.asarray(1 + 0.5 * np.tanh(value))
    return np.asarray(value)
