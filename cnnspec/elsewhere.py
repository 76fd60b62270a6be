"""Words of frameworks and papers: which operator or argument of the language is meant by one.

Operators and arguments declare what they are called elsewhere. Case, underscores and a last `2d` do
not count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from cnnspec.absent import ABSENT, MADE, MODULE, OTHER_RANK
from cnnspec.diagnostics import SHORT, Advice, SpecError, meant, nearest, placed, write
from cnnspec.kinds import Called
from cnnspec.op import Op
from cnnspec.source import Span

#: How like a word must be to an operator's name to be a slip of the pen.
LIKE_OPERATOR: Final = 0.8

_KNOWN: Final = "leave it out: what flows in says it"
_ACTIVATION: Final = "an activation is a step of its own: `-> relu`"
_LABEL: Final = "a step is named by a label before it: `name: conv(…)`"
_AXIS: Final = "leave it out: it is the channels' axis"

#: What to do about words that stand for no argument.
_ARGUMENTS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("inchannels", "infeatures", "inplanes", "numfeatures", "numchannels", "inputshape"), _KNOWN
    ),
    **dict.fromkeys(("activation", "act", "nonlinearity"), _ACTIVATION),
    **dict.fromkeys(("name", "label"), _LABEL),
    **dict.fromkeys(("axis", "dim"), _AXIS),
}


def operator_help(word: str, operators: Mapping[str, type[Op]]) -> str | None:
    """Say what to type for an operator's name elsewhere, or that it is not here; None: no such.

    >>> from cnnspec.ops import operators
    >>> operator_help("BatchNorm2d", operators())
    'write `bn`'
    >>> operator_help("MaxUnpool2d", operators())
    'not here: `maxpool` and `avgpool` are'
    """
    plain = _plain(word)
    called = [
        each if isinstance(each, Called) else Called(each, name)
        for name, op in operators.items()
        for each in op.elsewhere
    ]
    called += [*MADE, *(Called(name, name) for name in operators)]
    for squash in (_plain, _squashed):
        for each in called:
            if squash(word) == squash(each.word):
                return each.help
        if squash(word) in ABSENT:
            return ABSENT[squash(word)]
    pattern, said = OTHER_RANK
    return said if re.search(pattern, plain) else None


def of_module(
    mistake: SpecError, word: str, operators: Mapping[str, type[Op]], span: Span
) -> SpecError:
    """Explain `nn.ReLU`: where a module is what nothing is called, say what its member is here."""
    first, *rest = mistake.diagnostics
    said = operator_help(word, operators) if first.help == MODULE else None
    if said is None:
        return mistake
    called = span.source.text.startswith("(", span.stop)
    named = isinstance(said, Advice) and (said.typed.isidentifier() or not called)
    return SpecError([replace(first, help=placed(said, span) if named else str(said)), *rest])


def near_operator(word: str, operators: Mapping[str, type[Op]]) -> str:
    """Say what to type for a word that no operator has."""
    guess = nearest(word, operators, alike=LIKE_OPERATOR, short=SHORT)
    near = meant(guess) if guess else "`cnnspec ops` lists them"
    return operator_help(word, operators) or near


def argument_named(word: str, op: type[Op]) -> str | None:
    """Name the argument that a word elsewhere stands for with the same value.

    >>> from cnnspec.ops import operators
    >>> argument_named("kernel_size", operators()["conv"])
    'size'
    """
    for name, arg in op.arguments.items():
        words = (each for each in arg.elsewhere if isinstance(each, str))
        if _plain(word) in map(_plain, (name, *words)):
            return name
    return None


def argument_help(word: str, op: type[Op]) -> str:
    """Say what to type for an argument that an operator does not have.

    >>> from cnnspec.ops import operators
    >>> argument_help("kernel_size", operators()["conv"])
    'write `size`'
    """
    name = argument_named(word, op)
    if name is not None:
        return write(name)
    for arg in op.arguments.values():
        for each in arg.elsewhere:
            if isinstance(each, Called) and _plain(word) == _plain(each.word):
                return str(each.help)  # with a value, where a name alone is marked
    if _plain(word) in _ARGUMENTS:
        return _ARGUMENTS[_plain(word)]
    guess = nearest(word, op.names, alike=0.6)
    listed = f"its arguments: {', '.join(op.names)}" if op.names else "it has none"
    return meant(guess) if guess else listed


def _plain(word: str) -> str:
    return word.lower().replace("_", "")


def _squashed(word: str) -> str:
    return re.sub(r"(layer)?(?<!^)2d$|layer$", "", _plain(word))
