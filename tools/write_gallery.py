"""Write docs/gallery.md and its pictures: what is drawn by default, opened, and in other styles."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cnnspec
from cnnspec.draw import Look, View, drawing

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "docs" / "gallery"
PAGE: Final = ROOT / "docs" / "gallery.md"


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: the command that draws it, less its name, and what that means to `drawing`."""

    spec: str
    options: str = ""
    view: View | None = None
    look: Look | None = None
    style: str = "graph"

    def drawn(self) -> bytes:
        """Draw it."""
        graph = cnnspec.load(self.spec).elaborated
        return drawing(graph, style=self.style, view=self.view, look=self.look).content


PICTURES: Final = {
    "resnet50": Picture("resnet50"),
    "googlenet": Picture("googlenet"),
    "densenet121": Picture("densenet121"),
    "unet": Picture("unet"),
    "inception_v4": Picture("inception_v4"),
    "efficientnet_b0": Picture("efficientnet_b0"),
    "mobilenet_v2": Picture("mobilenet_v2"),
    "convnext_tiny": Picture("convnext_tiny"),
    "shufflenet_v2": Picture("shufflenet_v2_x1_0"),
    "vgg16_heat": Picture("vgg16", "--heat params", look=Look(heat="params")),
    "squeezenet_dark": Picture("squeezenet1_1", "--theme dark", look=Look(theme="dark")),
    "resnet18_print": Picture("resnet18", "--theme print", look=Look(theme="print")),
    "xception_colorblind": Picture("xception", "--theme colorblind", look=Look(theme="colorblind")),
    "resnet152_focus": Picture("resnet152", "--focus layer3.0", View(focus="layer3.0")),
    "inception_module": Picture("inception_bottleneck", "--all", View(all=True)),
    "lenet5_right": Picture(
        "lenet5", "--direction lr --layout hwc", look=Look(direction="lr", layout="hwc")
    ),
    "vgg16_volumes": Picture("vgg16", "--style volumes", style="volumes"),
    "unet_volumes": Picture("unet", "--style volumes", style="volumes"),
}
OPENING: Final = """# Gallery

What `cnnspec draw` makes, each with its command. This page and its pictures are generated
(`make docs`). By default as much of a network is opened as one portrait page holds with text of at
least 6 points; what repeats is folded, exactly, and says how often. A box says what it is, what
comes out, its parameters and its multiply-adds; its colour says which share of all multiply-adds
the box, repeats included, takes.
"""


def page() -> str:
    """Write the page."""
    parts = [OPENING]
    for name, picture in PICTURES.items():
        title = cnnspec.load(picture.spec).title
        command = " ".join(filter(None, ("cnnspec draw", picture.spec, picture.options)))
        parts.append(f"## {title}\n\n```sh\n{command}\n```\n\n![{title}](gallery/{name}.svg)\n")
    lenet = drawing(cnnspec.load("lenet5").elaborated, format="mermaid").content.decode()
    parts.append(
        "## LeNet-5, for a README\n\n```sh\ncnnspec draw lenet5 -o lenet5.md\n```\n\n"
        f"```mermaid\n{lenet}```\n"
    )
    return "\n".join(parts)


def settled(picture: bytes) -> bytes:
    """Give a picture without the lines of the spec, which move when a comment is written there."""
    return re.sub(rb'data-line="\d+"|\.cnn:\d+', b"", picture)


def stale() -> list[str]:
    """Name what is not as it would be written."""
    found = [] if PAGE.exists() and PAGE.read_text("utf-8") == page() else [PAGE.name]
    known = {file.stem for file in FOLDER.glob("*.svg")}
    for name, picture in PICTURES.items():
        file = FOLDER / f"{name}.svg"
        if name not in known or settled(file.read_bytes()) != settled(picture.drawn()):
            found.append(file.name)
    return found + sorted(known - PICTURES.keys())


def write() -> None:
    """Write the page and its pictures."""
    FOLDER.mkdir(exist_ok=True)
    for file in FOLDER.glob("*.svg"):
        if file.stem not in PICTURES:
            file.unlink()
    for name, picture in PICTURES.items():
        (FOLDER / f"{name}.svg").write_bytes(picture.drawn())
    PAGE.write_text(page(), "utf-8")


def main() -> None:
    """Write the gallery; with --check, name what is stale instead."""
    if "--check" not in sys.argv[1:]:
        write()
    elif found := stale():
        sys.exit("\n".join(f"docs/gallery: {each} is stale: `make docs`" for each in found))


if __name__ == "__main__":
    main()
