"""Words of frameworks and papers: which operator or argument of the language is meant by one.

Operators and arguments declare what they are called elsewhere. Case, underscores and a last `2d` do
not count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from cnnspec.diagnostics import nearest
from cnnspec.op import Op

_MODULE: Final = "operators stand alone, with no module before them; `cnnspec ops` lists them"
_SEPARABLE: Final = "write `dwconv(3, pad = 1) -> conv(filters, 1)`"
_KNOWN: Final = "leave it out: what flows in says it"
_ACTIVATION: Final = "an activation is a step of its own: `-> relu`"
_LABEL: Final = "a step is named by a label before it: `name: conv(…)`"
_EACH: Final = "a group of each channel: `gn(groups = x.channels)`, where `x` is what flows in"
_AXIS: Final = "leave it out: it is the channels' axis"

#: What to do about words that stand for no operator, and for no argument.
_OPERATORS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("nn", "f", "torch", "tf", "keras", "layers"), _MODULE),
    **dict.fromkeys(("separableconv", "sepconv", "depthwiseseparableconv"), _SEPARABLE),
    **dict.fromkeys(("instancenorm", "instancenormalization"), _EACH),
}
_ARGUMENTS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("inchannels", "infeatures", "inplanes", "numfeatures", "numchannels", "inputshape"), _KNOWN
    ),
    **dict.fromkeys(("activation", "act", "nonlinearity"), _ACTIVATION),
    **dict.fromkeys(("name", "label"), _LABEL),
    **dict.fromkeys(("axis", "dim"), _AXIS),
}


def operator_help(word: str, operators: Mapping[str, type[Op]]) -> str | None:
    """Say what to type for an operator's name elsewhere; None if it has no such name.

    >>> from cnnspec.ops import operators
    >>> operator_help("BatchNorm2d", operators())
    'write `bn`'
    """
    for squash in (_plain, _squashed):
        for name, op in operators.items():
            if squash(word) in map(squash, (name, *op.elsewhere)):
                return f"write `{name}`"
    return _OPERATORS.get(_squashed(word))


def near_operator(word: str, operators: Mapping[str, type[Op]]) -> str:
    """Say what to type for a word that no operator has."""
    guess = nearest(word, operators)
    near = f"did you mean `{guess}`?" if guess else "`cnnspec ops` lists them"
    return operator_help(word, operators) or near


def argument_help(word: str, op: type[Op]) -> str:
    """Say what to type for an argument that an operator does not have.

    >>> from cnnspec.ops import operators
    >>> argument_help("kernel_size", operators()["conv"])
    'write `size`'
    """
    for name, arg in op.arguments.items():
        if _plain(word) in map(_plain, (name, *arg.elsewhere)):
            return f"write `{name}`"
    if _plain(word) in _ARGUMENTS:
        return _ARGUMENTS[_plain(word)]
    guess = nearest(word, op.names, alike=0.6)
    listed = f"its arguments: {', '.join(op.names)}" if op.names else "it has none"
    return f"did you mean `{guess}`?" if guess else listed


def _plain(word: str) -> str:
    return word.lower().replace("_", "")


def _squashed(word: str) -> str:
    return re.sub(r"(layer)?(?<!^)[123]d$|layer$", "", _plain(word))
