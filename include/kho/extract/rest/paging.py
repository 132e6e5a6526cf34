"""From page to page: what to ask next, and when there is nothing more to ask.

In: the contract's paging, and each page as it is read. Out: the parameters of the next question. A pager
knows only the pages it was shown, so one that is shown the pages kept from an earlier attempt stands where
that attempt stood.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urljoin, urlsplit

from kho.contracts.sources.consuming import consuming_word
from kho.contracts.sources.rest import CursorPaging, LinkPaging, OffsetPaging, PagePaging, RestSource
from kho.errors import SourceRejected
from kho.extract.rest.envelope import Page

_LINK = re.compile(r'<([^>]*)>((?:\s*;\s*[\w!#$&+\-.^`|~*]+\s*(?:=\s*(?:"[^"]*"|[^\s",;]+))?)*)\s*(?:,|$)')
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s",;]+))', re.IGNORECASE)


class Incomplete(Exception):
    """The pages of a window do not add up; ask for it again."""


@dataclass(frozen=True)
class Position:
    """Where the next page is: its parameters, or the path and query that the source has linked to."""

    params: Mapping[str, str | int]
    path: str | None = None


class Pager:
    """The way through the pages of one window.

    Args:
        common: parameters of every page: constants and the window's bounds.
        base_url: the host that no link may leave.
    """

    def __init__(self, source: RestSource, base_url: str, common: Mapping[str, str | int]) -> None:
        self._paging = source.paging
        self._source = source
        self._base_url = base_url
        self._common: dict[str, str | int] = dict(common)
        if source.paging.limit_param:
            self._common[source.paging.limit_param] = source.paging.page_size
        self._next: str | None = None
        self._path = source.path
        self._seen: set[str] = set()
        self.received = 0
        self.pages = 0
        self.total: int | None = None
        self.is_over = False

    @property
    def extras(self) -> tuple[str, ...]:
        """Paths of the body, beside records and total, that this paging lives on."""
        paging = self._paging
        if isinstance(paging, CursorPaging):
            return (paging.cursor_path,)
        if isinstance(paging, LinkPaging):
            return (paging.link_path,) if paging.link_path else ()
        return (paging.snapshot.path,) if paging.snapshot else ()

    @property
    def is_pinned(self) -> bool:
        """Whether the source itself keeps our place: what it adds meanwhile cannot shift the pages."""
        return isinstance(self._paging, CursorPaging | LinkPaging) or self._paging.snapshot is not None

    def position(self) -> Position:
        """Where the page is that was not yet shown."""
        paging = self._paging
        if isinstance(paging, OffsetPaging):
            # By what came, not by what was asked for: services cap the page size as they like.
            return Position(self._common | {paging.offset_param: self.received})
        if isinstance(paging, PagePaging):
            return Position(self._common | {paging.page_param: paging.first_page + self.pages})
        if isinstance(paging, CursorPaging) and self._next is not None:
            return Position(self._common | {paging.cursor_param: self._next})
        if isinstance(paging, LinkPaging) and self._next is not None:
            parts = urlsplit(self._next)
            return Position(dict(parse_qsl(parts.query, keep_blank_values=True)), parts.path)
        return Position(self._common)

    def show(self, page: Page, headers: Mapping[str, str]) -> None:
        """Take note of a page; afterwards `is_over` or `position` says how it goes on."""
        if self.pages == 0 and self._paging.snapshot:
            token = page.extras.get(self._paging.snapshot.path)
            if token is not None:
                self._common[self._paging.snapshot.param] = str(token)
        self.pages += 1
        self.received += len(page.records)
        if page.total is not None and (page.records or self.pages == 1):
            self.total = page.total
        if isinstance(self._paging, CursorPaging):
            self._follow(_text(page.extras.get(self._paging.cursor_path)), page)
        elif isinstance(self._paging, LinkPaging):
            self._follow(self._link(page, headers), page)
        elif isinstance(self._paging, OffsetPaging | PagePaging):
            # Without a total only an empty page ends it: a short one may be the service's own limit.
            enough = self.total is not None and self.received >= self.total
            self.is_over = not page.records or enough
        else:
            self.is_over = True

    def _follow(self, following: str | None, page: Page) -> None:
        if following in self._seen:
            raise Incomplete("the source leads back to a page that was read already")
        self._next = following
        self._seen |= {following} if following else set()
        self.is_over = following is None or (isinstance(self._paging, CursorPaging) and not page.records)

    def _link(self, page: Page, headers: Mapping[str, str]) -> str | None:
        """The address of the next page below our host, without its host."""
        paging = self._paging
        path = paging.link_path if isinstance(paging, LinkPaging) else None
        given = _text(page.extras.get(path)) if path else next_link(headers.get("link", ""))
        if not given:
            return None
        target = urlsplit(urljoin(self._base_url + self._path, given))
        if f"{target.scheme}://{target.netloc}" != self._base_url:
            raise SourceRejected(
                f"the next page is said to be on another host ({target.hostname}), which is not asked",
                where=self._base_url + self._source.path,
                next_step="ask the source's owner; our credentials go to the declared host only",
            )
        word = consuming_word(target.path)
        if word:
            raise SourceRejected(
                f"the next page is said to be behind an operation that changes data ('{word}')",
                where=self._base_url + self._source.path,
                next_step="ask the source's owner for a link that reads",
            )
        self._path = target.path
        return target.path + ("?" + target.query if target.query else "")


def next_link(header: str) -> str | None:
    """The target of the link with relation `next` in a Link header (RFC 8288)."""
    for target, parameters in _LINK.findall(header):
        found = _REL.search(parameters)
        if found and "next" in (found[1] or found[2]).lower().split():
            return str(target)
    return None


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)
