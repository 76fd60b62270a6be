"""The mark at the end of pictures and tables by which cnnspec tells that nobody edited them.

It is a comment with a digest of the rest: in a png a chunk of text, which no viewer shows. What has
no place for one (csv, json, a plain table) is known by its first lines.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from typing import Final

from cnnspec.emit.header import digest

WORDS: Final = "as cnnspec wrote it; sha256 of the rest: "
#: How a comment is written in each kind of file.
COMMENTS: Final[Mapping[str, str]] = {
    "svg": "<!-- {} -->",
    "html": "<!-- {} -->",
    "markdown": "<!-- {} -->",
    "md": "<!-- {} -->",
    "mermaid": "%% {}",
    "dot": "// {}",
    "latex": "% {}",
    "pdf": "% {}",
}
_MARK: Final = re.compile(
    rb"(?:<!-- |%% |// |% )" + WORDS.encode() + rb"([0-9a-f]{16})(?: -->)?\n?\Z"
)
_CHUNK: Final = re.compile(
    rb".{4}tEXtComment\0" + WORDS.encode() + rb"([0-9a-f]{16}).{4}", re.DOTALL
)
PNG: Final = b"\x89PNG\r\n\x1a\n"
#: The chunk that ends a png.
END: Final = 12


def marked(content: bytes, kind: str) -> bytes:
    """Put the mark at the end of a file of a kind, if that has a place for one."""
    words = f"{WORDS}{digest(content)}"
    if kind == "png":
        data = b"tEXtComment\0" + words.encode()
        chunk = (len(data) - 4).to_bytes(4, "big") + data + zlib.crc32(data).to_bytes(4, "big")
        return content[:-END] + chunk + content[-END:]
    if kind not in COMMENTS:
        return content
    newline = b"" if content.endswith(b"\n") else b"\n"
    content += newline
    return content + COMMENTS[kind].format(f"{WORDS}{digest(content)}").encode() + b"\n"


def is_ours(there: bytes, new: bytes) -> bool:
    """Whether a file is as cnnspec left it; `new` is what is to take its place."""
    if not there:
        return True
    found = (_CHUNK if there.startswith(PNG) else _MARK).search(there)
    if found is not None:
        return found[1].decode() == digest(there[: found.start()] + there[found.end() :])
    unmarked = (_CHUNK if new.startswith(PNG) else _MARK).search(new) is None
    return unmarked and there.splitlines()[:2] == new.splitlines()[:2]
