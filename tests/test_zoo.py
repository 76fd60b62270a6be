"""Every network that ships: read, costed, drawn; written as PyTorch, run, and trained a step.

What needs no framework is done for all of them, always. The source is written for the smallest
network of each file and run for a spread of small ones; with `--zoo` (`make test-zoo`) for all.
"""

from __future__ import annotations

import ast
import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import torch

import cnnspec
from cnnspec import library, zoo
from cnnspec.cli import run as run_command
from tests.emitted import build, network, source

ROOT = Path(__file__).parent.parent
SPECS = ROOT / "specs"
NAMES = sorted(library.shipped())
FILES = sorted(set(library.shipped().values()))
#: What runs and trains in every run of the tests: small, and as different as can be.
SMALL = (
    "cnn_gap",
    "googlenet",
    "inception_block_example",
    "inception_bottleneck",
    "lenet5",
    "mobilenet_v3_small",
    "nin_cifar10",
    "regnet_y_400mf",
    "resnet18",
    "resnet20_cifar10",
    "shufflenet_v2_x0_5",
    "squeezenet1_1",
)
#: Above this many multiply-adds a step of training takes long, and a smaller input will do.
LARGE = 1e9
SMALLER = (64, 96, 128, 160, 224)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", NAMES)
    every = metafunc.config.getoption("--zoo")
    if "chosen" in metafunc.fixturenames:
        metafunc.parametrize("chosen", NAMES if every else FILES)
    if "run" in metafunc.fixturenames:
        metafunc.parametrize("run", NAMES if every else SMALL)


@cache
def smallest(chosen: str) -> str:
    """Give the network that a test is about: a name stands for itself, a file for its smallest."""
    if chosen in NAMES:
        return chosen
    held = [name for name, file in library.shipped().items() if file == chosen]
    return min(held, key=lambda each: network(each).macs)


def test_there_is_something_to_test() -> None:
    assert {"resnet18", "resnet50"} <= set(NAMES)
    assert smallest("resnet.cnn") == "resnet18"


def test_holds_what_it_states_and_nothing_is_left_over(name: str) -> None:
    net = network(name)  # raises where an `expect` does not hold
    assert net.warnings == ()
    assert net.params > 0
    assert net.macs > 0


def test_is_costed(name: str) -> None:
    net = network(name)
    facts = net.cost()
    assert facts["params"] == sum(row["params"] for row in facts["nodes"]) == net.params
    assert facts["macs"] == sum(row["macs"] for row in facts["nodes"]) == net.macs


def test_is_drawn(chosen: str) -> None:
    assert network(smallest(chosen)).draw("svg").rstrip().endswith(b"</svg>")


def test_says_where_it_comes_from(name: str) -> None:
    meta = network(name).meta
    assert {"paper", "year"} <= set(meta)
    assert "top1" not in meta or "top1_source" in meta


def test_titles_tell_networks_apart() -> None:
    titles = Counter(network(name).meta.get("title", f"pattern {name}") for name in NAMES)
    assert [title for title, count in titles.items() if count > 1] == []


def test_every_file_has_a_network_with_a_title() -> None:
    titled = {file for name, file in library.shipped().items() if "title" in network(name).meta}
    assert titled == set(FILES)


def test_published_accuracies_are_those_of_the_published_list() -> None:
    text = (Path(__file__).parent / "oracles" / "imagenet_accuracy.csv").read_text()
    published = {row["model"]: float(row["top1"]) for row in csv.DictReader(text.splitlines())}
    for paper in ("alexnet", "googlenet"):  # that name is the paper's network here
        published[f"{paper}_torchvision"] = published.pop(paper)
    both = sorted(set(published) & set(NAMES))
    assert len(both) >= 5
    for name in both:
        assert network(name).meta.get("top1") == pytest.approx(published[name], abs=0.005), name


def test_compiles_to_a_module_whose_weights_are_the_graphs(chosen: str) -> None:
    name = smallest(chosen)
    ast.parse(source(name))
    assert network(name).mismatch("torch") == []
    if any(output.train for output in network(name).elaborated.outputs):
        assert network(name).mismatch("torch", inference=True) == []


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Run torch in one thread: on small images more of them wait for each other, mostly."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_runs_at_its_own_size_and_trains_a_step_with_all_heads(run: str, one_thread: None) -> None:
    torch.manual_seed(0)
    model = build(run)
    runs_forward(run, model.eval())
    stepped = network_of_a_step(run)
    trains_a_step(stepped, model.train() if stepped is network(run) else stepped.build().train())


def runs_forward(name: str, model: torch.nn.Module) -> None:
    graph = network(name).elaborated
    with torch.no_grad():
        given = model(*(torch.randn(1, *node.shape) for node in graph.inputs))
    wanted = graph.inference_outputs
    values = [given] if len(wanted) == 1 else list(given)
    assert [tuple(each.shape[1:]) for each in values] == [tuple(o.port.shape) for o in wanted]
    assert all(each.isfinite().all() for each in values)


def trains_a_step(net: cnnspec.Network, model: torch.nn.Module) -> None:
    graph = net.elaborated
    optimiser = torch.optim.SGD(model.parameters(), lr=1e-3)
    given = model(*(torch.randn(2, *node.shape) for node in graph.inputs))
    values = given._asdict() if hasattr(given, "_asdict") else {graph.outputs[0].name: given}
    assert set(values) == {output.name for output in graph.outputs}
    weights = {output.name: output.weight if output.train else 1.0 for output in graph.outputs}
    loss = sum(weights[key] * value.square().mean() for key, value in values.items())
    loss.backward()
    assert loss.isfinite()
    for key, each in model.named_parameters():
        assert each.grad is not None, key
        assert each.grad.isfinite().all(), key
    moved = [each for each in model.parameters() if each.grad.any()]
    before = moved[-1].detach().clone()
    optimiser.step()
    assert not torch.equal(before, moved[-1])


#: Layers that fix the size of the input, as the papers have it; all other networks take any size.
FIXED = {
    "alexnet": "fc6",
    "alexnet_paper": "fc6",
    "alexnet_ungrouped": "fc6",
    "cnn_flattening": "classifier.dense1",
    "googlenet": "aux1.fc1",
    "lenet5": "fc1",
}


@pytest.mark.parametrize("fixed", FIXED)
def test_a_dense_layer_fixes_the_size_and_is_named(
    fixed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = checked_larger(fixed, capsys)
    assert status == 1
    assert said.startswith(f"error[fixed-size]: {FIXED[fixed]} fixes the size of the input")


def test_takes_a_larger_image_unless_a_dense_layer_fixes_its_size(
    chosen: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = smallest(chosen)
    status, said = checked_larger(name, capsys)
    assert (status == 0) == (name not in FIXED), said


def checked_larger(name: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Check a network at 96 pixels more than its own, or twice its own where that is small."""
    channels, height, width = network(name).elaborated.inputs[0].shape
    more = 96 if height > 128 else height
    size = f"{channels}x{height + more}x{width + more}"
    status = run_command(["check", name, "--input", size, "--keep-weights"])
    return status, capsys.readouterr().err


def network_of_a_step(name: str) -> cnnspec.Network:
    """Give the network, or where it is large the same for a smaller image, if its weights allow."""
    net = network(name)
    channels, height, _ = net.elaborated.inputs[0].shape
    for size in SMALLER if net.macs > LARGE else ():
        if size < height and (smaller := fitting(name, (channels, size, size))) is not None:
            return smaller
    return net


def fitting(name: str, shape: tuple[int, ...]) -> cnnspec.Network | None:
    """Load a network for another size of image; None if it has no place or other weights there."""
    try:
        return cnnspec.load(name, input=shape, keep_weights=True)
    except cnnspec.SpecError:
        return None


def test_no_spec_is_long() -> None:
    lengths = {each.name: each.read_text().count("\n") for each in SPECS.glob("*.cnn")}
    assert {name: length for name, length in lengths.items() if length > 105} == {}
    assert sum(lengths.values()) / len(lengths) < 50


def test_no_block_is_defined_twice() -> None:
    named: dict[str, list[str]] = {}
    for file in sorted(SPECS.glob("*.cnn")):
        for block in blocks(file.read_text()):
            named.setdefault(normal_form(block), []).append(f"{file.name}: {block.split('(')[0]}")
    assert len(named) >= 5
    assert [same for same in named.values() if len(same) > 1] == []


def test_a_block_under_other_names_is_found_out() -> None:
    text = """
        block a(x, n) { y = x -> conv(n, 3, stride = n) -> bn return y }
        block b(image, stride) {
            z = image -> conv(stride, 3, stride = stride) # why
              -> bn
            return z
        }
        block c(x, n) { y = x -> conv(n, 5, stride = n) -> bn return y }
    """
    first, second, third = map(normal_form, blocks(text))
    assert first == second != third


def blocks(text: str) -> list[str]:
    """Give the blocks of a spec as they are written, from their names on."""
    bare = re.sub(r"#.*", "", text)
    items = re.split(r"^\s*(block|network|use|default)\b", bare, flags=re.MULTILINE)
    return [body for kind, body in zip(items[1::2], items[2::2], strict=True) if kind == "block"]


def normal_form(block: str) -> str:
    """Write a block without its name, its own names numbered as they come."""
    words = re.findall(r"\w+|[=!<>]=|[^\w\s]", block)[1:]
    body = words.index("{")
    own = {words[i] for i in range(1, body) if words[i - 1] in "(,"}
    result = []
    numbers: dict[str, str] = {}
    for i, word in enumerate(words):
        assigned = words[i + 1 : i + 2] == ["="]
        keyword = i > body and assigned and words[i - 1] in "(,"
        if (assigned and not keyword) or words[i - 1] == "for":
            own.add(word)
        mine = word in own and not keyword
        result.append(numbers.setdefault(word, f"${len(numbers)}") if mine else word)
    return " ".join(result)


def test_the_list_has_the_figures_of_every_titled_network() -> None:
    titled = [name for name in library.shipped() if "title" in network(name).meta]
    assert [each.name for each in zoo.measured()] == titled
    for each in zoo.measured():
        net = network(each.name)
        assert (each.params, each.macs) == (net.params, net.macs)
        assert each.top1 == net.meta.get("top1")


def test_the_list_is_read_from_the_index_unless_a_spec_was_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = {**zoo.measured()[0]._asdict(), "params": 7}
    index = {"sha256": zoo.digest(), "networks": [row]}
    monkeypatch.setattr(library, "index", lambda: index)
    assert [each.params for each in zoo.entries()] == [7]
    index["sha256"] = "of other specs"
    assert zoo.entries() == zoo.measured()
    assert json.loads(zoo.as_index())["sha256"] == zoo.digest()


def test_source_grows_with_the_spec_and_not_with_the_network() -> None:
    lines = {name: source(name).count("\n") for name in NAMES}
    assert {name: count for name, count in lines.items() if count > 300} == {}
    for larger, smaller, more in (
        ("densenet201", "densenet121", 10),
        ("resnet1202_cifar10", "resnet20_cifar10", 5),
        ("efficientnet_b7", "efficientnet_b0", 30),
        ("resnet152", "resnet50", 0),
        ("densenet264", "densenet121", 5),
        ("convnext_large", "convnext_tiny", 5),
        ("regnet_y_32gf", "regnet_y_400mf", 10),
        ("shufflenet_v2_x2_0", "shufflenet_v2_x0_5", 5),
    ):
        assert abs(lines[larger] - lines[smaller]) <= more, (larger, lines[larger], lines[smaller])


def test_the_index_and_the_page_of_the_zoo_are_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "tools")
    import zoo_page

    assert (SPECS / "index.json").read_text() == zoo.as_index(), "stale: `make docs`"
    assert (ROOT / "docs" / "zoo.md").read_text() == zoo_page.page(), "stale: `make docs`"
    pictures = {each.stem for each in (ROOT / "docs" / "zoo").glob("*.svg")}
    assert pictures == set(zoo_page.shown())
