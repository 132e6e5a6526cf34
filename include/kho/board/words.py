"""The board's own words, a dictionary per language: `include/templates/board/<language>.yaml`.

In: a key. Out: the sentence, with what it is about filled in. What suites and contracts say stays in
Vietnamese.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from kho.report import vietnamese
from kho.settings import TIMEZONE, get_settings

LANGUAGES = ("vi", "en")
NOTHING = "–"


class Words:
    """The dictionary of one language, and how it writes numbers and days."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else LANGUAGES[0]
        self._words = load_words(self.language)

    def say(self, key: str, **about: Any) -> str:
        """The sentence of a key; KeyError for one that nobody has worded."""
        return self._words[key].format(**about)

    def number(self, value: int | None) -> str:
        if value is None:
            return NOTHING
        return vietnamese.number(value) if self.language == "vi" else f"{value:,}"

    def decimal(self, value: Decimal | None) -> str:
        if value is None:
            return NOTHING
        return vietnamese.decimal(value) if self.language == "vi" else f"{value:,.2f}"

    def change(self, value: Decimal | None) -> str:
        """A difference in points with its sign; empty where there is none."""
        said = vietnamese.change(value)
        return said if self.language == "vi" else said.replace(",", ".")

    def day(self, value: date | None) -> str:
        if value is None:
            return NOTHING
        return vietnamese.day(value) if self.language == "vi" else f"{value:%Y-%m-%d}"

    def moment(self, value: datetime | None) -> str:
        """Day and minute where the data is."""
        if value is None:
            return NOTHING
        local = value.astimezone(ZoneInfo(TIMEZONE)) if value.tzinfo else value
        return f"{local:%H:%M} {self.day(local.date())}"


@cache
def load_words(language: str) -> dict[str, str]:
    """All sentences of a language by key."""
    path = get_settings().templates_dir / "board" / f"{language}.yaml"
    words: dict[str, str] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return words
