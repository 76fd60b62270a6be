"""Emitted classes held against graphs, operation by operation (`cnnspec_torch.proof`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import cnnspec
from cnnspec import backend
from cnnspec.emit.loading import module_of
from cnnspec.emit.lowering import Lowering
from cnnspec_torch.classes.write import write
from cnnspec_torch.proof import differences


@cache
def lowerings() -> Mapping[str, Lowering]:
    return {**backend.lowerings("torch"), **backend.find("torch").lowerings}


def maker(net: cnnspec.Network, *, inference: bool = False) -> Callable[[], Any]:
    """Give the class that is emitted for a network."""
    written = net.emitted("torch", inference=inference)
    return getattr(module_of(written.text), written.class_name)  # type: ignore[no-any-return]


def wrong(make: Callable[[], Any], net: cnnspec.Network, *, inference: bool = False) -> list[str]:
    """Say in what a class differs from the graph of a network."""
    return differences(make, net.elaborated, lowerings(), inference=inference)


def made(net: cnnspec.Network, *, inference: bool = False) -> Any:
    """Give the class that is written from a network's own program."""
    written = write(net.elaborated, lowerings(), ["A network."], inference=inference)
    return getattr(module_of(written.body), written.class_name)
