"""Load: accepted rows into the star, rejected rows into the quarantine, all or nothing."""

from kho.load.load import Loaded, load_batch

__all__ = ["Loaded", "load_batch"]
