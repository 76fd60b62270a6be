"""The figures of a network that a row may have, each as the table of `compare` has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from cnnspec.analysis.figures import Meter
from cnnspec.report.comparison import FACTS

#: What a condition may speak of, a row may have, and rows may be sorted by.
NAMES: Final = (
    "params", "training_params", "macs", "flops", "all_flops", "weights", "activations", "peak",
    "training", "time", "depth", "layers",
)  # fmt: skip
USUAL: Final = ("params", "macs", "activations", "peak", "depth")
FIGURES: Final[Mapping[str, Callable[[Meter], Any]]] = {name: FACTS[name].value for name in NAMES}
#: Those that an instance of a block has as a whole, so that a graph may hold it as one node.
OF_WHOLES: Final = frozenset(NAMES) - {"training", "time"}
#: Before a figure's name where a parameter of the network is called so too.
PREFIX: Final = "network_"


def columns(figures: Sequence[str], parameters: Sequence[str]) -> dict[str, str]:
    """Give the name under which a row has each figure, where parameters may have taken it."""
    return {name: f"{PREFIX}{name}" if name in parameters else name for name in figures}


def measured(meter: Meter, figures: Sequence[str]) -> dict[str, Any]:
    """Work out figures of a network."""
    return {name: FIGURES[name](meter) for name in figures}
