"""Runs the witnesses one after the other and holds what they tell against the first."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from cnnspec.graph import Node
from cnnspec.plugins import culprit
from cnnspec.verify import draw
from cnnspec.verify.certificate import Certificate, Held, Weights, What, spec_digest
from cnnspec.verify.compare import Distance, distance
from cnnspec.verify.noise import Dropped, examine
from cnnspec.verify.spool import Spool, check_room
from cnnspec.verify.verdict import Verdict
from cnnspec.witness import Case, Dtype, Emitted, Testimony, Witness, weight_key

if TYPE_CHECKING:
    from cnnspec.network import Network
    from cnnspec.witness import Array

#: What is told when a run is over, and as what.
ENDS: Final[Mapping[What, str]] = {
    "output": "outputs",
    "state": "state",
    "gradient": "gradients",
}
#: Called with the witness's name, and how many of how many nodes it has told.
Progress = Callable[[str, int, int], None]


def verify(
    network: Network,
    witnesses: Sequence[Witness],
    *,
    training: bool = False,
    dtype: Dtype = "float64",
    batch: int = 2,
    seed: int = 0,
    weights: Weights | None = None,
    progress: Progress = lambda _name, _done, _all: None,
) -> Certificate:
    """Hold witnesses against each other on one case; the first is the measure of the rest.

    All get the same weights and inputs, drawn from a seed but for the weights that are given. Every
    node is compared, and every output; in training also running statistics after the step and every
    weight's gradient. Raises NoRoom if the values do not fit on the disk, SpecError for what a
    backend cannot express.
    """
    graph = network.elaborated
    given = None if weights is None else weights.tensors
    case = draw.case(graph, batch=batch, training=training, dtype=dtype, seed=seed, weights=given)
    check_room(case)
    emitted = {
        each.name: network.emitted(each.backend) for each in witnesses if each.backend is not None
    }
    with Spool() as spool:
        hearing = Hearing(case, spool, progress)
        for each in witnesses:
            hearing.hear(each, emitted.get(each.name))
        return Certificate(
            network=network.name,
            origin=network.origin,
            spec_sha256=spec_digest(graph),
            training=training,
            dtype=dtype,
            batch=batch,
            seed=seed,
            weights=weights,
            inputs={node.path: tuple(node.shape) for node in graph.inputs},
            witnesses={each.name: each.versions() for each in witnesses},
            nodes=len(case.nodes),
            held=tuple(hearing.held.values()),
            disagreements=Verdict(hearing).disagreements(),
            seconds=hearing.seconds,
            peak_memory=_peak_memory(),
            spooled=spool.written,
        )


def _peak_memory() -> int:
    """Give the most memory that this process held, in bytes; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@dataclass(slots=True)
class Hearing:
    """What was told so far."""

    case: Case
    spool: Spool
    progress: Progress
    names: list[str] = field(default_factory=list)
    witnesses: dict[str, tuple[Witness, Emitted | None]] = field(default_factory=dict)
    told: dict[str, Testimony] = field(default_factory=dict)
    held: dict[tuple[str, str], Held] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    #: Node by index and witness: how far it is from the first witness, where it is too far.
    apart: dict[int, dict[str, Distance]] = field(default_factory=dict)
    #: The same for what is told at the end, by what it is and its name.
    ends: dict[tuple[What, str], dict[str, Distance]] = field(default_factory=dict)
    #: Noise by its node: what each witness drops, where that is not what is declared.
    noisy: dict[int, dict[str, Dropped]] = field(default_factory=dict)

    def end(self, name: str, what: What) -> Mapping[str, Array] | None:
        """Give what a witness told at the end, by key; None if it has none of that to tell."""
        told: Mapping[str, Array] | None = getattr(self.told[name], ENDS[what])
        return told

    def outputs(self, name: str, case: Case) -> Mapping[str, Array]:
        """Run a witness once more, on another case."""
        witness, emitted = self.witnesses[name]
        return witness.observe(case, emitted, lambda _node, _values: None).outputs

    def hear(self, witness: Witness, emitted: Emitted | None) -> None:
        """Run one witness."""
        name, first = witness.name, not self.names
        self.names.append(name)
        self.witnesses[name] = witness, emitted
        nodes = {node.index: node for node in self.case.nodes}
        done: set[int] = set()

        def see(node: Node, values: tuple[Array, ...]) -> None:
            done.add(node.index)
            if first:
                self.spool.put(str(node.index), values)
            else:
                self._compare(name, node, values)
            self.progress(name, len(done), len(nodes))

        start = time.perf_counter()
        try:
            testimony = witness.observe(self.case, emitted, see)
        except Exception as failure:
            words = (str(failure).splitlines() or [""])[0]
            stopped = next((n.path for n in self.case.nodes if n.index not in done), None)
            stopped = stopped or self.case.nodes[-1].path  # after them all: in gradients, say
            whose = culprit(failure)
            where = f"here, in the distribution {whose}" if whose else "here"
            why = f"it stopped {where}: {type(failure).__name__}: {words}"
            testimony = Testimony({}, unmatched={stopped: why})
        self.seconds[name] = time.perf_counter() - start
        untold = {
            nodes[index].path: "it did not come to this" for index in nodes.keys() - done
        } | dict(testimony.unmatched)
        self.told[name] = Testimony(
            testimony.outputs,
            self._state(witness, testimony),
            testimony.gradients,
            testimony.noise,
            untold,
        )
        self._check_noise(name)
        if not first:
            self._compare_ends(name)

    # --- comparing

    def _compare(self, name: str, node: Node, values: tuple[Array, ...]) -> None:
        known = self.spool.get(str(node.index))
        if known is None:
            return
        pairs = zip(values, known, strict=True)
        every = [distance(left, right, self.case.dtype) for left, right in pairs]
        # A node counts once, however many values it gives: by the worst of them.
        self._hold(name, "node", node.path, max(every, key=lambda each: each.relative))
        apart = next((each for each in every if not each.agrees), None)
        if apart is not None:
            self.apart.setdefault(node.index, {})[name] = apart
            if not any(name in self.apart.get(i.node.index, {}) for i in node.inputs):
                self.spool.put(f"{node.index}-{name}", values)

    def _hold(
        self, name: str, what: What, where: str, found: Distance, measure: str | None = None
    ) -> None:
        first = Held(name, what, measure or self.names[0], 0, 0.0, 0.0, "")
        old = self.held.get((name, what), first)
        if found.relative >= old.worst:
            old = replace(old, worst=found.relative, difference=found.difference, where=where)
        self.held[name, what] = replace(old, compared=old.compared + 1)

    def _compare_ends(self, name: str) -> None:
        for what in ENDS:
            left = self.end(name, what)
            measure = next((n for n in self.names if n != name and self.end(n, what)), None)
            right = None if measure is None else self.end(measure, what)
            if measure is None or left is None or right is None:
                continue
            for key in sorted(left.keys() | right.keys()):
                if key not in left or key not in right:
                    found = Distance(float("inf"), 1.0, remark="one of them does not have it")
                else:
                    found = distance(left[key], right[key], self.case.dtype)
                self._hold(name, what, key, found, measure)
                if not found.agrees:
                    self.ends.setdefault((what, key), {})[name] = found

    def _check_noise(self, name: str) -> None:
        """Hold what noise does to ones against what its operator declares."""
        for node in self.case.nodes:
            values = self.told[name].noise.get(node.path)
            if values is not None:
                dropped = examine(node, values, self.case.dtype)
                self._hold(name, "noise", node.path, dropped.found)
                if not dropped.found.agrees:
                    self.noisy.setdefault(node.index, {})[name] = dropped

    def _state(self, witness: Witness, testimony: Testimony) -> Mapping[str, Array]:
        """Bring running variances that are kept over n to those over n - 1."""
        if not (witness.biased_variance and self.case.training):
            return testimony.state
        state = dict(testimony.state)
        for node in self.case.nodes:
            variances = (each for each in node.weights if each.statistic == "variance")
            for key in (weight_key(node, each) for each in variances):
                if key not in state:
                    continue
                momentum = float(node.op.values["momentum"])
                size = node.input_shapes[0].size // node.input_shapes[0].channels
                count = self.case.batch * size
                old = (1 - momentum) * self.case.weights[key]
                state[key] = old + (state[key] - old) * count / (count - 1)
        return state
