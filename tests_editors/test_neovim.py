"""The language server in Debian's Neovim (0.7.2), headless, by the recipe of docs/editors.md."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
TEXT = """\
block unit(x, filters) {
    return x -> conv(filters, 3, padding = 1) -> relu
}

network n {
    image = input(3, 8, 8)
    x = image -> unit(4)
    output y = x -> gap -> dense(10)
}
"""


def recipe() -> str:
    """Give the recipe for this version from the page."""
    page = (HERE.parent / "docs" / "editors.md").read_text()
    part = page[page.index("**Neovim 0.7") :]
    match = re.search(r"^```lua\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)
    assert match is not None
    return match[1]


def test_neovim_is_answered(tmp_path: Path) -> None:
    command = f'{{ "{sys.executable}", "-m", "cnnspec", "lsp", "--stdio" }}'
    assert '{ "cnnspec", "lsp", "--stdio" }' in recipe()
    init = recipe().replace('{ "cnnspec", "lsp", "--stdio" }', command)
    (tmp_path / "init.lua").write_text(init)
    (tmp_path / "net.cnn").write_text(TEXT)
    answers = tmp_path / "answers.json"
    environment = {**os.environ, "ANSWERS": str(answers), "XDG_STATE_HOME": str(tmp_path)}
    done = subprocess.run(
        ["nvim", "--headless", "-u", "init.lua", "net.cnn", "-c", f"luafile {HERE / 'neovim.lua'}"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answers.is_file(), done.stderr
    found = json.loads(answers.read_text())
    assert (found["diagnostics"], found["mended"], found["renamed"]) == (True, True, True)
    assert found["said"] == ["conv has no argument `padding`\nhelp: write `pad`"]
    assert found["action"] == "write `pad`"
    assert found["hover"].startswith("```cnn\nblock unit(x, filters)")
    assert found["definition"] == 0
    mended = TEXT.replace("padding", "pad").replace("unit", "residual").split("\n")[:-1]
    assert found["text"] == mended
