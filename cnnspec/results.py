"""What a network's methods give: plain text, bytes and dictionaries that show themselves."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from cnnspec.errors import NotInstalled
from cnnspec.plugins import install

if TYPE_CHECKING:
    from cnnspec.analysis.figures import Meter

#: What a notebook calls a picture's format; the others are text.
MEDIA: Final = {
    "svg": "image/svg+xml",
    "png": "image/png",
    "pdf": "application/pdf",
    "html": "text/html",
}


class Source(str):
    """Emitted source: a `str` whose `language` is `python` or empty; a notebook colours it."""

    __slots__ = ("language",)
    language: str

    def __new__(cls, text: str, language: str = "") -> Self:
        made = super().__new__(cls, text)
        made.language = language
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.language)

    def _repr_markdown_(self) -> str:
        """Show it as code, in a fence that is longer than any within."""
        fence = "```"
        while fence in self:
            fence += "`"
        return f"{fence}{self.language}\n{self}\n{fence}"


class Picture(bytes):
    """A picture: `bytes` in a `format`, one of svg, png, pdf, dot, mermaid and html."""

    format: str

    def __new__(cls, content: bytes, format: str) -> Self:
        made = super().__new__(cls, content)
        made.format = format
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (bytes(self), self.format)

    def save(self, path: str | Path) -> None:
        """Write it to a file; what stood there is replaced. Raises OSError."""
        Path(path).write_bytes(self)

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        """Show it in a notebook: binary formats as bytes, the others as text."""
        medium = MEDIA.get(self.format, "text/plain")
        binary = self.format in ("png", "pdf")
        return {medium: bytes(self) if binary else self.decode()}


class Cost(dict[str, Any]):
    """What a network costs: a dictionary by the schema `cnnspec.cost/1` that prints as a table.

    `cost["nodes"]` is a list of dictionaries, a row a node; docs/cost.md has every key.
    """

    __slots__ = ("_meter",)

    def __init__(self, data: dict[str, Any], meter: Meter) -> None:
        super().__init__(data)
        self._meter = meter

    def __reduce__(self) -> tuple[Any, ...]:
        """Cross between processes, and be copied, as a plain dictionary."""
        return dict, (dict(self),)

    def __str__(self) -> str:
        from cnnspec.report.view import CostView

        return CostView().text(self._meter, "table").rstrip()

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        from cnnspec.report.view import CostView

        return CostView().text(self._meter, "md")

    def to_dataframe(self) -> Any:
        """Give the rows of the nodes as a pandas.DataFrame; raises NotInstalled without pandas."""
        try:
            pandas = import_module("pandas")
        except ImportError:
            words = f"a DataFrame needs pandas, which is not installed: {install('', 'pandas')}"
            raise NotInstalled(words) from None
        return pandas.DataFrame(self["nodes"])
