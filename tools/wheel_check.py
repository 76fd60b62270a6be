"""Prove the wheel: build it, install it into an empty environment elsewhere, use it there."""

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


def main() -> None:
    """Go through the steps in a folder of their own, away from the checkout."""
    with tempfile.TemporaryDirectory(prefix="cnnspec-wheel-") as name:
        away = Path(name)
        pip = ("-m", "pip", "--quiet", "--disable-pip-version-check")
        step(
            "building",
            sys.executable,
            *pip,
            "wheel",
            "--no-deps",
            "--wheel-dir",
            away,
            ROOT,
            cwd=away,
        )
        (wheel,) = away.glob("cnnspec-*.whl")
        held = zipfile.ZipFile(wheel).namelist()
        for wanted in (
            "cnnspec/py.typed",
            "cnnspec/syntax/grammar.lark",
            "cnnspec/syntax/table.json",
            "cnnspec/specs/resnet.cnn",
            "cnnspec/errors/shape-mismatch.md",
            "cnnspec_torch/__init__.py",
        ):
            if wanted not in held:
                sys.exit(f"the wheel lacks {wanted}")
        venv.create(away / "env", with_pip=True)
        binaries = away / "env" / ("Scripts" if os.name == "nt" else "bin")
        install = (*pip, "install", "--constraint", CONSTRAINTS)
        step("installing torch", binaries / "python", *install, "torch==2.13.0", cwd=away)
        step("installing it", binaries / "python", *install, f"{wheel}[torch]", cwd=away)
        empty = away / "empty"
        empty.mkdir()
        cnnspec = binaries / "cnnspec"
        step("compiling", cnnspec, "compile", "resnet50.cnn", "--backend", "torch", cwd=empty)
        step("running the source", binaries / "python", "-c", USE, cwd=empty)
        step("explaining", cnnspec, "explain", "shape-mismatch", cwd=empty)
    print("wheel: fine")


if __name__ == "__main__":
    main()
