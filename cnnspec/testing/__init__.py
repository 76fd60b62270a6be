"""What tests of backends are made of, ours and those of other distributions.

`steps` draws single steps from the operators' declarations, for Hypothesis; `program`, `generate`
and `shrink` make whole random networks; `conformance` is the suite that a backend passes. It needs
Hypothesis, which comes with `cnnspec[test]`.
"""

from cnnspec.testing.steps import (
    Attempt,
    Text,
    arguments,
    attempts,
    bound_ops,
    input_shapes,
    refused,
    shapes,
    text,
)

__all__ = [
    "Attempt",
    "Text",
    "arguments",
    "attempts",
    "bound_ops",
    "input_shapes",
    "refused",
    "shapes",
    "text",
]
