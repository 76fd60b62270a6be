"""A model from its configuration: only Keras's own layers are made, nothing else is imported."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cnnspec.importing.refusal import refused
from cnnspec_keras.importing.layers import LAYERS, PREPROCESSING
from cnnspec_keras.quiet import quietly

#: Classes that a configuration may name, and the modules that they may be said to be in.
CLASSES: Final = frozenset(
    (*LAYERS, *PREPROCESSING, "InputLayer", "Functional", "Model", "Sequential")
)
PLAIN: Final = frozenset(("DTypePolicy", "__tuple__", "__keras_tensor__", "__numpy__", "function"))
MODULES: Final = ("keras", "keras.layers", "keras.models", "keras.initializers")
INITIALIZERS: Final = frozenset(
    (
        *("Zeros", "Ones", "Constant", "GlorotUniform", "GlorotNormal", "HeNormal", "HeUniform"),
        *("VarianceScaling", "RandomNormal", "RandomUniform", "TruncatedNormal"),
        *("LecunNormal", "LecunUniform", "Orthogonal", "Identity", "L1", "L2", "L1L2"),
    )
)
DEEPEST: Final = 60


def model_of(config: Mapping[str, Any], archive: Path | None) -> Any:
    """Make a model of a configuration that names nothing strange; raises SpecError."""
    _check(config, 0)
    with quietly():
        import keras
    layers = {"LayerScale", "StochasticDepth"} & _named(config)
    custom: dict[str, Any] = {}
    if layers:
        from keras.src.applications import convnext

        custom = {name: getattr(convnext, name) for name in layers}
    try:
        with keras.saving.custom_object_scope(custom):
            model = keras.saving.deserialize_keras_object(dict(config), safe_mode=True)
            if archive is not None:
                _load(model, archive)
    except Exception as failure:
        first = next(iter(str(failure).splitlines()), "")
        raise refused(f"Keras does not read the model: {type(failure).__name__}: {first}") from None
    return model


def _load(model: Any, archive: Path) -> None:
    """Read the weights that lie beside a configuration."""
    import tempfile
    import zipfile

    with zipfile.ZipFile(archive) as opened, tempfile.TemporaryDirectory() as folder:
        if "model.weights.h5" in opened.namelist():
            model.load_weights(opened.extract("model.weights.h5", folder))


def _check(part: Any, depth: int) -> None:
    """Refuse a configuration that names classes, or modules, which are not Keras's own."""
    if depth > DEEPEST:
        raise refused("the configuration is nested too deeply")
    if isinstance(part, list):
        for each in part:
            _check(each, depth + 1)
    if not isinstance(part, dict):
        return
    name, module = part.get("class_name"), part.get("module")
    if isinstance(name, str) and name not in CLASSES | PLAIN | INITIALIZERS:
        raise refused(f"there is no operator for a {name}", f"the layer {part.get('name', '')}")
    known = module in (None, "builtins", *MODULES) or str(module).startswith("keras.")
    if not known or (name == "function" and module != "builtins"):
        raise refused(f"the configuration names {name} of {module}, which is not Keras's own")
    for each in part.values():
        _check(each, depth + 1)


def _named(part: Any) -> set[str]:
    if isinstance(part, list):
        return {name for each in part for name in _named(each)}
    if not isinstance(part, dict):
        return set()
    own = {part["class_name"]} if isinstance(part.get("class_name"), str) else set()
    return own | {name for each in part.values() for name in _named(each)}
