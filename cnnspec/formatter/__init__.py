"""One style for specs: `format_text` lays a spec's text out anew and changes nothing else."""

from cnnspec.formatter.run import format_text

__all__ = ["format_text"]
