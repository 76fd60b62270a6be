"""What a shell may complete a word to: networks, operators, columns, devices, paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem

#: Gives what a word of the command line may become.
Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def one_of(words: Callable[[], Iterable[str]]) -> Complete:
    """Complete to one of these words."""

    def complete(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
        return [CompletionItem(word) for word in words() if word.startswith(begun)]

    return complete


def listed(words: Callable[[], Iterable[str]]) -> Complete:
    """Complete the last of several words with commas between them, each once."""

    def complete(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
        before, comma, last = begun.rpartition(",")
        given = before.split(",")
        return [
            CompletionItem(f"{before}{comma}{word}")
            for word in words()
            if word.startswith(last) and word not in given
        ]

    return complete


def _operators() -> Iterable[str]:
    from cnnspec.ops import operators

    return sorted(operators())


def _backends() -> Iterable[str]:
    from cnnspec.backend import available

    return [each.name for each in available() if each.failure is None]


def _witnesses() -> Iterable[str]:
    from cnnspec import witness

    return witness.names()


def _kinds() -> Iterable[str]:
    from cnnspec import checkpoint

    return checkpoint.kinds()


def _devices() -> Iterable[str]:
    from cnnspec.analysis.roofline import DEVICES

    return DEVICES


def _shown() -> Iterable[str]:
    from cnnspec.draw.options import SHOWN

    return SHOWN


def _codes() -> Iterable[str]:
    from cnnspec.library import pages

    return pages()


def _networks() -> Iterable[str]:
    from cnnspec.library import shipped

    return shipped()


def spec(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete to a network that ships, or let the shell complete to a file."""
    return [*networks(ctx, param, begun), CompletionItem(begun, type="file")]


def scopes(ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete to a block or a step of the spec that was typed, one level at a time."""
    from cnnspec.api import load
    from cnnspec.diagnostics import SpecError

    # Where the word begun is an option's, click leaves the arguments before it unread.
    typed = ctx.params.get("spec") or next((each for each in ctx.args if each[:1] != "-"), "")
    try:
        network = load(str(typed))
    except SpecError:
        return []
    level = begun.count(".") + 1
    paths = (".".join(node.path.split(".")[:level]) for node in network.nodes)
    return [CompletionItem(path) for path in dict.fromkeys(paths) if path.startswith(begun)]


operators = one_of(_operators)
backends = one_of(_backends)
codes = one_of(_codes)
networks = one_of(_networks)
devices = one_of(_devices)
kinds = one_of(_kinds)
witnesses = listed(_witnesses)
shown = listed(_shown)
