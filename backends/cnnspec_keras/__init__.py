"""The Keras backend: functional source that a good engineer would have typed, and its model."""

from cnnspec_keras.backend import BACKEND

__all__ = ["BACKEND"]
