"""What an import gives: the text, what was proved of it, where each module went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from cnnspec.api import loads
from cnnspec.checkpoint import Kind
from cnnspec.diagnostics import SpecError
from cnnspec.emit.prove import Unproved
from cnnspec.importing.compose import compose
from cnnspec.importing.examples import exemplified
from cnnspec.importing.importer import Ask, Finding, Original, Written, claiming, find
from cnnspec.importing.known import Known, known
from cnnspec.importing.parameters import Unsayable
from cnnspec.importing.refusal import refused
from cnnspec.importing.rewrite import rewrite
from cnnspec.importing.signature import difference
from cnnspec.importing.unwrap import unwrap
from cnnspec.importing.words import snake
from cnnspec.network import Network

#: Parts of the input's size at which it is proved again.
SMALLER: Final = (3, 2, 1)
#: How findings begin that compare outputs.
OUTPUTS: Final = "equal outputs"
#: The weight of a training head's loss, which no model says.
HEAD = 1.0


@dataclass(frozen=True, slots=True)
class Report:
    """What was proved, line by line, and what was not."""

    findings: Sequence[Finding]

    @property
    def proved(self) -> bool:
        """Whether nothing that was tried failed."""
        return all(each.holds is not False for each in self.findings)

    @property
    def compared(self) -> bool:
        """Whether outputs were compared, and are equal."""
        tried = [each.holds for each in self.findings if each.what.startswith(OUTPUTS)]
        return bool(tried) and all(tried)

    def __str__(self) -> str:
        return "\n".join(str(each) for each in self.findings)


@dataclass(frozen=True)
class Imported:
    """An imported model: `text` is its spec, `report` says what was proved."""

    text: str
    report: Report
    original: Original

    @cached_property
    def network(self) -> Network:
        """The network that the text says."""
        return loads(self.text, name=self.original.record.name)

    @cached_property
    def known(self) -> Known | None:
        """The network of the zoo that it is, up to names; None: there is none like it."""
        return known(self.network)

    def write_weights(self, path: Path, kind: Kind) -> int:
        """Write the model's weights in the form that the spec loads; gives how many tensors."""
        from cnnspec.convert import save
        from cnnspec.witness import weight_key

        shapes = {
            weight_key(node, weight): weight.shape
            for node in self.network.elaborated.nodes
            for weight in node.weights
        }
        tensors = {
            key: array.reshape(shapes[key]) if key in shapes else array
            for key, array in self.original.weights(self.network.elaborated).items()
        }
        return save(self.network, tensors, path, kind)

    def __repr__(self) -> str:
        lines = len([line for line in self.text.splitlines() if line.strip()])
        state = "proved" if self.report.compared else "outputs not compared"
        state = state if self.report.proved else "NOT PROVED"
        return f"<cnnspec import of {self.original.record.name}: {lines} lines, {state}>"

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """Show the text and the proof in a notebook."""
        from html import escape

        body = f"<pre>{escape(self.text)}</pre><pre>{escape(str(self.report))}</pre>"
        return {"text/plain": f"{self.text}\n{self.report}", "text/html": body}


def imported(
    source: object,
    *,
    kind: str | None = None,
    set: Mapping[str, Any] | None = None,
    inputs: Sequence[tuple[int, ...]] = (),
    name: str | None = None,
    heads: Mapping[str, float] | None = None,
    prove: bool = True,
) -> Imported:
    """Import a model; `kind` is an importer's name. Raises SpecError for what a spec cannot say."""
    importer = find(kind) if kind is not None else claiming(source)
    original = importer.open(source, Ask(dict(set or {}), inputs, name))
    record = original.record
    record.name = snake(record.name)
    rewrite(record)
    unwrap(record)
    weighed = {each.name: HEAD for each in record.results if each.train}
    odd = sorted(dict(heads or {}).keys() - weighed.keys())
    if odd:
        there = ", ".join(weighed) or "none"
        raise refused(f"no training head is called {odd[0]}", f"there are: {there}")
    try:
        text = compose(record, {**weighed, **(heads or {})}, asked=heads or {})
    except Unsayable as failure:
        raise refused(f"no text was found that says the model: {failure}") from None
    network = loads(text, name=record.name)
    wrong = difference(record, network.elaborated)
    findings = [
        Finding("the spec has the same steps on the same values", wrong is None, wrong or ""),
        *original.findings,
    ]
    if prove and original.backend is not None and wrong is None:
        findings += _proved(network, original, original.backend, text)
    else:
        findings.append(Finding(OUTPUTS, None, "nothing was run"))
    report = Report(findings)
    if not report.proved:
        failed = next(each for each in findings if each.holds is False)
        text = f"# NOT PROVED to be the model: {_line(str(failed))}\n{text}"
    elif not report.compared:
        why = next((each.figure for each in findings if each.what == OUTPUTS), "")
        text = f"# Outputs were not compared with the model's: {_line(why)}.\n{text}"
    return Imported(text, report, original)


def _line(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)


def _proved(network: Network, original: Original, backend: str, text: str) -> list[Finding]:
    """Run both; where the backend cannot write the network, that is a mistake of ours, and told."""
    try:
        findings = [*original.prove(_written(network, backend, text))]
        example = original.example(network.elaborated)
        if example is not None:
            findings.append(exemplified(network, backend, example))
    except Unproved as failure:
        return [Finding(OUTPUTS, None, f"{backend} source cannot be written: {failure}")]
    return findings


def _written(network: Network, backend: str, text: str) -> Written:
    emitted = network.emitted(backend)
    return Written(emitted.text, emitted.class_name, _sizes(network, text), network.params)


def _sizes(network: Network, text: str) -> list[tuple[int, ...]]:
    """Give another, smaller size for which the network has the same weights, if there is one."""
    if len(network.elaborated.inputs) != 1 or len(network.elaborated.inputs[0].shape) != 3:
        return []
    channels, height, width = network.elaborated.inputs[0].shape
    for part in SMALLER:
        size = (channels, _even(height, part), _even(width, part))
        if size == (channels, height, width):
            continue
        try:
            other = loads(text, name=network.name, input=size, expect=False)
        except SpecError:
            continue
        if other.params == network.params:
            return [size]
    return []


def _even(length: int, part: int) -> int:
    """Give about a part of a length, such that it may be halved five times if it is large."""
    step = 32 if length >= 64 else 4
    return max(length // part // step * step, min(length, step))
