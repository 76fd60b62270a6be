"""Modules by their words: attributes, and members of dictionaries, lists and sequences."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from cnnspec.emit import pytree as py
from cnnspec.emit.names import is_identifier
from cnnspec_torch.attributes import attribute
from cnnspec_torch.classes.values import Box, Opened, Put, Reach, said

KINDS = {"dict": "nn.ModuleDict()", "list": "nn.ModuleList()", "sequential": "nn.Sequential()"}


@dataclass(frozen=True, slots=True)
class Containers:
    """Writes where modules stand. `straight` says that the class is itself a sequence."""

    straight: bool = False
    #: The constructor's name for a sequence that it fills; empty: there is none.
    stage: str = ""

    def reached(self, box: Box, segment: ast.expr) -> ast.expr:
        """Write a module where it is used."""
        key = keyed(segment)
        if box.kind == "self":
            if isinstance(key, ast.Constant) and is_identifier(str(key.value)):
                return py.code(f"self.{word_of(key)}")
            if isinstance(key, ast.Constant):
                found = "parameter" if py.dumped(segment) in box.parameters else "submodule"
                return py.call(f"self.get_{found}", key)
            return py.call("getattr", py.name("self"), key)
        at = self.place(box)
        if py.dumped(segment) in box.parameters and isinstance(key, ast.Constant):
            return py.member(at, word_of(key))
        if box.kind == "dict":
            return ast.Subscript(at, key, py.LOAD)
        number = _number(key)
        if number is not None and (box.kind == "list" or box.counts):
            return ast.Subscript(at, number, py.LOAD)
        return py.call("getattr", at, key)

    def place(self, box: Box) -> ast.expr:
        """Write a box where it is used."""
        if box.parent is None:
            return py.name("self")
        if self.is_stage(box):
            return py.name(self.stage)
        return self.reached(box.parent, said(box.segment))

    def is_stage(self, box: Box) -> bool:
        """Whether a sequence has a name that is worked out: the constructor has another for it."""
        named = not isinstance(box.segment, str)
        outer = box.parent is not None and box.parent.kind == "self"
        return bool(self.stage) and named and outer and box.kind == "sequential"

    def put(self, put: Put) -> ast.stmt:
        """Write a module being put where it belongs."""
        box, key = put.box, keyed(put.segment)
        made = self.words(put.made)
        if isinstance(put.made, Opened) and self.is_stage(put.made.box):
            made = py.name(self.stage)
        if box.kind == "self":
            if isinstance(key, ast.Constant) and is_identifier(str(key.value)):
                return ast.Assign([py.code(f"self.{word_of(key)}")], made, lineno=0)
            kind = (
                "register_parameter" if py.dumped(put.segment) in box.parameters else "add_module"
            )
            return ast.Expr(py.call(f"self.{kind}", key, made))
        at = self.place(box)
        if py.dumped(put.segment) in box.parameters:
            return ast.Expr(ast.Call(py.member(at, "register_parameter"), [key, made], []))
        if box.kind == "dict":
            return ast.Assign([ast.Subscript(at, key, py.STORE)], made, lineno=0)
        if box.kind == "list" or box.counts:
            return ast.Expr(ast.Call(py.member(at, "append"), [made], []))
        return ast.Expr(ast.Call(py.member(at, "add_module"), [key, made], []))

    def words(self, tree: ast.expr) -> ast.expr:
        """Write all modules that an expression speaks of."""

        def change(part: ast.AST) -> ast.AST | None:
            if isinstance(part, Reach):
                return self.reached(part.box, part.segment)
            if isinstance(part, Opened):
                return py.code(KINDS[part.box.kind])
            return None

        result = py.rewritten(tree, change)
        assert isinstance(result, ast.expr)
        return result

    def statements(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        """Write all modules that statements speak of."""
        result: list[ast.stmt] = []
        for each in statements:
            opened = each.made if isinstance(each, Put) else None
            if isinstance(opened, Opened) and self.is_stage(opened.box):
                result.append(py.assign(self.stage, py.code("nn.Sequential()")))
            result.append(self._statement(each))
        return result

    def _statement(self, statement: ast.stmt) -> ast.stmt:
        if isinstance(statement, Put):
            return self.put(statement)
        if isinstance(statement, ast.For):
            body = self.statements(statement.body)
            return ast.For(statement.target, self.words(statement.iter), body, [], lineno=0)
        if isinstance(statement, ast.If):
            body, orelse = map(self.statements, (statement.body, statement.orelse))
            return ast.If(self.words(statement.test), body, orelse)

        def change(part: ast.AST) -> ast.AST | None:
            if isinstance(part, Reach):
                return self.reached(part.box, part.segment)
            return None

        result = py.rewritten(statement, change)
        assert isinstance(result, ast.stmt)
        return result


def word_of(key: ast.Constant) -> str:
    """The word that a key is."""
    assert isinstance(key.value, str)
    return key.value


def keyed(segment: ast.expr) -> ast.expr:
    """A segment as a key: a word that modules have themselves gets a `_`; `str(i)`, an f-string."""
    if isinstance(segment, ast.Constant):
        return ast.Constant(attribute(str(segment.value)))
    if isinstance(segment, ast.JoinedStr):
        parts = [each for each in segment.values if not py.constant(each, "")]
        if len(parts) == 1 and isinstance(parts[0], ast.FormattedValue):
            return py.call("str", parts[0].value)
    return segment


def _number(key: ast.expr) -> ast.expr | None:
    """The number that a key says."""
    if isinstance(key, ast.Call) and py.same(key.func, py.name("str")):
        return key.args[0]
    if isinstance(key, ast.Constant) and str(key.value).isdecimal():
        return py.literal(int(str(key.value)))
    return None
