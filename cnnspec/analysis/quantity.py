"""How counts are written for people: three digits and a suffix."""

from __future__ import annotations


def number(value: int) -> str:
    """Write a count with three digits and the suffix k, M, G or T; nothing as `-`.

    >>> number(25_557_032), number(9_408), number(0), number(999_999)
    ('25.6 M', '9.41 k', '-', '1.00 M')
    """
    if value == 0:
        return "-"
    size, scaled = 0, float(value)
    while size < 4 and float(f"{scaled:.3g}") >= 1000:
        size, scaled = size + 1, scaled / 1000
    if size == 0:
        return str(value)
    digits = 2 if scaled < 9.995 else 1 if scaled < 99.95 else 0
    return f"{scaled:.{digits}f} {'kMGT'[size - 1]}"
