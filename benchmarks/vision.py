"""torchvision's models beside a torch that its compiled part was not built for.

Its models are Python alone. Its own `__init__` loads the compiled part, for boxes and images, and
that refuses another torch; so the package is entered past it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGES = Path(__file__).parent.parent / "build" / "peers"
#: Heads as ours has them, and no slow drawing of weights that are given anyway.
HEADS = {"aux_logits": True, "init_weights": False}
ARGUMENTS: dict[str, dict[str, bool]] = {"googlenet": HEADS}
#: Networks of ours that are torchvision's under another name.
ELSEWHERE = {"googlenet": "googlenet_torchvision"}


def models() -> Any:
    """Give torchvision's module of models."""
    if "torchvision" not in sys.modules:
        package = ModuleType("torchvision")
        package.__path__ = [str(PACKAGES / "torchvision")]
        sys.modules["torchvision"] = package
        sys.path.append(str(PACKAGES))
    return import_module("torchvision.models")


def peer(name: str) -> Any:
    """Make a model of torchvision's."""
    return models().get_model(name, weights=None, **ARGUMENTS.get(name, {}))
