"""Random numbers, tests, steps and flows in the words of a body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cnnspec.testing.scope import Flowing, Parameter, Scope, Signature, unknown

Drawn = tuple[str, Flowing]
#: Steps that leave channels and places as they are, of images and of vectors.
KEEPING: Final = (
    *("relu", "relu", "tanh", "silu", "relu6", "hardswish", "bn", "bn", "elu(alpha = 0.5)"),
    *("leaky_relu(0.2)", "layer_scale(init = 0.5)", "prelu", "dropout(0.2)", "ln", "identity"),
    *("drop_path(0.1)", "gn(groups = 1)", "bn(eps = 0.01)", "softmax", "gelu", "sigmoid"),
    *("scale(0.5)", "prelu(init = 0.1)", 'gelu(approximate = "tanh_form")', "mish"),
)
#: Those of images alone.
IMAGES: Final = (
    *("maxpool(3, 1, pad = 1)", "avgpool(3, 1, pad = 1)", "dwconv(3, pad = 1)", "lrn(3)"),
    *("spatial_dropout(0.2)", "dwconv(3, pad = 1, bias = false)"),
)
#: What a block may be given for a step that leaves channels as they are.
GIVEN: Final = (
    *("relu", "relu", "tanh", "silu", "bn", "elu(alpha = 0.5)", "layer_scale(init = 0.5)"),
    *("layer_scale", "prelu(init = 0.1)", "dropout(0.2)", "ln", "identity", "gn(groups = 1)"),
    *(
        "bn(eps = 0.01)",
        "softmax",
        'gelu(approximate = "tanh_form")',
        "hardswish",
        "leaky_relu(0.2)",
    ),
    *("scale(0.5)", "prelu", "sigmoid"),
)
UNITS: Final = ("conv(size = 1)", "conv(size = 3, pad = 1)", "conv", "conv(bias = false)")


class Flows:
    """Draws in one scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.random = scope.random

    def one(self, *ways: Callable[[], str]) -> str:
        """Take one of several ways."""
        return self.random.choice(ways)()

    # --- data

    def number(self, deep: int = 0) -> str:
        """A number: a literal, a name, a calculation."""
        scope, random = self.scope, self.random
        names = scope.of("number")
        rows = scope.of("row")
        kind = random.random()
        if deep > 1 or kind < 0.25 or (kind < 0.6 and not names):
            return str(random.choice((1, 2, 3, 4, 6)))
        if kind < 0.6:
            return random.choice(names)
        if kind < 0.66 and scope.nodes:
            return f"{random.choice(list(scope.nodes))}.channels"
        if kind < 0.7 and rows:
            row = random.choice(rows)
            return random.choice(
                (f"{row}[0]", f"len({row})", f"sum({row})", f"{row}[len({row}) - 1]")
            )
        if kind < 0.73:
            return random.choice(("TABLE[0][0]", "TABLE[1][1]", "len(TABLE)"))
        if kind < 0.78:
            return f"(if {self.test()} then {self.number(2)} else {self.number(2)})"
        first, other = self.number(deep + 1), self.number(deep + 1)
        return random.choice(
            (
                f"{first} + {other}",
                f"2 * {first}" if " " not in first else first,
                f"max({first}, {other})",
                f"min({first}, 4)",
                f"round_to({first}, 2)",
                f"({first} + 1) // 2 + 1",
                f"ceil({first} * 1.5)",
            )
        )

    def test(self, deep: int = 0) -> str:
        """A test."""
        scope, random = self.scope, self.random
        flags = scope.of("flag")
        kind = random.random()
        if scope.turns and kind < 0.35:
            turn = random.choice(scope.turns)
            return random.choice(
                (f"{turn} == 0", f"{turn} > 0", f"{turn} % 2 == 1", f"{turn} != 1")
            )
        if flags and kind < 0.65:
            return random.choice((random.choice(flags), f"not {random.choice(flags)}"))
        if kind < 0.8 and scope.of("number"):
            name = random.choice(scope.of("number"))
            return f"{name} {random.choice(('>', '==', '!=', '<='))} {random.choice((1, 2, 3, 4))}"
        if kind < 0.86 and scope.nodes:
            word, sign = random.choice(list(scope.nodes)), random.choice(("==", ">", "!="))
            return f"{word}.channels {sign} {self.number(1)}"
        if kind < 0.9 and scope.of("row"):
            return f"len({random.choice(scope.of('row'))}) > 1"
        if deep < 1 and kind < 0.97:
            return f"{self.test(1)} {random.choice(('and', 'or'))} {self.test(1)}"
        return random.choice(("true", "1 < 2", "2 == 3"))

    def row(self) -> str:
        """A list of numbers."""
        names = self.scope.of("row")
        if names and self.scope.chance(0.6):
            name = self.random.choice(names)
            return self.random.choice((name, name, f"take({name}, 1)", f"{name} + [2]"))
        return "[" + ", ".join(self.number(1) for _ in range(self.random.randint(1, 3))) + "]"

    def table(self) -> str:
        """A list of pairs of numbers."""
        names = [*self.scope.of("table"), "TABLE"]
        if self.scope.chance(0.6):
            return self.random.choice(names)
        pairs = [f"[{self.number(1)}, {self.random.choice((1, 3))}]" for _ in range(2)]
        return f"[{', '.join(pairs)}]"

    def given(self) -> str:
        """A step that is handed on, and leaves channels as they are."""
        scope, random = self.scope, self.random
        names = scope.of("step")
        if names and scope.chance(0.4):
            return random.choice(names)
        simple = [each for each in scope.blocks if each.simple()]
        if simple and scope.chance(0.15):
            block = random.choice(simple)
            words = [
                f"{each.name} = {self.argument(each)}"
                for each in block.parameters
                if each.default is None or scope.chance(0.3)
            ]
            return f"{block.name}({', '.join(words)})" if words else block.name
        if scope.chance(0.1):
            return f"(if {self.test()} then {random.choice(GIVEN)} else {random.choice(GIVEN)})"
        return random.choice(GIVEN)

    def steps(self) -> str:
        """A list of steps."""
        names = self.scope.of("steps")
        if names and self.scope.chance(0.6):
            return self.random.choice(names)
        return "[" + ", ".join(self.given() for _ in range(self.random.randint(1, 3))) + "]"

    def unit(self) -> str:
        """A step that takes a number."""
        names = self.scope.of("unit")
        if names and self.scope.chance(0.5):
            return self.random.choice(names)
        able = [
            each
            for each in self.scope.blocks
            if each.simple() and each.parameters and each.parameters[0].kind == "number"
        ]
        able = [x for x in able if all(each.default for each in x.parameters[1:])]
        if able and self.scope.chance(0.5):
            return self.random.choice(able).name
        return self.random.choice(UNITS)

    def argument(self, parameter: Parameter) -> str:
        """An argument for a parameter."""
        match parameter.kind:
            case "number":
                return self.number(1)
            case "flag":
                return self.random.choice(("true", "false", self.test()))
            case "row":
                return self.row()
            case "table":
                return self.table()
            case "step":
                return self.given()
            case "steps":
                return self.steps()
            case "unit":
                return self.unit()

    def call(self, block: Signature, first: str | None = None) -> str:
        """Call a block: what flows into it stands before, or is its first argument."""
        words = [] if first is None else [first]
        named = False
        for each in block.parameters:
            if each.default is not None and self.scope.chance(0.5):
                named = True
            elif named or each.default is not None or self.scope.chance(0.2):
                words.append(f"{each.name} = {self.argument(each)}")
                named = True
            else:
                words.append(self.argument(each))
        return f"{block.name}({', '.join(words)})" if words else block.name

    # --- steps

    def leaf(self, flow: Flowing, *, keep: bool) -> Drawn:
        """One step."""
        scope, random = self.scope, self.random
        given = scope.of("step")
        if given and scope.chance(0.3):
            return random.choice(given), flow
        if scope.of("steps") and scope.chance(0.15):
            name = random.choice(scope.of("steps"))
            return random.choice((f"{name}[0]", name)), flow
        if keep or scope.chance(0.45):
            return random.choice(KEEPING + (IMAGES if flow.image else ())), flow
        simple = [each for each in scope.blocks if each.simple()]
        if simple and scope.chance(0.3):
            return self.call(random.choice(simple)), unknown(image=flow.image)
        number = self.number()
        wide = flow.wide(scope.token(number))
        units = scope.of("unit")
        if units and flow.image and scope.chance(0.5):
            unit = random.choice(units)
            more = random.choice(("", "", ", size = 1"))
            return f"{unit}({number}{more})", unknown(image=flow.image)
        if not flow.image:
            return random.choice((f"dense({number})", f"dense({number}, bias = false)")), wide
        return self.wide(number, flow, wide)

    def wide(self, number: str, flow: Flowing, wide: Flowing) -> Drawn:
        """A convolution, or what changes places."""
        random = self.random
        kind = random.random()
        if kind < 0.6:
            form = random.choice(
                (
                    "conv({n}, 1)",
                    "conv({n}, 3, pad = 1)",
                    'conv({n}, 3, pad = "same")',
                    "conv({n}, 1, bias = false)",
                    "conv({n}, 3, pad = 1, groups = 1)",
                    "conv({n}, [1, 3], pad = [0, 1])",
                    "conv({n}, 3, dilation = 2, pad = 2)",
                )
            )
            return form.format(n=number), wide
        if kind < 0.7:
            size = random.choice(("1", "3", *self.scope.of("number")))
            return f'conv({number}, {size}, pad = "same")', wide
        if kind < 0.78:
            stride = random.choice(("2", *self.scope.of("number")))
            return f"conv({number}, 3, stride = {stride}, pad = 1)", Flowing(
                wide.channels, object(), True
            )
        if kind < 0.84:
            return "gap", Flowing(flow.channels, "one", False)
        if kind < 0.88:
            return f"dwconv(3, pad = 1, multiplier = {random.choice((1, 2))})", unknown(image=True)
        if kind < 0.92:
            return "maxpool(2)", Flowing(flow.channels, object(), True)
        if kind < 0.96:
            return "gap(keep = true)", Flowing(flow.channels, "single", True)
        return "upsample(2)", Flowing(flow.channels, object(), True)

    def step(self, flow: Flowing, *, keep: bool, deep: int = 0) -> Drawn:
        """A step: a leaf, a group, a repeat, one that is there at times, one of two."""
        scope, random = self.scope, self.random
        kind = random.random()
        if deep > 1 or kind < 0.55:
            text, after = self.leaf(flow, keep=keep)
            return (f"{scope.label()}: {text}", after) if scope.chance(0.15) else (text, after)
        if kind < 0.68:
            text, after = self.chain(flow, keep=keep, deep=deep + 1)
            label = f"{scope.label()}: " if scope.chance(0.6) else ""
            return f"{label}({text})", after
        if kind < 0.8:
            count = random.choice(("2", "3", self.number(1)))
            text, after = self.step(flow, keep=keep, deep=deep + 1)
            label = f"{scope.label()}: " if scope.chance(0.5) else ""
            inner = text if text.isidentifier() else f"({text})"
            if ":" in text.partition("(")[0]:
                inner = f"({text})"
            return f"{label}({inner} * ({count}))", after if after == flow else unknown(
                image=after.image
            )
        if kind < 0.9:
            text, after = self.leaf(flow, keep=keep)
            label = f"{scope.label()}: " if scope.chance(0.3) else ""
            return f"({label}{text} when {self.test()})", after if after == flow else unknown(
                image=flow.image
            )
        one, after = self.chain(flow, keep=keep, deep=deep + 1)
        two, other = self.chain(flow, keep=keep, deep=deep + 1)
        label = f"{scope.label()}: " if scope.chance(0.3) else ""
        same = after if after == other else unknown(image=after.image and other.image)
        return f"{label}(if {self.test()} then {one} else {two})", same

    def chain(self, flow: Flowing, *, keep: bool = False, deep: int = 0) -> Drawn:
        """Steps one after another."""
        words = []
        for _ in range(
            self.random.choice((1, 1, 2, 2, 3)) if deep else self.random.choice((1, 2, 3))
        ):
            text, flow = self.step(flow, keep=keep, deep=deep)
            words.append(text)
        return " -> ".join(words), flow

    # --- values

    def value(self) -> Drawn:
        """A value: a flow from a node, a join, a choice."""
        scope, random = self.scope, self.random
        word = random.choice(list(scope.nodes))
        flow = scope.nodes[word]
        kind = random.random()
        if kind < 0.5:
            text, after = self.chain(flow)
            return f"{word} -> {text}", after
        if kind < 0.66:
            text, _ = self.chain(flow, keep=True)
            join = random.choice(("add", "add", "mul", "sub"))
            back = random.choice((f"{word}, {word} -> {text}", f"{word} -> {text}, {word}"))
            return f"{join}({back})", flow
        if kind < 0.72 and flow.image:
            gate = f"{word} -> gap(keep = true) -> conv({self.number(1)}, 1) -> relu"
            label = f"{scope.label()}: " if scope.chance(0.4) else ""
            if label:
                squeeze = (
                    f"gap(keep = true) -> conv({self.number(1)}, 1) -> relu "
                    f"-> conv({word}.channels, 1) -> sigmoid"
                )
                return f"mul({word}, {word} -> {label}({squeeze}))", flow
            return f"mul({word}, {gate} -> conv({word}.channels, 1) -> sigmoid)", flow
        if kind < 0.78:
            one, after = self.chain(flow)
            two, other = self.chain(flow)
            if after.places != other.places or after.image != other.image:
                two, other = self.chain(flow, keep=True)
            return f"concat({word} -> {one}, {word} -> {two})", after.wide(object())
        if kind < 0.86:
            one, after = self.chain(flow)
            if scope.chance(0.6):
                return (
                    f"(if {self.test()} then {word} -> {one} else {word})",
                    after if after == flow else unknown(image=flow.image),
                )
            two, other = self.chain(flow)
            same = after if after == other else unknown(image=flow.image)
            return f"(if {self.test()} then {word} -> {one} else {word} -> {two})", same
        pairs = [each for each in scope.nodes if scope.nodes[each] == flow and each != word]
        if pairs and kind < 0.93:
            return f"{random.choice(('add', 'mul'))}({word}, {random.choice(pairs)})", flow
        if scope.lists:
            name = random.choice(list(scope.lists))
            inner = scope.lists[name]
            if scope.chance(0.4):
                return f"{name}[0]", inner
            if scope.chance(0.4):
                return f"add({name})", inner
            return f"concat({name})", inner.wide(object())
        two_inputs = [x for x in scope.blocks if x.result == "node" and not x.simple()]
        if two_inputs:
            block = random.choice(two_inputs)
            others = [
                random.choice([x for x in scope.nodes if scope.nodes[x].image == flow.image])
                for _ in block.nodes
            ]
            row = [word, others[0]] if block.several else [word, *others[1:]]
            first = f"[{', '.join(row)}]" if block.several else ", ".join(row)
            return self.call(block, first), unknown(image=flow.image)
        text, after = self.chain(flow)
        return f"{word} -> {text}", after
