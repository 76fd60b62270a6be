"""What PyTorch's wrappers put into the names of a state dict, and whose it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

#: Segments that no other module is called, wherever they stand in a name.
ANYWHERE: Final = {
    "_orig_mod": "torch.compile",
    "_fsdp_wrapped_module": "FullyShardedDataParallel",
    "_checkpoint_wrapped_module": "activation checkpointing",
    "_forward_module": "Lightning Fabric",
}
#: The segment that stands before all others.
FIRST: Final = "module"
FIRST_OF: Final = "DataParallel, DistributedDataParallel or AveragedModel"
#: What AveragedModel counts beside the network that it averages.
COUNTED: Final = "n_averaged"


def unwrapped(name: str) -> str:
    """Take off what wrappers put into a name.

    >>> unwrapped("module._orig_mod.layer1.0.weight"), unwrapped("head.module.weight")
    ('layer1.0.weight', 'head.module.weight')
    """
    segments = [each for each in name.split(".") if each not in ANYWHERE]
    while len(segments) > 1 and segments[0] == FIRST:
        segments.pop(0)
    return ".".join(segments)


def without_wrappers(
    found: Iterable[str], wanted: Collection[str]
) -> tuple[dict[str, str], tuple[str, ...], tuple[str, ...]]:
    """Give the names of a state dict by what they are without wrappers, what was done, what is not.

    Names stay as they are unless that gives the network a tensor that it lacks, and where two would
    become one. What is not of the network is a wrapper's own.
    """
    names = list(found)
    short = {unwrapped(name): name for name in names}
    there = set(names)
    gained = any(new in wanted and new not in there for new in short)
    if not gained or len(short) < len(names):
        return {name: name for name in names}, (), ()
    own = [name for name in names if name == COUNTED and COUNTED not in wanted]
    said = tuple(
        f"took `{word}.` off {_many(names, word)}: {whose} put it there"
        for word, whose in {FIRST: FIRST_OF, **ANYWHERE}.items()
        if any(word in name.split(".") for name in names if unwrapped(name) != name)
    )
    return {new: old for new, old in short.items() if old not in own}, said, tuple(own)


def _many(names: Iterable[str], word: str) -> str:
    count = sum(word in name.split(".") for name in names)
    return f"{count:,} names" if count != 1 else "one name"
