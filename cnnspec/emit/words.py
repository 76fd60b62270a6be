"""What instances print, held side by side: literals, the block's own words, or a parameter more."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import fields, is_dataclass
from typing import Any

from cnnspec.emit.code import UNSET, Leaf
from cnnspec.emit.merged import Plan
from cnnspec.emit.simplify import simplify, whole
from cnnspec.emit.units import Instance
from cnnspec.expression import LONG, Expression, evaluate, literal, substitute


class Split(Exception):
    """Instances that do not agree, with what tells them apart, one key an instance.

    The key is None for an instance that has nothing to do with what they do not agree on.
    """

    def __init__(self, keys: list[Hashable]) -> None:
        super().__init__()
        self.keys = keys


def all_equal(values: list[Any]) -> bool:
    """Whether values are the same, in type too."""
    first = values[0]
    return all(type(each) is type(first) and each == first for each in values[1:])


def fixed_parameters(
    instances: list[Instance], open_names: frozenset[str]
) -> dict[str, Expression]:
    """How to say parameters that need not be there.

    Those that are the same everywhere and that nothing outside sets are literals; an input that is
    another one everywhere has that one's channels.
    """
    values = [each.values for each in instances]
    shared = set(values[0]).intersection(*values[1:])
    literals = {
        key: literal(values[0][key])
        for key in sorted(shared)
        if key not in open_names
        and isinstance(values[0][key], bool | int | float)
        and all_equal([each[key] for each in values])
    }
    return {**_same_inputs(instances), **literals}


def _same_inputs(instances: list[Instance]) -> dict[str, Expression]:
    """The channels of inputs that are one node with an input before them in every instance."""
    words = [word for word, ports in instances[0].scope.inputs if len(ports) == 1]
    nodes = [dict(each.scope.inputs) for each in instances]
    first: dict[Hashable, str] = {}
    same = {}
    for word in words:
        known = first.setdefault(tuple(each.get(word) for each in nodes), word)
        if known != word:
            same[f"{word}.channels"] = Expression("name", value=f"{known}.channels")
    return same


class Words:
    """Finds how to write what differs between instances.

    In every method `who` numbers the instances to which the values, in this order, belong.
    `given` are the parameters that the plan is known to have whatever is said of some instances.
    """

    def __init__(
        self,
        plan: Plan,
        instances: list[Instance],
        open_names: frozenset[str],
        given: frozenset[str] = frozenset(),
    ) -> None:
        self.plan = plan
        self.instances = instances
        self.open = open_names
        self.given = given
        self.fixed = fixed_parameters(instances, open_names)
        #: The names that would say a number of some instances, were they given.
        self.wished: set[frozenset[str]] = set()

    def agree(self, keys: list[Hashable], who: list[int] | None = None) -> None:
        """Raise Split unless the keys are the same."""
        if all_equal(keys):
            return
        members = list(range(len(self.instances))) if who is None else who
        full: list[Hashable] = [None] * len(self.instances)
        for index, key in zip(members, keys, strict=True):
            full[index] = (key,)
        raise Split(full)

    def code(self, codes: list[Any], who: list[int]) -> Any:
        """One code tree for those of several instances."""
        self.agree([type(each).__name__ for each in codes], who)
        first = codes[0]
        if isinstance(first, Leaf):
            return self.leaf(codes, who)
        if isinstance(first, tuple):
            self.agree([len(each) for each in codes], who)
            return tuple(self.code([each[i] for each in codes], who) for i in range(len(first)))
        if is_dataclass(first) and not isinstance(first, type):
            changed = {}
            for each in fields(first):
                parts = [getattr(code, each.name) for code in codes]
                if each.name != "default":
                    changed[each.name] = self.code(parts, who)
                else:  # what one instance may leave out another may have to say
                    changed[each.name] = parts[0] if all_equal(parts) else UNSET
            return type(first)(**changed)
        self.agree([(type(each).__name__, each) for each in codes], who)
        return first

    def leaf(self, leaves: list[Leaf], who: list[int]) -> Leaf:
        """One leaf for those of several instances: a literal, an expression or a parameter."""
        first = leaves[0]
        said = [leaf.expression for leaf in leaves if leaf.expression is not None]
        alike = all_equal([leaf.value for leaf in leaves])
        if alike and not any(each.names & self.open for each in said):
            own = said[0] if len(said) == len(leaves) and len(set(said)) == 1 else None
            if own is not None and isinstance(first.value, float):
                own = whole(substitute(own, self.fixed))
                if not own.names and len(repr(first.value)) > LONG:
                    return Leaf(first.value, own, first.hint)
            if own is None or own.operator != "name" or own.names & self.fixed.keys():
                return Leaf(first.value, self.of_some(leaves, who), first.hint)
        for candidate in self.candidates(leaves, who):
            expression = simplify(substitute(candidate, self.fixed))
            if self.holds(expression, leaves, who):
                self.need(expression.names)
                if not expression.names:
                    return Leaf(first.value, None, first.hint)
                return Leaf(first.value, expression, first.hint)
        if alike:
            return Leaf(first.value, None, first.hint)
        bound = [
            leaf
            for leaf in leaves
            if leaf.value is None or (isinstance(leaf.value, str) and not leaf.free)
        ]
        if bound:
            self.agree([leaf.value for leaf in leaves], who)
        return self.extra_parameter(leaves, who)

    def of_some(self, leaves: list[Leaf], who: list[int]) -> Expression | None:
        """How to say a number that is the same wherever the step is there, if it is not everywhere.

        It may be the same only because few have the step: parameters that are there say what is
        meant.
        """
        if self.everywhere(who):
            return None
        for candidate in self.candidates(leaves, who):
            expression = simplify(substitute(candidate, self.fixed))
            if expression.names and self.holds(expression, leaves, who):
                names = frozenset(n for n in expression.names if not self.is_free(n))
                if names <= self.given:
                    self.need(names)
                    return expression
                self.wish(names)
        return None

    def everywhere(self, who: list[int]) -> bool:
        """Whether these are all instances."""
        return len(set(who)) == len(self.instances)

    def is_free(self, name: str) -> bool:
        """Whether a name costs no parameter: tensors may say their channels."""
        return self.plan.functional and name.endswith(".channels")

    def wish(self, names: frozenset[str]) -> None:
        """Remember names that would say a number of some instances."""
        self.wished.add(names)

    def candidates(self, leaves: list[Leaf], who: list[int]) -> Iterable[Expression]:
        """Expressions that may say all of the leaves."""
        return dict.fromkeys(leaf.expression for leaf in leaves if leaf.expression is not None)

    def need(self, names: Iterable[str]) -> None:
        """Make names that an expression speaks of parameters of the plan."""
        for name in names:
            if self.is_free(name):
                continue
            self.plan.parameters.setdefault(
                name, [each.values.get(name) for each in self.instances]
            )

    def holds(self, expression: Expression, leaves: list[Leaf], who: list[int]) -> bool:
        """Whether an expression gives each leaf's value, and its type, in its instance."""
        for leaf, index in zip(leaves, who, strict=True):
            try:
                value = evaluate(expression, self.instances[index].values)
            except (KeyError, ArithmeticError, TypeError):
                return False
            if value != leaf.value or isinstance(value, bool) != isinstance(leaf.value, bool):
                return False
            if isinstance(value, float) != isinstance(leaf.value, float):
                return False
        return True

    def extra_parameter(self, leaves: list[Leaf], who: list[int]) -> Leaf:
        """Make a parameter that is not the block's own."""
        # In instances that lack the step the value is not used; the first one's will do.
        values: list[Any] = [leaves[0].value] * len(self.instances)
        for leaf, index in zip(leaves, who, strict=True):
            values[index] = leaf.value
        for name, known in self.plan.extra.items():
            if known == values and all(
                type(a) is type(b) for a, b in zip(known, values, strict=True)
            ):
                return Leaf(leaves[0].value, Expression("name", value=name), leaves[0].hint)
        name, number = leaves[0].hint, 2
        taken = set(self.plan.extra) | set(self.instances[0].values)
        while name in taken:
            name, number = f"{leaves[0].hint}{number}", number + 1
        self.plan.extra[name] = self.plan.parameters[name] = values
        return Leaf(leaves[0].value, Expression("name", value=name), leaves[0].hint)
