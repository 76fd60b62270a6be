"""What is shown of a word: an operator's manual, a block's instances, a step's figures."""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec import manual
from cnnspec.analysis.macs import node_macs
from cnnspec.analysis.parameters import trainable
from cnnspec.editing.names import at
from cnnspec.editing.snapshot import Snapshot, nodes_of, steps
from cnnspec.graph import Node
from cnnspec.ops import operators
from cnnspec.syntax import tree


def hover(snapshot: Snapshot, offset: int) -> str | None:
    """Say what stands at an offset, as Markdown; None where there is nothing to say."""
    parts = list(_parts(snapshot, offset))
    return "\n\n".join(parts) if parts else None


def _parts(snapshot: Snapshot, offset: int) -> Iterator[str]:
    use = at(snapshot, offset)
    if use is None:
        return
    known = operators()
    block = next((b for b in _blocks(snapshot) if use.declared == b.name.span), None)
    if block is not None:
        yield f"```cnn\n{_head(block)}\n```"
        yield from _instances(snapshot, block)
    elif use.declared is None and use.word in known:
        op = known[use.word]
        yield f"```cnn\n{manual.signature(op)}\n```\n{manual.summary(op)}"
    figures = _figures(snapshot, offset)
    if figures is not None:
        yield figures


def _blocks(snapshot: Snapshot) -> Iterator[tree.Block | tree.NetworkDef]:
    return (each for each in snapshot.items if isinstance(each, tree.Block | tree.NetworkDef))


def _head(block: tree.Block | tree.NetworkDef) -> str:
    """Write how a block or network is declared."""
    words = ", ".join(
        each.name.id if each.default is None else f"{each.name.id} = {each.default.span.text}"
        for each in block.parameters
    )
    kind = "block" if isinstance(block, tree.Block) else "network"
    return f"{kind} {block.name.id}({words})"


def _instances(snapshot: Snapshot, block: tree.Block | tree.NetworkDef) -> Iterator[str]:
    """Say how often a block is used, and what its first instance is."""
    known = snapshot.instances.get(block.name.span.start)
    if known is None:
        return
    network, scope = known
    where = f"{scope.path} of {network.name}" if scope.path else network.name
    yield f"{where}: {_cost(nodes_of(scope))}"


def _figures(snapshot: Snapshot, offset: int) -> str | None:
    """Say what a step at an offset takes and gives, in the first instance of its block."""
    best = None
    for network, scope in snapshot.instances.values():
        for made in steps(scope):
            inside = made.made.span.source.name == snapshot.source.name
            if not inside or not made.start <= offset <= made.stop:
                continue
            if best is None or made.stop - made.start < best[1].stop - best[1].start:
                best = network, made
    if best is None:
        return None
    network, made = best
    nodes = nodes_of(made.made)
    given = made.made.input_shapes if isinstance(made.made, Node) else ()
    shapes = ", ".join(map(str, given))
    results = ", ".join(str(port.shape) for port in made.results)
    flow = f"{shapes} → {results}" if shapes else results
    return f"`{made.made.path}` of {network.name}: {flow}; {_cost(nodes)}"


def _cost(nodes: list[Node]) -> str:
    return f"{trainable(nodes):,} parameters, {sum(map(node_macs, nodes)):,} MACs"
