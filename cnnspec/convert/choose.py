"""Finds out what a file is, by what is in it, and what to write, by its name."""

from __future__ import annotations

from pathlib import Path

from cnnspec import checkpoint
from cnnspec.checkpoint import Kind
from cnnspec.convert.words import shown
from cnnspec.diagnostics import SpecError, error


def kind_of(path: Path) -> Kind:
    """Give the kind of a file that is there; its name is asked only where its bytes say nothing."""
    _check_plain(path)
    if claiming := checkpoint.claiming(path):
        return claiming
    known = checkpoint.working()
    for kind in known:
        if path.name.endswith(kind.suffixes):
            return kind
    raise error(
        "unreadable-checkpoint",
        f"{shown(path)} is no checkpoint that is known here",
        notes=tuple(f"{kind.name}: {', '.join(kind.suffixes)}" for kind in known),
        help=None if known else "no backend is installed: `pip install -e .`",
    )


def kind_for(path: Path, name: str | None) -> Kind:
    """Give the kind to write: the one that is named, or the one whose suffix the path has."""
    if name is None:
        known = checkpoint.working()
        for kind in known:
            if path.name.endswith(kind.suffixes):
                return kind
        raise error(
            "unknown-checkpoint",
            f"the name {shown(path)} does not say what to write",
            notes=tuple(f"{kind.name}: {', '.join(kind.suffixes)}" for kind in known),
            help="say it with `--to`, and let the name end so",
        )
    kind = checkpoint.find(name)
    if not path.name.endswith(kind.suffixes):
        raise error(
            "unknown-checkpoint",
            f"{kind.name} does not write a file called {shown(path)}",
            help=f"let its name end in {' or '.join(kind.suffixes)}",
        )
    return kind


def unreadable(path: Path, reason: str, help: str | None = None) -> SpecError:
    """Make the exception for a file that is not read."""
    return error("unreadable-checkpoint", f"cannot read {shown(path)}: {reason}", help=help)


def _no_file(path: Path, reason: str, help: str | None = None) -> SpecError:
    return error("unreadable-file", f"cannot read {shown(path)}: {reason}", help=help)


def _folder(path: Path) -> SpecError:
    if (path / "saved_model.pb").exists():
        return unreadable(
            path,
            "it is a TensorFlow SavedModel, code and all",
            "save the weights of the Keras model it was made from: "
            "`model.save_weights('x.weights.h5')`",
        )
    return _no_file(path, "it is a folder", "name the file in it")


def _check_plain(path: Path) -> None:
    """Refuse what is not there and what is no plain file; raises SpecError."""
    try:
        if path.is_dir():
            raise _folder(path)
        if not path.exists():
            raise _no_file(path, "there is no such file")
        if not path.is_file():
            raise _no_file(path, "it is no plain file")
        with path.open("rb") as file:
            empty = not file.read(1)
    except (OSError, ValueError) as failure:
        reason = getattr(failure, "strerror", None) or str(failure)
        raise _no_file(path, str(reason).lower()) from None
    if empty:
        raise unreadable(path, "it is empty")
