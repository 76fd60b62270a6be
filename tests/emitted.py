"""What the tests of emitted source share: every shipped network, and its source, once a session."""

from __future__ import annotations

from functools import cache
from typing import Any

import cnnspec
from cnnspec import library


@cache
def network(name: str) -> cnnspec.Network:
    return cnnspec.load(name)


@cache
def source(name: str, *, inference: bool = False) -> str:
    return network(name).source("torch", inference=inference)


def build(name: str, *, device: str = "cpu") -> Any:
    import torch

    with torch.device(device):
        return network(name).build("torch")


def shipped() -> list[str]:
    return sorted(library.shipped())
