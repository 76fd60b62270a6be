"""What other distributions bring by entry point: found when asked for, and told of if it fails."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from traceback import walk_tb
from typing import TYPE_CHECKING, Any, Final

from cnnspec.diagnostics import SpecError, error, nearest
from cnnspec.errors import CnnspecError, NotInstalled

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

#: The distribution that this is.
OURS: Final = "cnnspec"
_EXTRA: Final = re.compile(r"""extra == ['"]([\w-]+)['"]""")


def every(group: str) -> list[EntryPoint]:
    """Give a group's entry points, in order; two distributions may use one name."""
    from importlib.metadata import entry_points

    return sorted(entry_points(group=group), key=lambda each: (each.name, each.value))


def entries(group: str) -> dict[str, EntryPoint]:
    """Give a group's entry points by name, in order: of two of one name ours, or the first."""
    found: dict[str, EntryPoint] = {}
    for each in sorted(every(group), key=lambda each: distribution(each) != OURS):
        found.setdefault(each.name, each)
    return dict(sorted(found.items()))


class NotLoaded(CnnspecError):
    """An entry point gives nothing, or something else than its group asks for: in words."""


def load(entry: EntryPoint, fits: Callable[[object], bool] = lambda _: True) -> Any:
    """Load an entry point whose value is to fit; raises NotLoaded.

    What is printed meanwhile goes to standard error, for source may go to standard output; one
    that would end the process does not. ImportError goes through where the entry point is ours:
    then an extra is not installed.
    """
    try:
        with redirect_stdout(sys.stderr):
            value = entry.load()
    except (Exception, SystemExit) as failure:
        if isinstance(failure, ImportError) and distribution(entry) == OURS:
            raise
        raise NotLoaded(reason(failure)) from failure
    if not fits(value):
        raise NotLoaded(f"`{entry.value}` is {_kind(value)}, not what {entry.group} asks for")
    return value


def _kind(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeioAEIO' else 'a'} {name}"


def ousted(group: str) -> list[tuple[EntryPoint, EntryPoint]]:
    """Give the entry points that are not used, for another has their name: each with that one."""
    used = entries(group)
    return [(each, used[each.name]) for each in every(group) if each != used[each.name]]


def culprit(failure: BaseException) -> str | None:
    """Name the distribution of others in whose code something was raised; None if in none."""
    owners = _owners()
    found = None
    for frame, _ in walk_tb(failure.__traceback__):
        found = owners.get(_package(str(frame.f_globals.get("__name__", ""))), found)
    return found


def owner(module: str) -> str | None:
    """Name the distribution of others that brings a module; None if it is ours, or nobody's."""
    return _owners().get(_package(module))


def _owners() -> dict[str, str]:
    """Give the distributions of others by the packages that their entry points name."""
    from importlib.metadata import entry_points

    groups = [group for group in entry_points().groups if group.startswith("cnnspec.")]
    return {
        _package(each.module): distribution(each)
        for group in groups
        for each in every(group)
        if distribution(each) != OURS
    }


def _package(module: str) -> str:
    return module.partition(".")[0]


def distribution(entry: EntryPoint) -> str:
    """Say whose an entry point is."""
    return entry.dist.name if entry.dist is not None else "unknown"


def reason(failure: BaseException) -> str:
    """Say in words why something did not load."""
    if isinstance(failure, SystemExit):
        return "it would end the program"
    if isinstance(failure, ImportError):
        return str(failure)
    return f"{type(failure).__name__}: {failure}".removesuffix(": ")


def install(extra: str, module: str) -> str:
    """Give the line that installs what an extra of ours takes, or else one module.

    Packages are named, for cnnspec itself need not be in an index.
    """
    from importlib.metadata import PackageNotFoundError, requires

    try:
        every = requires("cnnspec") or []
    except PackageNotFoundError:  # it runs from a folder
        every = []
    parts = [each.partition(";") for each in every]
    needed = [name.strip() for name, _, when in parts if _EXTRA.findall(when) == [extra]]
    quoted = (f"'{each}'" if re.search(r"[<>=]", each) else each for each in needed or [module])
    return f"`pip install {' '.join(quoted)}`"


def not_installed(name: str, failure: ImportError) -> NotInstalled:
    """Make the exception for something of ours that needs a package which is not there."""
    return NotInstalled(
        f"{name} needs {failure.name}, which is not installed: {install(name, str(failure.name))}"
    )


def unknown(
    code: str, title: str, name: str, known: Iterable[str], otherwise: str | None = None
) -> SpecError:
    """Make the exception for a name that nothing installed has; `otherwise` is the help then."""
    installed = sorted(known)
    guess = nearest(name, installed)
    return error(
        code,
        title,
        notes=(f"installed: {', '.join(installed) or 'nothing'}",),
        help=f"did you mean `{guess}`?" if guess else otherwise,
    )
