"""The PyTorch backend: source that a good engineer would have typed, and a model built from it."""

from cnnspec_torch.backend import BACKEND

__all__ = ["BACKEND"]
