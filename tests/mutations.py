"""Random mistakes in Python text: one place of a class changed, as a slip of an emitter's would."""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Iterator

KEYWORDS = ("stride", "padding", "bias", "inplace", "groups", "dilation", "keepdim", "eps")
NOT_MEANT = ("nn", "F", "torch", "super", "Tensor", "int", "bool", "self")

Place = tuple[ast.AST, str, int | None, ast.AST]


def mutated(text: str, chance: random.Random) -> str | None:
    """Change one place of a text's classes; None if none was found that can be changed."""
    tree = ast.parse(text)
    places = list(_places(tree))
    for _ in range(50):
        chosen = chance.randrange(len(places))
        changed = copy.deepcopy(tree)
        if _change(list(_places(changed)), chosen, chance):
            return ast.unparse(ast.fix_missing_locations(changed))
    return None


def _places(tree: ast.AST) -> Iterator[Place]:
    for each in ast.walk(tree):
        if isinstance(each, ast.ClassDef):
            for node in ast.walk(each):
                for name, value in ast.iter_fields(node):
                    signature = name == "args" and not isinstance(value, list)
                    if signature or name in ("annotation", "returns", "bases", "decorator_list"):
                        continue
                    if isinstance(value, ast.AST):
                        yield node, name, None, value
                    elif isinstance(value, list):
                        for place, part in enumerate(value):
                            if isinstance(part, ast.AST):
                                yield node, name, place, part


def _change(places: list[Place], chosen: int, chance: random.Random) -> bool:
    node, name, place, value = places[chosen]
    new: ast.AST | None = None
    match value:
        case ast.Constant(bool(was)):
            new = ast.Constant(not was)
        case ast.Constant(int(was)):
            new = ast.Constant(was + chance.choice((-1, 1)))
        case ast.Constant(float(was)):
            new = ast.Constant(was * 2)
        case ast.BinOp(left, ast.Sub() | ast.Div() as sign, right):
            new = ast.BinOp(right, sign, left)
        case ast.Call(_, [ast.expr() as first, *_]) if not isinstance(first, ast.Starred):
            new = first
        case ast.List([_, _, *_] as items):
            new = ast.List(items[::-1], ast.Load())
        case ast.keyword(word) if word in KEYWORDS:
            del getattr(node, name)[place]
            return True
        case ast.Assign() | ast.Expr() if name == "body" and len(getattr(node, name)) > 1:
            if "super()" in ast.unparse(value) or isinstance(value, ast.Expr):
                return False
            del getattr(node, name)[place]
            return True
        case ast.Name(word, ast.Load()) if word not in NOT_MEANT:
            words = [x.id for *_, x in places if isinstance(x, ast.Name) and x.id not in NOT_MEANT]
            new = ast.Name(chance.choice(words), ast.Load())
        case ast.Attribute(ast.Name("self"), _, ast.Load() as load):
            words = [x.attr for *_, x in places if _is_own(x)]
            new = ast.Attribute(ast.Name("self", ast.Load()), chance.choice(words), load)
    if new is None:
        return False
    if place is None:
        setattr(node, name, new)
    else:
        getattr(node, name)[place] = new
    return True


def _is_own(value: ast.AST) -> bool:
    return (
        isinstance(value, ast.Attribute)
        and isinstance(value.value, ast.Name)
        and value.value.id == "self"
    )
