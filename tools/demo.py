"""`make demo`: from `resnet50.cnn` to a PyTorch model that runs, and what it leaves behind."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "build" / "demo"


def run(*arguments: str) -> str:
    """Run cnnspec as a user would, in the demo's folder; show the line, give what it prints."""
    print(f"$ cnnspec {' '.join(arguments)}", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "cnnspec", *arguments],
        cwd=FOLDER,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(done.returncode)
    return done.stdout


def model_from(file: Path) -> Any:
    """Import an emitted file, which knows nothing of cnnspec, and make its network."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    return module.ResNet50()


def main() -> None:
    """Do it, and say what was done and where it lies."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    run("compile", "resnet50.cnn", "--backend", "torch", "-o", "resnet50_torch.py", "--force")
    run("draw", "resnet50.cnn", "-o", "resnet50.svg")
    print(run("cost", "resnet50.cnn", "-o", "-"), end="", flush=True)
    run("cost", "resnet50.cnn", "-o", "resnet50_cost.txt")

    import torch

    torch.manual_seed(0)
    model = model_from(FOLDER / "resnet50_torch.py").eval()
    image = torch.rand(1, 3, 224, 224)
    start = time.perf_counter()
    with torch.inference_mode():
        scores = model(image)
    took = time.perf_counter() - start
    if scores.shape != (1, 1000) or not bool(scores.isfinite().all()):
        sys.exit(f"the model gave {tuple(scores.shape)}, not 1000 finite scores")

    count = sum(each.numel() for each in model.parameters())
    print(f"\nbuilt {type(model).__name__}: {count:,} parameters, their values random")
    print(f"an image 1 x 3 x 224 x 224 went in, 1 x 1000 scores came out ({took:.2f} s)")
    print("in build/demo:")
    for name, what in (
        ("resnet50_torch.py", "the source, one class a block"),
        ("resnet50.svg", "the diagram, one page"),
        ("resnet50_cost.txt", "the cost table"),
    ):
        print(f"  {name:20}{(FOLDER / name).stat().st_size:>9,} bytes  {what}")


if __name__ == "__main__":
    main()
