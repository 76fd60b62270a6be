"""The command `draw`: what is drawn, how it looks, where it goes, and again when it changes."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from cnnspec import collector
from cnnspec.commands import complete
from cnnspec.commands.output import (
    Missing,
    Refused,
    as_json,
    deliver,
    report,
    say,
    send,
    takes_output,
)
from cnnspec.commands.spec import ELABORATION, loaded, takes_spec

if TYPE_CHECKING:
    from cnnspec.commands.live import Live
    from cnnspec.draw.subject import Subject
    from cnnspec.network import Network

#: What a file may end in besides the names of the formats.
ENDINGS: Final = {"gv": "dot", "mmd": "mermaid", "htm": "html", "md": "markdown"}
FORMATS: Final = ("svg", "png", "pdf", "dot", "mermaid", "html")
SUFFIX: Final = {"mermaid": "mmd"}
#: How often a file is looked at while watching, in seconds.
PAUSE: Final = 0.25


def _shown(_ctx: click.Context, _param: click.Parameter, value: str | None) -> Any:
    """Read `shape,params`: what boxes show."""
    from cnnspec.draw.options import SHOWN, USUAL

    if value is None:
        return USUAL
    shown = tuple(each.strip() for each in value.split(",") if each.strip())
    for each in shown:
        if each not in SHOWN:
            raise click.BadParameter(f"{each!r} is not one of {', '.join(SHOWN)}")
    return shown


@click.command()
@takes_spec
@click.option(
    "--format",
    "format_",
    metavar="FORMAT",
    help="svg, png, pdf, dot, mermaid or html; without it, what the file's name ends in.",
)
@click.option(
    "--style",
    type=click.Choice(["graph", "volumes"]),
    default="graph",
    help="Boxes and lines, or the classic picture of volumes (svg, pdf, png).",
)
@click.option(
    "--depth",
    type=click.IntRange(0, 64),
    help="How many levels of blocks to open (as many as one page holds).",
)
@click.option(
    "--expand",
    multiple=True,
    metavar="PATH",
    shell_complete=complete.scopes,
    help="Open this block; may be repeated.",
)
@click.option(
    "--focus",
    metavar="PATH",
    shell_complete=complete.scopes,
    help="Draw this block alone, with its neighbours.",
)
@click.option("--all", "all_", is_flag=True, help="Open everything and fold no repeats.")
@click.option(
    "--show",
    callback=_shown,
    metavar="WHAT,...",
    shell_complete=complete.shown,
    help="What boxes show: names, shape, params, macs, activations, memory.",
)
@click.option(
    "--heat",
    type=click.Choice(["macs", "params", "activations", "memory", "none"]),
    default="macs",
    help="What is coloured by its share of the whole (macs).",
)
@click.option(
    "--theme",
    type=click.Choice(["light", "dark", "print", "colorblind"]),
    default="light",
    help="The colours.",
)
@click.option(
    "--direction", type=click.Choice(["tb", "lr"]), default="tb", help="Down or to the right."
)
@click.option(
    "--layout",
    "layout_",
    type=click.Choice(["chw", "hwc"]),
    default="chw",
    help="Channels first or last in the shapes that are shown.",
)
@click.option(
    "--engine",
    type=click.Choice(["pure", "dot"]),
    default="pure",
    help="What lays it out: the one that comes along, or the system's Graphviz.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=20.0,
    help="Seconds that one try at laying it out may take (20).",
)
@click.option(
    "--scale",
    type=click.FloatRange(min=0.1, max=20),
    default=1.0,
    help="How many times larger a png is than on a screen (1).",
)
@click.option(
    "--watch",
    is_flag=True,
    help="Draw again whenever the spec's file changes; an html page reloads by itself.",
)
@click.option("--json", "json_", is_flag=True, help="What was drawn, as JSON.")
@click.option("--against", metavar="SPEC", help="Draw both, marking what differs from SPEC.")
@click.option("--open", "open_", is_flag=True, help="Open the picture, where there is a desktop.")
@takes_output
def draw(
    spec: str,
    *,
    format_: str | None,
    output: str | None,
    watch: bool,
    open_: bool,
    json_: bool,
    force: bool,
    quiet: bool,
    **asked: Any,
) -> None:
    """Draw SPEC on one page, blocks and repeats folded.

    Without -o the picture goes to NETWORK.svg in this folder.
    """
    chosen = _format(format_, output)
    if asked["scale"] != 1 and chosen != "png":
        raise Refused(f"--scale is of a png, and this is {chosen}: it can be scaled as it is")
    how = {name: asked.pop(name) for name in ELABORATION}
    if watch and (spec == "-" or output == "-"):
        raise Refused("--watch needs a file to look at and a file to write")
    if json_ and (watch or output == "-"):
        raise Refused("--json says once what was drawn into a file")

    against = asked.pop("against")

    def once() -> str:
        network = loaded(spec, quiet=quiet, **how)
        before = None if against is None else loaded(against, quiet=quiet, **how)
        target = output or f"{network.name}.{SUFFIX.get(chosen, chosen)}"
        subject = _subject(network, before)
        content, notes = _picture(subject, chosen, target, force=force, **asked)
        deliver(content, target, chosen, force=force)
        if json_:
            facts = {"network": network.name, "format": chosen, "file": target}
            send(as_json("cnnspec.draw/1", **facts, notes=list(notes)), None)
            return target
        for note in notes:
            say(f"note: {note}", quiet=quiet)
        if target != "-":
            both = "" if before is None else f" against {before.title}"
            say(f"drew {network.title}{both} in {target}", quiet=quiet)
        return target

    if not watch:
        target = once()
        if open_:
            _open(target, quiet=quiet)
        return
    if chosen == "html":
        from cnnspec.commands.live import serving

        with serving() as live:
            _watch(spec, once, live, open_=open_, quiet=quiet)
    else:
        _watch(spec, once, None, open_=open_, quiet=quiet)


def _format(asked: str | None, output: str | None) -> str:
    word = (asked or Path(output or "").suffix.removeprefix(".") or "svg").lower()
    chosen = ENDINGS.get(word, word)
    if chosen not in (*FORMATS, "markdown"):
        raise click.BadParameter(
            f"{word!r} is not one of {', '.join(FORMATS)}", param_hint="--format"
        )
    return chosen


def _subject(network: Network, before: Network | None) -> Subject:
    """Give what is drawn: a network, or two with what differs marked."""
    if before is None:
        return network.elaborated
    from cnnspec.diff import compare, marks
    from cnnspec.draw import Pair

    a, b = before.elaborated, network.elaborated
    return Pair(a, b, marks(compare(a, b)))


def _picture(
    subject: Subject,
    format: str,
    target: str,
    *,
    style: str,
    depth: int | None,
    expand: tuple[str, ...],
    focus: str | None,
    all_: bool,
    show: tuple[str, ...],
    heat: str,
    theme: str,
    direction: str,
    layout_: str,
    engine: str,
    timeout: float,
    scale: float,
    force: bool,
) -> tuple[bytes, Iterable[str]]:
    from cnnspec import draw as pictures

    view = pictures.View(depth, expand, focus, all_)
    look = pictures.Look(theme, None if heat == "none" else heat, show, layout_, direction)
    try:
        drawn = pictures.drawing(
            subject,
            format="mermaid" if format == "markdown" else format,
            style=style,
            view=view,
            look=look,
            engine=engine,
            timeout=timeout,
            scale=scale,
        )
    except pictures.UnknownPath as mistake:
        raise Refused(str(mistake)) from None
    except pictures.EngineMissing as failure:
        raise Missing(str(failure)) from None
    except pictures.Unsupported as mistake:
        raise Refused(str(mistake)) from None
    except pictures.EngineFailed as failure:
        help_ = "open less with --depth; --format dot writes what the engine is given"
        raise Refused(f"the engine {engine} failed: {failure}\n  = help: {help_}") from None
    except pictures.Undrawn as failure:
        kept = "-" if target == "-" else str(Path(target).with_suffix(".dot"))
        deliver(failure.dot, kept, "dot", force=force)
        where = "" if kept == "-" else f"; its text for Graphviz is in {kept}"
        raise Refused(f"{failure}{where}\n  = help: {failure.help}") from None
    if format == "markdown":
        return b"```mermaid\n" + drawn.content + b"```\n", drawn.notes
    return drawn.content, drawn.notes


def _open(target: str, *, quiet: bool) -> None:
    if target == "-":
        raise Refused("--open needs a file: say where with -o")
    screen = sys.platform in ("win32", "darwin") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    if not screen or click.launch(target) != 0:
        say(f"note: there is no desktop to open {target} on", quiet=quiet)


def _again(once: Callable[[], str]) -> str | None:
    """Draw; a mistake in the spec is reported and waited for."""
    from cnnspec.diagnostics import SpecError

    collector.let_go()
    try:
        return once()
    except SpecError as mistakes:
        report(mistakes.diagnostics)
        return None


def _watch(
    spec: str, once: Callable[[], str], live: Live | None, *, open_: bool, quiet: bool
) -> None:
    """Draw, and again when the file of the spec, or one beside it, changes; until interrupted."""
    folder = _folder(spec)
    seen = _stamps(folder)
    target = _again(once)
    if live is not None:
        _show(live, target)
        say(f"the page is at {live.address} and reloads by itself", quiet=quiet)
    if open_ and target is not None:
        _open(target if live is None else live.address, quiet=quiet)
    say(f"watching {spec}; end it with Ctrl-C", quiet=quiet)
    try:
        while True:
            time.sleep(PAUSE)
            now = _stamps(folder)
            if now != seen:
                seen = now
                target = _again(once)
                if live is not None:
                    _show(live, target)
    except KeyboardInterrupt:
        say("", quiet=quiet)


def _show(live: Live, target: str | None) -> None:
    """Serve what was drawn; after a mistake the last picture stays."""
    if target is not None:
        live.show(Path(target).read_bytes())


def _folder(spec: str) -> Path:
    file = Path(spec.partition(":")[0])
    found = [each for each in (Path(spec), file, file.with_suffix(".cnn")) if each.is_file()]
    if not found:
        raise Refused(f"--watch needs a file of yours; {spec} ships with cnnspec")
    return found[0].parent


def _stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Say when each spec in a folder changed: what is drawn may `use` any of them."""
    result = {}
    for file in sorted(folder.glob("*.cnn")):
        try:
            facts = file.stat()
        except OSError:
            continue
        result[file.name] = facts.st_mtime_ns, facts.st_size
    return result
