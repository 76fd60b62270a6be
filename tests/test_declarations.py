"""What operators declare of themselves is so: strangers' too, by what the reference does."""

from __future__ import annotations

from typing import Any

import pytest

from cnnspec.channels import SAME, Argument, times
from cnnspec.kinds import Arg, Int
from cnnspec.op import Op, Window
from cnnspec.ops import OPERATORS
from cnnspec.testing import conformance


@pytest.mark.parametrize("operator", conformance.operators())
def test_an_operator_does_what_it_declares(operator: str) -> None:
    assert conformance.declarations_hold(operator, count=8) >= 2


#: What may be declared wrong of an operator, and what is said of it.
WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "channels": ("dwconv", {"channel_rule": SAME}, "channel_rule says"),
    "channels of a vector": (
        "flatten",
        {"channel_rule": times(SAME, SAME)},
        "channel_rule says",
    ),
    "rank": ("flatten", {"rank": "kept"}, "rank says kept"),
    "size of the window": (
        "maxpool",
        {"window": lambda op, *_: Window((1, 1), op.moves)},
        "a place is made of",
    ),
    "stride": (
        "upsample",
        {"window": lambda op, *_: Window((2, 2))},
        "window says a stride of 1",
    ),
    "one place": ("conv", {"window": lambda *_: None}, "window 1"),
    "one value": ("softmax", {"sees": "value"}, "sees says value"),
    "a view": ("bn", {"is_view": True}, "make no new values"),
    "in place": ("dense", {"in_place": True}, "keep the shape"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_declared_wrong_is_found(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    operator, declared, said = WRONG[what]
    for name, value in declared.items():
        monkeypatch.setattr(OPERATORS[operator], name, value)
    with pytest.raises(AssertionError, match=said):
        conformance.declarations_hold(operator, count=12)


def test_an_argument_is_not_called_as_a_declaration_is() -> None:
    with pytest.raises(TypeError, match="an argument cannot be called noise"):

        class Noisy(Op):
            noise = Arg(Int(), "No name for an argument.")

    assert Argument("noise") != Argument("rate")
