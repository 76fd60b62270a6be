"""What the language server answers of names: where they are declared, where else, renamed."""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types as lsp

from cnnspec.editing import across, names
from cnnspec.editing.places import inside, local, path_of
from cnnspec.editing.server import Declined, Open, Server, offset_of, range_of
from cnnspec.editing.sheet import Sheet
from cnnspec.library import PACKAGE
from cnnspec.source import ZOO, Span


def define(server: Server, params: lsp.DefinitionParams) -> lsp.Location | None:
    """Say where a name is declared, in a used file perhaps."""
    known = server.read(params.text_document.uri)
    use = None if known is None else _use(known, params.position)
    if known is None or use is None:
        return None
    if use.declared is not None:
        return lsp.Location(known.uri, range_of(known.units, use.declared))
    entry = across.foreign(known.sheet, use)
    if entry is None:
        return None
    source, item = entry.home.source, entry.item
    name = getattr(item, "name", None)
    span: Span = getattr(name, "span", item.span)
    file = _shipped(source.name) if source.name.startswith(ZOO) else Path(source.name)
    return lsp.Location(file.resolve().as_uri(), range_of(server.units(source), span))


def _shipped(name: str) -> Path:
    """Give the file of a spec that ships."""
    inner = PACKAGE / "specs"
    return (inner if inner.is_dir() else PACKAGE.parent / "specs") / name.removeprefix(ZOO)


def refer(server: Server, params: lsp.ReferenceParams) -> list[lsp.Location]:
    """Give every place of what is named at a place."""
    known = server.read(params.text_document.uri)
    if known is None:
        return []
    found = names.alike(known.sheet, offset_of(known.units, params.position))
    return [lsp.Location(known.uri, range_of(known.units, use.span)) for use in found]


def prepare(server: Server, params: lsp.PrepareRenameParams) -> lsp.Range | None:
    """Give the stretch of a name that can be renamed."""
    known = server.read(params.text_document.uri)
    use = None if known is None else _use(known, params.position)
    if known is None or use is None:
        return None
    entry = across.foreign(known.sheet, use)
    if use.declared is None and (entry is None or entry.home.source.name.startswith(ZOO)):
        return None
    return range_of(known.units, use.span)


def rename(server: Server, params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
    """Give the edits of every text that has a name from where it is declared."""
    known = server.read(params.text_document.uri)
    use = None if known is None else _use(known, params.position)
    if known is None or use is None:
        return None
    here = _own_path(known)
    try:
        _free(known.sheet, params.new_name)
        home = across.home_of(known.sheet, here, use)
        if home is None or not inside(home, server.roots):
            return lsp.WorkspaceEdit(_renamed_here(known, use, params))
        return lsp.WorkspaceEdit(_renamed_there(server, home, use.word, params.new_name))
    except across.Kept as kept:
        raise Declined(str(kept)) from None


def _renamed_here(
    known: Open, use: names.Use, params: lsp.RenameParams
) -> dict[str, list[lsp.TextEdit]]:
    """Rename what only this text has."""
    entry = across.foreign(known.sheet, use)
    if entry is not None:
        ships = entry.home.source.name.startswith(ZOO)
        said = "ships with cnnspec" if ships else "is declared outside the workspace's folders"
        raise across.Kept(f"{use.word} {said}")
    found = names.alike(known.sheet, offset_of(known.units, params.position))
    if not found:
        raise across.Kept(f"{use.word} is declared nowhere")
    edits = [lsp.TextEdit(range_of(known.units, each.span), params.new_name) for each in found]
    return {known.uri: edits}


def _renamed_there(
    server: Server, home: Path, word: str, new: str
) -> dict[str, list[lsp.TextEdit]]:
    """Rename what files of the workspace may have from each other."""
    roots = [folder for root in server.roots if (folder := local(root)) is not None]
    changes: dict[str, list[lsp.TextEdit]] = {}
    for path, sheet, spans in across.places(home, word, across.files(roots), server.text_of):
        _free(sheet, new)
        units = server.units(sheet.source)
        edits = [lsp.TextEdit(range_of(units, span), new) for span in spans]
        changes[server.address(path)] = edits
    return changes


def _free(sheet: Sheet, word: str) -> None:
    """Refuse a new name that is no name, or something else's."""
    if not names.may_be_called(sheet, word):
        where = Path(sheet.name).name
        raise across.Kept(f"{word} cannot be the name: in {where} it is another's, or no name")


def _own_path(known: Open) -> Path | None:
    path = path_of(known.uri)
    return None if path is None or known.sheet.root is None else local(path)


def _use(known: Open, position: lsp.Position) -> names.Use | None:
    return names.at(known.sheet, offset_of(known.units, position))
