"""The head of an emitted loop: its variables, and what they go over."""

from __future__ import annotations

from cnnspec.emit.code import Code, Leaf, call
from cnnspec.emit.merged import MergedLoop, names_in
from cnnspec.emit.signature import Signature, resolved
from cnnspec.emit.simplify import simplify
from cnnspec.expression import Expression, literal


def turns(loop: MergedLoop, signature: Signature, body: object) -> tuple[str, Code]:
    """What goes over the turns of a loop, and what it goes over; `signature` is that inside it.

    `body` is what is printed of the loop's body.
    """
    counted = loop.index in names_in(body)
    index = signature.names[loop.index]
    begin = loop.start + signature.offsets[loop.index]
    start = (Leaf(begin),) if begin else ()
    if loop.column is not None:
        values, word = Leaf(loop.values), signature.names[loop.column]
        if not counted:
            return word, values
        return f"{index}, {word}", call(
            "enumerate", values, **({"start": start[0]} if start else {})
        )
    if counted:
        return index, call("range", *start, later(loop.stop, begin - loop.start, signature))
    return "_", call("range", later(loop.stop, -loop.start, signature))


def later(stop: Leaf, by: int, signature: Signature) -> Code:
    """Say where a loop stops that counts from so much later."""
    if stop.expression is None:
        return Leaf(stop.value + by)
    operator = "+" if by >= 0 else "-"
    said = simplify(Expression(operator, (stop.expression, literal(abs(by)))))
    return resolved(Leaf(stop.value + by, said), signature)  # type: ignore[no-any-return]
