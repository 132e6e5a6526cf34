"""A few rows of a source, fetched dry: nothing is landed and nothing is written.

In: what a connector sees when it asks for the first rows. Out: a `Sample`, the same for every kind of
source, which `kho dataset new` profiles and `kho dataset check` conforms and judges.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Sample:
    """The first rows of a source.

    Attributes:
        records: as they would be landed: text for JSON, XML and files, native types for databases.
        declared: the total that the source states, None where it states none.
        where: endpoint, table or file, for people to read.
        types: the source's own column types, where it states them.
        unexpected: of forms: headings that the contract does not have. What a form lacks is refused, so its
            records always have every column.
    """

    records: pa.Table
    declared: int | None
    where: str
    types: Mapping[str, str] | None
    unexpected: tuple[str, ...] = ()
