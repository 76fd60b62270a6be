"""A comparison as plain data, the schema `cnnspec.diff/1` of docs/diff.md."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from cnnspec.diff.data import Diff, Hunk
from cnnspec.witness import weight_key

SCHEMA: Final = "cnnspec.diff/1"


def as_data(diff: Diff) -> dict[str, Any]:
    """Give a comparison as numbers, words and lists."""
    return {
        "a": diff.a.name,
        "b": diff.b.name,
        "same": diff.same,
        "hunks": _hunks(diff.hunks),
        "follows": _hunks(diff.follows),
        "figures": [
            {"name": f.name, "unit": f.unit, "before": f.before, "after": f.after}
            for f in diff.figures
        ],
        "keys": {
            "missing": list(diff.keys.missing),
            "extra": list(diff.keys.extra),
            "reshaped": [
                {"key": key, "before": list(before), "after": list(after)}
                for key, before, after in diff.keys.reshaped
            ],
            "renamed": [{"before": old, "after": new} for old, new in diff.keys.renamed],
            "kept": diff.keys.kept,
        },
    }


def _hunks(hunks: Sequence[Hunk]) -> list[dict[str, Any]]:
    return [
        {
            "kind": hunk.kind,
            "where": hunk.where,
            "what": hunk.what,
            "changes": [change._asdict() for change in hunk.changes],
            "places": [place._asdict() for place in hunk.places],
        }
        for hunk in hunks
    ]


def renames(diff: Diff) -> str:
    """Write the tensors of A that stand under another name in B, one `OLD=NEW` a line.

    It is what `cnnspec convert --rename-file` reads: all are changed at once, the longest part of a
    name first. A name that stays, and has one that changes as a part, is said to stay.
    """
    changed = dict(diff.keys.renamed)
    names = (weight_key(node, weight) for node in diff.a.nodes for weight in node.weights)
    stay = {name: name for name in names if name not in changed and _has(name, changed)}
    return "".join(f"{old}={new}\n" for old, new in (changed | stay).items())


def _has(name: str, changed: Collection[str]) -> bool:
    """Whether a name has one of others as a part between its dots."""
    parts = name.split(".")
    ends = range(len(parts) + 1)
    return any(".".join(parts[a:b]) in changed for a in ends for b in range(a + 1, len(parts) + 1))
