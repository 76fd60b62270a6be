"""Addresses of documents as paths, and which of them lie in a folder that an editor gave."""

from __future__ import annotations

import ntpath
import os
import posixpath
import re
from collections.abc import Iterable
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Final
from urllib.parse import unquote, urlsplit

_DRIVE: Final = re.compile(r"/[A-Za-z]:(/|$)")


def path_of(uri: str) -> PurePath | None:
    """Give the path that an address means; None if it is that of no file.

    A drive letter makes it one of Windows, wherever the server runs; `..` is followed.

    >>> path_of("file:///c%3A/Nets/a%20b.cnn")
    PureWindowsPath('c:/Nets/a b.cnn')
    >>> path_of("untitled:Untitled-1") is None
    True
    """
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    path = unquote(parts.path)
    if parts.scheme != "file" or not path or "\0" in path:
        return None
    if _DRIVE.match(path):
        return PureWindowsPath(ntpath.normpath(path[1:]))
    if os.name == "nt":
        shared = f"//{parts.netloc}{path}" if parts.netloc else path
        return PureWindowsPath(ntpath.normpath(shared))
    return PurePosixPath(posixpath.normpath(path))


def name_of(uri: str) -> str:
    """Give the name of a document's file.

    >>> name_of("file:///c%3A/nets/a.cnn"), name_of("untitled:Untitled-1")
    ('a.cnn', 'untitled.cnn')
    """
    path = path_of(uri)
    return path.name if path is not None and path.name else "untitled.cnn"


def inside(path: PurePath, roots: Iterable[PurePath]) -> bool:
    """Whether a path lies in one of some folders, by its letters, or by what they lead to.

    >>> inside(PureWindowsPath("C:/Nets/a.cnn"), [PureWindowsPath("c:/nets")])
    True
    """
    given = list(roots)
    if any(root in path.parents or root == path for root in given):
        return True
    here = local(path)
    folders = [local(root) for root in given]
    if here is None:
        return False
    return any(
        _same(parent, folder) for parent in here.parents for folder in folders if folder is not None
    )


def local(path: PurePath) -> Path | None:
    """Give a path of the machine that the server runs on; None if it is another system's."""
    windows = isinstance(path, PureWindowsPath)
    return Path(path) if windows == (os.name == "nt") else None


def _same(a: Path, b: Path) -> bool:
    """Whether two paths are one folder, as `Nets` and `nets` are on some systems."""
    if a.name.lower() != b.name.lower():
        return False
    try:
        return a.samefile(b)
    except OSError:
        return False
