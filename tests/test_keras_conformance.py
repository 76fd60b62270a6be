"""Every operator, on random arguments: what Keras is given is what the declaration says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
from keras import layers, ops

from cnnspec.emit.code import Leaf, Raw
from cnnspec.emit.lowering import Applied, Refusal
from cnnspec.emit.printer import expression, fill
from cnnspec.emit.site import site_of
from cnnspec.ops import OPERATORS
from cnnspec.testing import bound_ops
from cnnspec_keras.application import named
from cnnspec_keras.functions import FUNCTIONS
from cnnspec_keras.layers import LAYERS
from cnnspec_keras.lowerings import LOWERINGS
from cnnspec_keras.weights import Tensor, held, place
from cnnspec_keras.witness import precision
from cnnspec_numpy.meanings import MEANINGS
from tests.operator_table import STEPS

#: TensorFlow's and PyTorch's tensors are older than NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

BATCH = 2
NAMES = STEPS
#: How many examples of each operator; fewer where another process repeats them.
SHARE = float(os.environ.get("CNNSPEC_SHARE", "1"))
#: Keras's torch backend keeps eps and the like in single precision; on JAX `tanh`, `mean` and
#: others give single precision back.
TOLERANCE = {"tensorflow": 1e-9, "torch": 1e-7, "jax": 2e-6}[keras.backend.backend()]
#: What a backend of Keras computes in single precision, or by single constants (Keras 3.15.1).
LOOSER = {
    ("tensorflow", "upsample"): 3e-6,
    ("tensorflow", "gelu"): 1e-7,
    ("tensorflow", "scale"): 1e-7,
    ("torch", "bn"): 1e-6,
    ("torch", "ln"): 1e-6,
    **{(backend, "gn"): 1e-4 for backend in ("jax", "torch")},
}

many = settings(max_examples=round(30 * SHARE), derandomize=True, database=None, deadline=None)
some = settings(
    max_examples=round(20 * SHARE),
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much],
)


def namespace() -> dict[str, Any]:
    names: dict[str, Any] = {"keras": keras, "layers": layers, "ops": ops, "np": np}
    exec("from typing import Any\nfrom collections.abc import Sequence", names)
    exec("from keras import KerasTensor", names)
    for source in (*LAYERS.values(), *FUNCTIONS.values()):
        exec(source, names)  # what is put into files is what is tested
    return names


SCOPE = namespace()


@pytest.fixture(autouse=True)
def double():
    """Values are compared in float64: the smallest lowering mistake that is known shows 4.7e-4."""
    with precision("float64"):
        yield


def last(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Channels last."""
    return (*shape[1:], shape[0])


def model_of(step: Applied) -> keras.Model:
    """The step as an emitted file has it, between inputs and a model."""
    names = [f"x{position}" for position in range(len(step.inputs))]
    flow = LOWERINGS[step.op.name](site_of(step.op, step.inputs, Raw("x0"))).flow
    flow = named(flow, lambda word: Leaf("_".join(["step", *([word] if word else [])])))
    text = expression(fill(flow, [Raw(each) for each in names], None))
    inputs = [keras.Input(last(shape)) for shape in step.inputs]
    return keras.Model(inputs, eval(text, {**SCOPE, **dict(zip(names, inputs, strict=True))}))


def expressible(step: Applied) -> bool:
    try:
        LOWERINGS[step.op.name](site_of(step.op, step.inputs))
    except Refusal:
        return False
    return True


def listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, tuple | list) else [value]


def test_every_operator_has_a_lowering_and_no_lowering_lacks_an_operator() -> None:
    assert sorted(LOWERINGS) == NAMES


@pytest.mark.parametrize("operator", NAMES)
def test_weights_and_shapes_are_as_declared(operator: str) -> None:
    seen: Counter[str] = Counter()

    @many
    @given(bound_ops(OPERATORS[operator]))
    def holds(step: Applied) -> None:
        if not expressible(step):
            seen["refused"] += 1
            return
        seen["written"] += 1
        model = model_of(step)
        found = {name: variable for (_, name), variable in held(model).items()}
        declared = step.op.weights(*step.inputs)
        wanted = {}
        for weight in declared:
            name, layout = place(weight.key, Tensor(step.op, step.inputs, weight.shape))
            wanted[name] = (layout.keras, weight.trainable)
        assert {n: (tuple(v.shape), v.trainable) for n, v in found.items()} == wanted
        assert {layer for layer, _ in held(model)} <= {"step"}
        for output, shape in zip(model.outputs, step.outputs, strict=True):
            assert tuple(output.shape) == (None, *last(shape))

    holds()
    assert seen["written"] >= 4 * SHARE, f"too few of the examples were accepted: {seen}"


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis")
@pytest.mark.parametrize("operator", NAMES)
def test_values_are_the_definitions(operator: str) -> None:
    tolerance = LOOSER.get((keras.backend.backend(), operator), TOLERANCE)

    @some
    @seed(0)
    @given(bound_ops(OPERATORS[operator]).filter(expressible))
    def holds(step: Applied) -> None:
        random = np.random.default_rng(0)
        inputs = [2 * random.normal(size=(BATCH, *shape)) for shape in step.inputs]
        for each in step.op.above_zero():
            inputs[each] = abs(inputs[each]) + 0.25
        model = model_of(step)
        variables = {name: variable for (_, name), variable in held(model).items()}
        weights = {}
        for weight in step.op.weights(*step.inputs):
            value = random.normal(size=weight.shape)
            value = abs(value) + 0.5 if "var" in weight.key else value
            name, layout = place(weight.key, Tensor(step.op, step.inputs, weight.shape))
            variables[name].assign(layout.to_keras(value))
            weights[weight.key] = value
        found = listed(model([np.moveaxis(each, 1, -1) for each in inputs], training=False))
        wanted = MEANINGS[operator](step.op, weights, *inputs)
        for value, right in zip(found, listed(wanted), strict=True):
            value = np.moveaxis(keras.ops.convert_to_numpy(value), -1, 1)
            assert value.shape == right.shape
            assert np.abs(value - right).max() <= tolerance * max(1.0, np.abs(right).max())

    holds()


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_the_same_holds_on_other_backends_of_keras(backend: str, pytestconfig: Any) -> None:
    if keras.backend.backend() != "tensorflow":
        return  # this is the other process
    import_module(backend)  # one that is missing is a failure, not a skip
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-qx", "-kvalues", "-pno:cacheprovider", __file__],
        cwd=pytestconfig.rootpath,
        env={
            **os.environ,
            "KERAS_BACKEND": backend,
            "JAX_ENABLE_X64": "1",
            "CNNSPEC_SHARE": "0.15",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
