"""PyTorch classes called as no spec calls them, against the spec that makes the call.

`python -m tests.torch_generality --count 1000 --seed 7` (`make generality`) tries that many calls
of the blocks of every file that ships and of the test specs, and prints what came of them.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import nn

import cnnspec
from cnnspec import library
from cnnspec.emit.loading import module_of
from cnnspec.emit.program import BlockStep, OperatorStep
from cnnspec.emit.pycode import text as written_text
from cnnspec.testing.calls import Drawn, drawn
from cnnspec_torch.attributes import state_key
from cnnspec_torch.classes.file import File
from cnnspec_torch.classes.values import Hard
from cnnspec_torch.classes.write import projected, write
from tests.torch_proofs import lowerings, wrong


class Called(nn.Module):
    """A block's object, where the probe has it."""

    def __init__(self, make: Callable[[], nn.Module], many: tuple[int | None, ...]) -> None:
        super().__init__()
        self.b = make()
        self.many = many

    def forward(self, *inputs: torch.Tensor) -> Any:
        values = iter(inputs)
        given = [next(values) if n is None else [next(values) for _ in range(n)] for n in self.many]
        return self.b(*given)


def python_value(file: File, scope: Any, value: Any, name: str) -> Any:
    """Give an argument as the emitted class takes it."""
    if isinstance(value, OperatorStep | BlockStep):
        made = file.step_value(file.classes[-1], value, name)
        return eval(written_text(made), {**vars(scope), "partial": partial, "nn": nn})
    return value


def compared(file: File, scope: Any, call: Drawn) -> list[str]:
    """Say in what an object of a block's class differs from the spec that makes the call."""
    ranks = tuple(shapes[0].is_image for shapes in call.inputs)
    found = [each for each in file.classes if each.body is call.body]
    made = next((each for each in found if each.ranks == ranks), found[0])
    channels = [
        shapes[0].channels if parameter.kind == "node" else [each.channels for each in shapes]
        for parameter, shapes in zip(call.body.nodes, call.inputs, strict=True)
    ]
    words = {parameter.name: file.word(parameter.name) for parameter in call.body.data}
    given = {
        words[key]: python_value(file, scope, each, key) for key, each in call.arguments.items()
    }
    make = partial(getattr(scope, made.name), *channels, **given)
    many = tuple(
        None if parameter.kind == "node" else len(shapes)
        for parameter, shapes in zip(call.body.nodes, call.inputs, strict=True)
    )
    probe = cnnspec.network.Network(call.graph, (), "probe.cnn:probe")
    differing = wrong(lambda: Called(make, many), probe)
    if differing:
        return differing
    read = {
        state_key(node.path, weight.key) for node in call.graph.nodes for weight in node.weights
    }
    with torch.device("meta"):
        keys = [each for each in Called(make, many).state_dict() if each in read]
        straight = [each for each in probe.build("torch").state_dict() if each in read]
    return [] if keys == straight else [f"keys stand in another order: {keys[:4]}"]


def sized(call: Drawn) -> bool:
    """Whether an image's size stands in numbers: in a shape, in a dense layer's weights."""
    return any(node.kind in ("flatten", "reshape") for node in call.graph.nodes)


def run(count: int, seed: int, paths: list[str]) -> tuple[int, dict[str, list[str]], int]:
    """Try calls of the blocks of specs; give how many agreed, those that failed, and refusals."""
    random = Random(seed)
    agreed, hard = 0, 0
    failed: dict[str, list[str]] = {}
    per = max(1, count // len(paths))
    for path in paths:
        net = cnnspec.load(path)
        local = Path(path.partition(":")[0])
        folder = local.parent if local.is_file() else None
        try:
            file = projected(net.elaborated, lowerings()).file
            body = write(net.elaborated, lowerings(), ["x"], inference=False).body
        except Hard as why:
            print(f"{path}: {why}")  # noqa: T201
            hard += 1
            continue
        scope = module_of(body)
        calls = drawn(random, net.elaborated, file.program, file.reaching(), folder)
        for call in islice(calls, per):
            try:
                found = compared(file, scope, call)
            except Hard as why:
                found = [f"hard: {why}"]
            except Exception as failure:  # noqa: BLE001 (any failure is one)
                found = [f"{type(failure).__name__}: {failure}"]
            if found and sized(call) and found[0].startswith("the class stops"):
                continue  # a dense layer has the image's size in its weights: it refuses another
            if found:
                failed[f"{path}: {call}"] = found
            else:
                agreed += 1
    return agreed, failed, hard


def shipped_paths() -> list[str]:
    """One network of each file, and the test specs."""
    first: dict[str, str] = {}
    for name, file in library.shipped().items():
        first.setdefault(file, name)
    return [*first.values(), "tests/specs/yolov8.cnn:yolov8n", "tests/specs/ghostnet.cnn"]


def main() -> int:
    """Try calls, and print the figures; 1 if some differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("paths", nargs="*", default=shipped_paths())
    how = parser.parse_args()
    start = time.perf_counter()
    agreed, failed, hard = run(how.count, how.seed, how.paths)
    for call, words in failed.items():
        print(f"{call}\n    {words[0]}")  # noqa: T201
    print(  # noqa: T201
        f"seed {how.seed}: {agreed + len(failed)} calls, {len(failed)} differ, {hard} files that "
        f"cannot be projected, {time.perf_counter() - start:.0f} s"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
