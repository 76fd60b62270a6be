"""What is odd about a network although it has a meaning: each a warning, which changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from cnnspec.diagnostics import Advice, Diagnostic, Label
from cnnspec.graph import Graph, Node
from cnnspec.kinds import show
from cnnspec.source import Span

#: No image is smaller than this on a side, where its shape is doubted.
LEAST_SIDE: Final = 8
#: The family of fully connected layers.
_DENSE: Final = "dense"


def channels_last(graph: Graph, *, given: bool) -> Iterator[Diagnostic]:
    """Find inputs that look like height x width x channels: `input(224, 224, 3)`.

    `given` says that the shape came by `--input`.
    """
    for node in graph.inputs:
        if not node.shape.is_image:
            continue
        first, second, last = node.shape
        if first >= LEAST_SIDE <= second and (last == 3 or (last == 1 and first == second)):
            call, option = f"input({last}, {first}, {second})", f"--input {last}x{first}x{second}"
            turned = option if given else call
            yield Diagnostic(
                "channels-last",
                f"{node.path} has {first} channels of {second} x {last} pixels",
                (Label(node.span, "channels come first in a shape"),),
                help=_turned("colour" if last == 3 else "grey", turned, node, given=given),
                severity="warning",
            )


def _turned(image: str, call: str, node: Node, *, given: bool) -> str:
    words = f"an image in {image} is `{call}`"
    return words if given else Advice(words, call, at=node.span, sure=False)


def other_conventions(graph: Graph) -> Iterator[Diagnostic]:
    """Find arguments that are likely to follow another framework's convention, each value once."""
    seen: set[int] = set()
    for node in graph.nodes:
        if not node.op.doubted or id(node.op) in seen:
            continue
        seen.add(id(node.op))
        for key in node.op.doubted:
            value, doubt = node.op.values[key], node.op.arguments[key].doubt
            if doubt is not None and doubt.meets(value):
                yield Diagnostic(
                    "other-convention",
                    f"`{key} = {show(value)}` of {node.kind} looks like another framework's",
                    (Label(node.span, f"{node.path} has it"),),
                    notes=(doubt.whose,),
                    help=_instead(doubt.instead, key, value, node.span),
                    severity="warning",
                )


def _instead(words: str, key: str, value: float, span: Span) -> str:
    """Say what the other convention's value is here, by an edit where the step states it itself."""
    other = f"{1 - value:.6g}"
    stated = list(re.finditer(rf"\b{key}\s*=\s*([\d.eE+-]+)", span.text))
    if "{}" not in words or len(stated) != 1:
        return words.format(other)
    begin, end = stated[0].span(1)
    at = span._replace(start=span.start + begin, stop=span.start + end)
    return Advice(words.format(other), other, at=at, sure=False)


def dense_images(graph: Graph) -> Iterator[Diagnostic]:
    """Find outputs that are images of what `dense` makes at each place: a `gap` was forgotten."""
    begins: dict[Node, Node] = {}  # so that outputs along one chain walk it once
    for output in graph.outputs:
        node, height, width = output.port.node, *(*output.port.shape, 1, 1)[1:3]
        passed = []
        while node not in begins and node.op.family != _DENSE and _is_placewise(node):
            if len(node.inputs) != 1:
                break
            passed.append(node)
            node = node.inputs[0].node
        node = begins.get(node, node)
        begins.update((each, node) for each in passed)
        if node.op.family == _DENSE and height * width > 1:
            yield Diagnostic(
                "dense-image",
                f"{output.name} is {output.port.shape}: dense works at each place of an image",
                (
                    Label(node.span, f"at each of {height} x {width} places"),
                    Label(output.span, "this output"),
                ),
                help="put `gap` or `flatten` before it; `conv(filters, 1)` says that it is meant",
                severity="warning",
            )


def _is_placewise(node: Node) -> bool:
    """Whether each place that comes out is made of one that comes in, statistics left out."""
    return node.op.window(*node.input_shapes) is None


def unused_values(dead: Sequence[Node]) -> Iterator[Diagnostic]:
    """Name the last of the nodes that no output depends on."""
    if dead:
        yield Diagnostic(
            "unused-value",
            f"{dead[-1].path} is computed and never used",
            (Label(dead[-1].span, "no output depends on it; it is left out"),),
            severity="warning",
        )
