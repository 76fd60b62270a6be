"""Finds the modules that drop values, wherever a class has put them, by the calls of a run.

A step that a block was given stands under the name of the block's parameter, so a spec's path does
not say where it is. A call is known as a node is: by the value that went in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor, nn

from cnnspec.numbering import Run, Value, written


def quiet_parts(module: nn.Module) -> dict[str, nn.Module]:
    """Give, by where they are, the modules that have no tensors and no parts of their own."""
    return {
        name: part
        for name, part in module.named_modules()
        if not part._parameters and not part._buffers and not part._modules  # noqa: SLF001
    }


@dataclass(frozen=True, slots=True, eq=False)
class _Call:
    """A call of a module: where the module is, what it is, what it was given."""

    name: str
    module: nn.Module
    value: Value


@dataclass(slots=True)
class Calls:
    """The calls of a run, in order, of modules that may drop values."""

    _calls: list[_Call] = field(default_factory=list)
    _claimed: set[_Call] = field(default_factory=set)

    def watch(self, model: nn.Module, number: Callable[[Tensor], Value]) -> None:
        """Take down each call from now on; `number` gives what a tensor then holds."""
        for name, part in quiet_parts(model).items():

            def call(module: nn.Module, given: tuple[Tensor, ...], name: str = name) -> None:
                if len(given) == 1:
                    self._calls.append(_Call(name, module, number(given[0])))

            part.register_forward_pre_hook(call)

    def claim(self, like: nn.Module, value: Value, run: Run) -> str | None:
        """Give where the module is that a step calls with a value; None if none is called so.

        Of several it is one that no other step has, of those one that is set alike, of those the
        first. A source brings its own classes, so a class is known by its name.
        """
        numbers = run.alike(value)
        kind, settings = type(like).__name__, _settings(like)
        found = [
            each
            for each in self._calls
            if type(each.module).__name__ == kind and each.value.exact in numbers
        ]
        if not found:
            return None
        best = min(
            found, key=lambda each: (each in self._claimed, _settings(each.module) != settings)
        )
        self._claimed.add(best)
        return best.name


def _settings(module: nn.Module) -> str:
    return written(
        {key: each for key, each in sorted(vars(module).items()) if not key.startswith("_")}
    )
