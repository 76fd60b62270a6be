"""The language server: answers an editor over the Language Server Protocol, by pygls.

It keeps the last snapshot of each open text, and the last of which a network elaborated: what is
asked of a broken text is answered from that where its lines are still the same. It reads the folder
of a text that lies in a folder of the workspace, and writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Final

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path
from pygls.workspace.position_codec import ServerTextPosition, ServerTextRange

from cnnspec import __version__
from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.editing import completion, hints, names, outline, pages
from cnnspec.editing.snapshot import Snapshot
from cnnspec.formatter import format_text
from cnnspec.source import Source, Span

_SYMBOLS: Final = {
    "block": lsp.SymbolKind.Class,
    "network": lsp.SymbolKind.Module,
    "constant": lsp.SymbolKind.Constant,
}
_COMPLETIONS: Final = {
    "argument": lsp.CompletionItemKind.Property,
    "name": lsp.CompletionItemKind.Variable,
    "operator": lsp.CompletionItemKind.Function,
    "block": lsp.CompletionItemKind.Class,
    "word": lsp.CompletionItemKind.Keyword,
}


@dataclass(slots=True)
class _Open:
    """An open text: as it is, and as it was when a network of it last elaborated."""

    now: Snapshot
    good: Snapshot | None


class Server(LanguageServer):
    """Answers one editor."""

    def __init__(self) -> None:
        super().__init__("cnnspec", __version__)
        self._open: dict[str, _Open] = {}

    def read(self, uri: str) -> Snapshot:
        """Take the text of a document as it is now."""
        document = self.workspace.get_text_document(uri)
        text = document.source
        known = self._open.get(uri)
        if known is not None and known.now.source.text == text:
            return known.now
        path = to_fs_path(uri)
        name = Path(path).name if path else "untitled.cnn"
        snapshot = Snapshot(Source(name, text), self._root(path))
        good = snapshot if snapshot.networks else known.good if known else None
        self._open[uri] = _Open(snapshot, good)
        return snapshot

    def good(self, uri: str) -> Snapshot | None:
        """Give the last text of a document of which a network elaborated."""
        self.read(uri)
        return self._open[uri].good

    def forget(self, uri: str) -> None:
        """Drop what is kept of a document."""
        self._open.pop(uri, None)

    def publish(self, uri: str) -> None:
        """Send the diagnostics of a document."""
        snapshot = self.read(uri)
        found = [self._diagnostic(uri, each) for each in snapshot.diagnostics]
        version = self.workspace.get_text_document(uri).version
        self.text_document_publish_diagnostics(
            lsp.PublishDiagnosticsParams(uri=uri, diagnostics=found, version=version)
        )

    def range(self, uri: str, span: Span) -> lsp.Range:
        """Give a stretch of a text in the editor's units."""
        start, stop = (
            self._position(span.source, span.start),
            self._position(span.source, span.stop),
        )
        document = self.workspace.get_text_document(uri)
        return document.range_to_client_units(ServerTextRange(start, stop))

    def offset(self, uri: str, position: lsp.Position) -> int:
        """Give the offset of a place that the editor names."""
        return self.workspace.get_text_document(uri).offset_at_position(position)

    def _position(self, source: Source, offset: int) -> ServerTextPosition:
        line, column = source.position(min(offset, len(source.text)))
        return ServerTextPosition(line - 1, column - 1)

    def _root(self, path: str | None) -> Path | None:
        """Give the folder that `use` may read: the text's, inside a folder of the workspace."""
        if path is None:
            return None
        folder = Path(path).parent
        given = [to_fs_path(uri) for uri in self.workspace.folders]
        roots = [root for root in (*given, self.workspace.root_path) if root]
        return folder if any(folder.is_relative_to(root) for root in roots) else None

    def _diagnostic(self, uri: str, found: Diagnostic) -> lsp.Diagnostic:
        name = self._open[uri].now.source.name
        here = [label for label in found.labels if label.span.source.name == name]
        where = self.range(uri, here[0].span) if here else _start()
        words = "\n".join(
            [found.title, *found.notes, *([f"help: {found.help}"] if found.help else [])]
        )
        severe = lsp.DiagnosticSeverity
        return lsp.Diagnostic(
            range=where,
            message=words,
            severity=severe.Warning if found.severity == "warning" else severe.Error,
            code=found.code,
            source="cnnspec",
            related_information=[
                lsp.DiagnosticRelatedInformation(
                    lsp.Location(uri, self.range(uri, label.span)), label.text or "see here"
                )
                for label in here[1:]
            ],
        )


def _start() -> lsp.Range:
    return lsp.Range(lsp.Position(0, 0), lsp.Position(0, 0))


def make() -> Server:
    """Make a server with everything that it can answer."""
    server = Server()
    for feature, answer in _ANSWERS.items():
        server.feature(feature)(answer)
    server.feature(
        lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=["(", ","])
    )(_complete)
    server.feature(lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True))(_rename)
    return server


# --- answers


def _changed(
    server: Server, params: lsp.DidOpenTextDocumentParams | lsp.DidChangeTextDocumentParams
) -> None:
    server.publish(params.text_document.uri)


def _closed(server: Server, params: lsp.DidCloseTextDocumentParams) -> None:
    uri = params.text_document.uri
    server.forget(uri)
    server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))


def _hints(server: Server, params: lsp.InlayHintParams) -> list[lsp.InlayHint]:
    uri = params.text_document.uri
    good = server.good(uri)
    if good is None:
        return []
    lines = server.workspace.get_text_document(uri).lines
    moved = _moved(good.source.text.splitlines(), [line.rstrip("\r\n") for line in lines])
    result = []
    for hint in hints.hints(good):
        line = moved.get(hint.line - 1)
        if line is not None and params.range.start.line <= line <= params.range.end.line:
            units = server.workspace.get_text_document(uri).position_codec
            end = units.client_num_units(lines[line].rstrip("\r\n"))
            place = lsp.Position(line, end)
            result.append(lsp.InlayHint(place, hint.text, padding_left=True))
    return result


def _moved(before: list[str], now: list[str]) -> dict[int, int]:
    """Say which line each line of a text has become, of those that stayed the same."""
    same = 0
    while same < min(len(before), len(now)) and before[same] == now[same]:
        same += 1
    result = {line: line for line in range(same)}
    blocks = SequenceMatcher(None, before[same:], now[same:], autojunk=False).get_matching_blocks()
    for old, new, length in blocks:
        result.update((same + old + step, same + new + step) for step in range(length))
    return result


def _hover(server: Server, params: lsp.HoverParams) -> lsp.Hover | None:
    uri = params.text_document.uri
    snapshot = server.read(uri)
    words = pages.hover(snapshot, server.offset(uri, params.position))
    if words is None:
        return None
    return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, words))


def _define(server: Server, params: lsp.DefinitionParams) -> lsp.Location | None:
    uri = params.text_document.uri
    use = names.at(server.read(uri), server.offset(uri, params.position))
    if use is None or use.declared is None:
        return None
    return lsp.Location(uri, server.range(uri, use.declared))


def _refer(server: Server, params: lsp.ReferenceParams) -> list[lsp.Location]:
    uri = params.text_document.uri
    found = names.alike(server.read(uri), server.offset(uri, params.position))
    return [lsp.Location(uri, server.range(uri, use.span)) for use in found]


def _prepare(server: Server, params: lsp.PrepareRenameParams) -> lsp.Range | None:
    uri = params.text_document.uri
    use = names.at(server.read(uri), server.offset(uri, params.position))
    return None if use is None or use.declared is None else server.range(uri, use.span)


def _rename(server: Server, params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
    uri = params.text_document.uri
    snapshot = server.read(uri)
    found = names.alike(snapshot, server.offset(uri, params.position))
    if not found or not names.may_be_called(snapshot, params.new_name):
        return None
    edits = [lsp.TextEdit(server.range(uri, use.span), params.new_name) for use in found]
    return lsp.WorkspaceEdit({uri: edits})


def _symbols(server: Server, params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
    uri = params.text_document.uri
    return [
        lsp.DocumentSymbol(
            name=each.name,
            kind=_SYMBOLS[each.kind],
            range=server.range(uri, each.whole),
            selection_range=server.range(uri, each.named),
        )
        for each in outline.outline(server.read(uri))
    ]


def _folds(server: Server, params: lsp.FoldingRangeParams) -> list[lsp.FoldingRange]:
    uri = params.text_document.uri
    wholes = (server.range(uri, each.whole) for each in outline.outline(server.read(uri)))
    return [
        lsp.FoldingRange(whole.start.line, whole.end.line)
        for whole in wholes
        if whole.end.line > whole.start.line
    ]


def _format(server: Server, params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit]:
    uri = params.text_document.uri
    source = server.read(uri).source
    try:
        text = format_text(source)
    except SpecError:
        return []
    if text == source.text:
        return []
    return [lsp.TextEdit(server.range(uri, Span(source, 0, len(source.text))), text)]


def _complete(server: Server, params: lsp.CompletionParams) -> lsp.CompletionList:
    uri = params.text_document.uri
    found = completion.proposals(server.read(uri), server.offset(uri, params.position))
    items = [
        lsp.CompletionItem(
            label=each.label,
            kind=_COMPLETIONS[each.kind],
            insert_text=each.text,
            detail=each.detail or None,
            sort_text=f"{number:05d}",
        )
        for number, each in enumerate(found)
    ]
    return lsp.CompletionList(is_incomplete=False, items=items)


_ANSWERS: Final[dict[str, Any]] = {
    lsp.TEXT_DOCUMENT_DID_OPEN: _changed,
    lsp.TEXT_DOCUMENT_DID_CHANGE: _changed,
    lsp.TEXT_DOCUMENT_DID_CLOSE: _closed,
    lsp.TEXT_DOCUMENT_INLAY_HINT: _hints,
    lsp.TEXT_DOCUMENT_HOVER: _hover,
    lsp.TEXT_DOCUMENT_DEFINITION: _define,
    lsp.TEXT_DOCUMENT_REFERENCES: _refer,
    lsp.TEXT_DOCUMENT_PREPARE_RENAME: _prepare,
    lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL: _symbols,
    lsp.TEXT_DOCUMENT_FOLDING_RANGE: _folds,
    lsp.TEXT_DOCUMENT_FORMATTING: _format,
}
