"""How a hunk is said: in what, and what."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from cnnspec.analysis.wording import numbers
from cnnspec.diff.data import Change
from cnnspec.diff.found import Found
from cnnspec.diff.regions import Member, label, name
from cnnspec.graph import Node, Scope
from cnnspec.kinds import brief
from cnnspec.sinks import line

_LONG: Final = re.compile(r"\d+\.\d{6,}")
#: So many members of a row, and changes of one argument, are said.
MOST = 4


def where(found: Sequence[Found]) -> str:
    """Say in what a hunk is: `16 x bottleneck`, `layer2`, nothing for the network itself."""
    scopes = list(dict.fromkeys(map(_around, found)))
    named = [each for each in scopes if each is not None]
    if not named or not all(each.path for each in named):
        return ""
    first, blocks = named[0], {each.block for each in named}
    if len(named) == 1:
        return f"{first.path} = {first.block}" if first.block else first.path
    if len(blocks) == 1 and first.block is not None:
        return f"{len(named)} x {first.block}"
    return f"{first.path} and {len(named) - 1} more"


def _around(found: Found) -> Scope | None:
    """Give the instance of a block that a difference is in, or of the network the group."""
    if found.around is not None and found.around[1].path:
        return found.around[1]
    return found.scope_b or found.scope_a


def what(found: Sequence[Found], changes: Sequence[Change]) -> str:
    """Say what changed."""
    first = found[0]
    if first.kind in ("inserted", "removed", "replaced", "regrouped") and not first.what:
        return _structure(found)
    subject = _subject(found)
    if first.site[:1] == ("block",):  # type: ignore[index]
        return f"{len(found)} x {first.what}" if len(found) > 1 else first.what
    if first.what:
        return first.what
    return f"{subject}{', '.join(_values(changes))}"


def _values(changes: Sequence[Change]) -> list[str]:
    """Write `groups 1 -> 32`; of one argument that changes in several ways the first few."""
    ways: dict[str, list[str]] = {}
    for change in changes:
        before, after = _differing(change)
        ways.setdefault(change.name, []).append(f"{before} -> {after}")
    return [
        f"{key} {', '.join(listed[:MOST])}{' ...' if len(listed) > MOST else ''}"
        for key, listed in ways.items()
    ]


def _differing(change: Change) -> tuple[str, str]:
    return _short(change.before), _short(change.after)


def _short(text: str | None) -> str:
    """Write a value: `[3, 3]` as 3, a long decimal with four digits, no more than a line of it."""
    if text is None:
        return "none"
    items = text[1:-1].split(", ")
    if text[:1] == "[" and len(set(items)) == 1 and "[" not in items[0]:
        text = items[0]
    return brief(_LONG.sub(lambda found: f"{float(found[0]):.4g}", line(text)))


def _subject(found: Sequence[Found]) -> str:
    """Say which steps: `conv2: `, `7 x conv: `, or nothing where the network itself is meant."""
    members = list(dict.fromkeys(m for each in found for m in each.members_b[:1]))
    if not members:
        return ""
    segments = dict.fromkeys(each.segment for each in members)
    if len(segments) == 1:
        said = members[0].segment
        return f"{said}: " if label(members[0]) or said.isalpha() else f"{_one(members[0])}: "
    return f"{len(members)} x {name(members[0])}: "


def _one(member: Member) -> str:
    kind = name(member)
    return member.segment if member.segment.startswith(kind) else f"{member.segment} = {kind}"


def _structure(found: Sequence[Found]) -> str:
    first = found[0]
    new, out = _row(first.members_b), _row(first.members_a)
    counts = {(len(each.members_a), len(each.members_b)) for each in found}
    times = f"{len(found)} x " if len(found) > len({id(each.scope_b) for each in found}) else ""
    if len(counts) > 1:
        new, out, times = _counted(found, added=True), _counted(found, added=False), ""
    said = {"inserted": new, "removed": out, "regrouped": f"{out} now stands as {new}"}
    return times + said.get(first.kind, f"{out} is now {new}")


def _counted(found: Sequence[Found], *, added: bool) -> str:
    """Say what stands in rows of several lengths: `24 x dense_layer, 24 x concat`."""
    kinds: dict[str, int] = {}
    for each in found:
        for member in each.members_b if added else each.members_a:
            kinds[name(member)] = kinds.get(name(member), 0) + 1
    return ", ".join(f"{count} x {kind}" for kind, count in kinds.items())


def _row(members: Sequence[Member]) -> str:
    """Say members in a row; equal ones next to each other once."""
    said: list[tuple[str, int]] = []
    for each in members:
        one = describe(each)
        if said and said[-1][0] == one:
            said[-1] = one, said[-1][1] + 1
        else:
            said.append((one, 1))
    texts = [f"{one} x {times}" if times > 1 else one for one, times in said]
    more = f" -> ... {len(texts) - MOST} more" if len(texts) > MOST else ""
    return " -> ".join(texts[:MOST]) + more


def describe(member: Member) -> str:
    """Say a step or scope: `se = squeeze_excite(16)`, `conv 3x3 /2`."""
    from cnnspec.analysis.wording import call

    named = f"{member.segment} = " if label(member) is not None else ""
    if isinstance(member, Node):
        return f"{named}{member.kind} {numbers(member)}".strip()
    if member.block is not None:
        return f"{named}{call(member)}"
    inside = [name(each) for each in member.members if isinstance(each, Node | Scope)]
    return f"{member.segment}: ({' -> '.join(inside[:MOST])}{' ...' if len(inside) > MOST else ''})"
