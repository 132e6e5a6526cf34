"""One page of a REST source, to look at: nothing is landed.

In: a REST binding and a connection. Out: a `Sample` of records as text, the form in which they would land.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from kho.connections import Connection
from kho.contracts.sources.rest import RestSource
from kho.extract.rest.attempts import Attempts
from kho.extract.rest.client import Question, RestClient
from kho.extract.rest.envelope import Page, read_page
from kho.extract.rest.paging import Pager
from kho.extract.rest.transport import Answer
from kho.extract.rest.window import WindowJob, common_params
from kho.extract.sample import Sample
from kho.raw_zone.json_records import read_records
from kho.settings import TIMEZONE, get_settings

_WINDOWS_TO_TRY = 6
"""How many windows back records are looked for: the latest may have few or none."""


def sample_rest(source: RestSource, connection: Connection, rows: int) -> Sample:
    """At most `rows` records: the first pages of the newest windows, or of the catalogue.

    Raises:
        KhoError: what the source, the gateway or the credentials did.
    """
    paging = source.paging
    if paging.limit_param:
        paging = paging.model_copy(update={"page_size": min(rows, paging.page_size)})
    source = source.model_copy(update={"paging": paging})
    records: list[bytes] = []
    declared: int | None = None
    with RestClient(source, connection, get_settings().home, Attempts(None)) as client:
        for job in _jobs(source):
            page = _first_page(source, client, job)
            declared = page.total if not records else declared
            records.extend(page.records)
            if len(records) >= rows:
                break
    table, seen = read_records(records[:rows])
    types = None if source.envelope.format == "xml" else seen.types
    return Sample(table, declared, client.endpoint, types)


def first_bodies(source: RestSource, connection: Connection) -> Iterator[tuple[bytes, str]]:
    """The first answer for today, then for each of the newest windows, unread; and where it came from."""
    with RestClient(source, connection, get_settings().home, Attempts(None)) as client:
        today = datetime.now(ZoneInfo(TIMEZONE)).date()
        now = [WindowJob(0, (today, today))] if source.window is not None else []
        for job in (*now, *_jobs(source)):
            position = Pager(source, client.base_url, common_params(source, job)).position()
            answer, _ = client.ask(Question(position.params), lambda _answer, _where: None)
            yield answer.body, client.endpoint


def _first_page(source: RestSource, client: RestClient, job: WindowJob) -> Page:
    position = Pager(source, client.base_url, common_params(source, job)).position()

    def read(answer: Answer, where: str) -> Page:
        return read_page(answer.body, source.envelope, where, answer.headers)

    return client.ask(Question(position.params), read)[1]


def _jobs(source: RestSource) -> list[WindowJob]:
    """The newest windows that end before today, newest first."""
    if source.window is None:
        return [WindowJob(0, None)]
    days = source.window.max_days or source.window.history_days
    today = datetime.now(ZoneInfo(TIMEZONE)).date()
    last_days = [today - timedelta(days=1 + back * days) for back in range(_WINDOWS_TO_TRY)]
    return [
        WindowJob(number, (last - timedelta(days=days - 1), last)) for number, last in enumerate(last_days)
    ]
