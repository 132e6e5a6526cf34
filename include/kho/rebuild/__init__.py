"""Rebuild the star from the raw zone: load a dataset's batches again, beside the star, and mend it."""

from kho.rebuild.rebuild import Rebuilt, Span, rebuild_dataset

__all__ = ["Rebuilt", "Span", "rebuild_dataset"]
