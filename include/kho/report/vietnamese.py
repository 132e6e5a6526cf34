"""Numbers, dates and names as a Vietnamese official document writes them.

In: values and texts of the database, which may hold anything. Out: harmless text: NFC, without
control or direction characters, cut to a length. Escaping for HTML is the template's work.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal

MILLION = 1_000_000
_MARKS_AT_MOST = 2
_LONGEST_WORD = 15
_LONG_DIGITS = re.compile(r"\d(?:[ .\-]?\d){8,}")
_EMAIL = re.compile(r"\S+@\S+")
_FOLDER = re.compile(r"(?<![\w:/.])/(?:[^\s/]+/)+")
# What a driver adds to an error: the statement, its parameters, the row concerned.
_QUOTED_DATA = re.compile(r"\n|DETAIL:|\[SQL|\[parameters|CONTEXT:")


def number(value: int) -> str:
    """1234567 -> '1.234.567'."""
    return f"{value:,}".replace(",", ".")


def short_number(value: int) -> str:
    """As `number`, but from one million on in millions, rounded down: 11801055 -> '11,8 tr'."""
    if value < MILLION:
        return number(value)
    whole, tenths = divmod(value // (MILLION // 10), 10)
    return f"{number(whole)},{tenths} tr"


def decimal(value: Decimal) -> str:
    """Decimal('1234.5') -> '1.234,50'."""
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def share(part: int, whole: int) -> str:
    """Percentage of a whole, rounded down: '99,98%'; '–' of nothing."""
    return decimal(Decimal(10_000 * part // whole) / 100) + "%" if whole else "–"


def change(value: Decimal | None) -> str:
    """A difference in points with its sign: '+0,50', '−1,20', '='; empty where there is none."""
    if value is None:
        return ""
    if value == 0:
        return "="
    return ("+" if value > 0 else "−") + decimal(abs(value))


def day(value: date) -> str:
    """'05/11/2026'."""
    return f"{value:%d/%m/%Y}"


def letter_date(value: date) -> str:
    """The date of a document: days under 10 and months 1 and 2 are padded, other months not."""
    month = f"{value.month:02d}" if value.month <= 2 else str(value.month)
    return f"ngày {value.day:02d} tháng {month} năm {value.year:04d}"


def period(code: str) -> str:
    """'2026-M09' -> '9/2026'; another code stays as it is."""
    found = re.fullmatch(r"(\d{4})-M(\d{2})", code)
    return f"{int(found[2])}/{found[1]}" if found else clip(code, 20)


def clip(text: str, limit: int = 160) -> str:
    """One line of at most `limit` characters, safe to show to anyone."""
    kept: list[str] = []
    marks = 0
    for char in unicodedata.normalize("NFC", text[: 20 * limit]):
        category = unicodedata.category(char)
        if category == "Mn":
            marks += 1
            if marks > _MARKS_AT_MOST:
                continue
        elif category[0] == "C":
            kept.append(" " if char.isspace() else "")
            continue
        else:
            marks = 0
        kept.append(char)
    line = " ".join("".join(kept).split())
    if len(line) <= limit:
        return line
    cut = line[: limit - 1]
    if line[limit - 1] != " ":
        # Between words, unless the last word is as long as a line.
        cut = cut.rpartition(" ")[0] if " " in cut[-_LONGEST_WORD:] else cut
    return cut.rstrip() + "…"


def technical(text: str, limit: int = 260) -> str:
    """An error's first line, without folders and what may be somebody's data: long numbers, e-mails."""
    line = _QUOTED_DATA.split(text.strip(), maxsplit=1)[0][: 20 * limit]
    for pattern, instead in ((_FOLDER, ""), (_LONG_DIGITS, "…"), (_EMAIL, "…")):
        line = pattern.sub(instead, line)
    return clip(line, limit)


def sentence_case(text: str) -> str:
    """The first letter large, the rest as it is."""
    return text[:1].upper() + text[1:]
