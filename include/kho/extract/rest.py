"""Pull one night's span from a REST source and land it.

In: the contract's REST binding, a connection, a span. Out: a landed batch. A window whose rows do
not add up to the total that the source declares is asked for again; a window that never adds up
fails the extraction and leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from kho.connections import Connection
from kho.contracts import Contract, RestSource
from kho.contracts.sources.rest import OffsetPaging
from kho.errors import SourceUnavailable
from kho.extract.envelope import Page, read_page
from kho.extract.http import HttpSource
from kho.extract.windows import Span, windows
from kho.raw_zone.landing import JsonPages, Landing
from kho.raw_zone.manifest import Manifest, batch_id

log = logging.getLogger(__name__)

WINDOW_ATTEMPTS = 3
"""How often a window is asked for until its rows add up to the declared total."""


def extract_rest(
    contract: Contract,
    source: RestSource,
    connection: Connection,
    span: Span,
    as_of: date,
    raw_zone: Path,
) -> Manifest:
    """Land everything that changed within `span`; returns the manifest of the batch."""
    declared = 0
    with (
        HttpSource(connection, source.auth) as http,
        Landing(raw_zone, contract.dataset, f"{as_of:%Y%m%d}") as landing,
    ):
        unexpected: set[str] = set()
        for number, (first, last) in enumerate(windows(span, source.window.max_days)):
            part = f"{number:04d}"
            pages, total = _window_until_whole(contract, source, http, landing, part, (first, last))
            landing.rows += pages.rows
            declared += total
            unexpected |= pages.unexpected
            for digest in pages.page_digests:
                landing.add_digest(digest)
        landing.add_digest(contract.content_sha256)
        manifest = Manifest(
            batch_id=batch_id(contract.dataset, as_of, landing.content_sha256),
            dataset=contract.dataset,
            as_of=as_of,
            contract_version=contract.version,
            endpoint=f"{source.request.method} {http.base_url}{source.request.path}",
            content_sha256=landing.content_sha256,
            fetched=landing.rows,
            declared=declared,
            window_from=span.start,
            window_to=span.end,
            requests=http.count.attempts,
            failed_requests=http.count.failed,
            request_seconds=round(http.count.seconds, 3),
            unexpected_fields=tuple(sorted(unexpected)),
        )
        landing.publish(manifest)
    return manifest


def _window_until_whole(
    contract: Contract,
    source: RestSource,
    http: HttpSource,
    landing: Landing,
    part: str,
    window: tuple[date, date],
) -> tuple[JsonPages, int]:
    where = f"{source.request.path} {window[0]:%d/%m/%Y}-{window[1]:%d/%m/%Y}"
    reason = ""
    for _ in range(WINDOW_ATTEMPTS):
        try:
            with JsonPages(landing, part, contract.source_names, landing.rows) as pages:
                total = 0
                seen: set[str] = set()
                for request, body, page in _pages(source, http, window):
                    total = page.total
                    digest = hashlib.sha256(b"".join(page.records)).hexdigest()
                    if page.records and digest in seen:
                        raise _Incomplete(f"a page came twice in place of another: {request}")
                    seen.add(digest)
                    pages.add(request, body, page.records)
                if pages.rows != total:
                    raise _Incomplete(f"the source declares {total} rows and sent {pages.rows}")
            return pages, total
        except _Incomplete as error:
            reason = str(error)
            log.warning("%s: %s; asking for the window again", where, reason)
    raise SourceUnavailable(
        f"the window is incomplete after {WINDOW_ATTEMPTS} attempts: {reason}",
        dataset=contract.dataset,
        where=where,
        next_step="ask the source's owner whether its paging is stable; the next run asks again",
    )


class _Incomplete(Exception):
    """The pages of a window do not add up; ask for it again."""


def _pages(
    source: RestSource, http: HttpSource, window: tuple[date, date]
) -> Iterator[tuple[str, bytes, Page]]:
    """Page after page until the declared total is reached or a page is empty."""
    paging, bounds = source.paging, source.window
    common = {
        **source.request.params,
        bounds.from_param: window[0].strftime(bounds.format),
        bounds.to_param: window[1].strftime(bounds.format),
        paging.limit_param: str(paging.page_size),
    }
    received = 0
    number = 0
    while True:
        if isinstance(paging, OffsetPaging):
            # By what came, not by what was asked for: services cap the page size as they like.
            position = {paging.offset_param: str(received)}
        else:
            position = {paging.page_param: str(paging.first_page + number)}
        params = common | position
        request = source.request.path + "?" + "&".join(f"{key}={value}" for key, value in params.items())
        body, page = http.get(
            source.request.path, params, lambda body, where: read_page(body, source.envelope, where)
        )
        yield request, body, page
        received += len(page.records)
        number += 1
        if not page.records or received >= page.total:
            return
