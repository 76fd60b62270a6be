"""Prove the wheel: build it, install it into an empty environment elsewhere, use it there.

The source distribution is held, too: what is built from it is the wheel that the checkout gives.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "constraints.txt"
PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check")
WANTED = (
    "cnnspec/py.typed",
    "cnnspec/syntax/grammar.lark",
    "cnnspec/syntax/table.json",
    "cnnspec/specs/resnet.cnn",
    "cnnspec/errors/shape-mismatch.md",
    "cnnspec_torch/__init__.py",
    "cnnspec_torch/py.typed",
)
USE = """
import torch
from resnet50_torch import ResNet50
scores = ResNet50().eval()(torch.rand(1, 3, 64, 64))
assert scores.shape == (1, 1000), scores.shape
import sys
assert "cnnspec" not in sys.modules
"""


def step(words: str, *command: str | Path, cwd: Path) -> None:
    """Run a command of one step, or end with what it said."""
    print(f"wheel: {words}", flush=True)
    outside = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    subprocess.run([str(each) for each in command], cwd=cwd, env=outside, check=True)


def built(source: Path, target: Path) -> Path:
    """Build a wheel of a checkout or of a source distribution."""
    options = ("--no-deps", "--wheel-dir", target, source)
    step(f"building from {source.name}", sys.executable, *PIP, "wheel", *options, cwd=source.parent)
    (wheel,) = target.glob("cnnspec-*.whl")
    return wheel


def contents(wheel: Path) -> dict[str, int]:
    """Give the files of a wheel, each with a sum over what is in it."""
    return {each.filename: each.CRC for each in zipfile.ZipFile(wheel).infolist()}


def main() -> None:
    """Go through the steps in a folder of their own, away from the checkout."""
    with tempfile.TemporaryDirectory(prefix="cnnspec-wheel-") as name:
        away = Path(name)
        venv.create(away / "env", with_pip=True)
        python = away / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
        install = (*PIP, "install", "--constraint", CONSTRAINTS)
        wheel = built(ROOT, away / "checkout")
        step("installing what makes one of sources", python, *PIP, "install", "build", cwd=away)
        make = ("-m", "build", "--sdist", "--outdir", away, ROOT)
        step("making the source distribution", python, *make, cwd=away)
        (sdist,) = away.glob("cnnspec-*.tar.gz")
        if contents(built(sdist, away / "sdist")) != (held := contents(wheel)):
            sys.exit("the source distribution makes another wheel than the checkout")
        for wanted in WANTED:
            if wanted not in held:
                sys.exit(f"the wheel lacks {wanted}")
        step("installing torch", python, *install, "torch==2.13.0", cwd=away)
        step("installing it", python, *install, f"{wheel}[torch]", cwd=away)
        empty = away / "empty"
        empty.mkdir()
        cnnspec = python.with_name("cnnspec")
        step("compiling", cnnspec, "compile", "resnet50.cnn", "--backend", "torch", cwd=empty)
        step("running the source", python, "-c", USE, cwd=empty)
        step("explaining", cnnspec, "explain", "shape-mismatch", cwd=empty)
    print("wheel: fine")


if __name__ == "__main__":
    main()
