"""Rows that claim to be the totals of others.

In: the rows of a table, one by one. Out: nothing, or `FileRefused`: a total that its rows do not add up
to means that one of them is wrong, and nobody can know which.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from kho.conform.numbers import NUMBERS, VIETNAMESE_NUMBER
from kho.contracts.sources.files import Totals
from kho.extract.files.refusal import FileRefused
from kho.extract.files.sheet_scan import address
from kho.extract.files.sheets import Percent, Value
from kho.extract.files.tables import Found

_NUMBER = re.compile(NUMBERS[VIETNAMESE_NUMBER])


class Sums:
    """Adds up columns to compare them with the rows that claim to be their totals."""

    def __init__(self, totals: Totals, found: Found, sheet: str) -> None:
        self._totals, self._sheet = totals, sheet
        self._places = {name: found.columns[name] for name in totals.check if name in found.columns}
        self._all = dict.fromkeys(self._places, Decimal(0))
        self._since = dict.fromkeys(self._places, Decimal(0))

    def add(self, row: Sequence[Value]) -> None:
        """Take a row of data."""
        for name, place in self._places.items():
            value = _amount(row[place]) if place < len(row) else None
            if value is not None:
                self._all[name] += value
                self._since[name] += value

    def check(self, number: int, row: Sequence[Value]) -> None:
        """Compare a row of totals with the rows since the last one, and with all rows.

        Raises:
            FileRefused: neither sum is what it says.
        """
        for name, place in self._places.items():
            claimed = _amount(row[place]) if place < len(row) else None
            sums = (self._all[name], self._since[name])
            if claimed is not None and all(abs(claimed - one) > self._totals.tolerance for one in sums):
                raise FileRefused(
                    "wrong_total",
                    f"the total of '{name}' says {claimed}, its rows add up to {self._all[name]}",
                    sheet=self._sheet,
                    cell=address(number, place),
                )
        self._since = dict.fromkeys(self._places, Decimal(0))


def _amount(value: Value) -> Decimal | None:
    if isinstance(value, Percent):
        value = value.fraction * 100
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Decimal(f"{value:.15g}")
    if not isinstance(value, str) or not value:
        return None
    text = value.strip()
    return Decimal(text.replace(".", "").replace(",", ".")) if _NUMBER.fullmatch(text) else None
