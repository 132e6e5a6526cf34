"""The kinds of values that sources have, whatever each calls its types.

In: a type as the source words it (`character varying(20)`, `NUMBER(10,2)`, `number|text` of JSON).
Out: kinds of one vocabulary, `kho.contracts.model.SourceKind`, so that they can be compared.
"""

from __future__ import annotations

import re

from kho.contracts.model import Column

_PATTERNS = (
    ("list", r"\[\]$|^array|^list"),
    ("object", r"^(json|object|struct|map|record)"),
    ("boolean", r"^bool|^bit(\(1\))?$"),
    ("timestamp", r"^(timestamp|datetime|smalldatetime)"),
    ("date", r"^date"),
    ("time", r"^(time|interval)"),
    ("binary", r"^(bytea|blob|tinyblob|mediumblob|longblob|binary|varbinary|raw|image|longraw|bit)"),
    ("number", r"^(u?(tiny|small|medium|big|huge)?int|unsigned|(big|small)?serial|number|numeric|year)"),
    ("number", r"^(dec|fixed|float|real|double|money|smallmoney)"),
    ("text", r"."),
)

_BY_LOGICAL_TYPE = {
    "string": {"text"},
    "integer": {"number"},
    "number": {"number"},
    "date": {"date", "timestamp"},
    "timestamp": {"timestamp", "date"},
    "boolean": {"boolean", "number"},
}


def kinds_of(source_type: str | None) -> frozenset[str]:
    """The kinds that a source's type stands for; none if the source states no type."""
    if not source_type:
        return frozenset()
    return frozenset(_kind(part.strip().lower()) for part in source_type.split("|") if part.strip())


def expected_kinds(column: Column, source_kind: str) -> frozenset[str]:
    """The kinds in which a column may come: what the contract says, or else what its type suggests."""
    if column.source_type:
        return frozenset({column.source_type})
    if column.is_nested:
        return frozenset({"list", "object", "text"})
    kinds = set(_BY_LOGICAL_TYPE[column.logical_type])
    # Only databases have dates; elsewhere, and where a format is agreed, values are written as text.
    if source_kind != "sql" and (column.source_format or column.logical_type in ("date", "timestamp")):
        return frozenset({"text"})
    if column.source_format:
        kinds.add("text")
    return frozenset(kinds)


def _kind(name: str) -> str:
    return next(kind for kind, pattern in _PATTERNS if re.search(pattern, name))
