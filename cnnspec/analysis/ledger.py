"""What is in memory at a moment of a training step, and the most that ever was; in bytes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from cnnspec.analysis.storage import Buffer


@dataclass(slots=True, eq=False)
class _Gradient:
    """Memory of a gradient, and how many buffers' gradients are in it."""

    bytes: int
    users: int = 1


class Ledger:
    """Buffers that run or are saved, notes, gradients of what flows, gradients of weights."""

    def __init__(self) -> None:
        self.live = 0
        self.most = 0
        self._held: dict[Buffer, int] = {}
        self._running: set[Buffer] = set()
        self._savers: Counter[Buffer] = Counter()
        self._noted = 0
        self._gradients: dict[Buffer, _Gradient] = {}

    def take(self, count: int) -> None:
        """Take memory; it is given back by what took it, or never."""
        self.live += count
        self.most = max(self.most, self.live)

    def briefly(self, count: int) -> None:
        """Take memory and give it back at once."""
        self.take(count)
        self.live -= count

    def write(self, buffer: Buffer, count: int, *, over: bool = False) -> None:
        """Begin a buffer; `over` where it takes the place of one that is dropped next."""
        if buffer not in self._held:
            self._held[buffer] = count
            if over:
                self.live += count
            else:
                self.take(count)
        self._running.add(buffer)

    def save(self, needed: dict[Buffer, int], noted: int) -> None:
        """Keep buffers for the way back, and what is noted besides."""
        self._savers.update(needed.keys())
        self._noted += noted
        self.take(noted)

    def drop(self, buffer: Buffer) -> None:
        """Say that nothing on the way forward reads a buffer any more."""
        self._running.discard(buffer)
        self._settle(buffer)

    def release(self, needed: dict[Buffer, int], noted: int) -> None:
        """Give back what was saved."""
        self._savers.subtract(needed.keys())
        for buffer in needed:
            self._settle(buffer)
        self._noted -= noted
        self.live -= noted

    def _settle(self, buffer: Buffer) -> None:
        if buffer in self._held and buffer not in self._running and not self._savers[buffer]:
            self.live -= self._held.pop(buffer)

    def saved(self) -> int:
        """Count what waits for the way back."""
        return self._noted + sum(n for buffer, n in self._held.items() if self._savers[buffer])

    def gradient(self, buffer: Buffer, count: int, *, passed: Buffer | None = None) -> None:
        """Begin a buffer's gradient, or add to it; `passed` is whose gradient it shares.

        A sum goes into memory that is the gradient's own, else it takes new memory.
        """
        shared = None if passed is None else self._gradients.get(passed)
        known = self._gradients.get(buffer)
        if known is None and shared is not None:
            shared.users += 1
            self._gradients[buffer] = shared
            return
        if known is None:
            self._gradients[buffer] = _Gradient(count)
            self.take(count)
            return
        arrived = count if shared is None else 0
        self.take(arrived)
        if known.users > 1:
            known.users -= 1
            self._gradients[buffer] = _Gradient(count)
            self.take(count)
        self.live -= arrived

    def spend(self, buffer: Buffer) -> None:
        """Say that a buffer's producer has used its gradient."""
        gradient = self._gradients.pop(buffer, None)
        if gradient is not None:
            gradient.users -= 1
            if not gradient.users:
                self.live -= gradient.bytes
