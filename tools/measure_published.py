"""Measure published implementations anew: writes tests/oracles/fingerprints.csv.

Needs torchvision and timm, which nothing else here does. Run it from the root:
`python -m tools.measure_published`.
"""

from __future__ import annotations

import csv
import importlib
from pathlib import Path

from cnnspec import library
from tests import published

ROOT = Path(__file__).parent.parent
#: Names of torchvision's that stand for the paper's network here.
TAKEN = {"alexnet", "googlenet"}
HEADS = {"aux_logits": True, "init_weights": False}
ARGUMENTS: dict[str, dict[str, bool]] = {"googlenet": HEADS, "inception_v3": HEADS}


def main() -> None:
    """Measure all that ships and is published elsewhere."""
    torchvision = importlib.import_module("torchvision")
    timm = importlib.import_module("timm")
    known = set(torchvision.models.list_models(module=torchvision.models)) - TAKEN
    rows: list[tuple[object, ...]] = [published.COLUMNS]
    for name in sorted(library.shipped()):
        theirs = published.ELSEWHERE.get(name, f"torchvision:{name}")
        source, _, model = theirs.partition(":")
        if source == "timm":
            made = timm.create_model(model, pretrained=False)
        elif name in published.ELSEWHERE or name in known:
            made = torchvision.models.get_model(model, weights=None, **ARGUMENTS.get(model, {}))
        else:
            continue
        rows.append((name, theirs, *published.fingerprint(made)))
        print(name)
    with (ROOT / "tests/oracles/fingerprints.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


if __name__ == "__main__":
    main()
