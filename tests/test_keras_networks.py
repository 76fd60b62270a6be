"""Emitted Keras as a good citizen: equal to emitted PyTorch, trained, saved, loaded, summarised."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch

import cnnspec
from cnnspec import library
from cnnspec_keras.names import layer_name
from tests.emitted import network
from tests.keras_models import (
    agree,
    drawn,
    images,
    keras,
    keras_model,
    outputs_of_keras,
    torch_model,
)

#: TensorFlow's tensors are older than NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

ORACLES = Path(__file__).parent / "oracles"
FILES = sorted(set(library.shipped().values()))
NAMES = sorted(library.shipped())

#: Every layer of our own, every adaptation, both orders of what is flattened, an absent member.
EVERYTHING = """
block branch(x, filters, stride = 1) {
    y = x -> body: (conv(filters, 1) when filters != x.channels
                    -> conv(filters, 3, stride = stride, pad = 1) -> lrn(4) -> conv(filters, 1))
    shortcut = x
    if stride != 1 or filters != x.channels {
        shortcut = x -> avgpool(3, stride = stride, pad = 1, count_pad = false)
                     -> pad(channels = [0, filters - x.channels])
    }
    return add(y, shortcut -> layer_scale(init = 0.5)) -> gelu(tanh_form)
}

network everything(classes = 5) {
    image = input(4, 12, 12)
    x = image -> conv(8, 3, pad = same_lower, stride = 2) -> maxpool(3, stride = 2, pad = 1)
    x = x -> branch(8) -> branch(12, stride = 2) -> branch(12) * 2
    a, b = x -> channel_shuffle(3) -> split(2)
    x = concat(a -> prelu, b -> leaky_relu) -> drop_path(0.1) -> upsample(3)
      -> conv_transpose(6, 3, stride = 2, pad = 1, output_pad = 1) -> silu
    gate = x -> gap -> dense(6) -> sigmoid
    x = mul(x, gate) -> scale(0.5)
    output logits = x -> flatten -> dropout(0.1) -> head: dense(classes)
    output values = x -> permute([1, 2, 0]) -> flatten
    train output early(weight = 0.25) = b -> early: (gap -> dense(classes))
}
"""


@pytest.fixture(scope="module")
def everything() -> cnnspec.Network:
    return cnnspec.loads(EVERYTHING)


@pytest.fixture(scope="module")
def model(everything: cnnspec.Network) -> keras.Model:
    return keras_model(everything, drawn(everything))


def smallest(file: str) -> str:
    held = [name for name, where in library.shipped().items() if where == file]
    return min(held, key=lambda name: (network(name).params, name))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "chosen" in metafunc.fixturenames:
        every = metafunc.config.getoption("--zoo")
        metafunc.parametrize("chosen", NAMES if every else FILES)


def test_weights_are_the_graphs(chosen: str) -> None:
    name = chosen if chosen in NAMES else smallest(chosen)
    assert network(name).mismatch("keras") == []


def small(name: str) -> cnnspec.Network:
    """The network on the smallest image that it takes."""
    for size in (64, 96, 128):
        try:
            return cnnspec.load(
                name, input=(network(name).elaborated.inputs[0].shape[0], size, size)
            )
        except cnnspec.SpecError:
            pass
    return network(name)


@pytest.mark.parametrize(
    "name",
    [
        "densenet121",
        "googlenet",
        "lenet5",
        "mobilenet_v2",
        "resnet20_cifar10",
        "squeezenet1_1",
    ],
)
def test_values_are_pytorchs(name: str) -> None:
    net = small(name)
    tensors, given = drawn(net), images(net)
    found = outputs_of_keras(keras_model(net, tensors), given, training=False)
    with torch.no_grad():
        wanted = torch_model(net, tensors).eval()(*map(torch.from_numpy, given))
    main = [each.name for each in net.elaborated.inference_outputs]
    assert len(main) == 1
    agree(found[main[0]] if isinstance(found, dict) else found, wanted.numpy())


def test_everything_is_pytorchs_in_value(everything: cnnspec.Network, model: keras.Model) -> None:
    given = images(everything)
    found = outputs_of_keras(model, given, training=False)
    with torch.no_grad():
        module = torch_model(everything, drawn(everything)).eval()
        wanted = module(*map(torch.from_numpy, given))
    for name in ("logits", "values"):
        agree(found[name], getattr(wanted, name).numpy())


def test_a_model_saves_and_loads_without_more_arguments(
    model: keras.Model, everything: cnnspec.Network, tmp_path: Path
) -> None:
    given = images(everything)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    for name, value in outputs_of_keras(model, given, training=False).items():
        agree(outputs_of_keras(again, given, training=False)[name], value, 0.0)


def test_heads_are_for_training_and_share_their_weights(
    everything: cnnspec.Network, model: keras.Model
) -> None:
    module = sys.modules[everything_module(everything)]
    assert module.LOSS_WEIGHTS == {"logits": 1.0, "values": 1.0, "early": 0.25}
    alone = module.inference(model)
    assert set(alone.output) == {"logits", "values"}
    assert not any(layer.name.startswith("early") for layer in alone.layers)
    given = images(everything)
    head = model.get_layer("head")
    assert alone.get_layer("head") is head
    head.bias.assign(head.bias + 1)
    assert np.array_equal(
        outputs_of_keras(alone, given, training=False)["logits"],
        outputs_of_keras(model, given, training=False)["logits"],
    )
    head.bias.assign(head.bias - 1)
    assert everything.mismatch("keras", inference=True) == []
    assert "early" not in everything.source("keras", inference=True)


def everything_module(net: cnnspec.Network) -> str:
    from cnnspec.emit.loading import module_of

    return module_of(net.source("keras")).__name__


def test_a_step_of_training_is_taken(everything: cnnspec.Network) -> None:
    module = sys.modules[everything_module(everything)]
    model = module.everything()
    losses = dict.fromkeys(module.LOSS_WEIGHTS, "mse")
    model.compile("sgd", loss=losses, loss_weights=module.LOSS_WEIGHTS)
    x = np.moveaxis(np.float32(images(everything, 4)[0]), 1, -1)
    y = {name: np.zeros(value.shape, "float32") for name, value in model(x).items()}
    before = [np.array(each) for each in model.get_weights()]
    history = model.fit(x, y, epochs=1, batch_size=4, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    changed = [
        not np.array_equal(old, new) for old, new in zip(before, model.get_weights(), strict=True)
    ]
    assert sum(changed) >= len(changed) - 2


LECTURE = """
network lecture(classes = 1000) {
    image = input(3, 224, 224)
    x = image
    for i, [filters, n] in enumerate([[64, 2], [128, 2], [256, 3], [512, 3], [512, 3]]) {
        for j in range(n) {
            x = x -> block{i + 1}.conv{j + 1}: conv(filters, 3, pad = 1)
                  -> block{i + 1}.relu{j + 1}: relu
        }
        x = x -> block{i + 1}.pool: maxpool(2)
    }
    output predictions = x -> flatten: flatten -> fc1: dense(4096) -> relu
                           -> fc2: dense(4096) -> relu -> predictions: dense(classes) -> softmax
}
"""


def test_the_summary_of_vgg16_is_the_lectures_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")  # else the last column is cut off
    model = cnnspec.loads(LECTURE).build("keras")
    rows = json.loads((ORACLES / "keras__VGG16.json").read_text())["layers"]
    wanted = [(each["name"], each["type"], each["out"], each["params"]) for each in rows]
    lines: list[str] = []
    model.summary(print_fn=lambda text, **_: lines.append(text), line_length=100)
    cells = [line.split("│")[1:-1] for line in "".join(lines).splitlines() if "│" in line]
    found = [
        (
            layer.split("(")[0].strip(),
            layer.split("(")[1].strip(" )"),
            json.loads(shape.strip().replace("None", "null").replace("(", "[").replace(")", "]")),
            int(count.replace(",", "")),
        )
        for layer, shape, count in cells
    ]
    assert found[1:] == wanted[1:]
    assert found[0][1:] == wanted[0][1:]  # the input has another name
    assert model.count_params() == 138_357_544


def test_vgg16_of_the_zoo_has_the_lectures_rows() -> None:
    rows = json.loads((ORACLES / "keras__VGG16.json").read_text())["layers"]
    model = network("vgg16").build("keras")
    kinds = [type(each).__name__ for each in model.layers[1:]]
    # Torchvision's, and the relus: behind them a batch norm may stand, so they are layers.
    more = {"Dropout", "AdaptiveAveragePooling2D", "ReLU"}
    assert [kind for kind in kinds if kind not in more] == [each["type"] for each in rows[1:]]


@pytest.mark.parametrize(("name", "nested"), [("densenet201", False), ("resnet1202_cifar10", True)])
def test_long_chains_are_nested_and_only_they(name: str, *, nested: bool) -> None:
    source = network(name).source("keras")
    assert (source.count("keras.Model(") > 1) is nested


def test_a_nested_network_builds_and_means_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    net = cnnspec.load("resnet20_cifar10")
    tensors, given = drawn(net), images(net)
    flat = outputs_of_keras(keras_model(net, tensors), given, training=False)
    monkeypatch.setattr("cnnspec_keras.depth.LONGEST", 10)
    assert net.source("keras").count("keras.Model(") == 2
    assert net.mismatch("keras") == []
    nested = keras_model(net, tensors)
    agree(outputs_of_keras(nested, given, training=False), flat)


OTHER = """
import sys
import numpy as np
import pytest
code = pytest.main(["-q", "-x", "-p", "no:cacheprovider", sys.argv[1], "-k", sys.argv[2]])
sys.exit(code)
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_the_same_holds_on_other_backends_of_keras(backend: str, pytestconfig) -> None:
    if keras.backend.backend() != "tensorflow":
        return  # this is the other process
    import_module(backend)  # one that is missing is a failure, not a skip
    chosen = "everything or saves or training or heads"
    done = subprocess.run(
        [sys.executable, "-c", OTHER, __file__, chosen],
        cwd=pytestconfig.rootpath,
        env={**os.environ, "KERAS_BACKEND": backend, "JAX_ENABLE_X64": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]


def test_what_one_instance_must_say_is_said_though_another_may_leave_it_out() -> None:
    """Without output_padding Keras gives n * stride rows where a stride is over the window."""
    net = cnnspec.loads("""
    block up(x, stride) { return x -> conv_transpose(2, 1, stride = stride) -> tanh }
    network net { image = input(2, 3, 3)  output y = image -> up(1) -> up(2) }
    """)
    assert "output_padding=0" in net.source("keras")
    tensors, given = drawn(net), images(net)
    found = outputs_of_keras(keras_model(net, tensors), given, training=False)
    assert found.shape == (2, 2, 5, 5)


#: A block of which one instance has a stride, and how the network calls it.
STRIDED = """
block basic(x, stride = 1, residual = []) {
    y = x -> conv(4, 3, stride = stride, pad = 1)
    return add(y, if len(residual) > 0 then residual[0] else x)
}
network net { image = input(4, 8, 8)  p = image -> maxpool(2)  output y = image -> %s }
"""


@pytest.mark.parametrize(
    ("calls", "zeros"),
    [
        # A function for each kind of residual: images, or none. Each may be called with a stride.
        ("basic(stride = 2, residual = [p]) -> basic -> basic", 2),
        ("basic -> basic(stride = 2, residual = [p])", 2),
        ("basic(stride = 2, residual = [p]) -> basic(residual = [p])", 1),
        ("basic -> basic", 1),
    ],
)
def test_zeros_stand_before_what_may_have_a_stride(calls: str, zeros: int) -> None:
    net = cnnspec.loads(STRIDED % calls)
    source = net.source("keras")
    assert source.count("ZeroPadding2D") == source.count("padded evenly") == zeros, source
    assert net.mismatch("keras") == []


def test_turns_of_a_loop_are_padded_each_as_it_needs() -> None:
    net = cnnspec.loads("""
    network net {
        image = input(4, 8, 8)
        x = image
        for i in range(2) { x = x -> conv(4, 3, stride = 2 - i, pad = 1) }
        output y = x
    }
    """)
    source = net.source("keras")
    assert source.count("ZeroPadding2D") == 1, source
    assert net.mismatch("keras") == []


@pytest.mark.parametrize(
    "body", ["x = x -> conv(4, 3) -> relu", "for i in range(2) { x = x -> conv(4, 3) }"]
)
def test_an_input_whose_name_is_given_again_is_the_models_input(body: str) -> None:
    net = cnnspec.loads(f"network net {{ x = input(3, 8, 8)  {body}  output y = x -> gap }}")
    model = net.build("keras")
    assert tuple(model.input.shape) == (None, 8, 8, 3)
    assert sum(int(np.prod(each.shape)) for each in model.weights) == net.params


def test_a_number_that_few_instances_have_is_said_by_parameters_that_are_there() -> None:
    net = cnnspec.loads("""
    block unit(x, width) {
        y = x -> conv(width * 4, 1)
        if x.channels != width * 4 { x = x -> down: conv(width * 4, 1) }
        return add(x, y)
    }
    network net {
        image = input(4, 8, 8)
        output y = image -> unit(2) -> unit(2) -> pick: conv(16, 1) -> unit(4)
    }
    """)
    assert 'layers.Conv2D(width * 4, 1, name=f"{name}_down")' in net.source("keras")
    assert net.mismatch("keras") == []


def test_steps_that_are_given_count_under_the_names_that_layers_have() -> None:
    spec = """
    block part(x, act = spatial_dropout) { return x -> act -> layer_scale -> act }
    network n {
        x = input(3, 4, 4)
        output y = add(x -> part(act = layer_scale), x -> part(act = abs), x -> part)
    }
    """
    network = cnnspec.loads(spec)
    names = {layer.name for layer in network.build("keras").layers}
    assert names == {layer_name(node.path) for node in network.nodes}
