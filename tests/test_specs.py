"""Specs that tests bring along: networks in the paths of published checkpoints."""

from __future__ import annotations

from pathlib import Path

import cnnspec

SPECS = Path(__file__).parent / "specs"


def test_hold_what_they_state() -> None:
    for file in sorted(SPECS.glob("*.cnn")):
        for net in cnnspec.load_all(file):
            assert net.warnings == ()
            assert net.params > 0


def test_yolov8_has_the_paths_of_its_authors() -> None:
    paths = {node.path for node in cnnspec.load(SPECS / "yolov8.cnn:yolov8n").nodes}
    assert {"model.0.conv", "model.4.m.1.cv2.bn", "model.22.cv3.2.1.conv"} <= paths
