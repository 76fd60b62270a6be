"""What a kind of checkpoint is: which files it claims, where each weight stands in them.

Kinds come in by entry point, ours too. A kind says where every tensor of a network stands in its
files and how it is laid out there; `cnnspec convert` brings tensors from one kind to another.
Reading executes nothing that a file holds, and needs no framework where the files do not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, cast, runtime_checkable

from cnnspec import plugins
from cnnspec.diagnostics import SpecError, error
from cnnspec.errors import CnnspecError
from cnnspec.graph import Graph

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

#: The group of entry points whose names are kinds of checkpoints and whose values are `Kind`s.
GROUP: Final = "cnnspec.checkpoints"
#: The types that a weight may have. bfloat16 is that of ml_dtypes.
FLOATS: Final = ("float16", "bfloat16", "float32", "float64")


#: What a kind says that knows no entries and is asked for one.
ONE: Final = "it holds one network's weights, and no entries"


class Unreadable(CnnspecError):
    """A file that is not read, in a few words for its user, and what to do."""

    def __init__(self, reason: str, help: str | None = None) -> None:
        self.reason = reason
        self.help = help
        super().__init__(reason)


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where one tensor of a network stands in a kind of checkpoint.

    `key` is the spec's (`cnnspec.witness.weight_key`), `name` and `shape` are the file's. `lay` and
    `restore` change between the spec's layout and the file's, and move values, never change them.
    """

    key: str
    name: str
    shape: tuple[int, ...]
    lay: Callable[[Any], Any]
    restore: Callable[[Any], Any]
    #: What a counter is where another kind of checkpoint has none; None: a weight, always there.
    start: Any = None


#: Shape and type of tensors, by name.
Sizes = Mapping[str, tuple[tuple[int, ...], str]]


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a checkpoint's tensors are called in its kind's files for a network, and why.

    `names` gives the checkpoint's name by the network's, or by its own where it stays what it was.
    """

    names: Mapping[str, str]
    #: What was done to names, or could not be, in a sentence each.
    said: tuple[str, ...] = ()
    #: What turned out to be no part of a network.
    aside: tuple[str, ...] = ()


class Stored(Protocol):
    """A checkpoint that was opened: what it has is known, and nothing is read yet."""

    @property
    def tensors(self) -> Sizes:
        """Shape and type of every tensor, by its name."""
        ...

    @property
    def aside(self) -> Sequence[str]:
        """What else is there and is no part of a network: an optimiser's state, an epoch."""
        ...

    @property
    def said(self) -> Sequence[str]:
        """What was chosen of it, in a sentence each."""
        ...

    def read(self, name: str) -> Array:
        """Give one tensor; raises Unreadable."""
        ...


@runtime_checkable
class Kind(Protocol):
    """What a kind of checkpoint is."""

    @property
    def name(self) -> str:
        """The name by which users ask for it, in `--to`."""
        ...

    @property
    def doc(self) -> str:
        """One line on it."""
        ...

    @property
    def backend(self) -> str:
        """The backend whose weights it holds."""
        ...

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The ends of its files' names, the usual one first."""
        ...

    def claims(self, path: Path) -> bool:
        """Whether a plain file looks like one, by what is in it; raises nothing."""
        ...

    def places(self, graph: Graph, *, inference: bool) -> tuple[Place, ...]:
        """Say where every tensor stands; raises Refusal for one that has no place."""
        ...

    def open(
        self, path: Path, places: Sequence[Place], entry: str | None
    ) -> AbstractContextManager[Stored]:
        """Open a file; raises Unreadable, and ImportError where its package is not installed.

        `places` are those of the network that it should fit. `entry` names one of several in it.
        """
        ...

    def recognise(self, found: Sizes, places: Sequence[Place], graph: Graph) -> Recognised:
        """Find what tensors are by what this kind's files are known for: prefixes, default names.

        No tensor is guessed: what is not sure keeps its name.
        """
        ...

    def write(
        self, path: Path, tensors: Mapping[str, Array], build: Callable[[], Any], *, partial: bool
    ) -> None:
        """Write a file of tensors by name, laid out; `build` makes the emitted model if need be.

        A `partial` one lacks some of the network's. Raises Refusal where there can be none.
        """
        ...


def kinds() -> tuple[str, ...]:
    """Give the names of the kinds of checkpoints that are installed."""
    return tuple(plugins.entries(GROUP))


def find(name: str) -> Kind:
    """Load a kind by name; raises SpecError if there is none, or it does not load."""
    known = plugins.entries(GROUP)
    if name not in known:
        title = f"there is no kind of checkpoint called {name}"
        raise plugins.unknown("unknown-checkpoint", title, name, known)
    try:
        return cast("Kind", plugins.load(known[name], _fits))
    except (plugins.NotLoaded, ImportError) as failure:
        raise error(
            "broken-backend",
            f"the checkpoints of {name} do not load: {failure}",
            notes=(f"they come with the distribution {plugins.distribution(known[name])}",),
        ) from failure


def working() -> list[Kind]:
    """Load all kinds, by name, but those that do not load: `find` says why of one."""
    found = []
    for name in kinds():
        with suppress(SpecError):
            found.append(find(name))
    return found


def claiming(path: Path) -> Kind | None:
    """Give the first kind that claims a file; one that fails over it claims none."""
    for kind in working():
        try:
            if kind.claims(path):
                return kind
        except Exception:
            continue
    return None


def _fits(value: object) -> bool:
    return isinstance(value, Kind)
