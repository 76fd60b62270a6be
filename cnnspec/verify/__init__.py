"""Proves that witnesses agree on a network: node by node, output by output, weight by weight."""

from cnnspec.verify.certificate import Certificate, Disagreement, Held
from cnnspec.verify.run import verify

__all__ = ["Certificate", "Disagreement", "Held", "verify"]
