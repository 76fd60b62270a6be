"""Finds in a `.pt` file what it lists, and where each tensor's bytes stand; none is read yet.

torch.save has two forms: an archive of one pickle and a member for every storage, and, before
PyTorch 1.6, a row of pickles with the storages behind them
(https://pytorch.org/docs/stable/notes/serialization.html).
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

from cnnspec.checkpoint import Unreadable
from cnnspec_torch import pickled
from cnnspec_torch.pickled import Listed, NotRead
from cnnspec_torch.tensors import storage

#: What to ask of a file that is broken.
CUT: Final = "was it copied or downloaded whole?"
#: The largest pickle that is read: it lists names and sizes, and the tensors stand beside it.
LARGEST_PICKLE: Final = 64 * 2**20
#: What the first pickle of a file of before PyTorch 1.6 is.
OLD_MAGIC: Final = 0x1950A86A20F9469CFC6C
#: What a member's own header has before its name.
LOCAL_HEADER: Final = 30


@dataclass(frozen=True, slots=True)
class Opened:
    """What a file lists, and where each storage stands in it: its first byte, and how many."""

    listed: Listed
    places: Mapping[str, tuple[int, int]]
    big_endian: bool = False


def opened(path: Path) -> Opened:
    """Look into a file; raises Unreadable."""
    with path.open("rb") as file:
        head = file.read(2)
    if head[:1] == b"\x80":
        return _old(path)
    if head != b"PK":
        raise Unreadable("it is broken: it does not begin as PyTorch's files do")
    try:
        with zipfile.ZipFile(path) as archive:
            return _archive(path, archive)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error) as failure:
        raise Unreadable(f"it is broken: {first_line(failure)}", CUT) from None


def _archive(path: Path, archive: zipfile.ZipFile) -> Opened:
    members = {each.filename: each for each in archive.infolist()}
    _check_what_it_is(path, members)
    total = sum(each.file_size for each in members.values())
    if any(each.compress_type != zipfile.ZIP_STORED for each in members.values()):
        raise Unreadable("it is compressed, and PyTorch writes none that is")
    if total > path.stat().st_size:
        raise Unreadable(f"it says that it holds {total:,} bytes, and has fewer")
    list_name = next((name for name in members if name.endswith("/data.pkl")), "")
    if not list_name:
        raise Unreadable("it holds no list of tensors")
    if members[list_name].file_size > LARGEST_PICKLE:
        raise Unreadable("its list of tensors is too long for a network")
    root = list_name.removesuffix("data.pkl")
    order = members.get(f"{root}byteorder")
    return Opened(
        _read(BytesIO(archive.read(list_name))),
        dict(_members(path, members, f"{root}data/")),
        order is not None and order.file_size < 16 and archive.read(order) == b"big",
    )


def _check_what_it_is(path: Path, members: Mapping[str, zipfile.ZipInfo]) -> None:
    """Name the archives of PyTorch's that are no state dict; raises Unreadable."""
    file = path.name
    if any(name.endswith("/constants.pkl") for name in members):
        raise Unreadable(
            "it is a TorchScript program (`torch.jit.save`), code and all",
            "if you trust it, save its weights alone: "
            f"`torch.save(torch.jit.load({file!r}, 'cpu').state_dict(), 'weights.pt')`",
        )
    if any(name.endswith(("/archive_format", "/models/model.json")) for name in members):
        raise Unreadable(
            "it is a program that `torch.export.save` wrote, code and all",
            "if you trust it, save its weights alone: "
            f"`torch.save(torch.export.load({file!r}).state_dict, 'weights.pt')`",
        )


def _members(
    path: Path, members: Mapping[str, zipfile.ZipInfo], folder: str
) -> Iterator[tuple[str, tuple[int, int]]]:
    """Give every storage's place: behind the member's own header, whose length it says itself."""
    with path.open("rb") as file:
        for name, member in members.items():
            if name.startswith(folder):
                file.seek(member.header_offset)
                header = file.read(LOCAL_HEADER)
                named, more = struct.unpack("<HH", header[26:30])
                start = member.header_offset + LOCAL_HEADER + named + more
                yield name.removeprefix(folder), (start, member.file_size)


def _old(path: Path) -> Opened:
    """Read the form of before PyTorch 1.6: five pickles, and every storage behind its length."""
    with path.open("rb") as file:
        front = BytesIO(file.read(LARGEST_PICKLE))
    first = _read(front)
    if first.value != OLD_MAGIC:
        raise Unreadable(
            "it is a Python pickle that torch.save did not write"
            + "".join(f"; loading it would run {name}" for name in first.names[:1]),
            "what is converted is `torch.save(model.state_dict(), 'weights.pt')`",
        )
    _version, _machine, listed, keys = (_read(front) for _ in range(4))
    found = [storage(each) for each in listed.outside]
    sizes = {each.key: each.size for each in found if each is not None}
    if not isinstance(keys.value, list):
        raise Unreadable("it is broken: its storages have no order")
    places, end = {}, path.stat().st_size
    start = front.tell()
    for key in keys.value:
        if key not in sizes:
            raise Unreadable("it is broken: a storage is in no tensor", CUT)
        start += 8  # the length, which the list has too
        places[key] = (start, sizes[key])
        start += sizes[key]
        if start > end:
            raise Unreadable("it is broken: it is cut off", CUT)
    return Opened(listed, places)


def _read(file: BytesIO) -> Listed:
    try:
        return pickled.read(file)
    except NotRead as failure:
        raise Unreadable(f"it is broken: its list of tensors is none: {failure}", CUT) from None


def first_line(failure: Exception) -> str:
    """Give what somebody else's exception says, in one line."""
    return (str(failure).splitlines() or [type(failure).__name__])[0][:200]
