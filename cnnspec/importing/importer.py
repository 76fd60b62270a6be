"""What an importer is: it takes models of one kind, records one, and proves what was written.

Importers come in by entry point, ours too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, cast, runtime_checkable

from cnnspec import plugins
from cnnspec.importing.refusal import refused
from cnnspec.importing.tree import Record

if TYPE_CHECKING:
    from cnnspec.checkpoint import Array
    from cnnspec.graph import Graph

#: The group of entry points whose names are importers and whose values are `Importer`s.
GROUP: Final = "cnnspec.importers"


@dataclass(frozen=True, slots=True)
class Ask:
    """How a model is made and run: a constructor's arguments, the shapes of its inputs."""

    set: Mapping[str, Any] = field(default_factory=dict)
    inputs: Sequence[tuple[int, ...]] = ()
    name: str | None = None


class Finding(NamedTuple):
    """One line of a proof: whether it holds; None: it was not, or could not be, tried."""

    what: str
    holds: bool | None
    figure: str = ""

    def __str__(self) -> str:
        sign = {True: "proved", False: "NOT SO", None: "not proved"}[self.holds]
        return f"{sign}: {self.what}" + (f" ({self.figure})" if self.figure else "")


@dataclass(frozen=True, slots=True)
class Written:
    """A spec's network as a proof needs it: emitted source, its class, its shape elsewhere."""

    #: The backend's source of the network, by the backend's name.
    source: str
    class_name: str
    #: Sizes of images, beside the network's own, for which the spec elaborates.
    sizes: Sequence[tuple[int, ...]] = ()
    parameters: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """What a model computed: weights by the spec's keys and layout, inputs, outputs by name.

    Arrays have the batch first, then channels. `bound` is the largest difference by the largest
    value that rounding may leave.
    """

    weights: Mapping[str, Array]
    inputs: tuple[Array, ...]
    outputs: Mapping[str, Array]
    bound: float = 1e-9
    #: How it was computed, in a few words.
    how: str = "in float64"


class Original(Protocol):
    """A model that was recorded."""

    @property
    def record(self) -> Record:
        """What it runs."""
        ...

    @property
    def backend(self) -> str | None:
        """The backend whose source it is held against; None: the graph alone."""
        ...

    @property
    def findings(self) -> Sequence[Finding]:
        """What the recording itself showed: the same steps at another size, in training."""
        ...

    def prove(self, written: Written) -> Sequence[Finding]:
        """Run it and the emitted network on the same numbers; say what agrees."""
        ...

    def example(self, graph: Graph) -> Example | None:
        """Run it on drawn weights for the spec's graph; None: `prove` did so, or it cannot run."""
        ...

    def weights(self, graph: Graph) -> Mapping[str, Array]:
        """Give its weights by the spec's keys."""
        ...


@runtime_checkable
class Importer(Protocol):
    """What takes models of one kind."""

    @property
    def name(self) -> str:
        """The name of the kind."""
        ...

    @property
    def doc(self) -> str:
        """One line on what it takes."""
        ...

    def runs(self, source: str) -> str | None:
        """Say what of a source is run, code and all; None: nothing is."""
        ...

    def claims(self, source: object) -> bool:
        """Whether it takes a source: a path, `module:name`, or a living model."""
        ...

    def open(self, source: object, ask: Ask) -> Original:
        """Record a model; raises SpecError for what a spec cannot say."""
        ...


def importers() -> tuple[str, ...]:
    """Give the names of the importers that are installed."""
    return tuple(plugins.entries(GROUP))


def find(name: str) -> Importer:
    """Load an importer; raises SpecError, and ImportError where its package is not installed."""
    known = plugins.entries(GROUP)
    if name not in known:
        raise refused(f"no importer is called {name}", f"there are: {', '.join(known) or 'none'}")
    try:
        return cast("Importer", plugins.load(known[name], _fits))
    except plugins.NotLoaded as failure:
        whose = plugins.distribution(known[name])
        raise refused(
            f"the importer {name} does not load: {failure}",
            f"it comes with the distribution {whose}",
        ) from failure


def claiming(source: object) -> Importer:
    """Give the importer that takes a source; raises SpecError if none does."""
    for name in importers():
        found = find(name)
        if found.claims(source):
            return found
    shown = source if isinstance(source, str | Path) else type(source).__name__
    raise refused(
        f"nothing here takes {shown} for a model",
        *(f"{name}: {find(name).doc}" for name in importers()),
    )


def _fits(value: object) -> bool:
    return isinstance(value, Importer)
