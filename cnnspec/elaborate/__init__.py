"""From tree to graph: names bound, blocks instantiated, arguments checked, shapes worked out."""

from cnnspec.elaborate.limits import Limits, Used
from cnnspec.elaborate.networks import Expectation, Settings
from cnnspec.elaborate.program import Elaborated, condensed, elaborate, network_names

__all__ = [
    "Elaborated",
    "Expectation",
    "Limits",
    "Settings",
    "Used",
    "condensed",
    "elaborate",
    "network_names",
]
