"""One page that stands alone: the whole network, folded and unfolded by a click."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

from cnnspec.draw import heat, words
from cnnspec.draw.escape import printable
from cnnspec.draw.options import Look, View
from cnnspec.draw.subject import SAID, Pair, Subject
from cnnspec.draw.theme import THEMES
from cnnspec.draw.tree import root


def page(graph: Subject, view: View, look: Look) -> bytes:
    """Write the page: its style, its program and the network are in it, and it fetches nothing."""
    web = Path(__file__).parent / "web"
    marks = words.DOT.join(SAID.values()) if isinstance(graph, Pair) else ""
    data: dict[str, Any] = {
        "title": words.heading(graph),
        "totals": printable(words.totals(graph, look)),
        "legend": words.DOT.join(filter(None, (words.legend(look), marks))),
        "heat": f"share of {'MACs' if look.heat == 'macs' else look.heat}" if look.heat else "",
        "steps": heat.STEPS if look.heat else [],
        "direction": look.direction,
        "colors": _colors(look),
        "root": root(graph, view, look),
    }
    # What could end the element that holds it, or begin a comment in it, is written as an escape.
    held = json.dumps(data, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    text = (web / "page.html").read_text("utf-8")
    for name, content in (
        ("TITLE", escape(words.heading(graph))),
        ("STYLE", (web / "page.css").read_text("utf-8")),
        ("PROGRAM", (web / "page.js").read_text("utf-8")),
        ("NETWORK", held),
    ):
        before, mark, after = text.partition(f"<!--{name}-->")
        assert mark
        text = before + content + after
    return text.encode()


def _colors(look: Look) -> dict[str, Any]:
    theme = THEMES[look.theme]
    names = ("background", "ink", "muted", "line", "skip", "cell", "border", "pill", "run")
    return {
        **{name: getattr(theme, name) for name in names},
        "frames": theme.frames,
        "headerInk": theme.header_ink,
        "families": dict(theme.families),
        "other": theme.other,
        "heat": theme.heat,
        "heatInk": theme.heat_ink,
    }
