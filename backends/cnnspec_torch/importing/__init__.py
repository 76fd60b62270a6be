"""Takes living PyTorch modules, and constructors of such, for `cnnspec import`."""

from cnnspec_torch.importing.importer import IMPORTER

__all__ = ["IMPORTER"]
