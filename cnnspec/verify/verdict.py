"""What a hearing comes to: the first things on which witnesses differ, and who is alone there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from cnnspec.graph import Node
from cnnspec.verify.certificate import Disagreement, What
from cnnspec.verify.compare import Distance, distance
from cnnspec.verify.differences import slope
from cnnspec.verify.noise import Dropped
from cnnspec.witness import weight_key

if TYPE_CHECKING:
    from cnnspec.verify.run import Hearing
    from cnnspec.witness import Array


@dataclass(frozen=True, slots=True)
class Verdict:
    """Tells disagreements from what follows from them."""

    heard: Hearing

    def disagreements(self) -> tuple[Disagreement, ...]:
        """Give what is wrong: nodes that nobody found, the first that differ, then ends.

        A node that differs because its input does is not named; nor is an end, if a node is.
        """
        result = [self._unfound(node) for node in self.heard.case.nodes if self._missing(node)][:1]
        for node in self.heard.case.nodes:
            found = self.heard.apart.get(node.index, {})
            fresh = {
                name: each
                for name, each in found.items()
                if not any(name in self.heard.apart.get(i.node.index, {}) for i in node.inputs)
            }
            if fresh:
                result.append(self._differs(node, fresh))
            wrong = self.heard.noisy.get(node.index, {})
            result += [self._wrong_noise(node, name, each) for name, each in wrong.items()]
        if not result:
            result = [self._end(what, key, by) for (what, key), by in self.heard.ends.items()]
        order = {node.path: node.index for node in self.heard.case.nodes}
        return tuple(sorted(result, key=lambda each: order.get(each.path, len(order))))

    def _missing(self, node: Node) -> list[str]:
        return [name for name in self.heard.names if node.path in self.heard.told[name].unmatched]

    def _unfound(self, node: Node) -> Disagreement:
        missing = self._missing(node)
        told = {
            name: self.heard.told[name].unmatched[node.path] if name in missing else "has it"
            for name in self.heard.names
        }
        rest = tuple(name for name in self.heard.names if name not in missing)
        return Disagreement(
            "node", node.path, node.span, node.kind, told, rest, None, "not found in what ran"
        )

    def _differs(self, node: Node, found: dict[str, Distance]) -> Disagreement:
        worst = max(found.values(), key=lambda each: each.difference)
        told, kept = {}, {}
        for name in self.heard.names:
            values = self.heard.spool.get(
                f"{node.index}-{name}" if name in found else str(node.index)
            )
            kept[name] = values or ()
            same = values is not None and worst.place and len(values) == 1
            if values is not None and not worst.place:
                told[name] = " and ".join(" x ".join(map(str, v.shape)) for v in values)
            else:
                told[name] = f"{values[0][worst.place]:.9g}" if same and values else "another value"
        return Disagreement(
            "node",
            node.path,
            node.span,
            node.kind,
            told,
            self._agreeing(found, kept),
            worst,
            worst.remark,
        )

    def _wrong_noise(self, node: Node, name: str, wrong: Dropped) -> Disagreement:
        told = {name: wrong.told}
        return Disagreement(
            "noise", node.path, node.span, node.kind, told, (), wrong.found, wrong.right
        )

    def _agreeing(
        self, found: dict[str, Distance], kept: Mapping[str, tuple[Array, ...]]
    ) -> tuple[str, ...]:
        """Name the most witnesses that agree with each other; none where all differ."""
        best: tuple[str, ...] = ()
        for name in self.heard.names:
            if name not in found:
                near = tuple(each for each in self.heard.names if each not in found)
            else:
                near = tuple(
                    each
                    for each in self.heard.names
                    if each in found
                    and all(
                        distance(a, b, self.heard.case.dtype).agrees
                        for a, b in zip(kept[each], kept[name], strict=True)
                    )
                )
            best = max(best, near, key=len)
        return best if len(best) > 1 else ()

    def _end(self, what: What, key: str, found: dict[str, Distance]) -> Disagreement:
        worst = max(found.values(), key=lambda each: each.difference)
        owner = self._owner(what, key)
        told = {name: f"{each.left:.9g}" for name, each in found.items()}
        near = tuple(
            name
            for name in self.heard.names
            if name not in found and key in (self.heard.end(name, what) or ())
        )
        told = {**dict.fromkeys(near, f"{worst.right:.9g}"), **told}
        if what == "gradient" and worst.place:
            near = self._outvoted(key, found, worst, near, told)
        return Disagreement(
            what,
            key,
            owner.span if owner else None,
            owner.kind if owner else "",
            told,
            near if len(near) > 1 else (),
            worst,
            worst.remark,
        )

    def _outvoted(
        self,
        key: str,
        found: dict[str, Distance],
        worst: Distance,
        near: tuple[str, ...],
        told: dict[str, str],
    ) -> tuple[str, ...]:
        """Ask a witness that tells outputs and no gradients; give who agrees with it."""
        heard = self.heard
        voters = [
            name
            for name in heard.names
            if heard.told[name].gradients is None and heard.told[name].outputs
        ]
        if not voters:
            return near
        name = voters[0]
        value = slope(heard.case, key, worst.place, partial(heard.outputs, name))
        told[name] = f"{value:.9g}, by differences"
        sides = (near, worst.right), *(((each,), far.left) for each, far in found.items())
        near_enough = worst.difference / 10
        return (name, *(n for who, v in sides if abs(v - value) <= near_enough for n in who))

    def _owner(self, what: What, key: str) -> Node | None:
        if what == "output":
            return next((o.port.node for o in self.heard.case.outputs if o.name == key), None)
        for node in self.heard.case.nodes:
            if any(weight_key(node, weight) == key for weight in node.weights):
                return node
        return None
