"""Names and layouts of weights in Keras: one to one, and back without a loss."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnnspec
from cnnspec_keras.names import layer_name, path_of
from cnnspec_keras.orders import channels_last
from cnnspec_keras.weights import variables
from tests.emitted import network

segments = st.text("ab0_-", min_size=1, max_size=6)
HEAD = """
network n() {
    x = input(2, 3, 4)
"""


@settings(max_examples=400, derandomize=True, database=None, deadline=None)
@given(st.lists(segments, min_size=1, max_size=4).map(".".join))
def test_a_name_says_its_path(path: str) -> None:
    assert path_of(layer_name(path)) == path
    assert not set("./") & set(layer_name(path))


def test_every_weight_has_one_name_and_goes_there_and_back() -> None:
    found = variables(network("resnet18").elaborated)
    assert len({(each.layer, each.variable) for each in found}) == len(found) == 102
    for each in found:
        array = np.arange(np.prod(each.layout.spec)).reshape(each.layout.spec)
        there = each.layout.to_keras(array)
        assert there.shape == each.layout.keras
        assert np.array_equal(each.layout.to_spec(there), array)
        with pytest.raises(ValueError, match="expected"):
            each.layout.to_keras(array[None])
        with pytest.raises(ValueError, match="expected"):
            each.layout.to_spec(there[None])


def graph(flow: str):
    return cnnspec.loads(f"{HEAD}{flow}\n}}").elaborated


def orders(flow: str) -> dict[str, str]:
    found = graph(flow)
    return {found.nodes[i].path: str(shape) for i, shape in channels_last(found).items()}


def test_a_flattened_image_stands_in_rows_columns_channels_up_to_a_dense_layer() -> None:
    flow = "output y = x -> flatten -> relu -> dropout -> dense(5) -> relu"
    assert orders(flow) == {
        "flatten1": "2 x 3 x 4",
        "relu1": "2 x 3 x 4",
        "dropout1": "2 x 3 x 4",
    }
    (kernel, bias) = variables(graph(flow))
    array = np.arange(5 * 24).reshape(5, 24)
    rows = array.reshape(5, 2, 3, 4).transpose(2, 3, 1, 0).reshape(24, 5)
    assert np.array_equal(kernel.layout.to_keras(array), rows)
    assert np.array_equal(bias.layout.to_keras(array[:, 0]), array[:, 0])


@pytest.mark.parametrize(
    "flow",
    [
        "output y = x -> flatten",
        "output y = x -> flatten -> bn -> dense(5)",
        "f = x -> flatten\noutput y = add(f, f -> dense(24))",
        "f = x -> flatten -> relu\noutput y = f -> dense(5)\noutput z = f",
        "output y = x -> gap -> dense(5)",
        "output y = x -> conv(2, [3, 4]) -> flatten -> dense(5)",
    ],
)
def test_a_vector_that_something_else_reads_stands_in_the_specs_order(flow: str) -> None:
    assert orders(flow) == {}
    assert all(each.layout.parts == each.layout.spec for each in variables(graph(flow)))
