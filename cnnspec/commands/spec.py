"""What the commands that read a spec share: their arguments, and loading it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from cnnspec import collector
from cnnspec.commands import complete
from cnnspec.commands.output import Refused, report
from cnnspec.dtypes import BYTES, SHORT

if TYPE_CHECKING:
    from cnnspec.diagnostics import Diagnostic
    from cnnspec.network import Network
    from cnnspec.source import Source

_SIZES: Final = re.compile(r"[0-9]{1,9}(x[0-9]{1,9}){0,2}")
_NUMBER: Final = re.compile(r"[0-9][0-9_]{0,17}")


def _shape(
    _ctx: click.Context, _param: click.Parameter, value: str | None
) -> tuple[int, ...] | None:
    """Read `3x320x320`: channels, height, width; or a vector's features."""
    return None if value is None else shape_of(value)


def shape_of(value: str) -> tuple[int, ...]:
    """Read a shape; raises BadParameter."""
    if not _SIZES.fullmatch(value.lower()):
        raise click.BadParameter(f"{value!r} is not a shape; write it as 3x224x224")
    shape = tuple(int(each) for each in value.lower().split("x"))
    if len(shape) not in (1, 3) or 0 in shape:
        raise click.BadParameter(f"{value!r} is no image CxHxW and no vector; write 3x224x224")
    return shape


def settings_of(
    _ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    """Read `name=value`, each time."""
    result: dict[str, str] = {}
    for each in values:
        name, equals, text = (part.strip() for part in each.partition("="))
        if not (equals and name and text):
            raise click.BadParameter(f"{each!r} is not of the form name=value")
        if result.setdefault(name, text) != text:
            raise click.BadParameter(f"{name} stands there twice, as {result[name]} and as {text}")
    return result


def limits_of(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> dict[str, int]:
    """Read `name=number`, each time."""
    result = {}
    for name, text in settings_of(ctx, param, values).items():
        if not _NUMBER.fullmatch(text):
            raise click.BadParameter(f"{text!r} is not a whole number")
        result[name] = int(text)
    return result


def takes_spec(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the argument SPEC and the options that go with it."""
    return click.argument("spec", shell_complete=complete.spec)(takes_network(command))


def takes_network(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say how a spec is elaborated."""
    options = (
        click.option(
            "--set",
            "settings",
            callback=settings_of,
            multiple=True,
            metavar="NAME=VALUE",
            help="Set a parameter of the network, as a spec would write it; may be repeated.",
        ),
        click.option(
            "--input",
            "sizes",
            callback=_shape,
            metavar="CxHxW",
            help="The input's shape, 3x320x320.",
        ),
        click.option(
            "--limit",
            "limits",
            callback=limits_of,
            multiple=True,
            metavar="NAME=NUMBER",
            help="Raise a budget: nodes=1000000 (nodes, depth, steps, text, integer).",
        ),
        click.option(
            "--no-expect",
            "expect",
            is_flag=True,
            flag_value=False,
            default=True,
            help="Warn of stated facts that do not hold, and go on.",
        ),
        click.option(
            "--keep-weights",
            is_flag=True,
            help="Refuse an --input for which a layer would have other weights.",
        ),
        click.option("-q", "--quiet", is_flag=True, help="No words but errors."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _device(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Any:
    """Read the name of a device, or figures."""
    if value is None:
        return None
    from cnnspec.analysis.roofline import device

    try:
        return device(value)
    except ValueError as wrong:
        raise click.BadParameter(str(wrong)) from None


class DtypeName(click.Choice[str]):
    """One of the types of numbers, by its name or a short one."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Give the full name."""
        return super().convert(SHORT.get(str(value), value), param, ctx)


def takes_run(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say how a network is run."""
    options = (
        click.option(
            "--batch", type=click.IntRange(1, 10**9), default=1, help="Examples at a time (1)."
        ),
        click.option(
            "--dtype",
            type=DtypeName(tuple(BYTES)),
            default="float32",
            help="The type of every number (float32).",
        ),
        click.option(
            "--in-place", is_flag=True, help="Activations write over their input where they can."
        ),
        click.option(
            "--device",
            callback=_device,
            metavar="NAME",
            shell_complete=complete.devices,
            help="The least time on a device: a100, or peak=100G,bandwidth=20G.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


#: A network of more nodes is not run in a framework unasked: each is a layer of its own there.
MOST_LAYERS: Final = 5_000
#: What `takes_network` gives a command, by name.
ELABORATION: Final = ("settings", "sizes", "limits", "expect", "keep_weights")


def load_arguments(
    *,
    settings: dict[str, str],
    sizes: tuple[int, ...] | None,
    limits: dict[str, int],
    expect: bool,
    keep_weights: bool,
    told: bool = False,
) -> dict[str, Any]:
    """Give `load` what a command was given; `told`: other weights for the size are warned of."""
    return {
        "set": settings,
        "input": sizes,
        "limits": limits,
        "expect": expect,
        "keep_weights": keep_weights or (False if told else None),
    }


def loaded(spec: str, *, quiet: bool, **given: Any) -> Network:
    """Load the network that a command was given; its warnings go to standard error.

    `given` is what `load_arguments` takes.
    """
    from cnnspec.api import load

    _say_what_is_read(spec, quiet=quiet)
    with collector.keeping():
        network = load(spec, **load_arguments(**given))
    if network.warnings and not quiet:
        report(network.warnings)
    return network


def check_size(network: Network, why: str, limits: Mapping[str, int]) -> None:
    """Refuse what a framework would be at for minutes, unless --limit allows it."""
    count = len(network.nodes)
    if count > MOST_LAYERS and "nodes" not in limits:
        raise Refused(
            f"{network.name} has {count:,} nodes, and {why}: over {MOST_LAYERS:,} take minutes\n"
            f"  = help: if that is meant: `--limit nodes={count}`; fewer repeats show the same"
        )


def all_loaded(spec: str, *, quiet: bool, **given: Any) -> tuple[Network, ...]:
    """Load the network that a command was given, or all of its file; `given` as for `loaded`."""
    from cnnspec.api import load_all

    _say_what_is_read(spec, quiet=quiet)
    with collector.keeping():
        return load_all(spec, **load_arguments(**given))


def all_mistakes(spec: str, found: Sequence[Diagnostic], **given: Any) -> tuple[Diagnostic, ...]:
    """Give all mistakes of a file as an editor is told them, if it is checked as it stands.

    `found` are those that kept it from being loaded: they may hide others. Where a budget ended, or
    there are enough of them, nothing more is looked for.
    """
    from cnnspec.api import MOST_MISTAKES
    from cnnspec.editing.mistakes import mistakes_of

    said = load_arguments(**given)
    plain = said["expect"] and not any(said[word] for word in ("set", "input", "limits"))
    spent = any(each.code == "budget-exceeded" for each in found)
    read = any(each.labels for each in found)
    if not plain or not read or spent or len(found) >= MOST_MISTAKES:
        return tuple(found)
    source, network, root = _as_read(spec, found)
    if source is None or network is not None:
        return tuple(found)
    more = mistakes_of(source, root)
    return more if any(each.severity == "error" for each in more) else tuple(found)


def _as_read(
    spec: str, found: Sequence[Diagnostic]
) -> tuple[Source | None, str | None, Path | None]:
    """Find a spec's text once more; standard input is gone, but is in what was found."""
    from cnnspec import library
    from cnnspec.source import STANDARD_INPUT

    path, _, network = spec.partition(":")
    if path != "-":
        return library.find(spec)
    places = (label.span.source for each in found for label in each.labels)
    source = next((each for each in places if each.name == STANDARD_INPUT), None)
    return source, network or None, Path()


def _say_what_is_read(spec: str, *, quiet: bool) -> None:
    if spec == "-" and sys.stdin.isatty() and not quiet:
        click.echo("reading a spec from standard input; end it with Ctrl-D", err=True)
