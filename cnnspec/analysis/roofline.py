"""The least time that a device could take: each node is bound by arithmetic or by memory.

A node takes its operations over the device's peak, or its bytes over the device's bandwidth,
whichever is longer (Williams et al., 2009); nodes run one after the other. Where none is fused with
another or finds its input in a cache, no run in these numbers is as fast: the bound ignores
launches, and how full the device is. Where float32 is multiplied in TF32, as PyTorch does in
convolutions, `tf32` is the bound.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cnnspec.analysis.quantity import scaled
from cnnspec.analysis.run import Run
from cnnspec.analysis.traffic import bytes_moved, work
from cnnspec.dtypes import BYTES
from cnnspec.graph import Graph, Node


@dataclass(frozen=True, slots=True)
class Device:
    """A device by its data sheet: operations a second by type of number, bytes a second."""

    name: str
    peak: Mapping[str, float]
    bandwidth: float
    title: str = ""

    def operations(self, dtype: str) -> float:
        """Give the peak for a type of number; raises ValueError if the sheet has none."""
        if dtype not in self.peak:
            raise ValueError(f"no peak of {self.name} is known for {dtype}: {', '.join(self.peak)}")
        return self.peak[dtype]


def _device(name: str, title: str, bandwidth: float, **teraflops: float) -> Device:
    peak = {dtype: value * 1e12 for dtype, value in teraflops.items()}
    return Device(name, peak, bandwidth * 1e9, title)


def _cpu(
    name: str, title: str, bandwidth: float, *, cores: int, clock: float, a_cycle: int, **times: int
) -> Device:
    """Make a processor: cores x base clock x float32 operations a cycle, and their multiples."""
    float32 = cores * clock * a_cycle / 1000
    return _device(
        name, title, bandwidth, float32=float32, **{each: float32 * n for each, n in times.items()}
    )


#: Makers' data sheets, dense figures without sparsity; tf32 is float32 that tensor cores multiply.
#: Of processors the vector units at the base clock: two fused multiply-adds a cycle, and all
#: channels of memory.
DEVICES: Final[Mapping[str, Device]] = {
    each.name: each
    for each in (
        _device("v100", "NVIDIA V100 SXM2, 16 GB", 900, float64=7.8, float32=15.7, float16=125),
        _device("t4", "NVIDIA T4", 320, float32=8.1, float16=65, int8=130),
        _device(
            "a100",
            "NVIDIA A100 SXM, 80 GB",
            2039,
            float64=9.7,
            float32=19.5,
            tf32=156,
            float16=312,
            bfloat16=312,
            int8=624,
        ),
        _device(
            "h100",
            "NVIDIA H100 SXM, 80 GB",
            3350,
            float64=34,
            float32=67,
            tf32=494.5,
            float16=989,
            bfloat16=989,
            float8=1979,
            int8=1979,
        ),
        _device(
            "rtx3090",
            "NVIDIA GeForce RTX 3090",
            936,
            float32=35.6,
            tf32=35.6,
            float16=142,
            bfloat16=71,
            int8=284,
        ),
        _device(
            "rtx4090",
            "NVIDIA GeForce RTX 4090",
            1008,
            float32=82.6,
            tf32=82.6,
            float16=330,
            bfloat16=165,
            int8=661,
        ),
        _cpu(
            "xeon8380", "Intel Xeon 8380, 40 cores", 204.8, cores=40, clock=2.3, a_cycle=64, int8=4
        ),
        _cpu("epyc7763", "AMD EPYC 7763, 64 cores", 204.8, cores=64, clock=2.45, a_cycle=32),
        _cpu("rpi5", "Raspberry Pi 5, 4 cores", 17.1, cores=4, clock=2.4, a_cycle=16),
    )
}

_FIGURES = re.compile(r"peak=([\d.]+)([kMGTP]?),bandwidth=([\d.]+)([kMGTP]?)")


def device(text: str) -> Device:
    """Find a device by name, or read `peak=100G,bandwidth=20G`: operations and bytes a second.

    Raises ValueError for what is neither.
    """
    if text in DEVICES:
        return DEVICES[text]
    match = _FIGURES.fullmatch(text.replace(" ", ""))
    try:
        if match is not None:
            peak, scale, bandwidth, width = match.groups()
            figures = scaled(peak, scale), scaled(bandwidth, width)
            if min(figures) > 0:
                every = dict.fromkeys(BYTES, figures[0])
                return Device("yours", every, figures[1], text)
    except ValueError:
        pass
    names = ", ".join(DEVICES)
    raise ValueError(f"{text!r} is no device ({names}) and not of the form peak=100G,bandwidth=20G")


@dataclass(frozen=True, slots=True)
class Bound:
    """A node's least time in seconds, and whether memory is what bounds it."""

    node: Node
    seconds: float
    by_memory: bool


def bound(node: Node, run: Run, on: Device) -> Bound:
    """Give a node's least time on a device; raises ValueError if the sheet has no such numbers."""
    computing = work(node, run) / on.operations(run.dtype)
    moving = bytes_moved(node, run) / on.bandwidth
    return Bound(node, max(computing, moving), moving >= computing)


def roofline(graph: Graph, run: Run, on: Device) -> list[Bound]:
    """Give the bound of every node of one inference that moves anything; raises ValueError."""
    return [bound(node, run, on) for node in graph.inference_nodes if bytes_moved(node, run)]
