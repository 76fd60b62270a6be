"""A finished SVG as a PDF, by svglib and ReportLab: an extra, both pure wheels."""

from __future__ import annotations

import io
import logging

from cnnspec.draw.engine import EngineMissing
from cnnspec.draw.svg import FONTS
from cnnspec.plugins import install


def as_pdf(svg: bytes) -> bytes:
    """Write a PDF of one page of the picture's size; raises EngineMissing without svglib."""
    try:
        from reportlab.graphics import renderPDF
        from svglib.svglib import svg2rlg
    except ImportError:
        raise EngineMissing(
            f"a pdf needs svglib: {install('pdf', 'svglib')}; or use --engine dot"
        ) from None
    logging.getLogger("svglib").setLevel(logging.ERROR)
    text = svg.decode().replace(FONTS.replace('"', "&quot;"), "Helvetica")
    page = svg2rlg(io.BytesIO(text.encode()))
    out = io.BytesIO()
    renderPDF.drawToFile(page, out, "", invariant=1)
    return out.getvalue()
