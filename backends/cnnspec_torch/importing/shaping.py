"""Functions that move numbers: views, exchanged axes, parts, padding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Final

from cnnspec.importing.rewrite import PAD_LOWEST
from cnnspec.importing.tree import Argument
from cnnspec_torch.importing.layers import numbers
from cnnspec_torch.importing.meaning import FIRST, LAST, Flow, Layout, Meaning, shape_of
from cnnspec_torch.importing.recorder import Call, Handler


def _flat(value: Sequence[object]) -> list[object]:
    return list(value[0]) if len(value) == 1 and isinstance(value[0], tuple | list) else [*value]


def _permute(call: Call) -> Flow:
    rank = call.get(0, "input").dim()
    if call.name in ("transpose", "swapaxes", "transpose_"):
        order = list(range(rank))
        one, other = call.get(1, "dim0") % rank, call.get(2, "dim1") % rank
        order[one], order[other] = order[other], order[one]
    elif call.name in ("movedim", "moveaxis"):
        source, target = (int(call.get(at, "")) % rank for at in (1, 2))
        order = [axis for axis in range(rank) if axis != source]
        order.insert(target, source)
    else:
        given = call.kwargs.get("dims") or _flat(call.args[1:])
        order = [int(str(each)) % rank for each in given]
    return _reordered(call, order)


def _reordered(call: Call, order: list[int]) -> Flow:
    x = call.flow()
    if order == list(range(len(order))):
        return x
    if x.layout == FIRST and order == [0, 2, 3, 1]:
        return Flow(x.value, LAST)
    if x.layout == LAST and order == [0, 3, 1, 2]:
        return Flow(x.value)
    if x.layout.kind == "grouped" and order == [0, 2, 1, 3, 4]:
        return Flow(x.value, Layout("dealt", x.layout.groups))
    raise call.refusal(f"axes are put into the order {order}")


def _view(call: Call) -> Flow:
    """Read a tensor's numbers as another shape."""
    x = call.flow()
    before, after = tuple(call.get(0, "input").shape), tuple(call.result.shape)
    if after == before:
        return x
    if after[:1] != before[:1]:
        raise call.refusal(
            f"`{call.name}` from {before} to {after} mixes the batch with what flows"
        )
    channels, *places = x.value.shape
    if x.layout.kind == "dealt" and after[1:] == x.value.shape:
        shuffled = call.step("channel_shuffle", {"groups": x.layout.groups}, [x], shape=after[1:])
        return Flow(shuffled.value)
    if x.layout == LAST and set(places) == {1} and after[1:] == (channels,):
        return call.step("flatten", {}, [Flow(x.value)], shape=(channels,))
    if x.layout.kind == "column" and len(after) == 2:
        return Flow(x.value)
    if x.layout != FIRST:
        raise call.refusal(
            f"`{call.name}` from {before} to {after} of a tensor whose axes were exchanged"
        )
    if len(after) == 2:
        return call.step("flatten", {}, [x], shape=after[1:])
    if len(after) == 5 and len(places) == 2 and list(after[3:]) == places:
        return Flow(x.value, Layout("grouped", after[1]))
    if len(after) == 3 and set(places) == {1} and after[1] == channels:
        flat = call.step("flatten", {}, [x], shape=(channels,))
        return Flow(flat.value, Layout("column"))
    if len(after) == 4:
        return call.step("reshape", {"to": after[1:]}, [x], shape=after[1:])
    raise call.refusal(f"`{call.name}` from {before} to {after}")


def _cat(call: Call) -> Flow:
    parts = call.get(0, "tensors")
    axis = call.get(1, "dim", 0) % call.result.dim()
    flows = []
    for each in parts:
        meaning = call.known[id(each)]
        if not isinstance(meaning, Flow):
            raise call.refusal("what is put beside a value does not flow")
        flows.append(meaning)
    layouts = {each.layout for each in flows}
    channels = call.result.dim() - 1 if layouts == {LAST} else 1
    if len(layouts) > 1 or axis != channels or layouts - {FIRST, LAST}:
        raise call.refusal(f"tensors are put beside one another along the axis {axis}")
    if len(flows) == 1:
        return flows[0]
    return call.step("concat", {}, flows)


def _split(call: Call) -> list[Meaning]:
    x = call.flow()
    axis = call.get(2, "dim", 0) % (len(x.value.shape) + 1)
    shapes = [shape_of(each) for each in call.given]
    if x.layout != FIRST or axis != 1:
        raise call.refusal(f"a tensor is parted along the axis {axis}")
    if len(set(shapes)) > 1:
        raise call.refusal("a tensor is parted into parts of different sizes")
    if len(shapes) == 1:
        return [x]
    return [*call.steps("split", {"n": len(shapes)}, [x], shapes)]


def _pad(call: Call) -> Flow:
    x = call.upright()
    sides = list(call.get(1, "pad"))
    if not any(sides):
        return x
    mode, value = call.get(2, "mode", "constant"), call.get(3, "value", 0)
    lowest = value == -inf
    if mode != "constant" or (value not in (0, None) and not lowest):
        raise call.refusal(f"padding by something else than zeros ({mode})")
    if len(x.value.shape) != 3 or any(sides[6:]):
        raise call.refusal("padding of other axes than those of an image")
    sides += [0] * (6 - len(sides))
    left, right, top, bottom, before, after = sides[:6]
    around = (top, bottom, left, right)
    cut = tuple(max(-each, 0) for each in around)
    if min(before, after) < 0:
        raise call.refusal("channels are cut off by padding")
    if any(cut):
        channels, height, width = x.value.shape
        shape = (channels, height - cut[0] - cut[1], width - cut[2] - cut[3])
        x = call.step("crop", {"sides": numbers(cut)}, [x], shape=shape)
    around = tuple(max(each, 0) for each in around)
    if not any((*around, before, after)):
        return x
    arguments: dict[str, Argument] = {"sides": numbers(around)}
    if before or after:
        arguments["channels"] = (before, after)
    return call.step(PAD_LOWEST if lowest else "pad", arguments, [x])


def _part(call: Call) -> Flow:
    """Take a part by `x[…]`: a border left out, or every other place."""
    x = call.flow()
    index = call.args[1]
    before, after = tuple(call.get(0, "input").shape), tuple(call.result.shape)
    if before == after:
        return x
    plain = isinstance(index, tuple) and all(isinstance(each, slice) for each in index)
    if not plain or x.layout != FIRST or len(before) != 4:
        raise call.refusal(f"a part of a tensor, {before} to {after}")
    slices = [*index, *[slice(None)] * (4 - len(index))]
    whole = [each.indices(length) for each, length in zip(slices, before, strict=True)]
    if any(each != (0, length, 1) for each, length in zip(whole[:2], before[:2], strict=True)):
        raise call.refusal(f"a part of the channels, {before} to {after}")
    steps = [step for _, _, step in whole[2:]]
    if all(start == 0 for start, _, _ in whole[2:]) and all(
        stop == length for (_, stop, _), length in zip(whole[2:], before[2:], strict=True)
    ):
        return call.step("maxpool", {"size": 1, "stride": numbers(steps)}, [x])
    if steps != [1, 1]:
        raise call.refusal(f"every other place from the second on, {before} to {after}")
    cut = [
        side
        for (start, stop, _), length in zip(whole[2:], before[2:], strict=True)
        for side in (start, length - stop)
    ]
    return call.step("crop", {"sides": numbers(cut)}, [x])


def _shuffle(call: Call) -> Flow:
    return call.step("channel_shuffle", {"groups": int(call.get(1, "groups"))}, [call.upright()])


def _pixel_shuffle(call: Call) -> Flow:
    factor = int(call.get(1, "upscale_factor"))
    return call.step("pixel_shuffle", {"factor": factor}, [call.upright()])


SHAPING: Final[Mapping[str, Handler]] = {
    **dict.fromkeys(("permute", "transpose", "swapaxes", "movedim", "moveaxis"), _permute),
    **dict.fromkeys(("view", "reshape", "flatten", "squeeze", "unsqueeze", "unflatten"), _view),
    **dict.fromkeys(("cat", "concat", "concatenate"), _cat),
    **dict.fromkeys(("chunk", "split", "tensor_split"), _split),
    "pad": _pad,
    "__getitem__": _part,
    "channel_shuffle": _shuffle,
    "pixel_shuffle": _pixel_shuffle,
}
