"""What the two sides of a comparison are: networks, all of a file's, texts of another revision."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from cnnspec import library
from cnnspec.api import load_all, loaded_from
from cnnspec.diagnostics import Diagnostic, SpecError, error
from cnnspec.elaborate import network_names
from cnnspec.network import Network
from cnnspec.source import Source
from cnnspec.syntax.parse import parse

#: `HEAD~1:nets/small.cnn` and `v1.0:nets/small.cnn:small`.
_REVISION: Final = re.compile(r"([^:\s-][^:\s]*):((?:[^:]+)\.cnn)(?::([A-Za-z_]\w*))?")
SECONDS: Final = 20


class Pairs(NamedTuple):
    """The networks to hold against each other, and the names of those on one side only."""

    both: tuple[tuple[Network, Network], ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]


def pairs(a: tuple[Network, ...], b: tuple[Network, ...]) -> Pairs:
    """Pair networks by name; two single ones are a pair whatever they are called."""
    if len(a) == len(b) == 1:
        return Pairs(((a[0], b[0]),), (), ())
    before, after = {each.name: each for each in a}, {each.name: each for each in b}
    both = tuple((before[name], after[name]) for name in before if name in after)
    gone = tuple(name for name in before if name not in after)
    return Pairs(both, gone, tuple(name for name in after if name not in before))


def side(spec: str, **how: Any) -> tuple[Network, ...]:
    """Load one side: a network, all of a file's, or those of a file in a revision of git.

    Raises SpecError.
    """
    match = _REVISION.fullmatch(spec)
    if match is None or Path(spec).exists() or _is_local(match[1]):
        return load_all(spec, **how)
    revision, path, network = match.groups()
    return texts(_shown(revision, path), path, network, **how)


def _is_local(path: str) -> bool:
    return Path(path).is_file() or Path(f"{path}.cnn").is_file()


def texts(text: str, path: str, network: str | None, **how: Any) -> tuple[Network, ...]:
    """Elaborate a text as if it stood at a path, whose folder `use` reads. Raises SpecError."""
    source = Source(path, text)
    names: list[str | None] = [network]
    if network is None:
        names = [*network_names(parse(source))] or [None]
    result, wrong = [], dict[object, Diagnostic]()
    for name in names:
        try:
            result.append(loaded_from(source, name, Path(path).parent, **how))
        except SpecError as mistakes:
            wrong.update((each.key, each) for each in mistakes.diagnostics)
    if wrong:
        raise SpecError(wrong.values())
    return tuple(result)


def _shown(revision: str, path: str) -> str:
    """Read a file as it was in a revision; raises SpecError."""
    where = path if Path(path).is_absolute() else f"./{path}"
    command = ["git", "show", f"{revision}:{where}"]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        raise error("missing-file", f"git, which {revision}:{path} needs, does not run") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = said[-1].removeprefix("fatal: ") if said else "it says nothing"
        raise error("missing-file", f"git does not show {revision}:{path}: {reason}")
    if len(done.stdout) > library.LARGEST:
        raise error("unreadable-file", f"{revision}:{path} is too large for a spec")
    try:
        return done.stdout.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise error("unreadable-file", f"{revision}:{path} is not UTF-8 text") from None


def settings(**how: Any) -> Mapping[str, Any]:
    """Give what elaborates both sides alike."""
    return {
        "set": how["settings"],
        "input": how["sizes"],
        "limits": how["limits"],
        "expect": how["expect"],
        "keep_weights": how["keep_weights"] or None,
    }
