"""The first line of an emitted file: who wrote it, from what, and a digest that tells an edit."""

from __future__ import annotations

import hashlib
import re

_LINE = re.compile(r"# Written by cnnspec \S+ from [ -~]+; sha256 of the rest: ([0-9a-f]{16})\n")


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]


def stamp(body: str, *, origin: str, version: str) -> str:
    """Put the header before a body."""
    clean = re.sub(r"[^ -~]|;", "_", origin)
    head = f"# Written by cnnspec {version} from {clean}; sha256 of the rest: {_digest(body)}\n"
    return head + body


def intact(text: str) -> bool:
    """Whether a file has our header and is as it was written."""
    match = _LINE.match(text)
    return match is not None and match[1] == _digest(text[match.end() :])
