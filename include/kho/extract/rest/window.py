"""Land one window of a source, or its whole catalogue, page by page.

In: a window's bounds. Out: a finished part of the landing. The pages have to add up to the total that the
source declares; a window that does not is asked for again from its beginning, at most three times.

An attempt that was killed left its pages in the part's spool. They are taken over, and the source is asked
for the next page only, where that cannot lose or double a row:

- paged by cursor, link, or with a snapshot token, the source itself keeps the place;
- paged by offset or page number, the last page that was kept is asked for again first. If its records and
  the declared total are what they were, nothing before it has moved, and the reading goes on as if it had
  never been interrupted (with the same guarantee: the counts must add up at the end). If not, the window
  starts over.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from kho.contracts.sources.rest import RestSource
from kho.errors import AuthenticationFailed, SourceRejected, SourceUnavailable
from kho.extract.rest.client import Question, RestClient
from kho.extract.rest.envelope import Page, read_page
from kho.extract.rest.paging import Incomplete, Pager, Position
from kho.extract.rest.transport import Answer
from kho.raw_zone.landing import JsonPages
from kho.raw_zone.resumable import DonePart, ResumableLanding
from kho.raw_zone.spool import Spool, SpooledPage

log = logging.getLogger(__name__)

WINDOW_ATTEMPTS = 3
"""How often a window is asked for until its rows add up to the declared total."""

ROWS_APART = 1 << 32
"""Rows are numbered from here in each window, so that no window must know how many rows another has."""

_KEPT_HEADERS = ("link",)
_LAST_SECOND = time(23, 59, 59)


@dataclass(frozen=True)
class WindowJob:
    """A window to land: its number, and its days, both included (None: the whole catalogue)."""

    number: int
    days: tuple[date, date] | None

    @property
    def part(self) -> str:
        """The window's name among the files of the landing."""
        return f"{self.number:04d}"

    def __str__(self) -> str:
        return f"{self.days[0]:%d/%m/%Y}-{self.days[1]:%d/%m/%Y}" if self.days else "whole catalogue"


class WindowReader:
    """Reads windows of one source into a landing; used by one thread at a time."""

    def __init__(
        self,
        source: RestSource,
        client: RestClient,
        landing: ResumableLanding,
        dataset: str,
        fields: Sequence[str],
        memory: str = "200MB",
    ) -> None:
        self._source = source
        self._client = client
        self._landing = landing
        self._dataset = dataset
        self._fields = fields
        self._memory = memory

    def land(self, job: WindowJob) -> DonePart:
        """Land a window, or take over what an earlier attempt has landed of it.

        Raises:
            SourceUnavailable: it does not add up, however often it is asked for.
            KhoError: what the source, the gateway or the credentials did.
        """
        if done := self._landing.done(job.part):
            return done
        where = f"{self._client.endpoint} {job}"
        reason = ""
        with Spool(self._landing.folder, job.part) as spool:
            for _ in range(WINDOW_ATTEMPTS):
                try:
                    done = self._land_once(job, spool)
                except Incomplete as error:
                    reason = str(error)
                    log.warning("%s: %s; asking for the window again", where, reason)
                    spool.clear()
                else:
                    spool.remove()
                    return done
        raise SourceUnavailable(
            f"the window is incomplete after {WINDOW_ATTEMPTS} attempts: {reason}",
            dataset=self._dataset,
            where=where,
            next_step="ask the source's owner whether its paging is stable; the next run asks again",
        )

    def _land_once(self, job: WindowJob, spool: Spool) -> DonePart:
        pager = Pager(self._source, self._client.base_url, common_params(self._source, job))
        first_row = job.number * ROWS_APART
        with JsonPages(self._landing, job.part, self._fields, first_row, self._memory) as pages:
            seen: set[str] = set()
            for request, body, page in self._pages(job, pager, spool):
                digest = _digest(page)
                if page.records and digest in seen:
                    raise Incomplete(f"a page came twice in place of another: {request}")
                seen.add(digest)
                pages.add(request, body, page.records)
            if pager.total is not None and pages.rows != pager.total:
                raise Incomplete(f"the source declares {pager.total} rows and sent {pages.rows}")
        return self._landing.finish(job.part, pages.rows, pager.total, pages.page_digests, pages.seen)

    def _pages(self, job: WindowJob, pager: Pager, spool: Spool) -> Iterator[tuple[str, bytes, Page]]:
        """Page after page: first those that an earlier attempt kept, then from the source."""
        last: tuple[Position, Page] | None = None
        for kept in spool.pages():
            last = pager.position(), self._read(pager, kept.body, kept.headers)
            pager.show(last[1], kept.headers)
            yield kept.request, kept.body, last[1]
        if last is not None and not pager.is_over:
            log.info("%s %s: going on after %d pages", self._source.path, job, pager.pages)
            self._make_sure_of(job, pager, last)
        while not pager.is_over:
            position = pager.position()
            try:
                answer, page = self._ask(job, pager, position)
            except SourceRejected as error:
                if last is None or not pager.is_pinned or isinstance(error, AuthenticationFailed):
                    raise
                raise Incomplete(f"the source no longer knows our place: {error.message}") from error
            last = None
            headers = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
            request = self._written(position)
            spool.append(SpooledPage(request, headers, answer.body))
            pager.show(page, headers)
            yield request, answer.body, page

    def _make_sure_of(self, job: WindowJob, pager: Pager, last: tuple[Position, Page]) -> None:
        """Go on only where nothing has moved since the kept pages were read."""
        if pager.is_pinned:
            return
        position, before = last
        _, now = self._ask(job, pager, position)
        if now.total != before.total or _digest(now) != _digest(before):
            raise Incomplete("the data has moved since the earlier attempt")

    def _ask(self, job: WindowJob, pager: Pager, position: Position) -> tuple[Answer, Page]:
        question = Question(position.params, job.part, pager.pages, position.path)
        return self._client.ask(
            question, lambda answer, where: self._read(pager, answer.body, answer.headers, where)
        )

    def _read(self, pager: Pager, body: bytes, headers: dict[str, str], where: str = "") -> Page:
        where = where or self._client.endpoint
        return read_page(body, self._source.envelope, where, headers, pager.extras)

    def _written(self, position: Position) -> str:
        """What was asked, as the raw zone keeps it: never with a session in it."""
        hidden = self._client.secret_params
        params = [f"{name}={value}" for name, value in position.params.items() if name not in hidden]
        return (position.path or self._source.path) + ("?" + "&".join(params) if params else "")


def common_params(source: RestSource, job: WindowJob) -> dict[str, str | int]:
    """What every page of a window is asked with: the contract's constants and the window's bounds."""
    params: dict[str, str | int] = dict(source.request.params)
    bounds = source.window
    if bounds is not None and job.days is not None:
        first, last = job.days
        params[bounds.from_param] = datetime.combine(first, time.min).strftime(bounds.format)
        if bounds.to_param is not None:
            params[bounds.to_param] = datetime.combine(last, _LAST_SECOND).strftime(bounds.format)
    return params


def _digest(page: Page) -> str:
    return hashlib.sha256(b"".join(page.records)).hexdigest()
