"""Emitted Keras functions called as nobody compiled them, held against the spec with that call."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from random import Random
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import cnnspec
from cnnspec.emit.loading import module_of
from cnnspec.graph import Graph
from cnnspec.testing.generality import Calls, Drawn, Step
from cnnspec.witness import Case
from cnnspec_keras.lowerings.activation import WORDS
from cnnspec_keras.weights import assign, held, variables
from cnnspec_keras.witness import precision
from cnnspec_numpy.witness import WITNESS as REFERENCE
from tests.keras_models import drawn

#: Outputs agree to so much of the largest: Keras computes with constants in single precision.
CLOSE = 2e-8


def wrong(network: cnnspec.Network, seed: int) -> tuple[int, list[str]]:
    """Try one call of each of a network's blocks: how many were tried, and what is wrong."""
    text = network.source("keras")
    module = vars(module_of(text))
    tried, found = 0, []
    for call in Calls(network.elaborated, Random(f"{seed}/{network.name}")).draw():
        if call.block not in module:
            continue
        try:
            arguments = {
                key: value(each, module, inspect.signature(module[call.block]).parameters[key])
                for key, each in call.arguments.items()
            }
        except KeyError:
            continue  # a step of which the file has no function
        probe = cnnspec.loads(call.text)
        try:
            probe.source("keras")
        except cnnspec.SpecError:
            continue  # Keras cannot express this call
        tried += 1
        said = compared(module[call.block], arguments, call, probe)
        if said:
            found.append(f"{network.name}: {call}: {said}")
    return tried, found


def value(given: Any, module: Mapping[str, Any], parameter: inspect.Parameter) -> Any:
    """Give an argument as Python has it; raises KeyError for a step that the file has not."""
    if isinstance(given, Step):
        word = parameter.annotation is not Any and "Callable" not in str(parameter.annotation)
        return WORDS[given.name] if word else module[given.name]
    if isinstance(given, tuple):
        return tuple(value(each, module, parameter) for each in given)
    if not isinstance(given, bool | int | float | str | tuple):
        raise KeyError(str(given))
    return given


def compared(
    function: Any, arguments: Mapping[str, Any], call: Drawn, probe: cnnspec.Network
) -> str | None:
    """Say how a function differs from the spec with the same call; None if it does not."""
    with precision("float64"):
        shape = (*call.shape[1:], call.shape[0])
        image = keras.Input(shape, name="image")
        try:
            model = keras.Model(image, function(image, **arguments, name="b"))
        except (ValueError, TypeError, AttributeError) as failure:
            return f"{type(failure).__name__}: {failure}"
        wanted = {
            (each.layer, each.variable): each.layout.keras for each in variables(probe.elaborated)
        }
        made = {key: tuple(each.shape) for key, each in held(model).items()}
        if made != wanted:
            return f"its weights are {made}, not {wanted}"
        return _outputs(model, probe.elaborated, probe)


def _outputs(model: Any, graph: Graph, probe: cnnspec.Network) -> str | None:
    weights = drawn(probe)
    assign(model, graph, weights)
    x = np.random.default_rng(0).normal(size=(2, *graph.inputs[0].shape))
    case = Case(graph, weights, (x,), {}, training=False)
    right = REFERENCE.observe(case, None, lambda node, values: None).outputs["result"]
    made = model(keras.ops.convert_to_tensor(to_last(x)), training=False)
    given = keras.ops.convert_to_numpy(made)
    given = given.transpose(0, 3, 1, 2) if given.ndim == 4 else given
    if given.shape != right.shape:
        return f"it gives {given.shape}, not {right.shape}"
    off = float(np.max(np.abs(given - right)) / max(np.max(np.abs(right)), 1e-30))
    return None if off <= CLOSE else f"it is {off:.1e} off"


def to_last(x: Any) -> Any:
    """Put an image's channels last."""
    return x.transpose(0, 2, 3, 1) if x.ndim == 4 else x
