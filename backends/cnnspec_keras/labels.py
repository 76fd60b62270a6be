"""A layer's name as emitted text says it: its path, with what is counted in braces."""

from __future__ import annotations

from collections.abc import Callable

from cnnspec.emit.code import Code, Infix, Leaf, Raw
from cnnspec.emit.flat import KindOf, Number, Ordinal, Path, Piece, Turn
from cnnspec.emit.printer import expression
from cnnspec.emit.program import Expr
from cnnspec_keras.names import segment_name

#: Stands for a piece that is worked out while a segment is spelled: no letter of a path.
_HOLE = "\0"


class Labels:
    """Writes layers' names; `kind` says the name of what a value is."""

    def __init__(
        self,
        say: Callable[[Expr], Code],
        kind: Callable[[Expr], str],
        turn: Callable[[Turn], Code],
        counts: Callable[[], str],
    ) -> None:
        self.say = say
        self.kind = kind
        self.turn = turn
        self.counts = counts

    def label(self, path: Path, *, network: bool, word: str = "") -> Code:
        """Write a name, below the function's own name save in a network."""
        segments = [self._segment(segment) for segment in path]
        if word:
            segments.append(word)
        text = "_".join(segments)
        if not network:
            text = f"{{name}}_{text}"
        if "{" not in text:
            return Leaf(text)
        return Raw(f'f"{text}"')

    def _segment(self, segment: tuple[Piece, ...]) -> str:
        """Spell a segment: pieces of text as they stand, what is worked out in braces."""
        spelled = segment_name("".join(p if isinstance(p, str) else _HOLE for p in segment))
        for piece in segment:
            if not isinstance(piece, str):
                said = self._said(piece)
                spelled = spelled.replace(_HOLE, said, 1)
        return spelled

    def _said(self, piece: Piece) -> str:
        if isinstance(piece, Ordinal):
            if isinstance(piece.kind, str):
                kind = f"'{segment_name(piece.kind)}'"
            else:
                kind = self.kind(piece.kind.value)
            return f"{{{self.counts()}[{kind}]}}"
        if isinstance(piece, KindOf):
            return f"{{{self.kind(piece.value)}}}"
        code = self.number(piece) if isinstance(piece, Number) else self.say(piece)  # type: ignore[arg-type]
        text = expression(code)
        if text.isdigit():
            return text
        return "{" + text.replace('"', "'") + "}"

    def number(self, number: Number) -> Code:
        """Write a number that is counted."""
        terms: list[Code] = []
        for each, term in number.terms:
            times = each if isinstance(each, int) else each.per_turn
            if times:
                said = self.turn(term) if isinstance(term, Turn) else self.say(term)
                terms.append(said if times == 1 else Infix("*", (Leaf(times), said)))
        if number.counter is not None:
            terms.append(Raw(number.counter))
        return added(terms, number.ahead)


def added(terms: list[Code], ahead: int) -> Code:
    """Add a number to what is counted: `i + 1`, and `n - 1 + 1` is `n`."""
    flat: list[Code] = []
    for term in terms:
        match term:
            case Infix("+", (*more, Leaf(int(number)))):
                flat, ahead = [*flat, *more], ahead + number
            case Infix("-", (one, Leaf(int(number)))):
                flat, ahead = [*flat, one], ahead - number
            case Leaf(int(number)):
                ahead += number
            case _:
                flat.append(term)
    if not flat:
        return Leaf(ahead)
    if ahead < 0:
        total = flat[0] if len(flat) == 1 else Infix("+", tuple(flat))
        return Infix("-", (total, Leaf(-ahead)))
    if ahead:
        flat.append(Leaf(ahead))
    return flat[0] if len(flat) == 1 else Infix("+", tuple(flat))
