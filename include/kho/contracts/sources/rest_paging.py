"""How a REST source hands out what does not fit one answer: the `paging` and `window` keys."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from kho.yaml_model import Frozen


class Window(Frozen):
    """The span of change dates that one request may ask for, both ends included.

    Without `to_param` the source knows only "changed since", and the span cannot be split.
    """

    from_param: str
    to_param: str | None = None
    format: str
    max_days: int | None = Field(default=None, ge=1)
    history_days: int = Field(ge=1)
    """How far back the first load reaches."""

    @model_validator(mode="after")
    def _splits_at_two_ends(self) -> Window:
        if self.max_days is not None and self.to_param is None:
            raise ValueError("max_days needs to_param: a span without an end cannot be split")
        return self


class Snapshot(Frozen):
    """A token of the first page that, sent along, keeps the later pages of the same moment."""

    path: str
    param: str


class OffsetPaging(Frozen):
    kind: Literal["offset"]
    offset_param: str
    limit_param: str
    page_size: int = Field(ge=1)
    snapshot: Snapshot | None = None


class PagePaging(Frozen):
    kind: Literal["page"]
    page_param: str
    limit_param: str | None = None
    page_size: int = Field(default=100, ge=1)
    first_page: int = 1
    snapshot: Snapshot | None = None


class CursorPaging(Frozen):
    """Each page names the next one by a value that is sent back."""

    kind: Literal["cursor"]
    cursor_param: str
    cursor_path: str
    limit_param: str | None = None
    page_size: int = Field(default=100, ge=1)
    snapshot: None = None


class LinkPaging(Frozen):
    """Each page names the next one by an address, in the body or (`link_path` None) in the Link header."""

    kind: Literal["link"]
    link_path: str | None = None
    limit_param: str | None = None
    page_size: int = Field(default=100, ge=1)
    snapshot: None = None


class NoPaging(Frozen):
    """Everything comes in one answer."""

    kind: Literal["none"]
    limit_param: None = None
    page_size: int = 1
    snapshot: None = None


Paging = Annotated[
    OffsetPaging | PagePaging | CursorPaging | LinkPaging | NoPaging,
    Field(discriminator="kind"),
]
