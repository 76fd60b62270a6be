"""What the language server answers, by the protocol's names."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any, Final

from lsprotocol import types as lsp

from cnnspec.diagnostics import Diagnostic, Edit, SpecError
from cnnspec.draw import EngineFailed, EngineMissing, Undrawn
from cnnspec.draw.theme import THEMES
from cnnspec.editing import calls, completion, hints, lens, name_answers, outline, pages
from cnnspec.editing.server import Open, Server, offset_of, place_of, range_of
from cnnspec.formatter import format_text
from cnnspec.network import Network
from cnnspec.source import Span
from cnnspec.syntax import tree

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


def make() -> Server:
    """Make a server with everything that it can answer."""
    server = Server()
    for feature, answer in _ANSWERS.items():
        server.feature(feature)(answer)
    for feature, options, answer in _WITH_OPTIONS:
        server.feature(feature, options)(answer)
    return server


# --- texts that come, change and go


def _changed(
    server: Server, params: lsp.DidOpenTextDocumentParams | lsp.DidChangeTextDocumentParams
) -> None:
    server.changed(params.text_document.uri)


def _closed(server: Server, params: lsp.DidCloseTextDocumentParams) -> None:
    uri = params.text_document.uri
    server.forget(uri)
    server.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, []))


def _saved(server: Server, params: lsp.DidSaveTextDocumentParams) -> None:
    """Read again what other texts use: a file that was saved may be one of theirs."""
    for uri in server.others(params.text_document.uri):
        server.changed(uri)


# --- beside the text


def _hints(server: Server, params: lsp.InlayHintParams) -> list[lsp.InlayHint]:
    known = server.read(params.text_document.uri)
    if known is None:
        return []
    source = known.sheet.source
    result = []
    for hint in hints.hints(known.sheet):
        place = place_of(known.units, source.bounds(hint.line)[1])
        if params.range.start.line <= place.line <= params.range.end.line:
            result.append(lsp.InlayHint(place, hint.text, padding_left=True))
    return result


def _lenses(server: Server, params: lsp.CodeLensParams) -> list[lsp.CodeLens]:
    known = server.read(params.text_document.uri)
    if known is None:
        return []
    return [
        lsp.CodeLens(range_of(known.units, each.span), lsp.Command(each.text, ""))
        for each in lens.lenses(known.sheet)
    ]


def _hover(server: Server, params: lsp.HoverParams) -> lsp.Hover | None:
    known = server.read(params.text_document.uri)
    if known is None:
        return None
    words = pages.hover(known.sheet, offset_of(known.units, params.position))
    if words is None:
        return None
    return lsp.Hover(lsp.MarkupContent(lsp.MarkupKind.Markdown, words))


def _sign(server: Server, params: lsp.SignatureHelpParams) -> lsp.SignatureHelp | None:
    known = server.read(params.text_document.uri)
    if known is None:
        return None
    found = calls.signature(known.sheet, offset_of(known.units, params.position))
    if found is None:
        return None
    given, at = [], 0
    for words, said in found.parameters:
        match = re.compile(rf"(?<!\w){re.escape(words)}(?!\w)").search(found.label, at)
        at = match.end() if match else at
        given.append(lsp.ParameterInformation(match.span() if match else words, said or None))
    # one beyond the last is none, which older editors have no other word for
    active = len(given) if found.active is None else found.active
    one = lsp.SignatureInformation(found.label, found.words or None, given, active)
    return lsp.SignatureHelp([one], 0, active)


# --- the whole text


def _symbols(server: Server, params: lsp.DocumentSymbolParams) -> list[lsp.DocumentSymbol]:
    known = server.read(params.text_document.uri)
    if known is None:
        return []
    return [
        lsp.DocumentSymbol(
            name=each.name,
            kind=_SYMBOLS[each.kind],
            range=range_of(known.units, each.whole),
            selection_range=range_of(known.units, each.named),
        )
        for each in outline.outline(known.sheet)
    ]


def _folds(server: Server, params: lsp.FoldingRangeParams) -> list[lsp.FoldingRange]:
    known = server.read(params.text_document.uri)
    if known is None:
        return []
    wholes = (range_of(known.units, each.whole) for each in outline.outline(known.sheet))
    return [
        lsp.FoldingRange(whole.start.line, whole.end.line)
        for whole in wholes
        if whole.end.line > whole.start.line
    ]


def _format(server: Server, params: lsp.DocumentFormattingParams) -> list[lsp.TextEdit]:
    known = server.read(params.text_document.uri)
    if known is None:
        return []
    source = known.sheet.source
    try:
        text = format_text(source)
    except SpecError:
        return []
    if text == source.text:
        return []
    return [lsp.TextEdit(range_of(known.units, Span(source, 0, len(source.text))), text)]


def _complete(server: Server, params: lsp.CompletionParams) -> lsp.CompletionList:
    known = server.read(params.text_document.uri)
    if known is None:
        return lsp.CompletionList(is_incomplete=False, items=[])
    found = completion.proposals(known.sheet, offset_of(known.units, params.position))
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


# --- quick fixes


def _actions(server: Server, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
    known = server.read(params.text_document.uri)
    if known is None:
        return []
    wanted = params.context.only
    first, last = (offset_of(known.units, each) for each in (params.range.start, params.range.end))
    result = []
    able = [each for each in known.sheet.diagnostics if _edits(known, each)]
    if _asked(lsp.CodeActionKind.QuickFix, wanted):
        for each in able:
            span = each.labels[0].span
            if span.begin <= last and first <= span.end:
                result += [_fix(server, known, choice) for choice in each.choices]
    sure = [edit for each in able for edit in each.edits if edit.sure]
    if sure and wanted and _asked(lsp.CodeActionKind.SourceFixAll, wanted):
        kind, edits = lsp.CodeActionKind.SourceFixAll, _text_edits(known, sure)
        change = lsp.WorkspaceEdit({known.uri: edits})
        result.append(lsp.CodeAction("write what cnnspec says to write", kind, edit=change))
    return result


def _asked(kind: lsp.CodeActionKind, wanted: Any) -> bool:
    """Whether a kind of action is among those that are asked for, each of which names its heirs."""
    if not wanted:
        return True
    return any(f"{kind.value}.".startswith(f"{getattr(each, 'value', each)}.") for each in wanted)


def _edits(known: Open, found: Diagnostic) -> tuple[Edit, ...]:
    """Give a diagnostic's edits, if all are of this text."""
    own = all(edit.span.source.name == known.sheet.name for edit in found.edits)
    return found.edits if own and found.labels else ()


def _fix(server: Server, known: Open, found: Diagnostic) -> lsp.CodeAction:
    return lsp.CodeAction(
        title=str(found.help),
        kind=lsp.CodeActionKind.QuickFix,
        diagnostics=[server.diagnostic(known, found)],
        is_preferred=all(edit.sure for edit in found.edits),
        edit=lsp.WorkspaceEdit({known.uri: _text_edits(known, found.edits)}),
    )


def _text_edits(known: Open, edits: Any) -> list[lsp.TextEdit]:
    """Write edits for the editor; of two that meet the first."""
    result, at = [], -1
    for edit in sorted(edits, key=lambda each: (each.span.begin, each.span.end)):
        if edit.span.begin >= at:
            result.append(lsp.TextEdit(range_of(known.units, edit.span), edit.text))
            at = max(edit.span.end, edit.span.begin + 1)
    return result


# --- a picture


async def _picture(server: Server, params: Any) -> dict[str, Any] | None:
    """Draw the network around a line: `{network, svg}`, or `message` where that cannot be.

    Drawn aside, so that typing goes on; null where no network elaborates.
    """
    uri, line = getattr(params, "uri", None), getattr(params, "line", 0)
    theme = getattr(params, "theme", "light")
    known = server.read(uri) if isinstance(uri, str) else None
    if known is None or not isinstance(line, int) or theme not in THEMES:
        return None
    network = _network_at(known, line)
    if network is None:
        return None
    try:
        drawn = await asyncio.to_thread(network.draw, "svg", theme=theme)
    except (EngineFailed, EngineMissing, Undrawn) as failure:
        return {"network": network.name, "svg": None, "message": str(failure)}
    return {"network": network.name, "svg": drawn.decode()}


def _network_at(known: Open, line: int) -> Network | None:
    """Find the network that a line stands in, or one that has an instance of its block.

    Elsewhere the nearest above, or the first.
    """
    sheet = known.sheet
    offset = known.units.offset(line, 0)
    above = [item for item in sheet.items if item.span.begin <= offset]
    name = getattr(above[-1], "name", None) if above else None
    word = name.id if isinstance(name, tree.Identifier) else None
    networks = sheet.networks
    if word in networks:
        return networks[word]
    instance = sheet.instances.get(word) if word is not None else None
    if instance is not None:
        return instance.network
    words = (getattr(item, "name", None) for item in reversed(above))
    near = (each.id for each in words if isinstance(each, tree.Identifier) and each.id in networks)
    return networks[next(near, next(iter(networks)))] if networks else None


_ANSWERS: Final[dict[str, Callable[..., Any]]] = {
    lsp.TEXT_DOCUMENT_DID_OPEN: _changed,
    lsp.TEXT_DOCUMENT_DID_CHANGE: _changed,
    lsp.TEXT_DOCUMENT_DID_CLOSE: _closed,
    lsp.TEXT_DOCUMENT_DID_SAVE: _saved,
    lsp.TEXT_DOCUMENT_INLAY_HINT: _hints,
    lsp.TEXT_DOCUMENT_CODE_LENS: _lenses,
    lsp.TEXT_DOCUMENT_HOVER: _hover,
    lsp.TEXT_DOCUMENT_DEFINITION: name_answers.define,
    lsp.TEXT_DOCUMENT_REFERENCES: name_answers.refer,
    lsp.TEXT_DOCUMENT_PREPARE_RENAME: name_answers.prepare,
    lsp.TEXT_DOCUMENT_DOCUMENT_SYMBOL: _symbols,
    lsp.TEXT_DOCUMENT_FOLDING_RANGE: _folds,
    lsp.TEXT_DOCUMENT_FORMATTING: _format,
    "cnnspec/picture": _picture,
}
_WITH_OPTIONS: Final[tuple[tuple[str, Any, Callable[..., Any]], ...]] = (
    (lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=["(", ","]), _complete),
    (
        lsp.TEXT_DOCUMENT_SIGNATURE_HELP,
        lsp.SignatureHelpOptions(trigger_characters=["(", ","]),
        _sign,
    ),
    (lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True), name_answers.rename),
    (
        lsp.TEXT_DOCUMENT_CODE_ACTION,
        lsp.CodeActionOptions([lsp.CodeActionKind.QuickFix, lsp.CodeActionKind.SourceFixAll]),
        _actions,
    ),
)
