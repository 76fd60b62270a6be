"""Which tests need PyTorch, Keras or TensorFlow: those marked so, and files that import one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
FRAMEWORKS = frozenset(("torch", "keras", "tensorflow", "jax"))
FOLDERS = (ROOT, ROOT / "backends")


def imports_one(path: Path) -> bool:
    """Whether a file imports a framework as it is imported, itself or by files of ours."""
    waiting, seen = [path.resolve()], {path.resolve()}
    while waiting:
        names = _names(waiting.pop())
        if any(name.partition(".")[0] in FRAMEWORKS for name in names):
            return True
        files = {folder / f"{name.replace('.', '/')}.py" for name in names for folder in FOLDERS}
        fresh = {each for each in files - seen if each.is_file()}
        seen |= fresh
        waiting += fresh
    return False


@cache
def _names(path: Path) -> frozenset[str]:
    return frozenset(_imported(ast.parse(path.read_text(encoding="utf-8")).body))


def _imported(body: list[ast.stmt]) -> Iterator[str]:
    """Give the modules that statements import when they run, those within `if` and `try` too."""
    for each in body:
        if isinstance(each, ast.Import):
            yield from (alias.name for alias in each.names)
        elif isinstance(each, ast.ImportFrom) and each.module:
            yield each.module
            yield from (f"{each.module}.{alias.name}" for alias in each.names)
        elif isinstance(each, ast.If) and not _is_for_types(each):
            yield from _imported(each.body + each.orelse)
        elif isinstance(each, ast.Try):
            yield from _imported(each.body)


def _is_for_types(statement: ast.If) -> bool:
    return isinstance(statement.test, ast.Name) and statement.test.id == "TYPE_CHECKING"
