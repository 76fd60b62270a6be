"""Replay N random edits of the specs that ship through the language server's protocol.

After each edit the diagnostics that come are those of the text as it is then, by `check`'s own
words, and questions about random places are answered. An exception in the server's log fails.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

from cnnspec import library
from cnnspec.editing.sheet import sheet_of
from cnnspec.source import Source
from tests.lsp_client import Editor

PIECES = (
    *("->", "(", ")", "{", "}", "[", "]", ",", "=", " ", "\n", "conv", "bn", "x", "1", '"', "#"),
    *("if", "for i in range(3) {", "output", "return", "stride = 2", "é", "\U0001d518", "\t"),
)
ASKED = ("hover", "definition", "references", "completion", "prepareRename")


def replay(editor: Any, *, count: int, seed: int) -> int:
    """Replay edits; give how many were held. Raises AssertionError at the first that is not."""
    chance = random.Random(seed)  # noqa: S311
    files = [library.zoo_text(each) for each in library.shipped()]
    done = 0
    while done < count:
        text = chance.choice(files)
        name = f"n{done}.cnn"
        _held(editor.open(name, text), text, name, seed)
        for version in range(2, 2 + min(chance.randint(3, 12), count - done)):
            at = chance.randrange(len(text) + 1)
            text = text[:at] + chance.choice(PIECES) + text[at + chance.randint(0, 3) :]
            _held(editor.change(name, text, version), text, name, seed)
            line = chance.randrange(text.count("\n") + 1)
            asked = f"textDocument/{chance.choice(ASKED)}"
            more = {"context": {"includeDeclaration": True}} if asked.endswith("references") else {}
            answer = editor.asked(
                asked,
                textDocument={"uri": editor.uri(name)},
                position={"line": line, "character": chance.randrange(60)},
                **more,
            )
            assert "error" not in answer, (seed, name, answer)
            done += 1
        editor.shut(name)
    return done


def _held(told: list[dict[str, Any]], text: str, name: str, seed: int) -> None:
    """Hold what was told to the mistakes of the text as it is now."""
    expected = [each.code for each in sheet_of(Source(name, text), None).diagnostics]
    assert [each["code"] for each in told] == expected, (seed, name)


def main() -> int:
    """Replay and print; the exit status is 1 if something was not held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    how = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        editor = Editor(Path(folder).resolve())
        done = replay(editor, count=how.count, seed=how.seed)
        said = editor.close()
    print(f"{done:,} edits, seed {how.seed}: {said.count('Traceback')} exceptions in the log")
    return 1 if "Traceback" in said else 0


if __name__ == "__main__":
    sys.exit(main())
