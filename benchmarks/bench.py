"""`make bench`: how long cnnspec takes and how much memory, measured in one run, aims beside.

Processes are measured in turns, so that a slow moment of the machine meets all of them alike, and
medians are given. Memory is the peak of what Python allocates while it loads, measured apart from
time, which tracing would stretch.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from statistics import median

FILE = Path(__file__).resolve()
TORCH = ("-c", "import torch")
PROCESSES: dict[str, tuple[tuple[str, ...], str]] = {
    "import torch": (TORCH, ""),
    "cnnspec --version": (("-m", "cnnspec", "--version"), "under 80 ms"),
    "cnnspec check resnet152": (("-m", "cnnspec", "check", "resnet152", "--quiet"), ""),
    "cnnspec cost resnet152": (("-m", "cnnspec", "cost", "resnet152"), "under 0.4 x import torch"),
}
SIZES = (1_000, 10_000, 100_000)


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="how often each is run (9)")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    parser.add_argument("--traced", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside is not None:
        print(json.dumps(inside(arguments.inside, arguments.rounds, traced=arguments.traced)))
        return
    print(f"Python {sys.version.split()[0]}, medians of {arguments.rounds}\n", flush=True)
    processes(arguments.rounds)
    networks(arguments.rounds)
    sizes()


def processes(rounds: int) -> None:
    """Time whole processes, from start to end."""
    times: dict[str, list[float]] = {name: [] for name in PROCESSES}
    for turn in range(rounds + 1):
        for name, (arguments, _) in PROCESSES.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
            if turn:  # the first turn only warms the machine's caches
                times[name].append(time.perf_counter() - start)
    torch = median(times["import torch"])
    print(f"{'process':26}{'ms':>8}{'x import torch':>16}  aim")
    for name, (_, aim) in PROCESSES.items():
        took = median(times[name])
        print(f"{name:26}{took * 1e3:8.0f}{took / torch:16.2f}  {aim}".rstrip(), flush=True)


def networks(rounds: int) -> None:
    """Time parsing, elaborating and analysing shipped networks inside one process.

    A variant is the same text with a parameter set: it is parsed already.
    """
    head = f"{'in one process':26}{'ms':>8}{'nodes':>10}{'ms a variant':>14}"
    print(f"\n{head}  aim")
    for name, aim in (("resnet50", ""), ("resnet152", "under 60 ms"), ("efficientnet_b0", "")):
        found = measured(name, rounds)
        line = f"{name:26}{found['seconds'] * 1e3:8.1f}{found['nodes']:10,.0f}"
        print(f"{line}{found['again'] * 1e3:14.1f}  {aim}".rstrip(), flush=True)


def sizes() -> None:
    """Time synthetic networks of growing size, each in a process of its own."""
    head = f"{'synthetic network':26}{'s':>8}{'us a node':>12}{'MiB':>8}{'KiB a node':>12}"
    print(f"\n{head}  aim")
    for size in SIZES:
        found = measured(str(size), 1)
        memory = measured(str(size), 1, "--traced")["peak"] / 1024
        seconds, nodes = found["seconds"], found["nodes"]
        each = f"{seconds / nodes * 1e6:12.1f}{memory / 1024:8.1f}{memory / nodes:12.2f}"
        aim = "under 10 s, flat" if size == SIZES[-1] else "flat a node"
        print(f"{f'{nodes:,.0f} nodes':26}{seconds:8.2f}{each}  {aim}", flush=True)


def measured(what: str, rounds: int, *more: str) -> dict[str, float]:
    """Measure in a process of its own."""
    command = [sys.executable, str(FILE), "--inside", what, "--rounds", str(rounds), *more]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def inside(what: str, rounds: int, *, traced: bool) -> dict[str, float]:
    """Load a shipped network, or a synthetic one of so many nodes; time it and its figures."""
    import cnnspec
    from cnnspec import library

    number = int(what) if what.isdigit() else None
    text = library.zoo_text(what) if number is None else synthetic(number)
    name = what if number is None else "synthetic"
    cnnspec.loads(text if number is None else synthetic(16), network=name)  # imports, tables
    times, again = [], []
    if traced:
        tracemalloc.start()
    for turn in range(rounds):
        start = time.perf_counter()
        # A text of another name is parsed anew; what was parsed already is not.
        loaded = cnnspec.loads(text, network=name, name=f"turn {turn}")
        figures = loaded.params, loaded.macs, loaded.inference_params
        times.append(time.perf_counter() - start)
        if min(figures) <= 0:
            sys.exit(f"{what} has no weights")
        if number is None:
            start = time.perf_counter()
            variant = cnnspec.loads(text, network=name, name=f"turn {turn}", set={"classes": 10})
            again.append((time.perf_counter() - start) * (variant.params > 0))
    peak = tracemalloc.get_traced_memory()[1]
    nodes = len(loaded.nodes)
    return {
        "seconds": median(times),
        "nodes": nodes,
        "peak": peak,
        "again": median(again) if again else 0.0,
    }


def synthetic(nodes: int) -> str:
    """Write a network of about so many nodes: a straight line of residual blocks, 5 nodes each."""
    return f"""
block unit(x, width) {{
    y = x -> conv(width, 3, pad = 1, bias = false) -> bn -> relu -> conv(width, 1)
    return add(x, y)
}}
network synthetic {{
    image = input(3, 32, 32)
    x = image -> conv(16, 3, pad = 1)
    for i in range({max(nodes // 5 - 1, 0)}) {{
        x = x -> body.{{i}}: unit(16)
    }}
    output logits = x -> gap -> dense(10)
}}
"""


if __name__ == "__main__":
    main()
