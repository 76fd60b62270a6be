"""The importer of PyTorch models: recorded in training, outside it, and at another size."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from cnnspec.diagnostics import SpecError
from cnnspec.importing.importer import Ask, Finding, Original, Written
from cnnspec.importing.refusal import refused
from cnnspec.importing.signature import Signatures, of_record
from cnnspec.importing.tree import Origin, Record, Result, Value
from cnnspec_torch.importing.constructed import Constructed
from cnnspec_torch.importing.layers import LAYERS
from cnnspec_torch.importing.meaning import Flow, Unsaid
from cnnspec_torch.importing.pointwise import POINTWISE
from cnnspec_torch.importing.pools import POOLS
from cnnspec_torch.importing.recorder import Recorder, origin
from cnnspec_torch.importing.results import named
from cnnspec_torch.importing.shaping import SHAPING
from cnnspec_torch.importing.source import made, parted, raised

if TYPE_CHECKING:
    from cnnspec.checkpoint import Array

HANDLERS = {**LAYERS, **POINTWISE, **POOLS, **SHAPING}
#: The shape of images, where none is given.
USUAL = (3, 224, 224)


@dataclass(frozen=True, slots=True)
class TorchImporter:
    """Takes `module:callable`, `file.py:Name`, and modules that live already."""

    name: str = "torch"
    doc: str = "a PyTorch module: `package.models:constructor` or `file.py:Name`"

    def runs(self, source: str) -> str | None:
        """A Python source is run."""
        return source.rpartition(":")[0] if parted(source) else None

    def claims(self, source: object) -> bool:
        """Whether it is a module, a callable, or the name of one."""
        if isinstance(source, str | os.PathLike):
            return parted(os.fspath(source)) is not None
        return isinstance(source, nn.Module) or callable(source)

    def open(self, source: object, ask: Ask) -> Original:
        """Make the module and record it."""
        module, constructed, name = made(source, ask.set)
        return recorded(module, constructed, ask, ask.name or name, source)


IMPORTER = TorchImporter()


@dataclass(frozen=True, slots=True)
class TorchOriginal:
    """A module that was recorded."""

    module: nn.Module
    record: Record
    shapes: Sequence[tuple[int, ...]]
    findings: Sequence[Finding]
    #: Whether the same steps run at another size.
    sizeless: bool
    backend: str | None = "torch"

    def prove(self, written: Written) -> Sequence[Finding]:
        """Run both in float64 on the same weights and numbers."""
        from cnnspec_torch.importing.prove import prove

        if not self.sizeless:
            written = replace(written, sizes=())
        return prove(self.module, self.record, self.shapes, written)

    def weights(self) -> Mapping[str, Array]:
        """Give the state dict as arrays."""
        state = self.module.state_dict()
        return {key: value.detach().cpu().numpy() for key, value in state.items()}


def recorded(
    module: nn.Module, constructed: Constructed, ask: Ask, name: str, source: object
) -> TorchOriginal:
    """Record a module in training and outside it, and hold the two against each other."""
    _check_tied(module)
    shapes = [tuple(each) for each in ask.inputs] or [USUAL]
    origins = {path: origin(each, constructed.of(each)) for path, each in module.named_modules()}
    twin = _twin(module)
    training, outputs = _run(twin.train(), origins, shapes)
    if dropping := training.dropped & training.idle:
        training, outputs = _run(twin.train(), origins, shapes, dropping)
    outside, evaluated = _run(twin.eval(), origins, shapes)
    signatures = Signatures(noise=False)
    results = _joined(signatures, training, outputs, outside, evaluated)
    _check_used(module, training)
    inputs = [(_input_name(index, shapes), value) for index, value in enumerate(training.inputs)]
    record = Record(
        training.root,
        inputs,
        results,
        name,
        sum(each.numel() for each in module.parameters()),
        _meta(module, source),
    )
    elsewhere = _elsewhere(twin, origins, shapes, signatures, outside, evaluated)
    findings = [
        Finding("in training it runs the same steps, but for what drops values", holds=True),
        *elsewhere,
    ]
    sizeless = all(each.holds for each in elsewhere)
    return TorchOriginal(module, record, shapes, findings, sizeless)


@dataclass(frozen=True, slots=True)
class _Ran:
    """A recorder after its run: the tree, and what went in."""

    root: Any
    inputs: Sequence[Value]
    applied: Mapping[str, int]
    idle: frozenset[type[nn.Module]]
    dropped: frozenset[type[nn.Module]]


def _run(
    module: nn.Module,
    origins: Mapping[str, Origin],
    shapes: Sequence[tuple[int, ...]],
    dropping: frozenset[type[nn.Module]] = frozenset(),
) -> tuple[_Ran, list[tuple[str, Value]]]:
    """Record one run; gives the outputs by name."""
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
    outputs = []
    for name, tensor in named(given):
        meaning = recorder.meaning(tensor)
        if isinstance(meaning, Unsaid):
            raise meaning.refusal
        if not isinstance(meaning, Flow):
            raise recorder.refusal(f"the output {name} does not come from the input")
        outputs.append((name, meaning.value))
    ran = _Ran(
        recorder.root,
        recorder.inputs,
        recorder.applied,
        frozenset(recorder.idle),
        frozenset(recorder.dropped),
    )
    return ran, outputs


def _twin(module: nn.Module) -> nn.Module:
    """Copy a module without its numbers, so that nothing is computed while it runs."""
    twin = copy.deepcopy(module).float()
    for path, each in [*twin.named_modules()]:
        if isinstance(each, nn.SyncBatchNorm):  # it runs on several devices alone
            parent, _, own = path.rpartition(".")
            plain = nn.BatchNorm2d(each.num_features, each.eps, each.momentum, each.affine)
            setattr(twin.get_submodule(parent), own, plain)
    return twin.to("meta")


def _joined(
    signatures: Signatures,
    training: _Ran,
    outputs: Sequence[tuple[str, Value]],
    outside: _Ran,
    evaluated: Sequence[tuple[str, Value]],
) -> list[Result]:
    """Give what training gives, each either as it is outside, or a head; raises SpecError."""
    known = of_record(signatures, training.root.steps(), training.inputs)
    numbers = {known[value]: (name, value) for name, value in outputs}
    other = of_record(signatures, outside.root.steps(), outside.inputs)
    found = []
    for name, value in evaluated:
        number = other[value]
        if number not in numbers:
            step = signatures.steps[number]
            raise refused(
                "in training the model computes something else than outside it",
                f"outside training its output ends in {step}",
                help="a spec says one network: import it as it is for inference, "
                "by a wrapper that sets `.eval()`",
            )
        found.append(Result(name, numbers.pop(number)[1]))
    kept = {each.name for each in found}
    for name, value in numbers.values():
        own = name if name not in kept else f"{name}_aux"
        found.append(Result(own, value, train=True))
    return found


def _elsewhere(
    twin: nn.Module,
    origins: Mapping[str, Origin],
    shapes: Sequence[tuple[int, ...]],
    signatures: Signatures,
    outside: _Ran,
    evaluated: Sequence[tuple[str, Value]],
) -> list[Finding]:
    """Run the module at another size; another size may run other steps."""
    if any(len(shape) != 3 for shape in shapes):
        return []
    larger = [(c, h + 64, w + 64) for c, h, w in shapes]
    shown = " and ".join("x".join(map(str, each)) for each in larger)
    try:
        again, results = _run(twin.eval(), origins, larger)
    except SpecError as failure:
        why = failure.diagnostics[0].title
        return [Finding(f"at {shown} it runs the same steps", None, why)]
    one = of_record(signatures, outside.root.steps(), outside.inputs)
    other = of_record(signatures, again.root.steps(), again.inputs)
    same = [one[value] for _, value in evaluated] == [other[value] for _, value in results]
    if same:
        return [Finding(f"at {shown} it runs the same steps", holds=True)]
    why = "it runs others there: the spec is of this size alone"
    return [Finding(f"at {shown} it runs the same steps", None, why)]


def _input_name(index: int, shapes: Sequence[tuple[int, ...]]) -> str:
    word = "image" if len(shapes[index]) == 3 else "features"
    return word if len(shapes) == 1 else f"{word}{index + 1}"


def _check_tied(module: nn.Module) -> None:
    names: dict[int, str] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        first = names.setdefault(id(parameter), name)
        if first != name:
            raise refused(
                f"{first} and {name} are one tensor",
                help="a spec's steps have weights of their own",
            )


def _check_used(module: nn.Module, ran: _Ran) -> None:
    """Refuse weights that nothing uses: a spec has none."""
    used = set(ran.applied)
    for name, _ in module.named_parameters():
        if name not in used and name.rpartition(".")[0] not in used:
            owner = name.rpartition(".")[0]
            kind = type(module.get_submodule(owner)).__name__
            raise refused(f"the weights of {owner or name} are never used", f"it is a {kind}")


def _meta(module: nn.Module, source: object) -> Mapping[str, str | int | float]:
    own = type(module)
    place = source if isinstance(source, str | Path) else f"{own.__module__}.{own.__qualname__}"
    return {"imported_from": str(place), "framework": f"PyTorch {torch.__version__.split('+')[0]}"}
