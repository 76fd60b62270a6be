"""What verification found, as data: what was compared, how far apart it was, and who is alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from cnnspec.graph import Graph
from cnnspec.source import Span
from cnnspec.verify.compare import Distance

if TYPE_CHECKING:
    from cnnspec.witness import Array

What = Literal["node", "output", "state", "gradient", "noise"]
SCHEMA = "cnnspec.certificate/1"


@dataclass(frozen=True, slots=True)
class Held:
    """How one witness compares with another in one respect: how many, and the worst of them.

    `against` is the first witness that tells of it. `worst` is the largest difference in units of
    its bound, `difference` that difference itself, `where` the path or key.
    """

    witness: str
    what: What
    against: str
    compared: int
    worst: float
    difference: float
    where: str


@dataclass(frozen=True, slots=True)
class Disagreement:
    """The first thing on which witnesses differ, its inputs agreed.

    `told` has each witness's value at the place where they are furthest apart, or what it said
    instead; `agree` the witnesses that agree with each other there.
    """

    what: What
    path: str
    span: Span | None
    kind: str
    told: Mapping[str, str]
    agree: tuple[str, ...]
    distance: Distance | None
    remark: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """Weights that were given: a file's base name, its hash, and its tensors by `weight_key`.

    A tensor has the shape that its operator declares, in float64.
    """

    file: str
    sha256: str
    tensors: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Certificate:
    """The result of one verification; `weights` are those of a checkpoint, if one was given."""

    network: str
    origin: str
    spec_sha256: str
    training: bool
    dtype: str
    batch: int
    seed: int
    inputs: Mapping[str, tuple[int, ...]]
    witnesses: Mapping[str, Mapping[str, str]]
    nodes: int
    held: tuple[Held, ...]
    disagreements: tuple[Disagreement, ...]
    seconds: Mapping[str, float] = field(default_factory=dict)
    peak_memory: int = 0
    spooled: int = 0
    weights: Weights | None = None

    @property
    def agrees(self) -> bool:
        """Whether all witnesses agree on everything."""
        return not self.disagreements

    @property
    def worst(self) -> Held | None:
        """The comparison that came nearest to its bound; not noise, whose bound chance sets."""
        return max(
            (each for each in self.held if each.what != "noise"),
            key=lambda each: each.worst,
            default=None,
        )

    def __str__(self) -> str:
        """Show it as `cnnspec verify` does."""
        from cnnspec.verify.table import table

        return table(self).rstrip()

    def facts(self) -> dict[str, Any]:
        """Give it as plain data for JSON."""
        return {
            "agrees": self.agrees,
            "network": self.network,
            "spec": self.origin,
            "spec_sha256": self.spec_sha256,
            "mode": "training" if self.training else "inference",
            "dtype": self.dtype,
            "batch": self.batch,
            "seed": self.seed,
            "weights": self.weights
            and {
                "file": self.weights.file,
                "sha256": self.weights.sha256,
                "tensors": len(self.weights.tensors),
            },
            "inputs": {name: list(shape) for name, shape in self.inputs.items()},
            "witnesses": {name: dict(each) for name, each in self.witnesses.items()},
            "nodes": self.nodes,
            "compared": [
                {
                    "witness": each.witness,
                    "what": each.what,
                    "against": each.against,
                    "count": each.compared,
                    "worst_difference": _number(each.difference),
                    "worst_of_bound": _number(each.worst),
                    "where": each.where,
                }
                for each in self.held
            ],
            "disagreements": [
                {
                    "what": each.what,
                    "path": each.path,
                    "operator": each.kind,
                    "spec": each.span.where if each.span else None,
                    "told": dict(each.told),
                    "agree": list(each.agree),
                    "difference": _number(each.distance.difference) if each.distance else None,
                    "bound": each.distance.bound if each.distance else None,
                    "remark": each.remark,
                }
                for each in self.disagreements
            ],
            "seconds": {name: round(each, 2) for name, each in self.seconds.items()},
            "peak_memory_bytes": self.peak_memory,
            "spooled_bytes": self.spooled,
        }


def _number(value: float) -> float | str:
    """JSON has no infinity."""
    return value if value < float("inf") else "infinite"


def spec_digest(graph: Graph) -> str:
    """Hash the texts that a network was written in: its own file's and those it uses."""
    sources = {graph.span.source, *(node.span.source for node in graph.nodes)}
    digest = hashlib.sha256()
    for text in sorted(source.text for source in sources):
        digest.update(hashlib.sha256(text.encode()).digest())
    return digest.hexdigest()
