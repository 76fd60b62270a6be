"""Where specs come from: paths, standard input, what ships; and which files `use` may read."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Final

from cnnspec.diagnostics import Advice, SpecError, error, nearest
from cnnspec.kinds import brief
from cnnspec.source import STANDARD_INPUT, ZOO, Source, Span

#: A spec's text may be this many bytes: the largest published ones are some thousands.
LARGEST: Final = 16 * 2**20
#: A file's name and a path may have so many bytes, on the systems that there are.
LONGEST_NAME: Final = 255
LONGEST_PATH: Final = 4_000

#: importlib.resources would find it too; its import takes longer than a network does.
PACKAGE: Final = Path(__file__).parent
_DECLARED = re.compile(r"^[ \t]*network[ \t]+([A-Za-z_]\w*)", re.MULTILINE)
_TITLED = re.compile(r"(.+):([A-Za-z_]\w*)")


def find(spec: str) -> tuple[Source, str | None, Path | None]:
    """Find a spec's text, the network that is meant in it, and the folder that `use` may read.

    `spec` is a path, `-`, either with `:network`, or a shipped network's name with or without
    `.cnn`; a local file of that name wins. The network is None if the text is to have only one, the
    folder if the text stands in none. Raises SpecError for what cannot be found or read.
    """
    path, network = spec, None
    _check_name(spec)
    if not _is_file(spec) and (match := _TITLED.fullmatch(spec)):
        path, network = match.groups()
    if path == "-":
        return read(path), network, Path()
    for local in (path, f"{path}.cnn"):
        if _is_file(local):
            return _local(Path(local), None), network, Path(local).parent
    file, name = _in_zoo(path, network)
    if file is None:
        raise _missing(path)
    return _shipped(file, None), network or name, None


def read(path: str) -> Source:
    """Read a local file, or standard input as `-`; raises SpecError for what cannot be read."""
    if path == "-":
        return Source(STANDARD_INPUT, _text(sys.stdin.buffer, "standard input"))
    return _local(Path(path), None)


@lru_cache(maxsize=1)
def shipped() -> Mapping[str, str]:
    """Give the networks that ship: name to file, in the order of files and of their texts.

    The files are looked through for `network NAME`, not parsed.
    """
    result: dict[str, str] = {}
    for file in shipped_files():
        for name in _DECLARED.findall(_zoo().joinpath(file).read_text("utf-8")):
            result.setdefault(name, file)
    return result


def declared(path: str) -> list[str]:
    """Give the networks of a local file in the order of its text; it is looked through only."""
    return _DECLARED.findall(_local(Path(path), None).text)


@lru_cache(maxsize=1)
def shipped_files() -> tuple[str, ...]:
    """Give the names of the files that ship, sorted."""
    return tuple(sorted(each.name for each in _zoo().iterdir() if each.name.endswith(".cnn")))


def index() -> dict[str, Any] | None:
    """Give the figures of what ships, as `cnnspec.zoo` wrote them; None where they are not."""
    file = _zoo().joinpath("index.json")
    if not file.is_file():
        return None
    read: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return read


def resolver(root: Path | None) -> Callable[[str, Span], Source]:
    """Make what finds the file that a `use` names, for a spec in the folder `root` (None: none).

    A name is looked for beside the file that uses it, then among the files that ship. Nothing
    outside `root` is ever read, symbolic links followed. What it makes raises SpecError.
    """

    def resolve(name: str, span: Span) -> Source:
        if not name or "\0" in name or Path(name).is_absolute():
            raise error(
                "outside-tree",
                "`use` takes a file's name relative to this file",
                span,
                help='say it as `use "blocks.cnn"`',
            )
        if any(len(part.encode(errors="replace")) > LONGEST_NAME for part in Path(name).parts) or (
            len(name) > LONGEST_PATH
        ):
            raise error("missing-file", f"no file has a name of {len(name):,} characters", span)
        if any("\ud800" <= each <= "\udfff" for each in name):
            raise error("missing-file", "this is the name of no file: half a character", span)
        user = span.source.name
        if root is not None and not user.startswith(ZOO):
            wanted = Path(user).parent / name
            nowhere = error("unreadable-file", f"`{name}` is a link that leads nowhere", span)
            if wanted.is_symlink() and not wanted.exists():
                raise nowhere
            try:
                real, tree = wanted.resolve(), root.resolve()
            except (OSError, RuntimeError):  # folders that lead to each other
                raise nowhere from None
            inside = real.is_relative_to(tree)
            if not inside and (wanted.exists() or name not in shipped_files()):
                raise error(
                    "outside-tree",
                    f"`{name}` lies outside the folder of the spec that is compiled",
                    span,
                    f"only files in {root if str(root) != '.' else 'this folder'} may be used",
                    help="move it there, or compile a spec that stands above both",
                )
            if inside and wanted.exists():
                return _local(root / real.relative_to(tree), span)
        if name in shipped_files():
            return _shipped(name, span)
        beside = [] if root is None or user.startswith(ZOO) else _cnn_files(Path(user).parent)
        guess = nearest(name, [*beside, *shipped_files()])
        raise error(
            "missing-file",
            f"there is no file `{name}`",
            span,
            "neither beside this file nor among those that ship",
            help=Advice(f"did you mean `{guess}`?", f'"{guess}"', sure=False) if guess else None,
        )

    return resolve


def page(code: str) -> str:
    """Give the page that explains a diagnostic's code; raises SpecError for an unknown code."""
    known = pages()
    if code not in known:
        guess = nearest(code, known)
        raise error(
            "unknown-code",
            f"there is no page on `{code}`",
            help=f"did you mean `{guess}`?" if guess else "`cnnspec explain` lists them",
        )
    return _shelf("errors", "docs/errors").joinpath(f"{code}.md").read_text("utf-8")


def pages() -> list[str]:
    """Give the codes that have a page, sorted."""
    shelf = _shelf("errors", "docs/errors")
    return sorted(each.name[:-3] for each in shelf.iterdir() if each.name.endswith(".md"))


def zoo_text(name: str) -> str:
    """Give the text of the file in which a shipped network is; raises SpecError if none is."""
    file, _ = _in_zoo(name, None)
    if file is None:
        guess = nearest(name, shipped())
        raise error(
            "unknown-network",
            f"no network called `{name}` ships",
            help=f"did you mean `{guess}`?" if guess else "`cnnspec zoo` lists them",
        )
    return _shipped(file, None).text


def _in_zoo(path: str, network: str | None) -> tuple[str | None, str | None]:
    """Find the shipped file that a name means, and which network in it, if the name says so."""
    stem = path.removesuffix(".cnn")
    held = shipped()
    name = stem if stem in held else None
    file = f"{stem}.cnn"
    if file in shipped_files() and (network is not None or name is None):
        return file, name
    return (held[stem], name) if name is not None else (None, None)


def _missing(path: str) -> SpecError:
    folder = Path(path).parent
    try:
        if path and "\0" not in path and Path(path).is_symlink():
            return error("unreadable-file", f"{path} is a link that leads nowhere")
        if path and Path(path).is_dir():
            return error("unreadable-file", f"{path} is a folder, not a spec")
    except (OSError, ValueError) as failure:
        reason = (getattr(failure, "strerror", None) or str(failure)).lower()
        return error("unreadable-file", f"cannot read {brief(path)}: {reason}")
    known: Iterable[str] = (str(folder / name) for name in _cnn_files(folder))
    if folder == Path():
        known = [*known, *shipped(), *(f"{name}.cnn" for name in shipped())]
    guess = nearest(path, known)
    return error(
        "missing-file",
        f"there is no file and no shipped network called `{path}`",
        help=f"did you mean `{guess}`?" if guess else "`cnnspec zoo` lists the networks that ship",
    )


def _is_file(path: str) -> bool:
    """Whether a path leads to something that is no folder."""
    try:
        return Path(path).exists() and not Path(path).is_dir()
    except PermissionError:
        return True  # it is told apart when it is read
    except (OSError, ValueError):
        return False


def _check_name(path: str) -> None:
    """Refuse a file's name that no text can hold: what is written names the file."""
    try:
        path.encode()
    except UnicodeEncodeError:
        shown = path.encode(errors="replace").decode()
        raise error(
            "unreadable-file", f"the name {shown} is not UTF-8", help="rename the file, or use `-`"
        ) from None


def _cnn_files(folder: Path) -> list[str]:
    try:
        return sorted(each.name for each in folder.glob("*.cnn"))
    except OSError:
        return []


def _local(path: Path, span: Span | None) -> Source:
    try:
        if path.is_dir():
            raise error("unreadable-file", f"{path} is a folder, not a spec", span)
        if not path.is_file():
            raise error(
                "unreadable-file",
                f"{path} is no file: a pipe, a socket or a device may never end",
                span,
                help="`-` reads standard input: `program | cnnspec check -`",
            )
        with path.open("rb") as file:
            return Source(str(path), _text(file, str(path), span))
    except OSError as failure:
        reason = (failure.strerror or str(failure)).lower()
        raise error("unreadable-file", f"cannot read {path}: {reason}", span) from None


def _text(file: IO[bytes], name: str, span: Span | None = None) -> str:
    """Read UTF-8, a mark of byte order skipped; never more than a spec may hold."""
    content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        bound = f"{LARGEST // 2**20} MiB"
        raise error("too-large", f"{name} is too large: a spec may have {bound}", span)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        line = content[: failure.start].count(b"\n") + 1
        raise error(
            "not-text",
            f"{name} is not UTF-8 text: byte 0x{content[failure.start]:02x} on line {line}",
            span,
            help="save it as UTF-8",
        ) from None


def _shipped(file: str, span: Span | None) -> Source:
    with _zoo().joinpath(file).open("rb") as opened:
        return Source(ZOO + file, _text(opened, file, span))


def _zoo() -> Path:
    return _shelf("specs", "specs")


def _shelf(name: str, in_checkout: str) -> Path:
    """Find a folder of texts: inside the package, or in the checkout that it runs from."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / in_checkout
