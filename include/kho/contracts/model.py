"""The typed form of a data contract.

In: the parts of an ODCS document that the pipeline acts on. Out: frozen models, so that a stage can
rely on every name it reads. The ODCS document itself is checked by `loader` against the standard's
own JSON schema; here live the two custom properties this project adds, `source` and `quality`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

LOGICAL_TO_SQL = {
    "string": "text",
    "integer": "bigint",
    "number": "numeric",
    "date": "date",
    "timestamp": "timestamp",
    "boolean": "boolean",
}
"""SQL type of a staged column where the contract's physicalType does not say otherwise."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(_Frozen):
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
    default_value: str | None = None
    nested_count: str | None = None
    nested_sum: str | None = None


class Auth(_Frozen):
    kind: Literal["wso2_client_credentials", "none"]
    token_path: str = "/token"  # noqa: S105 - a path


class Request(_Frozen):
    method: Literal["GET"] = "GET"
    path: str
    params: dict[str, str] = Field(default_factory=dict)


class Window(_Frozen):
    """The span of change dates that one request may ask for, both ends included."""

    from_param: str
    to_param: str
    format: str
    max_days: int = Field(ge=1)
    history_days: int = Field(ge=1)
    """How far back the first load reaches."""


class OffsetPaging(_Frozen):
    kind: Literal["offset"]
    offset_param: str
    limit_param: str
    page_size: int = Field(ge=1)


class PagePaging(_Frozen):
    kind: Literal["page"]
    page_param: str
    limit_param: str
    page_size: int = Field(ge=1)
    first_page: int = 1


class CodeAt(_Frozen):
    """A path into the body, and the values there that count."""

    path: str
    values: tuple[str | int, ...]


class Envelope(_Frozen):
    """How to read a body: HTTP 200 proves nothing, so success is declared per endpoint."""

    success: CodeAt
    message: str
    records: str
    total: str
    empty: CodeAt | None = None


class Watermark(_Frozen):
    column: str
    lookback_days: int = Field(ge=0)


class RestSource(_Frozen):
    kind: Literal["rest"]
    connection: str
    auth: Auth
    request: Request
    window: Window
    paging: Annotated[OffsetPaging | PagePaging, Field(discriminator="kind")]
    envelope: Envelope
    watermark: Watermark


class SqlSource(_Frozen):
    kind: Literal["sql"]
    connection: str
    table: str = Field(pattern=r"^[A-Za-z_][\w]*(\.[A-Za-z_][\w]*)?$")
    fetch_size: int = Field(default=20_000, ge=100)
    watermark: Watermark
    deletions: Literal["none", "key_comparison"] = "none"


class ReferenceSource(_Frozen):
    kind: Literal["reference"]
    provider: Literal["csv", "administrative_units", "administrative_unit_successions"] = "csv"


Source = Annotated[RestSource | SqlSource | ReferenceSource, Field(discriminator="kind")]


class Quality(_Frozen):
    """Who answers for the rows, and how many may fail before the load stops."""

    owner_agency: str
    agency_column: str | None = None
    quarantine_limit: float = Field(gt=0, le=1)


class Freshness(_Frozen):
    column: str
    days: int = Field(ge=0)


class Contract(_Frozen):
    """Everything the pipeline knows of one dataset before it has seen a row."""

    dataset: str
    version: str
    title: str
    owner: str
    columns: tuple[Column, ...]
    source: Source
    quality: Quality
    freshness: Freshness | None = None
    depends_on: tuple[str, ...] = ()
    """Datasets whose night must be over before this one starts: it looks its keys up in them."""
    content_sha256: str
    """Checksum of the contract and its suite."""

    @property
    def key(self) -> tuple[Column, ...]:
        """The columns of the business key, in their declared order."""
        keyed = [column for column in self.columns if column.key_position is not None]
        return tuple(sorted(keyed, key=lambda column: column.key_position or 0))

    @property
    def source_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(column.source_name for column in self.columns))

    def column(self, name: str) -> Column:
        """The column called `name`; KeyError if the contract has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)
