"""Writes templates as blocks, and the root's as the network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from cnnspec.importing.calls import bare, call, times
from cnnspec.importing.flows import Body, Choice, Flow, Join, Planner, Statement
from cnnspec.importing.items import number
from cnnspec.importing.parameters import Unsayable
from cnnspec.importing.steps import Group, Steps, arrows
from cnnspec.importing.template import Template
from cnnspec.importing.tree import Record
from cnnspec.importing.words import literal, unique

#: An expression of so many characters that is there twice, or thrice, gets a name.
LONG, SHORT = 20, 9
#: A chain of several groups that is longer has each on its own line.
WIDE = 100


def block(template: Template) -> str:
    """Write a block."""
    lines = _body(template, template.names, running=False)
    given = [
        f"{each.name} = {literal(each.default)}" if each.has_default else each.name
        for each in template.parameters
    ]
    head = f"block {template.name}({', '.join([*template.names, *given])})"
    if len(lines) == 1 and len(head) + len(lines[0]) < WIDE - 6:
        return f"{head} {{ {lines[0]} }}"
    return _braced(head, lines)


def network(
    template: Template, record: Record, heads: Mapping[str, float], asked: Collection[str]
) -> str:
    """Write the network; `heads` are the weights of the losses of training heads."""
    lines = [f"{name} = input({', '.join(map(str, value.shape))})" for name, value in record.inputs]
    names = [name for name, _ in record.inputs]
    body = Planner(template, names, running=True).plan()
    writer = _Writer(template, body)
    lines += writer.statements()
    for result, flow in zip(record.results, body.results, strict=True):
        weight = f"(weight = {literal(heads[result.name])})" if result.train else ""
        if result.train and result.name not in asked:
            lines.append(
                f"# no model says the weight of its losses: this one is set to {weight[10:-1]}"
            )
        head = f"{'train ' if result.train else ''}output {result.name}{weight} = "
        lines += writer.bound(head, flow)
    lines.append(f"expect {{ params = {record.parameters:_} }}")
    if record.meta:
        facts = "  ".join(f"{key} = {_fact(value)}" for key, value in record.meta.items())
        lines.append(f"meta {{ {facts} }}")
    return _braced(f"network {template.name}()", lines)


def _fact(value: str | float) -> str:
    if not isinstance(value, str):
        return literal(value)
    safe = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(each if each.isprintable() else " " for each in safe) + '"'


def _braced(head: str, lines: Sequence[str]) -> str:
    inner = "\n".join(f"    {line}" for line in lines)
    return f"{head} {{\n{inner}\n}}"


def _body(template: Template, names: Sequence[str], *, running: bool) -> list[str]:
    constants = _constants(template)
    body = Planner(template, names, running=running).plan()
    writer = _Writer(template, body)
    lines = [f"{name} = {text}" for text, name in constants.items()]
    lines += writer.statements()
    if len(body.results) == 1:
        lines += writer.bound("return ", body.results[0])
    else:
        results = [flow.head for flow in body.results if isinstance(flow.head, str)]
        lines.append(f"return {', '.join(results)}")
    return lines


def _constants(template: Template) -> dict[str, str]:
    """Name expressions and conditions that stand there often; what is shown speaks of the names."""
    counts: Counter[str] = Counter()
    for slot in template.slots:
        for shown in slot.shown.values():
            if any(sign in shown.text for sign in (" * ", " // ", "round_to")):
                counts[shown.text] += 1
    taken = {each.name for each in template.parameters} | set(template.names)
    found: dict[str, str] = {}
    for text, count in counts.items():
        if not ((count > 2 and len(text) > SHORT) or (count == 2 and len(text) > LONG)):
            continue
        word = "wide" if "*" in text and "//" not in text else "inner"
        name = unique(word, taken)
        taken.add(name)
        found[text] = name
        for slot in template.slots:
            for argument, shown in slot.shown.items():
                if shown.text == text:
                    slot.shown[argument] = type(shown)(name)
            if slot.condition is not None:
                slot.condition = slot.condition.replace(text, name)
    conditions = Counter(slot.condition for slot in template.slots if slot.condition is not None)
    for text, count in conditions.items():
        apart = len({slot.any.label[0] for slot in template.slots if slot.condition == text})
        if count > 1 and apart > 1 and len(text) > LONG:
            name = unique("same" if "==" in text else "other", taken)
            taken.add(name)
            found[text] = name
            for slot in template.slots:
                if slot.condition == text:
                    slot.condition = name
    return found


class _Writer:
    """Writes statements in the order of the text, for names are counted in it."""

    def __init__(self, template: Template, body: Body) -> None:
        self.body = body
        self.steps = Steps(len(template.instances), body.extra)

    def statements(self) -> list[str]:
        """Write all statements but the results."""
        lines: list[str] = []
        for each in self.body.statements:
            if each.flow is None:
                lines += self._loop(each)
            else:
                lines += self.bound(f"{', '.join(each.names)} = ", each.flow)
        return lines

    def bound(self, head: str, flow: Flow) -> list[str]:
        """Write a flow behind the beginning of its statement, long ones a group a line."""
        start = self._head(flow)
        steps = self.steps.write(flow.slots)
        if steps and isinstance(flow.head, Choice):
            start = f"({start})"
        text = f"{head}{start}" + "".join(f" -> {each}" for each in steps)
        groups = [each for each in steps if isinstance(each, Group)]
        if len(groups) < 2 or len(text) < WIDE:
            return [text]
        lines, current = [], f"{head}{start}"
        for index, each in enumerate(steps):
            before = steps[index - 1] if index else None
            breaks = (isinstance(each, Group) and index > 0) or isinstance(before, Group)
            if breaks:
                lines.append(current)
                current = "    -> " + str(each)
            else:
                current += f" -> {each}"
        return [*lines, current]

    def _head(self, flow: Flow) -> str:
        if isinstance(flow.head, Choice):
            choice = flow.head
            test = self.steps.named.get(choice.condition, choice.condition)
            return f"if {test} then {self._join(choice.join)} else {choice.otherwise}"
        return flow.head if isinstance(flow.head, str) else self._join(flow.head)

    def _join(self, join: Join) -> str:
        parts = []
        for each in join.parts:
            start = self._head(each)
            steps = self.steps.write(each.slots)
            if isinstance(each.head, Choice):
                start = f"({start})"
            parts.append(arrows([start, *steps]))
        if len(parts) == 1:
            parts = [f"[{parts[0]}]"]
        return f"{join.slot.kind.name}({', '.join(parts)})"

    def _loop(self, statement: Statement) -> list[str]:
        slot = statement.loop
        assert slot is not None
        name = statement.names[0]
        if slot.lines:
            return [line.replace("{}", name) for line in slot.lines]
        count = bare(times(slot) or "1")
        part = number(slot.any.label[-1])
        starts = {item.label for item in slot.items.values()}
        if part is None or (len(starts) > 1 and slot.spelled is None):
            raise Unsayable("a loop that begins at different numbers")
        start = part[1]
        own = slot.spelled if len(starts) > 1 and slot.spelled is not None else part[0]
        prefix = ".".join((*slot.any.label[:-1], own))
        turn = f"i + {start}" if start else "i"
        step = f"{name} -> {prefix}{{{turn}}}: {call(slot)}"
        if slot.kind.sort == "grow":
            step = f"concat({name}, {step})"
        return [f"for i in range({count}) {{ {name} = {step} }}"]
