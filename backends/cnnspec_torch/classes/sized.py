"""Numbers of a constructor that come from heights and widths: a literal, or one more parameter.

A constructor sees no image. A number of its that an image's size says (the inputs of a dense layer
after a flatten) is a literal where all calls agree. Where they differ it is one more parameter,
called after what it is, and a row of numbers (`next(heights)`) where one call has several of them,
in the order in which it comes to them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from cnnspec.emit import flat
from cnnspec.emit import program as pg
from cnnspec.emit import pytree as py
from cnnspec.emit.prove import Mismatch, Run
from cnnspec.graph import Node, Scope
from cnnspec_torch.classes.prune import prune
from cnnspec_torch.classes.values import SIZE, Hard

if TYPE_CHECKING:
    from cnnspec_torch.classes.file import File
    from cnnspec_torch.classes.networks import Written
    from cnnspec_torch.classes.projection import Projection

#: A number, or a row of them, of one instance.
Number = int | tuple["Number", ...]
#: What a program that is wrong may stop with.
STOPS: Final = (Mismatch, KeyError, IndexError, TypeError, ValueError, ArithmeticError)
#: What each instance comes to, by its path, in order.
Values = Mapping[str, list[Number]]


@dataclass(slots=True)
class Sized:
    """One more parameter of a class: what it is, and what each instance gives to it."""

    values: dict[str, Number]
    #: Whether it is a row that is gone through.
    row: bool = False
    #: Where one number of the row was taken, while a statement is written.
    taken: str = ""


class Measured(Run):
    """Runs a network's program, and notes every height and width that is asked for."""

    def __init__(self, network: Written, found: dict[tuple[str, pg.Measure], list[int]]) -> None:
        super().__init__(network.graph, network.program)
        self.found = found
        self.root = id(network.graph.root)

    def value(self, expr: pg.Expr | flat.Apply, frame: Any) -> Any:
        """Work an expression out; note what is measured."""
        result = super().value(expr, frame)
        if isinstance(expr, pg.Measure) and expr.what in ("height", "width"):
            self.found.setdefault((f"{self.root}.{frame.prefix}", expr), []).append(result)
        return result


@dataclass(slots=True)
class Measures:
    """The heights and widths of a network's instances, worked out when one is asked for."""

    file: File
    _found: dict[tuple[str, pg.Measure], list[int]] | None = field(default=None)

    def of(self, instances: Iterable[str], measure: pg.Measure) -> dict[str, list[Number]]:
        """What instances measure."""
        if self._found is None:
            self._found = {}
            for each in self.file.networks.each:
                with suppress(*STOPS):  # what is wrong with it, the proof says
                    Measured(each, self._found).network(each.program.network, each.arguments)
        known = {each: self._found.get((each, measure), []) for each in instances}
        return {path: list(values) for path, values in known.items() if values}


def instance_of(scope: Scope | None) -> Scope | None:
    """The block's instance that something stands in."""
    while scope is not None and scope.kind == "group":
        scope = scope.parent
    return scope


def block_of(scope: Scope | None) -> str:
    """The same as a word."""
    instance = instance_of(scope)
    return "" if instance is None else word_of(instance)


def parameters_at(scope: Scope | None) -> Mapping[str, Any]:
    """The values of the parameters that a text has where something stands."""
    instance = instance_of(scope)
    return {} if instance is None else instance.values


def word_of(scope: Scope) -> str:
    """A word for an instance: the network that it is of, and its path there."""
    root = scope
    while root.parent is not None:
        root = root.parent
    return f"{id(root)}.{scope.path}{'.' if scope.path else ''}"


def by_instance(nodes: Iterable[Node], number: Any) -> dict[str, list[Number]]:
    """What nodes have, by the instance that they stand in."""
    result: dict[str, list[Number]] = {}
    for node in nodes:
        result.setdefault(block_of(node.scope), []).append(number(node))
    return result


def instances(p: Projection) -> list[str]:
    """The paths of a class's instances."""
    if p.is_network:
        return [word_of(each.graph.root) for each in p.file.networks.of(p.body)]
    every = p.file.instances(p.body)
    return [word_of(x) for x in every if p.file.now is None or id(x) in p.file.now]


def measured(p: Projection, measure: pg.Measure) -> ast.expr | None:
    """A height or width in the constructor; None where no call has come to it."""
    values = p.file.measures.of(instances(p), measure)
    return number(p, measure.what, values) if values else None


def number(p: Projection, what: str, values: Values) -> ast.expr:
    """A number that comes from an image's size: the same for all, or a parameter."""
    every = [each for row in values.values() for each in row]
    if all(each == every[0] for each in every):
        return py.literal(every[0])
    if all(each == row[0] for row in values.values() for each in row):
        wanted = Sized({path: row[0] for path, row in values.items()})
    else:
        wanted = Sized({path: tuple(row) for path, row in values.items()}, row=True)
        if not p.stepwise:
            return py.name(SIZE)
    for name, each in p.sized.items():
        if each.values == wanted.values and each.row == wanted.row and not each.row:
            return py.name(name)
    word = what.rstrip("0123456789")
    name = p.fresh(_plural(word) if wanted.row else word)
    p.sized[name] = wanted
    return py.call("next", py.name(name)) if wanted.row else py.name(name)


def _plural(word: str) -> str:
    return f"{word}_in_turn" if word.endswith("s") else f"{word}s"


def settle(p: Projection) -> None:
    """Keep the parameters that the constructor reads; a network's own are numbers of its."""
    kept, _ = prune(p.init)
    read = py.reads([*kept, *p.defaults.values()])
    p.sized = {name: each for name, each in p.sized.items() if name in read}
    head: list[ast.stmt] = []
    for name, each in p.sized.items():
        value: ast.expr = py.name(name)
        if p.is_network:
            if len({*each.values.values()}) > 1:
                raise Hard("a size that differs between networks")
            value = py.literal(next(iter(each.values.values())))
        if each.row:
            value = py.call("iter", value)
        if p.is_network or each.row:
            head.append(py.assign(name, value))
    p.init[:0] = head
    if p.is_network:
        p.sized = {}


def given(p: Projection, called: Projection, scopes: Iterable[Scope]) -> list[ast.keyword]:
    """What a call gives to the parameters that come from sizes."""
    result = []
    every = list(scopes)
    for name, each in called.sized.items():
        values: dict[str, list[Number]] = {}
        for scope in every:
            if word_of(scope) in each.values:
                path = block_of(scope.parent)
                values.setdefault(path, []).append(each.values[word_of(scope)])
        said = number(p, name, values) if values else py.literal(next(iter(each.values.values())))
        result.append(ast.keyword(name, said))
    return result


def hints(p: Projection) -> list[str]:
    """The parameters that come from sizes, as a signature has them."""
    return [f"{name}: {'tuple[int, ...]' if each.row else 'int'}" for name, each in p.sized.items()]
