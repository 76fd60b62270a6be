"""Runs Lark's LALR parser with a builder of the caller's: a node is built at each reduction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lark import Lark

    from cnnspec.syntax.build import Builder


def reduce(parser: Lark, text: str, rule: str, builder: Builder) -> Any:
    """Parse `text` from `rule`; raises what Lark and the builder raise.

    Lark binds callbacks when it is made, but a builder belongs to one source; so the tables are
    made once, and the callbacks here look the rule's method up on the builder.
    """
    interactive = parser.parse_interactive(text, start=rule)
    state = interactive.parser_state
    callbacks = {key: _callback(key, builder) for key in state.parse_conf.callbacks}
    conf = type(state.parse_conf)(state.parse_conf.parse_table, callbacks, rule)
    interactive.parser_state = type(state)(conf, state.lexer, None, None)
    token = None
    lexer: Any = interactive.lexer_thread
    for token in lexer.lex(interactive.parser_state):
        interactive.parser_state.feed_token(token)
    from lark import Token

    end = Token.new_borrow_pos("$END", "", token) if token else Token("$END", "", 0, 1, 1)
    return interactive.parser_state.feed_token(end, is_end=True)


def _callback(rule: Any, builder: Builder) -> Any:
    name = rule.alias or rule.options.template_source or rule.origin.name
    expand1 = rule.options.expand1 and not rule.alias
    method = getattr(builder, name, None)
    inline = name.startswith("_")

    def build(children: list[Any]) -> Any:
        # A repetition grows its own list, or a long text would take quadratic time.
        grown = bool(children) and isinstance(children[0], _Inline)
        flat: list[Any] = children[0] if grown else _Inline()
        for child in children[1 if grown else 0 :]:
            if isinstance(child, _Inline):
                flat.extend(child)
            else:
                flat.append(child)
        if inline or name.startswith("__"):
            return flat
        if expand1 and len(flat) == 1:
            return flat[0]
        return method(flat) if method is not None else flat

    return build


class _Inline(list[Any]):
    """The parts of a rule that Lark made itself, for `*` and `?`: they join the rule around it."""
