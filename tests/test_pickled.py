"""What is read of a pickle: data, in bounded memory, whatever it says."""

from __future__ import annotations

import collections
import pickle
import resource
import subprocess
import sys
from io import BytesIO

import pytest

from cnnspec_torch import pickled
from cnnspec_torch.pickled import Global, Made, NotRead

END = b"."
HOSTILE = {
    "a key that takes forever to hash": b"\x80\x02}" + b")" + b"2\x86" * 500_000 + b"K\x01s" + END,
    "a key that nests": b"\x80\x02}" + b")" + b"\x85" * 1_000_000 + b"K\x01s" + END,
    "a number of a billion in the memo": b"\x80\x02Nr\xff\xff\xff\x7f" + END,
    "an array of an exabyte": b"\x80\x05\x96" + (2**60).to_bytes(8, "little") + END,
    "a frame of an exabyte": b"\x80\x04\x95" + (2**60).to_bytes(8, "little") + b"N" + END,
    "a text of an exabyte": b"\x80\x04\x8d" + (2**60).to_bytes(8, "little") + END,
    "marks": b"\x80\x02" + b"(" * 1_000_000 + END,
    "a number of many digits": b"I" + b"9" * 1_000_000 + b"\n" + END,
    "nothing": b"",
    "no end": b"\x80\x02N",
    "an empty stack": b"\x80\x020" + END,
    "more than there is": b"\x80\x02\x86" + END,
    "an unknown instruction": b"\xff" + END,
    "what was registered": b"\x80\x02\x82\x01" + END,
    "keys without values": b"\x80\x02}(X\x01\x00\x00\x00au" + END,
    "a key in a list": b"\x80\x02](X\x01\x00\x00\x00aNu" + END,
    "an item in a number": b"\x80\x02NNa" + END,
}


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
        pickled.read(BytesIO(b"\x80\x02" + b"N0" * 500 + b"N" + END))


def _read_hostile() -> None:
    """Read all of them in 600 MB and 60 s of a processor: what a child of the test below does."""
    resource.setrlimit(resource.RLIMIT_AS, (600 * 2**20, 600 * 2**20))
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    for text in HOSTILE.values():
        try:
            pickled.read(BytesIO(text))
        except NotRead:
            continue


def test_hostile_pickles_end_in_bounded_memory_and_time() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.test_pickled"], check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]


if __name__ == "__main__":
    _read_hostile()
