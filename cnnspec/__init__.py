"""cnnspec: one small text for a convolutional network; its graph, cost, picture and source.

>>> import cnnspec
>>> cnnspec.load("resnet50").params
25557032
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnnspec.version import VERSION as __version__

if TYPE_CHECKING:
    from cnnspec.api import load, load_all, loads
    from cnnspec.diagnostics import Diagnostic, SpecError
    from cnnspec.errors import CnnspecError, NotInstalled, UnknownNode
    from cnnspec.importing.api import from_keras, from_torch
    from cnnspec.network import Network
    from cnnspec.sweeps.stream import sweep

_HOMES = {
    "load": "cnnspec.api",
    "load_all": "cnnspec.api",
    "loads": "cnnspec.api",
    "Network": "cnnspec.network",
    "from_keras": "cnnspec.importing.api",
    "from_torch": "cnnspec.importing.api",
    "sweep": "cnnspec.sweeps.stream",
    "SpecError": "cnnspec.diagnostics",
    "Diagnostic": "cnnspec.diagnostics",
    "CnnspecError": "cnnspec.errors",
    "NotInstalled": "cnnspec.errors",
    "UnknownNode": "cnnspec.errors",
}

__all__ = [
    "CnnspecError",
    "Diagnostic",
    "Network",
    "NotInstalled",
    "SpecError",
    "UnknownNode",
    "__version__",
    "from_keras",
    "from_torch",
    "load",
    "load_all",
    "loads",
    "sweep",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'cnnspec' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
