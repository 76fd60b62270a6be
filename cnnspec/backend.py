"""Finds backends and lowerings by entry point: ours come in by the door that strangers use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol, cast, runtime_checkable

from cnnspec import plugins
from cnnspec.diagnostics import SpecError, error
from cnnspec.emit.lowering import Applied, Lowered, Lowering, Refusal
from cnnspec.emit.values import PROVED, Verdict
from cnnspec.graph import Graph

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

#: The group of entry points whose names are backends and whose values are `Backend` objects.
GROUP: Final = "cnnspec.backends"
#: Before a backend's name: the group whose names are operators and whose values are lowerings.
LOWERINGS: Final = "cnnspec.lowerings."


@runtime_checkable
class Backend(Protocol):
    """What a backend is: a name, a sentence, and source for a graph.

    `suffix` ends the name of the files that it writes.
    """

    @property
    def name(self) -> str:
        """The name by which users ask for it."""
        ...

    @property
    def doc(self) -> str:
        """One line on what it writes."""
        ...

    @property
    def suffix(self) -> str:
        """The end of its files' names, `.py`."""
        ...

    @property
    def lowerings(self) -> Mapping[str, Lowering]:
        """How each operator is written, by the operator's name."""
        ...

    def emit(
        self, graph: Graph, head: list[str], lowerings: Mapping[str, Lowering], *, inference: bool
    ) -> tuple[str, str]:
        """Give the body of the file, and the name of the network in it."""
        ...

    def load(self, text: str, class_name: str) -> Any:
        """Give what makes an instance from emitted text; raises ImportError without framework."""
        ...

    def mismatch(self, text: str, class_name: str, graph: Graph, *, inference: bool) -> list[str]:
        """Hold the weights of emitted text against the graph's; say what differs."""
        ...


_ON_KERAS: Final = ("keras", "what it writes runs on TensorFlow, JAX and PyTorch")
#: What people call a framework whose source a backend of ours writes.
ELSEWHERE: Final = {
    **dict.fromkeys(("tensorflow", "tf", "tfkeras", "tf2", "jax", "keras3"), _ON_KERAS),
    **dict.fromkeys(("pytorch", "pt", "libtorch"), ("torch", "what it writes is PyTorch")),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A backend that is installed: its name, who brings it, and why it does not load, if so."""

    name: str
    distribution: str
    doc: str = ""
    failure: str | None = None


def find(name: str) -> Backend:
    """Load a backend by name; raises SpecError if there is none, or it does not load."""
    entries = plugins.entries(GROUP)
    if name not in entries:
        raise _unknown(name, entries)
    try:
        return cast("Backend", plugins.load(entries[name], _fits))
    except (plugins.NotLoaded, ImportError) as failure:
        whose = plugins.distribution(entries[name])
        raise error(
            "broken-backend",
            f"the backend {name} does not load: {failure}",
            notes=(f"it comes with the distribution {whose}",),
            help=f"mend or remove it: `pip install --upgrade {whose}`",
        ) from failure


def available() -> tuple[Listed, ...]:
    """List the backends that are installed, by name; one that does not load says why."""
    result = []
    for name, entry in plugins.entries(GROUP).items():
        whose = plugins.distribution(entry)
        try:
            doc = str(plugins.load(entry, _fits).doc)
        except (plugins.NotLoaded, ImportError) as failure:
            listed = Listed(name, whose, failure=str(failure))
        else:
            listed = Listed(name, whose, doc)
        result.append(listed)
    for entry, used in plugins.ousted(GROUP):
        why = f"left out: {plugins.distribution(used)} has a backend of this name"
        result.append(Listed(entry.name, plugins.distribution(entry), failure=why))
    return tuple(result)


def lowerings(name: str) -> dict[str, Lowering]:
    """Give the lowerings that other distributions bring for a backend, by operator.

    One that does not load refuses every step that needs it, and says whose it is.
    """
    found: dict[str, Lowering] = {}
    for entry in plugins.entries(LOWERINGS + name).values():
        try:
            found[entry.name] = plugins.load(entry, callable)
        except (plugins.NotLoaded, ImportError) as failure:
            found[entry.name] = _refusing(plugins.distribution(entry), str(failure))
    return found


class Proves(Protocol):
    """A backend that can hold what its source does against the graph, step by step."""

    def differences(
        self,
        text: str,
        class_name: str,
        graph: Graph,
        lowerings: Mapping[str, Lowering],
        *,
        inference: bool,
    ) -> list[str]:
        """Say in what the source differs; needs the framework."""
        ...


class ProvesUnaided(Protocol):
    """A backend that can hold what it wrote against the graph, without its framework."""

    def verdict(
        self,
        text: str,
        class_name: str,
        graph: Graph,
        lowerings: Mapping[str, Lowering],
        *,
        inference: bool,
    ) -> Verdict:
        """Say whether the source does what the graph says."""
        ...


def verdict(name: str, text: str, class_name: str, graph: Graph, *, inference: bool) -> Verdict:
    """Hold what was written against the graph, without the framework, if the backend can.

    Where that is no proof, the program that was read from the text is held against it too.
    """
    backend = find(name)
    if not hasattr(backend, "verdict"):
        return PROVED
    every = {**lowerings(name), **backend.lowerings}
    proving = cast("ProvesUnaided", backend)
    found = proving.verdict(text, class_name, graph, every, inference=inference)
    if found.proved:
        return found
    from cnnspec.emit.prove import misread

    wrong = tuple(f"as it is read, {each}" for each in misread(graph))
    return Verdict((*wrong, *found.wrong)) if wrong else found


def checked(name: str, text: str, class_name: str, graph: Graph, *, inference: bool) -> list[str]:
    """Build what was written; say in what its weights are not the graph's, else what it does."""
    backend = find(name)
    wrong = backend.mismatch(text, class_name, graph, inference=inference)
    if wrong or not hasattr(backend, "differences"):
        return wrong
    every = {**lowerings(name), **backend.lowerings}
    proving = cast("Proves", backend)
    return proving.differences(text, class_name, graph, every, inference=inference)


def none_installed() -> SpecError:
    """Say that there is no backend at all, and how they come in."""
    return error(
        "unknown-backend",
        "no backend is installed, not even ours",
        help="cnnspec runs from a folder that was never installed: `pip install -e .`",
    )


def _refusing(distribution: str, reason: str) -> Lowering:
    def refuse(applied: Applied) -> Lowered:
        _refuse(applied, distribution, reason)

    return refuse


def _refuse(applied: Applied, distribution: str, reason: str) -> NoReturn:
    raise Refusal(
        f"the lowering of {applied.op.name} in the distribution {distribution} does not load: "
        f"{reason}"
    )


def _unknown(name: str, known: Mapping[str, EntryPoint]) -> SpecError:
    if not known:
        return none_installed()
    title, otherwise = f"there is no backend called {name}", "`cnnspec backends` lists them"
    meant = ELSEWHERE.get(name.lower().replace("_", "").replace(".", ""))
    if meant is not None and meant[0] in known:
        return error("unknown-backend", title, help=f"`-b {meant[0]}`: {meant[1]}")
    return plugins.unknown("unknown-backend", title, name, known, otherwise)


def _fits(value: object) -> bool:
    return isinstance(value, Backend)
