"""One page of a REST source, to look at: nothing is landed.

In: a REST binding and a connection. Out: a `Sample` of records as text, the form in which they would land.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa

from kho.connections import Connection
from kho.contracts.sources.rest import RestSource
from kho.extract.rest.attempts import Attempts
from kho.extract.rest.client import Question, RestClient
from kho.extract.rest.envelope import Page, read_page
from kho.extract.rest.paging import Pager
from kho.extract.rest.transport import Answer
from kho.extract.rest.window import WindowJob, common_params
from kho.extract.sample import Sample
from kho.settings import TIMEZONE, get_settings

_WINDOWS_TO_TRY = 6
"""How many windows back a sample is looked for: the latest one may be empty."""


def sample_rest(source: RestSource, connection: Connection, rows: int) -> Sample:
    """At most `rows` records of the newest window that has any, or of the catalogue's first page.

    Raises:
        KhoError: what the source, the gateway or the credentials did.
    """
    paging = source.paging
    if paging.limit_param:
        paging = paging.model_copy(update={"page_size": min(rows, paging.page_size)})
    source = source.model_copy(update={"paging": paging})
    with RestClient(source, connection, get_settings().home, Attempts(None)) as client:
        page = Page((), None, {})
        for job in _jobs(source):
            page = _first_page(source, client, job)
            if page.records:
                break
    records = [msgspec.json.decode(record, type=dict[str, msgspec.Raw]) for record in page.records[:rows]]
    names = list(dict.fromkeys(name for record in records for name in record))
    columns = {name: pa.array([_text(record.get(name)) for record in records], pa.string()) for name in names}
    return Sample(pa.table(columns), page.total, client.endpoint, None)


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


def _text(value: Any) -> str | None:
    """A value as it lands: text as it is, everything else as the JSON that was sent."""
    raw = b"null" if value is None else bytes(value)
    decoded = msgspec.json.decode(raw) if raw[:1] in (b'"', b"n") else raw.decode()
    return None if decoded is None else str(decoded)
