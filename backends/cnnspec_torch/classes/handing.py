"""Steps handed on as values where all take channels first: functions named after operators.

`def bn(channels: int) -> nn.Module` is what `bn` is as a value; a block is its class. What a value
is called in a path, `KINDS` says (`kind(step)`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from cnnspec.channels import SAME, WIDEST
from cnnspec.emit import program as pg
from cnnspec.emit import pytree as py
from cnnspec.emit.pycode import lines, text
from cnnspec.op import Op
from cnnspec_torch.classes import evaluating, operating
from cnnspec_torch.classes.lowered import tree
from cnnspec_torch.classes.placing import is_parameter
from cnnspec_torch.classes.projection import Projection
from cnnspec_torch.classes.values import Hard
from cnnspec_torch.classes.values import Node as Flowing

if TYPE_CHECKING:
    from cnnspec_torch.classes.file import File, Handed

OF_VECTORS = '''def of_vectors(step: Any) -> Any:
    """What constructs a step's layer where vectors flow into it, not images."""
    if isinstance(step, partial):
        return partial(of_vectors(step.func), *step.args, **step.keywords)
    return VECTORS.get(step, step)'''

KIND = '''def kind(step: Callable[..., nn.Module]) -> str:
    """What the spec calls a step: one without a label is called after it."""
    return KINDS[getattr(step, "func", step)]'''

PUT = '''def put(parent: nn.Module, path: str, member: nn.Module | nn.Parameter) -> str:
    """Put a module, or a parameter, where its path says; groups on the way are made."""
    *groups, name = path.split(".")
    for group in groups:
        if group not in dict(parent.named_children()):
            parent.add_module(group, nn.Module())
        parent = parent.get_submodule(group)
    if isinstance(member, nn.Parameter):
        parent.register_parameter(name, member)
    else:
        parent.add_module(name, member)
    return path'''


def kinds(p: Projection, value: pg.Expr) -> list[pg.OperatorStep | pg.BlockStep]:
    """The steps that a value can be."""
    reach = p.file.taken_apart.reach
    found = list(reach.of(p.body, value))
    if not found and isinstance(value, pg.Name):
        found = p.file.reaching().get(value.id, [])
    return [each for each in found if isinstance(each, pg.OperatorStep | pg.BlockStep)]


def is_step(p: Projection, value: pg.Expr) -> bool:
    """Whether a value that is a name can be a step."""
    if not isinstance(value, pg.Name) or value.id not in p.file.reaching():
        return False
    found = p.file.taken_apart.reach.of(p.body, value)
    return any(isinstance(each, pg.OperatorStep | pg.BlockStep) for each in found)


def construct(
    p: Projection, step: pg.GivenStep, channels: Sequence[ast.expr], image: bool | None
) -> ast.expr:
    """Construct a module of a step that a value is."""
    callee = for_rank(p, step, evaluating.data_of(p, step.value).made, image)
    arguments, keywords = given(p, step)
    return ast.Call(callee, [*channels, *arguments], keywords)


def for_rank(p: Projection, step: pg.GivenStep, callee: ast.expr, image: bool | None) -> ast.expr:
    """What constructs a step that a value is, where images come in or vectors; it is noted."""
    image = p.file.rank(step.site, image)
    found = [each.op for each in kinds(p, step.value) if isinstance(each, pg.OperatorStep)]
    dependent = [each for each in dict.fromkeys(found) if depends_on_rank(p.file, each)]
    if dependent and len(p.file.ranks_at(step.site)) > 1:
        raise Hard("a given step of an image at some calls, of a vector at others", step.site)
    for each in dependent:
        p.file.met.setdefault(each, set()).add(image is not False)
    if image is False and p.file.uniform and any(is_mixed(p.file, each) for each in dependent):
        return py.call("of_vectors", callee)
    return callee


def depends_on_rank(file: File, op: type[Op]) -> bool:
    """Whether a layer of an operator is another one for vectors than for images."""
    if not file.takes_vectors(op):
        return False
    words = {key: py.name(key) for key in op.required}
    return not py.same(*(_made(file, op, words, image=each) for each in (True, False)))


def is_mixed(file: File, op: type[Op]) -> bool:
    """Whether an operator is handed to where images flow and to where vectors do."""
    return len(file.ranks.get(op, ())) > 1


def settled_ranks(file: File) -> Mapping[type[Op], frozenset[bool]] | None:
    """What flows into operators that are handed on; None where they are written for just that."""
    met = {op: file.ranks.get(op, frozenset()) | each for op, each in file.met.items()}
    right = all(
        each == (file.ranks.get(op) if is_mixed(file, op) else {takes_image(file, op)})
        for op, each in met.items()
    )
    return None if right else {**file.ranks, **met}


def given(p: Projection, step: pg.GivenStep) -> tuple[list[ast.expr], list[ast.keyword]]:
    """The arguments of a given step: by name, where all that it can be call them alike."""
    known = kinds(p, step.value)
    arguments: list[ast.expr] = []
    keywords: list[ast.keyword] = []
    position = 0
    for key, each in step.arguments:
        value = evaluating.data_of(p, each).made
        word = key
        if key is None:
            names = {_parameter(p, one, position) for one in known}
            word = names.pop() if len(names) == 1 else None
            position += 1
        if word is None:
            arguments.append(value)
        else:
            keywords.append(ast.keyword(p.file.word(word), value))
    for one in known:
        if isinstance(one, pg.OperatorStep):
            free = [name for name in one.op.ordered if name not in one.given]
            keys = [free.pop(0) if key is None else key for key, _ in step.arguments if free]
            function(p.file, one.op, keys)
    return arguments, keywords


def _parameter(p: Projection, step: pg.OperatorStep | pg.BlockStep, position: int) -> str | None:
    """The name of an argument by position, if it has to be said by name."""
    if isinstance(step, pg.OperatorStep):
        free = [each for each in step.op.ordered if each not in step.given]
        word = free[position] if position < len(free) else None
        return None if word is None or step.op.arguments[word].required else word
    held = dict(step.arguments)
    parameters = p.file.program.body(step).parameters
    left = [each for each in parameters if each.name not in held][1:]
    if position >= len(left):
        return None
    place = parameters.index(left[position])
    return left[position].name if any(x.default for x in parameters[: place + 1]) else None


def channels_of(p: Projection, step: pg.GivenStep, module: ast.expr, before: ast.expr) -> ast.expr:
    """The channels after a given step: as it tells them, else as they were."""
    p.file.want_all(p, step)
    return py.call("getattr", module, ast.Constant("out_channels"), before)


def image_after(p: Projection, step: pg.GivenStep, image: bool | None) -> bool | None:
    """Whether an image comes out of a given step."""
    found = {node.shape.is_image for node in p.file.nodes(step.site)}
    found |= {port.shape.is_image for s in p.file.scopes(step.site) for port in s.results}
    return found.pop() if len(found) == 1 else image


def value(p: Projection, step: pg.OperatorStep) -> ast.expr:
    """An operator as a value: its function, with what it is given."""
    arguments, _ = operating.arguments_of(p, step)
    fixed: list[tuple[str, object]] = []
    for key in [key for key in arguments if not _is_read(p.file, step.op, key)]:
        words = arguments.pop(key)
        if not isinstance(words, ast.Constant):
            raise Hard(f"{step.op.name} whose {key} is not known, as a value", step.site)
        fixed.append((key, words.value))
    name = py.name(function(p.file, step.op, arguments, tuple(fixed)))
    if not arguments:
        return name
    keywords = [ast.keyword(p.file.word(key), each) for key, each in arguments.items()]
    return ast.Call(py.name("partial"), [name], keywords)


def function(
    file: File, op: type[Op], keys: Iterable[str], fixed: tuple[tuple[str, object], ...] = ()
) -> str:
    """The name of an operator's function, which takes these arguments too.

    `fixed` are arguments on which it depends what is written: each value has its own function.
    """
    for key in keys:
        if not _is_read(file, op, key):
            raise Hard(f"{op.name} that is given its {key} where it is applied")
    handed = (op, takes_image(file, op), fixed)
    if handed not in file.functions:
        file.functions[handed] = (file.space.take(file.word(op.name)), {})
    name, known = file.functions[handed]
    known.update(dict.fromkeys(keys))
    return name


def _is_read(file: File, op: type[Op], key: str) -> bool:
    """Whether an argument stands in what is written, so that a function can take it."""
    words = {each: py.name(each) for each in (*op.required, key)}
    return key in py.reads(_made(file, op, words, image=takes_image(file, op)))


def written_functions(file: File) -> list[str]:
    """Write the functions of operators: all of one operator take what any call gives."""
    taken: dict[type[Op], dict[str, None]] = {}
    for (op, _, _), (_, keys) in file.functions.items():
        taken.setdefault(op, {}).update(keys)
    result = []
    for (op, image, fixed), (name, _) in file.functions.items():
        result.append(_function(file, name, (op, image, fixed), taken[op]))
        if is_mixed(file, op):
            file.of_vectors[name] = other = file.space.take(f"{name}_of_vectors")
            result.append(_function(file, other, (op, False, fixed), taken[op]))
    return result


def _function(file: File, name: str, handed: Handed, keys: Mapping[str, None]) -> str:
    op, image, fixed = handed
    known = {key: py.literal(each) for key, each in fixed}
    taken = {*keys, *op.required} - set(known)
    names = [key for key in op.names if key in taken]
    arguments: dict[str, ast.expr] = {key: py.name(file.word(key)) for key in names}
    made = _made(file, op, {**arguments, **known}, image=image)
    first = "channels" if "channels" in py.reads(made) else "_"
    required = [f"{file.word(key)}: Any" for key in names if op.arguments[key].required]
    more = [
        f"{file.word(key)}: Any = {text(py.literal(op.arguments[key].default))}"
        for key in names
        if not op.arguments[key].required
    ]
    listed = ", ".join([f"{first}: int", *required, *(["*", *more] if more else [])])
    returned = "nn.Parameter" if is_parameter(made) else "nn.Module"
    return "\n".join([f"def {name}({listed}) -> {returned}:", *lines([ast.Return(made)], 4)])


def _made(file: File, op: type[Op], arguments: Mapping[str, ast.expr], *, image: bool) -> ast.Call:
    """What makes an operator's module where it is handed on."""
    step = pg.OperatorStep(op, (), frozenset(), file.graph.span)
    flowing = Flowing(py.name("channels"), py.name("x"), image)
    lowered = file.lower_value(step, arguments, flowing, image)
    code = lowered.standalone if lowered.standalone is not None else lowered.module
    made = None if code is None else tree(code)
    if not isinstance(made, ast.Call):
        raise Hard(f"{op.name} as a value")
    return made


def parameter_use(file: File) -> ast.expr | None:
    """How a parameter is used that is handed on where modules are; None if none is."""
    for held in file.taken_apart.reach.held.values():
        for each in held:
            if isinstance(each, pg.OperatorStep) and each.op.weights is not Op.weights:
                words = {key: py.name(key) for key in each.op.required}
                flowing = Flowing(py.name("channels"), py.name("x"), True)
                lowered = file.lower_value(each, words, flowing, True)
                if lowered.module is not None and is_parameter(tree(lowered.module)):
                    return tree(lowered.flow, [py.name("x")], py.name("member"))
    return None


def use_function(file: File) -> str:
    """Write what calls a module, or multiplies by a parameter."""
    use = parameter_use(file)
    assert use is not None
    choice = py.code("y if isinstance(member, nn.Parameter) else member(x)", y=use)
    head = (
        "def use(parent: nn.Module, path: str, x: Tensor) -> Tensor:\n"
        '    """Call the module at a path; what is a parameter is no module."""\n'
        '    group, _, name = path.rpartition(".")\n'
        "    member = getattr(parent.get_submodule(group), name)"
    )
    return "\n".join([head, *lines([ast.Return(choice)], 4)])


def takes_image(file: File, op: type[Op]) -> bool:
    """Whether images come into an operator where it is given; so it is said if nothing differs."""
    if op in file.ranks:
        return True in file.ranks[op]
    found = {
        node.input_shapes[0].is_image
        for node in file.every_node
        if type(node.op) is op and node.inputs and node.span in file.given_sites
    }
    if len(found) == 1:
        return found.pop()
    if not file.takes_vectors(op):
        return True
    if not found:
        return file.given_image is not False
    return not depends_on_rank(file, op) or file.given_image is not False


def keeps_channels(op: type[Op]) -> bool:
    """Whether an operator leaves channels as they are."""
    return op.channel_rule in (SAME, WIDEST)  # one value comes in where it is handed on


def vectors_table(file: File) -> str:
    """The functions of operators for vectors, beside those for images."""
    items = [f"    {name}: {other}," for name, other in file.of_vectors.items()]
    return "\n".join(["VECTORS: dict[Any, Any] = {", *items, "}"])


def kinds_table(file: File) -> str:
    """What the steps that are handed on are called in the spec."""
    known = {name: op.name for (op, _, _), (name, _) in file.functions.items()}
    known |= {each.name: each.body.name for each in file.classes[:-1] if each.handed}
    items = ", ".join(f'{name}: "{word}"' for name, word in known.items())
    line = f"KINDS: dict[Callable[..., nn.Module], str] = {{{items}}}"
    if len(line) <= 88:
        return line
    inner = [f'    {name}: "{word}",' for name, word in known.items()]
    return "\n".join(["KINDS: dict[Callable[..., nn.Module], str] = {", *inner, "}"])
