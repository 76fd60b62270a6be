"""What Python users get: a mistake as the command line shows it."""

from __future__ import annotations

import pickle

import pytest

import cnnspec

WRONG = "network n {\n    image = input(3, 8, 8)\n    output y = image -> covn(3)\n}\n"
SHOWN = """\
error[unknown-name]: nothing is called `covn`
 --> text:3:25
   |
 3 |     output y = image -> covn(3)
   |                         ^^^^ not known here
   |
   = help: did you mean `conv`?"""


def test_a_mistake_reads_as_on_the_command_line() -> None:
    with pytest.raises(cnnspec.SpecError) as caught:
        cnnspec.loads(WRONG)
    assert str(caught.value) == SHOWN


def test_a_mistake_crosses_between_processes() -> None:
    with pytest.raises(cnnspec.SpecError) as caught:
        cnnspec.loads(WRONG)
    assert str(pickle.loads(pickle.dumps(caught.value))) == SHOWN
