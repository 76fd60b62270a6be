"""`make bench-lsp`: how soon the language server answers a keystroke in a text of 1,500 lines.

The text is what ships, in one file. At random places things are typed, a character at a time, and
taken out again, over the protocol, as an editor does: a keystroke is answered when the diagnostics
and the inlay hints of the lines around are there. Most of these texts are broken, as texts are
that are typed. Where a keystroke reaches many networks some of them are worked out behind the
answer, and the text is settled when all are. Processor time is the server's; the memory is what it
has resident.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
import time
from pathlib import Path

from cnnspec import library
from tests.lsp_client import Editor

LINES = 1_500
AIM = 0.1
TYPED = (
    *(" -> relu", " -> conv(64, 3, pad = 1)", "\n    y = x -> bn -> relu", "2", "# a comment"),
    *(" -> dropout(0.2)", "stride = 2, ", "\n    if x.channels > 64 { x = x -> relu }"),
)
DEFAULTS = """\
default conv(bias = false)
default maxpool(size = 3, stride = 2)
default avgpool(size = 3, stride = 1, pad = 1)
"""
#: Lines above and below that an editor shows.
SCREEN = 40


def text() -> str:
    """Put what ships into one text, each file's names its own; facts hold of the files alone."""
    folder = Path(library.__file__).parent.parent / "specs"
    shared = (folder / "blocks.cnn").read_text("utf-8")
    own = set(_names(shared))
    parts = [DEFAULTS, shared]
    texts = {file: (folder / file).read_text("utf-8") for file in library.shipped_files()}
    alone = [
        (file.removesuffix(".cnn"), of)
        for file, of in texts.items()
        if file != "blocks.cnn" and not re.search(r'^use (?!"blocks)', of, re.MULTILINE)
    ]
    while sum(part.count("\n") for part in parts) < LINES:
        count = len(parts)
        parts += [_renamed(of, f"{name}_{count}", own) for name, of in alone]
    lines = "\n".join(parts).split("\n")
    last = max(n for n in range(LINES) if lines[n] == "}")
    return "\n".join(lines[: last + 1]) + "\n"


def _names(of: str) -> list[str]:
    return re.findall(r"^(?:(?:block|network)\s+)?(\w+)(?=\s*[(=])", of, re.MULTILINE)


def _renamed(of: str, tag: str, kept: set[str]) -> str:
    of = re.sub(r"^(use|default) .*\n", "", of, flags=re.MULTILINE)
    of = re.sub(r"expect \{[^{}]*\}", "", of)
    for name in set(_names(of)) - kept:
        of = re.sub(rf"(?<![\w.{{]){name}(?!\w)(?!\s*:)", f"{name}_{tag}", of)
    return of


#: Seconds until the answer, processor time of that, seconds until all is settled.
Keystroke = tuple[float, float, float]


class Typist(Editor):
    """An editor that measures."""

    def keystroke(self, name: str, now: str, version: int, line: int) -> Keystroke:
        """Send a text; give seconds until the answer and until it settles, and processor time."""
        uri = self.uri(name)
        began, spent = time.perf_counter(), self.processor()
        document = {"uri": uri, "version": version}
        self.tell("textDocument/didChange", textDocument=document, contentChanges=[{"text": now}])
        first, last = max(line - SCREEN, 0), line + SCREEN
        shown = {"start": {"line": first, "character": 0}, "end": {"line": last, "character": 0}}
        settled = self.ask_while("textDocument/inlayHint", textDocument={"uri": uri}, range=shown)
        answered, used = time.perf_counter(), self.processor()
        if not settled:
            self.told(uri)
        return answered - began, used - spent, time.perf_counter() - began


def typed_into(editor: Typist, whole: str, edits: int, chance: random.Random) -> list[Keystroke]:
    """Type so often into a text; memory is printed five times meanwhile."""
    figures: list[Keystroke] = []
    while len(figures) < edits:
        ends = [match.end() for match in re.finditer(r"[^\n]$", whole, re.MULTILINE)]
        at, typed = chance.choice(ends), chance.choice(TYPED)
        steps = [typed[:count] for count in range(1, len(typed) + 1)]
        for piece in [*steps, *reversed(steps[:-1]), ""]:
            now = whole[:at] + piece + whole[at:]
            version = len(figures) + 2
            figures.append(editor.keystroke("all.cnn", now, version, now.count("\n", 0, at)))
            if len(figures) % max(edits // 5, 1) == 0:
                count, memory = len(figures), editor.resident()
                print(f"  {count:6,} keystrokes: {memory:,.0f} MB resident", flush=True)
    return figures


def session(whole: str, edits: int, seed: int) -> list[Keystroke]:
    """Open a text in a server of its own, type, and print."""
    with tempfile.TemporaryDirectory() as folder:
        editor = Typist(Path(folder).resolve())
        began, spent = time.perf_counter(), editor.processor()
        mistakes = [each for each in editor.open("all.cnn", whole) if each["severity"] == 1]
        opened, used = time.perf_counter() - began, editor.processor() - spent
        print(
            f"{whole.count(chr(10)):,} lines, {len(mistakes)} mistakes, opened in {opened:.2f} s "
            f"({used:.2f} s of processor time)",
            flush=True,
        )
        figures = typed_into(editor, whole, edits, random.Random(seed))  # noqa: S311
        said = editor.close()
    assert "Traceback" not in said, said
    return figures


def main() -> int:
    """Type and print; the exit status is 1 if the aim is missed, in processor time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=2_000, help="into 1,500 lines")
    parser.add_argument("--memory", type=int, default=10_000, help="into a small text")
    parser.add_argument("--seed", type=int, default=1)
    how = parser.parse_args()
    spent = 0.0
    if how.edits:
        figures = session(text(), how.edits, how.seed)
        _report("answered (diagnostics and hints)", [each[0] for each in figures])
        spent = _report("processor time of the answer", [each[1] for each in figures])
        _report("settled", [each[2] for each in figures])
        print(f"aim: 95 % within {1000 * AIM:.0f} ms; {len(figures):,} keystrokes", flush=True)
    if how.memory:
        session(library.zoo_text("lenet5"), how.memory, how.seed)
    return 0 if spent <= AIM else 1


def _report(what: str, seconds: list[float]) -> float:
    ordered = sorted(seconds)
    median, most = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
    print(
        f"{what:34} median {1000 * median:5.0f} ms, 95th percentile {1000 * most:5.0f} ms, "
        f"most {1000 * ordered[-1]:5.0f} ms"
    )
    return most


if __name__ == "__main__":
    sys.exit(main())
