"""Reads a pickle as data: what it lists is kept, and nothing that it names is looked up or called.

The standard library's `pickletools` reads the instructions; the machine here knows what each does
to a stack of plain values. Where Python would call something, an inert `Made` says what and with
what. Every instruction takes a bounded step and makes at most one object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pickletools import genops
from typing import Any, Final, NamedTuple

#: How many instructions are followed: a state dict has about 40 a tensor.
MOST: Final = 3_000_000


class Global(NamedTuple):
    """Something that a pickle names: a class or a function, `torch._utils._rebuild_tensor_v2`."""

    name: str


@dataclass(slots=True, eq=False)
class Made:
    """What Python would get by calling something; it was not called."""

    of: Any
    args: Any = ()
    #: What was put into it by keys, as into a dict.
    items: dict[str, Any] | None = None
    state: Any = None

    @property
    def name(self) -> str:
        """What would be called; empty if that was itself made."""
        return self.of.name if isinstance(self.of, Global) else ""


class NotRead(Exception):
    """A pickle that is cut off, broken, or too long."""


class Listed(NamedTuple):
    """What a pickle holds, what it says of each thing that stands outside, and what it names."""

    value: Any
    outside: tuple[Any, ...]
    names: tuple[str, ...]


def read(file: BytesIO) -> Listed:
    """Read the pickle at a file's place, and leave the place behind it.

    Dicts, lists, tuples, numbers and strings are themselves; sets are lists. Of a dict only what
    has a name is kept: other keys can take forever to compare. Raises NotRead.
    """
    machine = _Machine()
    try:
        for count, (instruction, argument, _) in enumerate(genops(file)):
            if count >= MOST:
                raise NotRead("it is too long for a network")
            if instruction.name == "STOP":
                return Listed(machine.stack.pop(), tuple(machine.outside), tuple(machine.names))
            machine.step(instruction.name, argument)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError) as failure:
        raise NotRead(str(failure)[:200]) from None
    raise NotRead("it has no end")


def items(value: Any) -> Mapping[str, Any] | None:
    """Give what a dict, or what is filled like one, holds by its keys; None for others."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, Made):
        return None
    if value.items is not None or value.name != "collections.OrderedDict":
        return value.items
    pairs = value.args[0] if isinstance(value.args, tuple) and value.args else ()
    if not isinstance(pairs, list):
        return {}
    return {
        pair[0]: pair[1]
        for pair in pairs
        if isinstance(pair, list | tuple) and len(pair) == 2 and isinstance(pair[0], str)
    }


class _Machine:
    """A stack, and what lies below each mark; values that may be asked for again by number."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []
        self.memo: dict[int, Any] = {}
        self.outside: list[Any] = []
        self.names: dict[str, None] = {}

    def step(self, name: str, argument: Any) -> None:
        """Carry out one instruction."""
        if name in _PUSHES:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name]())
        elif name in ("BINPUT", "LONG_BINPUT", "PUT"):
            self.memo[int(argument)] = self.stack[-1]
        elif name in ("BINGET", "LONG_BINGET", "GET"):
            self.stack.append(self.memo[int(argument)])
        elif name not in ("PROTO", "FRAME"):
            _STEPS[name](self, argument)

    def since_mark(self) -> list[Any]:
        """Take what was put on since the last mark."""
        taken, self.stack = self.stack, self.below.pop()
        return taken

    def top(self, count: int) -> Iterator[Any]:
        """Take values from the top, in the order in which they were put on."""
        taken = self.stack[-count:]
        if len(taken) < count:
            raise ValueError("it takes more than there is")
        del self.stack[-count:]
        return iter(taken)


#: Instructions that put what they hold on the stack.
_PUSHES: Final = frozenset(
    (
        *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
        *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE"),
        *("BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    )
)
_CONSTANTS: Final[Mapping[str, Callable[[], Any]]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple,
    "EMPTY_SET": list,
}


def _mark(machine: _Machine, _: Any) -> None:
    machine.below.append(machine.stack)
    machine.stack = []


def _pop(machine: _Machine, _: Any) -> None:
    if machine.stack:
        machine.stack.pop()
    else:
        machine.since_mark()


def _tuple(count: int) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.stack.append(tuple(machine.top(count)))


def _gathered(make: Callable[[list[Any]], Any]) -> Callable[[_Machine, Any], None]:
    def step(machine: _Machine, _: Any) -> None:
        taken = machine.since_mark()
        machine.stack.append(make(taken))

    return step


def _pairs(taken: list[Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in zip(taken[::2], taken[1::2], strict=True)
        if isinstance(key, str)
    }


def _put(machine: _Machine, taken: list[Any]) -> None:
    target = machine.stack[-1]
    if isinstance(target, Made):
        target.items = target.items or {}
        target = target.items
    if not isinstance(target, dict):
        raise ValueError("it puts keys into what takes none")  # noqa: TRY004 - as `read` expects
    target.update(_pairs(taken))


def _extend(machine: _Machine, taken: list[Any]) -> None:
    target = machine.stack[-1]
    if isinstance(target, list):
        target.extend(taken)
    elif not isinstance(target, Made):
        raise ValueError("it adds to what is no list")  # noqa: TRY004 - as `read` expects


def _build(machine: _Machine, _: Any) -> None:
    state = machine.stack.pop()
    if isinstance(target := machine.stack[-1], Made):
        target.state = state


def _called(machine: _Machine, _: Any) -> None:
    of, args = machine.top(2)
    machine.stack.append(Made(of, args))


def _called_with_names(machine: _Machine, _: Any) -> None:
    of, args, _names = machine.top(3)
    machine.stack.append(Made(of, args))


def _object(machine: _Machine, _: Any) -> None:
    of, *args = machine.since_mark()
    machine.stack.append(Made(of, tuple(args)))


def _global(machine: _Machine, argument: str) -> None:
    name = argument.replace(" ", ".", 1)
    machine.names[name] = None
    machine.stack.append(Global(name))


def _stack_global(machine: _Machine, _: Any) -> None:
    module, name = machine.top(2)
    _global(machine, f"{module:s} {name:s}")


def _instance(machine: _Machine, argument: str) -> None:
    _global(machine, argument)
    of = machine.stack.pop()
    args = machine.since_mark()
    machine.stack.append(Made(of, tuple(args)))


def _persistent(machine: _Machine, _: Any) -> None:
    machine.outside.append(machine.stack.pop())
    machine.stack.append(Made(PERSISTENT, machine.outside[-1]))


def _memoize(machine: _Machine, _: Any) -> None:
    machine.memo[len(machine.memo)] = machine.stack[-1]


#: What stands outside the pickle: `args` says where.
PERSISTENT: Final = Global("persistent")
_STEPS: Final[Mapping[str, Callable[[_Machine, Any], None]]] = {
    "MARK": _mark,
    "POP": _pop,
    "POP_MARK": lambda machine, _: machine.since_mark().clear(),
    "DUP": lambda machine, _: machine.stack.append(machine.stack[-1]),
    "TUPLE": _gathered(tuple),
    "TUPLE1": _tuple(1),
    "TUPLE2": _tuple(2),
    "TUPLE3": _tuple(3),
    "LIST": _gathered(list),
    "DICT": _gathered(_pairs),
    "FROZENSET": _gathered(lambda _: []),
    "APPEND": lambda machine, _: _extend(machine, [machine.stack.pop()]),
    "APPENDS": lambda machine, _: _extend(machine, machine.since_mark()),
    "ADDITEMS": lambda machine, _: machine.since_mark().clear(),
    "SETITEM": lambda machine, _: _put(machine, list(machine.top(2))),
    "SETITEMS": lambda machine, _: _put(machine, machine.since_mark()),
    "GLOBAL": _global,
    "STACK_GLOBAL": _stack_global,
    "INST": _instance,
    "OBJ": _object,
    "REDUCE": _called,
    "NEWOBJ": _called,
    "NEWOBJ_EX": _called_with_names,
    "BUILD": _build,
    "BINPERSID": _persistent,
    "MEMOIZE": _memoize,
}
