"""The exception for a sweep that is not begun."""

from __future__ import annotations

from cnnspec.errors import CnnspecError


class RefusedSweep(CnnspecError, ValueError):
    """What was asked for cannot be swept; the message says why, `option` what asked for it."""

    def __init__(self, message: str, option: str | None = None) -> None:
        super().__init__(message)
        self.option = option
