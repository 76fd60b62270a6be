"""Write the files that are generated, and find codes of diagnostics that no page explains."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import zoo_page

from cnnspec import highlight, manual, zoo
from cnnspec.op import Op
from cnnspec.ops import Operators
from cnnspec.syntax import table

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "operators.md"
GRAMMAR = ROOT / "cnnspec" / "syntax" / "grammar.lark"
TABLE = GRAMMAR.with_name("table.json")
INDEX = ROOT / "specs" / "index.json"
ZOO = ROOT / "docs" / "zoo.md"
SYNTAX = ROOT / "editors" / "vscode" / "syntaxes" / "cnn.tmLanguage.json"
ROW = 4  # pattern, code, title, help
CODE = re.compile(r"[a-z]+(-[a-z]+)*")
MAKERS = ("error", "unknown", "Diagnostic", "say")
OPENING = """# Operators

This page is generated from the declarations (`make docs`); `cnnspec ops NAME` prints a section.
The ways to write a step are in [language.md](language.md).
"""


def operators() -> str:
    """Write docs/operators.md: families in the order of their names, operators likewise."""
    known = {name: op for name, op in Operators().items() if op.__module__.startswith("cnnspec.")}
    families: dict[str, list[type[Op]]] = {}
    for name in sorted(known):
        families.setdefault(known[name].family, []).append(known[name])
    parts = [OPENING]
    for family in sorted(families):
        parts.append(f"## {family[0].upper()}{family[1:]}\n")
        parts += [manual.markdown(op) for op in families[family]]
    return "\n".join(parts)


def generated() -> dict[Path, str]:
    """Write what is generated from the program: file to text."""
    return {
        PAGE: operators(),
        TABLE: table.written(GRAMMAR.read_text("utf-8")),
        SYNTAX: highlight.grammar(),
    }


def generated_from_specs() -> dict[Path, str]:
    """Write what is generated from the networks that ship: file to text."""
    pictures = {ZOO.parent / "zoo" / f"{name}.svg": svg for name, svg in zoo_page.pictures()}
    return {INDEX: zoo.as_index(), ZOO: zoo_page.page(), **pictures}


def codes() -> dict[str, str]:
    """Find every code that a diagnostic can have in the sources: code to the first place of it."""
    found: dict[str, str] = {}
    for folder in ("cnnspec", "backends"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for code, line in _codes(ast.parse(file.read_text("utf-8"))):
                found.setdefault(code, f"{file.relative_to(ROOT)}:{line}")
    return found


def _codes(parsed: ast.Module) -> Iterator[tuple[str, int]]:
    """Find strings that are a diagnostic's first argument, its `code`, or stand in a table of them.

    A row of such a table is a pattern, a code, a title and a help.
    """
    for node in ast.walk(parsed):
        if isinstance(node, ast.Tuple) and len(node.elts) == ROW:
            row = [getattr(each, "value", None) for each in node.elts]
            if isinstance(row[1], str) and "-" in row[1] and CODE.fullmatch(row[1]):
                yield row[1], node.lineno
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        candidates = [each.value for each in node.keywords if each.arg == "code"]
        if name in MAKERS and node.args:
            candidates.append(node.args[0])
        for candidate in candidates:
            for part in ast.walk(candidate):
                text = part.value if isinstance(part, ast.Constant) else None
                if isinstance(text, str) and CODE.fullmatch(text):
                    yield text, node.lineno


def missing_pages() -> list[str]:
    """Name the codes without a page in docs/errors, and the pages without a code."""
    known = codes()
    written = {each.stem for each in (ROOT / "docs" / "errors").glob("*.md")}
    lacking = [f"{known[code]}: docs/errors/{code}.md is missing" for code in known]
    unused = [f"docs/errors/{code}.md: nothing has this code" for code in sorted(written)]
    return [
        line
        for code, line in zip([*known, *sorted(written)], [*lacking, *unused], strict=True)
        if (code in known) != (code in written)
    ]


def main() -> None:
    """Write the pages; with --check, name those that are stale or missing instead."""
    wrong = missing_pages()
    for file, text in {**generated(), **generated_from_specs()}.items():
        if "--check" not in sys.argv[1:]:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, "utf-8")
        elif not file.exists() or file.read_text("utf-8") != text:
            wrong.append(f"{file.relative_to(ROOT)} is stale: `make docs`")
    if wrong:
        sys.exit("\n".join(wrong))
    print("what is generated is up to date")


if __name__ == "__main__":
    main()
