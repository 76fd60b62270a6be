"""`make bench-memory`: memory as cnnspec predicts it beside what torch takes, as a table.

Two examples in float32 on the CPU. At inference values are dropped after their last use, as fx's
interpreter does; a module's own `forward` holds its local names until it returns, which is measured
beside it. Training is one step of SGD forward and back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.fx import Interpreter, symbolic_trace

import cnnspec
from benchmarks.allocated import saved, values
from cnnspec.analysis.liveness import peak
from cnnspec.analysis.run import Run
from cnnspec.analysis.training import training

#: Batch norm over a single place, as in Inception v3's head, trains on no fewer.
BATCH = 2
#: Ten networks, one with heads, one with crops; the size of image where it is not the network's.
NETWORKS: dict[str, tuple[int, ...] | None] = {
    "resnet50": None,
    "vgg11": None,
    "googlenet": None,
    "inception_v3": None,
    "densenet121": None,
    "mobilenet_v2": None,
    "efficientnet_b0": None,
    "shufflenet_v2_x1_0": None,
    "convnext_tiny": None,
    "unet": (1, 284, 284),
}


@dataclass(frozen=True, slots=True)
class Pair:
    """Bytes as predicted and as measured."""

    predicted: int
    measured: int

    @property
    def ratio(self) -> float:
        """Predicted over measured."""
        return self.predicted / self.measured


@dataclass(frozen=True, slots=True)
class Measured:
    """One network: the fullest moment of inference, as such and in forward; saved; training."""

    inference: Pair
    forward: Pair
    saved: Pair
    training: Pair


def measure(name: str) -> Measured:
    """Build a network, run it and train it a step."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    net = cnnspec.load(name, input=NETWORKS.get(name))
    graph = net.elaborated
    model: torch.nn.Module = net.build("torch")
    inputs = [torch.randn(BATCH, *node.shape) for node in graph.inputs]
    there = [*model.parameters(), *model.buffers(), *inputs]
    with torch.no_grad():
        traced = symbolic_trace(model.eval())
        dropping = values(lambda: Interpreter(traced).run(*inputs), there)
        forward = values(lambda: model(*inputs), there)
    model.train()
    predicted = training(graph, Run(BATCH), optimiser="sgd")
    kept = saved(model, inputs)
    step = values(lambda: _loss(model(*inputs)).backward(), there)
    fullest = peak(graph, Run(BATCH)).bytes
    return Measured(
        Pair(fullest, dropping),
        Pair(fullest, forward),
        Pair(predicted.saved, kept),
        Pair(predicted.peak - predicted.weights, step),
    )


def _loss(result: Any) -> torch.Tensor:
    """Add up whatever comes out, training heads too."""
    if isinstance(result, torch.Tensor):
        return result.sum()
    listed = result.values() if isinstance(result, dict) else result
    return torch.stack([each.sum() for each in listed]).sum()


def main() -> None:
    """Print the table of docs/cost.md."""
    print("| network | inference | as `forward` runs | saved for the way back | a training step |")
    print("| :-- | --: | --: | --: | --: |")
    for name in NETWORKS:
        found = measure(name)
        pairs = (found.inference, found.forward, found.saved, found.training)
        cells = (f"{each.predicted / 1e6:.2f} MB, {each.ratio:.3f}" for each in pairs)
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
