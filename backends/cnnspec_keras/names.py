"""The names of Keras layers: a spec's path, written so that no two paths share a name."""

from __future__ import annotations

import re


def segment_name(segment: str) -> str:
    """Write one segment of a path: an underscore inside it is doubled, one at an end is a `>`.

    >>> segment_name("conv1"), segment_name("branch_pool"), segment_name("_x")
    ('conv1', 'branch__pool', '>x')
    """
    inside = segment.strip("_")
    before = len(segment) - len(segment.lstrip("_"))
    after = len(segment) - before - len(inside)
    return ">" * before + inside.replace("_", "__") + ">" * after


def layer_name(path: str) -> str:
    """Give the name of the layer that a path's step becomes: a dot is an underscore.

    Keras refuses `/` in a name, and its torch backend refuses dots.

    >>> layer_name("layer1.0.conv1"), layer_name("a.b_c"), layer_name("a_b.c")
    ('layer1_0_conv1', 'a_b__c', 'a__b_c')
    """
    return "_".join(map(segment_name, path.split(".")))


def path_of(name: str) -> str:
    """Give the path that a layer's name was made from.

    >>> path_of("layer1_0_conv1"), path_of("a_b__c"), path_of(">x")
    ('layer1.0.conv1', 'a.b_c', '_x')
    """
    parts = re.split(r"(?<!_)_(?!_)", name)
    return ".".join(part.replace("__", "_").replace(">", "_") for part in parts)
