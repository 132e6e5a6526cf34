"""Made-up values: what a fixture and a suite's sample row show in place of what a source really sent.

In: a proposed column and a number. Out: a value that breaks none of its rules, as the warehouse has it
(`typed`) and as the source would send it (`sent`). Nothing is taken from the sample but codes of lists.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from kho.authoring.proposal import ColumnProposal
from kho.conform.numbers import VIETNAMESE_NUMBER

FIRST_DAY = date(2026, 1, 5)
_NAMES = ("An", "Bình", "Chi", "Dũng", "Giang", "Hạnh", "Khánh", "Lan", "Minh", "Yến")
_TAX_CODES = ("0100109106", "0300588569", "0101248141")
_BY_MEANING = {
    "phone number": "09000000{:02d}",
    "e-mail address": "nguoi.dan{}@vi-du.vn",
    "health insurance number": "DN40051000000{:02d}",
    "address": "Thôn {}, xã Ví Dụ",
    "dossier code": "000.00.02.H48-260105-{:04d}",
}


def typed(column: ColumnProposal, number: int, references: dict[str, list[str]]) -> Any:
    """The value of row `number`, of the contract's type."""
    if column.missing_reason_of:
        return None
    if column.logical_type == "date":
        return FIRST_DAY + timedelta(days=number)
    if column.logical_type == "timestamp":
        return datetime.combine(FIRST_DAY + timedelta(days=number), datetime.min.time()).replace(
            hour=8, minute=30
        )
    if column.logical_type == "boolean":
        return number % 2 == 0
    if column.logical_type in ("integer", "number"):
        # Within what was seen, where it was seen: a year stays a year.
        low = column.profile.low if isinstance(column.profile.low, int) else 0
        return int(low if low > 0 and not column.key_position else 0) + number
    return _text(column, number, references)


def _text(column: ColumnProposal, number: int, references: dict[str, list[str]]) -> str:
    if column.reference:
        codes = references[column.reference]
        return codes[number % len(codes)]
    if column.codes:
        return column.codes[number % len(column.codes)]
    if column.meaning == "citizen id":
        return f"05108500{number:04d}"
    if column.meaning == "name of a person":
        return f"Nguyễn Văn {_NAMES[number % len(_NAMES)]}"
    if column.meaning == "tax code":
        return _TAX_CODES[number % len(_TAX_CODES)]
    if column.meaning == "agency code":
        return f"000.00.{number % 100:02d}.H48"
    if column.meaning == "procedure code":
        return f"1.{number:06d}"
    if column.meaning in _BY_MEANING:
        return _BY_MEANING[column.meaning].format(number)
    if column.shape:
        return _in_shape(column.shape, number)
    return f"Ví dụ {number}"


def _in_shape(shape: str, number: int) -> str:
    """The shape with the number's digits in its last places for digits, and `A` for letters."""
    digits = list(str(number).zfill(shape.count("9")))[-shape.count("9") :]
    return "".join(digits.pop(0) if place == "9" else place for place in shape)


def sent(column: ColumnProposal, value: Any) -> Any:
    """The value as the source sends it."""
    if value is None or isinstance(value, str):
        return value
    native = column.profile.kind
    if isinstance(value, datetime | date):
        if native in ("date", "timestamp"):
            return value.isoformat()
        return value.strftime(column.source_format) if column.source_format else str(value)
    if isinstance(value, bool):
        return value if native == "boolean" else str(value).lower()
    if column.source_format == VIETNAMESE_NUMBER:
        return f"{value:,}".replace(",", ".")
    return value if native == "number" else str(value)
