"""The command `sweep`: a network over a grid or a sample, into a file that it can go on from."""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from cnnspec.commands import complete
from cnnspec.commands.output import Missing, Refused, placed, report, say, send
from cnnspec.commands.spec import limits_of, settings_of, shape_of, takes_run
from cnnspec.commands.status import status

if TYPE_CHECKING:
    from cnnspec.sweeps.journal import Journal
    from cnnspec.sweeps.plan import Plan
    from cnnspec.sweeps.results import Index, Key

#: So many rows are printed where no file is named.
SHOWN: Final = 50
FORMS: Final = ("jsonl", "csv", "parquet")
#: How often progress is shown, in seconds.
OFTEN: Final = 0.1


def _shard(
    _ctx: click.Context, _param: click.Parameter, value: str | None
) -> tuple[int, int] | None:
    """Read `3/16`."""
    if value is None:
        return None
    number, slash, count = value.partition("/")
    if not (slash and number.isdigit() and count.isdigit()):
        raise click.BadParameter(f"{value!r} is not of the form 3/16")
    return int(number), int(count)


@click.command()
@click.argument("spec", shell_complete=complete.spec)
@click.option(
    "--set",
    "settings",
    callback=settings_of,
    multiple=True,
    metavar="NAME=VALUES",
    help="A value, a range 0.5..2/0.25, or a list {relu, silu}; may be repeated.",
)
@click.option("--input", "sizes", metavar="SHAPE", help="3x224x224, or square ones: 3x128..320/32.")
@click.option("--where", multiple=True, metavar="CONDITION", help="Only these: 'macs < 600M'.")
@click.option("--columns", metavar="FIGURES", help="What rows hold: params,macs,peak.")
@click.option("--sample", type=int, metavar="N", help="Draw so many points instead of all.")
@click.option("--seed", type=int, default=0, metavar="S", help="Which sample (0).")
@click.option("--shard", callback=_shard, metavar="I/N", help="Part I of N of the points only.")
@click.option("--most", type=click.IntRange(1), metavar="N", help="More points than 1,000,000.")
@takes_run
@click.option(
    "--limit",
    "limits",
    callback=limits_of,
    multiple=True,
    metavar="NAME=NUMBER",
    help="Raise a budget of each point: nodes=1000000.",
)
@click.option("--sort", metavar="COLUMN", help="By a column; -COLUMN the largest first.")
@click.option("--pareto", metavar="COLUMNS", help="Only what nothing beats: params,-resolution.")
@click.option("--top", type=click.IntRange(1), metavar="N", help="Only the first N rows.")
@click.option("--output", "-o", metavar="FILE", help="FILE.jsonl, .csv or .parquet; - is csv.")
@click.option("--plot", metavar="FILE", help="Draw two columns into FILE.svg, .png or .html.")
@click.option("--x", metavar="COLUMN", help="What goes to the right in the plot (macs).")
@click.option("--y", metavar="COLUMN", help="What goes up in the plot (params).")
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Processes (one a core).")
@click.option("--scheduler", metavar="ADDRESS", help="Dask's, tcp://host:8786, for many machines.")
@click.option("--force", is_flag=True, help="Begin anew, whatever the files hold.")
@click.option("-q", "--quiet", is_flag=True, help="No words but errors.")
def sweep(spec: str, **asked: Any) -> int:
    """Vary the parameters of SPEC, and keep the points that meet the conditions.

    Rows go to FILE in the order of points as they come. The same command goes on where it was
    interrupted; what it goes on from is FILE.jsonl itself, or FILE.journal beside it.
    """
    from cnnspec.diagnostics import SpecError
    from cnnspec.sweeps.refused import RefusedSweep

    try:
        return _sweep(spec, **asked)
    except RefusedSweep as refusal:
        raise click.BadParameter(str(refusal), param_hint=refusal.option) from None
    except SpecError as mistakes:
        report(mistakes.diagnostics)
        return status(mistakes.diagnostics)


def _sweep(
    spec: str,
    *,
    sort: str | None,
    pareto: str | None,
    top: int | None,
    output: str | None,
    plot: str | None,
    x: str | None,
    y: str | None,
    jobs: int | None,
    scheduler: str | None,
    force: bool,
    quiet: bool,
    **how: Any,
) -> int:
    from cnnspec.sweeps import workers
    from cnnspec.sweeps.journal import Journal
    from cnnspec.sweeps.results import key

    order = [key(sort)] if sort else []
    front = [key(each.strip()) for each in pareto.split(",")] if pareto else []
    axes = [x or (front[0].column if front else "macs"),
            y or (front[1].column if len(front) > 1 else "params")]  # fmt: skip
    if (x or y) and not plot:
        raise click.UsageError("--x and --y say what a plot shows: add --plot FILE.svg")
    wanted = [("--sort", each.column) for each in order]
    wanted += [("--pareto", each.column) for each in front]
    wanted += [*zip(("--x", "--y"), axes, strict=True)] if plot else []
    made = _plan(spec, wanted, **how)
    form = _form(output)
    _check_tools(form, plot, scheduler)
    arranged = bool(order or front or top)
    processes = jobs or (1 if made.stop - made.first < 500 else workers.cores())
    with _journal_of(output, form, arranged=arranged) as path:
        with Journal(path, made.header, first=made.first, force=force) as journal:
            stream = output if form == "csv" and not arranged and output != "-" else None
            whole = _run(made, journal, processes, scheduler, stream, quiet=quiet)
        if whole:
            _finish(made, path, output, form, order, front, top, stream)
            if plot is not None:
                _plot(made, path, plot, axes, front, quiet=quiet)
        _tell(made, journal, output, whole=whole, quiet=quiet)
    return 0 if whole else 130


def _plan(spec: str, wanted: list[tuple[str, str]], **how: Any) -> Plan:
    """Plan the sweep with the columns that options ask for, by these."""
    from cnnspec.sweeps import plan
    from cnnspec.sweeps.figures import NAMES, PREFIX, USUAL
    from cnnspec.sweeps.plan import MOST
    from cnnspec.sweeps.refused import RefusedSweep

    columns = how.pop("columns")
    figures = [each.strip() for each in columns.split(",")] if columns else list(USUAL)
    swept = {*how["settings"], "point", *(["input"] if how["sizes"] else [])}
    figures += [n for _, n in wanted if n not in swept and n.removeprefix(PREFIX) in NAMES]
    try:
        made = plan(
            spec, set=how["settings"], input=_input(how["sizes"]), where=how["where"],
            figures=figures, sample=how["sample"], seed=how["seed"], shard=how["shard"],
            most=how["most"] or MOST, batch=how["batch"], dtype=how["dtype"],
            in_place=how["in_place"], device=how["device"], limits=how["limits"],
        )  # fmt: skip
    except ValueError as wrong:
        if isinstance(wrong, RefusedSweep):
            raise
        raise click.BadParameter(str(wrong)) from None
    for option, name in wanted:
        if name not in made.columns:
            message = f"there is no column {name!r}; there are {', '.join(made.columns)}"
            raise click.BadParameter(message, param_hint=option)
    return made


def _input(text: str | None) -> Any:
    if text is None or ".." in text:
        return text
    try:
        return shape_of(text)
    except click.BadParameter as wrong:
        wrong.param_hint = "--input"
        raise


def _form(output: str | None) -> str | None:
    """Give what a file's name says that it is; None for a table on standard output."""
    if output is None:
        return None
    if output == "-":
        return "csv"
    form = Path(output).suffix.removeprefix(".").lower()
    if form not in FORMS:
        raise click.BadParameter(
            f"{output} ends in none of .jsonl, .csv, .parquet", param_hint="--output"
        )
    return form


def _check_tools(form: str | None, plot: str | None, scheduler: str | None) -> None:
    """Refuse what is not installed before anything is worked out."""
    if plot is not None and Path(plot).suffix.lower() not in (".svg", ".png", ".html"):
        raise click.BadParameter(f"{plot} ends in none of .svg, .png, .html", param_hint="--plot")
    for wanted, package, extra in (
        (form == "parquet", "pyarrow", "parquet"),
        (plot is not None, "matplotlib", "plot"),
        (scheduler is not None, "distributed", "dask"),
    ):
        if wanted and find_spec(package) is None:
            raise Missing(f"this needs {package}: pip install 'cnnspec[{extra}]'")


@contextmanager
def _journal_of(output: str | None, form: str | None, *, arranged: bool) -> Iterator[Path]:
    """Give the journal's path: the output itself, one beside it, or one that is thrown away."""
    if output is None or output == "-":
        with tempfile.TemporaryDirectory(prefix="cnnspec-") as folder:
            yield Path(folder) / "journal"
    elif form == "jsonl" and not arranged:
        yield Path(output)
    else:
        yield Path(f"{output}.journal")


def _run(
    made: Plan,
    journal: Journal,
    jobs: int,
    scheduler: str | None,
    stream: str | None,
    *,
    quiet: bool,
) -> bool:
    """Work out what is not in the journal yet; give whether all of it was."""
    from cnnspec.sweeps.stream import done

    if journal.rows or journal.next > made.first:
        say(f"going on after {journal.rows:,} rows, at point {journal.next:,}", quiet=quiet)
    show = _progress(made, journal.next, quiet=quiet)
    with _copied(journal, made, stream) as copy, _interruptible() as stopped:
        found = done(made, first=journal.next, jobs=jobs, scheduler=scheduler)
        try:
            for each in found:
                journal.add(each.rows, each.stop)
                if each.rows:
                    copy(each.rows)
                show(each.stop, journal.rows)
                if stopped():
                    return each.stop == made.stop
        finally:
            close = getattr(found, "close", None)
            if close is not None:
                close()
            show(None, journal.rows)
    return True


@contextmanager
def _copied(journal: Journal, made: Plan, stream: str | None) -> Iterator[Callable[[Any], None]]:
    """Keep a csv file beside the journal, row by row as they come."""
    if stream is None:
        yield lambda _rows: None
        return
    from cnnspec.sweeps.journal import rows_of
    from cnnspec.sweeps.results import Lines

    try:
        with Path(stream).open("w", encoding="utf-8", newline="") as file:
            lines = Lines(file, made.columns)
            lines.add(rows_of(journal.path))
            yield lines.add
    except OSError as failure:
        reason = (failure.strerror or str(failure)).lower()
        raise Refused(f"cannot write {stream}: {reason}") from None


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Let Ctrl-C end the sweep after the point, or chunk, that is being worked out."""
    seen: list[int] = []

    def note(number: int, _frame: Any) -> None:
        if seen:
            raise KeyboardInterrupt
        seen.append(number)

    try:
        before = signal.signal(signal.SIGINT, note)
    except ValueError:  # not the main thread
        yield lambda: False
        return
    try:
        yield lambda: bool(seen)
    finally:
        signal.signal(signal.SIGINT, before)


def _progress(made: Plan, first: int, *, quiet: bool) -> Callable[[int | None, int], None]:
    """Make what shows, on a terminal, how far it is, how fast it goes, how long it will take."""
    if quiet or not sys.stderr.isatty():
        return lambda _at, _rows: None
    began = last = time.monotonic()

    def show(at: int | None, rows: int) -> None:
        nonlocal last
        now = time.monotonic()
        if at is None:
            sys.stderr.write("\r\x1b[K")
        elif now - last >= OFTEN:
            last = now
            rate = (at - first) / (now - began)
            left = (made.stop - at) / rate
            done = (at - made.first) / (made.stop - made.first)
            bar = "#" * round(20 * done)
            sys.stderr.write(
                f"\r\x1b[K[{bar:<20}] {at - made.first:,}/{made.stop - made.first:,} points, "
                f"{rows:,} rows, {rate:,.0f}/s, {_time(left)} left"
            )
        sys.stderr.flush()

    return show


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _finish(
    made: Plan,
    path: Path,
    output: str | None,
    form: str | None,
    order: list[Key],
    front: list[Key],
    top: int | None,
    stream: str | None,
) -> None:
    """Make of the journal what was asked for."""
    if stream is not None or (output is not None and path == Path(output)):
        return
    index = _arranged(path, order, front)
    shown = top if top is not None or output is not None else SHOWN
    index.places, rest = index.places[:shown], len(index.places[shown:] if shown else [])
    from cnnspec.sweeps import results

    if form is None:
        rows = list(index.rows())
        send(results.table(rows, made.columns) if rows else "", None)
        if rest and top is None:
            send(
                f"and {rest:,} more: -o FILE keeps all, --top {len(rows) + rest} shows them\n", None
            )
    elif output == "-":
        results.Lines(sys.stdout, made.columns).add(index.rows())
    else:
        with placed(Path(str(output))) as beside:
            results.write(index, made.columns, beside, str(form), made.header)


def _arranged(path: Path, order: list[Key], front: list[Key]) -> Index:
    from cnnspec.sweeps.results import Index

    index = Index(path)
    if front:
        index.keep_front(front)
    for each in order:
        index.sort(each)
    return index


def _plot(
    made: Plan, path: Path, target: str, axes: list[str], front: list[Key], *, quiet: bool
) -> None:
    from cnnspec.commands.output import replace
    from cnnspec.report import scatter
    from cnnspec.sweeps.results import Index, Key

    index = Index(path)
    points = [
        values
        for _, values in index.values(axes)
        if all(isinstance(each, int | float) for each in values)
    ]
    if not points:
        raise Refused("nothing to plot: no row has numbers for both axes")
    index.keep_front(
        front if len(front) == 2 else [Key(axes[0], down=False), Key(axes[1], down=False)]
    )
    best = sorted((row[axes[0]], row[axes[1]]) for row in index.rows())
    figure = scatter.cloud(points, best if front else [], axes, made.title)
    replace(Path(target), scatter.written(figure, Path(target).suffix[1:].lower()))
    say(f"drew {len(points):,} points in {target}", quiet=quiet)


def _tell(made: Plan, journal: Journal, output: str | None, *, whole: bool, quiet: bool) -> None:
    where = f" in {output}" if output not in (None, "-") else ""
    if whole:
        failed = f", {journal.failed:,} of which do not compile" if journal.failed else ""
        words = f"{made.stop - made.first:,} points, {journal.rows:,} rows{where}{failed}"
        say(words, quiet=quiet)
    else:
        left = made.stop - journal.next
        again = "; the same command goes on" if where else ""
        say(f"stopped with {left:,} points left, {journal.rows:,} rows{where}{again}", quiet=False)
