"""Slips of the pen, planted in specs that ship: how many are told in one run, and what else is.

The kinds are split in two halves: the first was worked on, the second was kept to judge by.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cnnspec
from cnnspec import library
from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.source import Source, Span
from cnnspec.syntax import tree
from cnnspec.syntax.parse import parse

Plant = Callable[[str, random.Random], str | None]


def swap(pattern: str, by: str | Callable[[re.Match[str]], str]) -> Plant:
    """Replace one of the places of a line at which a pattern matches."""

    def plant(line: str, chance: random.Random) -> str | None:
        places = list(re.finditer(pattern, line))
        if not places:
            return None
        match = chance.choice(places)
        return (
            line[: match.start()]
            + match.expand(by if isinstance(by, str) else by(match))
            + line[match.end() :]
        )

    return plant


def misspelt(match: re.Match[str]) -> str:
    """Double a letter in the middle of a word."""
    word = match[0]
    at = len(word) // 2
    return word[:at] + word[at] + word[at:]


OPERATORS = r"\b(?:conv|dense|maxpool|avgpool|dropout|concat|flatten|relu)\b(?!\s*[=:])"
KINDS: dict[str, Plant] = {
    # the half that was worked on
    "a bracket is not closed": swap(r"\)(?=[^()]*$)", ""),
    "a bracket is closed twice": swap(r"\)", "))"),
    "a brace is not opened": swap(r" \{$", ""),
    "an argument has no value": swap(r"(\w+ = )\w+(?=[,)])", r"\1"),
    "an arrow is a minus": swap(r"->", "-"),
    "a word of the language is misspelt": swap(r"\b(return|output|network|block)\b(?= )", misspelt),
    "an operator is misspelt": swap(OPERATORS, misspelt),
    "an argument is misspelt": swap(r"\b(stride|groups|pad|bias)\b(?= = )", misspelt),
    "a name is not known": swap(r"(?<=-> )[a-z_]+(?=\(|$| )", r"no_such_\g<0>"),
    "a number is a text": swap(r"(stride|pad) = \d", r'\1 = "two"'),
    "a comparison is an assignment": swap(r"^(\s*if .*) == ", r"\1 = "),
    "an argument is given twice": swap(r"(stride|pad) = \w+", r"\g<0>, \g<0>"),
    # the half that was kept to judge by
    "a list is not closed": swap(r"\](?=[^\]]*$)", ""),
    "a comma is missing": swap(r"(?<=\w), (?=\w+( =|\)))", " "),
    "an arrow is doubled": swap(r"->", "-> ->"),
    "an arrow is another language's": swap(r"->", "=>"),
    "a sign is doubled": swap(r" = ", " = = "),
    "an operator ends the line": swap(r"$", " +"),
    "`in` is missing": swap(r"^(\s*for .*) in ", r"\1 "),
    "a block is misspelt": swap(r"(?<=-> )[a-z0-9_]+_[a-z0-9_]+(?=\()", misspelt),
    "an attribute is misspelt": swap(r"\.channels\b", ".chanels"),
    "a count is negative": swap(r"\b(conv|dense)\((\d+)", r"\1(-\2"),
    "a block has one argument too many": swap(
        r"(\w+_\w+)\(([^()]+)\)", r"\1(\2, 1, 2, 3, 4, 5, 6, 7, 8, 9)"
    ),
    "a number has a comma": swap(r"\b0\.(\d)", r"0,\1"),
}
HALF = 12
WORKED_ON = tuple(KINDS)[:HALF]
KEPT = tuple(KINDS)[HALF:]


@dataclass(frozen=True)
class Slip:
    """A slip, its line from 0, and the lines of the statement that it was made in."""

    kind: str
    line: int
    place: range


@dataclass(frozen=True)
class Case:
    text: str
    network: str
    slips: tuple[Slip, ...]


def told(text: str, network: str) -> tuple[Diagnostic, ...]:
    try:
        cnnspec.loads(text, name="a.cnn", network=network)
    except SpecError as wrong:
        return wrong.diagnostics
    return ()


def _statements(text: str) -> list[int]:
    """Give the numbers of the lines that slips are planted in, from 0: far apart statements."""
    lines = text.split("\n")
    return [n for n, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")]


def planted(seed: int, kinds: tuple[str, ...]) -> Case | None:
    """Plant one to five slips, each a mistake by itself, in different statements of a file."""
    chance = random.Random(seed)
    network = chance.choice(sorted(library.shipped()))
    text = library.zoo_text(network)
    lines = text.split("\n")
    wanted = chance.randint(1, 5)
    slips: list[Slip] = []
    for _ in range(60):
        if len(slips) == wanted:
            break
        kind = chance.choice(kinds)
        number = chance.choice(_statements(text))
        if any(abs(number - each.line) < 3 for each in slips):
            continue
        slipped = KINDS[kind](lines[number], chance)
        if slipped is None:
            continue
        alone = text.split("\n")
        alone[number] = slipped
        if not told("\n".join(alone), network):
            continue  # no mistake: it has a meaning, or nothing ever reads it
        lines[number] = slipped
        slips.append(Slip(kind, number, _place(text, number)))
    if not slips:
        return None
    return Case("\n".join(lines), network, tuple(slips))


def _place(text: str, number: int) -> range:
    """Give the lines of the innermost statement or item that a line belongs to."""
    best = range(number, number + 1)
    widest = 10**9
    pending: list[object] = list(parse(Source("a.cnn", text)).items)
    while pending:
        node = pending.pop()
        if isinstance(node, tuple):
            pending.extend(node)
        elif isinstance(node, tree.Node):
            lines = set(_covered(node.span))
            if number in lines and isinstance(node, tree.Stmt | tree.Item) and len(lines) < widest:
                best, widest = range(min(lines), max(lines) + 1), len(lines)
            pending.extend(getattr(node, word, ()) for word in ("body", "arms", "orelse"))
    return best


def _covered(span: Span) -> range:
    first = span.line - 1
    return range(first, first + span.text.count("\n") + 1)


def _lines(diagnostic: Diagnostic) -> Iterator[int]:
    for label in diagnostic.labels:
        yield from _covered(label.span)


def judged(case: Case) -> tuple[list[Slip], list[Diagnostic], int]:
    """Give the slips that are not told, what is told of no slip, and how much is told."""
    found = [each for each in told(case.text, case.network) if each.severity == "error"]
    near = [{n + d for n in _lines(each) for d in (-1, 0, 1)} for each in found]
    missed = [slip for slip in case.slips if not any(each & set(slip.place) for each in near)]
    cascade = [
        each
        for each, lines in zip(found, near, strict=True)
        if not any(lines & set(slip.place) for slip in case.slips)
    ]
    return missed, cascade, len(found)
