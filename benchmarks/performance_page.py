"""docs/performance.md: each benchmark writes its part, and leaves those of others as they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parent.parent / "docs" / "performance.md"


def put(part: str) -> None:
    """Put a part, which begins with its `# Title`, in place of the one of that title, or behind."""
    title = part.partition("\n")[0]
    page = PAGE.read_text()
    parts = re.split(r"(?m)^(?=# )", page)
    kept = [each.rstrip("\n") for each in parts if each.strip()]
    places = [place for place, each in enumerate(kept) if each.partition("\n")[0] == title]
    place = places[0] if places else len(kept)
    kept[place : place + 1] = [part.rstrip("\n")]
    PAGE.write_text("\n\n".join(kept) + "\n")
