"""The language server: answers an editor over the Language Server Protocol, by pygls.

It keeps a sheet for each open text, and answers from that: what an edit does not reach is not
elaborated again. What takes longer than a moment goes on between two messages, and what comes of it
is told when it is there. It reads the folder of a text that lies in a folder of the workspace, and
writes nothing.

Texts come whole: pygls applies edits by lines that end at more signs than the protocol knows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Final
from urllib.parse import unquote

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.json_rpc import JsonRPCNotification
from pygls.workspace import TextDocument

from cnnspec import __version__
from cnnspec.diagnostics import Diagnostic
from cnnspec.editing.places import inside, local, name_of, path_of
from cnnspec.editing.sheet import Sheet
from cnnspec.editing.units import Encoding, Units
from cnnspec.render import visible
from cnnspec.source import Source, Span

#: So many seconds a keystroke's answer may take; what takes longer comes later.
AT_ONCE: Final = 0.03
#: What is left goes on in turns of so many seconds, between which messages are read.
A_TURN: Final = 0.02
#: So long after an answer, in which what is asked besides is answered first; and between turns.
PATIENCE: Final = 0.05
BETWEEN: Final = 0.001


#: Says that nothing goes on about a text: an editor may leave it unread, as all of such a name.
SETTLED: Final = "$/cnnspec/settled"
#: A request that is understood and not carried out, in the protocol's numbers.
REFUSED: Final = -32803


class Declined(JsonRpcException):
    """A request that is answered by why it is not carried out; no mistake of the server."""

    CODE = REFUSED


class _Unlogged(logging.Filter):
    """Lets nothing of what was declined into the log: the editor has the answer."""

    def filter(self, record: logging.LogRecord) -> bool:
        raised = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        return not isinstance(raised, Declined) and not any(
            isinstance(each, Declined) for each in record.args or ()
        )


@dataclass(slots=True)
class Open:
    """An open text: its sheet, its places, and what goes on about it."""

    uri: str
    sheet: Sheet
    units: Units
    version: int | None = None
    task: asyncio.Task[None] | None = None


class _Protocol(LanguageServerProtocol):
    """The protocol, with an answer to requests that cannot be read: pygls has none.

    Of each notification that it handles itself pygls keeps a future for ever: they are let go.
    """

    def _handle_notification(self, method_name: str, params: Any) -> None:
        super()._handle_notification(method_name, params)
        waiting = {key: each for key, each in self._request_futures.items() if not each.done()}
        self._request_futures = waiting

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Read a message; a request with wrong parameters is answered so, and is no more."""
        try:
            return super().structure_message(data)
        except JsonRpcException as wrong:
            if "id" in data and "method" in data:
                error = lsp.ResponseError(JsonRpcInvalidParams.CODE, wrong.message)
                self._send_response(data["id"], None, error)
            return JsonRPCNotification(jsonrpc=self.VERSION, method="$/unread", params={})


class Server(LanguageServer):
    """Answers one editor."""

    def __init__(self) -> None:
        super().__init__(
            "cnnspec",
            __version__,
            text_document_sync_kind=lsp.TextDocumentSyncKind.Full,
            protocol_cls=_Protocol,
        )
        self._open: dict[str, Open] = {}
        for each in ("pygls.protocol.json_rpc", "pygls.server"):
            logging.getLogger(each).addFilter(_Unlogged())

    # --- texts

    def read(self, uri: str) -> Open | None:
        """Take the text of a document as it is now; None for one that the editor never opened."""
        document = self._document(uri)
        if document is None:
            return None
        text = document.source
        known = self._open.get(uri)
        if known is None:
            root = self._root(uri)
            sheet = Sheet(name_of(uri) if root is None else str(root / name_of(uri)), root)
            known = self._open[uri] = Open(uri, sheet, Units("", self._encoding))
            known.sheet.take(text)
            known.units = Units(text, self._encoding)
        elif known.sheet.source.text != text:
            known.sheet.take(text)
            known.units = Units(text, self._encoding)
        known.version = document.version
        return known

    def forget(self, uri: str) -> None:
        """Drop what is kept of a document."""
        known = self._open.pop(uri, None)
        if known is not None and known.task is not None:
            known.task.cancel()

    def text_of(self, path: Path) -> str | None:
        """Give the text of a file as an editor has it open."""
        for uri, known in self._open.items():
            there = path_of(uri)
            here = None if there is None else local(there)
            if here is not None and here.resolve() == path:
                return known.sheet.source.text
        return None

    def others(self, uri: str) -> list[str]:
        """Give the other texts that are open."""
        return [each for each in self._open if each != uri]

    def address(self, path: Path) -> str:
        """Give a file's address as the editor has it, if it is open."""
        for uri in self._open:
            there = path_of(uri)
            here = None if there is None else local(there)
            if here is not None and here.resolve() == path:
                return uri
        return path.as_uri()

    def changed(self, uri: str) -> None:
        """Tell what is wrong in a text that changed; what takes longer goes on by itself."""
        known = self.read(uri)
        if known is None:
            return
        if known.task is not None:
            known.task.cancel()
            known.task = None
        known.sheet.work(AT_ONCE, slow=False)
        self._publish(known)
        if not known.sheet.settled:
            known.task = asyncio.get_running_loop().create_task(self._go_on(known))

    async def _go_on(self, known: Open) -> None:
        """Work what is left of a text in turns, and tell again what is wrong."""
        await asyncio.sleep(PATIENCE)
        while not known.sheet.settled:
            known.sheet.work(A_TURN)
            await asyncio.sleep(BETWEEN)
        known.task = None
        self._publish(known)
        asked = self.client_capabilities.workspace
        if asked is not None and asked.inlay_hint is not None:
            self.workspace_inlay_hint_refresh(None)

    def _publish(self, known: Open) -> None:
        found = [self.diagnostic(known, each) for each in known.sheet.diagnostics]
        self.text_document_publish_diagnostics(
            lsp.PublishDiagnosticsParams(known.uri, found, version=known.version)
        )
        if known.sheet.settled:
            self.protocol.notify(SETTLED, {"uri": known.uri, "version": known.version})

    def _document(self, uri: str) -> TextDocument | None:
        """Give a document that is open: pygls would read any other from the disk."""
        documents: Mapping[str, TextDocument] = self.workspace.text_documents
        return documents.get(unquote(uri)) or documents.get(uri)

    # --- places

    @property
    def _encoding(self) -> Encoding:
        agreed = str(getattr(self.workspace.position_encoding, "value", "utf-16"))
        return "utf-8" if agreed == "utf-8" else "utf-32" if agreed == "utf-32" else "utf-16"

    @property
    def roots(self) -> list[PurePath]:
        """The folders that the editor gave."""
        given = [path_of(uri) for uri in self.workspace.folders]
        if not given and self.workspace.root_uri is not None:
            given = [path_of(self.workspace.root_uri)]
        return [each for each in given if each is not None]

    def _root(self, uri: str) -> Path | None:
        """Give the folder that `use` may read: the text's, inside a folder of the workspace."""
        path = path_of(uri)
        if path is None or not inside(path.parent, self.roots):
            return None
        return local(path.parent)

    def units(self, source: Source) -> Units:
        """Count places in a text that is not open."""
        return Units(source.text, self._encoding)

    def diagnostic(self, known: Open, found: Diagnostic) -> lsp.Diagnostic:
        """Say a mistake in the protocol's words.

        One that stands in another file is marked at the step that leads there.
        """
        name = known.sheet.name
        here = [label for label in found.labels if label.span.source.name == name]
        leads = [label for label in found.trail if label.span.source.name == name]
        where = range_of(known.units, (here or leads)[0].span) if here or leads else _START
        elsewhere = [visible(each.span.where) for each in found.labels[:1] if each not in here]
        words = [found.title, *(f"in {each}" for each in elsewhere), *found.notes]
        words += [f"help: {found.help}"] if found.help else []
        severe = lsp.DiagnosticSeverity
        return lsp.Diagnostic(
            range=where,
            message="\n".join(words),
            severity=severe.Warning if found.severity == "warning" else severe.Error,
            code=found.code,
            source="cnnspec",
            related_information=[
                lsp.DiagnosticRelatedInformation(
                    lsp.Location(known.uri, range_of(known.units, label.span)),
                    label.text or "see here",
                )
                for label in here[1:]
            ],
        )


_START: Final = lsp.Range(lsp.Position(0, 0), lsp.Position(0, 0))


def range_of(units: Units, span: Span) -> lsp.Range:
    """Give a stretch of a text in the editor's units."""
    return lsp.Range(place_of(units, span.begin), place_of(units, span.end))


def place_of(units: Units, offset: int) -> lsp.Position:
    """Give a place in the editor's units."""
    return lsp.Position(*units.position(offset))


def offset_of(units: Units, position: lsp.Position) -> int:
    """Give the offset of a place that the editor names."""
    return units.offset(position.line, position.character)
