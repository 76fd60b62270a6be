"""Records runs of a module, in training, outside it, at another size, and compares them."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from cnnspec.diagnostics import SpecError
from cnnspec.importing.importer import Finding
from cnnspec.importing.refusal import refused
from cnnspec.importing.rewrite import recognise
from cnnspec.importing.signature import Signatures, of_record
from cnnspec.importing.tree import Origin, Record, Result, Value
from cnnspec_torch.importing.layers import LAYERS
from cnnspec_torch.importing.meaning import Flow, Unsaid
from cnnspec_torch.importing.pointwise import POINTWISE
from cnnspec_torch.importing.pools import POOLS
from cnnspec_torch.importing.recorder import Recorder
from cnnspec_torch.importing.results import named
from cnnspec_torch.importing.shaping import SHAPING
from cnnspec_torch.importing.source import raised

HANDLERS = {**LAYERS, **POINTWISE, **POOLS, **SHAPING}
#: How much larger an image is when it is tried at another size.
MORE = 64


@dataclass(frozen=True, slots=True)
class Run:
    """What a run recorded, the weights that it used, classes that dropped examples or nothing."""

    record: Record
    used: frozenset[str]
    idle: frozenset[type[nn.Module]]
    dropped: frozenset[type[nn.Module]]


def run(
    module: nn.Module,
    origins: Mapping[str, Origin],
    shapes: Sequence[tuple[int, ...]],
    dropping: frozenset[type[nn.Module]] = frozenset(),
) -> Run:
    """Record one run, on tensors of zeros where the module's weights are."""
    recorder = Recorder(module, HANDLERS, origins)
    recorder.dropping = dropping
    device = next(module.parameters(), torch.empty(0)).device
    inputs = [torch.zeros(2, *shape, device=device) for shape in shapes]
    try:
        given = recorder.run(inputs)
    except SpecError:
        raise
    except Exception as failure:
        sizes = ", ".join("x".join(map(str, each)) for each in shapes)
        raise refused(
            f"the model does not run on an input of {sizes}: {raised(failure)}",
            help="`--input CxHxW` gives it another",
        ) from failure
    results = []
    for name, tensor in named(given):
        meaning = recorder.meaning(tensor)
        if isinstance(meaning, Unsaid):
            raise meaning.refusal
        if not isinstance(meaning, Flow):
            raise recorder.refusal(f"the output {name} does not come from the input")
        results.append(Result(name, meaning.value))
    names = [_input_name(index, shapes) for index in range(len(shapes))]
    record = Record(recorder.root, [*zip(names, recorder.inputs, strict=True)], results, "", 0)
    recognise(record)
    used = frozenset(recorder.applied)
    return Run(record, used, frozenset(recorder.idle), frozenset(recorder.dropped))


def twin(module: nn.Module) -> nn.Module:
    """Copy a module without its numbers, so that nothing is computed while it runs."""
    result = copy.deepcopy(module).float()
    for path, each in [*result.named_modules()]:
        if isinstance(each, nn.SyncBatchNorm):  # it runs on several devices alone
            parent, _, own = path.rpartition(".")
            plain = nn.BatchNorm2d(each.num_features, each.eps, each.momentum, each.affine)
            setattr(result.get_submodule(parent), own, plain)
    return result.to("meta")


def join(training: Run, outside: Run) -> list[Result]:
    """Give what training gives, each either as it is outside, or a head; raises SpecError."""
    signatures = Signatures(noise=False)
    known = _numbers(signatures, training.record)
    numbers = {known[each.value]: each for each in training.record.results}
    other = _numbers(signatures, outside.record)
    found = []
    for each in outside.record.results:
        number = other[each.value]
        if number not in numbers:
            step = signatures.steps[number]
            raise refused(
                "in training the model computes something else than outside it",
                f"outside training its output ends in {step}",
                help="a spec says one network: import it as it is for inference, "
                "by a wrapper that sets `.eval()`",
            )
        found.append(Result(each.name, numbers.pop(number).value))
    kept = {each.name for each in found}
    for each in numbers.values():
        own = each.name if each.name not in kept else f"{each.name}_aux"
        found.append(Result(own, each.value, train=True))
    return found


def elsewhere(
    module: nn.Module,
    origins: Mapping[str, Origin],
    shapes: Sequence[tuple[int, ...]],
    outside: Run,
) -> list[Finding]:
    """Run the module at another size; another size may run other steps."""
    if any(len(shape) != 3 for shape in shapes):
        return []
    larger = [(c, h + MORE, w + MORE) for c, h, w in shapes]
    what = f"at {' and '.join('x'.join(map(str, each)) for each in larger)} it runs the same steps"
    try:
        again = run(module, origins, larger)
    except SpecError as failure:
        return [Finding(what, None, failure.diagnostics[0].title)]
    signatures = Signatures(noise=False)
    one, other = _numbers(signatures, outside.record), _numbers(signatures, again.record)
    same = [one[each.value] for each in outside.record.results] == [
        other[each.value] for each in again.record.results
    ]
    if same:
        return [Finding(what, holds=True)]
    return [Finding(what, None, "it runs others there: the spec is of this size alone")]


def _numbers(signatures: Signatures, record: Record) -> dict[Value, int]:
    return of_record(signatures, record.root.steps(), [value for _, value in record.inputs])


def _input_name(index: int, shapes: Sequence[tuple[int, ...]]) -> str:
    word = "image" if len(shapes[index]) == 3 else "features"
    return word if len(shapes) == 1 else f"{word}{index + 1}"
