"""Checkpoints cross over: the tensors of one kind of file into another, bit for bit."""

from cnnspec.convert.run import Converted, convert

__all__ = ["Converted", "convert"]
