"""Which span of change dates a night has to ask for.

In: the contract's watermark and what is already in the warehouse. Out: a `Span` of local civil time,
and its split into windows no longer than the source allows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta


@dataclass(frozen=True)
class Span:
    """`start` included, `end` excluded, local civil time."""

    start: datetime
    end: datetime


BEGINNING = datetime(1900, 1, 1)  # noqa: DTZ001 - local civil time has no zone here


def span_for(as_of: date, watermark: datetime | None, lookback_days: int, history_days: int | None) -> Span:
    """What changed since the watermark, less the lookback for late rows, up to the start of `as_of`.

    The first load reaches `history_days` back (None: to the beginning). The night of day D reads
    everything that changed before D began, so asking again on the same day gives the same answer.
    """
    end = datetime.combine(as_of, time.min)
    if watermark is not None:
        return Span(min(watermark, end) - timedelta(days=lookback_days), end)
    return Span(BEGINNING if history_days is None else end - timedelta(days=history_days), end)


def windows(span: Span, max_days: int | None) -> Iterator[tuple[date, date]]:
    """Whole-day windows, both ends included, that cover `span` without overlap, oldest first.

    None is longer than `max_days`; without one there is a single window.
    """
    first, last = span.start.date(), (span.end - timedelta(microseconds=1)).date()
    while first <= last:
        until = last if max_days is None else min(first + timedelta(days=max_days - 1), last)
        yield first, until
        first = until + timedelta(days=1)
