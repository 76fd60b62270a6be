"""Rewrites that are wrong are caught by the proof: one planted in each rule and container."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import pytest

import cnnspec
from cnnspec.emit import pytree as py
from cnnspec_torch.classes import containers, source
from cnnspec_torch.classes.values import Reach
from tests.torch_proofs import made, wrong

YOLO = "tests/specs/yolov8.cnn:yolov8n"
Statements = list[ast.stmt]


def changed(statements: Statements, change: Callable[[ast.AST], ast.AST | None]) -> Statements:
    return [py.rewritten(each, change) for each in statements]  # type: ignore[misc]


def backwards(part: ast.AST) -> ast.AST | None:
    """Loops go over members from the last."""
    if isinstance(part, ast.For) and "children" in ast.dump(part.iter):
        return ast.For(
            part.target, py.code("reversed(list(self.children()))"), part.body, [], lineno=0
        )
    return None


def first(part: ast.AST) -> ast.AST | None:
    """What is appended is put first."""
    if (
        isinstance(part, ast.Attribute)
        and part.attr == "append"
        and isinstance(part.value, ast.Name)
    ):
        return py.code("lambda each: v.insert(0, each)", v=part.value)
    return None


def doubled(part: ast.AST) -> ast.AST | None:
    """A sequence runs twice."""
    if isinstance(part, ast.Call) and isinstance(part.func, Reach) and len(part.args) == 1:
        return ast.Call(part.func, [ast.Call(part.func, part.args, [])], [])
    return None


def one_more(part: ast.AST) -> ast.AST | None:
    """A number is worked out that is another."""
    return ast.Constant(part.value + 1) if py.whole(part) == 2 else None  # type: ignore[attr-defined]


def no_sum(part: ast.AST) -> ast.AST | None:
    """What is added is left out."""
    if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Add):
        return part.left
    return None


#: A rule, what is wrong with what it gives, and a network that it is used for.
PLANTED: dict[str, tuple[Callable[[ast.AST], ast.AST | None], str]] = {
    "chains": (doubled, "efficientnet_b0"),
    "members": (backwards, "densenet121"),
    "appends": (first, YOLO),
    "copies": (no_sum, "resnet18"),
    "once": (no_sum, "resnet18"),
    "shared": (one_more, "squeezenet1_0"),
}


@pytest.mark.parametrize("rule", PLANTED)
def test_a_wrong_rewrite_is_caught(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    change, name = PLANTED[rule]
    right = getattr(source, rule)

    def planted(statements: Statements, *arguments: Any, **how: Any) -> Statements:
        return changed(right(statements, *arguments, **how), change)

    net = cnnspec.load(name)
    assert wrong(made(net), net) == []
    monkeypatch.setattr(source, rule, planted)
    assert wrong_or_stopped(net)


def wrong_or_stopped(net: cnnspec.Network) -> bool:
    try:
        return wrong(made(net), net) != []
    except Exception:  # noqa: BLE001 (a class that cannot be made is caught, too)
        return True


def test_members_that_stand_in_another_order_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = containers.Containers.put

    def planted(self: containers.Containers, put: Any) -> ast.stmt:
        statement = right(self, put)
        return changed([statement], turned)[0]

    def turned(part: ast.AST) -> ast.AST | None:
        if isinstance(part, ast.Attribute) and part.attr == "append":
            return py.code("lambda each: v.insert(0, each)", v=part.value)
        return None

    net = cnnspec.load("tests/specs/yolov8.cnn:yolov8m")
    assert wrong(made(net), net) == []
    monkeypatch.setattr(containers.Containers, "put", planted)
    assert wrong_or_stopped(net)
