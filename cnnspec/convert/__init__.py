"""Checkpoints cross over: the tensors of one kind of file into another, bit for bit."""

from cnnspec.convert.run import Converted, How, Read, convert, read, save

__all__ = ["Converted", "How", "Read", "convert", "read", "save"]
