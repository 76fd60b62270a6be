"""A network over many values of its parameters: a grid or a sample, one row a point."""

from cnnspec.sweeps.plan import Plan, plan
from cnnspec.sweeps.refused import RefusedSweep
from cnnspec.sweeps.stream import rows, sweep

__all__ = ["Plan", "RefusedSweep", "plan", "rows", "sweep"]
