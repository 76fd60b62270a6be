"""`make bench-cost`: cnnspec and its peers on the same networks, in one run on one machine.

Every peer is given the PyTorch that cnnspec emits, in a process of its own; processes take turns,
and the least processor time of each is given, since what else the machine does only adds. Memory is
the most that the process had resident. `--write` puts the tables into docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import distributions, version
from pathlib import Path
from typing import Any

import cnnspec
from benchmarks.peer import PEERS
from benchmarks.performance_page import put

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "build" / "peers"
NETWORKS = ("resnet50", "densenet201", "efficientnet_b7")
SIZES = (1_000, 10_000, 100_000)
#: Why a peer's figure is another, by what it does to every network.
REMARKS = {
    "torchinfo": "counts parameters of batch norm as mult-adds",
    "fvcore": "counts batch norm and means too",
    "ptflops": "counts batch norm, activations and pooling as MACs",
    "thop": "counts batch norm and pooling as MACs",
    "calflops": "counts dense and convolutions only",
    "flop_counter": "counts convolutions and products, as cnnspec does",
    "flop_counter, meta": "the same, on no device",
}
#: Small networks on which peers are known to go wrong.
KNOWN = {
    "padding='same'": "image -> conv(8, 3, pad = 1) -> gap -> dense(2)",
    "transposed, stride 2": "image -> conv_transpose(8, 2, stride = 2) -> gap -> dense(2)",
    "dense at each place": "image -> dense(8) -> gap -> dense(2)",
    "bn and relu": "image -> conv(8, 3, pad = 1) -> bn -> relu -> gap -> dense(2)",
}
#: Settings of EfficientNet-B0 that are tried one after the other.
SWEEPS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "grid": (
        "a grid of 10 widths, 10 depths and 5 resolutions",
        [
            {"width": 1 + w / 10, "depth": 1 + d / 10, "resolution": 160 + 64 * r}
            for w in range(10)
            for d in range(10)
            for r in range(5)
        ],
    ),
    "unlike": (
        "170 of which no two have both width and resolution in common",
        [
            {"width": 1 + n % 10 / 10, "depth": 1 + n // 10 / 20, "resolution": 160 + 16 * (n % 17)}
            for n in range(170)
        ],
    ),
}
#: What one core's worth of a process is held to.
ONE = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

Figures = dict[str, float]


def main() -> None:
    """Measure, print the tables, and write the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each is run (3)")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside is not None:
        print(json.dumps(INSIDE[arguments.inside.partition(":")[0]](arguments.inside)))
        return
    text = "\n".join(page(arguments.rounds))
    print(text)
    if arguments.write:
        put(text)


def page(rounds: int) -> list[str]:
    """Give the page: where it was measured, and its tables."""
    versions = {d.metadata["Name"]: d.version for d in distributions(path=[str(PACKAGES)])}
    named = ("torchinfo", "fvcore", "ptflops", "thop", "calflops")
    peers = ", ".join(f"{name} {versions[name]}" for name in named if name in versions)
    machine = (
        f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, {os.cpu_count()} cores, one thread a"
        f" process, load {os.getloadavg()[0]:.1f}; Python {platform.python_version()}, cnnspec"
        f" {cnnspec.__version__}, torch {version('torch')}, {peers}. Processor"
        f" seconds, the least of {rounds} runs taken in turns."
    )
    return [
        "# Performance of `cnnspec cost`",
        "",
        "Written by `make bench-cost`; nothing here is edited by hand.",
        "",
        machine,
        "",
        *processes(rounds),
        *known(),
        *inside(rounds),
        *sizes(),
    ]


def processes(rounds: int) -> list[str]:
    """Compare whole processes on real networks."""
    lines = ["## Whole processes", ""]
    with tempfile.TemporaryDirectory() as folder:
        for name in NETWORKS:
            net = cnnspec.load(name)
            file, class_name = emitted(net, Path(folder))
            shape = "x".join(map(str, (1, *net.elaborated.inputs[0].shape)))
            best: dict[str, Figures] = {}
            for _ in range(rounds):
                for peer in ("cnnspec", *PEERS):
                    found = (
                        ours(name) if peer == "cnnspec" else theirs(peer, file, class_name, shape)
                    )
                    best[peer] = least(best.get(peer), found)
            lines += table(name, net, best)
    return lines


def table(name: str, net: cnnspec.Network, best: dict[str, Figures]) -> list[str]:
    """Write one network's rows."""
    own = best["cnnspec"]
    lines = [
        f"### {name}",
        "",
        "| | seconds | x cnnspec | MiB | x cnnspec | parameters | MACs | remark |",
        "| :-- | --: | --: | --: | --: | --: | --: | :-- |",
    ]
    for peer, found in best.items():
        if "macs" not in found:
            lines.append(f"| {peer} | fails | | | | | | |")
            continue
        same = round(found["macs"]) == net.macs
        remark = "" if peer == "cnnspec" else "the same" if same else REMARKS[peer]
        lines.append(
            f"| {peer} | {found['seconds']:.2f} | {found['seconds'] / own['seconds']:.1f}"
            f" | {found['bytes'] / 2**20:.0f} | {found['bytes'] / own['bytes']:.1f}"
            f" | {round(found['params']):,} | {round(found['macs']):,} | {remark} |"
        )
    return [*lines, ""]


def known() -> list[str]:
    """Show peers' MACs on small networks where they are known to go wrong."""
    lines = [
        "## Where peers go wrong",
        "",
        "MACs of four small networks on a 3 x 16 x 16 image, as each reports them.",
        "",
        f"| | {' | '.join(KNOWN)} |",
        f"| :-- |{' --: |' * len(KNOWN)}",
    ]
    rows: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for words, flow in KNOWN.items():
            net = cnnspec.loads(f"network small {{ image = input(3, 16, 16) output y = {flow} }}")
            file, class_name = emitted(net, Path(folder))
            if words == "padding='same'":  # the same convolution, as torch may be told of it
                file.write_text(file.read_text().replace("padding=1", words))
            rows.setdefault("cnnspec", []).append(f"{net.macs:,}")
            for peer in PEERS:
                found = theirs(peer, file, class_name, "1x3x16x16")
                macs = round(found["macs"]) if "macs" in found else None
                text = "fails" if macs is None else f"{macs:,}"
                rows.setdefault(peer, []).append(text if macs == net.macs else f"**{text}**")
    return [*lines, *(f"| {peer} | {' | '.join(cells)} |" for peer, cells in rows.items()), ""]


def inside(rounds: int) -> list[str]:
    """Compare calls inside a process on resnet50, and count variants a second."""
    with tempfile.TemporaryDirectory() as folder:
        net = cnnspec.load("resnet50")
        file, class_name = emitted(net, Path(folder))
        peer = theirs("flop_counter", file, class_name, "1x3x224x224")
        for _ in range(rounds - 1):
            peer = least(peer, theirs("flop_counter", file, class_name, "1x3x224x224"))
    own = measured("calls:resnet50")
    for _ in range(rounds - 1):
        own = least(own, measured("calls:resnet50"))
    swept = {}
    for how in SWEEPS:
        found = measured(f"variants:{how}")
        for _ in range(rounds - 1):
            found = least(found, measured(f"variants:{how}"))
        swept[how] = found
    variants = (
        "Variants of EfficientNet-B0, elaborated, parameters and MACs counted, on one core: "
        + "; ".join(
            f"{1 / each['each']:.0f} a second in {SWEEPS[how][0]} ({each['nodes']:.0f} nodes each)"
            for how, each in swept.items()
        )
        + "."
    )
    return [
        "## Calls inside a process",
        "",
        "resnet50; flop_counter on the CPU is given the model already built.",
        "",
        "| | cnnspec, ms | flop_counter, ms | ratio |",
        "| :-- | --: | --: | --: |",
        *(
            f"| {words} | {own[key] * 1e3:.2f} | {peer[other] * 1e3:.0f}"
            f" | {peer[other] / own[key]:.0f} |"
            for words, key, other in (
                ("first call: text to parameters and MACs", "first", "first"),
                ("the text again", "again", "warm"),
                ("MACs of a network that is loaded, counted anew", "macs", "warm"),
                ("all of `net.cost()` of a network that is loaded", "cost", "warm"),
            )
        ),
        "",
        variants,
        "",
    ]


def sizes() -> list[str]:
    """Time synthetic networks of growing size."""
    lines = [
        "## Larger networks",
        "",
        "| nodes | seconds | us a node | MiB |",
        "| --: | --: | --: | --: |",
    ]
    for size in SIZES:
        found = measured(f"size:{size}")
        each = found["seconds"] / found["nodes"] * 1e6
        lines.append(
            f"| {found['nodes']:,.0f} | {found['seconds']:.2f} | {each:.0f}"
            f" | {found['bytes'] / 2**20:.0f} |"
        )
    return lines


def emitted(net: cnnspec.Network, folder: Path) -> tuple[Path, str]:
    """Write a network's PyTorch into a folder; give the file and the class."""
    text = net.source("torch")
    class_name = text[text.rindex("\nclass ") + 7 :].partition("(")[0]
    file = folder / f"{net.name}.py"
    file.write_text(text)
    return file, class_name


def ours(name: str) -> Figures:
    """Run `cnnspec cost` as people do."""
    seconds, resident, _ = process([sys.executable, "-m", "cnnspec", "cost", name], {})
    net = cnnspec.load(name)
    return {"seconds": seconds, "bytes": resident, "macs": net.macs, "params": net.params}


def theirs(peer: str, file: Path, class_name: str, shape: str) -> Figures:
    """Run a peer; give nothing where it fails."""
    script = str(ROOT / "benchmarks" / "peer.py")
    command = [sys.executable, script, peer, str(file), class_name, shape]
    seconds, resident, said = process(command, {"PYTHONPATH": str(PACKAGES)})
    if not said:
        return {}
    found: Figures = json.loads(said.splitlines()[-1])
    return {**found, "seconds": seconds - found["warm"], "bytes": resident}


#: Starts a process from a small one: a child counts what its parent had resident as its own.
LAUNCH = """
import json, os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
said = child.stdout.read().decode()
_, status, used = os.wait4(child.pid, 0)
seconds = used.ru_utime + used.ru_stime
print(json.dumps([seconds, used.ru_maxrss * 1024, "" if status else said]))
"""


def process(command: list[str], room: dict[str, str]) -> tuple[float, float, str]:
    """Run a process; give its processor seconds, its bytes, what it said (nothing if it fails)."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", LAUNCH, *command],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, **ONE, **room},
    )
    seconds, resident, said = json.loads(done.stdout)
    return seconds, resident, said


def least(one: Figures | None, two: Figures) -> Figures:
    """Keep the smaller of each figure."""
    return two if not one else {key: min(one[key], two[key]) for key in one} if two else one


def measured(what: str) -> Figures:
    """Measure in a process of its own, on one core; `bytes` is what that had resident."""
    command = [sys.executable, "-m", "benchmarks.bench_cost", "--inside", what]
    _, resident, said = process(command, {})
    found: Figures = json.loads(said)
    return {**found, "bytes": resident}


def _calls(what: str) -> Figures:
    from cnnspec.analysis.macs import macs
    from cnnspec.analysis.parameters import trainable

    name = what.partition(":")[2]
    times: dict[str, float] = {}
    for key in ("first", "again", "again"):
        start = time.process_time()
        net = cnnspec.load(name)
        figures = net.params, net.macs
        taken = time.process_time() - start
        times[key] = min(times.get(key, taken), taken)
    for key, work in (
        ("macs", lambda: (macs(net.elaborated), trainable(net.elaborated.nodes))),
        ("cost", net.cost),
    ):
        for _ in range(5):
            start = time.process_time()
            work()
            taken = time.process_time() - start
            times[key] = min(times.get(key, taken), taken)
    return times if min(figures) > 0 else {}


def _variants(what: str) -> Figures:
    name, settings = "efficientnet_b0", SWEEPS[what.partition(":")[2]][1]
    cnnspec.load(name, set=settings[-1])
    nodes = 0
    start = time.process_time()
    for each in settings:
        net = cnnspec.load(name, set=each)
        nodes += len(net.nodes)
        if net.params <= 0 or net.macs <= 0:
            return {}
    seconds = time.process_time() - start
    return {"each": seconds / len(settings), "nodes": nodes / len(settings)}


def _size(what: str) -> Figures:
    from benchmarks.bench import synthetic

    text = synthetic(int(what.partition(":")[2]))
    cnnspec.loads(synthetic(16))
    start = time.process_time()
    net = cnnspec.loads(text)
    figures: dict[str, Any] = {"params": net.params, "macs": net.macs}
    return {
        "seconds": time.process_time() - start,
        "nodes": len(net.nodes),
        **figures,
    }


INSIDE = {"calls": _calls, "variants": _variants, "size": _size}

if __name__ == "__main__":
    main()
