"""Imports the models of torchvision, timm, Keras and the zoo, and prints what came of each.

`python -m tools.import_report torchvision timm zoo keras` prints a line a model, and a table of the
kinds. With `--prove` outputs are compared in float64 too, where the recorded steps alone are held
against the spec's otherwise; `--only WORD` takes the models whose names have it.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any, NamedTuple

import cnnspec
from cnnspec import library
from cnnspec.emit.loading import module_of
from cnnspec.graph import walk_scopes
from cnnspec.importing.imported import Imported, imported

#: torchvision's models that are no convolutional networks, or find boxes.
NOT_CONVOLUTIONAL = ("vit_", "swin", "maxvit", "mvit", "s3d", "raft")
BOXES = ("rcnn", "retinanet", "fcos", "ssd", "quantized")
#: Convolutional names of timm, some of each family; none has attention over tokens.
TIMM = (
    "convmixer_768_32 convnext_atto convnext_tiny convnext_nano_ols convnextv2_atto "
    "cs3darknet_s cs3darknet_focus_s cs3sedarknet_x cspdarknet53 cspresnet50 cspresnext50 "
    "darknet17 darknet53 darknetaa53 densenet121 densenetblur121d dla34 dla60 dla60x dla46_c "
    "dla60_res2net dpn48b dpn68 dpn92 efficientnet_b0 efficientnet_b0_gn efficientnet_es "
    "efficientnet_lite0 efficientnet_el efficientnetv2_rw_t efficientnetv2_s "
    "tf_efficientnet_b0 tf_efficientnet_lite0 tf_efficientnetv2_b0 tf_efficientnet_cc_b0_4e "
    "mixnet_s tf_mixnet_s mnasnet_100 mnasnet_small semnasnet_100 mobilenetv1_100 "
    "mobilenetv2_100 mobilenetv2_120d fbnetc_100 spnasnet_100 tinynet_a rexnet_100 "
    "rexnetr_200 fasternet_t0 ghostnet_100 ghostnetv2_100 hardcorenas_a hgnet_tiny hgnetv2_b0 "
    "hrnet_w18_small hrnet_w18 inception_next_atto inception_resnet_v2 inception_v3 "
    "inception_v4 legacy_seresnet18 legacy_seresnet50 legacy_seresnext26_32x4d "
    "legacy_senet154 lcnet_050 lcnet_100 mobilenetv3_small_100 mobilenetv3_large_100 "
    "mobilenetv3_rw tf_mobilenetv3_small_100 fbnetv3_b mobilenetv4_conv_small nasnetalarge "
    "pnasnet5large dm_nfnet_f0 nf_resnet50 nf_regnet_b0 eca_nfnet_l0 regnetx_002 regnety_002 "
    "regnety_008 regnetz_b16 regnetz_c16 regnetv_040 repghostnet_100 repvgg_a0 repvgg_b0 "
    "repvit_m1 res2net50_26w_4s res2next50 resnest14d resnest50d resnet18 resnet50 resnet18d "
    "resnet26t resnet50c resnet50s resnext50_32x4d wide_resnet50_2 seresnet50 "
    "seresnext26d_32x4d ecaresnet26t ecaresnet50d resnet50_gn resnetaa50 resnetblur50 "
    "resnetrs50 gcresnet33ts gcresnext26ts seresnet33ts resnet32ts resnet61q gernet_s "
    "resnetv2_50 resnetv2_50d resnetv2_50x1_bit rdnet_tiny selecsls42b selecsls60 skresnet18 "
    "skresnet50 skresnext50_32x4d starnet_s1 tresnet_m vgg11 vgg16_bn ese_vovnet19b_dw "
    "ese_vovnet39b vovnet39a xception legacy_xception xception41 xception65p xception71 "
    "mobileone_s0 edgenext_xx_small csatv2 lcnetv2_base cspnext_s "
)
#: One of each module of keras.applications, with what its constructor is given.
KERAS = {
    "ConvNeXtTiny": {},
    "DenseNet121": {},
    "EfficientNetB0": {},
    "EfficientNetV2B0": {},
    "InceptionResNetV2": {},
    "InceptionV3": {},
    "MobileNet": {},
    "MobileNetV2": {},
    "MobileNetV3Small": {"input_shape": (224, 224, 3)},
    "NASNetMobile": {},
    "ResNet50": {},
    "ResNet50V2": {},
    "VGG16": {"input_shape": (64, 64, 3)},
    "VGG19": {"input_shape": (64, 64, 3)},
    "Xception": {},
}


class Model(NamedTuple):
    """A model to import: its name, what imports it, how long the spec is that a person wrote."""

    name: str
    take: Callable[[bool], Imported]
    lines: int | None = None


def torchvision(only: str) -> Iterator[Model]:
    """Give torchvision's convolutional networks: classification, segmentation, video."""
    from torchvision import models

    for name in models.list_models():
        if only in name and not any(word in name for word in (*NOT_CONVOLUTIONAL, *BOXES)):
            yield Model(name, _torchvision(name))


def _torchvision(name: str) -> Callable[[bool], Imported]:
    from torchvision import models

    how: dict[str, Any] = {}
    if name in ("googlenet", "inception_v3"):
        how = {"init_weights": False, "aux_logits": True, "transform_input": False}
    if name.startswith(("fcn", "deeplab", "lraspp")):
        how = {"weights_backbone": None}
    shape: tuple[int, ...] = (3, 299, 299) if name == "inception_v3" else (3, 224, 224)
    if name.endswith("_18") and name.startswith(("r3d", "mc3", "r2plus1d")):
        shape = (3, 16, 112, 112)
    return _from(lambda: models.get_model(name, weights=None, **how), shape, name)


def _from(make: Callable[[], Any], shape: tuple[int, ...], name: str) -> Callable[[bool], Imported]:
    return lambda prove: imported(make, kind="torch", inputs=[shape], name=name, prove=prove)


def timm(only: str) -> Iterator[Model]:
    """Give the names of timm that are listed."""
    import timm as found

    for name in TIMM.split():
        if only in name and found.is_model(name):
            told = found.models.get_pretrained_cfg(name)
            shape = (3, 224, 224) if told is None else tuple(told.input_size)
            yield Model(name, _from(_timm(name), shape, name))


def _timm(name: str) -> Callable[[], Any]:
    import timm as found

    return lambda: found.create_model(name, pretrained=False)


def zoo(only: str) -> Iterator[Model]:
    """Give what the PyTorch backend emits for the networks that ship."""
    for name in library.shipped():
        if only in name:
            network = cnnspec.load(name)
            emitted = network.emitted("torch")
            make = getattr(module_of(emitted.text), emitted.class_name)
            shape = tuple(network.elaborated.inputs[0].shape)
            yield Model(name, _from(make, shape, name), _written(network))


def _written(network: cnnspec.Network) -> int:
    """Count the lines of the definitions that a network is made of, without blank ones."""
    graph = network.elaborated
    defined = [scope.definition for scope in walk_scopes(graph.root)]
    spans = dict.fromkeys(each.item.span for each in defined if each is not None)
    return sum(_lines(span.source.text[span.begin :]) for span in spans)


def _lines(text: str) -> int:
    """Count the lines up to the brace that closes the first one."""
    depth = 0
    for at, letter in enumerate(text):
        depth += (letter == "{") - (letter == "}")
        if letter == "}" and not depth:
            return sum(1 for line in text[: at + 1].splitlines() if line.strip())
    return 1


def keras(only: str) -> Iterator[Model]:
    """Give one model of each module of keras.applications."""
    from cnnspec_keras.quiet import quietly

    with quietly():
        from keras import applications

    for name, how in KERAS.items():
        if only in name:
            make = getattr(applications, name)
            yield Model(name, _keras(make, how))


def _keras(make: Callable[..., Any], how: dict[str, Any]) -> Callable[[bool], Imported]:
    return lambda prove: imported(make(weights=None, **how), kind="keras", prove=prove)


KINDS = {"torchvision": torchvision, "timm": timm, "zoo": zoo, "keras": keras}


def main() -> None:
    """Import what is asked for, and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=list(KINDS), choices=[*KINDS, []])
    parser.add_argument("--prove", action="store_true", help="compare outputs too")
    parser.add_argument("--only", default="", help="a word that names have")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(60_000)
    _shim()
    rows = [_kind(kind, asked.only, prove=asked.prove) for kind in asked.kinds]
    print("\n| models | imported | refused | not proved | lines, median | of a person's |")
    print("| --- | --- | --- | --- | --- | --- |")
    print("\n".join(rows))


def _kind(kind: str, only: str, *, prove: bool) -> str:
    """Import the models of one kind; give its row."""
    good, refused, wrong = 0, 0, 0
    lengths: list[int] = []
    shares: list[float] = []
    for model in KINDS[kind](only):
        start = time.perf_counter()
        try:
            found = model.take(prove)
        except cnnspec.SpecError as failure:
            refused += 1
            print(
                f"{kind} {model.name}: refused: {' '.join(str(failure).split())[:240]}", flush=True
            )
            continue
        took = time.perf_counter() - start
        length = len([line for line in found.text.splitlines() if line.strip()])
        lengths.append(length)
        if model.lines:
            shares.append(length / model.lines)
        good, wrong = good + found.report.proved, wrong + (not found.report.proved)
        state = "proved" if found.report.compared else "the same steps"
        state = state if found.report.proved else "NOT PROVED"
        print(f"{kind} {model.name}: {state}, {length} lines, {took:.1f} s", flush=True)
    whole = good + refused + wrong
    middle = f"{median(lengths):.0f}" if lengths else "-"
    share = f"{median(shares):.2f}, at most {max(shares):.2f}" if shares else "-"
    return f"| {kind} | {good} of {whole} | {refused} | {wrong} | {middle} | {share} |"


def _shim() -> None:
    """Declare what torchvision's Python asks of its compiled part, which no network here uses."""
    import torch

    library_of: Any = torch.library.Library
    shared = library_of("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        shared.define(f"{operator}(Tensor boxes, Tensor scores, float threshold) -> Tensor")
    LIBRARIES.append(shared)


#: What is declared lasts as long as it is held.
LIBRARIES: list[Any] = []

if __name__ == "__main__":
    main()
