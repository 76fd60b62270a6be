"""The stored list of weights' keys in their order: what checkpoints out there hold.

`tests/oracles/keys.txt` has every network that ships, in both frameworks. Keys are a tree, and
trees repeat: `layer1(0-2#7)` are the members 0, 1, 2 of `layer1`, each the tree that the line
`#7 = …` gives. `python -m tests.stored_keys` writes it from what is emitted now: a change of it
means that somebody's checkpoint, or optimiser's state, no longer loads.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "oracles" / "keys.txt"
#: A tree shorter than this is written where it is.
SHORT = 24

Tree = tuple[tuple[str, "Tree"], ...]


def tree(keys: Iterable[Sequence[str]]) -> Tree:
    """Put keys, each a row of segments, under their first segments; the order is kept."""
    groups: list[tuple[str, list[Sequence[str]]]] = []
    for first, *rest in keys:
        if not groups or groups[-1][0] != first or not rest or not groups[-1][1][-1]:
            groups.append((first, []))
        groups[-1][1].append(rest)
    return tuple((first, tree([each for each in rest if each])) for first, rest in groups)


def keys_of(found: Tree, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Give back the keys of a tree."""
    for first, below in found:
        if below:
            yield from keys_of(below, (*before, first))
        else:
            yield (*before, first)


def folded(found: dict[str, Tree]) -> str:
    """Write trees, each that comes up often once."""
    count: Counter[Tree] = Counter()

    def look(each: Tree) -> None:
        count[each] += 1
        if count[each] == 1:
            for _, below in each:
                look(below)

    for each in found.values():
        look(each)
    names: dict[Tree, str] = {}
    lines: list[str] = []

    def say(each: Tree) -> str:
        if not each:
            return ""
        if each in names:
            return names[each]
        parts: list[str] = []
        run: list[str] = []
        for position, (word, below) in enumerate(each):
            run.append(word)
            after = each[position + 1] if position + 1 < len(each) else None
            if (
                after is not None
                and after[1] == below
                and word.isdecimal()
                and after[0] == str(int(word) + 1)
            ):
                continue
            name = run[0] if len(run) == 1 else f"{run[0]}-{run[-1]}"
            parts.append(name + say(below))
            run = []
        text = f"({' '.join(parts)})"
        if count[each] > 1 and len(text) >= SHORT:
            names[each] = f"#{len(names)}"
            lines.append(f"{names[each]} = {text[1:-1]}")
            return names[each]
        return text

    rows = []
    for name, each in found.items():
        text = say(each)
        rows.append(f"{name} = {text[1:-1] if text.startswith('(') else text}")
    return "\n".join([*lines, *rows]) + "\n"


@cache
def stored() -> dict[str, tuple[str, ...]]:
    """Read the list: keys by `torch resnet50`, segments joined by dots (Keras: a slash at last)."""
    named: dict[str, Tree] = {}
    for line in FILE.read_text().splitlines():
        name, _, text = line.partition(" = ")
        words = re.findall(r"#\d+|[()]|[^\s()#]+", text)
        read, rest = _read(words, named)
        assert not rest, line
        named[name] = read
    return {
        name: tuple(map(".".join, keys_of(each)))
        for name, each in named.items()
        if not name.startswith("#")
    }


def _read(words: list[str], named: dict[str, Tree]) -> tuple[Tree, list[str]]:
    result: list[tuple[str, Tree]] = []
    while words and words[0] != ")":
        word, *words = words
        if word.startswith("#"):  # the whole of it is another's
            return named[word], words
        below: Tree = ()
        if words and words[0] == "(":
            below, words = _read(words[1:], named)
            assert words[0] == ")"
            words = words[1:]
        elif words and words[0].startswith("#"):
            below, words = named[words[0]], words[1:]
        first, dash, last = word.partition("-")
        members = [word]
        if dash and first.isdecimal() and last.isdecimal():
            members = [str(each) for each in range(int(first), int(last) + 1)]
        result += [(each, below) for each in members]
    return tuple(result), words


def torch_keys(name: str) -> list[str]:
    """Give the keys of the emitted module's state dict."""
    from tests.emitted import build

    return list(build(name, device="meta").state_dict())


def keras_keys(name: str) -> list[str]:
    """Give the paths of the emitted model's weights."""
    from cnnspec_keras.quiet import quietly
    from tests.emitted import network

    with quietly():
        return [each.path for each in network(name).build("keras").weights]


def as_stored(path: str) -> str:
    """Write a path of Keras as it is stored: segments of layers' names apart, `__` as `_`."""
    whole = path.replace("/", "_/").replace("__", "\0")
    return whole.replace("_", ".").replace("\0", "_")


def main() -> None:
    """Write the list anew."""
    from cnnspec import library

    found: dict[str, Tree] = {}
    for name in sorted(library.shipped()):
        found[f"torch {name}"] = tree([each.split(".") for each in torch_keys(name)])
    for name in sorted(library.shipped()):
        paths = [as_stored(each).split(".") for each in keras_keys(name)]
        found[f"keras {name}"] = tree(paths)
        print(name, flush=True)  # noqa: T201
    FILE.write_text(folded(found))


if __name__ == "__main__":
    main()
