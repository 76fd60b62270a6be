"""Runs emitted Keras source as it stands and tells every node's value.

Every node is one layer, named after its path, seen by a recorded `keras.Operation.__call__`; an
activation may be the `activation=` of the layer before it: what goes into that is seen too.
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cnnspec_keras.quiet import quietly

with quietly():
    import keras

import numpy as np

from cnnspec.graph import Graph, Node
from cnnspec.shapes import Shape
from cnnspec.witness import Case, Emitted, See, Testimony, trial
from cnnspec_keras.backend import BACKEND
from cnnspec_keras.names import layer_name
from cnnspec_keras.orders import channels_last
from cnnspec_keras.weights import Variable, assign, held, variables


@dataclass(frozen=True, slots=True)
class KerasWitness:
    """Runs what the Keras backend emits, on the framework that Keras is set to."""

    name: str = "keras"
    doc: str = "the emitted Keras source, on the framework that KERAS_BACKEND says"
    backend: str | None = "keras"
    biased_variance: bool = True

    def versions(self) -> Mapping[str, str]:
        """Give Keras's and the framework's."""
        framework = keras.backend.backend()
        package = __import__(framework)
        return {"keras": keras.__version__, framework: str(package.__version__)}

    def errs(self, graph: Graph) -> bool:
        """Nothing is known that Keras gets wrong in training."""
        return False

    def observe(self, case: Case, emitted: Emitted | None, see: See) -> Testimony:
        """Run the model."""
        assert emitted is not None
        with precision(case.dtype), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a softmax over one value, say, which may be
            return Run(built(case, emitted), case, see).testimony()


@contextmanager
def precision(dtype: str) -> Iterator[None]:
    """Have layers compute in this precision, which they take on when they are made."""
    known = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(known[0])
        keras.config.set_dtype_policy(known[1])


def built(case: Case, emitted: Emitted) -> Any:
    """Build the model, its heads for training left out for inference, with the case's weights."""
    make = BACKEND.load(emitted.text, emitted.class_name)
    model = make()
    inference = getattr(sys.modules[make.__module__], "inference", None)
    if inference is not None and not case.training:
        model = inference(model)
    assign(model, case.graph, case.weights, inference=not case.training)
    return model


class Run:
    """One run of a model."""

    def __init__(self, model: Any, case: Case, see: See) -> None:
        self.model = model
        self.case = case
        self.see = see
        self.layers = {each.name: each for each in _layers(model)}
        self.nodes = {self.last(layer_name(node.path)): node for node in case.nodes}
        self.orders = channels_last(case.graph)
        self.seen: set[int] = set()
        #: Steps that have no layer, by the node that they read.
        self.followers = {
            node.inputs[0].node.index: node
            for node in case.nodes
            if node.inputs and layer_name(node.path) not in self.layers
        }

    def last(self, name: str) -> str:
        """Give the last layer of a step: a crop after it is its own, others come before it."""
        return f"{name}_crop" if f"{name}_crop" in self.layers else name

    def testimony(self) -> Testimony:
        """Run it and tell."""
        case = self.case
        for node, value in zip(case.graph.inputs, case.inputs, strict=True):
            self.tell(node, value)
        inputs = [
            keras.ops.convert_to_tensor(to_keras(each).astype(case.dtype)) for each in case.inputs
        ]
        with self.quiet(), self.folded(), recorded(self.called):
            outputs, gradients = (
                self.trained(inputs) if case.training else (self.flow(inputs), None)
            )
        told = {name: self.to_spec(outputs[name], port) for name, port in self.ports()}
        unmatched = {
            node.path: "no layer of its name was called"
            for node in case.nodes
            if node.index not in self.seen
        }
        if not case.training:
            return Testimony(told, unmatched=unmatched)
        return Testimony(told, self.state(), gradients, self.noise(), unmatched)

    def ports(self) -> list[tuple[str, Node]]:
        """Give the outputs' names and the nodes that they are."""
        return [(each.name, each.port.node) for each in self.case.outputs]

    # --- running

    def flow(self, inputs: list[Any]) -> dict[str, Any]:
        """Run layer by layer as the model does, and let go of what no layer needs any more."""
        model = self.model
        nodes = [
            node
            for depth in sorted(model._nodes_by_depth, reverse=True)  # noqa: SLF001
            for node in model._nodes_by_depth[depth]  # noqa: SLF001
            if not node.is_input
        ]
        readers = Counter(id(each) for node in nodes for each in node.input_tensors)
        readers.update(id(each) for each in model.outputs)
        values = dict(zip(map(id, model.inputs), inputs, strict=True))
        for node in nodes:
            args, kwargs = node.arguments.fill_in(values)
            made = keras.tree.flatten(node.operation(*args, **kwargs))
            values.update(zip(map(id, node.outputs), made, strict=True))
            for each in node.input_tensors:
                readers[id(each)] -= 1
                if not readers[id(each)]:
                    values.pop(id(each), None)
        return self.named([values[id(each)] for each in model.outputs])

    def named(self, outputs: Any) -> dict[str, Any]:
        """Give outputs by their names, whichever way the model gives them."""
        if isinstance(outputs, dict):
            return outputs
        given = self.model.output
        if isinstance(given, dict):  # which Keras flattens in the order of its keys
            packed: dict[str, Any] = keras.tree.pack_sequence_as(given, list(outputs))
            return packed
        names = [each.name for each in self.case.outputs]
        return dict(zip(names, keras.tree.flatten(outputs), strict=True))

    def trained(self, inputs: list[Any]) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Run in training; with TensorFlow and torch, take the gradients of the loss."""
        framework = keras.backend.backend()
        given = inputs[0] if len(inputs) == 1 else inputs
        there = held(self.model)
        wanted = [each for each in self.variables() if each.trainable]
        tensors = [there[each.layer, each.variable].value for each in wanted]
        if framework == "tensorflow":
            import tensorflow as tf

            with tf.GradientTape() as tape:
                outputs = self.named(self.model(given, training=True))
                loss = self.loss(outputs)
            found = tape.gradient(loss, tensors)
        elif framework == "torch":
            outputs = self.named(self.model(given, training=True))
            loss = self.loss(outputs)
            if loss.requires_grad:
                loss.backward()
            found = [each.grad for each in tensors]
        else:
            return self.named(self.model(given, training=True)), None
        gradients = {
            each.name: each.layout.to_spec(keras.ops.convert_to_numpy(gradient))
            for each, gradient in zip(wanted, found, strict=True)
            if gradient is not None
        }
        return outputs, gradients

    def loss(self, outputs: Mapping[str, Any]) -> Any:
        """Give the sum of the outputs times their cotangents."""
        terms = []
        for name, node in self.ports():
            cotangent = self.from_spec(self.case.cotangents[name], node).astype(self.case.dtype)
            terms.append(keras.ops.sum(outputs[name] * keras.ops.convert_to_tensor(cotangent)))
        return sum(terms[1:], terms[0])

    def variables(self) -> tuple[Variable, ...]:
        """List the weights that the model has."""
        return variables(self.case.graph, inference=not self.case.training)

    def state(self) -> dict[str, Any]:
        """Give the running statistics."""
        there = held(self.model)
        return {
            each.name: each.layout.to_spec(
                keras.ops.convert_to_numpy(there[each.layer, each.variable].value)
            )
            for each in self.variables()
            if not each.trainable
        }

    # --- noise

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Turn noise off."""
        noisy = [each for each in self.layers.values() if hasattr(each, "seed_generator")]
        rates = [each.rate for each in noisy]
        for each in noisy:
            each.rate = 0.0
        try:
            yield
        finally:
            for each, rate in zip(noisy, rates, strict=True):
                each.rate = rate

    def noise(self) -> dict[str, Any]:
        """Give what the layers that drop values make of ones in training."""
        result = {}
        for node in self.case.nodes:
            if node.op.noise is not None:
                layer = self.layers[layer_name(node.path)]
                if hasattr(layer, "seed_generator"):  # there is none where nothing is dropped
                    layer.seed_generator.state.assign([0, 0])
                ones = keras.ops.ones(to_keras(np.empty(trial(node))).shape, self.case.dtype)
                made = keras.ops.convert_to_numpy(layer(ones, training=True))
                result[node.path] = made.transpose(0, 3, 1, 2) if made.ndim == 4 else made
        return result

    # --- seeing

    def called(self, operation: Any, result: Any) -> None:
        """Take what an operation gave."""
        node = self.nodes.get(getattr(operation, "name", ""))
        if node is None or self.layers.get(operation.name) is not operation:
            return
        activation = self.taken_along(node, operation)
        if activation is not None:
            node = activation
        self.tell(node, *(self.to_spec(each, node) for each in keras.tree.flatten(result)))

    def tell(self, node: Node, *values: Any) -> None:
        """Tell a node, once."""
        if node.index not in self.seen:
            self.seen.add(node.index)
            self.see(node, values)

    def taken_along(self, node: Node, layer: Any) -> Node | None:
        """Give the activation that a layer takes along, if it does: it has no layer of its own."""
        plain = getattr(layer, "activation", None) in (None, keras.activations.linear)
        return None if plain else self.followers.get(node.index)

    @contextmanager
    def folded(self) -> Iterator[None]:
        """Have what goes into such an activation told as the value of its layer's node."""
        mended = []
        for name, node in self.nodes.items():
            layer = self.layers.get(name)
            if layer is not None and self.taken_along(node, layer) is not None:
                mended.append((layer, layer.activation))
                layer.activation = self.watched(node, layer.activation)
        try:
            yield
        finally:
            for layer, activation in mended:
                layer.activation = activation

    def watched(self, node: Node, activation: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Give an activation that tells what goes into it."""

        def apply(x: Any) -> Any:
            self.tell(node, self.to_spec(x, node))
            return activation(x)

        return apply

    # --- layouts

    def to_spec(self, value: Any, node: Node) -> Any:
        """Bring a value of Keras's to the spec's order: channels first."""
        array = keras.ops.convert_to_numpy(value)
        image = self.orders.get(node.index)
        if image is not None:
            rows, columns = image.height, image.width
            array = array.reshape(len(array), rows, columns, image.channels)
            return array.transpose(0, 3, 1, 2).reshape(len(array), -1)
        return array.transpose(0, 3, 1, 2) if array.ndim == 4 else array

    def from_spec(self, array: Any, node: Node) -> Any:
        """Bring a value of the spec's to Keras's order."""
        image: Shape | None = self.orders.get(node.index)
        if image is not None:
            array = array.reshape(len(array), *image).transpose(0, 2, 3, 1)
            return array.reshape(len(array), -1)
        return to_keras(array)


def to_keras(array: Any) -> Any:
    """Put an image's channels last."""
    return np.ascontiguousarray(array.transpose(0, 2, 3, 1)) if array.ndim == 4 else array


def _layers(model: Any) -> Iterator[Any]:
    """Give a model's layers, those of models in it too."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _layers(layer)
        else:
            yield layer


@contextmanager
def recorded(act: Callable[[Any, Any], None]) -> Iterator[None]:
    """Have every operation's result seen."""
    right = keras.Operation.__call__

    def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
        result = right(operation, *args, **kwargs)
        act(operation, result)
        return result

    keras.Operation.__call__ = call
    try:
        yield
    finally:
        keras.Operation.__call__ = right


WITNESS = KerasWitness()
