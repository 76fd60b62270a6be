"""The base of everything that cnnspec raises on purpose."""

from __future__ import annotations


class CnnspecError(Exception):
    """What cnnspec refuses, in words: `except cnnspec.CnnspecError` catches all of it.

    A wrong spec is a `SpecError`. What a call was given wrongly is a ValueError or a LookupError
    besides. In a notebook the words stand alone, without a traceback of ours.
    """

    def _render_traceback_(self) -> list[str]:
        """Give the lines that IPython shows for it."""
        name = type(self).__name__
        text = str(self)
        return text.splitlines() if text.startswith("error") else [f"{name}: {text}"]


class NotInstalled(CnnspecError, ImportError):
    """A package that this needs is not installed; the message says how to install it."""


class UnknownNode(CnnspecError, LookupError):
    """No node of a network has this path."""


class WrongArgument(CnnspecError, ValueError):
    """An argument of a call is not one that it takes."""
