"""Pickles that mean harm, read within bounds by a process of its own."""

from __future__ import annotations

import resource
from io import BytesIO

from cnnspec_torch import pickled
from cnnspec_torch.pickled import NotRead

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


def read_all() -> None:
    """Read all of them in 600 MB and 60 s of a processor."""
    resource.setrlimit(resource.RLIMIT_AS, (600 * 2**20, 600 * 2**20))
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    for text in HOSTILE.values():
        try:
            pickled.read(BytesIO(text))
        except NotRead:
            continue


if __name__ == "__main__":
    read_all()
