"""Names: what one stands for where it is written, and why another stands for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from os.path import relpath
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from cnnspec.diagnostics import SHORT, Advice, Label, SpecError, error, meant, nearest, write
from cnnspec.elaborate.bodies import pattern_names
from cnnspec.elaborate.frame import Frame
from cnnspec.elaborate.functions import FUNCTIONS
from cnnspec.elaborate.values import POISON, BlockValue, Function, Operator, Poisoned
from cnnspec.elsewhere import operator_help
from cnnspec.kinds import AXIS_WORDS
from cnnspec.op import Op
from cnnspec.ops import OPERATORS, WORDS
from cnnspec.source import ZOO, Span
from cnnspec.syntax import tree
from cnnspec.syntax.files import FileNames
from cnnspec.syntax.tree import bound_names

if TYPE_CHECKING:
    from cnnspec.elaborate.session import Session

#: What stands for nothing elsewhere.
NOTHINGS: Final = ("none", "null", "nil", "nothing")
#: How like a word must be to be a slip of the pen, and no other word.
SLIP: Final = 0.8


def use_help(word: str, beyond: FileNames, here: FileNames) -> str:
    """Say that a name is declared in a file that only a used file uses."""
    name = beyond.source.name.removeprefix(ZOO)
    if name == beyond.source.name:
        name = PurePath(relpath(name, PurePath(here.source.name).parent)).as_posix()
    first = Span(here.source, 0, 0)
    words = f'`{word}` is declared in {name}: write `use "{name}"` here too'
    return Advice(words, f'use "{name}"\n', at=first)


def _for_a_name(help: str, expr: tree.Name) -> str:
    """Give advice without its edit where that is more than a name, and the name is called."""
    called = expr.span.source.text.startswith("(", expr.span.stop)
    whole = isinstance(help, Advice) and not help.typed.isidentifier() and help.at is None
    return str(help) if called and whole else help


class Names:
    """Looks names up: the body's own, the file's, functions, operators, words."""

    def __init__(self, session: Session) -> None:
        self.session = session
        #: What each body may bind, by the definition's identity, and where it does so first.
        self._bound: dict[int, dict[str, Span]] = {}
        #: The loops' own names, likewise, and the last loop of each.
        self._loops: dict[int, dict[str, Span]] = {}

    def look_up(self, expr: tree.Name, frame: Frame) -> Any:
        """Give what a name stands for; raises SpecError or Poisoned."""
        if expr.id in frame.names:
            return frame.names[expr.id]
        found = self._declared(expr, frame)
        if found is not None:
            return found
        if expr.id in FUNCTIONS:
            twin = OPERATORS.get(expr.id)
            return Function(expr.id, None if twin is None else self.operator(twin, frame))
        if expr.id in OPERATORS:
            return self.operator(OPERATORS[expr.id], frame)
        if expr.id in WORDS:
            return expr.id
        if expr.id in self.session.operators:
            return self.operator(self.session.operators[expr.id], frame)
        if expr.id in self.session.operators.words:
            return expr.id
        raise self._unknown(expr, frame)

    def operator(self, op: type[Op], frame: Frame) -> Operator:
        """Give an operator as a value, with the defaults that are in force where a frame stands."""
        key = frame.index, op.name
        known: Operator | None = frame.file.operators.get(key)
        if known is None:
            defaults = frame.file.defaults_at(frame.index).get(op.name, {})
            known = frame.file.operators[key] = Operator(op, defaults)
        return known

    def _unknown(self, expr: tree.Name, frame: Frame) -> Exception:
        python = {"True": "true", "False": "false"}
        if expr.id in python:
            return error(
                "unknown-name",
                f"there is no {expr.id} in a spec",
                expr.span,
                help=write(python[expr.id]),
            )
        if expr.id.lower() in NOTHINGS:
            return error(
                "unknown-name",
                f"there is no {expr.id} in a spec",
                expr.span,
                help="leave an argument out; a step that does nothing is `identity`",
            )
        unbound = self._unbound(expr, frame)
        if unbound is not None:
            return unbound
        later = frame.file.later(expr.id, frame.index)
        if later is not None:
            return error(
                "unknown-name",
                f"`{expr.id}` is declared further down",
                expr.span,
                "not known yet here",
                Label(later, "declared here"),
                help="move its declaration above this one",
            )
        if frame.file.lacking:
            raise Poisoned
        return error(
            "unknown-name",
            f"nothing is called `{expr.id}`",
            expr.span,
            "not known here",
            help=_for_a_name(self._meant(expr.id, frame), expr),
            notes=self.session.operators.broken,
        )

    def _meant(self, word: str, frame: Frame) -> str:
        """Say what to type for a word that nothing is called: the spec's own names come first."""
        beyond = frame.file.beyond(word)
        if beyond is not None:
            return use_help(word, beyond, frame.file)
        if word in AXIS_WORDS:
            return f'an axis is said where it is given, `axis = {word}`; kept, it is `"{word}"`'
        operators = self.session.operators
        own = [*frame.names, *frame.file.visible(frame.index)]
        guess = nearest(word, own, alike=SLIP, short=SHORT)
        if guess is None and (there := operator_help(word, operators)) is not None:
            return there
        guess = (
            guess
            or nearest(word, [*FUNCTIONS, *operators], alike=SLIP, short=SHORT)
            or nearest(word, own, short=SHORT)
        )
        guess = guess or nearest(word, operators.words, alike=SLIP, short=SHORT)
        return meant(guess) if guess else "`cnnspec ops` lists the operators"

    def _declared(self, expr: tree.Name, frame: Frame) -> Any:
        """Find a declared name that a place can see; None if there is none."""
        entry = frame.file.entries.get(expr.id)
        if entry is None or entry.index > frame.index:
            return None
        if entry.index == frame.index:
            block = frame.definition
            if not isinstance(block, tree.Block) or block.name.id != expr.id:
                return None
            if block.recurs_on is None:
                raise error(
                    "endless-recursion",
                    f"{expr.id} calls itself",
                    expr.span,
                    help=f"declare `block {expr.id}(…, levels) recurs on levels`",
                )
        if isinstance(entry.item, tree.NetworkDef | tree.Variant):
            raise error(
                "wrong-type",
                f"{expr.id} is a network; only blocks can be put into one",
                expr.span,
                "",
                Label(entry.item.name.span, "declared here"),
                help="a network with other settings is a variant, "
                f"`network mine = {expr.id}(…)`; steps that two networks share stand in a block",
            )
        if isinstance(entry.value, tree.Block):
            return BlockValue(entry.value, frame.file)
        if entry.value is POISON:
            raise Poisoned
        return entry.value

    def _unbound(self, expr: tree.Name, frame: Frame) -> SpecError | None:
        """Explain a name that the body binds somewhere, but not on the way that was taken."""
        if frame.definition is None:
            return None
        key = id(frame.definition)
        if key not in self._bound:
            pairs = reversed(bound_names(frame.definition.body))
            self._bound[key] = dict(pairs)
        place = self._bound[key].get(expr.id)
        if place is None:
            return self._ended(expr, frame.definition)
        where = frame.place.scope.path if frame.place else ""
        inside = f" in {where}" if where else ""
        return error(
            "unbound-name",
            f"`{expr.id}` has no value on the way that was taken{inside}",
            expr.span,
            "needed here",
            Label(place, "it would get its value here"),
            help=f"give `{expr.id}` a value before the `if` or loop, or in every branch",
        )

    def _ended(self, expr: tree.Name, definition: tree.Block | tree.NetworkDef) -> SpecError | None:
        """Explain a loop's variable after its loop."""
        key = id(definition)
        if key not in self._loops:
            self._loops[key] = _loop_names(definition.body)
        loop = self._loops[key].get(expr.id)
        if loop is None:
            return None
        return error(
            "unbound-name",
            f"`{expr.id}` ended with its loop",
            expr.span,
            "needed here",
            Label(loop, "it is this loop's"),
            help="give another name its value in the loop: `last = …`",
        )


def _loop_names(body: Sequence[tree.Stmt]) -> dict[str, Span]:
    """Give the names that a body's loops bind, each with its last loop's pattern."""
    found: dict[str, Span] = {}
    pending: list[tree.Stmt] = list(body)
    while pending:
        statement = pending.pop()
        if isinstance(statement, tree.If):
            pending += [each for _, arm in statement.arms for each in arm]
            pending += statement.orelse
        elif isinstance(statement, tree.For):
            pending += statement.body
            for pattern in statement.patterns:
                for word in pattern_names(pattern):
                    found.setdefault(word, pattern.span)
    return found
