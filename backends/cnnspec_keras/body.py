"""The body of an emitted function: one layer a statement, as Keras's functional style has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from cnnspec.emit import flat
from cnnspec.emit.code import (
    Call,
    Code,
    Infix,
    Input,
    Inputs,
    Keyword,
    Leaf,
    Raw,
    Starred,
    parts_of,
)
from cnnspec.emit.code import Sequence as Listed
from cnnspec.emit.flat import Apply, Flat, Loop, Number, Turn
from cnnspec.emit.flatten import mentioned, words
from cnnspec.emit.live import KINDS, names_in, walk
from cnnspec.emit.names import Namespace, counter_names
from cnnspec.emit.printer import expression, fill, statement
from cnnspec.emit.program import (
    BlockStep,
    Constant,
    Expr,
    Function,
    GivenStep,
    ListOf,
    Measure,
    Name,
    Never,
    Operation,
    OperatorStep,
    Pattern,
    kind_of,
    parts,
)
from cnnspec_keras.application import activated, activation_for, named, padded, taken_apart
from cnnspec_keras.expressions import Expressions
from cnnspec_keras.file import File
from cnnspec_keras.labels import Labels, added
from cnnspec_keras.lowerings.parts import POSITIVE
from cnnspec_keras.names import segment_name

#: Names in a function that are its own: what layers are called after, and how many there were.
OWN: Final = frozenset(("name", "counts"))


class Writer:
    """Writes the statements of one function."""

    def __init__(self, file: File, source: Flat, *, network: bool) -> None:
        self.file = file
        self.source = source
        self.body = source.body
        self.network = network
        self.lines: list[str] = []
        self.indent = 4
        self.outputs: list[flat.Output] = []
        self.inputs: list[str] = []
        self.counts = False
        #: What flows into the step that is written, as its lowering may speak of it.
        self.flowing: Code = Raw("x")
        self.known: set[str] = set()
        self._space = Namespace(file.reserved | OWN)
        self._names: dict[str, str] = {}
        self._started: dict[int, int] = {}
        self._around: list[Loop] = []
        self._growing = _growing(source)
        #: How many statements give each name a value.
        self._times_given = Counter(
            target
            for each in walk(source.statements)
            if isinstance(each, flat.Assign)
            for target in dict.fromkeys(each.targets)
        )
        #: Names that have a value outside of loops that bind them too.
        self._values = {each.name for each in self.body.parameters} | self._times_given.keys()
        self.expressions = Expressions(
            self.spell, self._constant, partial(self._step, to=None), self._is_list
        )
        self.labels = Labels(self.say, self._kind, self._turn, self._counts)
        for parameter in self.body.parameters:
            self.spell(parameter.name)
        own = {each.name for each in self.body.parameters} | _given_values(source)
        #: Where layers are found: a name of the function may hide the module.
        self.module = "keras.layers." if "layers" in own else "layers."

    # --- words

    def spell(self, word: str) -> str:
        """Say a name: as the spec does, save where Python or the file has it for itself."""
        if not word:
            return expression(self.flowing)
        if word not in self._names:
            self._names[word] = word if word == "_" else self._space.take(word)
        return self._names[word]

    def say(self, expr: Expr) -> Code:
        """Write an expression."""
        return self.expressions.say(expr)

    def _constant(self, constant: Constant) -> Code:
        return Raw(self.file.constant(constant))

    def _step(self, step: Expr, to: tuple[int, str] | str | None) -> Code:
        return self.file.given.value(step, self.say, to)

    def _is_list(self, expr: Expr) -> bool:
        return kind_of(expr) == "nodes" or self.file.program.reach.is_list(self.body, expr)

    def inner(self, word: str) -> str:
        """What is called the input of a block that is a model of its own."""
        return f"{self.spell(word)}_input" if self._times_given[word] else self.spell(word)

    def said_to(self, expr: Expr, to: tuple[int, str]) -> Code:
        """Write a value that goes to a name: a step as it is held there."""
        step = partial(self._step, to=to)
        return replace(self.expressions, step=step).say(expr)

    def _kind(self, value: Expr) -> str:
        return self.file.given.kind(self.body, value, expression(self.say(value)))

    def _counts(self) -> str:
        self.counts = True
        return "counts"

    # --- statements

    def row(self, statements: Sequence[flat.Statement]) -> None:
        """Write statements in order."""
        last = {word: at for at, each in enumerate(statements) for word in _read(each)}
        position = 0
        while position < len(statements):
            each = statements[position]
            after = statements[position + 1] if position + 1 < len(statements) else None
            position += 1
            match each:
                case flat.Assign(_, Apply() as apply):
                    again = last.get(each.targets[0], -1) > position
                    if self._takes(each, after, again=again):
                        position += 1
                        self._apply(apply, after)
                    else:
                        self._apply(apply, each)
                case flat.Assign():
                    self._assign(each)
                case flat.Give():
                    self._give(each)
                case flat.If():
                    self._if(each)
                case Loop():
                    self._loop(each)
                case flat.Count(counter, by):
                    text = f"{counter} = 0" if by is None else f"{counter} += {by}"
                    self.lines.append(f"{' ' * self.indent}{text}")
                case flat.Tick(kind):
                    if isinstance(kind, str):  # counted as layers' names have it
                        said = f'"{segment_name(kind)}"'
                    else:
                        said = self._kind(kind.value)
                    self.lines.append(f"{' ' * self.indent}{self._counts()}[{said}] += 1")
                case flat.Output():
                    self.outputs.append(each)
                case Never(why):
                    self._write("raise ", Call(Raw("ValueError"), (Leaf(why),)))
            if not isinstance(each, flat.If | Loop):
                self.file.positive.after(each, self.known)
                if after is not None and position and statements[position - 1] is after:
                    self.file.positive.after(after, self.known)

    def _takes(self, made: flat.Assign, after: flat.Statement | None, *, again: bool) -> bool:
        """Whether an activation after a step becomes its layer's own.

        Not where the step's value is read `again`, after the activation.
        """
        match after:
            case flat.Assign((target,), Apply() as act):
                pass
            case flat.Give((Apply() as act,)):
                target = ""
            case _:
                return False
        if len(made.targets) != 1 or not isinstance(made.value, Apply):
            return False
        word = made.targets[0]
        if len(act.inputs) != 1 or act.inputs[0] != Name(word, kind_of(act.inputs[0])):
            return False
        if word in mentioned(act.step):
            return False
        own = word in self.body.locals or any(word == each.name for each in self.body.parameters)
        ends = self.indent == 4 and not self._around and not again
        gone = isinstance(after, flat.Give) or target == word or ends or not (again or own)
        return gone and self._word(act) is not None and activation_for(self._flow(made.value))

    def _word(self, apply: Apply) -> Code | None:
        """The word for `activation=` that does what a step does, if there is one."""
        step = apply.step
        if isinstance(step, GivenStep):
            word = not step.arguments and self.file.given.is_word(self.body, step.value)
            return self.say(step.value) if word else None
        if isinstance(step, OperatorStep):
            found = self.file.activation(step, self.say)
            return None if found is None else Leaf(found)
        return None

    def _flow(self, apply: Apply) -> Code | None:
        if not isinstance(apply.step, OperatorStep) or apply.step.op.is_input:
            return None
        return self.file.lowered(apply, self, frozenset()).flow

    def _assign(self, assign: flat.Assign) -> None:
        (word, *more), value = assign.targets, assign.value
        assert not isinstance(value, Apply)
        if word in self._growing and not more:
            self._grow(word, value)
            return
        targets = ", ".join(map(self.spell, assign.targets))
        if more and isinstance(value, ListOf):
            said: Code = Listed(tuple(map(self.say, value.items)), "")
        elif more:
            said = self.say(value)
        else:
            said = self.said_to(value, (id(self.body), word))
        if not more and said == Raw(targets):
            return
        if value == ListOf(()):
            self._write(f"{targets}: Sequence[Any] = ", said)
            return
        self._write(f"{targets} = ", said)

    def _grow(self, word: str, value: Expr) -> None:
        """Write a list that grows: `features.append(x)`."""
        name = self.spell(word)
        match value:
            case ListOf(items):
                self._write(f"{name} = ", Listed(tuple(map(self.say, items)), "["))
            case Operation(_, (_, *added_)):
                items = tuple(each for more in added_ for each in _items(more))
                if len(items) == 1:
                    self._write("", Call(Raw(f"{name}.append"), (self.say(items[0]),)))
                else:
                    self._write(f"{name} += ", Listed(tuple(map(self.say, items)), "["))

    def _give(self, give: flat.Give) -> None:
        if len(give.values) == 1 and isinstance(give.values[0], Apply) and not self.file.nested:
            self._apply(give.values[0], give)
            return
        found: list[Code] = []
        for each in give.values:
            if isinstance(each, Apply):
                word = self._through(each)
                self._apply(each, flat.Assign((word,), each))
                found.append(Raw(self.spell(word)))
            else:
                found.append(self.say(each))
        one = len(found) == 1
        results: Code = found[0] if one else Listed(tuple(found), "")
        if not self.file.nested:
            self._write("return ", results)
            return
        results = found[0] if one else Listed(tuple(found), "[")
        inner = [Raw(self.inner(each.name)) for each in self.body.nodes]
        outer = [Raw(f"{self.spell(each.name)}_in") for each in self.body.nodes]
        taken, given = (
            each[0] if len(each) == 1 else Listed(tuple(each), "[") for each in (inner, outer)
        )
        model = Call(Raw("keras.Model"), (taken, results), (Keyword("name", Raw("name")),))
        self._write("return ", Call(model, (given,)))

    def _if(self, decision: flat.If) -> None:
        known, ends = set(self.known), []
        arms, orelse = list(decision.arms), decision.orelse
        if len(arms) == 1 and not arms[0][1]:
            arms, orelse = [(Operation("not", (arms[0][0],)), orelse)], []
        word = "if"
        for test, body in arms:
            self.lines += statement(
                f"{word} ", _negated(self.say(test)), indent=self.indent, suffix=":"
            )
            self._inside(body)
            ends.append(self.known)
            self.known, word = set(known), "elif"
        gone = len(arms) == 1 and arms[0][1] and isinstance(arms[0][1][-1], flat.Give)
        if gone and orelse:
            self.row(orelse)
        elif orelse:
            self.lines.append(f"{' ' * self.indent}else:")
            self._inside(orelse)
        ends.append(self.known)
        self.known = set.intersection(*ends)

    def _inside(self, body: Sequence[flat.Statement]) -> None:
        before = len(self.lines)
        self.indent += 4
        self.row(body)
        if len(self.lines) == before:
            self.lines.append(f"{' ' * self.indent}pass")
        self.indent -= 4

    # --- loops

    def _loop(self, loop: Loop) -> None:
        self.file.positive.begin(loop, self.known)
        word = next(words(loop.pattern or ()), None)
        to = None if word is None else (id(self.body), word)
        over = replace(self.expressions, step=partial(self._step, to=to)).turns(loop.values)
        self._started[id(loop)] = _start(loop) if loop.turn is None else 0
        hidden = {word: self._names.get(word) for word in words(loop.pattern or ())}
        for word in hidden:  # a loop's names end with it, where Python's go on
            around = any(word in words(each.pattern or ()) for each in self._around)
            if around or word in self._values:
                self._names[word] = self._space.take(f"{word}_")
        outer, self.lines = self.lines, []
        body = self._pattern(loop.pattern) if loop.pattern is not None else "_"
        self._around.append(loop)
        self._inside(loop.body)
        self._around.pop()
        inner, self.lines = self.lines, outer
        start = self._started[id(loop)]
        if loop.pattern is None:
            count = self.say(loop.values)
            bounds = (Leaf(start), added([count], start)) if start else (count,)
            if loop.index is None:
                bounds = (count,)
            over, body = Call(Raw("range"), bounds), loop.index or "_"
        elif loop.index is not None:
            more = (Keyword("start", Leaf(start)),) if start else ()
            over, body = Call(Raw("enumerate"), (over,), more), f"{loop.index}, {_inner(body)}"
        self.lines += statement(f"for {body} in ", over, indent=self.indent, suffix=":")
        self.lines += inner
        for word, name in hidden.items():
            if name is not None:
                self._names[word] = name
        self.file.positive.begin(loop, self.known)

    def _pattern(self, pattern: Pattern) -> str:
        if isinstance(pattern, str):
            return self.spell(pattern)
        return ", ".join(map(self._part, pattern))

    def _part(self, pattern: Pattern) -> str:
        if isinstance(pattern, str):
            return self.spell(pattern)
        return f"({', '.join(map(self._part, pattern))}{',' if len(pattern) == 1 else ''})"

    def _turn(self, turn: Turn) -> Code:
        """Write the number of a loop's turn."""
        loop = turn.loop
        if loop.turn is not None:
            return self.say(loop.turn)
        if loop.index is None:
            taken = self._space_taken()
            loop.index = next(each for each in counter_names() if each not in taken)
        start = self._started.get(id(loop), 0)
        return Infix("-", (Raw(loop.index), Leaf(start))) if start else Raw(loop.index)

    def _space_taken(self) -> set[str]:
        own = set(self._names.values()) | self.file.reserved | mentioned(self.body.statements)
        around = {each.index for each in self._around if each.index is not None}
        counted = {
            each.counter for each in walk(self.source.statements) if isinstance(each, flat.Count)
        }
        return own | around | counted

    # --- steps

    def _apply(self, apply: Apply, final: flat.Statement | None) -> None:
        """Write a step; `final` says where its result goes, past an activation that it takes."""
        activation = None
        last = final.value if isinstance(final, flat.Assign) else None
        if isinstance(final, flat.Give):
            last = final.values[0]
        if isinstance(last, Apply) and last is not apply:
            activation = self._word(last)
        targets = final.targets if isinstance(final, flat.Assign) else ()
        step = apply.step
        inputs = [self._input(each) for each in apply.inputs]
        if isinstance(step, OperatorStep):
            if step.op.is_input:
                self._image(apply, targets[0])
            else:
                self._operator(apply, inputs, targets, activation)
            return
        if isinstance(step, BlockStep):
            code = self._call(apply, step)
        else:
            code = self._given(apply, step, inputs)
        self._result(targets, code, note=self._note(apply))

    def _input(self, expr: Expr) -> Code:
        said = self.say(expr)
        return Starred(said) if kind_of(expr) == "nodes" else said

    def _image(self, apply: Apply, word: str) -> None:
        assert isinstance(apply.step, OperatorStep)
        given = self.file.graphs[0].given_input
        known = dict(apply.step.arguments)
        sizes: list[Code] = [self.say(known[key]) for key in apply.step.op.names if key in known]
        if given is not None:
            sizes = [Leaf(each) for each in given]
        shape = Listed((*sizes[1:], sizes[0]), "(")
        name = self.labels.label(apply.path, network=True)
        # A model is made from its inputs at the end, when the name may stand for something else.
        kept = f"{self.spell(word)}_input" if self._times_given[word] > 1 else self.spell(word)
        self.inputs.append(kept)
        self._write(f"{kept} = ", Call(Raw("keras.Input"), (shape,), (Keyword("name", name),)))
        if kept != self.spell(word):
            self._write(f"{self.spell(word)} = ", Raw(kept))

    def _operator(
        self,
        apply: Apply,
        inputs: list[Code],
        targets: tuple[str, ...],
        activation: Code | None,
    ) -> None:
        facts = frozenset((POSITIVE,)) if self._is_positive(apply) else frozenset()
        self.flowing = inputs[0] if inputs else Raw("x")
        lowered = self.file.lowered(apply, self, facts)
        flow = fill(self._listed(lowered.flow, apply), inputs, None)
        label = partial(self.labels.label, apply.path, network=self.network)
        layers, given = taken_apart(named(flow, lambda word: label(word=word)))
        comment = lowered.comment
        if activation is not None:
            if layers:
                layers[-1] = activated(layers[-1], activation)
            else:
                given = activated(given, activation)
        word = self.spell(self._on_the_way(apply, targets))
        if not layers and isinstance(given, Call) and isinstance(given.arguments[0], Call):
            whole, given = given, given.arguments[0]
            before, given = taken_apart(given)
            layers = [*before, whole]
        if padded(given):
            padding = self._free("padding")
            self._write(f"{word}, {padding} = ", given)
            layers, given = [fill_padding(each, padding) for each in layers], Raw(word)
        for layer in layers[:-1]:
            self._write(f"{word} = ", Call(layer, (given,)), comment)
            given, comment = Raw(word), None
        code = _applied(layers[-1], given) if layers else given
        self._result(targets, code, comment=comment)

    def _free(self, word: str) -> str:
        taken = mentioned(self.body.statements)
        while word in taken or word in self.file.reserved:
            word += "_"
        return word

    def _is_positive(self, apply: Apply) -> bool:
        return all(self.file.positive.of(each, self.known) for each in apply.inputs)

    def _listed(self, flow: Code, apply: Apply) -> Code:
        """Give a layer that takes a list one that there is as it is."""
        match flow:
            case Call(layer, (Listed((Inputs(),)),)):
                one = apply.inputs[0] if len(apply.inputs) == 1 else None
                if isinstance(one, Name) and one.id in self._growing:
                    return Call(layer, (Raw(self.spell(one.id)),))
                if isinstance(one, ListOf):
                    items = tuple(map(self._input, one.items))
                    return Call(layer, (Listed(items, "["),))
        return flow

    def _on_the_way(self, apply: Apply, targets: tuple[str, ...]) -> str:
        """The variable in which a step of several layers goes on."""
        spoken = mentioned(apply.step)
        if len(targets) == 1 and targets[0] not in spoken and targets[0] != "_":
            return targets[0]
        return self._through(apply)

    def _through(self, apply: Apply) -> str:
        spoken = mentioned(apply.step)
        first = apply.inputs[0] if apply.inputs else None
        inner = self.file.nested and any(
            isinstance(first, Name) and first.id == each.name for each in self.body.nodes
        )  # the model's input is named once more at its end
        free = isinstance(first, Name) and first.id not in spoken and not inner
        if free and isinstance(first, Name) and first.kind == "node":
            others = [each for each in apply.inputs[1:] if first.id in mentioned(each)]
            if not others:
                return first.id
        own = mentioned(self.body.statements) | set(self._names)
        return next(each for each in ("y", "z", "u", "v", "w", "result_") if each not in own)

    def _call(self, apply: Apply, step: BlockStep) -> Code:
        body = self.file.program.program.body(step)
        known = dict(step.arguments) | dict(zip(apply.names, apply.inputs, strict=True))
        positional: list[Code] = []
        keywords: list[Keyword] = []
        named_ = False
        for parameter in body.parameters:
            named_ = named_ or parameter.default is not None
            if parameter.name not in known:
                continue
            code = self.said_to(known[parameter.name], (id(body), parameter.name))
            if named_:
                keywords.append(Keyword(self.file.keyword(body, parameter.name), code))
            else:
                positional.append(code)
        keywords.append(Keyword("name", self.labels.label(apply.path, network=self.network)))
        return Call(Raw(self.file.function(step)), tuple(positional), tuple(keywords))

    def _given(self, apply: Apply, step: GivenStep, inputs: list[Code]) -> Code:
        name = Keyword("name", self.labels.label(apply.path, network=self.network))
        value = self.say(step.value)
        if not step.arguments and self.file.given.is_word(self.body, step.value):
            layer = Call(Raw("layers.Activation"), (value,), (name,))
            return Call(layer, tuple(inputs))
        self.file.given.uses(self.body, step)
        words_ = self.file.given.keywords(self.body, step)
        named_ = list(zip(words_, (each for _, each in step.arguments), strict=True))
        more = tuple(self.say(each) for key, each in named_ if key is None)
        keywords = tuple(Keyword(key, self.say(each)) for key, each in named_ if key)
        return Call(value, (*inputs, *more), (*keywords, name))

    def _note(self, apply: Apply) -> str | None:
        """Say what size comes out of a block, in a network, if that is one size."""
        if not self.network or isinstance(apply.step, OperatorStep):
            return None
        return self.file.sizes(apply.step)

    def _result(
        self,
        targets: tuple[str, ...],
        code: Code,
        *,
        comment: str | None = None,
        note: str | None = None,
    ) -> None:
        prefix = f"{', '.join(map(self.spell, targets))} = " if targets else "return "
        self._write(prefix, code, comment, note)

    def _write(
        self, prefix: str, code: Code, comment: str | None = None, note: str | None = None
    ) -> None:
        """Write one statement; a comment that does not fit beside it stands above it."""
        code = found_in(code, self.module)
        written = statement(prefix, code, indent=self.indent, comment=comment or note)
        if comment and "#" not in written[0]:
            self.lines.append(f"{' ' * self.indent}# {comment}")
        self.lines += written


def _applied(layer: Call, given: Code) -> Code:
    """Apply a layer, or hand a value to a function of ours as its first argument."""
    if layer.function == Raw("conv2d"):
        return replace(layer, arguments=(given, *layer.arguments[1:]))
    return Call(layer, (given,))


def found_in(code: Any, module: str) -> Any:
    """Say where layers are found."""
    match code:
        case Raw(text) if text.startswith("layers.") and module != "layers.":
            return Raw(module + text.removeprefix("layers."))
        case Leaf() | Raw():
            return code
        case tuple():
            return tuple(found_in(each, module) for each in code)
    if module == "layers." or not (names := parts_of(code)):
        return code
    parts = {each: found_in(getattr(code, each), module) for each in names}
    return type(code)(**parts)


def fill_padding(layer: Call, word: str) -> Call:
    """Put the name of what is left to pad into a layer."""
    from cnnspec_keras.lowerings.parts import Padded

    keywords = tuple(
        Keyword(each.name, Raw(word)) if isinstance(each.code, Padded) else each
        for each in layer.keywords
    )
    return Call(layer.function, layer.arguments, keywords)


def _given_values(source: Flat) -> set[str]:
    """The names to which a body gives values."""
    found: set[str] = set()
    for each in walk(source.statements):
        if isinstance(each, flat.Assign):
            found |= set(each.targets)
        elif isinstance(each, Loop) and each.pattern is not None:
            found |= set(words(each.pattern))
    return found


def _negated(code: Code) -> Code:
    """Write `not (a == b)` as `a != b`."""
    opposite = {"==": "!=", "!=": "==", "<": ">=", ">": "<=", "<=": ">", ">=": "<"}
    match code:
        case Infix("not", (Infix(operator, operands),)) if operator in opposite:
            return Infix(opposite[operator], operands)
        case Infix("not", (Infix("not", (inner,)),)):
            return inner
    return code


def _inner(pattern: str) -> str:
    return f"({pattern})" if "," in pattern else pattern


def _items(expr: Expr) -> tuple[Expr, ...]:
    return expr.items if isinstance(expr, ListOf) else (expr,)


def _read(each: flat.Statement) -> set[str]:
    """The names that a statement reads."""
    found: set[str] = set()
    for inner in walk([each]):
        match inner:
            case flat.Assign(_, value) | flat.Output(_, value):
                found |= names_in(value)
            case flat.Give(values):
                found |= {name for value in values for name in names_in(value)}
            case flat.If(arms):
                found |= {name for test, _ in arms for name in names_in(test)}
            case Loop():
                found |= names_in(inner.values)
    return found


def _start(loop: Loop) -> int:
    """From which number a loop counts, so that what its body says of it is that number alone."""
    ahead = set()
    for each in walk(loop.body):
        if isinstance(each, flat.Assign | flat.Give):
            values = (each.value,) if isinstance(each, flat.Assign) else each.values
            for value in values:
                if isinstance(value, Apply):
                    for number in _numbers(value, loop):
                        alone = len(number.terms) == 1 and number.counter is None
                        (times, _) = number.terms[0]
                        once = (times if isinstance(times, int) else times.per_turn) == 1
                        ahead.add(number.ahead if alone and once else None)
    return next(iter(ahead)) or 0 if len(ahead) == 1 else 0


def _numbers(apply: Apply, loop: Loop) -> list[Number]:
    return [
        piece
        for segment in apply.path
        for piece in segment
        if isinstance(piece, Number)
        and any(isinstance(term, Turn) and term.loop is loop for _, term in piece.terms)
    ]


def _growing(source: Flat) -> frozenset[str]:
    """Names of lists that only grow, each the only name of its list."""
    found: dict[str, bool] = {each.name: False for each in source.body.parameters}
    for each in walk(source.statements):
        match each:
            case flat.Assign((word,), ListOf()):
                found.setdefault(word, True)
            case flat.Assign((word,), Operation("+", (Name(first), *more))) if (
                first == word and all(isinstance(item, ListOf) for item in more)
            ):
                found.setdefault(word, True)
            case flat.Assign(targets, value):
                found.update(dict.fromkeys(targets, False))
                if isinstance(value, Name):
                    found[value.id] = False
            case Loop(_, values):
                inside = {
                    target
                    for inner in walk(each.body)
                    if isinstance(inner, flat.Assign)
                    for target in inner.targets
                }
                found.update(dict.fromkeys(inside & mentioned(values), False))
                found.update(dict.fromkeys(words(each.pattern or ()), False))
    grown = {
        each.targets[0]
        for each in walk(source.statements)
        if isinstance(each, flat.Assign) and isinstance(each.value, Operation)
    }
    return frozenset(word for word, grows in found.items() if grows and word in grown)


__all__ = ["KINDS", "Function", "Input", "Measure", "Writer", "parts"]
