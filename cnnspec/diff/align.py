"""Two rows of members laid beside each other: pairs in order, and gaps between them.

The row of pairs that is worth most is taken, where a pair is worth the more the more its two are
alike, and every gap costs a little, so that what was inserted in one place stays in one place.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeVar

T = TypeVar("T")

#: What it costs to open a gap, where a good pair is worth 3 and more.
GAP: Final = 0.35
#: A gap is moved by so many members at most.
SLIDE: Final = 8
#: So many members of longer rows are looked at together.
WINDOW: Final = 96
#: Rows whose lengths multiply to more are cut first where both have what no other member is.
LARGEST: Final = 60_000


class Gap(NamedTuple):
    """Members of A and of B that stand between pairs and have no partner."""

    a: range
    b: range


def align(
    a: Sequence[T],
    b: Sequence[T],
    numbers: tuple[Sequence[int], Sequence[int]],
    worth: Callable[[T, T], float | None],
    leads: Callable[[T], bool] | None = None,
) -> tuple[list[tuple[int, int]], list[Gap]]:
    """Pair members of two rows; members of one of the `numbers` are equal.

    `worth` says how alike two are, None for what is never a pair. Where a gap may as well stand a
    little further on, it is put where it begins with what `leads`.
    """
    keys_a, keys_b = numbers
    start = 0
    while start < min(len(a), len(b)) and keys_a[start] == keys_b[start]:
        start += 1
    end = 0
    while end < min(len(a), len(b)) - start and keys_a[-1 - end] == keys_b[-1 - end]:
        end += 1
    pairs = [(place, place) for place in range(start)]
    stop_a, stop_b = len(a) - end, len(b) - end
    pairs += _middle(a, b, (start, stop_a, start, stop_b), keys_a, keys_b, worth)
    pairs += [(len(a) - n, len(b) - n) for n in range(end, 0, -1)]
    if leads is not None:
        pairs = _slid(pairs, b, keys_b, leads)
        pairs = [(i, j) for j, i in _slid([(j, i) for i, j in pairs], a, keys_a, leads)]
    return pairs, _gaps(pairs, len(a), len(b))


def _slid(
    pairs: list[tuple[int, int]], b: Sequence[T], keys: Sequence[int], leads: Callable[[T], bool]
) -> list[tuple[int, int]]:
    """Move each stretch of B without partners on, or back, to where it begins well.

    What is passed over takes the place at the stretch's other end, where an equal member stands.
    """
    result = list(pairs)
    for at in range(len(pairs)):
        i, stop = result[at]
        start = result[at - 1][1] + 1 if at else 0
        alone = i == (result[at - 1][0] + 1 if at else 0)
        if start == stop or not alone or leads(b[start]):
            continue
        for way, first in ((1, 0), (-1, -1)):
            passed: dict[int, tuple[int, int]] = {}
            for step in range(first, first + way * SLIDE, way):
                before, after = (stop, start) if way > 0 else (start, stop)
                place = at + step
                if not 0 <= place < len(result) or result[place] != (i + step, before + step):
                    break
                if keys[before + step] != keys[after + step]:
                    break
                passed[place] = (i + step, after + step)
                if leads(b[start + step + (way > 0)]):
                    for where, pair in passed.items():
                        result[where] = pair
                    break
            if result[at] != (i, stop) or (at and result[at - 1][1] != start - 1):
                break
    return result


def _middle(
    a: Sequence[T],
    b: Sequence[T],
    bounds: tuple[int, int, int, int],
    keys_a: Sequence[int],
    keys_b: Sequence[int],
    worth: Callable[[T, T], float | None],
) -> list[tuple[int, int]]:
    from_a, to_a, from_b, to_b = bounds
    if (to_a - from_a) * (to_b - from_b) <= LARGEST:
        found = _best(a[from_a:to_a], b[from_b:to_b], worth)
        return [(x + from_a, y + from_b) for x, y in found]
    result: list[tuple[int, int]] = []
    anchors = _anchors(keys_a[from_a:to_a], keys_b[from_b:to_b])
    at_a, at_b = from_a, from_b
    for x, y in [*((x + from_a, y + from_b) for x, y in anchors), (to_a, to_b)]:
        if (x - at_a) * (y - at_b) <= LARGEST:
            found = _best(a[at_a:x], b[at_b:y], worth)
            result += [(i + at_a, j + at_b) for i, j in found]
        else:
            result += [(i + at_a, j + at_b) for i, j in _along(a[at_a:x], b[at_b:y], worth)]
        if (x, y) != (to_a, to_b):
            result.append((x, y))
        at_a, at_b = x + 1, y + 1
    return result


def _along(
    a: Sequence[T], b: Sequence[T], worth: Callable[[T, T], float | None]
) -> list[tuple[int, int]]:
    """Pair two long rows window by window; of each the first half is kept."""
    result: list[tuple[int, int]] = []
    x = y = 0
    while x < len(a) and y < len(b):
        found = _best(a[x : x + WINDOW], b[y : y + WINDOW], worth)
        if x + WINDOW < len(a) or y + WINDOW < len(b):
            found = found[: max(1, len(found) // 2)]
        result += [(i + x, j + y) for i, j in found]
        on = found[-1] if found else (WINDOW // 2, WINDOW // 2)
        x, y = x + on[0] + 1, y + on[1] + 1
    return result


def _anchors(a: Sequence[int], b: Sequence[int]) -> list[tuple[int, int]]:
    """Pair what stands in both rows once, the most that keep their order (patience)."""
    once_a, once_b = _once(a), _once(b)
    pairs = sorted((place, once_b[key]) for key, place in once_a.items() if key in once_b)
    tops: list[int] = []
    piles: list[int] = []
    before: dict[int, int | None] = {}
    for number, (_, y) in enumerate(pairs):
        pile = bisect_left(tops, y)
        before[number] = piles[pile - 1] if pile else None
        tops[pile : pile + 1], piles[pile : pile + 1] = [y], [number]
    result: list[tuple[int, int]] = []
    last = piles[-1] if piles else None
    while last is not None:
        result.append(pairs[last])
        last = before[last]
    return result[::-1]


def _once(keys: Sequence[int]) -> dict[int, int]:
    counts = Counter(keys)
    return {key: place for place, key in enumerate(keys) if counts[key] == 1}


def _best(
    a: Sequence[T], b: Sequence[T], worth: Callable[[T, T], float | None]
) -> list[tuple[int, int]]:
    """Find the row of pairs that is worth most, each opened gap paid for (Gotoh, 1982)."""
    if not a or not b:
        return []
    last = float("-inf")
    wide = len(b) + 1
    #: What is gained from here on: by a pair here, after a pair, within a gap.
    pair = [[last] * wide for _ in range(len(a) + 1)]
    after = [[0.0] * wide for _ in range(len(a) + 1)]
    within = [[0.0] * wide for _ in range(len(a) + 1)]
    for x in range(len(a), -1, -1):
        for y in range(len(b), -1, -1):
            if x == len(a) and y == len(b):
                continue
            skip = max(
                within[x + 1][y] if x < len(a) else last, within[x][y + 1] if y < len(b) else last
            )
            alike = worth(a[x], b[y]) if x < len(a) and y < len(b) else None
            if alike is not None:
                pair[x][y] = alike + after[x + 1][y + 1]
            after[x][y] = max(pair[x][y], skip - GAP)
            within[x][y] = max(pair[x][y], skip)
    result: list[tuple[int, int]] = []
    x = y = 0
    inside = False
    while x < len(a) and y < len(b):
        if pair[x][y] >= (within if inside else after)[x][y]:
            result.append((x, y))
            x, y, inside = x + 1, y + 1, False
        else:
            inside = True
            if within[x][y + 1] >= within[x + 1][y]:
                y += 1
            else:
                x += 1
    return result


def _gaps(pairs: Sequence[tuple[int, int]], length_a: int, length_b: int) -> list[Gap]:
    gaps: list[Gap] = []
    x = y = 0
    for i, j in [*pairs, (length_a, length_b)]:
        if i > x or j > y:
            gaps.append(Gap(range(x, i), range(y, j)))
        x, y = i + 1, j + 1
    return gaps
