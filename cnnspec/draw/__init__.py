"""Pictures of a network: one page, blocks and repeats folded."""

from __future__ import annotations

from cnnspec.draw.dot import dot
from cnnspec.draw.engine import EngineMissing, layout
from cnnspec.graph import Graph


def draw(
    graph: Graph,
    *,
    format: str = "svg",
    depth: int | None = None,
    engine: str = "pure",
    timeout: float = 20.0,
) -> bytes:
    """Draw a network as `svg`, `png` or `dot`; raises EngineMissing where nothing lays it out.

    `depth` is how many levels of scopes are opened (1 if left out). A picture that takes longer
    than `timeout` seconds is drawn with one level less; raises TimeoutError if none is left.
    """
    levels = 1 if depth is None else depth
    while True:
        text = dot(graph, depth=levels)
        if format == "dot":
            return text.encode()
        try:
            return layout(text, format=format, engine=engine, timeout=timeout)
        except TimeoutError:
            if levels == 0:
                raise
            levels = min(levels - 1, 3)


__all__ = ["EngineMissing", "dot", "draw"]
