"""The nights whose rows a rebuild may change."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date

from kho.errors import ConfigurationError


@dataclass(frozen=True)
class Span:
    """Nights, first to last, both included."""

    first: date
    last: date

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"


def span_of(month: str | None, day: str | None) -> Span | None:
    """The nights of a month (2026-11) or of a day (2026-11-20); None, which is all, for neither.

    Raises:
        ConfigurationError: both are given, or one is written otherwise.
    """
    if month and day:
        raise ConfigurationError("a month and a day are given", next_step="give one of them")
    try:
        if day:
            return Span(date.fromisoformat(day), date.fromisoformat(day))
        if month:
            if not re.fullmatch(r"\d{4}-\d{2}", month):
                raise ValueError("a month has a year and two digits")
            first = date.fromisoformat(f"{month}-01")
            return Span(first, first.replace(day=calendar.monthrange(first.year, first.month)[1]))
    except ValueError as error:
        raise ConfigurationError(
            f"'{day or month}' is no {'day' if day else 'month'}",
            next_step="write a day as 2026-11-20, a month as 2026-11",
        ) from error
    return None
