"""How much one elaboration may use, so that every spec ends: each bound has a name and a flag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final

from cnnspec.diagnostics import SpecError, error, nearest
from cnnspec.source import Span

#: What is kept of a thing that is no node, in steps: one stands for some 50 bytes at most, and for
#: a microsecond, so that the bound of steps is one of memory and time, too.
CALL: Final = 20
#: A call that made no node, but decided something: what it decided is kept.
EMPTY_CALL: Final = 60
GROUP: Final = 8
SEGMENT: Final = 2
#: A parameter of a block that is called.
PARAMETER: Final = 4
DECISION: Final = 4
LOOP: Final = 4
#: A word of a file that is read, and a step that is applied, whatever comes of it.
WORD: Final = 4
#: A file that is used: it is looked for and read.
FILE: Final = 500
#: No number of more bits is computed with, whatever is asked for: figures are products of some.
WIDEST_INTEGER: Final = 200


@dataclass(frozen=True, slots=True)
class Limits:
    """The budgets of an elaboration.

    `nodes` in the graph; `depth` of blocks inside blocks; `steps` of evaluation (an expression, an
    element of a list and a turn of a loop are one each, a word of a file and a choice four, a group
    eight, a block that is called twenty); `text` characters in a path; `integer` bits of a whole
    number. The networks of one file that are loaded together share `nodes` and `steps`.
    """

    nodes: int = 250_000
    depth: int = 50
    steps: int = 4_000_000
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
            if name == "integer" and value > WIDEST_INTEGER:
                title = f"the limit integer is {WIDEST_INTEGER} at most, not {value}"
                raise error("bad-limit", title)
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class Used:
    """What the networks of a file that were loaded before took of the budgets that they share."""

    nodes: int = 0
    steps: int = 0


def exceeded(name: str, bound: int, what: str, span: Span | None) -> SpecError:
    """Make the diagnostic for a budget that ran out."""
    return error(
        "budget-exceeded",
        f"the spec {what}",
        span,
        f"the limit {name} = {bound:,} is reached here",
        help=f"if this is meant, raise it: `--limit {name}={10 * bound}`",
    )
