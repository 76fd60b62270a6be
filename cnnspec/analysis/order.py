"""The order of steps that needs the least memory at its fullest moment.

Steps that every order must do before, or after, all others cut the network into segments, which
are searched one by one: best first, over the sets of steps that are done. A step that fits and
leaves no more memory taken than before is done at once, since waiting with it never helps. The
search is exact up to STATES sets in all, where few steps can run at a time, and fewer where many
can; beyond, and in a segment of over LARGEST steps, the result is an upper bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from itertools import pairwise
from typing import Final, NamedTuple

from cnnspec.analysis.liveness import fullest
from cnnspec.analysis.run import Run
from cnnspec.analysis.storage import Buffer, Step, overwrites, steps
from cnnspec.graph import Graph, Node

#: Sets of steps that are looked at for one network: 4 branches of 14 steps side by side have as
#: many.
STATES: Final = 50_000

#: A segment of more steps is left as written: a set of its steps would be a long number.
LARGEST: Final = 2_000
#: A set of steps counts as one more for so many steps that could be next, and so many in all.
NEXT: Final = 5
WORD: Final = 64

#: A way through a segment: the way so far, and the step that was done last.
Trail = tuple["Trail", int] | None


class Best(NamedTuple):
    """The least bytes at the fullest moment, whether no order needs less, and the order itself."""

    bytes: int
    exact: bool
    order: tuple[Node, ...]


def best_order(graph: Graph, run: Run, *, states: int = STATES) -> Best:
    """Search for the order of one inference that needs the least memory at a time."""
    search = _Search(steps(graph), in_place=run.in_place, states=states)
    numbers, places = search.run()
    order = tuple(search.steps[place].node for place in places)
    return Best(numbers * run.batch * run.bytes, search.exact, order)


class _Search:
    """The steps, and how many more sets of them may be looked at."""

    def __init__(self, listed: Sequence[Step], *, in_place: bool, states: int) -> None:
        self.steps = listed
        self.in_place = in_place
        self.left = states
        self.exact = True
        place = {step.node.index: place for place, step in enumerate(listed)}
        self.needs = [{place[port.node.index] for port in each.node.inputs} for each in listed]
        self.inputs = sum(each.node.op.is_input for each in listed)

    def run(self) -> tuple[int, list[int]]:
        """Give the most numbers at a time, and the order that keeps to it."""
        written, _ = fullest(self.steps, in_place=self.in_place)
        bound = max(map(self._alone, self.steps))
        if bound >= written:
            return written, list(range(len(self.steps)))
        live = sum(buffer.size for each in self.steps[: self.inputs] for buffer in each.writes)
        bound = max(bound, live)
        order = list(range(self.inputs))
        for start, stop in pairwise(self._cuts()):
            bound, live, found = self._segment(start, stop, bound, live)
            order += found
        return bound, order

    def _alone(self, step: Step) -> int:
        """Count what must be there while a step runs, in any order."""
        if self.in_place and overwrites(step, others_wait=False):
            return step.reads[0].size
        return sum(buffer.size for buffer in (*step.reads, *step.writes))

    def _cuts(self) -> list[int]:
        """Give where segments begin, and the end: a step that none can run beside stands alone."""
        count = len(self.steps)
        soonest = [count] * count
        for place, needs in enumerate(self.needs):
            for each in needs:
                soonest[each] = min(soonest[each], place)
        cuts = {self.inputs, count}
        back = [count] * (count + 1)
        for place in reversed(range(self.inputs, count)):
            back[place] = min(back[place + 1], max(self.needs[place]))
        reach = -1
        for place in range(self.inputs, count):
            if reach <= place <= back[place + 1]:
                cuts |= {place, place + 1}
            reach = max(reach, soonest[place])
        return sorted(cuts)

    def _segment(self, start: int, stop: int, bound: int, live: int) -> tuple[int, int, list[int]]:
        """Give the bound that an order of these steps keeps to, what is live then, the order."""
        most, end = self._as_written(start, stop, bound, live)
        if most > bound:
            found = None
            if self.left > 0 and stop - start <= LARGEST:
                found = _Segment(self, start, stop).search(bound, live, most)
            if found is not None:
                return found
            self.exact = False
        return most, end, list(range(start, stop))

    def _as_written(self, start: int, stop: int, bound: int, live: int) -> tuple[int, int]:
        """Do steps in the order as written; give the bound that this keeps to, and what is live."""
        for place in range(start, stop):
            step = self.steps[place]
            dropped = sum(b.size for b in step.reads if b.readers[-1] == place and not b.stays)
            most, live = self.after(step, live, dropped)
            bound = max(bound, most)
        return bound, live

    def after(self, step: Step, live: int, dropped: int) -> tuple[int, int]:
        """Give the numbers that are there while a step runs, and when it has dropped so many."""
        if self.in_place and overwrites(step, others_wait=not dropped):
            return live, live
        taken = sum(buffer.size for buffer in step.writes)
        unread = sum(b.size for b in step.writes if not b.readers and not b.stays)
        return live + taken, live + taken - dropped - unread


class _Segment:
    """Steps from one cut to the next, numbered from 0; sets of them are bits of a number."""

    def __init__(self, search: _Search, start: int, stop: int) -> None:
        self.whole, self.start, self.count = search, start, stop - start
        self.steps = search.steps[start:stop]
        self.needs = [
            sum(1 << each - start for each in needs if each >= start)
            for needs in search.needs[start:stop]
        ]
        masks: dict[int, int] = {}
        #: What each step reads: how many numbers, and the readers that must be done to drop them.
        self.reads = [
            [
                (buffer.size, self._readers(buffer, masks))
                for buffer in step.reads
                if not buffer.stays and buffer.readers[-1] < stop
            ]
            for step in self.steps
        ]

    def _readers(self, buffer: Buffer, masks: dict[int, int]) -> int:
        """Give the set of the steps that read a buffer; many may read the same."""
        key = id(buffer)
        if key not in masks:
            start = self.start
            masks[key] = sum(1 << each - start for each in buffer.readers if each >= start)
        return masks[key]

    def after(self, step: int, done: int, live: int) -> tuple[int, int]:
        """Give the numbers that are there while a step runs, and when it has."""
        done |= 1 << step
        dropped = sum(size for size, readers in self.reads[step] if readers & ~done == 0)
        return self.whole.after(self.steps[step], live, dropped)

    def _options(self, done: int, bound: int, live: int) -> list[tuple[int, int, int]]:
        """Give the steps to try next, each with its bound and what is live after it."""
        options = []
        for step, needs in enumerate(self.needs):
            if done >> step & 1 or needs & ~done:
                continue
            most, then = self.after(step, done, live)
            if most <= bound and then <= live:
                return [(step, bound, then)]
            options.append((step, max(bound, most), then))
        return options

    def search(self, bound: int, live: int, worst: int) -> tuple[int, int, list[int]] | None:
        """Search the best order; None if there are more sets than may be looked at.

        `worst` is the bound that the order as written keeps to.
        """
        heap: list[tuple[int, int, int, int, int, Trail]] = [(bound, 0, 0, 0, live, None)]
        seen: set[int] = set()
        pushed = 0
        while heap:
            bound, _, _, done, live, trail = heappop(heap)
            if done == (1 << self.count) - 1:
                return bound, live, self._steps(trail)
            if done in seen:
                continue
            seen.add(done)
            options = self._options(done, bound, live)
            wide = len(options) // NEXT
            self.whole.left -= max(1, self.count // WORD + wide)
            if self.whole.left < 0:
                return None
            for step, most, then in options:
                if most <= worst:
                    pushed += 1
                    further = done | 1 << step
                    entry = (most, -further.bit_count(), pushed, further, then, (trail, step))
                    heappush(heap, entry)
        return None

    def _steps(self, trail: Trail) -> list[int]:
        found: list[int] = []
        while trail is not None:
            trail, step = trail
            found.append(self.start + step)
        return found[::-1]
