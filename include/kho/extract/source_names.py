"""Names as sources write them: compared, and turned into names of ours.

In: `NgayTiepNhan`, `ngay_tiep_nhan`, `Ngày tiếp nhận`. Out: `ngaytiepnhan` to compare by, and
`ngay_tiep_nhan` as a column's name.
"""

from __future__ import annotations

import re
import unicodedata

_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_A_WORD = re.compile(r"[^a-z0-9]+")


def without_marks(text: str) -> str:
    """The text without diacritics: `Ngày` → `Ngay`, `Đơn` → `Don`."""
    plain = text.replace("đ", "d").replace("Đ", "D")
    return "".join(
        letter for letter in unicodedata.normalize("NFD", plain) if not unicodedata.combining(letter)
    )


def words(name: str) -> list[str]:
    """The words of a name, lower-case and without diacritics."""
    return _NOT_A_WORD.sub(" ", _HUMPS.sub(" ", without_marks(name)).lower()).split()


def folded(name: str) -> str:
    """A name by which names are compared: letters and digits alone."""
    return "".join(words(name))


def snake_case(name: str) -> str:
    """A name as columns have it: `so_chung_tu`; never empty, never beginning with a digit."""
    joined = "_".join(words(name)) or "column"
    return f"c_{joined}" if joined[0].isdigit() else joined
