"""The typed form of a data contract.

In: the parts of an ODCS document that the pipeline acts on. Out: frozen models, so that a stage can
rely on every name it reads. The ODCS document itself is checked by `loader` against the standard's
own JSON schema; here live the two custom properties this project adds, `source` and `quality`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from kho.contracts.sources import FilesSource, Source, SqlSource
from kho.contracts.sources.base import Charset
from kho.yaml_model import Frozen

SourceKind = Literal[
    "text", "number", "boolean", "date", "timestamp", "time", "binary", "list", "object", "any"
]
"""Kinds of values as sources have them, whatever each calls its types; `any` is never compared."""

DriftPolicy = Literal["freeze", "evolve", "discard"]
"""What a change of the source's columns does: stop; load and propose a contract; load and write down."""

LOGICAL_TO_SQL = {
    "string": "text",
    "integer": "bigint",
    "number": "numeric",
    "date": "date",
    "timestamp": "timestamp",
    "boolean": "boolean",
}
"""SQL type of a staged column where the contract's physicalType does not say otherwise."""


MissingReason = Literal["not_applicable", "not_yet_reported", "unknown"]

Markers = Mapping[MissingReason, tuple[str, ...]]

STANDARD_MARKERS: Markers = {
    "not_applicable": ("-", "–", "—", "x", "không có", "không phát sinh"),
    "not_yet_reported": ("…", "...", "..", "chưa có", "chưa báo cáo", "chưa tổng hợp"),
    "unknown": ("?", "không rõ", "không xác định", "kxđ", "n/a"),
}
"""The markers of `missingMarkers: standard`, compared without regard to case and spaces."""


class Column(Frozen):
    """One column: where it comes from, what it becomes, how private it is."""

    name: str
    source_name: str
    title: str
    logical_type: Literal["string", "integer", "number", "date", "timestamp", "boolean"]
    sql_type: str
    required: bool = False
    key_position: int | None = None
    classification: Literal["public", "internal", "personal"]
    source_format: str | None = None
    """strptime format of a date, or `1.234,56` for Vietnamese numbers; None: ISO dates, plain numbers."""
    text_hygiene: Literal["clean", "verbatim"] = "clean"
    charset: Charset | None = None
    """How its text is written; None: as the source says, or else as Unicode."""
    default_value: str | None = None
    nested_count: str | None = None
    nested_sum: str | None = None
    nested_text: str | None = None
    """The path of one value inside a nested list; it is read like any other text."""
    counted_value: str | None = None
    """Of the values at the path of `nested_count`, only those equal to this one count."""
    missing_markers: Markers = Field(default_factory=dict)
    """What people write where they have no value, by its meaning; such a value is NULL, not unreadable."""
    missing_reason_of: str | None = None
    """This column says why that one has no value."""
    source_unit: str | None = None
    """The unit of the source's numbers, such as `triệu đồng`; they are kept in its canonical unit."""
    source_unit_column: str | None = None
    """The source's column that names the unit of each number."""
    source_type: SourceKind | None = None
    """The kind of value that the source sends, where it is not the one that the logical type suggests."""

    person_identifier: Literal["record", "fields"] | None = None
    """It names a person: with the person's data the whole record is erased, or its personal fields."""

    @property
    def is_nested(self) -> bool:
        """Whether its value is somewhere inside a list of the record."""
        return bool(self.nested_count or self.nested_sum or self.nested_text)


class Quality(Frozen):
    """Who answers for the rows, and how many may fail before the load stops."""

    owner_agency: str
    agency_column: str | None = None
    quarantine_limit: float = Field(gt=0, le=1)
    quarantine_floor: int = Field(default=10, ge=0)
    """So many rejected rows never stop a load: one bad row of three says nothing about the batch."""
    deletion_limit: float = Field(default=0.2, gt=0, le=1)
    """The share of a source's records that may vanish from one night to the next; more waits for a person."""


class Freshness(Frozen):
    """The newest value of a column may be so many working days old."""

    column: str
    days: int = Field(ge=0)


class Contract(Frozen):
    """Everything the pipeline knows of one dataset before it has seen a row."""

    dataset: str
    version: str
    title: str
    purpose: str = ""
    """What it is for, in a sentence; empty where nobody wrote it."""
    owner: str
    domain: str = ""
    """What it is about: its facts' place in the diagram of the star."""
    columns: tuple[Column, ...]
    source: Source
    quality: Quality
    freshness: Freshness | None = None
    retention_days: int | None = Field(default=None, ge=1)
    """How long what the source sent is kept; None: as `include/retention.yaml` says."""
    depends_on: tuple[str, ...] = ()
    """Datasets whose night must be over before this one starts: it looks its keys up in them."""
    drift: DriftPolicy = "discard"
    ignored_columns: tuple[str, ...] = ()
    """Columns of the source that are known and not wanted, such as a row number of its own."""
    content_sha256: str
    """Checksum of the contract, its suite and its corrections."""

    @property
    def key(self) -> tuple[Column, ...]:
        """The columns of the business key, in their declared order."""
        keyed = [column for column in self.columns if column.key_position is not None]
        return tuple(sorted(keyed, key=lambda column: column.key_position or 0))

    @property
    def comes_whole(self) -> bool:
        """Whether each batch holds the whole table, and not what changed."""
        return not isinstance(self.source, SqlSource | FilesSource) and self.source.watermark is None

    @property
    def person_identifiers(self) -> tuple[Column, ...]:
        """The columns that name a person; of a dataset that has none nothing can be erased by person."""
        return tuple(column for column in self.columns if column.person_identifier)

    @property
    def source_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(column.source_name for column in self.columns))

    def column(self, name: str) -> Column:
        """The column called `name`; KeyError if the contract has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)
