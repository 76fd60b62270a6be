"""Takes functional Keras models, and files of them, for `cnnspec import`."""

from cnnspec_keras.importing.importer import IMPORTER

__all__ = ["IMPORTER"]
