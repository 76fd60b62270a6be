"""Names that an emitted module must not take are known without torch, and are all of torch's."""

from __future__ import annotations

from torch import nn

from cnnspec_torch.attributes import MODULE_ATTRIBUTES, attribute


def test_every_name_of_torchs_modules_is_known() -> None:
    for module in (nn.Module(), nn.Sequential(), nn.ModuleDict()):
        # Whatever other tests made of torch meanwhile, its own marks begin with three underscores.
        names = {name for name in dir(module) if not name.startswith("___")}
        assert names <= MODULE_ATTRIBUTES


def test_escaping_is_one_to_one() -> None:
    words = ["train", "train_", "train__", "conv1", "forward", "_modules", "keys", "0"]
    assert len({attribute(word) for word in words}) == len(words)
    assert not {attribute(word) for word in words} & MODULE_ATTRIBUTES
