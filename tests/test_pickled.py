"""What is read of a pickle: data, in bounded memory, whatever it says."""

from __future__ import annotations

import collections
import pickle
import random
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
import torch

from cnnspec_torch import pickled
from cnnspec_torch.archive import opened
from cnnspec_torch.pickled import Global, Made, NotRead
from cnnspec_torch.states import state_in


def test_values_are_themselves_and_calls_are_kept() -> None:
    value = {"a": [1, 2.5, (True, None)], "b": b"x", "c": {1}, 3: 4, "o": collections.Counter("a")}
    for protocol in range(6):
        found = pickled.read(BytesIO(pickle.dumps(value, protocol))).value
        assert found["a"] == value["a"], protocol
        assert 3 not in found
        assert isinstance(found["o"], Made)
        assert found["o"].name == "collections.Counter"
    called = pickled.read(BytesIO(b"cos\nsystem\n(S'touch ran'\ntR."))
    assert called.names == ("os.system",)
    assert called.value.of == Global("os.system")
    assert called.value.args == ("touch ran",)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_an_ordered_dict_is_read_as_it_was_filled(protocol: int) -> None:
    value = collections.OrderedDict(a=1, b=collections.OrderedDict())
    found = pickled.items(pickled.read(BytesIO(pickle.dumps(value, protocol))).value)
    assert found is not None
    assert found["a"] == 1
    assert pickled.items(found["b"]) == {}


def test_a_row_of_pickles_is_read_one_by_one() -> None:
    file = BytesIO(pickle.dumps(1) + pickle.dumps([2]) + b"rest")
    assert [pickled.read(file).value for _ in range(2)] == [1, [2]]
    assert file.read() == b"rest"


def test_a_pickle_has_so_many_instructions_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickled, "MOST", 1000)
    with pytest.raises(NotRead, match="too long for a network"):
        pickled.read(BytesIO(b"\x80\x02" + b"N0" * 500 + b"N."))


DTYPES = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "uint8", "bool")


def any_tensor(draw: random.Random) -> torch.Tensor:
    """Make a tensor that may be a view of another, and may be a parameter."""
    sizes = [draw.randint(0 if draw.random() < 0.1 else 1, 5) for _ in range(draw.randint(0, 4))]
    found = (torch.randn(sizes) * 10).to(getattr(torch, draw.choice(DTYPES)))
    for _ in range(draw.randint(0, 3)):
        way = draw.choice(("turned", "cut", "thinned", "spread", "parameter"))
        if way == "turned":
            found = found.permute(draw.sample(range(found.ndim), found.ndim))
        elif way == "cut" and found.ndim and found.shape[0]:
            found = found[1:]
        elif way == "thinned" and found.ndim:
            found = found[::2]
        elif way == "spread" and found.ndim < 5:
            found = found.expand(3, *found.shape)
        elif way == "parameter" and found.is_floating_point():
            found = torch.nn.Parameter(found.detach())
    return found


@pytest.mark.parametrize("form", ["new", "old"])
def test_what_torch_saves_is_read_bit_for_bit(form: str, tmp_path: Path) -> None:
    draw = random.Random(form)
    torch.manual_seed(0)
    for _ in range(15):
        whole = torch.randn(40)
        state = {f"{number}": any_tensor(draw) for number in range(6)}
        state |= {"a": whole[3:9], "b": whole[5:25].view(4, 5).T}
        path = tmp_path / "any.pt"
        torch.save(state, path, _use_new_zipfile_serialization=form == "new")
        file = opened(path)
        found = state_in(file.listed, (), None).tensors
        assert found.keys() == state.keys()
        for name, expected in state.items():
            values = found[name].read(path, file.places, big=file.big_endian)
            assert found[name].dtype == str(expected.dtype).removeprefix("torch.")
            assert values.shape == tuple(expected.shape)
            whole = expected.detach().clone(memory_format=torch.contiguous_format).flatten()
            assert values.tobytes() == whole.view(torch.uint8).numpy().tobytes()


def test_hostile_pickles_end_in_bounded_memory_and_time() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile_pickles"], check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
