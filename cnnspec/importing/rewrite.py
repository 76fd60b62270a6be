"""Says what a recording does in the words of the registry: each pass makes one thing plain."""

from __future__ import annotations

from typing import Final

from cnnspec.importing.operators import settle
from cnnspec.importing.surgery import Surgery
from cnnspec.importing.tree import Record, Scope, Step, Value

#: Drops whole examples, and scales none of the rest.
UNSCALED: Final = "drop_unscaled"
#: Padding by less than any number.
PAD_LOWEST: Final = "pad_lowest"
#: Layers that pad, and the step before them that may do it instead.
PADDED: Final = {"conv": "pad", "maxpool": PAD_LOWEST}


def rewrite(record: Record) -> None:
    """Rewrite a recording in place; raises SpecError for what no operator says."""
    recognise(record)
    surgery = Surgery(record)
    _pooled(surgery)
    surgery.sweep()
    _hoist(surgery, record.root)
    _grow(surgery)
    surgery.sweep()
    for step in record.root.steps():
        settle(step)


def recognise(record: Record) -> None:
    """Know the operators that are written out by several functions, in place; drop what is dead."""
    surgery = Surgery(record)
    surgery.sweep()
    _composed(surgery)
    surgery.sweep()


def _composed(surgery: Surgery) -> None:
    """Know activations that are written out: x * sigmoid(x), x * relu6(x + 3) / 6."""
    for step in surgery.steps():
        if step in surgery.gone:
            continue
        if step.operator == "relu6":
            _hardsigmoid(surgery, step)
        if step.operator == "mul" and len(step.inputs) == 2:
            _gated(surgery, step)
        if step.operator == UNSCALED:
            _scaled(surgery, step)
        if step.operator in PADDED:
            _padded(surgery, step)


def _hardsigmoid(surgery: Surgery, step: Step) -> None:
    """Know hardsigmoid(x), which is relu6(x + 3) / 6."""
    before, after = step.inputs[0].step, surgery.only_user(step.outputs[0])
    if before is None or before.operator != "shift" or before.arguments["by"] != 3.0:
        return
    if surgery.only_user(before.outputs[0]) is not step or after is None:
        return
    if after.operator == "mul" and len(after.inputs) == 2:
        # x * relu6(x + 3) / 6: the division comes last
        divided = surgery.only_user(after.outputs[0])
        if divided is None or not _sixth(divided) or before.inputs[0] not in after.inputs:
            return
        after.operator = "hardswish"
        surgery.rewire(after, [before.inputs[0]])
        surgery.bypass(divided)
        surgery.remove(step)
        surgery.remove(before)
    elif _sixth(after):
        after.operator, after.arguments = "hardsigmoid", {}
        surgery.rewire(after, [before.inputs[0]])
        surgery.remove(step)
        surgery.remove(before)


def _sixth(step: Step) -> bool:
    return step.operator == "scale" and step.arguments["factor"] == 1 / 6


def _gated(surgery: Surgery, step: Step) -> None:
    """Know silu(x), which is x * sigmoid(x), and hardswish(x), x * hardsigmoid(x)."""
    words = {"sigmoid": "silu", "hardsigmoid": "hardswish"}
    for one, other in (step.inputs, step.inputs[::-1]):
        gate = other.step
        if gate is None or gate.operator not in words or gate.inputs[0] is not one:
            continue
        if surgery.only_user(other) is step:
            step.operator = words[gate.operator]
            surgery.rewire(step, [one])
            surgery.remove(gate)
            return


def _padded(surgery: Surgery, step: Step) -> None:
    """Give a layer the padding that stands before it; what pads a maximum is never one."""
    before = step.inputs[0].step
    if before is None or before.operator != PADDED[step.operator] or step.arguments["pad"] != 0:
        return
    if surgery.only_user(before.outputs[0]) is not step or "channels" in before.arguments:
        return
    step.arguments["pad"] = before.arguments["sides"]
    surgery.bypass(before)


def _scaled(surgery: Surgery, step: Step) -> None:
    """Know what drops examples and scales the rest, before or after."""
    keep = step.arguments["keep"]
    assert isinstance(keep, float)
    for scale in (step.inputs[0].step, surgery.only_user(step.outputs[0])):
        if scale is None or scale.operator != "scale" or scale.arguments["factor"] != 1 / keep:
            continue
        if scale.outputs[0] is step.inputs[0] and surgery.only_user(scale.outputs[0]) is not step:
            continue
        step.operator, step.arguments = "drop_path", {"rate": step.arguments["rate"]}
        surgery.bypass(scale)
        return


def _pooled(surgery: Surgery) -> None:
    """A pool to 1 x 1 that is flattened gives a vector; a vector is flat."""
    for step in surgery.steps():
        if step.operator == "flatten" and len(step.inputs[0].shape) == 1:
            surgery.bypass(step)
        elif step.operator == "flatten":
            pool = step.inputs[0].step
            kept = pool is not None and pool.arguments.get("keep") is True
            if pool is not None and kept and surgery.only_user(step.inputs[0]) is step:
                pool.arguments["keep"] = False
                pool.outputs[0].shape = step.outputs[0].shape
                surgery.bypass(step)


def _hoist(surgery: Surgery, scope: Scope) -> None:
    """Move what puts inputs side by side, at the head of a scope, out of it."""
    at = 0
    while at < len(scope.members):
        inner = scope.members[at]
        if not isinstance(inner, Scope):
            at += 1
            continue
        _hoist(surgery, inner)
        moved = _head(surgery, inner)
        if moved is None:
            at += 1
            continue
        inner.members.remove(moved)
        scope.members.insert(at, moved)
        at += 1


def _head(surgery: Surgery, scope: Scope) -> Step | None:
    joins = [each for each in scope.members if isinstance(each, Step) and each.operator == "concat"]
    if not joins:
        return None
    inside = set(scope.steps())
    for join in joins:
        alone = all(
            value.step not in inside
            and not any(user in inside and user is not join for user in surgery.users[value])
            for value in join.inputs
        )
        if alone and len(set(join.inputs)) > 1:
            return join
    return None


def _grow(surgery: Surgery) -> None:
    """Put beside what was put together before: concat(a, b, c) is concat(concat(a, b), c)."""
    longest: dict[tuple[Value, ...], Value] = {}
    for step in surgery.steps():
        if step.operator != "concat":
            continue
        whole = tuple(step.inputs)
        for count in range(len(whole) - 1, 1, -1):
            before = longest.get(whole[:count])
            if before is not None:
                surgery.rewire(step, [before, *whole[count:]])
                break
        longest[whole] = step.outputs[0]
