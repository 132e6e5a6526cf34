"""The binding of a REST source: `source.kind: rest`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kho.contracts.sources.base import Frozen, Watermark


class Auth(Frozen):
    kind: Literal["wso2_client_credentials", "none"]
    token_path: str = "/token"  # noqa: S105 - a path


class Request(Frozen):
    method: Literal["GET"] = "GET"
    path: str
    params: dict[str, str] = Field(default_factory=dict)


class Window(Frozen):
    """The span of change dates that one request may ask for, both ends included."""

    from_param: str
    to_param: str
    format: str
    max_days: int = Field(ge=1)
    history_days: int = Field(ge=1)
    """How far back the first load reaches."""


class OffsetPaging(Frozen):
    kind: Literal["offset"]
    offset_param: str
    limit_param: str
    page_size: int = Field(ge=1)


class PagePaging(Frozen):
    kind: Literal["page"]
    page_param: str
    limit_param: str
    page_size: int = Field(ge=1)
    first_page: int = 1


class CodeAt(Frozen):
    """A path into the body, and the values there that count."""

    path: str
    values: tuple[str | int, ...]


class Envelope(Frozen):
    """How to read a body: HTTP 200 proves nothing, so success is declared per endpoint."""

    success: CodeAt
    message: str
    records: str
    total: str
    empty: CodeAt | None = None


class RestSource(Frozen):
    kind: Literal["rest"]
    connection: str
    auth: Auth
    request: Request
    window: Window
    paging: Annotated[OffsetPaging | PagePaging, Field(discriminator="kind")]
    envelope: Envelope
    watermark: Watermark
