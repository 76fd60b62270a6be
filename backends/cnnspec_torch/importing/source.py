"""Finds the module that is meant: `package:callable`, `file.py:Name`, or one that lives already."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from cnnspec.importing.refusal import refused
from cnnspec_torch.importing.constructed import Constructed


def made(source: object, set: Mapping[str, Any]) -> tuple[nn.Module, Constructed, str]:
    """Give the module, the constructors' arguments that were seen, and what to call it.

    Running a Python source runs its code. Raises SpecError for what is no model.
    """
    constructed = Constructed()
    if isinstance(source, nn.Module):
        if set:
            raise refused("a module that lives already takes no arguments")
        return unwrapped(source), constructed, type(unwrapped(source)).__name__
    with constructed.watching():
        factory = _named(str(source)) if isinstance(source, str | Path) else source
        if isinstance(factory, nn.Module):
            return unwrapped(factory), constructed, type(unwrapped(factory)).__name__
        if not callable(factory):
            raise refused(f"{source} is {type(factory).__name__}, and nothing that makes a model")
        try:
            module = factory(**set)
        except Exception as failure:
            raise refused(
                f"{source} is not made: it raises {raised(failure)}",
                help="give a constructor's arguments by `--set NAME=VALUE`",
            ) from failure
    if not isinstance(module, nn.Module):
        raise refused(f"{source} gives {type(module).__name__}, and no torch.nn.Module")
    module = unwrapped(module)
    return module, constructed, getattr(factory, "__name__", type(module).__name__)


def unwrapped(module: nn.Module) -> nn.Module:
    """Take off what wraps a model and is none: DataParallel, torch.compile."""
    while True:
        inner = getattr(module, "_orig_mod", None)
        if isinstance(module, nn.DataParallel | nn.parallel.DistributedDataParallel):
            inner = module.module
        if not isinstance(inner, nn.Module):
            return module
        module = inner


def raised(failure: Exception) -> str:
    """Say in one line what a model's own code raised."""
    first = next(iter(str(failure).splitlines()), "")
    return f"{type(failure).__name__}: {first}" if first else type(failure).__name__


def parted(source: str) -> tuple[str, str] | None:
    """Part `module:name`, or `file.py:Name`; None: it is neither.

    >>> parted("torchvision.models:resnet18"), parted("net.py:Net"), parted("model.onnx")
    (('torchvision.models', 'resnet18'), ('net.py', 'Net'), None)
    """
    place, colon, name = source.rpartition(":")
    words = name.split(".")
    if not colon or not place or not all(each.isidentifier() for each in words):
        return None
    if place.endswith(".py") or all(each.isidentifier() for each in place.split(".")):
        return place, name
    return None


def _named(source: str) -> object:
    parts = parted(source)
    if parts is None:
        raise refused(f"{source} is no `module:callable` and no `file.py:Name`")
    place, name = parts
    found: object = _file(Path(place)) if place.endswith(".py") else _module(place)
    for word in name.split("."):
        if not hasattr(found, word):
            raise refused(f"{place} has no {name}")
        found = getattr(found, word)
    return found


def _module(name: str) -> object:
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as failure:
        if failure.name is not None and f"{name}.".startswith(f"{failure.name}."):
            whole = name.partition(".")[0]
            raise refused(f"there is no module {failure.name}", help=f"install {whole}") from None
        raise refused(f"{name} needs {failure.name}, which is not installed") from None
    except Exception as failure:
        raise refused(f"{name} raises {raised(failure)} when it is imported") from failure


def _file(path: Path) -> object:
    """Run a file as a module of its own; what stands beside it can be imported."""
    if not path.is_file():
        raise refused(f"there is no file {path}")
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    name = path.stem
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise refused(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as failure:
        raise refused(f"{path} raises {raised(failure)} when it is run") from failure
    return module
