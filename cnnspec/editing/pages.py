"""What is shown of a word: an operator's manual, a block's instances, a step's figures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from cnnspec import manual
from cnnspec.analysis.macs import node_macs
from cnnspec.analysis.parameters import trainable
from cnnspec.editing.instances import Bodied, nodes_of
from cnnspec.editing.names import at, place
from cnnspec.editing.sheet import Sheet
from cnnspec.graph import Node
from cnnspec.ops import operators
from cnnspec.syntax import tree

#: What a line is made of: words outside of comments and strings count.
_WORD: Final = re.compile(r'#[^\n]*|"(?:[^"\\\n]|\\.)*"?|(?P<word>[A-Za-z_]\w*)|[^\w"#]|\w')


def hover(sheet: Sheet, offset: int) -> str | None:
    """Say what stands at an offset, as Markdown; None where there is nothing to say."""
    parts = list(_parts(sheet, offset))
    return "\n\n".join(parts) if parts else None


def _parts(sheet: Sheet, offset: int) -> Iterator[str]:
    use = at(sheet, offset)
    if use is None:
        yield from _of_a_word(sheet, _lost_word(sheet, offset))
        return
    block = next((b for b in _blocks(sheet) if use.declared == b.name.span), None)
    if block is not None:
        yield from _of_a_block(sheet, block)
    elif use.declared is None:
        yield from _of_a_word(sheet, use.word)
    figures = _figures(sheet, offset)
    if figures is not None:
        yield figures


def _lost_word(sheet: Sheet, offset: int) -> str:
    """Give the word at an offset of a statement that has no tree; empty if it is no code."""
    text = sheet.source.text
    begin = text.rfind("\n", 0, offset) + 1
    for match in _WORD.finditer(text, begin):
        if match.start() > offset or match[0] == "\n":
            break
        if match.end() >= offset and match.lastgroup == "word":
            return match[0]
    return ""


def _of_a_word(sheet: Sheet, word: str) -> Iterator[str]:
    """Give an operator's page, or a block's, by its name alone."""
    block = next((each for each in _blocks(sheet) if each.name.id == word), None)
    if block is not None:
        yield from _of_a_block(sheet, block)
    elif word in operators():
        op = operators()[word]
        yield f"```cnn\n{manual.signature(op)}\n```\n{manual.summary(op)}"


def _of_a_block(sheet: Sheet, block: Bodied) -> Iterator[str]:
    yield f"```cnn\n{_head(block)}\n```"
    yield from _instances(sheet, block)


def _blocks(sheet: Sheet) -> Iterator[Bodied]:
    return (each for each in sheet.items if isinstance(each, Bodied))


def _head(block: Bodied) -> str:
    """Write how a block or network is declared."""
    words = ", ".join(
        each.name.id if each.default is None else f"{each.name.id} = {each.default.span.text}"
        for each in block.parameters
    )
    kind = "block" if isinstance(block, tree.Block) else "network"
    return f"{kind} {block.name.id}({words})"


def _instances(sheet: Sheet, block: Bodied) -> Iterator[str]:
    """Say how often a block is used, and what its first instance is."""
    known = sheet.instances.get(block.name.id)
    if known is None:
        return
    network, scope = known.network, known.scope
    where = f"{scope.path} of {network.name}" if scope.path else network.name
    yield f"{where}: {_cost(nodes_of(scope))}"


def _figures(sheet: Sheet, offset: int) -> str | None:
    """Say what a step at an offset takes and gives, in the first instance of its block."""
    around = place(sheet, offset).item
    shown = None if around is None else sheet.instances.get(around.name.id)
    there = None if shown is None else shown.offset(sheet.source, offset)
    if shown is None or there is None:
        return None
    home = shown.home
    inside = [
        each
        for each in shown.steps
        if each.made.span.source is home and each.start <= there <= each.stop
    ]
    if not inside:
        return None
    network, made = shown.network, min(inside, key=lambda each: each.stop - each.start)
    nodes = nodes_of(made.made)
    given = made.made.input_shapes if isinstance(made.made, Node) else ()
    shapes = ", ".join(map(str, given))
    results = ", ".join(str(port.shape) for port in made.results)
    flow = f"{shapes} → {results}" if shapes else results
    return f"`{made.made.path}` of {network.name}: {flow}; {_cost(nodes)}"


def _cost(nodes: list[Node]) -> str:
    return f"{trainable(nodes):,} parameters, {sum(map(node_macs, nodes)):,} MACs"
