"""The binding of a REST source: `source.kind: rest`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from kho.contracts.sources.base import Watermark
from kho.contracts.sources.consuming import consuming_word
from kho.contracts.sources.rest_auth import Auth, SessionLogin, XRoad
from kho.contracts.sources.rest_envelope import CodeAt, Envelope, ErrorCodes
from kho.contracts.sources.rest_paging import (
    CursorPaging,
    LinkPaging,
    NoPaging,
    OffsetPaging,
    PagePaging,
    Paging,
    Window,
)
from kho.yaml_model import Frozen

__all__ = [
    "Auth",
    "CodeAt",
    "CursorPaging",
    "Envelope",
    "ErrorCodes",
    "LinkPaging",
    "NoPaging",
    "OffsetPaging",
    "PagePaging",
    "Paging",
    "Request",
    "RestSource",
    "Window",
    "XRoad",
]


class Request(Frozen):
    """What is asked. A POST carries a query and nothing else: constants, window, page, session."""

    method: Literal["GET", "POST"] = "GET"
    path: str = Field(pattern=r"^/[^?#]*$")
    params: dict[str, str] = Field(default_factory=dict)
    post_as: Literal["json", "form"] | None = None
    """How a POST writes its query; a dot in a parameter's name makes a nested JSON object."""

    @model_validator(mode="after")
    def _only_reads(self) -> Request:
        word = consuming_word(self.path, [*self.params, *self.params.values()])
        if word:
            raise ValueError(
                f"'{self.path}' is named like an operation that changes or consumes data ('{word}'); "
                "a source is only ever read: choose the service's operation that lists or looks up"
            )
        if (self.method == "POST") != (self.post_as is not None):
            raise ValueError("POST needs post_as (json or form) for its query; GET has none")
        return self


class RestSource(Frozen):
    """One operation of one service, and everything that is particular about it."""

    kind: Literal["rest"]
    connection: str
    auth: Auth
    x_road: XRoad | None = None
    request: Request
    window: Window | None = None
    """None: each night reads the whole catalogue."""
    paging: Paging
    envelope: Envelope
    watermark: Watermark | None = None
    deletions: Literal["none", "key_comparison"] = "none"
    parallel_windows: int = Field(default=1, ge=1, le=4)

    @property
    def path(self) -> str:
        """The whole path of the operation, X-Road's part included."""
        return (self.x_road.prefix if self.x_road else "") + self.request.path

    @model_validator(mode="after")
    def _parts_agree(self) -> RestSource:
        if (self.window is None) != (self.watermark is None):
            raise ValueError("window and watermark belong together; a whole catalogue has neither")
        if self.deletions == "key_comparison" and self.window is not None:
            raise ValueError("deletions by key_comparison needs the whole catalogue: remove the window")
        if self.parallel_windows > 1 and (self.window is None or self.window.max_days is None):
            raise ValueError("parallel_windows needs a window with max_days")
        if self.request.method == "POST" and self.window is None and isinstance(self.paging, NoPaging):
            raise ValueError("a POST must carry a window or a page: a command has neither, a query has")
        if self.x_road:
            word = consuming_word(self.x_road.service)
            if word:
                raise ValueError(f"the X-Road service '{self.x_road.service}' changes data ('{word}')")
        carried_in_body = isinstance(self.auth, SessionLogin) and self.auth.carry == "body"
        if carried_in_body and self.request.method != "POST":
            raise ValueError("a session carried in the body needs method POST; else carry: param or header")
        return self
