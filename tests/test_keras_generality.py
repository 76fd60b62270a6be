"""Emitted Keras functions mean what their blocks mean, for arguments that no call has used."""

from __future__ import annotations

import inspect

import pytest

import cnnspec
from cnnspec.emit.bodies import read_program
from cnnspec.emit.loading import module_of
from cnnspec_keras.weights import held, variables
from tests.emitted import network
from tests.keras_generality import wrong

#: One seed for all of them; the tool draws others.
SEED = 20261201
NETWORKS = (
    *("resnet18", "resnet50", "densenet121", "efficientnet_b0", "mobilenet_v2", "googlenet"),
    *("mobilenet_v3_small", "squeezenet1_0", "shufflenet_v2_x0_5", "regnet_y_400mf", "unet"),
    *("convnext_tiny", "inception_v3", "inception_v4", "mnasnet0_5", "mobilenet_v1_025"),
)


@pytest.mark.parametrize("name", NETWORKS)
def test_calls_that_nobody_compiled_mean_what_the_spec_means(name: str) -> None:
    tried, found = wrong(network(name), SEED)
    assert tried, f"seed {SEED}"
    assert not found


@pytest.mark.parametrize("name", NETWORKS)
def test_parameters_are_the_specs(name: str) -> None:
    net = network(name)
    emitted = net.emitted("keras")
    module = vars(module_of(emitted.text))
    program = read_program(net.elaborated)
    for body in program.blocks:
        spec = [each.name for each in body.parameters]
        assert [*inspect.signature(module[body.name]).parameters] == [*spec, "name"]
    spec = [each.name for each in program.network.parameters]
    assert [*inspect.signature(module[emitted.class_name]).parameters] == spec


@pytest.mark.parametrize(
    ("base", "settings", "other"),
    [
        ("densenet121", {"growth": 48, "layers": (6, 12, 36, 24), "stem": 96}, "densenet161"),
        ("mobilenet_v1_025", {"width": 0.5}, "mobilenet_v1_050"),
        ("vgg11", {"repeats": (2, 2, 2, 2, 2), "norm": True}, "vgg13_bn"),
        ("shufflenet_v2_x0_5", {}, "shufflenet_v2_x0_5"),
    ],
)
def test_one_function_builds_its_family(base: str, settings: dict, other: str) -> None:
    emitted = network(base).emitted("keras")
    model = vars(module_of(emitted.text))[emitted.class_name](**settings)
    graph = network(other).elaborated
    made = {key: tuple(each.shape) for key, each in held(model).items()}
    assert made == {(each.layer, each.variable): each.layout.keras for each in variables(graph)}


def test_a_block_means_the_same_for_arguments_that_were_not_compiled() -> None:
    """A class that took only what was compiled halved nothing for `uib(3, 0, 32, stride = 2)`."""
    text = (
        "block dw(x, size, stride = 1) {\n"
        "    return x -> conv: dwconv(size, stride = stride, pad = size // 2) -> bn: bn }\n"
        "block uib(x, start, middle, filters, stride = 1) {\n"
        "    y = x\n"
        "    if start > 0 {\n"
        "        y = y -> dw_start: dw(start, stride = if middle > 0 then 1 else stride) }\n"
        "    y = y -> pw: conv(filters, 1)\n"
        "    if middle > 0 { y = y -> dw_mid: dw(middle, stride = stride) }\n"
        "    return y\n}\n"
        "network n { image = input(16, 8, 8)\n"
        "    x = image -> a: uib(3, 3, 32, stride = 2)\n"
        "    output y = x -> b: uib(3, 0, 32) -> c: uib(0, 5, 64) }"
    )
    import keras

    module = vars(module_of(cnnspec.loads(text).source("keras")))
    x = keras.Input((8, 8, 32))
    assert module["uib"](x, 3, 0, 32, stride=2, name="u").shape == (None, 4, 4, 32)
