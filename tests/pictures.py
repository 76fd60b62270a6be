"""What the tests of pictures share: pictures of shipped networks, drawn once a session."""

from __future__ import annotations

from functools import cache

from cnnspec.draw import drawing
from cnnspec.draw.boxes import Picture
from cnnspec.draw.choose import choose
from cnnspec.draw.plan import Plan
from tests.emitted import network

SVG = "{http://www.w3.org/2000/svg}"


@cache
def drawn(name: str) -> bytes:
    return network(name).draw()


def picture(name: str, plan: Plan) -> Picture:
    return choose(network(name).elaborated, plan)


def drawn_with(name: str, **how: object) -> bytes:
    return drawing(network(name).elaborated, **how).content
