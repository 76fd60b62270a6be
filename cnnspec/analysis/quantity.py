"""How counts are written for people: three digits and a suffix; and how people write them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

_WRITTEN: Final = re.compile(r"(\d+(?:[._]\d+)*)([kKMGTPE]?)")
_TIME: Final = re.compile(r"(\d{1,9}(?:\.\d{1,9})?) ?(s|ms|us|ns)")
#: What a suffix stands for, as a power of ten.
POWERS: Final = {"": 0, "k": 3, "K": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}


def number(value: int) -> str:
    """Write a count with three digits and the suffix k, M, G, T, P or E.

    >>> number(25_557_032), number(9_408), number(0), number(999_999), number(9_500 * 10**12)
    ('25.6 M', '9.41 k', '0', '1.00 M', '9.50 P')
    """
    size, scaled = 0, float(value)
    while size < 6 and float(f"{scaled:.3g}") >= 1000:
        size, scaled = size + 1, scaled / 1000
    if size == 0:
        return str(value)
    digits = 2 if scaled < 9.995 else 1 if scaled < 99.95 else 0
    return f"{scaled:.{digits}f} {'kMGTPE'[size - 1]}"


def memory(value: int) -> str:
    """Write bytes, 1 MB being a million of them.

    >>> memory(102_228_128), memory(12), memory(0)
    ('102 MB', '12 B', '0 B')
    """
    text = number(value)
    return f"{text}B" if text[-1].isalpha() else f"{text} B"


def duration(seconds: float) -> str:
    """Write a time with three digits.

    >>> duration(0.0123), duration(4.5e-6), duration(0.0), duration(12.0)
    ('12.3 ms', '4.50 us', '-', '12.0 s')
    """
    if seconds == 0:
        return "-"
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("us", 1e6), ("ns", 1e9)):
        scaled = seconds * scale
        if scaled >= 0.9995 or unit == "ns":
            digits = 2 if scaled < 9.995 else 1 if scaled < 99.95 else 0
            return f"{scaled:.{digits}f} {unit}"
    raise AssertionError("nanoseconds are the last resort")


def seconds(text: str) -> float:
    """Read a time as people write it; raises ValueError.

    >>> seconds("5ms"), seconds("0.25 s"), seconds("300us")
    (0.005, 0.25, 0.0003)
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a time: write it as 5ms, 300us or 0.2s")
    return float(match[1]) * {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}[match[2]]


def count(text: str) -> int:
    """Read a count as people write it; raises ValueError.

    >>> count("5G"), count("1.5M"), count("30_000")
    (5000000000, 1500000, 30000)
    """
    match = _WRITTEN.fullmatch(text.strip())
    if match is None or match[1].count(".") > 1:
        raise ValueError(f"{text!r} is not a count: write it as 30M or 4_100_000_000")
    return int(Decimal(match[1].replace("_", "")).scaleb(POWERS[match[2]]))


def scaled(number: str, suffix: str) -> float:
    """Give a number with a suffix; raises ValueError.

    >>> scaled("19.5", "T")
    19500000000000.0
    """
    return float(number) * 10.0 ** POWERS[suffix]
