"""Rebuild the star from the raw zone: load a dataset's batches again, beside the star, and mend it."""

from kho.rebuild.rebuild import Rebuilt, rebuild_dataset
from kho.rebuild.span import Span, span_of

__all__ = ["Rebuilt", "Span", "rebuild_dataset", "span_of"]
