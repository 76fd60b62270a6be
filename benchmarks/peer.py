"""One counter of operations, run on one emitted model in a process of its own; figures as JSON.

`python peer.py NAME FILE CLASS SHAPE`, the packages that NAME needs on the path. Times are the
processor's, of the first call and of a second one; what it reports as MACs and parameters is given
as it reports them.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import time
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

Figures = tuple[float, float]


def _torchinfo(model: Any, shape: tuple[int, ...]) -> Figures:
    from torchinfo import summary

    found = summary(model, input_size=shape, verbose=0)
    return found.total_mult_adds, found.total_params


def _fvcore(model: Any, shape: tuple[int, ...]) -> Figures:
    import torch
    from fvcore.nn import FlopCountAnalysis, parameter_count

    counted = FlopCountAnalysis(model, torch.zeros(shape))
    counted.unsupported_ops_warnings(enabled=False).uncalled_modules_warnings(enabled=False)
    return counted.total(), parameter_count(model)[""]


def _ptflops(model: Any, shape: tuple[int, ...]) -> Figures:
    from ptflops import get_model_complexity_info

    macs, params = get_model_complexity_info(
        model, shape[1:], as_strings=False, print_per_layer_stat=False, verbose=False
    )
    return float(macs), float(params)


def _thop(model: Any, shape: tuple[int, ...]) -> Figures:
    import torch
    from thop import profile

    macs, params = profile(model, inputs=(torch.zeros(shape),), verbose=False)
    return float(macs), float(params)


def _calflops(model: Any, shape: tuple[int, ...]) -> Figures:
    from calflops import calculate_flops

    _, macs, params = calculate_flops(
        model, input_shape=shape, print_results=False, print_detailed=False, output_as_string=False
    )
    return float(macs), float(params)


def _flop_counter(model: Any, shape: tuple[int, ...]) -> Figures:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    device = next(model.parameters()).device
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(shape, device=device))
    return counter.get_total_flops() / 2, sum(each.numel() for each in model.parameters())


PEERS: dict[str, Callable[[Any, tuple[int, ...]], Figures]] = {
    "torchinfo": _torchinfo,
    "fvcore": _fvcore,
    "ptflops": _ptflops,
    "thop": _thop,
    "calflops": _calflops,
    "flop_counter": _flop_counter,
    "flop_counter, meta": _flop_counter,
}


def main(name: str, file: str, class_name: str, shape_text: str) -> None:
    """Count, and print figures, seconds and bytes."""
    import torch

    warnings.simplefilter("ignore")
    shape = tuple(int(each) for each in shape_text.split("x"))
    sys.path.insert(0, str(Path(file).parent))
    room = vars(import_module(Path(file).stem))
    with torch.device("meta" if name.endswith("meta") else "cpu"):
        model = room[class_name]().eval()
    count = PEERS[name]
    with contextlib.redirect_stdout(io.StringIO()):
        before = time.process_time()
        macs, params = count(model, shape)
        first = time.process_time()
        with contextlib.suppress(Exception):  # some do not take a model twice
            count(model, shape)
        warm = time.process_time()
    print(
        json.dumps(
            {
                "macs": macs,
                "params": params,
                "first": first - before,
                "warm": warm - first,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
