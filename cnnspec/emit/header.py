"""The first line of an emitted file: who wrote it, from what, and a digest that tells an edit."""

from __future__ import annotations

import hashlib
import re

_LINE = re.compile(r"# Written by cnnspec \S+ from [ -~]+; sha256 of the rest: ([0-9a-f]{16})\n")


def digest(content: bytes) -> str:
    """Give what tells an edit: the first 16 digits of a sha256."""
    return hashlib.sha256(content).hexdigest()[:16]


def stamp(body: str, *, origin: str, version: str) -> str:
    """Put the header before a body."""
    clean = re.sub(r"[^ -~]|;", "_", origin)
    found = digest(body.encode())
    return f"# Written by cnnspec {version} from {clean}; sha256 of the rest: {found}\n{body}"


def intact(text: str) -> bool:
    """Whether a file has our header and is as it was written."""
    match = _LINE.match(text)
    return match is not None and match[1] == digest(text[match.end() :].encode())


def body(text: str) -> str:
    """Give a file without our header, if it has one."""
    match = _LINE.match(text)
    return text if match is None else text[match.end() :]
