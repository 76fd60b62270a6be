"""What Keras cannot express, as a diagnostic at its place in the spec."""

from __future__ import annotations

from cnnspec.diagnostics import SpecError, error
from cnnspec.kinds import Refusal
from cnnspec.source import Span


def refused(what: str, refusal: Refusal, span: Span) -> SpecError:
    """Say that Keras cannot express what stands at a place."""
    title = f"keras cannot express this {what}: {refusal.message}"
    return error("not-expressible", title, span, help=refusal.help)
