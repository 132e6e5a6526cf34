"""What the cells of a form's column hold: numbers, dates, codes, and how people wrote them.

In: a column's cells as the file has them, real numbers and dates beside typed texts. Out: `Cells`: the
contract's type, the written form in which both kinds are landed alike, and the evidence.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from kho.authoring.form_sheets import is_midnight
from kho.authoring.hints import LogicalType
from kho.authoring.readings import READINGS
from kho.authoring.vocabulary import personal_hint
from kho.conform.numbers import MARKED_VIETNAMESE, NUMBERS, VIETNAMESE_NUMBER
from kho.conform.units import unit_of
from kho.contracts.model import STANDARD_MARKERS
from kho.extract.files.sheets import CellError, Formula, Percent, Value
from kho.extract.source_names import words

MOST = 0.9
"""Share of the cells from which a form is taken for agreed; the others are for the rules."""

MEASURE = "numeric(24,4)"
_MARKS = frozenset(mark for marks in STANDARD_MARKERS.values() for mark in marks)
_PERCENT = r"\s*%?"
_VIETNAMESE = re.compile(NUMBERS[VIETNAMESE_NUMBER] + _PERCENT)
_ENGLISH = re.compile(NUMBERS["1234.56"] + _PERCENT)
_MARKED = re.compile(MARKED_VIETNAMESE + _PERCENT)
_CODES = ("ma", "cccd", "cmnd", "sdt", "mst")
_COUNTED = ("person", "household", "head", "dossier", "case", "quantity")
_DATES = tuple(reading for reading in READINGS if reading.logical_type in ("date", "timestamp"))


@dataclass(frozen=True)
class Cells:
    """What a column's cells are."""

    logical_type: LogicalType
    reasons: tuple[str, ...]
    source_format: str | None = None
    sql_type: str | None = None
    digits: int | None = None
    marked: bool = False
    """Some cells hold a mark of a missing value."""
    percent: bool = False
    held: int = 0


def read_cells(heading: str, values: Sequence[Value], unit: str | None) -> Cells:
    """What the cells below a heading are; `unit` is the one that the heading states."""
    held = [value for value in values if value is not None and value != ""]
    held = [v.strip() if isinstance(v, str) else v for v in held if not isinstance(v, (Formula, CellError))]
    given = [value for value in held if not (isinstance(value, str) and value.casefold() in _MARKS)]
    marked = len(given) < len(held)
    if not given:
        return Cells("string", ("text: no cell of the sample holds a value",), held=0)
    if found := _dates(given) or _codes(heading, given) or _numbers(given, unit):
        if marked and found.logical_type != "string":
            marks = sorted({str(v) for v in held if isinstance(v, str) and v.casefold() in _MARKS})
            note = f"{len(held) - len(given)} cells hold a mark of a missing value ({', '.join(marks)})"
            return Cells(
                found.logical_type, (*found.reasons, note), found.source_format, found.sql_type,
                found.digits, marked=True, percent=found.percent, held=len(held),
            )  # fmt: skip
        return found
    return Cells("string", (f"text: no date or number form fits {MOST:.0%} of the cells",), held=len(held))


def _dates(given: Sequence[Value]) -> Cells | None:
    real = [value for value in given if isinstance(value, date)]
    readings = Counter(
        reading.label
        for value in given
        if isinstance(value, str)
        for reading in _DATES
        if reading.matches(value) and not value.isdigit()
    )
    label, written = readings.most_common(1)[0] if readings else ("", 0)
    if len(real) + written < MOST * len(given):
        return None
    moments = [value for value in real if isinstance(value, datetime) and not is_midnight(value)]
    chosen = next((reading for reading in _DATES if reading.label == label), None)
    if chosen is None:
        wanted = "dd/MM/yyyy HH:mm:ss" if moments else "dd/MM/yyyy"
        chosen = next(reading for reading in _DATES if reading.label == wanted)
    parts = [f"{len(real):,} real dates"] if real else []
    parts += [f"{written:,} texts {label}"] if written else []
    return Cells(
        "timestamp" if chosen.logical_type == "timestamp" else "date",
        (f"{' and '.join(parts)} of {len(given):,} cells",),
        chosen.source_format,
        held=len(given),
    )


def _codes(heading: str, given: Sequence[Value]) -> Cells | None:
    """Digits that name something; a spreadsheet takes the zeros in front from some of them."""
    texts = [f"{value:.0f}" if isinstance(value, (int, float)) else str(value) for value in given]
    if not all(text.isascii() and text.isdigit() for text in texts):
        return None
    typed = [value for value in given if isinstance(value, str)]
    zeros = any(text.startswith("0") and len(text) > 1 for text in typed)
    parts = words(heading)
    if not (zeros or personal_hint(heading) or (parts and parts[0] in _CODES)):
        return None
    lengths = Counter(len(text) for text in (typed or texts))
    length, count = lengths.most_common(1)[0]
    lost = any(not isinstance(value, str) for value in given)
    reasons = ["text: digits that name something are not counted with"]
    if lost and count >= MOST * len(typed or texts) and max(map(len, texts)) <= length:
        reasons.append(
            f"codes of {length} digits, some of them kept as numbers: zeros in front are given back"
        )
        return Cells("string", tuple(reasons), digits=length, held=len(given))
    return Cells("string", tuple(reasons), held=len(given))


def _numbers(given: Sequence[Value], unit: str | None) -> Cells | None:
    real = [v for v in given if isinstance(v, (int, float)) and not isinstance(v, bool)]
    shares = [value for value in given if isinstance(value, Percent)]
    texts = [value for value in given if isinstance(value, str)]
    vietnamese = [text for text in texts if _VIETNAMESE.fullmatch(text)]
    english = [text for text in texts if _ENGLISH.fullmatch(text) and not _VIETNAMESE.fullmatch(text)]
    if len(real) + len(shares) + len(vietnamese) + len(english) < MOST * len(given):
        return None
    plain = bool(english) and not any(_MARKED.fullmatch(text) for text in vietnamese)
    parts = [f"{len(real):,} real numbers"] if real else []
    parts += [f"{len(shares):,} percentages"] if shares else []
    parts += [f"{len(texts):,} texts"] if texts else []
    read = "with a point for decimals" if plain else f"read as {VIETNAMESE_NUMBER}"
    reasons = [f"{' and '.join(parts)} of {len(given):,} cells, {read}"]
    percent = bool(shares) or sum(text.endswith("%") for text in texts) > len(texts) / 2 > 0
    code = (unit_of("%" if percent else unit) or ("", 1))[0]
    whole = not shares and all(value == int(value) for value in real)
    whole = whole and not english and not any("," in text for text in vietnamese)
    counted = whole and (code in _COUNTED or not code)
    return Cells(
        "integer" if counted else "number",
        tuple(reasons),
        None if plain else VIETNAMESE_NUMBER,
        None if counted else MEASURE,
        percent=percent,
        held=len(given),
    )
