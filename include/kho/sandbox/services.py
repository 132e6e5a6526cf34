"""What an operation of the gateway accepts and how it wraps an answer.

In:  the request's parameters as text.
Out: what is `Asked` for, or `Rejection` with the envelope that says what is wrong (HTTP status 200:
     these services speak through the body).
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, Protocol, runtime_checkable

from kho.sandbox.clocks import day_of
from kho.sandbox.views import ALL_DAYS, Page

Envelope = Any
Reason = Literal["date", "span", "page"]
Access = Literal["oauth2", "access_token_header", "authorization_json", "x_road"]


@dataclass(frozen=True, slots=True)
class Asked:
    """Days of update from `first` to `last`, both included; `limit` rows from `offset`."""

    first: int
    last: int
    offset: int
    limit: int


class Rejection(Exception):
    """The service understands the request and refuses it."""

    def __init__(self, envelope: Envelope) -> None:
        super().__init__(str(envelope))
        self.envelope = envelope


@runtime_checkable
class Service(Protocol):
    """One operation of the gateway: who may call it, what it accepts, what it answers."""

    @property
    def path(self) -> str:
        """Where it is."""

    @property
    def access(self) -> Access:
        """How a caller proves who it is."""

    def parse(self, query: Mapping[str, str]) -> Asked:
        """What is asked for; raises `Rejection`."""

    def wrap(self, page: Page, asked: Asked) -> Envelope:
        """The envelope around a page."""


@dataclass(frozen=True, slots=True)
class Span:
    """A span of days of update, both ends included and mandatory."""

    first: str
    last: str
    format: str
    max_days: int


class Pages(Protocol):
    """How a service is paged."""

    @property
    def words(self) -> str:
        """What it wants, for whoever asks for something else."""

    def read(self, query: Mapping[str, str]) -> tuple[int, int] | None:
        """Offset and limit, or nothing where they cannot be read."""


@dataclass(frozen=True, slots=True)
class OffsetPages:
    """`limit` rows from row `offset`, counted from 0."""

    offset: str
    limit: str
    max_limit: int

    @property
    def words(self) -> str:
        """What it wants."""
        return f"{self.offset} từ 0; {self.limit} từ 1 đến {self.max_limit}"

    def read(self, query: Mapping[str, str]) -> tuple[int, int] | None:
        """Offset and limit, or nothing."""
        offset = _read_number(query.get(self.offset), 0)
        limit = _read_number(query.get(self.limit), 100)
        if offset is None or limit is None or not 1 <= limit <= self.max_limit:
            return None
        return offset, limit


@dataclass(frozen=True, slots=True)
class NumberedPages:
    """Page number `page` of `limit` rows each."""

    page: str
    limit: str
    max_limit: int
    first: int = 1

    @property
    def words(self) -> str:
        """What it wants."""
        return f"{self.page} từ {self.first}; {self.limit} từ 1 đến {self.max_limit}"

    def read(self, query: Mapping[str, str]) -> tuple[int, int] | None:
        """Offset and limit, or nothing."""
        number = _read_number(query.get(self.page), self.first)
        limit = _read_number(query.get(self.limit), 100)
        if number is None or limit is None or number < self.first or not 1 <= limit <= self.max_limit:
            return None
        return (number - self.first) * limit, limit


@dataclass(frozen=True, slots=True)
class CursorPages:
    """`limit` rows from where the cursor of the page before points."""

    cursor: str
    limit: str
    max_limit: int

    @property
    def words(self) -> str:
        """What it wants."""
        return f"{self.cursor} do trang trước trả về; {self.limit} từ 1 đến {self.max_limit}"

    def read(self, query: Mapping[str, str]) -> tuple[int, int] | None:
        """Offset and limit, or nothing."""
        limit = _read_number(query.get(self.limit), 100)
        if limit is None or not 1 <= limit <= self.max_limit:
            return None
        try:
            offset = int(base64.urlsafe_b64decode(query.get(self.cursor, "MA==")))
        except ValueError:
            return None
        return offset, limit

    @staticmethod
    def following(page: Page, asked: "Asked") -> str | None:
        """The cursor of the next page; nothing on the last one."""
        end = asked.offset + len(page.rows)
        more = page.rows and end < page.total
        return base64.urlsafe_b64encode(str(end).encode()).decode() if more else None


@dataclass(frozen=True, slots=True)
class ListService:
    """An operation that lists what was updated in a span of days; without a span, everything."""

    path: str
    span: Span | None
    pages: Pages
    answer: Callable[[Page, Asked], Envelope]
    refuse: Callable[[Reason, str], Envelope]
    access: Access = "oauth2"

    def parse(self, query: Mapping[str, str]) -> Asked:
        """What is asked for; raises `Rejection`."""
        first, last = self._days(self.span, query) if self.span else ALL_DAYS
        pages = self.pages.read(query)
        if pages is None:
            raise Rejection(self.refuse("page", self.pages.words))
        return Asked(first, last, *pages)

    def wrap(self, page: Page, asked: Asked) -> Envelope:
        """The envelope around a page."""
        return self.answer(page, asked)

    def _days(self, span: Span, query: Mapping[str, str]) -> tuple[int, int]:
        first = _read_date(query.get(span.first), span.format)
        last = _read_date(query.get(span.last), span.format)
        if first is None or last is None:
            words = f"{span.first}, {span.last} phải có dạng {date(2026, 12, 31):{span.format}}"
            raise Rejection(self.refuse("date", words))
        if not 0 <= (last - first).days < span.max_days:
            words = f"{span.last} phải từ {span.first} trở đi, tối đa {span.max_days} ngày"
            raise Rejection(self.refuse("span", words))
        return day_of(first), day_of(last)


def _read_date(text: str | None, pattern: str) -> date | None:
    try:
        return datetime.strptime(text or "", pattern).date()  # noqa: DTZ007 - a date
    except ValueError:
        return None


def _read_number(text: str | None, default: int) -> int | None:
    if text is None:
        return default
    return int(text) if text.isascii() and text.isdigit() else None
