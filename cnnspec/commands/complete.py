"""What a shell may complete a word to: networks, operators, backends, codes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem

#: Gives what a word of the command line may become.
Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _beginning(words: Callable[[], Iterable[str]]) -> Complete:
    def complete(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[CompletionItem]:
        return [CompletionItem(word) for word in words() if word.startswith(begun)]

    return complete


def _operators() -> Iterable[str]:
    from cnnspec.ops import operators

    return sorted(operators())


def _backends() -> Iterable[str]:
    from cnnspec.backend import available

    return [each.name for each in available() if each.failure is None]


def _codes() -> Iterable[str]:
    from cnnspec.library import pages

    return pages()


def _networks() -> Iterable[str]:
    from cnnspec.library import shipped

    return shipped()


def spec(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
    """Complete to a network that ships, or let the shell complete to a file."""
    return [*networks(ctx, param, begun), CompletionItem(begun, type="file")]


operators = _beginning(_operators)
backends = _beginning(_backends)
codes = _beginning(_codes)
networks = _beginning(_networks)
