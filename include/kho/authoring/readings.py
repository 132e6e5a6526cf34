"""The ways in which a text can be read: as a date of some form, as a number, as a citizen id.

In: one value as text. Out: whether it is of that form. What fits several is decided by how many values of a
column fit each, in the order given here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from kho.conform.numbers import NUMBERS, VIETNAMESE_NUMBER
from kho.rules import identifiers

Matches = Callable[[str], bool]

_YEARS = range(1900, 2101)


@dataclass(frozen=True, slots=True)
class Reading:
    """A form in which values may be written: what it makes of a column.

    Attributes:
        label: the form as people write it, `dd/MM/yyyy`.
        logical_type: the contract's logicalType.
        source_format: the contract's sourceFormat, if it needs one.
    """

    label: str
    logical_type: str
    source_format: str | None
    matches: Matches


def _date(pattern: str, shape: str) -> Matches:
    compiled = re.compile(shape)

    def matches(text: str) -> bool:
        if not compiled.fullmatch(text):
            return False
        try:
            return datetime.strptime(text, pattern).year in _YEARS  # noqa: DTZ007 - only whether it is one
        except ValueError:
            return False

    return matches


def _pattern(pattern: str) -> Matches:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


_TIME = r"\d{2}:\d{2}:\d{2}"

READINGS: tuple[Reading, ...] = (
    Reading("true or false", "boolean", None, _pattern(r"(?i)true|false")),
    Reading("yyyyMMddHHmmss", "timestamp", "%Y%m%d%H%M%S", _date("%Y%m%d%H%M%S", r"\d{14}")),
    Reading("yyyyMMdd", "date", "%Y%m%d", _date("%Y%m%d", r"\d{8}")),
    Reading(
        "dd/MM/yyyy HH:mm:ss",
        "timestamp",
        "%d/%m/%Y %H:%M:%S",
        _date("%d/%m/%Y %H:%M:%S", r"\d{2}/\d{2}/\d{4} " + _TIME),
    ),
    Reading(
        "dd/MM/yyyy HH:mm",
        "timestamp",
        "%d/%m/%Y %H:%M",
        _date("%d/%m/%Y %H:%M", r"\d{2}/\d{2}/\d{4} \d{2}:\d{2}"),
    ),
    Reading("dd/MM/yyyy", "date", "%d/%m/%Y", _date("%d/%m/%Y", r"\d{1,2}/\d{1,2}/\d{4}")),
    Reading("dd-MM-yyyy", "date", "%d-%m-%Y", _date("%d-%m-%Y", r"\d{1,2}-\d{1,2}-\d{4}")),
    Reading("yyyy-MM-dd", "date", None, _date("%Y-%m-%d", r"\d{4}-\d{2}-\d{2}")),
    Reading(
        "yyyy-MM-dd HH:mm:ss",
        "timestamp",
        None,
        lambda text: bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}[ T]" + _TIME + r"(\.\d+)?", text)),
    ),
    Reading("whole number", "integer", None, _pattern(r"[+-]?(0|[1-9]\d{0,17})")),
    Reading("number", "number", None, _pattern(r"[+-]?(0|[1-9]\d*)(\.\d+)?")),
    Reading(VIETNAMESE_NUMBER, "number", VIETNAMESE_NUMBER, _pattern(NUMBERS[VIETNAMESE_NUMBER])),
)
"""In this order: the first that fits most values is taken."""

_SURNAMES = (
    "nguyễn|trần|lê|phạm|hoàng|huỳnh|phan|vũ|võ|đặng|bùi|đỗ|hồ|ngô|dương|lý|đinh|trương|đoàn|trịnh|mai|cao|lương"
    "|tạ|tô|hà|châu|thái|tôn|kiều|lâm|phùng|vương|tống|đào|từ|lưu|quách|y|a"
)

MEANINGS: tuple[tuple[str, Matches], ...] = (
    ("citizen id", identifiers.is_citizen_id),
    # Wider than the rule, because what may be personal is better called so once too often.
    ("phone number", _pattern(r"(\+?84|0)[235789]\d{8,9}")),
    ("e-mail address", _pattern(r"[^@\s]+@[^@\s]+\.[^@\s]+")),
    ("health insurance number", identifiers.is_health_insurance_card),
    ("name of a person", _pattern(rf"(?i)({_SURNAMES})( [^\W\d_]+){{1,5}}")),
    ("address", _pattern(r"(?i).*\b(thôn|tổ dân phố|tdp|xã|phường|đặc khu|đường|số nhà|xóm|khu phố)\b.*")),
    ("agency code", lambda text: identifiers.is_agency_code(text) and "." in text),
    ("dossier code", identifiers.is_dossier_code),
    ("tax code", lambda text: len(text) in (10, 14) and identifiers.is_tax_code(text)),
    ("procedure code", identifiers.is_procedure_code),
)
"""What the values themselves say that they are."""

PERSONAL_MEANINGS = frozenset(
    {
        "citizen id",
        "phone number",
        "e-mail address",
        "health insurance number",
        "name of a person",
        "address",
    }
)


def shape_of(text: str) -> str:
    """The text with letters as `A` and digits as `9`: it tells the form and not the value."""
    shape = re.sub(r"\d", "9", text)
    return re.sub(r"[^\W\d_]", "A", shape)
