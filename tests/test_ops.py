"""Operators: shapes, costs and refusals, each against a figure worked out by hand."""

from __future__ import annotations

import math
import subprocess
import sys
from importlib.metadata import EntryPoint
from typing import Any

import pytest

import cnnspec
from cnnspec import ops
from cnnspec.kinds import (
    MISSING,
    Arg,
    Axes,
    Bool,
    Choice,
    Float,
    Int,
    Ints,
    Kind,
    Pad,
    Pair,
    Parts,
    Refusal,
)
from cnnspec.op import Op
from cnnspec.ops import OPERATORS, WORDS, Operators, geometry
from cnnspec.shapes import Shape
from tests.operator_table import ROWS, Row

X = (64, 56, 56)


def shape(operator: str, *inputs: tuple[int, ...], **arguments: Any) -> Any:
    return OPERATORS[operator](**arguments).shape(*map(Shape, inputs))


def refusal(operator: str, *inputs: tuple[int, ...], **arguments: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        shape(operator, *inputs, **arguments)
    return caught.value


def test_every_operator_stands_in_the_table_and_no_other() -> None:
    assert set(OPERATORS) == {row.operator for row in ROWS}


@pytest.mark.parametrize("operator", OPERATORS)
def test_a_declaration_documents_itself(operator: str) -> None:
    op = OPERATORS[operator]
    assert op.name == operator
    assert op.family in ops.FAMILIES
    assert op.__doc__
    assert op.__doc__.split("\n")[0].endswith(".")
    for arg in op.arguments.values():
        assert arg.doc.endswith(".")
        if arg.default not in (MISSING, None):
            arg.kind.read(arg.default)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_shapes(row: Row) -> None:
    found = shape(row.operator, *row.inputs, **row.arguments)
    assert (found if isinstance(found, tuple) and isinstance(found[0], Shape) else (found,)) == (
        row.gives
    )


SPREADING = tuple(name for name, op in OPERATORS.items() if op.spreads)


@pytest.mark.parametrize("operator", SPREADING)
def test_axes_that_are_missing_are_one_and_an_axis_of_one_spreads(operator: str) -> None:
    for other in ((64,), (64, 1, 1), (1, 56, 56), (64, 56, 1), (64, 1, 56), (1, 1, 1), (1,)):
        assert shape(operator, X, other) == X
        assert shape(operator, other, X) == X
    assert shape(operator, (64, 1, 1), (1, 56, 1)) == (64, 56, 1)
    assert shape(operator, (1,), (64,)) == (64,)
    for other in ((32,), (56,), (64, 28, 56), (64, 56, 2), (2, 56, 56)):
        assert refusal(operator, X, other).code == "shape-mismatch"


@pytest.mark.parametrize("operator", SPREADING)
def test_a_number_may_stand_among_values_and_one_value_alone_may_not(operator: str) -> None:
    assert shape(operator, X, number=2) == X
    assert refusal(operator, X).code == "wrong-arity"
    if "first" in OPERATORS[operator].arguments:
        assert refusal(operator, X, X, number=2).code == "wrong-arity"
        with pytest.raises(Refusal, match="no number"):
            OPERATORS[operator](first=True)


def test_nothing_is_divided_by_zero() -> None:
    assert shape("div", X, number=0, first=True) == X
    with pytest.raises(Refusal, match="divided by 0"):
        OPERATORS["div"](number=0)


def test_add_refuses_different_channels_and_says_which_input() -> None:
    said = refusal("add", X, X, (256, 56, 56))
    assert said.message == "cannot add images of different shapes"
    assert said.input == 0
    assert said.help == "bring one to the other's channels: `x -> conv(256, 1)`"


def test_concat_adds_channels_and_refuses_another_height() -> None:
    assert shape("concat", X, (32, 56, 56), (1, 56, 56)) == (97, 56, 56)
    assert shape("concat", (3,), (4,)) == (7,)
    said = refusal("concat", X, (64, 28, 56))
    assert (said.code, said.input) == ("shape-mismatch", 1)


@pytest.mark.parametrize(
    ("operator", "inputs", "arguments", "message", "argument"),
    [
        (
            "conv",
            [(64, 9, 9)],
            {"filters": 6, "size": 1, "groups": 3},
            "64 channels do not divide into 3 groups",
            "groups",
        ),
        (
            "conv",
            [(63, 9, 9)],
            {"filters": 64, "size": 1, "groups": 3},
            "64 filters do not divide into 3 groups",
            "groups",
        ),
        (
            "conv",
            [(3, 4, 9)],
            {"filters": 8, "size": 7, "pad": [1, 1]},
            "a window of 7 x 7 does not fit into an image of 6 x 11",
            "size",
        ),
        (
            "maxpool",
            [(3, 9, 9)],
            {"size": 2, "pad": 2},
            "padding must be smaller than the window, or a window sees nothing else",
            "pad",
        ),
        (
            "reshape",
            [(3, 4, 5)],
            {"to": [3, 4, 4]},
            "3 x 4 x 5 holds 60 numbers, 3 x 4 x 4 would hold 48",
            "to",
        ),
        ("permute", [X], {"axes": [0, 1, 1]}, "each of 0, 1 and 2 must stand there once", "axes"),
        ("crop", [(3, 4, 5)], {"sides": 2}, "nothing is left of 4 x 5", "sides"),
        ("split", [(7, 1, 1)], {"n": 2}, "7 channels do not divide into 2", "n"),
        (
            "conv_transpose",
            [(4, 5, 5)],
            {"filters": 4, "size": 2, "stride": 2, "output_pad": 2},
            "output_pad must be less than stride or dilation, and is not used with `same`",
            "output_pad",
        ),
    ],
)
def test_arguments_that_do_not_fit_are_refused(
    operator: str,
    inputs: list[tuple[int, ...]],
    arguments: dict[str, Any],
    message: str,
    argument: str,
) -> None:
    said = refusal(operator, *inputs, **arguments)
    assert (said.message, said.argument) == (message, argument)


@pytest.mark.parametrize(
    "operator",
    [
        each
        for each, op in OPERATORS.items()
        if (op.sees == "window" and "axis" not in op.arguments) or op.family == "pooling"
    ],
)
def test_a_vector_is_refused_where_an_image_is_needed(operator: str) -> None:
    given = {
        key: arg.kind.read(2) for key, arg in OPERATORS[operator].arguments.items() if arg.required
    }
    said = refusal(operator, (64,), **given)
    assert said.input == 0
    assert operator in said.message


def bad(kind: Kind) -> list[Any]:
    """Values that a kind must not admit, whatever its bounds."""
    strangers: list[Any] = [None, "no such word", [], [[1]], {"a": 1}]
    match kind:
        case Bool():
            return [*strangers, 0, 1, 1.0]
        case Choice():
            return [*strangers, True, 1, [kind.choices[0]]]
        case Int() | Pair() | Ints():
            low = [] if kind.low is None else [kind.low - 1, [kind.low - 1] * 2, [kind.low - 1] * 3]
            high = [] if kind.high is None else [kind.high + 1, [kind.high + 1] * 3]
            return [*strangers, 1.0, True, [True, 1], [1] * 9, *low, *high]
        case Float():
            ends = [kind.above, kind.below]
            ends += [kind.low - 1e-9] if kind.low is not None else []
            ends += [kind.high + 1e-9] if kind.high is not None else []
            odd = [math.nan, math.inf, -math.inf, 10**400, True, [1.0]]
            return [*strangers, *odd, *(each for each in ends if each is not None)]
        case Pad():
            words = [] if kind.automatic else ["same", "same_lower"]
            return [*strangers, *words, 1.0, True, -1, [1, -1], [1, 2, 3], [0, 0, 0, 65_537]]
        case Axes():
            several = [["height", "width"], "places"] if kind.single else []
            return [*strangers, *several, 1, True, "depth", ["height", 1]]
        case Parts():
            return [*strangers, 0, -1, 1.0, True, [1, 0], [1.5], [True], kind.high + 1]


@pytest.mark.parametrize(
    ("operator", "key"), [(each, key) for each in OPERATORS for key in OPERATORS[each].arguments]
)
def test_a_value_out_of_bounds_is_refused_with_the_arguments_name(operator: str, key: str) -> None:
    op = OPERATORS[operator]
    fine = {name: _first(arg) for name, arg in op.arguments.items() if arg.required}
    op(**fine)
    arg = op.arguments[key]
    for value in bad(arg.kind):
        if value is None and arg.default is None:
            continue  # the operator works it out
        with pytest.raises(Refusal, match="expected") as caught:
            op(**{**fine, key: value})
        assert caught.value.argument == key


def _first(arg: Arg) -> Any:
    if isinstance(arg.kind, Axes):
        return "channels"
    return [0, 1, 2] if isinstance(arg.kind, Ints) and arg.kind.length == 3 else _plain(arg.kind)


def _plain(kind: Kind) -> Any:
    return [6] if isinstance(kind, Ints) else 0.5 if isinstance(kind, Float) else 1


@pytest.mark.parametrize("operator", OPERATORS)
def test_unknown_and_missing_arguments_are_refused(operator: str) -> None:
    op = OPERATORS[operator]
    with pytest.raises(Refusal, match="has no argument kernel"):
        op(kernel=3)
    required = [key for key, arg in op.arguments.items() if arg.required]
    if required:
        with pytest.raises(Refusal, match=f"needs {required[0]}"):
            op()


def macs(operator: str, x: tuple[int, ...], **arguments: Any) -> int:
    op = OPERATORS[operator](**arguments)
    return op.macs([Shape(x)], [op.shape(Shape(x))])


def test_multiply_adds_are_counted_for_products_only_and_without_the_bias() -> None:
    # ResNet-50's stem, AlexNet's grouped conv2, MobileNet's depthwise, DCGAN's last, a head.
    assert macs("conv", (3, 224, 224), filters=64, size=7, stride=2, pad=3) == 118_013_952
    assert macs("conv", (96, 27, 27), filters=256, size=5, pad=2, groups=2) == 223_948_800
    assert macs("dwconv", (32, 112, 112), size=3, pad=1) == 3_612_672
    assert macs("conv_transpose", (64, 32, 32), filters=3, size=4, stride=2, pad=1) == 3_145_728
    assert macs("dense", (2048,), units=1000) == 2_048_000
    assert macs("dense", (8, 3, 5), units=4) == 480
    assert macs("bn", X) == macs("maxpool", X, size=3) == macs("prelu", X) == 0


def test_weights_are_pytorchs_keys_and_shapes() -> None:
    def weights(operator: str, x: tuple[int, ...], **arguments: Any) -> list[tuple[Any, ...]]:
        return [each[:3] for each in OPERATORS[operator](**arguments).weights(Shape(x))]

    assert weights("conv", (8, 9, 9), filters=6, size=[3, 5], groups=2) == [
        ("weight", (6, 4, 3, 5), "weight"),
        ("bias", (6,), "bias"),
    ]
    assert weights("conv_transpose", (8, 9, 9), filters=6, size=3, groups=2, bias=False) == [
        ("weight", (8, 3, 3, 3), "weight")
    ]
    assert weights("bn", (8, 9, 9), affine=False) == [
        ("running_mean", (8,), "state"),
        ("running_var", (8,), "state"),
    ]
    assert weights("layer_scale", (8, 9, 9)) == [("", (8, 1, 1), "weight")]
    assert weights("layer_scale", (8,)) == [("", (8,), "weight")]


def test_an_operator_does_not_change() -> None:
    with pytest.raises(AttributeError, match="do not change"):
        OPERATORS["conv"](filters=1, size=1).filters = 2


def test_words_are_what_may_stand_bare() -> None:
    assert {"same", "same_lower", "nearest", "bilinear"} <= WORDS
    assert not any(word.isdigit() for word in WORDS)


class Doubled(Op):
    """Twice the input."""

    name = "doubled"
    family = "activation"


class Impostor(Op):
    """Calls itself conv."""

    name = "conv"
    family = "activation"


def entries(**named: str) -> Any:
    made = tuple(EntryPoint(key, value, ops.GROUP) for key, value in named.items())
    return lambda *, group: made if group == ops.GROUP else ()


def test_operators_of_other_distributions_come_in_and_broken_ones_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = __name__
    monkeypatch.setitem(sys.modules, here, sys.modules[Doubled.__module__])
    found = entries(
        a="no_such_module_at_all:Op", b=f"{here}:Doubled", c=f"{here}:Impostor", d=f"{here}:X"
    )
    monkeypatch.setattr("importlib.metadata.entry_points", found)
    operators = Operators()
    assert operators["doubled"] is Doubled
    assert operators["conv"] is OPERATORS["conv"]
    assert "nothing" not in operators
    assert [*operators] == [*OPERATORS, "doubled"]
    missing, impostor, *strays = operators.broken
    assert "no_such_module_at_all" in missing
    assert "another operator conv" in impostor
    assert strays
    assert all("no operator" in each for each in strays)


def test_builtin_operators_are_found_without_looking_at_other_distributions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def looked(*, group: str) -> Any:
        raise AssertionError(group)

    monkeypatch.setattr("importlib.metadata.entry_points", looked)
    assert Operators()["conv"] is OPERATORS["conv"]


def test_importing_the_operators_loads_no_framework() -> None:
    code = "import sys, cnnspec.ops; print(*sorted({'torch', 'keras', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_arguments_by_position_are_those_without_a_default_or_as_many_as_are_declared() -> None:
    from cnnspec.kinds import Arg, Int
    from cnnspec.op import Op

    class Plain(Op):
        name = "plain"
        first = Arg(Int(), "")
        second = Arg(Int(), "", 1)

    class Declared(Plain):
        name, positional = "declared", 2

    assert Plain.ordered == ("first",)
    assert Declared.ordered == ("first", "second")
    assert {name: OPERATORS[name].ordered for name in BY_POSITION} == BY_POSITION


#: What LANGUAGE says that people do not mistake; the rest goes by name.
BY_POSITION = {
    "input": ("channels", "height", "width"),
    "conv": ("filters", "size"),
    "conv_transpose": ("filters", "size"),
    "dwconv": ("size",),
    "dense": ("units",),
    "maxpool": ("size", "stride"),
    "avgpool": ("size", "stride"),
    "adaptive_avgpool": ("size",),
    "gap": (),
    "gmp": (),
    "bn": (),
    "ln": (),
    "gn": ("groups",),
    "lrn": ("size",),
    "elu": ("alpha",),
    "leaky_relu": ("slope",),
    "gelu": ("approximate",),
    "prelu": (),
    "reshape": ("to",),
    "permute": ("axes",),
    "pad": ("sides",),
    "crop": ("sides",),
    "upsample": ("factor", "mode"),
    "channel_shuffle": ("groups",),
    "split": ("n",),
    "dropout": ("rate",),
    "spatial_dropout": ("rate",),
    "drop_path": ("rate",),
    "scale": ("factor",),
    "layer_scale": (),
    **dict.fromkeys(SPREADING, ("number",)),
    "pow": ("exponent",),
    "parameter": ("to",),
    **dict.fromkeys(("mean", "sum", "max", "min", "concat", "softmax"), ()),
}


@pytest.mark.parametrize(
    "step",
    [
        "conv(8, 3, stride = 2, pad = same)",
        "dwconv(3, stride = [1, 2], pad = same_lower)",
        "maxpool(2, stride = 2, pad = same)",
        "avgpool(3, stride = 2, pad = same, count_pad = false)",
    ],
)
@pytest.mark.framework
def test_emitted_pytorch_pads_as_the_image_needs(step: str) -> None:
    import torch

    text = f"network n {{ image = input(3, 4, 4)  output y = image -> {step} }}"
    made = cnnspec.loads(text).build("torch").eval()
    for height, width in ((4, 4), (5, 5), (7, 6)):
        wanted = cnnspec.loads(text, input=(3, height, width)).elaborated.outputs[0].port.shape
        found = made(torch.zeros(1, 3, height, width)).shape[1:]
        assert tuple(found) == tuple(wanted)


@pytest.mark.parametrize(
    ("length", "size", "stride", "before", "after"),
    [(8, 3, 2, 0, 1), (7, 3, 2, 1, 1), (8, 2, 1, 0, 1), (9, 4, 3, 0, 1), (9, 4, 2, 1, 2)],
)
def test_the_odd_zero_of_same_is_after_and_of_same_lower_before(
    length: int, size: int, stride: int, before: int, after: int
) -> None:
    places = ((size, size), (stride, stride), (1, 1), (length, length))
    assert geometry.sides("same", *places) == (before, after) * 2
    assert geometry.sides("same_lower", *places) == (after, before) * 2


def test_same_is_worked_out_for_each_axis() -> None:
    assert geometry.sides("same", (3, 2), (2, 1), (1, 2), (8, 7)) == (0, 1, 1, 1)
