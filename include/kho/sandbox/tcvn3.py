"""Names as old systems deliver them: Unicode → TCVN3, read as Latin-1."""

from kho.conform.legacy_encoding import to_tcvn3

__all__ = ["to_tcvn3"]
