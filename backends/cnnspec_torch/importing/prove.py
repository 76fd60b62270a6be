"""Proves an imported network: the module and the emitted class run on the same numbers."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from math import inf, isnan
from typing import Final

import torch
from torch import nn

from cnnspec.emit.loading import module_of
from cnnspec.importing.importer import Finding, Written
from cnnspec.importing.tree import Record
from cnnspec_torch.importing.results import named

COUNTER: Final = "num_batches_tracked"
#: The largest difference, by the largest value, that rounding in float64 may leave.
BOUND: Final = 1e-9


def prove(
    module: nn.Module, record: Record, shapes: Sequence[tuple[int, ...]], written: Written
) -> list[Finding]:
    """Hold the emitted class against the module: keys, weights, outputs, sizes, training."""
    ours = getattr(module_of(written.source), written.class_name)()
    theirs = copy.deepcopy(module).float()
    findings = _keys(theirs, ours)
    if not all(each.holds for each in findings):
        return findings
    findings.append(
        Finding(
            "it has as many trainable numbers",
            written.parameters == record.parameters,
            f"{record.parameters:_}",
        )
    )
    torch.manual_seed(0)
    _stir(theirs)
    state = theirs.state_dict()
    mine = ours.state_dict()
    ours.load_state_dict(
        {key: state[key].reshape(mine[key].shape) if key in state else mine[key] for key in mine}
    )
    ours, theirs = ours.double(), theirs.double()
    findings.append(_outputs(theirs.eval(), ours.eval(), shapes, "outputs"))
    for size in written.sizes:
        findings.append(_outputs(theirs, ours, [size], f"outputs at {_shown(size)}"))
    small = [written.sizes[0]] if written.sizes else shapes
    _quieten(theirs)
    _quieten(ours)
    findings.append(_outputs(theirs.train(), ours.train(), small, "outputs in training, noise off"))
    findings.append(_statistics(theirs, ours))
    return findings


def _shown(size: tuple[int, ...]) -> str:
    return " x ".join(map(str, size))


def _keys(theirs: nn.Module, ours: nn.Module) -> list[Finding]:
    """Hold the state dicts' keys, and the sizes of what is there."""
    one = {key: value for key, value in theirs.state_dict().items() if not key.endswith(COUNTER)}
    two = {key: value for key, value in ours.state_dict().items() if not key.endswith(COUNTER)}
    odd = sorted(one.keys() ^ two.keys())
    if odd:
        whose = "the module" if odd[0] in one else "the spec"
        return [
            Finding(
                "its state dict has the same keys",
                holds=False,
                figure=f"{odd[0]} is {whose}'s alone",
            )
        ]
    sizes = [
        key
        for key in one
        if [n for n in one[key].shape if n > 1] != [n for n in two[key].shape if n > 1]
    ]
    if sizes:
        return [Finding("its weights have the same sizes", holds=False, figure=sizes[0])]
    return [
        Finding(
            "its state dict has the same keys and sizes", holds=True, figure=f"{len(one)} tensors"
        )
    ]


def _stir(module: nn.Module) -> None:
    """Change statistics, and all weights of one axis, so that none of them is 0 or 1."""
    for name, buffer in module.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(0, 0.1)
        if name.endswith("running_var"):
            buffer.uniform_(0.5, 1.5)
    with torch.no_grad():
        for parameter in module.parameters():
            if sum(length > 1 for length in parameter.shape) <= 1:
                parameter.add_(torch.randn_like(parameter) * 0.1)


def _quieten(module: nn.Module) -> None:
    """Let nothing drop values: every rate is 0."""
    for each in module.modules():
        for name in ("p", "drop_prob", "rate", "drop_rate", "survival"):
            if isinstance(getattr(each, name, None), float) and not [*each.children()]:
                setattr(each, name, 0.0)


def _outputs(
    theirs: nn.Module, ours: nn.Module, shapes: Sequence[tuple[int, ...]], what: str
) -> Finding:
    """Run both; the outputs are held against one another in order."""
    inputs = [
        torch.randn(2 if theirs.training else 1, *shape, dtype=torch.float64) for shape in shapes
    ]
    with torch.no_grad():
        one, two = named(theirs(*(each.clone() for each in inputs))), named(ours(*inputs))
    return _compared(dict(one), dict(two), what)


def _compared(
    one: Mapping[str, torch.Tensor], two: Mapping[str, torch.Tensor], what: str
) -> Finding:
    if len(one) != len(two):
        return Finding(f"equal {what}", holds=False, figure=f"{len(one)} and {len(two)} of them")
    largest = 0.0
    left = list(two)
    for name, tensor in one.items():
        own = name if name in two else left[0]
        left.remove(own)
        if tensor.shape != two[own].shape:
            return Finding(f"equal {what}", holds=False, figure=f"{name} has another shape")
        scale = max(float(tensor.abs().max()), 1e-300)
        difference = float((tensor - two[own]).abs().max()) / scale
        largest = max(largest, inf if isnan(difference) else difference)
    said = "to the last bit" if largest == 0 else f"largest difference {largest:.1e} of the largest"
    return Finding(f"equal {what}", largest <= BOUND, said)


def _statistics(theirs: nn.Module, ours: nn.Module) -> Finding:
    """Hold the running statistics that a pass in training left."""
    one, two = dict(theirs.named_buffers()), dict(ours.named_buffers())
    keys = [key for key in one if key in two and not key.endswith(COUNTER)]
    return (
        _compared(
            {key: one[key] for key in keys}, {key: two[key] for key in keys}, "running statistics"
        )
        if keys
        else Finding("no running statistics", holds=True)
    )
