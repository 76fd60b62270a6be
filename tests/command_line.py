"""What tests of the command line share: a small spec, the program as a process, what is typed."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

TINY = """network tiny(classes = 10) {
    image = input(3, 8, 8)
    output logits = image -> conv(4, 3) -> relu -> gap -> dense(classes)
}
"""


def process(*arguments: str, **how) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cnnspec", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **how)


def typed(monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
    stream = io.TextIOWrapper(io.BytesIO(text))
    monkeypatch.setattr(sys, "stdin", stream)
