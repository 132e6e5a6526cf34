"""A few records of a source, to look at before anything is landed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Sample:
    """What a connector saw.

    `records` are as they would land: text for JSON, XML and files, native types for databases. `declared` is
    the total the source states, `where` names what was asked, `types` the source's own column types if it
    states them.
    """

    records: pa.Table
    declared: int | None
    where: str
    types: Mapping[str, str] | None
