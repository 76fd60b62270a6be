"""Python source as Python's own syntax tree: made of templates, compared, simplified.

Nodes are `ast` nodes. They are shared freely and never changed once made: what rewrites them makes
new ones (`rewritten`).
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final, TypeVar

LOAD: Final = ast.Load()
STORE: Final = ast.Store()
#: Fields that hold words, numbers, and what says how a name is used.
_PLAIN: Final = frozenset(("ctx", "id", "attr", "arg", "type_comment", "kind", "number"))
Statements = list[ast.stmt]
Tree = TypeVar("Tree", bound=ast.AST)


def name(word: str) -> ast.Name:
    """Read a variable."""
    return ast.Name(word, LOAD)


def literal(value: object) -> ast.expr:
    """Write a number, a word, a truth value, None, or a tuple of such."""
    if isinstance(value, tuple):
        return ast.Tuple([literal(each) for each in value], LOAD)
    if isinstance(value, int | float) and not isinstance(value, bool) and value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)  # type: ignore[arg-type]


@lru_cache(maxsize=1024)
def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def code(text: str, **parts: ast.expr) -> ast.expr:
    """Write an expression from a template: `code("v[i]", v=value, i=index)`."""
    template = _parsed(text)
    return substituted(template, parts) if parts else copied(template)


def copied(tree: Tree) -> Tree:
    """Copy a tree and all below it, as `copy.deepcopy` does in ten times the time."""
    kind = type(tree)
    own = getattr(tree, "__deepcopy__", None)
    if own is not None:
        result: Tree = own({})
        return result
    result = kind.__new__(kind)
    below = result.__dict__
    for key, value in tree.__dict__.items():
        if isinstance(value, ast.expr_context):  # there is one of each, and nothing below it
            below[key] = value
        elif isinstance(value, ast.AST):
            below[key] = copied(value)
        elif isinstance(value, list):
            below[key] = [copied(each) if isinstance(each, ast.AST) else each for each in value]
        else:
            below[key] = value
    return result


def substituted(tree: ast.expr, parts: Mapping[str, ast.expr]) -> ast.expr:
    """Put expressions for variables."""
    if not parts:
        return tree
    result = _Put(parts).visit(copied(tree))
    assert isinstance(result, ast.expr)
    return result


class _Put(ast.NodeTransformer):
    def __init__(self, parts: Mapping[str, ast.expr]) -> None:
        self.parts = parts

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.parts.get(node.id, node) if isinstance(node.ctx, ast.Load) else node


def call(function: str | ast.expr, *arguments: ast.expr, **keywords: ast.expr | None) -> ast.Call:
    """Write a call; a keyword that is None is left out."""
    callee = code(function) if isinstance(function, str) else function
    named = [ast.keyword(key, each) for key, each in keywords.items() if each is not None]
    return ast.Call(callee, list(arguments), named)


def member(value: ast.expr, word: str) -> ast.Attribute:
    """Write `value.word`."""
    return ast.Attribute(value, word, LOAD)


def assign(word: str, value: ast.expr) -> ast.Assign:
    """Write `word = value`."""
    return ast.Assign([ast.Name(word, STORE)], value, lineno=0)


def items(values: Iterable[ast.expr]) -> ast.List:
    """Write a list."""
    return ast.List(list(values), LOAD)


def tuples(value: ast.expr) -> ast.expr:
    """Lists as tuples: nobody changes them."""
    if isinstance(value, ast.List):
        return ast.Tuple([tuples(each) for each in value.elts], LOAD)
    match value:
        case ast.Call(ast.Name("enumerate" | "zip") as function, arguments, keywords):
            return ast.Call(function, [tuples(each) for each in arguments], keywords)
    return value


def same(one: ast.AST, other: ast.AST) -> bool:
    """Whether two trees are alike."""
    return type(one) is type(other) and dumped(one) == dumped(other)


def dumped(tree: ast.AST) -> str:
    """Say a tree as `ast.dump` does, which is slow where there is little to say."""
    if type(tree) is ast.Constant and isinstance(tree.value, str | int):
        return f"Constant(value={tree.value!r})"
    if type(tree) is ast.Name:
        return f"Name(id={tree.id!r}, ctx={type(tree.ctx).__name__}())"
    return ast.dump(tree)


def constant(tree: ast.AST, *values: object) -> bool:
    """Whether a tree is a literal; one of these values, if any is given."""
    if not isinstance(tree, ast.Constant):
        return False
    return not values or any(
        tree.value == each and type(tree.value) is type(each) for each in values
    )


def reads(tree: ast.AST | Iterable[ast.AST]) -> set[str]:
    """The variables that are read."""
    return {each.id for each in _names(tree) if is_load(each)}


def stores(tree: ast.AST | Iterable[ast.AST]) -> set[str]:
    """The variables that are given values."""
    return {each.id for each in _names(tree) if not is_load(each)}


def _names(tree: ast.AST | Iterable[ast.AST]) -> list[ast.Name]:
    result: list[ast.Name] = []
    pending = [tree] if isinstance(tree, ast.AST) else [*tree]
    for each in pending:  # it grows meanwhile
        if type(each) is ast.Name:
            result.append(each)
            continue
        for field in _below(type(each)):
            value = getattr(each, field, None)
            if isinstance(value, list):
                pending += [inner for inner in value if isinstance(inner, ast.AST)]
            elif isinstance(value, ast.AST):
                pending.append(value)
    return result


def is_load(each: ast.Name) -> bool:
    """Whether a name is read where it stands."""
    return isinstance(each.ctx, ast.Load)


def known(words: ast.expr) -> object:
    """The value of a literal, lists as tuples; None for what is no literal."""
    if isinstance(words, ast.List | ast.Tuple):
        values = [known(each) for each in words.elts]
        return None if None in values else tuple(values)
    return words.value if isinstance(words, ast.Constant) else None


def walk(tree: ast.AST | Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Walk a tree, or several, as `ast.walk` does, save for what says how a name is used."""
    for root in [tree] if isinstance(tree, ast.AST) else tree:
        pending = [root]
        for each in pending:  # it grows meanwhile
            yield each
            for field in _below(type(each)):
                value = getattr(each, field, None)
                if isinstance(value, ast.AST):
                    pending.append(value)
                elif isinstance(value, list):
                    pending += [inner for inner in value if isinstance(inner, ast.AST)]


def _below(kind: type[ast.AST]) -> tuple[str, ...]:
    """Give the fields in which other nodes may stand."""
    found = _BELOW.get(kind)
    if found is None:
        leaf = kind in (ast.Name, ast.Constant)
        fields = () if leaf else tuple(each for each in kind._fields if each not in _PLAIN)
        found = _BELOW[kind] = fields
    return found


#: What `_below` found, by kind of node.
_BELOW: Final[dict[type[ast.AST], tuple[str, ...]]] = {}


def size(tree: ast.AST) -> int:
    """How much there is to read in an expression: its names, literals and calls."""
    return sum(isinstance(each, ast.Name | ast.Constant | ast.Call) for each in walk(tree))


def has_call(tree: ast.AST) -> bool:
    """Whether something is called in an expression."""
    return any(isinstance(each, ast.Call) for each in walk(tree))


def rewritten(tree: ast.AST, change: Callable[[ast.AST], ast.AST | None]) -> ast.AST:
    """Rewrite: where `change` gives a node, this takes the place of what was there.

    What does not change is shared with the tree that was given.
    """
    found = change(tree)
    if found is not None:
        return found
    own = getattr(tree, "__deepcopy__", None)
    result: ast.AST = tree if own is None else own({})
    for field in _below(type(tree)):
        old = getattr(result, field, None)
        new: object = old
        if isinstance(old, ast.AST):
            new = rewritten(old, change)
        elif isinstance(old, list):
            every = [rewritten(x, change) if isinstance(x, ast.AST) else x for x in old]
            if any(one is not other for one, other in zip(every, old, strict=True)):
                new = every
        if new is not old:
            if result is tree:
                result = _shallow(tree)
            setattr(result, field, new)
    return result


def _shallow(tree: Tree) -> Tree:
    """Copy a node, and nothing below it."""
    result = type(tree).__new__(type(tree))
    result.__dict__.update(tree.__dict__)
    return result


def fold(tree: ast.expr) -> ast.expr:
    """Simplify: sums of whole numbers, `x * 1`, `[a, b][0]`, `v[len(v) - 1]`, decided choices."""
    result = _Fold().visit(copied(tree))
    assert isinstance(result, ast.expr)
    return result


class _Fold(ast.NodeTransformer):
    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        left, right, operator = node.left, node.right, node.op
        both = whole(left), whole(right)
        if both[0] is not None and both[1] is not None:
            worked_out = _arithmetic(both[0], operator, both[1])
            if worked_out is not None:
                return literal(worked_out)
        if isinstance(operator, ast.Mult):
            if constant(left, 1):
                return right
            if constant(right, 1):
                return left
        if isinstance(operator, ast.FloorDiv) and constant(right, 1):
            return left
        if isinstance(operator, ast.Add):
            if constant(left, 0):
                return right
            if constant(right, 0):
                return left
            if isinstance(left, ast.List) and isinstance(right, ast.List):
                return items([*left.elts, *right.elts])
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        value, index = node.value, node.slice
        place = whole(index)
        if (
            isinstance(value, ast.List | ast.Tuple)
            and place is not None
            and not any(isinstance(each, ast.Starred) for each in value.elts)
            and -len(value.elts) <= place < len(value.elts)
        ):
            return value.elts[place]
        if isinstance(index, ast.BinOp) and isinstance(index.op, ast.Sub):
            back = whole(index.right)
            if back and same(index.left, code("len(v)", v=value)):
                return ast.Subscript(value, literal(-back), node.ctx)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        self.generic_visit(node)
        left, right = node.left, node.comparators[0]
        if isinstance(left, ast.Constant) and isinstance(right, ast.Constant):
            return ast.Constant(bool(eval(ast.unparse(node))))  # noqa: S307 (two literals)
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        inner = node.operand
        if isinstance(node.op, ast.Not) and isinstance(inner, ast.Constant):
            return ast.Constant(not inner.value)
        if isinstance(node.op, ast.Not) and isinstance(inner, ast.UnaryOp):
            return inner.operand if isinstance(inner.op, ast.Not) else node
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.test, ast.Constant):
            return node.body if node.test.value else node.orelse
        return node.body if same(node.body, node.orelse) else node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "len" and len(node.args) == 1:
            (inner,) = node.args
            parts = inner.elts if isinstance(inner, ast.List | ast.Tuple) else None
            if parts is not None and not any(isinstance(each, ast.Starred) for each in parts):
                return ast.Constant(len(parts))
        return node


def whole(tree: ast.AST) -> int | None:
    """The whole number that a literal is."""
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        inner = whole(tree.operand)
        return None if inner is None else -inner
    found = isinstance(tree, ast.Constant) and type(tree.value) is int
    return tree.value if found and isinstance(tree, ast.Constant) else None  # type: ignore[return-value]


def _arithmetic(left: int, operator: ast.operator, right: int) -> int | None:
    match operator:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.FloorDiv() if right:
            return left // right
        case ast.Mod() if right:
            return left % right
    return None
