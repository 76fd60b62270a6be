"""An operator's manual page, made from its declaration: nothing is said twice."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from textwrap import fill
from typing import Any

from cnnspec.kinds import Arg, Called, show
from cnnspec.op import Op


def summary(op: type[Op]) -> str:
    """Give the first line of an operator's docstring."""
    return _doc(op).partition("\n")[0].strip()


def signature(op: type[Op]) -> str:
    """Write how an operator is called: what follows `*` by name only, as in Python.

    A default that it works out itself is `…`.
    """
    words = [
        key if arg.required else f"{key} = {'…' if arg.default is None else show(arg.default)}"
        for key, arg in op.arguments.items()
    ]
    if len(op.ordered) < len(words):
        words.insert(len(op.ordered), "*")
    return f"{op.name}({', '.join(words)})"


def inputs(op: type[Op]) -> str:
    """Say how many inputs an operator takes."""
    low, high = op.arity
    if high is None:
        return f"{low} or more inputs"
    if low == high:
        return "no input" if low == 0 else "1 input" if low == 1 else f"{low} inputs"
    return f"{low} to {high} inputs"


def positions(op: type[Op]) -> str:
    """Say which arguments go by position."""
    if not op.names:
        return ""
    if not op.ordered:
        return "Arguments are given by name."
    words = ", ".join(op.ordered)
    return f"By position: {words}{'; the rest by name' if op.ordered != op.names else ''}."


def default(arg: Arg) -> str:
    """Say what an argument is when it is left out."""
    if arg.required:
        return "required"
    return "worked out when left out" if arg.default is None else f"{show(arg.default)} if left out"


def page(op: type[Op]) -> str:
    """Write the manual page as plain text, 78 columns wide."""
    called = f" Elsewhere: {', '.join(map(str, op.elsewhere))}." if op.elsewhere else ""
    own = f"Family: {op.family}. It takes {inputs(op)}. {positions(op)}".rstrip() + called
    own = fill(own, 78, initial_indent=" " * 4, subsequent_indent=" " * 4)
    parts = [signature(op), _indented(_doc(op)), own]
    for key, arg in op.arguments.items():
        facts = f"{arg.kind.words}; {default(arg)}"
        parts.append(f"    {key}\n{_wrapped(arg.doc)}\n{_wrapped(facts[0].upper() + facts[1:])}")
    return "\n\n".join(parts) + "\n"


def markdown(op: type[Op]) -> str:
    """Write the manual page as a section of a Markdown page."""
    called = ", ".join(_called(each) for each in op.elsewhere)
    own = f"It takes {inputs(op)}. {positions(op)}".rstrip() + (
        f" Elsewhere it is called {called}." if called else ""
    )
    parts = [f"### {op.name}", f"```\n{signature(op)}\n```", _doc(op), own]
    if op.arguments:
        rows = [
            f"| `{key}` | {arg.kind.words} | {default(arg)} | {arg.doc} |"
            for key, arg in op.arguments.items()
        ]
        head = ["| argument | what it may be | default | |", "| --- | --- | --- | --- |"]
        parts.append("\n".join([*head, *rows]))
    return "\n\n".join(parts) + "\n"


def facts(op: type[Op]) -> Mapping[str, Any]:
    """Give what a program may want to know of an operator, as plain data."""
    return {
        "name": op.name,
        "family": op.family,
        "signature": signature(op),
        "doc": _doc(op),
        "elsewhere": list(map(str, op.elsewhere)),
        "inputs": list(op.arity),
        "by_position": list(op.ordered),
        "arguments": [
            {
                "name": key,
                "what": arg.kind.words,
                "doc": arg.doc,
                "required": arg.required,
                "default": None if arg.required else arg.default,
                "choices": list(arg.choices),
            }
            for key, arg in op.arguments.items()
        ],
    }


def _called(each: str | Called) -> str:
    if isinstance(each, Called) and "(" in each.typed:
        return f"`{each}` (`{each.typed}`)"
    return f"`{each}`"


def _doc(op: type[Op]) -> str:
    return inspect.cleandoc(op.__doc__ or "It says nothing of itself.")


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())


def _wrapped(text: str) -> str:
    return fill(text, 78, initial_indent=" " * 8, subsequent_indent=" " * 8)
