"""What is known of a column before its values are profiled.

In: what the reader of a form saw that its landed texts no longer show: headings, units, real dates beside
typed ones. Out: `ColumnHint`, which a proposal follows where it speaks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LogicalType = Literal["string", "integer", "number", "date", "timestamp", "boolean"]


@dataclass(frozen=True)
class ColumnHint:
    """One column, by the name under which it is landed.

    Attributes:
        title: as people read it, in Vietnamese.
        name: our name, where the source's words do not make it.
        unit, unit_column: of a measure; the column names units row by row.
        marked: some cells hold a mark of a missing value.
        privacy: the kind of personal data of which its heading speaks.
        names_form: it says who sent the form, or for which period: a part of every key.
        changes: it says when the record changed.
    """

    title: str
    logical_type: LogicalType = "string"
    source_format: str | None = None
    sql_type: str | None = None
    unit: str | None = None
    unit_column: str | None = None
    marked: bool = False
    privacy: str | None = None
    name: str | None = None
    reasons: tuple[str, ...] = ()
    names_form: bool = False
    changes: bool = False
