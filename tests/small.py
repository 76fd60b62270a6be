"""Small networks that the tests of costs share: branches, a body that grows, training heads."""

from __future__ import annotations

INCEPTION = """network branches {
    image = input(3, 16, 16)
    a = image -> conv(4, 1)
    b = image -> conv(64, 1) -> conv(4, 3, pad = 1)
    c = image -> conv(2, 1) -> conv(32, 3, pad = 1) -> conv(4, 1)
    output y = concat(a, b, c) -> gap -> dense(3)
}
"""
DENSE = """block grow(x, by) {
    return concat(x, x -> bn -> relu -> conv(by, 3, pad = 1))
}
network growing {
    image = input(3, 16, 16)
    output y = image -> conv(8, 3) -> body: (grow(4) * 5) -> gap -> dense(10)
}
"""
HEADS = """network heads {
    image = input(3, 16, 16)
    x = image -> conv(8, 3, pad = 1) -> relu
    output y = x -> gap -> dense(10)
    train output aux(weight = 0.3) = x -> flatten -> dense(10)
}
"""
