"""Modules where their paths say: names of steps without labels, boxes of dotted paths."""

from __future__ import annotations

import ast
from dataclasses import replace

from cnnspec.emit import pytree as py
from cnnspec.emit.names import is_identifier
from cnnspec_torch.attributes import attribute
from cnnspec_torch.classes import looping
from cnnspec_torch.classes.lowered import operation
from cnnspec_torch.classes.projection import Path, Projection
from cnnspec_torch.classes.scan import sites
from cnnspec_torch.classes.values import (
    Box,
    Hard,
    Node,
    Nodes,
    Opened,
    Put,
    Reach,
    Segment,
    path_names,
    said,
)


def leaf(p: Projection, kind: str, path: Path | None) -> Path:
    """The name of a step without a label: its kind and number."""
    if path is not None:
        return path
    if kind in p.counted:
        return (counted_segment(p, kind),)
    number = p.ordinals[kind] = p.ordinals.get(kind, 0) + 1
    if kind in p.uncertain:
        return (f"?{kind}{number}",)
    if p.loops:
        return (turning_segment(p, kind, number),)
    return (f"{kind}{number}",)


def counted_segment(p: Projection, kind: str) -> Segment:
    """The name of a step without a label whose number is counted in both projections."""
    counter = p.counter(kind)
    for statements in (p.init, p.run):
        statements.append(ast.AugAssign(ast.Name(counter, py.STORE), ast.Add(), py.literal(1)))
    return ast.JoinedStr([ast.Constant(kind), ast.FormattedValue(py.name(counter), -1)])


def at_once(p: Projection, kind: str, value: Node | Nodes) -> Node | Nodes:
    """Work a value out at once where its module's name counts on."""
    if kind not in p.counted or p.straight:
        return value
    name = p.fresh("y")
    p.run.append(py.assign(name, value.tensor))
    channels = value.channels
    if py.reads(channels) & set(map(p.counter, p.counted)):
        variable = p.fresh(f"{name}_channels")
        p.moving.add(variable)
        p.init.append(py.assign(variable, channels))
        channels = py.name(variable)
    return replace(value, channels=channels, tensor=py.name(name))


def turning_segment(p: Projection, kind: str, number: int) -> Segment:
    """The name of a step without a label in a loop: its number runs on as the loop turns."""
    loop = p.loops[-1]
    variable, each = looping.counter_of(loop), sites(loop.body, kind)
    place = loop.numbered[kind] = loop.numbered.get(kind, 0) + 1
    if variable is None or each is None or len(p.loops) > 1:
        return f"?{kind}{number}"
    before = number - place + 1
    turned = py.fold(operation("*", [py.literal(each), py.name(variable)]))
    count = py.fold(operation("+", [turned, py.literal(before + place - 1)]))
    return ast.JoinedStr([ast.Constant(kind), ast.FormattedValue(count, -1)])


def put_free(
    p: Projection, word: str, path: Path | None, made: ast.expr, *, owns: bool, plain: bool = False
) -> Reach:
    """Put a module without weights: its name is not a checkpoint's."""
    if path is not None or owns:
        return put_module(p, leaf(p, word, path), made)
    if plain:
        name, count = word, 2
        while name in p.free or name in p.taken:
            name, count = f"{word}{count}", count + 1
    else:
        number = p.ordinals[word] = p.ordinals.get(word, 0) + 1
        name = f"{word}{number}"
    p.free[name] = name
    outer, loops = p.init, p.loops
    turning = {p.file.word(each) for loop in loops for each in loop.words | loop.bound}
    if loops and not py.reads(made) & turning and not p.straight:
        p.init, p.loops = loops[0].outside, []
    reach = put_module(p, (name,), made)
    p.init, p.loops = outer, loops
    return reach


def put_module(p: Projection, path: Path, made: ast.expr) -> Reach:
    """Put a module where its path says, and give what reaches it."""
    for each in path:
        if isinstance(each, str) and each.startswith("?"):
            p.needs.add(each[1:].rstrip("0123456789"))
    box = p.boxes[0]
    for segment in path[:-1]:
        box = open_box(p, box, segment)
    segment = path[-1]
    _only_once(box, segment, opened=False)
    put_before(p, box, segment)
    box.sites.append((segment, len(p.loops), None))
    if is_parameter(made):
        if box.number and not isinstance(segment, str):  # lists of modules hold no parameters
            raise Hard("a parameter in a group whose name is worked out")
        box.parameters.add(py.dumped(said(segment)))
    note_counting(p, box, segment)
    p.init.append(Put(box, said(segment), made))
    if isinstance(segment, str) and not box.number:
        p.taken.add(segment)
    return Reach(box, py.copied(said(segment)))


def open_box(p: Projection, parent: Box, segment: Segment) -> Box:
    """Open the box that a dotted path goes through, where its name is known first."""
    key = (parent.number, segment if isinstance(segment, str) else py.dumped(segment))
    if key in p.box_at:
        if not set(p.box_at[key].opened) <= set(p.ways):
            raise Hard("a group that is entered on other ways than those on which it begins")
        return p.box_at[key]
    _only_once(parent, segment, opened=True)
    parent.written.add(isinstance(segment, str))
    if parent.number and len(parent.written) > 1:
        raise Hard("a group whose name may be that of one whose name is worked out")
    word = segment if isinstance(segment, str) else "word"
    if not parent.number and not is_identifier(attribute(word)):
        raise Hard("a group whose name is no word of Python's")
    box = p.box_at[key] = Box(len(p.boxes), parent, segment, opened=tuple(p.ways))
    p.boxes.append(box)
    names = {each.id for each in path_names(box)}
    place, box.level = p.init, len(p.loops)
    for depth, loop in enumerate(p.loops):
        later = {p.file.word(word) for each in p.loops[depth:] for word in each.words | each.bound}
        later |= {each for inner in p.loops[depth:] for each in py.stores(inner.target)}
        if not names & later:
            place, box.level = loop.outside, depth
            break
    else:
        if p.loops:
            place = p.loops[-1].inside
    parent.sites.append((segment, box.level, box))
    if parent.number and box.level and place is p.loops[box.level - 1].inside:
        loops, init = p.loops, p.init
        p.loops, p.init = p.loops[: box.level], place
        note_counting(p, parent, segment)
        p.loops, p.init = loops, init
    place.append(Put(parent, said(segment), Opened(box)))
    return box


def _only_once(box: Box, segment: Segment, *, opened: bool) -> None:
    """Refuse a name that is a module's in one place and a group's in another."""
    if box.named.setdefault(py.dumped(said(segment)), opened) != opened:
        raise Hard("a name that is a group's as well as a module's")


def put_before(p: Projection, box: Box, segment: Segment) -> None:
    """Refuse a name that another module has already, save on another way of one decision."""
    if not isinstance(segment, str):
        return
    here = tuple(p.ways)
    for other in box.ways.get(segment, ()):
        mine = dict(here)
        if not any(mine.get(choice, arm) != arm for choice, arm in other):
            raise Hard("a name that two modules have")
    box.ways.setdefault(segment, []).append(here)


def note_counting(p: Projection, box: Box, segment: Segment) -> None:
    """Note whether the members of a box are named 0, 1, 2 as a loop turns."""
    counted = False
    if p.loops and p.init is p.loops[-1].inside and isinstance(segment, ast.JoinedStr):
        loop = p.loops[-1]
        variable = looping.counter_of(loop)
        parts = [each for each in segment.values if not py.constant(each, "")]
        (first, *more) = parts
        counted = (
            variable is not None
            and not more
            and isinstance(first, ast.FormattedValue)
            and py.same(first.value, py.name(variable))
            and box.level == len(p.loops) - 1
        )
    box.counts = counted and box.counts is not False


def is_parameter(made: ast.expr) -> bool:
    """Whether what is constructed is a parameter, and no module."""
    return isinstance(made, ast.Call) and py.same(made.func, py.code("nn.Parameter"))
