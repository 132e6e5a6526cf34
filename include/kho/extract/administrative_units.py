"""Administrative units of one province, on both sides of the reform of 1 July 2025.

In:  the data files that come with the `vietnamadminunits` package: `dataset.db` (units) and
     `converter_2025.json` (which old commune went into which new one). They are opened as
     files: the package's own converter may ask a geocoder about a divided commune, and
     importing the package builds address parsers that are of no use here.
Out: `read_units` and `read_successions`, plain records for the dimension of administrative
     units and for the table that carries old codes forward.

A code alone is not a key: most codes in use today belonged to another commune before the reform.
The key of a unit is (`unit_code`, `unit_level`, `valid_from`); every unit, changed or not, ends
with the old order and starts anew in the next, so that exactly one version is valid on any day.
"""

import importlib.util
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypedDict

from kho.errors import ConfigurationError
from kho.extract.unit_sources import PACKAGE, Citation, of_before, of_commune, of_province, of_succession

UnitLevel = Literal["province", "district", "commune"]
SuccessionKind = Literal["whole", "split"]

REFORM_DATE = date(2025, 7, 1)
LAST_DAY_OF_OLD_ORDER = date(2025, 6, 30)
# The package does not say since when an old unit existed; this date means "not known".
UNKNOWN_START = date(1900, 1, 1)

# The type is read from the name, because the package's type column contradicts it for some
# communes ("Xã Vĩnh Hòa" is filed as a ward). "Thị Trấn" occurs too, hence case-blind.
_UNIT_TYPES = (
    "Thành phố", "Thị trấn", "Đặc khu", "Thị xã", "Phường", "Huyện", "Quận", "Tỉnh", "Xã",
)  # fmt: skip

_NEW_COMMUNES = """
    select distinct province, provinceCode, provinceKey, ward, wardCode, wardKey, wardAreaKm2
    from admin_units
"""
_OLD_COMMUNES = """
    select distinct province, provinceCode, provinceKey, district, districtCode, districtKey,
           ward, wardCode, wardKey
    from admin_units_legacy
"""


class PackagedDataError(Exception):
    """The data files of `vietnamadminunits` are missing or contradict each other."""


class AdministrativeUnit(TypedDict):
    """One unit during one period. `area_km2` is known for most communes of today only.

    `source_document` and `source_place` say where it is written (see `kho.extract.unit_sources`).
    """

    unit_code: str
    unit_level: UnitLevel
    name_vi: str
    short_name: str
    unit_type: str
    parent_code: str | None
    province_code: str
    area_km2: float | None
    valid_from: date
    valid_to: date | None
    source_document: str
    source_place: str


class AdministrativeUnitSuccession(TypedDict):
    """One step from a unit of the old order to one of the new.

    `weight` is the share of the old unit that went this way, `part_population` and `part_area_km2`
    what that part was; the package gives none of them (see `kho.extract.reorganisations`).
    Of a divided unit's successors exactly one has `is_default`, the choice when nothing more
    than the old unit is known.
    """

    old_unit_code: str
    old_unit_level: UnitLevel
    new_unit_code: str
    succession_kind: SuccessionKind
    is_default: bool
    weight: Decimal | None
    part_population: int | None
    part_area_km2: Decimal | None
    effective_date: date
    source_document: str
    source_place: str


def read_units(province_code: str) -> list[AdministrativeUnit]:
    """Units of the province today and of the provinces it was formed from, by level and code.

    `province_code` is a code in force since 1 July 2025 ("51"). A unit of the old order carries
    the code of its own province then ("62" for a commune of Kon Tum).

    Raises `ConfigurationError` where the code names no province of today.
    """
    return [unit.copy() for unit in _packaged_units(province_code)]


@cache
def _packaged_units(province_code: str) -> tuple[AdministrativeUnit, ...]:
    """What the package says does not change while a process lives; suites ask for it again and again."""
    today = _communes_of_today(province_code)
    before = _communes_before(today)
    is_merged = len({row["provinceCode"] for row in before}) > 1
    source = of_province(is_merged=is_merged)
    found = [_unit("province", province_code, today[0]["province"], None, province_code, source)]
    source = of_commune(province_code)
    for row in today:
        commune = _unit("commune", row["wardCode"], row["ward"], province_code, province_code, source)
        commune["area_km2"] = row["wardAreaKm2"]
        found.append(commune)
    for row in before:
        found.extend(_of_old_order(unit) for unit in _units_above_and_at(row))
    by_key = {(unit["unit_level"], unit["unit_code"], unit["valid_from"]): unit for unit in found}
    levels = ("province", "district", "commune")
    return tuple(
        sorted(
            by_key.values(),
            key=lambda unit: (levels.index(unit["unit_level"]), unit["unit_code"], unit["valid_from"]),
        )
    )


def read_successions(province_code: str) -> list[AdministrativeUnitSuccession]:
    """What became of each commune that lies in the province today, by old code, default first.

    An island district that had no communes takes part as a district.

    Raises `ConfigurationError` where the code names no province of today, and `PackagedDataError`
    unless every old commune has exactly one default successor.
    """
    today = _communes_of_today(province_code)
    new_codes = {row["wardKey"]: row["wardCode"] for row in today}
    old_rows = {_converter_key(row): row for row in _communes_before(today)}
    source = of_succession(province_code)
    found: list[AdministrativeUnitSuccession] = []
    for old_key, new_key, kind, is_default in _steps(today[0]["provinceKey"]):
        if old_key not in old_rows or new_key not in new_codes:
            raise PackagedDataError(
                f"province {province_code}: converter_2025.json leads from {old_key!r} to "
                f"{new_key!r}, and dataset.db does not have both"
            )
        old = old_rows[old_key]
        has_commune = old["wardCode"] is not None
        found.append(
            {
                "old_unit_code": old["wardCode"] if has_commune else old["districtCode"],
                "old_unit_level": "commune" if has_commune else "district",
                "new_unit_code": new_codes[new_key],
                "succession_kind": kind,
                "is_default": is_default,
                "weight": None,
                "part_population": None,
                "part_area_km2": None,
                "effective_date": REFORM_DATE,
                "source_document": source.document,
                "source_place": source.place,
            }
        )
    _require_one_default(province_code, len(old_rows), found)
    return sorted(
        found,
        key=lambda step: (step["old_unit_code"], not step["is_default"], step["new_unit_code"]),
    )


def _require_one_default(
    province_code: str, old_units: int, steps: list[AdministrativeUnitSuccession]
) -> None:
    """Refuse an old unit that is lost on the way or arrives twice."""
    defaults = [step["old_unit_code"] for step in steps if step["is_default"]]
    if not len(defaults) == len(set(defaults)) == old_units:
        raise PackagedDataError(
            f"province {province_code}: {old_units} old units, but {len(defaults)} default "
            f"successions for {len(set(defaults))} of them"
        )


def _steps(new_province_key: str) -> Iterator[tuple[str, str, SuccessionKind, bool]]:
    """(old unit's key, new commune's key, kind, is default) for one province of today."""
    converter = _converter()
    for new_key, old_keys in converter["DICT_PROVINCE_WARD_NO_DIVIDED"][new_province_key].items():
        for old_key in old_keys:
            yield old_key, new_key, "whole", True
    divided = converter["DICT_PROVINCE_WARD_DIVIDED"].get(new_province_key, {})
    for old_key, successors in divided.items():
        for successor in successors:
            yield old_key, successor["newWardKey"], "split", bool(successor["isDefaultNewWard"])


def _communes_of_today(province_code: str) -> list[sqlite3.Row]:
    """Rows of the communes of today's province; refuses a code that no longer is one."""
    found = _query(f"{_NEW_COMMUNES} where provinceCode = ?", (province_code,))
    if not found:
        rows = _query("select distinct provinceCode as code from admin_units order by code", ())
        known = ", ".join(row["code"] for row in rows)
        raise ConfigurationError(
            f"{province_code!r} is the code of no province since 1 July 2025",
            where="KHO_PROVINCE",
            next_step=f"set KHO_PROVINCE to the code of your province, one of {known}",
        )
    return found


def _communes_before(today: list[sqlite3.Row]) -> list[sqlite3.Row]:
    """Rows of the old communes, one without commune for an island district."""
    keys = _converter()["DICT_PROVINCE"][today[0]["provinceKey"]]
    marks = ", ".join("?" * len(keys))
    return _query(f"{_OLD_COMMUNES} where provinceKey in ({marks})", tuple(keys))


def _converter_key(old: sqlite3.Row) -> str:
    """The name under which converter_2025.json knows a commune of the old order."""
    return f"{old['provinceKey']}_{old['districtKey']}_{old['wardKey'] or ''}"


def _units_above_and_at(old: sqlite3.Row) -> Iterator[AdministrativeUnit]:
    """The province and district a row of the old order lies in, and its commune if it has one."""
    province, district, source = old["provinceCode"], old["districtCode"], of_before()
    yield _unit("province", province, old["province"], None, province, source)
    yield _unit("district", district, old["district"], province, province, source)
    if old["wardCode"] is not None:
        yield _unit("commune", old["wardCode"], old["ward"], district, province, source)


def _unit(
    level: UnitLevel, code: str, name: str, parent_code: str | None, province_code: str, source: Citation
) -> AdministrativeUnit:
    """A unit of today, its area left open."""
    unit_type, short_name = split_name(name)
    return {
        "unit_code": code,
        "unit_level": level,
        # "Thị trấn Prao" where the package writes "Thị Trấn Prao"
        "name_vi": unit_type + name[len(unit_type) :],
        "short_name": short_name,
        "unit_type": unit_type,
        "parent_code": parent_code,
        "province_code": province_code,
        "area_km2": None,
        "valid_from": REFORM_DATE,
        "valid_to": None,
        "source_document": source.document,
        "source_place": source.place,
    }


def _of_old_order(unit: AdministrativeUnit) -> AdministrativeUnit:
    return {**unit, "valid_from": UNKNOWN_START, "valid_to": LAST_DAY_OF_OLD_ORDER}


def split_name(name: str) -> tuple[str, str]:
    """("Xã", "Trà Bùi") for "Xã Trà Bùi"; the short name of a numbered ward stays "Phường 5".

    Raises `PackagedDataError` where the name begins with no type.
    """
    for unit_type in _UNIT_TYPES:
        if name.casefold().startswith(f"{unit_type} ".casefold()):
            rest = name[len(unit_type) + 1 :]
            return unit_type, f"{unit_type} {rest}" if rest.isdigit() else rest
    raise PackagedDataError(f"the name {name!r} starts with no known type of unit")


def _query(sql: str, parameters: tuple[str, ...]) -> list[sqlite3.Row]:
    # immutable: the file lies in a package folder that may be read-only, and nobody writes it.
    uri = f"{_data_file('dataset.db').as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(sql, parameters).fetchall()


def _converter() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(_data_file("converter_2025.json").read_text(encoding="utf-8"))
    return content


def _data_file(name: str) -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise PackagedDataError(f"the package {PACKAGE} is not installed")
    path = Path(spec.origin).parent / "data" / name
    if not path.is_file():
        raise PackagedDataError(f"{PACKAGE} has no file data/{name}")
    return path
