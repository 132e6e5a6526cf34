"""Where a dataset's rows come from: one module for each kind of source."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kho.contracts.sources.base import Watermark
from kho.contracts.sources.files import FilesSource
from kho.contracts.sources.reference import ReferenceSource
from kho.contracts.sources.rest import RestSource
from kho.contracts.sources.sql import SqlSource

Source = Annotated[RestSource | SqlSource | FilesSource | ReferenceSource, Field(discriminator="kind")]

__all__ = ["FilesSource", "ReferenceSource", "RestSource", "Source", "SqlSource", "Watermark"]
