"""Replay N random edits of the specs that ship through the language server's protocol.

Of a text that is edited step by step, the diagnostics that come are held against those of the same
text read by itself: after one edit in `HELD` and after the last. Questions about random places are
answered after each. An exception in the server's log fails.
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
#: One edit in so many is held against the text read by itself.
HELD = 5
#: It is said how far it is each so many edits.
PRINTED = 1_000
ASKED = (
    *("hover", "definition", "references", "completion", "prepareRename", "signatureHelp"),
    *("codeLens", "codeAction", "inlayHint"),
)


def replay(editor: Any, *, count: int, seed: int) -> int:
    """Replay edits; give how many were held. Raises AssertionError at the first that is not."""
    chance = random.Random(seed)  # noqa: S311
    files = [library.zoo_text(each) for each in library.shipped()]
    done = 0
    while done < count:
        text = chance.choice(files)
        name = f"n{done}.cnn"
        _held(editor.open(name, text), text, editor.folder / name, seed)
        last = 1 + min(chance.randint(5, 30), count - done)
        for version in range(2, last + 1):
            at = chance.randrange(len(text) + 1)
            text = text[:at] + chance.choice(PIECES) + text[at + chance.randint(0, 3) :]
            told = editor.change(name, text, version)
            if version == last or not chance.randrange(HELD):
                _held(told, text, editor.folder / name, seed)
            line = chance.randrange(text.count("\n") + 1)
            asked = f"textDocument/{chance.choice(ASKED)}"
            answer = editor.asked(
                asked,
                textDocument={"uri": editor.uri(name)},
                **_besides(asked.partition("/")[2], line, chance.randrange(60)),
            )
            assert "error" not in answer, (seed, name, answer)
            done += 1
        editor.shut(name)
        if done % PRINTED < last:
            print(f"{done:,} edits, seed {seed}: nothing stale", flush=True)
    return done


def _besides(asked: str, line: int, character: int) -> dict[str, Any]:
    """Give what a request has besides its document."""
    if asked == "codeLens":
        return {}
    ends = {"start": {"line": line, "character": 0}, "end": {"line": line + 9, "character": 0}}
    if asked == "inlayHint":
        return {"range": ends}
    if asked == "codeAction":
        return {"range": ends, "context": {"diagnostics": []}}
    more = {"context": {"includeDeclaration": True}} if asked == "references" else {}
    return {"position": {"line": line, "character": character}, **more}


def _held(told: list[dict[str, Any]], text: str, file: Path, seed: int) -> None:
    """Hold what was told to the mistakes of the text as it is now."""
    expected = [each.code for each in sheet_of(Source(str(file), text), file.parent).diagnostics]
    assert [each["code"] for each in told] == expected, (seed, file.name)


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
