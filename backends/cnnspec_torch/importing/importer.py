"""The importer of PyTorch models: recorded in training, outside it, and at another size."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from cnnspec.importing.importer import Ask, Example, Finding, Original, Written
from cnnspec.importing.refusal import refused
from cnnspec.importing.tree import Record
from cnnspec_torch.importing.constructed import Constructed
from cnnspec_torch.importing.recorder import origin
from cnnspec_torch.importing.runs import Run, elsewhere, join, run, twin
from cnnspec_torch.importing.source import made, parted

if TYPE_CHECKING:
    from cnnspec.checkpoint import Array
    from cnnspec.graph import Graph

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

    def example(self, graph: Graph) -> Example | None:
        """`prove` ran it."""
        return None

    def weights(self, graph: Graph) -> Mapping[str, Array]:
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
    empty = twin(module)
    training = run(empty.train(), origins, shapes)
    if dropping := training.dropped & training.idle:
        training = run(empty.train(), origins, shapes, dropping)
    outside = run(empty.eval(), origins, shapes)
    results = join(training, outside)
    _check_used(module, training)
    record = Record(
        training.record.root,
        training.record.inputs,
        results,
        name,
        sum(each.numel() for each in module.parameters()),
        _meta(module, source),
    )
    away = elsewhere(empty, origins, shapes, outside)
    findings = [
        Finding("in training it runs the same steps, but for what drops values", holds=True),
        *away,
    ]
    return TorchOriginal(module, record, shapes, findings, all(each.holds for each in away))


def _check_tied(module: nn.Module) -> None:
    names: dict[int, str] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        first = names.setdefault(id(parameter), name)
        if first != name:
            raise refused(
                f"{first} and {name} are one tensor",
                help="a spec's steps have weights of their own",
            )


def _check_used(module: nn.Module, ran: Run) -> None:
    """Refuse weights that nothing uses: a spec has none."""
    used = ran.used
    for name, _ in module.named_parameters():
        if name not in used and name.rpartition(".")[0] not in used:
            owner = name.rpartition(".")[0]
            kind = type(module.get_submodule(owner)).__name__
            raise refused(f"the weights of {owner or name} are never used", f"it is a {kind}")


def _meta(module: nn.Module, source: object) -> Mapping[str, str | int | float]:
    own = type(module)
    place = source if isinstance(source, str | Path) else f"{own.__module__}.{own.__qualname__}"
    return {"imported_from": str(place), "framework": f"PyTorch {torch.__version__.split('+')[0]}"}
