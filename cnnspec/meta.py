"""What a spec's `meta` says, read so that whatever stands there can be shown."""

from __future__ import annotations

from cnnspec.graph import Graph


def title(graph: Graph) -> str:
    """Give the name in print on one line, without what would move a cursor; else the spec's name.

    A title that is no text, or an empty one, is none.
    """
    written = graph.meta.get("title")
    if not isinstance(written, str):
        return graph.name
    words = " ".join(written.split())
    return "".join(each for each in words if each.isprintable()).strip() or graph.name


def stated(graph: Graph, key: str) -> int | float | None:
    """Give a fact that is a number, `year` or `top1`; None for one of another kind."""
    value = graph.meta.get(key)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def words(graph: Graph, key: str) -> str | None:
    """Give a fact that is text; None for one of another kind."""
    value = graph.meta.get(key)
    return value if isinstance(value, str) else None
