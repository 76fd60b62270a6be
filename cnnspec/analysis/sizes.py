"""Which layers fix the size of a network's input: those whose weights would be others."""

from __future__ import annotations

from cnnspec.diagnostics import Diagnostic, Label
from cnnspec.graph import Graph, Node


def fixed_by(own: Graph, other: Graph) -> list[Diagnostic]:
    """Hold a network against itself at another size of its input; say where weights differ.

    A convolution and a mean over all places keep their weights at any size; a dense layer on a
    flattened image does not. Gives one diagnostic, about the first such layer.
    """
    known = {node.path: node for node in own.nodes}
    for node in other.nodes:
        mine = known.get(node.path)
        if mine is None or mine.weights != node.weights:
            return [_said(mine, node, own, other)]
    return []


def _said(mine: Node | None, node: Node, own: Graph, other: Graph) -> Diagnostic:
    size, given = own.inputs[0].shape, other.inputs[0].shape
    what = "size" if size.channels == given.channels else "channels"
    notes = ("only training needs this layer: at inference the network takes this size",)
    if mine is None or not node.inputs:
        said = f"it is there at {given} only"
    else:
        said = f"{mine.input_shapes[0]} comes in at {size}, {node.input_shapes[0]} at {given}"
    return Diagnostic(
        "fixed-size",
        f"{node.path} fixes the {what} of the input: its weights are for {size}",
        (Label(node.span, said),),
        notes=notes if node not in other.inference_nodes else (),
        help="a mean over all places (`gap`, `adaptive_avgpool(7)`) before it takes any size"
        if what == "size"
        else f"give it {size.channels} channels to keep its weights",
    )
