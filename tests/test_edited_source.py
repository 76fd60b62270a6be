"""One step of a spec edited changes few lines of what is emitted, and `--diff` shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnspec import library
from cnnspec.cli import run

#: A step, what it becomes, and how many lines that takes out and puts in: PyTorch's, then Keras's.
EDITS = {
    "resnet50": ("conv(inner, 1) -> bn -> relu", "conv(inner, 1) -> bn -> silu", 2, 6),
    "densenet121": ("-> norm5: bn", "-> norm5: bn -> relu", 1, 3),
    "googlenet": ("dropout(0.7)", "dropout(0.5)", 2, 2),
    "vgg16": ("maxpool(2)", "avgpool(2)", 2, 2),
    "mobilenet_v1": ("-> bn -> relu6\n", "-> bn -> dropout(0.1) -> relu6\n", 3, 1),
    "unet": ("-> relu", "-> silu", 4, 2),
    "xception": ("gap", "gmp", 2, 2),
    "convnext_tiny": ("gelu", "silu", 2, 2),
    "squeezenet1_1": ("relu", "silu", 2, 2),
    "inception_v3": (
        "x -> avgpool -> branch_pool: conv_bn(192)",
        "x -> maxpool(3, stride = 1, pad = 1) -> branch_pool: conv_bn(192)",
        4,
        8,
    ),
    "shufflenet_v2_x1_0": ("4: bn", "4: bn(eps = 0.001)", 2, 2),
    "mobilenet_v2": ("dropout(0.2)", "dropout(0.3)", 2, 2),
}


@pytest.mark.parametrize("backend", ["torch", "keras"])
@pytest.mark.parametrize("name", EDITS)
def test_one_step_changes_few_lines(
    name: str, backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    before, after, torchs, kerass = EDITS[name]
    text = library.zoo_text(name)
    spec = Path("net.cnn")
    spec.write_text(text)
    command = ["compile", f"net.cnn:{name}", "-b", backend, "-q"]
    assert run([*command, "-o", "net.py"]) == 0
    written = Path("net.py").read_text()
    assert run([*command, "--diff", "net.py"]) == 0
    assert capsys.readouterr() == ("", "")
    assert before in text
    spec.write_text(text.replace(before, after, 1))
    assert run([*command, "--diff", "net.py"]) == 1
    told = capsys.readouterr().out.splitlines()
    changed = [each for each in told[2:] if each.startswith(("-", "+"))]
    assert 0 < len(changed) <= {"torch": torchs, "keras": kerass}[backend], "\n".join(told)
    assert Path("net.py").read_text() == written
