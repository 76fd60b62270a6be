"""What a step of training keeps in memory: weights, gradients, the optimiser's state, activations.

Going forward, each layer saves what its gradient needs again (`Op.gradient_needs`): a convolution
its input, batch norm its input, relu its output; what several need is saved once. Going back,
layers give up what they saved one after the other, while the gradients of weights pile up. With
`recompute` a block saves its inputs only and runs a second time on the way back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cnnspec.analysis.ledger import Ledger
from cnnspec.analysis.macs import node_macs
from cnnspec.analysis.memory import weight_bytes
from cnnspec.analysis.parameters import trainable
from cnnspec.analysis.run import INDEX, Run
from cnnspec.analysis.shares import outermost
from cnnspec.analysis.storage import Buffer, Step, overwrites, steps
from cnnspec.graph import Graph, Node, Scope

#: Numbers that an optimiser keeps for each parameter.
OPTIMISERS: Final = {"sgd": 0, "momentum": 1, "adam": 2, "adamw": 2}


@dataclass(frozen=True, slots=True)
class Training:
    """Bytes of one step of training, and what it computes.

    `saved` is what waits for the way back when the way forward is done; `peak` the fullest moment
    of the step, everything in it; `macs` the multiply-adds forward, training heads among them;
    `recomputed` those of blocks that run a second time.
    """

    weights: int
    gradients: int
    optimiser: int
    saved: int
    peak: int
    macs: int
    recomputed: int


def training(
    graph: Graph, run: Run, *, optimiser: str = "adam", recompute: bool = False
) -> Training:
    """Size a step of training; raises ValueError for an optimiser that is not known."""
    if optimiser not in OPTIMISERS:
        raise ValueError(f"{optimiser!r} is not one of {', '.join(OPTIMISERS)}")
    weights = weight_bytes(graph.nodes, run)
    gradients = run.bytes * trainable(graph.nodes)
    state = OPTIMISERS[optimiser] * gradients
    way = _Way(graph, run, recompute=recompute)
    most = way.there_and_back()
    return Training(
        weights,
        gradients,
        state,
        way.saved_at_the_turn,
        max(weights + state + most, weights + state + gradients),
        run.batch * sum(map(node_macs, graph.nodes)),
        way.recomputed(),
    )


@dataclass(slots=True, eq=False)
class _Part:
    """Steps that run one after the other; of a block if they run again on the way back."""

    unit: Scope | None
    steps: list[Step]

    @property
    def again(self) -> bool:
        """Whether they run a second time on the way back."""
        return self.unit is not None

    def inputs(self) -> set[Buffer]:
        """Give the buffers that are read and were written outside."""
        written = {buffer for step in self.steps for buffer in step.writes}
        return {buffer for step in self.steps for buffer in step.reads} - written


class _Way:
    """One step of training, forward and back; sizes in bytes."""

    def __init__(self, graph: Graph, run: Run, *, recompute: bool) -> None:
        self.run = run
        self.steps = steps(graph, training=True)
        self.learns: dict[Node, bool] = {}
        self.last_reader: dict[Buffer, Node] = {}
        for step in self.steps:
            node = step.node
            sources = any(self.learns[port.node] for port in node.inputs)
            self.learns[node] = sources or any(weight.trainable for weight in node.weights)
            self.last_reader.update((buffer, node) for buffer in step.reads)
        self.overwritten = self._overwritten() if run.in_place else set()
        self.parts = self._parts(recompute=recompute)
        self.ledger = Ledger()
        self.saved_at_the_turn = 0

    def _overwritten(self) -> set[Buffer]:
        """Find what activations write over: nobody else reads it, and no gradient needs it."""
        needed = {buffer for step in self.steps for buffer in self._needs(step)}
        found = set()
        for step in self.steps:
            last = all(self.last_reader[buffer] is step.node for buffer in step.reads)
            if overwrites(step, others_wait=not last) and step.reads[0] not in needed:
                found.add(step.reads[0])
        return found

    def _parts(self, *, recompute: bool) -> list[_Part]:
        found: list[_Part] = []
        for step in self.steps:
            unit = outermost(step.node) if recompute else None
            if not found or found[-1].unit is not unit:
                found.append(_Part(unit, []))
            found[-1].steps.append(step)
        return found

    def recomputed(self) -> int:
        """Count the multiply-adds of what runs a second time."""
        again = (step for part in self.parts if part.again for step in part.steps)
        return self.run.batch * sum(node_macs(step.node) for step in again)

    def _bytes(self, buffer: Buffer) -> int:
        return buffer.size * self.run.batch * self.run.bytes

    def _needs(self, step: Step) -> dict[Buffer, int]:
        """Give the buffers that a step's gradient needs again, with their bytes."""
        wanted: list[Buffer] = []
        if self.learns[step.node]:
            needs = step.node.op.gradient_needs
            wanted += step.reads if "inputs" in needs else ()
            wanted += step.writes if "outputs" in needs else ()
        return {buffer: self._bytes(buffer) for buffer in wanted}

    def _noted(self, step: Step) -> int:
        if not self.learns[step.node]:
            return 0
        noted = step.node.op.noted(step.node.input_shapes, step.node.shapes)
        return self.run.batch * (self.run.bytes * noted.numbers + INDEX * noted.indices)

    def there_and_back(self) -> int:
        """Give the most bytes at a time, weights and the optimiser's state left out."""
        for part in self.parts:
            if part.again:
                self.ledger.save({b: self._bytes(b) for b in part.inputs()}, 0)
            self._forward(part, saving=not part.again)
        self.saved_at_the_turn = self.ledger.saved()
        for step in self.steps:
            for buffer in step.writes:
                if buffer.stays and self.learns[step.node]:
                    self.ledger.gradient(buffer, self._bytes(buffer))
        for part in reversed(self.parts):
            if part.again:
                self._forward(part, saving=True)
                for step in part.steps:
                    for buffer in step.writes:
                        self.ledger.drop(buffer)
            for step in reversed(part.steps):
                self._back(step)
            if part.again:
                self.ledger.release({b: self._bytes(b) for b in part.inputs()}, 0)
        return self.ledger.most

    def _forward(self, part: _Part, *, saving: bool) -> None:
        for step in part.steps:
            over = not self.overwritten.isdisjoint(step.reads)
            for buffer in step.writes:
                self.ledger.write(buffer, self._bytes(buffer), over=over)
            if saving:
                self.ledger.save(self._needs(step), self._noted(step))
            for buffer in (*step.reads, *step.writes):
                if self.last_reader.get(buffer, step.node) is step.node and not buffer.stays:
                    self.ledger.drop(buffer)

    def _back(self, step: Step) -> None:
        node = step.node
        if not (self.learns[node] and step.writes):
            return
        widest = max(self._bytes(buffer) for buffer in step.writes)
        passed = step.writes[0] if node.op.passes_gradient else None
        for buffer in step.reads:
            if self.learns[buffer.owner]:
                if node.op.spreads and self._bytes(buffer) < widest and not passed:
                    self.ledger.briefly(widest)  # before it is summed to what was spread
                shared = None if buffer in step.cropped else passed
                self.ledger.gradient(buffer, self._bytes(buffer), passed=shared)
        self.ledger.take(self.run.bytes * trainable([node]))
        self.ledger.release(self._needs(step), self._noted(step))
        for buffer in step.writes:
            self.ledger.spend(buffer)
