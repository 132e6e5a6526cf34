"""The binding of an agency's database table: `source.kind: sql`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kho.contracts.sources.base import Frozen, Watermark


class SqlSource(Frozen):
    kind: Literal["sql"]
    connection: str
    table: str = Field(pattern=r"^[A-Za-z_][\w]*(\.[A-Za-z_][\w]*)?$")
    fetch_size: int = Field(default=20_000, ge=100)
    watermark: Watermark
    deletions: Literal["none", "key_comparison"] = "none"
