"""What Python users get: a mistake as the command line shows it."""

from __future__ import annotations

import copy
import doctest
import json
import pickle
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import cnnspec

PAGE = Path(__file__).parent.parent / "docs" / "api.md"

WRONG = "network n {\n    image = input(3, 8, 8)\n    output y = image -> covn(3)\n}\n"
SHOWN = """\
error[unknown-name]: nothing is called `covn`
 --> text:3:25
   |
 3 |     output y = image -> covn(3)
   |                         ^^^^ not known here
   |
   = help: did you mean `conv`?"""


def test_a_mistake_reads_as_on_the_command_line() -> None:
    with pytest.raises(cnnspec.SpecError) as caught:
        cnnspec.loads(WRONG)
    assert str(caught.value) == SHOWN


def test_a_mistake_crosses_between_processes() -> None:
    with pytest.raises(cnnspec.SpecError) as caught:
        cnnspec.loads(WRONG)
    assert str(pickle.loads(pickle.dumps(caught.value))) == SHOWN


@pytest.mark.framework
def test_the_page_says_what_is() -> None:
    found = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert found.failed == 0
    assert found.attempted > 20


def test_the_page_names_everything() -> None:
    text = PAGE.read_text()
    members = [each for each in vars(cnnspec.Network) if not each.startswith("_")]
    missing = [each for each in (*cnnspec.__all__, *members) if f"`{each}" not in text]
    assert missing == []


@pytest.mark.parametrize(
    "given",
    [
        {"classes": np.int64(10), "unit": "basic", "layers": np.array([2, 2, 2, 2])},
        {"classes": 10, "unit": "basic", "layers": [np.int32(2)] * 4},
        {"classes": np.asarray(10), "unit": "basic", "layers": "[2, 2, 2, 2]"},
    ],
)
def test_numpy_values_are_taken(given: dict[str, object]) -> None:
    net = cnnspec.load("resnet", set=given, input=np.array([3, 64, 64]))
    want = cnnspec.load("resnet18", set={"classes": 10}, input=(3, 64, 64))
    assert net.source("torch").count("\n") > 40
    assert (net.params, net.macs, net.outputs) == (want.params, want.macs, want.outputs)
    assert type(net.params) is int


def test_a_decimal_of_numpy_is_one() -> None:
    net = cnnspec.load("efficientnet_b0", set={"width": np.float32(0.5)})
    assert net.params == cnnspec.load("efficientnet_b0", set={"width": 0.5}).params


def test_a_wrong_input_says_what_is_taken() -> None:
    with pytest.raises(TypeError, match="a whole number an axis, channels first"):
        cnnspec.load("lenet5", input="1x32x32")


@pytest.mark.parametrize("dtype", ["bfloat16", "bf16", "torch.bfloat16"])
def test_types_have_one_name(dtype: str) -> None:
    assert cnnspec.load("lenet5").cost(dtype=dtype, batch=np.int64(2))["dtype"] == "bfloat16"


def test_types_of_frameworks_are_taken() -> None:
    net = cnnspec.load("lenet5")
    assert net.cost(dtype=np.float16)["dtype"] == net.cost(dtype=np.dtype("float16"))["dtype"]
    with pytest.raises(ValueError, match="'int3' is not one of float64, float32"):
        net.cost(dtype="int3")


def test_a_cost_is_a_dictionary_and_a_table() -> None:
    net = cnnspec.load("lenet5")
    cost = net.cost(batch=np.int64(2))
    assert json.loads(json.dumps(cost)) == cost == pickle.loads(pickle.dumps(cost))
    assert "conv 5x5" in str(cost)
    assert repr(cost) == str(cost)
    assert cost._repr_markdown_().startswith("| ")
    assert copy.deepcopy(cost) == cost


def test_a_table_of_pandas_needs_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[object] = []
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=rows.append))
    cost = cnnspec.load("lenet5").cost()
    cost.to_dataframe()
    assert rows == [cost["nodes"]]
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(cnnspec.NotInstalled, match="`pip install pandas`"):
        cost.to_dataframe()


def test_a_picture_and_a_source_show_themselves(tmp_path: Path) -> None:
    net = cnnspec.load("lenet5")
    picture = net.draw("svg")
    assert picture._repr_mimebundle_() == {"image/svg+xml": picture.decode()}
    assert net.draw("dot")._repr_mimebundle_().keys() == {"text/plain"}
    picture.save(tmp_path / "lenet.svg")
    assert (tmp_path / "lenet.svg").read_bytes() == picture
    assert pickle.loads(pickle.dumps(picture)).format == "svg"
    source = net.source()
    assert source._repr_markdown_() == f"```python\n{source}\n```"
    assert pickle.loads(pickle.dumps(source)).language == "python"


def test_a_mistake_shows_itself_in_a_notebook() -> None:
    with pytest.raises(cnnspec.SpecError) as caught:
        cnnspec.loads(WRONG)
    assert caught.value._render_traceback_() == SHOWN.splitlines()
    with pytest.raises(cnnspec.UnknownNode) as other:
        cnnspec.load("resnet18").node("layer1")
    (line,) = other.value._render_traceback_()
    assert line.startswith("UnknownNode: no node of resnet18 has the path `layer1`; ")
    assert line.endswith("`layer1` is a group: `layer1.0.conv1` is a node in it")


def refused() -> list[Callable[[], object]]:
    net = cnnspec.load("lenet5")
    return [
        lambda: cnnspec.load("no such file.cnn"),
        lambda: cnnspec.load("lenet5", set={"clases": 3}),
        lambda: net.source("no such backend"),
        lambda: net.node("conv9"),
        lambda: net.draw("gif"),
        lambda: net.draw(focus="nobody"),
        lambda: net.verify(["numpy"]),
        lambda: net.verify(["numpy", "nobody"]),
        lambda: list(cnnspec.sweep("lenet5", set={"classes": 10})),
    ]


@pytest.mark.parametrize("number", range(9))
def test_all_that_is_refused_has_one_base(number: int) -> None:
    with pytest.raises(cnnspec.CnnspecError) as caught:
        refused()[number]()
    assert str(caught.value).strip()


def test_every_exception_of_ours_that_leaves_has_that_base() -> None:
    """Those with another base are caught within: control of a parser, of a server, of a proof."""
    inner = {"Stuck", "TooLong", "Poisoned", "Returned", "Exhausted", "Declined", "Kept"}
    inner |= {"_Returned", "_Unportable", "Mismatch", "Unreadable", "Unsayable", "NotInterpreted"}
    root = Path(cnnspec.__file__).parent
    found = {
        name: base
        for file in sorted(root.rglob("*.py"))
        for name, base in re.findall(
            r"^class (\w+)\((\w*(?:Exception|Error)[^)]*)\)", file.read_text(), re.MULTILINE
        )
    }
    assert len(found) > 15
    assert {n for n, base in found.items() if "CnnspecError" not in base} - {
        "CnnspecError"
    } <= inner


@pytest.mark.framework
def test_a_network_is_proved_from_python() -> None:
    net = cnnspec.load("lenet5")
    certificate = net.verify(["numpy", "torch"], dtype=np.float32, batch=np.int64(1))
    assert certificate.agrees
    assert (certificate.dtype, certificate.batch) == ("float32", 1)
    assert "torch" in str(certificate)
    with pytest.raises(ValueError, match="at least one example"):
        net.verify(batch=0)
    with pytest.raises(ValueError, match="not one of float64, float32"):
        net.verify(dtype="bfloat16")
