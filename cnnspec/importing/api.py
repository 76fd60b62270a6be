"""What Python users call: a model that they have, as a spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cnnspec.importing.imported import Imported, imported


def from_torch(
    model: object,
    *,
    input: Sequence[int] | Sequence[Sequence[int]] = (3, 224, 224),
    set: Mapping[str, Any] | None = None,
    name: str | None = None,
    heads: Mapping[str, float] | None = None,
    prove: bool = True,
) -> Imported:
    """Import a PyTorch model: a constructor, a module that lives already, or `module:callable`.

    `input` is the shape of its input, channels first, without a batch; a list of shapes for several
    inputs. `set` are the constructor's arguments, `heads` the weights of training heads' losses. A
    constructor is better than a module: its arguments' names become the blocks'. With `prove` false
    nothing is run on numbers. Raises SpecError for what a spec cannot say exactly.
    """
    return imported(
        model,
        kind="torch",
        set=set,
        inputs=_shapes(input),
        name=name,
        heads=heads,
        prove=prove,
    )


def from_keras(
    model: object, *, name: str | None = None, heads: Mapping[str, float] | None = None
) -> Imported:
    """Import a functional Keras model that lives, or a file: `model.keras`, `model.to_json()`'s.

    Nothing of a file is run. What only brings pixels to a scale, in front, is left out, and the
    report says so. Raises SpecError for what a spec cannot say exactly.
    """
    return imported(model, kind="keras", name=name, heads=heads)


def _shapes(given: Sequence[int] | Sequence[Sequence[int]]) -> list[tuple[int, ...]]:
    """Read one shape, or several."""
    several = [each for each in given if isinstance(each, Sequence)]
    if several:
        return [tuple(int(length) for length in each) for each in several]
    return [tuple(int(each) for each in given if not isinstance(each, Sequence))]
