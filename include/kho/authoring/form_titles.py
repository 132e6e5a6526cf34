"""What stands above the table of a form: its period, who sent it, the unit of its amounts.

In: the rows above the header. Out: `Title`s, each a `cells` entry of a form, with the value that the sample
has there, and the unit that a remark like "Đơn vị tính: triệu đồng" gives to the whole table.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from kho.conform.units import unit_of
from kho.extract.files.sheets import Value
from kho.extract.files.texts import Written, as_text
from kho.rules.identifiers import is_agency_code

_PERIODS = (
    (r"(?i)(?<!\d )tháng (?P<month>\d{1,2})(?: năm |/)(?P<year>20\d{2})", "{year}-M{month:0>2}"),
    (r"(?i)quý (?P<quarter>[1-4])(?: năm |/)(?P<year>20\d{2})", "{year}-Q{quarter}"),
    (r"(?i)(quý (?:IV|III|II|I)(?: năm |/)20\d{2})", None),
    (r"(?i)(?<!\d )\bnăm (?P<year>20\d{2})", "{year}"),
)
UNIT = r"(?i)(?:đơn vị tính|đvt|đơn vị)\s*:\s*([^()]+?)\s*\)?\s*$"
_LABEL = re.compile(r"([^\W\d_][^:]{2,60}?)\s*:\s*(\S.*)?")
_NO_VALUE = re.compile(
    r"(?i)(đơn vị tính|đvt|kính gửi|nơi nhận|căn cứ|số|ban hành|mẫu|biểu|ghi chú|phụ lục|người lập)\b"
)


@dataclass(frozen=True)
class Title:
    """One value above the table.

    Attributes:
        label: the words beside it; `value` is the sample's.
        pattern, format: as `cells` of a form have them.
        is_period: whether it says of which period the form is.
        sender: `commune` or `agency` if it is a code of one.
    """

    label: str
    value: str
    pattern: str
    format: str | None = None
    is_period: bool = False
    sender: str | None = None


def find_titles(rows: Sequence[Sequence[Value]], communes: Collection[str]) -> list[Title]:
    """The period first, if there is one, then the labelled values in their order."""
    texts = [[_clean(value) for value in row] for row in rows]
    found = [period] if (period := _period(texts)) else []
    for row in texts:
        for column, text in enumerate(row):
            label = _LABEL.fullmatch(text)
            if not label or _NO_VALUE.match(label[1]):
                continue
            words = re.escape(label[1]).replace(r"\ ", " ").replace(r"\-", "-")
            if label[2]:
                found.append(_labelled(label[1], label[2], f"(?i)^{words}\\s*:\\s*(.+)$", communes))
            elif value := next((right for right in row[column + 1 :] if right and right != text), None):
                found.append(_labelled(label[1], value, f"(?i)^{words}\\s*:?$", communes))
    unlike = {title.label.casefold(): title for title in reversed(found)}
    return [title for title in found if unlike[title.label.casefold()] is title]


def whole_unit(rows: Sequence[Sequence[Value]]) -> str | None:
    """The unit that a remark above the table names, if it is a known one."""
    for row in rows:
        for value in row:
            if (found := re.search(UNIT, _clean(value))) and unit_of(found[1]):
                return found[1]
    return None


def _period(texts: Sequence[Sequence[str]]) -> Title | None:
    for pattern, form in _PERIODS:
        for row in texts:
            for text in row:
                if found := re.search(pattern, text):
                    value = form.format(**found.groupdict("")) if form else found[1]
                    return Title("kỳ báo cáo", value, pattern, form, is_period=True)
    return None


def _labelled(label: str, value: str, pattern: str, communes: Collection[str]) -> Title:
    sender = "commune" if value.zfill(5) in communes else "agency" if is_agency_code(value) else None
    return Title(label, value, pattern, sender=sender)


def _clean(value: Value) -> str:
    text = as_text(value, Written()) or ""
    return " ".join(unicodedata.normalize("NFC", text).split())
