"""A network as users meet it: its figures, its graph, its source, its picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from cnnspec.diagnostics import Diagnostic, nearest
from cnnspec.errors import UnknownNode
from cnnspec.graph import Graph, Node
from cnnspec.meta import title
from cnnspec.shapes import Shape
from cnnspec.witness import Emitted

if TYPE_CHECKING:
    import networkx as nx

    from cnnspec.expect import Missed
    from cnnspec.results import Cost, Picture, Source
    from cnnspec.verify.certificate import Certificate
    from cnnspec.witness import Dtype


class Network:
    """One elaborated network.

    Shapes are C x H x W, without a batch; counts are exact integers. MACs are multiply-adds of
    convolutions and dense products at batch 1, in inference; FLOPs are twice that.
    """

    def __init__(
        self,
        graph: Graph,
        warnings: tuple[Diagnostic, ...],
        origin: str,
        missed: tuple[Missed, ...] = (),
    ) -> None:
        self.elaborated = graph
        self.missed = missed
        self.warnings = warnings
        self.origin = origin

    def __repr__(self) -> str:
        return f"<cnnspec network {self.name}: {self.params:,} parameters, {self.macs:,} MACs>"

    @property
    def name(self) -> str:
        """The name in the spec."""
        return self.elaborated.name

    @property
    def title(self) -> str:
        """The name in print: `meta { title = "…" }`, else the name in the spec."""
        return title(self.elaborated)

    @property
    def meta(self) -> Mapping[str, Any]:
        """The facts that the spec states without computing them."""
        return self.elaborated.meta

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes in the order in which they were written."""
        return self.elaborated.nodes

    @property
    def inputs(self) -> dict[str, Shape]:
        """The shape of each input, by name: C x H x W without a batch, in the order of calls."""
        return {node.path: node.shape for node in self.elaborated.inputs}

    @property
    def outputs(self) -> dict[str, Shape]:
        """The shape of each output at inference, by name, in order."""
        return {each.name: each.port.shape for each in self.elaborated.inference_outputs}

    @property
    def training_outputs(self) -> dict[str, Shape]:
        """The shape of each output in training, by name: those of training heads as well."""
        return {each.name: each.port.shape for each in self.elaborated.outputs}

    def node(self, path: str) -> Node:
        """Give the node at a path, `layer1.0.conv1`; raises UnknownNode, a LookupError."""
        found = self._by_path.get(path)
        if found is not None:
            return found
        near = nearest(path, self._by_path)
        inside = next((each for each in self._by_path if each.startswith(f"{path}.")), None)
        help = f"; `{path}` is a group: `{inside}` is a node in it" if inside else ""
        help = f"; did you mean `{near}`?" if near and not inside else help
        raise UnknownNode(f"no node of {self.name} has the path `{path}`{help}")

    @cached_property
    def _by_path(self) -> dict[str, Node]:
        return {node.path: node for node in self.elaborated.nodes}

    @property
    def graph(self) -> nx.DiGraph:
        """The NetworkX graph; `cnnspec.graph.Graph.nx` says which attributes it has."""
        return self.elaborated.nx

    @cached_property
    def params(self) -> int:
        """Trainable parameters, training heads included."""
        from cnnspec.analysis.parameters import trainable

        return trainable(self.elaborated.nodes)

    @cached_property
    def inference_params(self) -> int:
        """Trainable parameters that inference needs."""
        from cnnspec.analysis.parameters import trainable

        return trainable(self.elaborated.inference_nodes)

    @cached_property
    def macs(self) -> int:
        """Multiply-adds of convolutions and dense products, batch 1, inference."""
        from cnnspec.analysis.macs import macs

        return macs(self.elaborated)

    @property
    def flops(self) -> int:
        """Floating-point operations by the convention of two a multiply-add."""
        return 2 * self.macs

    def cost(
        self,
        *,
        batch: int = 1,
        dtype: str = "float32",
        optimiser: str = "adam",
        device: str | None = None,
    ) -> Cost:
        """Give all figures as a dictionary, the schema `cnnspec.cost/1` of docs/cost.md.

        It prints as the table of `cnnspec cost`; its `to_dataframe()` has a row a node. Counts are
        for the whole batch, bytes in `dtype` (float64, float32, tf32, bfloat16, float16, float8 or
        int8; those of NumPy and PyTorch are taken). `optimiser` is sgd, momentum, adam or adamw;
        `device` a name or `peak=100G,bandwidth=20G`. Raises ValueError for what it does not know.
        """
        from cnnspec.analysis.figures import Meter
        from cnnspec.analysis.roofline import device as found
        from cnnspec.analysis.run import Run
        from cnnspec.report.data import cost
        from cnnspec.results import Cost

        on = None if device is None else found(device)
        meter = Meter(self.elaborated, Run(batch, dtype), on)
        return Cost(cost(meter, optimiser=optimiser), meter)

    def source(self, backend: str = "torch", *, inference: bool = False) -> Source:
        """Write the source for a backend; raises SpecError for what it cannot express."""
        from cnnspec import backend as backends
        from cnnspec.results import Source

        text = self._emit(backend, inference=inference).text
        return Source(text, "python" if backends.find(backend).suffix == ".py" else "")

    def verify(
        self,
        backends: Iterable[str] | None = None,
        *,
        train: bool = False,
        dtype: Any = "float64",
        batch: int = 2,
        seed: int = 0,
    ) -> Certificate:
        """Run it in several backends with the same weights and input, and compare every node.

        `backends` are names, `numpy` for the reference; all that are installed if left out. With
        `train`, a training step: statistics of batch norm and every gradient too. `dtype` is
        float64 or float32. The certificate's `agrees` says whether all do; it prints as the table
        of `cnnspec verify`. Raises NotInstalled where fewer than two can run, SpecError for what a
        backend cannot express, ValueError for a batch below 1.
        """
        from cnnspec import witness
        from cnnspec.dtypes import VERIFIED, dtype_name
        from cnnspec.verify import verify

        if batch < 1:
            raise ValueError(f"a batch holds at least one example, not {batch}")
        name = cast("Dtype", dtype_name(dtype, VERIFIED))
        chosen = witness.chosen(None if backends is None else list(backends))
        return verify(self, chosen, training=train, dtype=name, batch=int(batch), seed=int(seed))

    def build(self, backend: str = "torch", *, inference: bool = False) -> Any:
        """Build an instance of the emitted class; raises NotInstalled without the framework."""
        from cnnspec import backend as backends
        from cnnspec import plugins

        written = self._emit(backend, inference=inference)
        try:
            return backends.find(backend).load(written.text, written.class_name)()
        except ImportError as failure:
            raise plugins.not_installed(backend, failure) from None

    def mismatch(self, backend: str = "torch", *, inference: bool = False) -> list[str]:
        """Build on no device and hold weights against the graph; give what differs.

        Raises NotInstalled without the framework.
        """
        from cnnspec import backend as backends
        from cnnspec import plugins

        written = self._emit(backend, inference=inference)
        found = backends.find(backend)
        how = (written.text, written.class_name, self.elaborated)
        try:
            return list(found.mismatch(*how, inference=inference))
        except ImportError as failure:
            raise plugins.not_installed(backend, failure) from None

    def emitted(self, backend: str, *, inference: bool = False) -> Emitted:
        """Write the source for a backend, with what a witness needs to know of it.

        Raises Unproved where it is not what the graph says.
        """
        return self._emit(backend, inference=inference)

    def draw(
        self,
        format: str = "svg",
        *,
        style: str = "graph",
        theme: str = "light",
        depth: int | None = None,
        focus: str | None = None,
        expand: Sequence[str] = (),
        all: bool = False,
        heat: str | None = "macs",
        direction: str = "tb",
        layout: str = "chw",
        scale: float = 1.0,
    ) -> Picture:
        """Draw it on one page, blocks and repeats folded: svg, png, pdf, dot, mermaid or html.

        What each argument does is what `cnnspec draw` does for it: `style` is graph or volumes,
        `theme` light, dark, print or colorblind; `depth` levels of blocks are opened, as many as
        one page holds if left out, those of `expand` besides, and `focus` alone is drawn, or `all`;
        `heat` colours shares of macs, params, activations or memory; `direction` is tb or lr,
        `layout` chw or hwc; `scale` multiplies a png's pixels. Raises ValueError for what it does
        not know, and what `cnnspec.draw.drawing` raises, which takes more.
        """
        from cnnspec.draw import Look, View, drawing
        from cnnspec.results import Picture

        look = Look(theme, heat, layout=layout, direction=direction)
        view = View(depth, tuple(expand), focus, all)
        graph = self.elaborated
        result = drawing(graph, format=format, style=style, view=view, look=look, scale=scale)
        return Picture(result.content, format)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """Show itself in a notebook: a picture, or its figures where no engine draws."""
        from cnnspec.draw import EngineFailed, EngineMissing, Undrawn

        try:
            return {"text/plain": repr(self), "image/svg+xml": self.draw("svg").decode()}
        except (EngineFailed, EngineMissing, Undrawn):
            return {"text/plain": repr(self)}

    def _emit(self, name: str, *, inference: bool) -> Emitted:
        from cnnspec.emission import emitted

        return emitted(self.elaborated, name, self.origin, inference=inference)
