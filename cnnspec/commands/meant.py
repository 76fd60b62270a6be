"""What somebody meant who typed a word that is no command: a spec, or another program's word."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from cnnspec.diagnostics import nearest

#: What a command is for, where a spec was typed without one.
FOR_A_SPEC: Final = {
    "cost": "figures, layer by layer",
    "draw": "a picture",
    "check": "names, shapes and facts",
    "compile": "source",
}
#: Words of other programs, by the command here that does it.
WORDS: Final[Mapping[str, str]] = {
    word: command
    for command, words in {
        "cost": "summary info stats flops macs params parameters count profile table analyze "
        "analyse memory report describe size print",
        "draw": "plot show view visualize visualise graph render picture diagram image plot_model "
        "display export-svg dot",
        "compile": "build emit generate codegen export source make write translate torch pytorch "
        "keras tensorflow tf",
        "check": "validate lint test parse load run typecheck",
        "paths": "layers nodes names keys list-layers modules",
        "zoo": "list ls models networks catalog catalogue hub",
        "ops": "operators layers-list op operator",
        "convert": "weights checkpoint load-weights port",
        "import": "from-torch from_torch trace read-model",
        "verify": "prove equal equivalence validate-backends",
        "compare": "vs versus",
        "explain": "why error code errors",
        "fmt": "format black pretty prettify tidy",
        "diff": "changes difference",
        "backends": "targets frameworks",
    }.items()
    for word in words.split()
}
#: How a command is called on a spec, where it takes more than that.
MORE: Final = {"compile": " -b torch", "convert": " --spec resnet50 -o resnet50.weights.h5"}
#: Commands that take a spec.
OF_SPECS: Final = frozenset(
    ("check", "compare", "compile", "cost", "diff", "draw", "fmt", "paths", "verify")
)


def meant(word: str, rest: Collection[str], commands: Collection[str]) -> str:
    """Say what is wrong with a word that stands where a command should, and what to type."""
    if _is_spec(word):
        lines = [
            f"  cnnspec {command} {word}{MORE.get(command, '')}".ljust(44) + f"  {what}"
            for command, what in FOR_A_SPEC.items()
        ]
        return "\n".join([f"{word} is a spec, and what to do with it comes first:", *lines])
    title = f"there is no command {word!r}"
    if word in ("help", "version"):
        return f"{title}: `cnnspec --{word}`"
    command = WORDS.get(word.lower().replace("_", "-")) or WORDS.get(word.lower())
    if command not in commands:
        command = nearest(word, commands)
    if command is None:
        return f"{title}: `cnnspec --help` lists them"
    spec = next((each for each in rest if not each.startswith("-")), "SPEC")
    what = f" {spec}" if command in OF_SPECS else ""
    return f"{title}: did you mean `cnnspec {command}{what}{MORE.get(command, '')}`?"


def _is_spec(word: str) -> bool:
    """Whether a word is a spec's file, or the name of a network that ships."""
    from cnnspec import library

    file = word.partition(":")[0]
    if file.endswith(".cnn") or file.removesuffix(".cnn") in library.shipped():
        return True
    try:
        return Path(f"{file}.cnn").is_file()
    except (OSError, ValueError):
        return False
