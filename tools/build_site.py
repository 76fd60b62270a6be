"""Build the documentation site in build/site: README and docs/ as pages, every link checked.

Pages stand in the repository as people read them there, so links go to `docs/x.md`; here they are
gathered into one folder and go to `x.md`. The search works without a server.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "build" / "site-docs"
SITE = ROOT / "build" / "site"
#: What lets a page that is a file have a worker: the npm package iframe-worker, and its address.
SHIM = ROOT / "build" / "site-npm" / "node_modules" / "iframe-worker" / "shim" / "index.js"
SHIM_ADDRESS = "https://unpkg.com/iframe-worker/shim"
#: What stands at the top of the repository, and the page that it becomes.
TOP = {
    "README.md": "index.md",
    **{each: each for each in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")},
    "CODE_OF_CONDUCT.md": "CODE_OF_CONDUCT.md",
    "LICENSE": "LICENSE.md",
}
#: What pages link to that is no page.
BESIDE = ("CITATION.cff",)
_FROM_DOCS = re.compile(r"\]\(\.\./(?=[A-Z_]+\.(?:md|cff)\b)")
_LINK = re.compile(r"(?<=\]\()([^)#:]+)(?=[)#])")


def main() -> None:
    """Gather the pages, then have MkDocs build them; a link that leads nowhere ends it."""
    shutil.rmtree(PAGES, ignore_errors=True)
    shutil.copytree(ROOT / "docs", PAGES)
    for each in PAGES.rglob("*.md"):
        text = each.read_text(encoding="utf-8")
        each.write_text(_FROM_DOCS.sub("](", text), encoding="utf-8")
    for name in BESIDE:
        shutil.copy(ROOT / name, PAGES / name)
    for name, page in TOP.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        (PAGES / page).write_text(_LINK.sub(_moved, text), encoding="utf-8")
    (PAGES / "errors" / "index.md").write_text(_errors(), encoding="utf-8")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", ROOT / "mkdocs.yml"],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        wrong = [each for each in built.stderr.splitlines() if each.startswith(("WARN", "ERR"))]
        sys.exit("\n".join([*(wrong or [built.stderr]), "the site is not built"]))
    _without_net()
    print(f"the site: {len([*PAGES.rglob('*.md')])} pages, build/site/index.html")


def _without_net() -> None:
    """Have pages that are opened as files search with a script of their own, not one from the net.

    MkDocs Material names that script by its address; `make site` has installed it.
    """
    shutil.copy(SHIM, SITE / "assets" / "javascripts" / "iframe-worker.js")
    for page in SITE.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        up = "../" * (len(page.relative_to(SITE).parts) - 1)
        text = text.replace(SHIM_ADDRESS, f"{up}assets/javascripts/iframe-worker.js")
        page.write_text(text, encoding="utf-8")


def _moved(link: re.Match[str]) -> str:
    """Give a link from the top of the repository as one from the folder of pages."""
    name = TOP.get(link[0], link[0].removeprefix("docs/"))
    return "errors/index.md" if name.rstrip("/") == "errors" else name


def _errors() -> str:
    """List the pages of diagnostics, each by its first sentence."""
    lines = ["# Errors and warnings", "", "`cnnspec explain CODE` shows the same pages.", ""]
    for page in sorted((ROOT / "docs" / "errors").glob("*.md")):
        words = page.read_text(encoding="utf-8").split("\n\n")[1].replace("\n", " ")
        lines.append(f"- [{page.stem}]({page.name}): {words.partition('. ')[0].rstrip('.')}.")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
