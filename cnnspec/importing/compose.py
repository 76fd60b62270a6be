"""From a recording to the text of a spec: blocks bottom-up, merged as far as they go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from cnnspec.formatter import format_text
from cnnspec.importing.fold import fold
from cnnspec.importing.items import Instance, instance
from cnnspec.importing.merge import merge
from cnnspec.importing.parameters import Unsayable, infer
from cnnspec.importing.tables import tabulate
from cnnspec.importing.template import Template, skeleton, template
from cnnspec.importing.tree import Record, Scope, Step, Value
from cnnspec.importing.words import literal, snake
from cnnspec.importing.write import block, network
from cnnspec.ops import OPERATORS
from cnnspec.source import Source

#: Arguments whose usual value in a model becomes a default of the file.
HEADED: Final = ("bias", "eps", "momentum", "affine")


def compose(record: Record, heads: Mapping[str, float], *, asked: Collection[str] = ()) -> str:
    """Write a recording that was rewritten and unwrapped; raises Unsayable.

    `heads` are the weights of the losses of training heads, of which `asked` were given.
    """
    steps = list(record.root.steps())
    needed = _Needed(record, steps)
    headers = _headers(steps)
    defaults = {
        name: {
            argument: headers.get(name, {}).get(argument, declared.default)
            for argument, declared in op.arguments.items()
            if not declared.required
        }
        for name, op in OPERATORS.items()
    }
    done: dict[Scope, Instance] = {}
    texts: list[str] = []
    taken: set[str] = {record.name}
    for scopes in _classes(record.root):
        bodies = [instance(each, done, record, needed.outside(each)) for each in scopes]
        made, text = _blocks(bodies, defaults, taken)
        texts += text
        taken |= {each.name for each in made}
        done.update({body.scope: body for each in made for body in each.instances})
    root = instance(record.root, done, record, set())
    fold(root)
    whole = template([root])
    assert whole is not None
    whole.name = record.name
    infer(whole, defaults)
    tabulate(whole)
    texts.append(network(whole, record, heads, asked))
    body = "\n\n".join(texts)
    header = _header(headers, body)
    return format_text(Source("import", f"{header}{body}\n"))


def _blocks(
    bodies: Sequence[Instance], defaults: Mapping[str, Mapping[str, object]], taken: set[str]
) -> tuple[list[Template], list[str]]:
    """Make the templates of one class; where no text says a merged one, each skeleton's own."""
    for body in bodies:
        fold(body)
    groups: dict[object, list[Instance]] = {}
    for body in bodies:
        groups.setdefault(skeleton(body), []).append(body)
    own = [found for each in groups.values() if (found := template(each)) is not None]
    merged: list[Template] = []
    for each in sorted(own, key=lambda one: -len(one.slots)):
        for index, other in enumerate(merged):
            both = merge(other, each)
            if both is not None:
                merged[index] = both
                break
        else:
            merged.append(each)
    try:
        return merged, _finished(merged, defaults, taken)
    except Unsayable:
        if len(merged) == len(own):
            raise
    own = [found for each in groups.values() if (found := template(each)) is not None]
    return own, _finished(own, defaults, taken)


def _finished(
    templates: Sequence[Template],
    defaults: Mapping[str, Mapping[str, object]],
    taken: set[str],
) -> list[str]:
    used = set(taken)
    result = []
    for each in templates:
        each.name = snake(each.instances[0].scope.origin.kind, used)
        used.add(each.name)
        infer(each, defaults)
        result.append(block(each))
    return result


def _classes(root: Scope) -> list[list[Scope]]:
    """Give the scopes of each class, those first that others' stand on."""
    heights: dict[Scope, int] = {}
    for scope in root.scopes():
        inner = [heights[each] for each in scope.members if isinstance(each, Scope)]
        heights[scope] = max(inner, default=-1) + 1
    classes: dict[object, list[Scope]] = {}
    for scope in root.scopes():
        classes.setdefault(scope.origin.key, []).append(scope)
    jobs: list[tuple[int, list[Scope]]] = []
    for key, scopes in classes.items():
        nested = any(inner.origin.key == key for each in scopes for inner in each.scopes())
        if not nested:
            jobs.append((max(heights[each] for each in scopes), scopes))
            continue
        levels = sorted({heights[each] for each in scopes})
        jobs += [(level, [each for each in scopes if heights[each] == level]) for level in levels]
    return [scopes for _, scopes in sorted(jobs, key=lambda job: job[0])]


class _Needed:
    """Which values of a scope something outside it reads."""

    def __init__(self, record: Record, steps: Sequence[Step]) -> None:
        self._order = {step: index for index, step in enumerate(steps)}
        self._last = {value: len(steps) for value in (each.value for each in record.results)}
        for step in steps:
            for value in step.inputs:
                before = self._last.get(value, -1)
                self._last[value] = max(before, self._order[step])

    def outside(self, scope: Scope) -> set[Value]:
        """Give the values that are made in a scope and read behind it."""
        steps = list(scope.steps())
        end = self._order[steps[-1]]
        values = (value for step in steps for value in step.outputs)
        return {value for value in values if self._last.get(value, -1) > end}


def _headers(steps: Sequence[Step]) -> dict[str, dict[str, object]]:
    """Give the arguments that most steps of an operator have otherwise than by its default."""
    found: dict[str, dict[str, object]] = {}
    for name, op in OPERATORS.items():
        for argument in HEADED:
            values = [
                step.arguments[argument]
                for step in steps
                if step.operator == name and argument in step.arguments
            ]
            if not values:
                continue
            often, count = Counter(values).most_common(1)[0]
            if often != op.arguments[argument].default and count > 1 and 2 * count > len(values):
                found.setdefault(name, {})[argument] = often
    depthwise = [step.arguments["bias"] for step in steps if _is_depthwise(step)]
    if depthwise and 2 * depthwise.count(False) > len(depthwise):
        found.setdefault("dwconv", {})["bias"] = False
    return found


def _is_depthwise(step: Step) -> bool:
    if step.operator != "conv":
        return False
    channels = step.inputs[0].shape[0]
    return step.arguments["groups"] == step.arguments["filters"] == channels > 1


def _header(headers: Mapping[str, Mapping[str, object]], body: str) -> str:
    """Write the defaults of those operators that the text has."""
    lines = [
        f"default {name}({', '.join(f'{key} = {literal(value)}' for key, value in given.items())})"
        for name, given in headers.items()
        if f"{name}(" in body or f" {name} " in body or f" {name}\n" in body or f"{name})" in body
    ]
    return "\n".join([*lines, "", ""]) if lines else ""
