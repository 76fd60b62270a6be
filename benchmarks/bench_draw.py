"""`make bench-draw`: two networks drawn by torchview, by Keras's plot_model and by cnnspec.

Each draws an SVG in a process of its own. `draws in` is from the built model (cnnspec: the loaded
network) to the file, `all of it` from the start of Python. Page sizes are the SVG's; a page is
readable if its smallest text has 6 points when it is fitted to portrait A4. torchview draws the
model that cnnspec wrote, three levels of modules by default and all of them when deep, Keras its
own of the same name; both lay out with the system's Graphviz.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

NETWORKS = ("resnet152", "densenet201")
TOOLS = ("cnnspec", "torchview", "plot_model", "cnnspec --all", "torchview deep")
LIMIT = 600
PEERS = Path(sys.prefix) / "peers"


def main() -> None:
    """Draw, and print a row a picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inside", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside is not None:
        tool, network, file = arguments.inside
        print(json.dumps(drawn(tool, network, Path(file))))
        return
    head = f"{'network':13}{'drawn by':15}{'draws in':>10}{'all of it':>11}"
    print(f"{head}{'page, pt':>17}{'text on A4':>12}{'boxes':>7}{'edges':>7}", flush=True)
    for network in NETWORKS:
        for tool in TOOLS:
            print(row(tool, network), flush=True)


def row(tool: str, network: str) -> str:
    """Draw in a process of its own, and say how that went."""
    start = f"{network:13}{tool:15}"
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--inside", tool, network, f"{folder}/picture.svg"]
        began = time.perf_counter()
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=LIMIT
            )
        except subprocess.TimeoutExpired:
            return f"{start}  not done in {LIMIT} s"
        took = time.perf_counter() - began
    if done.returncode != 0:
        return f"{start}  failed: {(done.stderr.strip().splitlines() or ['?'])[-1][:70]}"
    facts = json.loads(done.stdout.splitlines()[-1])
    page = f"{facts['width']:,.0f} x {facts['height']:,.0f}"
    return (
        f"{start}{facts['seconds']:>8.2f} s{took:>9.1f} s{page:>17}"
        f"{facts['text']:>9.2f} pt{facts['boxes']:>7,}{facts['edges']:>7,}"
    )


def drawn(tool: str, network: str, file: Path) -> dict[str, Any]:
    """Draw into a file; give how long that took and what is in it."""
    from cnnspec.draw.page import smallest_text

    if tool == "plot_model":
        seconds = by_keras(network, file)
    elif tool.startswith("torchview"):
        seconds = by_torchview(network, file, depth=99 if tool.endswith("deep") else 3)
    else:
        seconds = by_cnnspec(network, file, everything=tool.endswith("--all"))
    text = file.read_text("utf-8")
    box = re.search(r'viewBox="[-\d.]+ [-\d.]+ ([\d.]+) ([\d.]+)"', text)
    assert box is not None
    width, height = float(box[1]), float(box[2])
    sizes = [float(size) for size in re.findall(r'font-size="([\d.]+)', text)]
    return {
        "seconds": seconds,
        "width": width,
        "height": height,
        "text": smallest_text(width, height, min(sizes)),
        "boxes": len(re.findall(r'class="node"', text)),
        "edges": len(re.findall(r'class="edge"', text)),
    }


def by_cnnspec(network: str, file: Path, *, everything: bool) -> float:
    """Draw what ships under this name."""
    import cnnspec
    from cnnspec.draw import View, drawing

    graph = cnnspec.load(network).elaborated
    start = time.perf_counter()
    file.write_bytes(drawing(graph, view=View(all=everything)).content)
    return time.perf_counter() - start


def by_torchview(network: str, file: Path, *, depth: int) -> float:
    """Draw the emitted model, so many levels of its modules."""
    sys.path.append(str(PEERS))
    import torch
    from torchview import draw_graph

    import cnnspec

    with torch.device("meta"):
        model = cnnspec.load(network).build("torch")
    start = time.perf_counter()
    graph = draw_graph(model, input_size=(1, 3, 224, 224), device="meta", depth=depth)
    graph.visual_graph.render(file.with_suffix(""), format="svg", cleanup=True)
    return time.perf_counter() - start


def by_keras(network: str, file: Path) -> float:
    """Draw Keras's own model of this name, with shapes."""
    sys.path.append(str(PEERS))
    import keras

    names = {"resnet152": "ResNet152", "densenet201": "DenseNet201"}
    model = getattr(keras.applications, names[network])(weights=None)
    start = time.perf_counter()
    keras.utils.plot_model(model, to_file=str(file), show_shapes=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
