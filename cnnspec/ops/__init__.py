"""The operators: one declaration each, one family a file; strangers' come in by entry point."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from importlib import import_module
from typing import Any, Final

from cnnspec import plugins
from cnnspec.op import Op

FAMILIES: Final = (
    "basic",
    "convolution",
    "dense",
    "pooling",
    "normalization",
    "activation",
    "merge",
    "reduction",
    "layout",
    "noise",
    "scale",
)
GROUP: Final = "cnnspec.operators"


def _declared(module: Any) -> Iterator[type[Op]]:
    for value in vars(module).values():
        own = isinstance(value, type) and issubclass(value, Op) and value is not Op
        if own and value.name and value.__module__ == module.__name__:
            yield value


#: Our own operators by name, in the order of their families' files.
OPERATORS: Final[Mapping[str, type[Op]]] = {
    op.name: op for family in FAMILIES for op in _declared(import_module(f"cnnspec.ops.{family}"))
}


class Operators(Mapping[str, type[Op]]):
    """Every operator by name: ours, and those of other distributions, looked for when needed.

    A name that is not ours is looked up in the entry points of the group `cnnspec.operators`, each
    of which gives an `Op` or several. None of them replaces one of ours; one that does not load is
    left out, and `broken` says why.
    """

    @cached_property
    def _found(self) -> tuple[dict[str, type[Op]], tuple[str, ...]]:
        found: dict[str, type[Op]] = {}
        broken: list[str] = []
        for entry in plugins.every(GROUP):
            who = plugins.distribution(entry)
            try:
                loaded: Any = plugins.load(entry)
                ops: tuple[Any, ...] = (loaded,) if isinstance(loaded, type) else tuple(loaded)
            except (plugins.NotLoaded, TypeError) as failure:
                broken.append(f"{who} does not load: {failure}")
                continue
            for op in ops:
                if not isinstance(op, type) or not issubclass(op, Op):
                    broken.append(f"{who} brings {op!r}, which is no operator: left out")
                elif op.name in OPERATORS or op.name in found:
                    broken.append(f"{who} brings another operator {op.name}: left out")
                else:
                    found[op.name] = op
        return found, tuple(broken)

    @cached_property
    def words(self) -> frozenset[str]:
        """The bare words that some argument admits."""
        return WORDS | _words(self._found[0].values())

    @property
    def broken(self) -> tuple[str, ...]:
        """What was left out, and why, one sentence each."""
        return self._found[1]

    def __getitem__(self, name: str) -> type[Op]:
        return OPERATORS[name] if name in OPERATORS else self._found[0][name]

    def __contains__(self, name: object) -> bool:
        return name in OPERATORS or name in self._found[0]

    def __iter__(self) -> Iterator[str]:
        yield from OPERATORS
        yield from self._found[0]

    def __len__(self) -> int:
        return len(OPERATORS) + len(self._found[0])


@lru_cache(maxsize=1)
def operators() -> Operators:
    """Give every operator; other distributions are looked through once a process, when needed."""
    return Operators()


def _words(ops: Iterable[type[Op]]) -> frozenset[str]:
    return frozenset(
        word for op in ops for argument in op.arguments.values() for word in argument.choices
    )


#: The bare words that some argument of ours admits: `same`, `nearest`.
WORDS: Final = _words(OPERATORS.values())
