"""The binding of an agency's database table: `source.kind: sql`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from kho.contracts.sources.base import Charset, Watermark
from kho.yaml_model import Frozen


class StreamReading(Frozen):
    """One statement, read through a server-side cursor."""

    by: Literal["stream"]


class KeysetReading(Frozen):
    """Page after page along the business key, which must be unique at the source."""

    by: Literal["keyset"]
    page_rows: int = Field(default=50_000, ge=100)


class PartitionReading(Frozen):
    """Range after range of a column of whole numbers, dates or times."""

    by: Literal["partition"]
    column: str
    count: int = Field(ge=2, le=1000)


Reading = Annotated[StreamReading | KeysetReading | PartitionReading, Field(discriminator="by")]


class SqlSource(Frozen):
    """Either a watermark says which rows are new, or the whole table is compared with its last state."""

    kind: Literal["sql"]
    connection: str
    table: str = Field(pattern=r"^[A-Za-z_][\w$#]*(\.[A-Za-z_][\w$#]*){0,2}$")
    fetch_size: int = Field(default=20_000, ge=100)
    read: Reading = StreamReading(by="stream")
    watermark: Watermark | None = None
    snapshot: Literal["row_hash"] | None = None
    deletions: Literal["none", "key_comparison"] = "none"
    charset: Charset = "unicode"
    """How text is written, where a column does not say otherwise."""
    statement_timeout_seconds: int = Field(default=600, ge=1)

    @model_validator(mode="after")
    def _one_way_to_find_changes(self) -> Self:
        if (self.watermark is None) == (self.snapshot is None):
            raise ValueError("give either a watermark or `snapshot: row_hash`")
        if self.snapshot and self.deletions != "none":
            raise ValueError("a snapshot finds deletions by itself; leave `deletions` out")
        return self
