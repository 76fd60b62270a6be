"""Changes a recording: steps taken out, values replaced; what is dead is swept at the end."""

from __future__ import annotations

from cnnspec.importing.tree import Record, Scope, Step, Value


class Surgery:
    """Keeps who reads each value while steps come and go."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.users: dict[Value, list[Step]] = record.uses()
        self.gone: set[Step] = set()

    def steps(self) -> list[Step]:
        """Give the steps that are left, in order."""
        return [step for step in self.record.root.steps() if step not in self.gone]

    def shown(self, value: Value) -> bool:
        """Whether a value is an output."""
        return any(result.value is value for result in self.record.results)

    def only_user(self, value: Value) -> Step | None:
        """Give the one step that reads a value, once; None: there are others, or it is shown."""
        users = self.users.get(value, [])
        return users[0] if len(users) == 1 and not self.shown(value) else None

    def replace(self, old: Value, new: Value) -> None:
        """Let whoever reads one value read another."""
        moved = self.users.pop(old, [])
        for step in moved:
            step.inputs = [new if each is old else each for each in step.inputs]
        self.users.setdefault(new, []).extend(moved)
        for result in self.record.results:
            if result.value is old:
                result.value = new

    def rewire(self, step: Step, inputs: list[Value]) -> None:
        """Give a step other inputs."""
        for value in step.inputs:
            self.users[value].remove(step)
        step.inputs = inputs
        for value in inputs:
            self.users.setdefault(value, []).append(step)

    def remove(self, step: Step) -> None:
        """Take a step out; nothing may read it any more."""
        for value in step.inputs:
            self.users[value].remove(step)
        self.gone.add(step)

    def bypass(self, step: Step) -> None:
        """Take a step out; its readers read its input."""
        self.replace(step.outputs[0], step.inputs[0])
        self.remove(step)

    def sweep(self) -> None:
        """Take out what no output needs, and the steps that are gone, and empty scopes."""
        needed = {result.value for result in self.record.results}
        for step in reversed(self.steps()):
            if needed.isdisjoint(step.outputs):
                self.gone.add(step)
            else:
                needed.update(step.inputs)
        _sweep(self.record.root, self.gone)
        self.users = self.record.uses()
        self.gone = set()


def _sweep(scope: Scope, gone: set[Step]) -> None:
    kept: list[Step | Scope] = []
    for member in scope.members:
        if isinstance(member, Scope):
            _sweep(member, gone)
            if member.members:
                kept.append(member)
        elif member not in gone:
            kept.append(member)
    scope.members = kept
