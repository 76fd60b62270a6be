"""The parse table: made from `grammar.lark` by Lark, kept beside it, made anew when it is stale.

The grammar is the source; `table.json` is what Lark makes of it (LALR(1), no conflicts), numbered
in an order of its own so that it is the same text on every machine. A table that ships saves a
fifth of a second at every start.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple
from zlib import crc32

#: What the parser may begin with: a file, or the expression in a label or a setting.
STARTS: Final = ("start", "expr")
#: The terminal that stands for the end of the text.
END: Final = "$END"
#: Terminals with a pattern of their own; every other one is a word or a sign.
PATTERNS: Final = ("LABEL", "PATH", "NAME", "NUMBER", "STRING", "COMMENT", "WHITE")


class Rule(NamedTuple):
    """One way to reduce: to which symbol, by which of the builder's methods, from how many parts.

    `passes` if its only part is its value; `splices` if its parts join those of the rule around it;
    `single` if one part alone is its value.
    """

    symbol: str
    method: str
    size: int
    passes: bool
    splices: bool
    single: bool


@dataclass(frozen=True, slots=True)
class Table:
    """What a parser needs: in each state, for each symbol, the next state or `~` a rule's number.

    `words` and `signs` give the terminals that a word or sign can be, `patterns` how the others are
    written.
    """

    starts: Mapping[str, int]
    ends: Mapping[str, int]
    states: tuple[Mapping[str, int], ...]
    rules: tuple[Rule, ...]
    words: Mapping[str, str]
    signs: Mapping[str, tuple[str, ...]]
    patterns: Mapping[str, str]


@lru_cache(maxsize=1)
def table() -> Table:
    """Give the parse table of the grammar."""
    folder = Path(__file__).parent
    grammar = (folder / "grammar.lark").read_text(encoding="utf-8")
    kept = folder / "table.json"
    if kept.is_file():
        data = json.loads(kept.read_text(encoding="utf-8"))
        if data["grammar"] == _digest(grammar):
            return _loaded(data)
    return _loaded(json.loads(written(grammar)))


def written(grammar: str) -> str:
    """Make the text of `table.json` from a grammar, by Lark; raises what Lark raises."""
    from string import punctuation

    from lark import Lark

    lark = Lark(
        grammar, parser="lalr", start=list(STARTS), keep_all_tokens=True, maybe_placeholders=False
    )
    made: Any = lark.parser.parser
    parsed: Any = vars(made)["_parse_table"]  # Lark has no public name for it
    order = {state: number for number, state in enumerate(_walk(parsed))}
    rules: dict[Any, int] = {}
    states = []
    for state in order:
        row = {}
        for symbol, (action, argument) in sorted(parsed.states[state].items()):
            shift = action.name == "Shift"
            row[symbol] = order[argument] if shift else ~rules.setdefault(argument, len(rules))
        states.append(row)
    patterns = {each.name: each.pattern for each in lark.terminals}
    plain = {name: each for name, each in patterns.items() if name not in PATTERNS}
    words = {each.value: name for name, each in plain.items() if each.value.isalpha()}
    marks = [a + b for a in punctuation for b in ("", *punctuation)]
    signs = {mark: _matching(mark, plain) for mark in marks}
    data = {
        "grammar": _digest(grammar),
        "starts": {name: order[parsed.start_states[name]] for name in STARTS},
        "ends": {name: order[parsed.end_states[name]] for name in STARTS},
        "patterns": {name: patterns[name].to_regexp() for name in PATTERNS},
        "words": dict(sorted(words.items())),
        "signs": {mark: names for mark, names in sorted(signs.items()) if names},
        "rules": [_rule(rule) for rule in rules],
        "states": states,
    }
    rows = (f'"{key}": {_json(value)}' for key, value in data.items())
    return "{\n" + ",\n".join(rows) + "\n}\n"


def _walk(parsed: Any) -> Iterator[Any]:
    """Give the states in an order that depends on the grammar alone."""
    seen = dict.fromkeys(parsed.start_states[name] for name in STARTS)
    pending = list(seen)
    while pending:
        state = pending.pop(0)
        yield state
        for _, (action, argument) in sorted(parsed.states.get(state, {}).items()):
            if action.name == "Shift" and argument not in seen:
                seen[argument] = None
                pending.append(argument)


def _rule(rule: Any) -> list[Any]:
    symbol = str(rule.origin.name)
    method = rule.alias or symbol
    single = bool(rule.options.expand1) and not rule.alias
    size = len(rule.expansion)
    passes = single and size == 1 and not rule.expansion[0].name.startswith("_")
    return [symbol, method, size, passes, method.startswith("_"), single]


def _matching(mark: str, plain: Mapping[str, Any]) -> list[str]:
    return sorted(name for name, each in plain.items() if re.fullmatch(each.to_regexp(), mark))


def _json(value: Any) -> str:
    if isinstance(value, list):
        return "[\n" + ",\n".join(json.dumps(each) for each in value) + "\n]"
    return json.dumps(value)


def _digest(grammar: str) -> str:
    return f"{crc32(grammar.encode()):08x}"


def _loaded(data: Any) -> Table:
    return Table(
        starts=data["starts"],
        ends=data["ends"],
        states=tuple(data["states"]),
        rules=tuple(Rule(*each) for each in data["rules"]),
        words=data["words"],
        signs={mark: tuple(names) for mark, names in data["signs"].items()},
        patterns=data["patterns"],
    )
