"""What is said below the table: the convention, where memory goes, how the network is built."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from textwrap import wrap

from cnnspec.analysis.accepted import Accepted, Lengths, Stop, accepted
from cnnspec.analysis.figures import Meter
from cnnspec.analysis.liveness import peak
from cnnspec.analysis.memory import activation_bytes, largest_activation, weight_bytes
from cnnspec.analysis.order import best_order
from cnnspec.analysis.parameters import kept
from cnnspec.analysis.quantity import duration, memory, number
from cnnspec.analysis.receptive_field import receptive_fields
from cnnspec.analysis.roofline import roofline
from cnnspec.analysis.structure import MOST_PATHS, structure
from cnnspec.analysis.training import training

Fact = tuple[str, str, str]


def footer(meter: Meter, width: int, *, every: bool = False) -> list[str]:
    """State the convention and the sizes, as many facts on a line as fit."""
    graph, run, total = meter.graph, meter.run, meter.inference
    fullest = peak(graph, run)
    shown = f"1 MAC = 1 multiply-add; FLOPs = 2 x MACs = {number(total.flops)}"
    if every:
        shown += f", counting all else {number(total.all_flops)}"
    trained, used = meter.total.params, total.params
    facts = (
        f"{trained:,} parameters" + (f", {used:,} at inference" if used < trained else ""),
        f"{total.macs:,} MACs of conv and dense",
        shown,
        f"weights {memory(weight_bytes(graph.inference_nodes, run))}",
        f"activations {memory(activation_bytes(graph, run))}",
        f"at most {memory(fullest.bytes)} at a time, in {fullest.at.path}",
    )
    lines: list[str] = []
    for fact in facts:
        if lines and len(lines[-1]) + len(fact) + 2 <= width:
            lines[-1] += f"; {fact}"
        else:
            lines.append(fact)
    return lines


def memory_facts(meter: Meter, optimiser: str) -> list[tuple[str, list[Fact]]]:
    """Say where memory goes, at inference and in training."""
    graph, run = meter.graph, meter.run
    in_place = replace(run, in_place=True)
    fullest, tight = peak(graph, run), peak(graph, in_place)
    best = best_order(graph, run)
    nodes = graph.inference_nodes
    inference = [
        ("weights", memory(weight_bytes(nodes, run)), f"{kept(nodes):,} numbers of them are state"),
        (
            "activations",
            memory(activation_bytes(graph, run)),
            "all that is written, input left out",
        ),
        ("", memory(activation_bytes(graph, in_place)), "where activations write in place"),
        ("largest", memory(largest_activation(nodes, run)), "one value"),
        ("at a time", memory(fullest.bytes), f"at most, in {fullest.at.path}, as written"),
        ("", memory(tight.bytes), "where activations write in place"),
        (
            "",
            memory(best.bytes),
            "in the best order" if best.exact else "or less in the best order",
        ),
    ]
    whole = training(graph, run, optimiser=optimiser)
    again = training(graph, run, optimiser=optimiser, recompute=True)
    more = again.recomputed / (3 * again.macs) if again.macs else 0.0
    step = [
        ("weights", memory(whole.weights), ""),
        ("gradients", memory(whole.gradients), "of weights"),
        ("optimiser", memory(whole.optimiser), "its state"),
        ("activations", memory(whole.saved), "saved on the way forward"),
        ("at a time", memory(whole.peak), "at most, all of it"),
    ]
    if again.recomputed:
        step += [
            ("activations", memory(again.saved), "if blocks run again on the way back"),
            ("at a time", memory(again.peak), f"then, for {more:.0%} more multiply-adds"),
        ]
    head = f"batch {run.batch}, {run.dtype}"
    return [
        (f"memory at inference, {head}", inference),
        (f"memory in training, {head}, {optimiser}", step),
    ]


def built(meter: Meter) -> list[tuple[str, list[Fact]]]:
    """Say how deep the network is, what an output sees, and which images it takes."""
    graph = meter.graph
    shape = structure(graph)
    facts = [
        ("depth", f"{shape.depth:,}", "layers with multiply-adds on the longest way"),
        ("weight layers", f"{shape.weight_layers:,}", "in all"),
        ("nonlinearities", f"{shape.nonlinearities:,}", "activations in all"),
        ("steps", f"{shape.steps:,}", "nodes on the longest way"),
        ("paths", _count(shape.paths), "ways from an input to an output"),
    ]
    seen = _widest(meter)
    if seen is not None:
        path, field, stride = seen
        facts.append(("receptive field", field, f"of {path}, the largest; a step is {stride}"))
    taken = accepted(graph)
    return [("how it is built", [*facts, *(_sizes(taken) if taken is not None else ())])]


def _sizes(taken: Accepted) -> Iterator[Fact]:
    """Say which images are taken, and what refuses the next smaller and larger."""
    height, width = taken.height, taken.width
    why = _either(_stops(height.below), _stops(width.below), taken.below)
    if taken.corner is not None:
        why.append(f"not both at once: {_said(taken.corner)}")
    yield from _lines("smallest image", f"{height.smallest}x{width.smallest}", why)
    lengths = [each.largest for each in (height, width)]
    most = "x".join(str(each or "any") for each in lengths) if any(lengths) else "any"
    yield from _lines("largest image", most, _either(_on(height), _on(width), taken.above))


def _lines(name: str, value: str, why: Sequence[str]) -> Iterator[Fact]:
    yield name, value, why[0]
    yield from (("", "", each) for each in why[1:])


def _stops(stop: Stop | None) -> str:
    return "nothing refuses" if stop is None else _said(stop)


def _on(axis: Lengths) -> str:
    """Say what keeps an axis from being longer, or in what steps it goes on."""
    steps = axis.above is None and axis.step > 1
    return f"in steps of {axis.step}" if steps else _stops(axis.above)


def _either(rows: str, columns: str, both: Stop | None) -> list[str]:
    """Say what holds for the height and for the width; once where it is the same, or one node's."""
    if both is not None and all(each.startswith(f"{both.node.path}: ") for each in (rows, columns)):
        return [_said(both)]
    return [rows] if rows == columns else [f"height: {rows}", f"width: {columns}"]


def _said(stop: Stop) -> str:
    return f"{stop.node.path}: {stop.reason}"


def timed(meter: Meter) -> list[str]:
    """Say what bounds the least time on a device."""
    assert meter.device is not None
    bounds = roofline(meter.graph, meter.run, meter.device)
    whole = sum(bound.seconds for bound in bounds)
    moving = sum(bound.seconds for bound in bounds if bound.by_memory)
    share = moving / whole if whole else 0.0
    peak_rate = meter.device.operations(meter.run.dtype) / 1e12
    sheet = (
        f"peak {peak_rate:g} TFLOP/s in {meter.run.dtype}, {meter.device.bandwidth / 1e9:g} GB/s"
    )
    return [
        f"at least {duration(whole)} a batch; {share:.0%} of it is bound by memory, not arithmetic",
        f"{sheet}; no step overlaps another, none is fused",
    ]


def written(sections: Iterable[tuple[str, Sequence[Fact]]], width: int) -> str:
    """Set sections in columns; what a fact says goes on below it where a line is too short."""
    lines = []
    for head, facts in sections:
        lines += ["", head]
        names, values = max(len(f[0]) for f in facts), max(len(f[1]) for f in facts)
        room = width - names - values - 6
        for name, value, why in facts:
            first, *more = wrap(why, room, break_long_words=False) or [""]
            lines.append(f"  {name:{names}}  {value:>{values}}  {first}".rstrip())
            lines += [" " * (names + values + 6) + each for each in more]
    return "".join(f"{line}\n" for line in lines)


def _count(value: int | None) -> str:
    if value is None:
        return f"over {MOST_PATHS:.0e}"
    return f"{value:,}" if value < 10**12 else f"{value:.2e}"


def _widest(meter: Meter) -> tuple[str, str, str] | None:
    """Give path, field and stride of the convolution or pool that sees most, the last of several.

    One that leaves an image: a place of a vector sees all of what it was made of.
    """
    fields = receptive_fields(meter.graph)
    windows = [
        node
        for node in reversed(meter.graph.inference_nodes)
        if node.inputs
        and node.op.window(*node.input_shapes) is not None
        and node.shape.is_image
        and node.shape[1:] != (1, 1)
    ]
    node = max(windows, key=lambda each: sorted(fields[each.path].size), default=None)
    if node is None:
        return None
    return node.path, _pair(fields[node.path].size), _pair(fields[node.path].stride)


def _pair(values: tuple[object, object]) -> str:
    return "x".join(map(str, values))
