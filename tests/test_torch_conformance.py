"""Every operator, on random arguments: what PyTorch is given is what the declaration says."""

from __future__ import annotations

import importlib.util
import itertools
import math
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, seed, settings
from torch import Tensor, nn

from cnnspec.emit.lowering import Applied
from cnnspec.emit.printer import expression
from cnnspec.expression import Written, name
from cnnspec.ops import OPERATORS
from cnnspec.shapes import Shape
from cnnspec.testing import Attempt, Text, attempts, bound_ops, refused, text
from cnnspec_numpy.meanings import MEANINGS
from cnnspec_torch.layers import LAYERS
from cnnspec_torch.lowerings import LOWERINGS
from tests.operator_table import ROWS, STEPS, Row

BATCH = 2
NAMES = STEPS
#: Values are compared in float64: the smallest lowering mistake that is known shows 4.7e-4.
TOLERANCE = 1e-9

many = settings(max_examples=60, derandomize=True, database=None, deadline=None)
some = settings(
    max_examples=25,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much],
)


def namespace() -> dict[str, Any]:
    names: dict[str, Any] = {"torch": torch, "nn": nn, "F": F, "math": math, "Tensor": Tensor}
    for layer in LAYERS.values():
        exec(layer.source, names)  # what is put into files is what is tested
    return names


SCOPE = namespace()


class Flow(nn.Module):
    """A step as an emitted file has it: its module under a name, its flow in `forward`."""

    def __init__(self, code: Text, count: int) -> None:
        super().__init__()
        self.step = eval(code.module, SCOPE) if code.module else None
        words = "".join(f", x{position}" for position in range(count))
        self.flow = eval(f"lambda self{words}: {code.flow}", SCOPE)

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.flow(self, *inputs)


def lower(step: Applied) -> Text:
    lowered = LOWERINGS[step.op.name](step)
    return text(lowered, [f"x{position}" for position in range(len(step.inputs))])


def forms(step: Applied) -> list[tuple[str, nn.Module]]:
    """The ways in which a step is written: its flow; its layer, where a sequence holds it."""
    code = lower(step)
    result: list[tuple[str, nn.Module]] = [("", Flow(code, len(step.inputs)))]
    if code.standalone is not None:
        result.append(("whole", eval(code.standalone, SCOPE)))
    return result


def tensors(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers by their keys below the step's path, in a state dict's order."""
    found = {}
    for key, value in module.state_dict(keep_vars=True).items():
        key = key.removeprefix("step").removeprefix(".") if isinstance(module, Flow) else key
        if key != "num_batches_tracked":  # PyTorch's own, of no operator
            found[key] = value
    return found


def results(value: Any) -> tuple[Tensor, ...]:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def test_every_operator_has_a_lowering_and_no_lowering_lacks_an_operator() -> None:
    assert sorted(LOWERINGS) == NAMES
    assert sorted(MEANINGS) == NAMES


@pytest.mark.parametrize("operator", NAMES)
def test_weights_and_shapes_are_as_declared(operator: str) -> None:
    seen: Counter[bool] = Counter()

    @many
    @given(attempts(OPERATORS[operator]))
    def holds(attempt: Attempt) -> None:
        refusal = refused(attempt)
        seen[refusal is None] += 1
        if refusal is not None:
            named = refusal.argument in OPERATORS[operator].arguments
            assert named or refusal.input in range(len(attempt.inputs))
            return
        step = attempt.bind()
        declared = step.op.weights(*step.inputs)
        with torch.device("meta"):
            inputs = [torch.empty(BATCH, *shape) for shape in step.inputs]
            for _, module in forms(step):
                found = tensors(module)
                assert [(key, tuple(value.shape)) for key, value in found.items()] == [
                    (weight.key, weight.shape) for weight in declared
                ]
                assert [isinstance(value, nn.Parameter) for value in found.values()] == [
                    weight.trainable for weight in declared
                ]
                for value, shape in zip(results(module(*inputs)), step.outputs, strict=True):
                    assert tuple(value.shape) == (BATCH, *shape)

    holds()
    assert seen[True] >= 10, f"too few of the examples were accepted: {seen}"


def compute_alike(step: Applied) -> None:
    """Hold every form of a step against the definition, in float64."""
    operator = step.op.name
    torch.manual_seed(0)
    inputs = [2 * torch.randn(BATCH, *shape, dtype=torch.float64) for shape in step.inputs]
    for place in step.op.above_zero():
        inputs[place] = abs(inputs[place]) + 0.25
    for _, module in forms(step):
        module.double().eval()
        weights = tensors(module)
        with torch.no_grad():
            for key, value in weights.items():
                value.copy_(
                    torch.rand_like(value) + 0.5 if "var" in key else torch.randn_like(value)
                )
            found = results(module(*inputs))
        arrays = {key: value.detach().numpy() for key, value in weights.items()}
        wanted = results(MEANINGS[operator](step.op, arrays, *(x.numpy() for x in inputs)))
        for value, right in zip(found, map(torch.from_numpy, wanted), strict=True):
            assert value.shape == right.shape, step
            bound = TOLERANCE * max(1.0, right.abs().max().item())
            assert (value - right).abs().max().item() <= bound, step


@pytest.mark.parametrize("operator", NAMES)
def test_values_are_the_definitions(operator: str) -> None:
    some(seed(0)(given(bound_ops(OPERATORS[operator]))(compute_alike)))()


PADS = (0, 1, 2, [1, 0], [0, 1], [0, 1, 0, 1], [1, 0, 0, 1], [0, 2, 1, 0], "same", "same_lower")


@pytest.mark.parametrize("operator", ["maxpool", "avgpool"])
@pytest.mark.parametrize("pad", PADS, ids=str)
def test_pools_hold_for_every_padding_and_rounding(operator: str, pad: Any) -> None:
    counted = ({"count_pad": True}, {"count_pad": False}) if operator == "avgpool" else ({},)
    held = 0
    for size, stride, ceil, count, shape in itertools.product(
        (2, 3, [3, 2]), (1, [2, 3]), (False, True), counted, ((2, 5, 6),)
    ):
        arguments = {"size": size, "stride": stride, "pad": pad, "ceil": ceil, **count}
        attempt = Attempt(OPERATORS[operator], tuple(arguments.items()), (Shape(shape),))
        if refused(attempt) is None:
            compute_alike(attempt.bind())
            held += 1
    assert held >= 2


def module_for(operator: str, shape: tuple[int, ...], **arguments: Any) -> nn.Module:
    step = Attempt(OPERATORS[operator], tuple(arguments.items()), (Shape(shape),)).bind()
    return forms(step)[0][1]


@pytest.mark.parametrize("operator", ["dropout", "spatial_dropout", "drop_path"])
def test_the_rate_is_the_probability_of_dropping(operator: str) -> None:
    torch.manual_seed(0)
    x = torch.ones(400, 20, 2, 2)
    y = module_for(operator, (20, 2, 2), rate=0.2)(x)
    assert set(y.unique().tolist()) == {0.0, 1.25}
    assert (y == 0).double().mean().item() == pytest.approx(0.2, abs=0.08)
    whole = {"dropout": (), "spatial_dropout": (2, 3), "drop_path": (1, 2, 3)}[operator]
    if whole:
        assert torch.equal(y.amax(whole), y.amin(whole))
    else:
        assert not torch.equal(y.amax((2, 3)), y.amin((2, 3)))


def test_momentum_is_the_weight_of_the_new_batch() -> None:
    bn = module_for("bn", (2, 3, 3), momentum=0.25)
    bn(torch.full((4, 2, 3, 3), 8.0))
    assert bn.step.running_mean.tolist() == [2.0, 2.0]


def test_learned_scales_start_where_the_spec_says() -> None:
    assert module_for("layer_scale", (2, 3, 3), init=0.5).step.flatten().tolist() == [0.5, 0.5]
    assert module_for("prelu", (2, 3, 3), init=0.5).step.weight.tolist() == [0.5, 0.5]


def test_same_is_torchs_own_word_where_the_window_is_a_parameter() -> None:
    op = OPERATORS["conv"](filters=8, size=5, pad="same")
    written = {"size": Written(5, name("kernel"))}
    step = Applied(op, (Shape((4, 9, 9)),), (Shape((8, 9, 9)),), written)
    code = LOWERINGS["conv"](step).module
    leaf = next(each.code for each in code.keywords if each.name == "padding")
    assert leaf.value == "same"
    assert expression(code) == 'nn.Conv2d(4, 8, 5, padding="same")'


#: Steps on a few small images and vectors.
SMALL = tuple(row for row in ROWS if row.inputs and max(map(math.prod, row.inputs)) <= 1000)
SHAPES = sorted({shape for row in SMALL for shape in row.inputs})
HEAD = """\
import torch
import torch.nn.functional as F
from torch import Tensor, nn
"""


#: Layers that work their padding out from the image, which TorchScript does not read.
SIZED = ("SameConv2d(", "PaddedMaxPool2d(", "PaddedAvgPool2d(")


@pytest.fixture(scope="module")
def everything() -> str:
    """A file whose one network takes every step in every form."""
    source, layers = written(SMALL)
    worded = {"dims"}  # of an argument that is said in words
    assert layers | worded == set(LAYERS), "a layer that no step needs"
    return source


def written(rows: Sequence[Row]) -> tuple[str, set[str]]:
    """Write a network that takes every step in every form; name the layers that it needs."""
    made, several, flows = [], [], []
    for number, row in enumerate(rows):
        step = Attempt(OPERATORS[row.operator], tuple(row.arguments.items()), row.shapes).bind()
        inputs = [f"x{SHAPES.index(each)}" for each in row.inputs]
        code = text(LOWERINGS[row.operator](step), inputs, f"self.step{number}")
        if code.module is not None:
            made.append(f"self.step{number} = {code.module}")
        if len(row.gives) > 1:
            several.append(f"parts{number} = {code.flow}")
            flows += [f"parts{number}[{each}]" for each in range(len(row.gives))]
        else:
            flows.append(code.flow)
        if code.standalone is not None:
            made.append(f"self.whole{number} = {code.standalone}")
            flows.append(f"self.whole{number}({', '.join(inputs)})")
    body = "\n".join(made)
    needed = {key for key in LAYERS if f"{key}(" in body}
    while more := {
        key
        for key in set(LAYERS) - needed
        if any(f"{key}(" in LAYERS[other].source for other in needed)
    }:
        needed |= more
    used = [layer.source for key, layer in LAYERS.items() if key in needed]
    words = "".join(f", x{number}: Tensor" for number in range(len(SHAPES)))
    lines = [
        "class Everything(nn.Module):",
        "    def __init__(self) -> None:",
        "        super().__init__()",
        *(f"        {line}" for line in made),
        "",
        f"    def forward(self{words}) -> list[Tensor]:",
        *(f"        {line}" for line in several),
        *(["        return ["] + [f"            {flow}," for flow in flows]),
        "        ]",
    ]
    return "\n\n".join([HEAD, *used, "\n".join(lines)]) + "\n", needed


@pytest.fixture(scope="module")
def model(everything: str, tmp_path_factory: pytest.TempPathFactory) -> nn.Module:
    return made_from(everything, tmp_path_factory.mktemp("emitted") / "everything.py")


def made_from(source: str, path: Path) -> nn.Module:
    path.write_text(source)
    spec = importlib.util.spec_from_file_location("everything", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    torch.manual_seed(0)
    return module.Everything().eval()


@pytest.fixture(scope="module")
def example() -> tuple[Tensor, ...]:
    torch.manual_seed(0)
    return tuple(torch.randn(BATCH, *shape).abs() + 0.25 for shape in SHAPES)


def agree(found: list[Tensor], wanted: list[Tensor]) -> None:
    assert len(found) == len(wanted) > 50
    for value, right in zip(found, wanted, strict=True):
        torch.testing.assert_close(value, right)


def test_what_does_not_depend_on_the_image_is_read_by_torchscript(
    example: Any, tmp_path: Path
) -> None:
    rows = []
    for row in SMALL:
        step = Attempt(OPERATORS[row.operator], tuple(row.arguments.items()), row.shapes).bind()
        code = text(LOWERINGS[row.operator](step), ["x"] * len(row.inputs), "step")
        if not str(code.module).startswith(SIZED):
            rows.append(row)
    assert len(SMALL) - 40 < len(rows) < len(SMALL)
    model = made_from(written(rows)[0], tmp_path / "scripted.py")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        scripted = torch.jit.script(model)
    agree(scripted(*example), model(*example))
    scripted.train()(*example)


def test_every_step_is_traced_whole_by_compile_and_export(model: nn.Module, example: Any) -> None:
    wanted = model(*example)
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    agree(compiled(*example), wanted)
    agree(torch.export.export(model, example).module()(*example), wanted)


def test_every_step_is_clean_to_mypy_and_ruff(
    everything: str, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    known = pytestconfig.cache.mkdir("mypy")
    file = tmp_path / "everything.py"
    file.write_text(everything)
    mypy = ["mypy", "--config-file=", f"--cache-dir={known}"]
    for tool in (mypy, ["ruff", "check", "--isolated"]):
        done = subprocess.run(
            [sys.executable, "-m", *tool, file.name],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
