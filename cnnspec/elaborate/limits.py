"""How much one elaboration may use, so that every spec ends: each bound has a name and a flag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from cnnspec.diagnostics import SpecError, error, nearest
from cnnspec.source import Span


@dataclass(frozen=True, slots=True)
class Limits:
    """The budgets of an elaboration.

    `nodes` in the graph; `depth` of blocks inside blocks; `steps` of evaluation (an expression, an
    element of a list and a turn of a loop are one each); `text` characters in a path; `integer`
    bits of a whole number.
    """

    nodes: int = 250_000
    depth: int = 50
    steps: int = 10_000_000
    text: int = 400
    integer: int = 63

    def raised(self, changes: Mapping[str, int]) -> Limits:
        """Change some bounds by name; raises SpecError for an unknown name or a bad number."""
        known = {each.name for each in fields(self)}
        for name, value in changes.items():
            if name not in known:
                guess = nearest(name, known)
                words = ", ".join(sorted(known))
                raise error(
                    "bad-limit",
                    f"there is no limit called {name}",
                    help=f"did you mean `{guess}`?" if guess else f"the limits are {words}",
                )
            if value < 1:
                raise error("bad-limit", f"the limit {name} must be at least 1, not {value}")
        return replace(self, **changes)


def exceeded(name: str, bound: int, what: str, span: Span | None) -> SpecError:
    """Make the diagnostic for a budget that ran out."""
    return error(
        "budget-exceeded",
        f"the spec {what}",
        span,
        f"the limit {name} = {bound:,} is reached here",
        help=f"if this is meant, raise it: `--limit {name}={10 * bound}`",
    )
