"""A certificate as people read it: a table, and a diagnostic for what does not agree."""

from __future__ import annotations

from io import StringIO

from cnnspec.diagnostics import Diagnostic, Label
from cnnspec.ops import operators
from cnnspec.plugins import owner
from cnnspec.verify.certificate import Certificate, Disagreement

WHAT = {
    "node": "nodes",
    "output": "outputs",
    "state": "running statistics",
    "gradient": "gradients",
    "noise": "shares dropped",
}


def table(certificate: Certificate, *, color: bool = False, width: int = 92) -> str:
    """Write a certificate for a terminal, or plain."""
    from rich.console import Console
    from rich.table import Table

    rows = Table(box=None, pad_edge=False, header_style="bold")
    for title, side in (
        ("against " + next(iter(certificate.witnesses)), "left"),
        ("compared", "left"),
        ("count", "right"),
        ("worst", "right"),
        ("of bound", "right"),
        ("at", "left"),
    ):
        rows.add_column(title, justify=side, overflow="fold")  # type: ignore[arg-type]
    for each in certificate.held:
        style = "" if each.worst <= 1 else "red"
        worst, share = f"{each.difference:.1e}", f"{each.worst:.1e}"
        count = f"{each.compared:,}"
        rows.add_row(each.witness, WHAT[each.what], count, worst, share, each.where, style=style)
    out = StringIO()
    console = Console(
        file=out, width=width, force_terminal=color, no_color=not color, highlight=False
    )
    console.print(heading(certificate), markup=False)
    console.print(rows)
    console.print(footer(certificate), markup=False)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def heading(certificate: Certificate) -> str:
    """Say what was held against what."""
    mode = "training step" if certificate.training else "inference"
    sizes = ", ".join(
        f"{name} {' x '.join(map(str, shape))}" for name, shape in certificate.inputs.items()
    )
    versions = ", ".join(
        " ".join(f"{package} {version}" for package, version in each.items()) or name
        for name, each in certificate.witnesses.items()
    )
    what = f"{certificate.dtype}, {mode}, batch {certificate.batch}, {sizes}"
    lines = [
        f"{certificate.network}: {what}",
        f"spec {certificate.spec_sha256[:16]}, seed {certificate.seed}, {versions}",
    ]
    given = certificate.weights
    if given is not None:
        lines.append(f"{len(given.tensors):,} weights of {given.file}, sha256 {given.sha256[:16]}")
    return "\n".join(lines)


def footer(certificate: Certificate) -> str:
    """Say how it ended, what it took, and by what measure."""
    names = list(certificate.witnesses)
    everyone = f"{', '.join(names[:-1])} and {names[-1]}"
    verdict = (
        f"{everyone} agree on all {certificate.nodes} nodes"
        if certificate.agrees
        else "they do not agree"
    )
    took = ", ".join(f"{name} {each:.1f} s" for name, each in certificate.seconds.items())
    measure = (
        "1e-6 * max(1, largest value)"
        if certificate.dtype == "float64"
        else "1e-5 + 1e-5 * largest value"
    )
    kept, held = certificate.spooled / 1e6, certificate.peak_memory / 1e6
    lines = [
        f"{verdict}; bound: {measure}",
        f"{took}; {kept:,.0f} MB spooled, {held:,.0f} MB of memory at most",
    ]
    others = {each.against for each in certificate.held if each.what == "gradient"} - {names[0]}
    if others:
        lines.append(f"{names[0]} tells no gradients: they are held against {others.pop()}'s")
    if certificate.training:
        lines.append(
            "noise is off; running variances are over n - 1 (Keras's are over n: brought to it)"
        )
    return "\n".join(lines)


def diagnostics(certificate: Certificate) -> tuple[Diagnostic, ...]:
    """Say what does not agree, each at its line in the spec."""
    return tuple(_diagnostic(each, certificate) for each in certificate.disagreements)


def _diagnostic(found: Disagreement, certificate: Certificate) -> Diagnostic:
    what = {"node": "node", "state": "running statistic"}.get(found.what, found.what)
    who = found.told if len(found.told) > 1 else certificate.witnesses
    labels = () if found.span is None else (Label(found.span, _where(found)),)
    notes = [f"{name}: {value}" for name, value in found.told.items()]
    if len(found.told) > 2:
        alone = [name for name in found.told if name not in found.agree]
        does = "does" if len(alone) == 1 else "do"
        notes.append(
            f"{' and '.join(found.agree)} agree; {' and '.join(alone)} {does} not"
            if found.agree
            else "no two of them agree"
        )
    return Diagnostic(
        "backends-disagree",
        f"{' and '.join(who)} do not agree on the {what} {found.path}",
        labels,
        notes=tuple(notes),
        help=f"this is a mistake of {_whose(found.kind)}, not of your spec: please report it",
    )


def _whose(kind: str) -> str:
    """Say who may have made a mistake about an operator: whoever brings it, or we."""
    known = operators()
    brings = owner(known[kind].__module__) if kind in known else None
    return brings or "cnnspec or of a framework"


def _where(found: Disagreement) -> str:
    if found.remark or found.distance is None:
        return found.remark
    place = ", ".join(map(str, found.distance.place))
    difference, bound = found.distance.difference, found.distance.bound
    return f"{difference:.3g} apart at [{place}], where {bound:.1g} is allowed"
