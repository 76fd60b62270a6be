"""Random bodies in PyTorch: every class against its graph, and called as no spec calls it.

`python -m tests.torch_bodies --count 1000 --seed 7` (`make bodies`) draws so many specs and prints
what is wrong with what is written, each spec made small. A weight that a class has and its graph
has not, for nothing reads what it makes at those arguments, is no difference here.
"""

from __future__ import annotations

import argparse
import secrets
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import torch

import cnnspec
from cnnspec.emit.loading import module_of
from cnnspec.emit.prove import Unproved
from cnnspec.testing.bodies import spec
from cnnspec.testing.calls import drawn
from cnnspec.testing.reduce import reduce
from cnnspec.testing.scope import FEATURES
from cnnspec_torch.attributes import state_key
from cnnspec_torch.classes.write import projected
from tests.torch_generality import compared, sized
from tests.torch_proofs import lowerings, maker, wrong

#: So many calls that no spec makes are tried of each.
CALLS = 4
#: No spec may take longer.
SECONDS = 8


@dataclass(slots=True)
class Report:
    """What came of a run: refusals by what they say, failures by their specs."""

    seed: int
    count: int = 0
    calls: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    failures: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.count} specs, {self.calls} calls that none of them makes, "
            f"{self.refused.total()} refused, {len(self.failures)} failures"
        )


def fault(text: str, number: int = 0, report: Report | None = None) -> tuple[str, str]:
    """Say what is wrong with what is written for a spec: a kind, and words; empty if nothing is."""
    lowerings()  # looked for but once
    signal.signal(signal.SIGVTALRM, _late)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    try:
        return _fault(text, number, report)
    except TimeoutError:
        return "late", f"it takes more than {SECONDS} s"
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _late(*_: object) -> None:
    raise TimeoutError


def _fault(text: str, number: int, report: Report | None) -> tuple[str, str]:
    try:
        network = cnnspec.loads(text)
    except cnnspec.SpecError:
        return "", ""
    try:
        make = maker(network)
    except cnnspec.SpecError as why:
        (first, *_) = why.diagnostics
        if first.code != "not-expressible":
            return f"refused {first.code}", first.title
        if report is not None:
            report.refused[first.title.partition(": ")[2]] += 1
        return "", ""
    except Unproved as why:
        return "unproved", str(why)
    except TimeoutError:
        raise
    except Exception as failure:  # noqa: BLE001 (any failure is one)
        return f"writing {type(failure).__name__}", f"{type(failure).__name__}: {failure}"
    try:
        found = differing(network, make)
    except TimeoutError:
        raise
    except Exception as failure:  # noqa: BLE001 (what is emitted may fail in any way)
        return f"building {type(failure).__name__}", f"{type(failure).__name__}: {failure}"
    if found:
        return found[0].partition(":")[0].split()[0] + " differs", found[0]
    return called(network, text, number, report)


def differing(network: cnnspec.Network, make: Any) -> list[str]:
    """Say in what a class differs from a graph: keys, their order, what it computes."""
    with torch.device("meta"):
        keys = [x for x in make().state_dict() if not x.endswith("num_batches_tracked")]
    wanted = ordered(network)
    if set(keys) > set(wanted):
        unread = set(keys) - set(wanted)
        keys = [each for each in keys if each not in unread]
    if sorted(keys) != sorted(wanted):
        return [f"keys: {sorted(set(keys) ^ set(wanted))[:6]}"]
    if keys != wanted:
        return [f"order: {keys[:6]} instead of {wanted[:6]}"]
    return wrong(make, network)


def ordered(network: cnnspec.Network) -> list[str]:
    """The keys of a graph's weights, in the order in which modules that are made in its have them.

    A module's own parameters come before those of modules in it.
    """
    root: dict[str, Any] = {}
    for node in network.elaborated.nodes:
        for weight in node.weights:
            *path, last = state_key(node.path, weight.key).split(".")
            at = root
            for word in path:
                at = at.setdefault(word, {})
            at[last] = None
    return list(_keys(root, ""))


def _keys(at: dict[str, Any], before: str) -> Any:
    yield from (before + word for word, inner in at.items() if inner is None)
    for word, inner in at.items():
        if inner is not None:
            yield from _keys(inner, f"{before}{word}.")


def called(
    network: cnnspec.Network, text: str, number: int, report: Report | None
) -> tuple[str, str]:
    """Call blocks' classes as the spec does not; say what differs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bodies.cnn")
        path.write_text(text, "utf-8")
        network = cnnspec.load(str(path))
        file = projected(network.elaborated, lowerings()).file
        scope = module_of(network.source("torch"))
        random = Random(number)
        calls = drawn(random, network.elaborated, file.program, file.reaching(), Path(folder))
        for call in islice(calls, CALLS):
            try:
                found = compared(file, scope, call)
            except cnnspec.SpecError:
                continue  # the call itself cannot be written
            except TimeoutError:
                raise
            except Exception as failure:  # noqa: BLE001 (any failure is one)
                found = [f"{type(failure).__name__}: {failure}"]
            if report is not None:
                report.calls += 1
            if found and not sized(call):
                return f"call {found[0].split()[0]}", f"{call}: {found[0]}"
    return "", ""


def run(
    count: int,
    seed: int,
    *,
    seconds: float | None = None,
    small: bool = True,
    features: frozenset[str] = FEATURES,
) -> Report:
    """Try so many specs, or as many as so many seconds allow."""
    report = Report(seed)
    start = time.monotonic()
    for number in range(count):
        if seconds is not None and time.monotonic() - start > seconds:
            break
        text = spec(seed, number, features)
        kind, words = fault(text, number, report)
        report.count += 1
        if not kind:
            continue
        if small:
            text = reduce(text, lambda each, k=kind, n=number: fault(each, n)[0] == k)
            words = fault(text, number)[1]
        report.failures[f"{number} {kind}"] = (text, words)
        print(f"--- {number} {kind}\n{text}{words}\n", flush=True)  # noqa: T201
    return report


def main() -> int:
    """Run, and print the figures; 1 if something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--without", default="", help=f"of {', '.join(sorted(FEATURES))}")
    parser.add_argument("--whole", action="store_true", help="make nothing small")
    how = parser.parse_args()
    seed = secrets.randbelow(10**6) if how.seed is None else how.seed
    print(f"seed {seed}, {how.count} specs", flush=True)  # noqa: T201
    features = FEATURES - set(how.without.split(","))
    report = run(how.count, seed, seconds=how.seconds, small=not how.whole, features=features)
    for words, times in report.refused.most_common():
        print(f"refused {times} times: {words}")  # noqa: T201
    print(report)  # noqa: T201
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
