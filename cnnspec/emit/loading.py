"""Emitted text as a module, so that what it defines can be built."""

from __future__ import annotations

import hashlib
import importlib.abc
import importlib.util
import sys
from types import ModuleType


class _SourceLoader(importlib.abc.ExecutionLoader):
    """Loads a module from text, so that tracebacks and TorchScript can read its lines."""

    def __init__(self, text: str) -> None:
        self.text = text

    def get_filename(self, fullname: str) -> str:
        return f"{fullname}.py"

    def get_source(self, fullname: str) -> str:
        return self.text


def module_of(text: str) -> ModuleType:
    """Import a text as a module of its own, once for each text."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    name = f"cnnspec_built_{digest}"
    if name not in sys.modules:
        loader = _SourceLoader(text)
        spec = importlib.util.spec_from_loader(name, loader, origin=f"{name}.py")
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        module.__file__ = f"{name}.py"
        sys.modules[name] = module
        try:
            loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
    return sys.modules[name]
