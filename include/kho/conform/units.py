"""Units as people write them, and what they are worth in the unit that the warehouse keeps.

In: a unit's spelling. Out: its canonical code and the factor to it. A spelling that is not here is not
guessed: the value that it belongs to cannot be read.
"""

from __future__ import annotations

from decimal import Decimal

_UNITS: dict[str, tuple[tuple[str, str], ...]] = {
    "vnd": (
        ("đồng", "1"),
        ("vnđ", "1"),
        ("vnd", "1"),
        ("nghìn đồng", "1000"),
        ("ngàn đồng", "1000"),
        ("1.000 đồng", "1000"),
        ("triệu đồng", "1000000"),
        ("trđ", "1000000"),
        ("tr.đ", "1000000"),
        ("tr. đồng", "1000000"),
        ("tr đồng", "1000000"),
        ("tỷ đồng", "1000000000"),
        ("tỉ đồng", "1000000000"),
    ),
    "percent": (("%", "1"), ("phần trăm", "1"), ("percent", "1"), ("‰", "0.1")),
    "person": (("người", "1"), ("nhân khẩu", "1"), ("nghìn người", "1000"), ("trẻ", "1"), ("học sinh", "1")),
    "household": (("hộ", "1"), ("hộ gia đình", "1")),
    "hectare": (("ha", "1"), ("hecta", "1"), ("héc ta", "1"), ("km2", "100"), ("km²", "100")),
    "tonne": (("tấn", "1"), ("tạ", "0.1"), ("kg", "0.001"), ("nghìn tấn", "1000")),
    "head": (("con", "1"), ("nghìn con", "1000")),
    "dossier": (("hồ sơ", "1"), ("bộ hồ sơ", "1")),
    "case": (("vụ", "1"), ("trường hợp", "1"), ("ca", "1"), ("lượt", "1")),
    "quantity": (("cái", "1"), ("chiếc", "1"), ("công trình", "1"), ("dự án", "1"), ("đơn vị", "1")),
}

UNITS: dict[str, tuple[str, Decimal]] = {
    spelling: (code, Decimal(factor)) for code, spellings in _UNITS.items() for spelling, factor in spellings
}
"""By spelling, in lower case: the canonical code and the factor."""


def unit_of(spelling: str | None) -> tuple[str, Decimal] | None:
    """The canonical code and factor of a unit; None if nobody wrote down what it means."""
    return UNITS.get(" ".join((spelling or "").split()).casefold()) if spelling else None
