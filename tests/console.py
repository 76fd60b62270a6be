"""Pages whose commands are run by tests: what stands below a command is what it prints."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

from cnnspec.cli import run

CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)$", re.MULTILINE)
FILE = re.compile(r"^`([\w.]+)`:\n\n```cnn\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def fresh(page: Path, said: Callable[[], str], *, statuses: tuple[int, ...] = (0,)) -> str:
    """Give a page as it is when its commands are run here; `said` gives what was printed since.

    Files that the page shows under their name are written first.
    """
    text = page.read_text("utf-8")
    for name, content in FILE.findall(text):
        Path(name).write_text(content, "utf-8")

    def anew(block: re.Match[str]) -> str:
        shown = "\n".join(map(printed, COMMAND.findall(block[1])))
        return f"```console\n{shown}```"

    def printed(command: str) -> str:
        name, *arguments = shlex.split(command.replace("\\\n", " "))
        assert name == "cnnspec"
        said()
        assert run(arguments) in statuses, command
        return f"$ {command}\n{said()}"

    return CONSOLE.sub(anew, text)
