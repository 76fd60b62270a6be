"""Write docs/zoo.md and its pictures from the specs that ship."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

import cnnspec
from cnnspec import library
from cnnspec.zoo import Entry, entries

OPENING = """# The zoo

{count} networks ship, in {files} files; this page is generated from them (`make docs`).
`cnnspec zoo` lists them, `cnnspec zoo NAME` prints a spec, and every command takes a network's
name.

Parameters are the trainable ones, training heads included. MACs are multiply-adds of convolutions
and dense layers at batch 1, in inference. Inputs are channels x height x width. Top-1 is the
accuracy in percent that was published; where, stands below each table. What a spec's comments say
of its source, and of where an implementation differs from the paper, stands above it.
"""
COMMENT = re.compile(r"(?:^#.*\n)+", re.MULTILINE)


def page() -> str:
    """Write docs/zoo.md: a section a file, in the order of files."""
    listed = entries()
    files = {each.file for each in listed}
    parts = [OPENING.format(count=len(listed), files=len(files))]
    for file, group in groupby(listed, key=lambda each: each.file):
        parts.append(section(file, list(group)))
    return "\n".join(parts)


def section(file: str, members: list[Entry]) -> str:
    """Write what a file holds: what its comments say, a picture, figures, sources."""
    shown = members[0]
    lines = [f"## {file.removesuffix('.cnn')}", ""]
    for comment in comments(library.zoo_text(file)):
        lines += [comment, ""]
    lines += [f"![{shown.title}](zoo/{shown.name}.svg)", ""]
    lines += [
        "| network | | parameters | MACs | input | top-1 | paper |",
        "| --- | --- | ---: | ---: | --- | ---: | --- |",
    ]
    for each in members:
        top1 = "" if each.top1 is None else f"{each.top1:.2f}"
        figures = f"{each.params:,} | {each.macs:,} | {each.input} | {top1}"
        lines.append(f"| `{each.name}` | {each.title} | {figures} | {each.paper}, {each.year} |")
    sources = dict.fromkeys(each.top1_source for each in members if each.top1_source)
    if sources:
        lines += ["", f"Top-1: {'; '.join(sources)}."]
    return "\n".join(lines) + "\n"


def comments(text: str) -> list[str]:
    """Give the comments that stand at the edge of a spec's text, a paragraph each."""
    found = (re.sub(r"^# ?", "", each, flags=re.MULTILINE) for each in COMMENT.findall(text))
    return [" ".join(each.split()) for each in found]


def pictures() -> Iterator[tuple[str, str]]:
    """Draw the first network of each file: its name and an SVG."""
    for name in shown():
        yield name, cnnspec.load(name).draw("svg").decode()


def shown() -> list[str]:
    """Name the first network of each file."""
    return [next(group).name for _, group in groupby(entries(), key=lambda each: each.file)]
