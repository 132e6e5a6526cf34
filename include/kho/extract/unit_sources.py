"""Where it is written what an administrative unit is, and what became of one.

In: the province and the order that a unit is of, before or after 1 July 2025. Out: a `Citation`: what was
read (the package, in its version) and the documents that it goes back to.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

PACKAGE = "vietnamadminunits"

# The resolutions of the National Assembly's standing committee of 16 June 2025, by province of today.
_RESOLUTIONS = {
    "01": 1656, "04": 1657, "08": 1684, "11": 1661, "12": 1670, "14": 1681, "15": 1673, "19": 1683,
    "20": 1672, "22": 1679, "24": 1658, "25": 1676, "31": 1669, "33": 1666, "37": 1674, "38": 1686,
    "40": 1678, "42": 1665, "44": 1680, "46": 1675, "48": 1659, "51": 1677, "52": 1664, "56": 1667,
    "66": 1660, "68": 1671, "75": 1662, "79": 1685, "80": 1682, "82": 1663, "86": 1687, "91": 1654,
    "92": 1668, "96": 1655,
}  # fmt: skip
_MERGERS = "202/2025/QH15 ngày 12/6/2025"
_CODES_TODAY = "mã theo 19/2025/QĐ-TTg"
_CODES_BEFORE = "mã theo 124/2004/QĐ-TTg và các lần sửa đổi"


@dataclass(frozen=True, slots=True)
class Citation:
    """What was read, and the place in it with the documents that it rests on; in Vietnamese."""

    document: str
    place: str


def of_province(*, is_merged: bool) -> Citation:
    """Of a province of today; one that was not merged is only in the list of codes."""
    grounds = f"căn cứ {_MERGERS}; {_CODES_TODAY}" if is_merged else _CODES_TODAY
    return Citation(_package(), f"dataset.db, admin_units; {grounds}")


def of_commune(province_code: str) -> Citation:
    """Of a commune of today, by its province."""
    return Citation(
        _package(), f"dataset.db, admin_units; căn cứ {_resolution(province_code)}; {_CODES_TODAY}"
    )


def of_before() -> Citation:
    """Of a unit of the order until 30 June 2025."""
    return Citation(
        _package(), f"dataset.db, admin_units_legacy; {_CODES_BEFORE}, chưa đối chiếu từng đơn vị"
    )


def of_succession(province_code: str) -> Citation:
    """Of what became of a unit on 1 July 2025, by the province in which it lies since."""
    return Citation(_package(), f"converter_2025.json; căn cứ {_resolution(province_code)}")


def _resolution(province_code: str) -> str:
    return f"{_RESOLUTIONS[province_code]}/NQ-UBTVQH15 ngày 16/6/2025"


@cache
def _package() -> str:
    return f"{PACKAGE} {version(PACKAGE)}"
