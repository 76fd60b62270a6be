"""Python's collector of garbage, kept from looking while much is made that will be kept."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def undisturbed() -> Iterator[None]:
    """Look for no garbage meanwhile: what a parse, an elaboration or a source makes it keeps.

    Looking through it costs a tenth to a fifth of the time and finds none.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


@contextmanager
def keeping() -> Iterator[None]:
    """Look for no garbage meanwhile, nor later in what was made: a command keeps what it loads.

    Otherwise all of it is looked through again whenever there is a quarter more, which takes up to
    half of a command's time on a network of 20,000 nodes.
    """
    with undisturbed():
        yield
        gc.freeze()


def let_go() -> None:
    """Look through what was to be kept: who loads a network again and again keeps none of them."""
    gc.unfreeze()
