"""Reorganisations since the packaged one of 1 July 2025, and what is known of the parts of divided units.

In:  the packaged units and successions, and `include/reference/administrative_unit_changes.csv`.
Out: `units_of` and `successions_of`, the same records with every change applied.

A line says that on `effective_date` (a part of) the old unit went into the new one. All that a unit becomes
on a day is listed, also what stays under its code:

    merge             A -> C, B -> C            C may keep the code of A or B
    split             A -> C, A -> D            with what each part was, or its share
    rename            A -> A with a new name    an empty name keeps the old one

A line of 1 July 2025 changes no unit: it says what the parts of a unit were that the package divides.
`source_document` and `source_place` say where that is written; they go with what the line makes or describes.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

from kho.errors import ConfigurationError
from kho.extract.administrative_units import (
    REFORM_DATE,
    AdministrativeUnit,
    AdministrativeUnitSuccession,
    PackagedDataError,
    UnitLevel,
    read_successions,
    read_units,
    split_name,
)
from kho.extract.unit_sources import Citation

FILE = "administrative_unit_changes.csv"
_NO_PLACE = f"{FILE}, không ghi vị trí"
_NO_DOCUMENT = "Không ghi văn bản"


@dataclass(frozen=True)
class Change:
    """One line of the file; `line` counts from 1, the header."""

    line: int
    effective_date: date
    old_unit_code: str
    new_unit_code: str
    unit_level: UnitLevel
    new_name_vi: str | None
    new_parent_code: str | None
    new_area_km2: Decimal | None
    weight: Decimal | None
    part_population: int | None
    part_area_km2: Decimal | None
    source: Citation


def units_of(province_code: str, reference_dir: Path) -> list[AdministrativeUnit]:
    """Units of the province with every change applied, by level, code and date.

    Raises:
        ConfigurationError: no province of today has the code, or the file of changes contradicts the
            units in force; names its line.
    """
    units = read_units(province_code)
    for effective, changes in _by_date(read_changes(reference_dir)):
        if effective > REFORM_DATE:
            _reorganise(units, effective, changes)
    levels = get_args(UnitLevel)
    return sorted(units, key=lambda u: (levels.index(u["unit_level"]), u["unit_code"], u["valid_from"]))


def successions_of(province_code: str, reference_dir: Path) -> list[AdministrativeUnitSuccession]:
    """What became of each unit on each day of reorganisation, by day, old code, default first.

    Raises:
        ConfigurationError: no province of today has the code, or the file says something of a part that
            does not exist; names its line.
    """
    steps = read_successions(province_code)
    for effective, changes in _by_date(read_changes(reference_dir)):
        if effective == REFORM_DATE:
            _describe_parts(steps, changes)
        else:
            steps += _steps(effective, changes)
    return sorted(
        steps,
        key=lambda s: (s["effective_date"], s["old_unit_code"], not s["is_default"], s["new_unit_code"]),
    )


def read_changes(reference_dir: Path) -> list[Change]:
    """The lines of the file of changes; none if there is no file.

    Raises:
        ConfigurationError: a cell cannot be read, or the day is before 1 July 2025; names its line.
    """
    path = reference_dir / FILE
    if not path.is_file():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [_change(line, row) for line, row in enumerate(csv.DictReader(file), start=2)]


def _change(line: int, row: dict[str, str]) -> Change:
    def cell(name: str) -> str | None:
        return (row.get(name) or "").strip() or None

    def number(name: str) -> Decimal | None:
        text = cell(name)
        if text is None:
            return None
        value = Decimal(text)
        if not value.is_finite() or value < 0:
            raise ValueError(f"{name} is {text}")
        return value

    try:
        level = cell("unit_level") or "commune"
        old, new = cell("old_unit_code"), cell("new_unit_code")
        if level not in get_args(UnitLevel) or not old or not new:
            raise ValueError("old_unit_code, new_unit_code and a known unit_level are needed")
        population = number("part_population")
        if population is not None and population != int(population):
            raise ValueError(f"part_population is {population}")
        effective = date.fromisoformat(cell("effective_date") or "")
        if effective < REFORM_DATE:
            raise ValueError(f"{effective} is before the units that the package has, {REFORM_DATE}")
    except (ValueError, ArithmeticError) as error:
        raise _refused(line, f"a cell cannot be used: {error}") from error
    return Change(
        line=line,
        effective_date=effective,
        old_unit_code=old,
        new_unit_code=new,
        unit_level=level,  # type: ignore[arg-type]
        new_name_vi=cell("new_name_vi"),
        new_parent_code=cell("new_parent_code"),
        new_area_km2=number("new_area_km2"),
        weight=number("weight"),
        part_population=None if population is None else int(population),
        part_area_km2=number("part_area_km2"),
        source=Citation(cell("source_document") or _NO_DOCUMENT, cell("source_place") or _NO_PLACE),
    )


def _by_date(changes: Iterable[Change]) -> list[tuple[date, list[Change]]]:
    found: dict[date, list[Change]] = defaultdict(list)
    for change in changes:
        found[change.effective_date].append(change)
    return sorted(found.items())


def _reorganise(units: list[AdministrativeUnit], effective: date, changes: Sequence[Change]) -> None:
    """End what is divided or merged the day before; begin what comes of it."""
    in_force = {unit["unit_code"]: unit for unit in units if unit["valid_to"] is None}
    before = dict(in_force)
    for change in changes:
        old = before.get(change.old_unit_code)
        if old is None or old["unit_level"] != change.unit_level or old["valid_from"] >= effective:
            raise _refused(
                change.line, f"{change.old_unit_code} is no {change.unit_level} in force before {effective}"
            )
        if in_force.pop(change.old_unit_code, None):
            old["valid_to"] = effective - timedelta(days=1)
    begun: list[tuple[Change, AdministrativeUnit]] = []
    for code, lines in _by_new_code(changes):
        if code in in_force:
            raise _refused(lines[0].line, f"{code} is still in force; say what becomes of it")
        unit = _new_unit(code, lines, before)
        begun.append((lines[0], unit))
        units.append(unit)
        in_force[code] = unit
    for change, unit in begun:
        parent = in_force.get(unit["parent_code"] or "")
        if unit["parent_code"] and parent is None:
            raise _refused(change.line, f"{unit['parent_code']}, above {unit['unit_code']}, is not in force")
        unit["province_code"] = _province_of(unit, in_force)
    for unit in in_force.values():
        if unit["parent_code"] and unit["parent_code"] not in in_force:
            raise _refused(
                changes[0].line,
                f"{unit['parent_code']} ends on {effective}; say what becomes of {unit['unit_code']} in it",
            )


def _by_new_code(changes: Sequence[Change]) -> list[tuple[str, list[Change]]]:
    found: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        found[change.new_unit_code].append(change)
    return list(found.items())


def _new_unit(code: str, lines: list[Change], before: dict[str, AdministrativeUnit]) -> AdministrativeUnit:
    """The unit that begins; what a line leaves empty is as it was under the same code."""
    first = lines[0]
    same = before.get(code)
    name = _only(lines, "new_name_vi") or (same["name_vi"] if same else None)
    if name is None:
        raise _refused(first.line, f"the new unit {code} has no name")
    try:
        unit_type, short_name = split_name(name)
    except PackagedDataError as error:
        raise _refused(first.line, str(error)) from error
    area = _only(lines, "new_area_km2")
    return {
        "unit_code": code,
        "unit_level": first.unit_level,
        "name_vi": name,
        "short_name": short_name,
        "unit_type": unit_type,
        "parent_code": _only(lines, "new_parent_code") or before[first.old_unit_code]["parent_code"],
        "province_code": code,
        "area_km2": None if area is None else float(area),
        "valid_from": first.effective_date,
        "valid_to": None,
        "source_document": first.source.document,
        "source_place": first.source.place,
    }


def _only(lines: list[Change], name: str) -> Any:
    """The value that the lines of a new unit give; they may leave it out, but not differ."""
    given = {value for line in lines if (value := getattr(line, name)) is not None}
    if len(given) > 1:
        raise _refused(lines[-1].line, f"{lines[0].new_unit_code} has two values of {name}")
    return next(iter(given), None)


def _province_of(unit: AdministrativeUnit, in_force: dict[str, AdministrativeUnit]) -> str:
    while unit["parent_code"]:
        unit = in_force[unit["parent_code"]]
    return unit["unit_code"]


def _steps(effective: date, changes: Sequence[Change]) -> list[AdministrativeUnitSuccession]:
    found: list[AdministrativeUnitSuccession] = []
    parts: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        parts[change.old_unit_code].append(change)
    for lines in parts.values():
        if len({line.new_unit_code for line in lines}) < len(lines):
            raise _refused(lines[-1].line, f"what {lines[0].old_unit_code} becomes is said twice")
        _require_whole(lines)
        default = max(lines, key=_size)
        found += [
            {
                "old_unit_code": line.old_unit_code,
                "old_unit_level": line.unit_level,
                "new_unit_code": line.new_unit_code,
                "succession_kind": "split" if len(lines) > 1 else "whole",
                "is_default": line is default,
                "weight": line.weight,
                "part_population": line.part_population,
                "part_area_km2": line.part_area_km2,
                "effective_date": effective,
                "source_document": line.source.document,
                "source_place": line.source.place,
            }
            for line in lines
        ]
    return found


def _describe_parts(steps: list[AdministrativeUnitSuccession], changes: Sequence[Change]) -> None:
    known = {(step["old_unit_code"], step["new_unit_code"]): step for step in steps}
    for change in changes:
        step = known.get((change.old_unit_code, change.new_unit_code))
        if step is None:
            raise _refused(change.line, f"{change.old_unit_code} did not become {change.new_unit_code}")
        step["weight"] = change.weight
        step["part_population"] = change.part_population
        step["part_area_km2"] = change.part_area_km2
        step["source_place"] += f"; phần chia: {change.source.document}, {change.source.place}"
    for old in {change.old_unit_code for change in changes}:
        _require_whole([change for change in changes if change.old_unit_code == old])


def _require_whole(lines: Sequence[Change]) -> None:
    """Shares that are stated are stated of every part and make one whole."""
    stated = [line.weight for line in lines if line.weight is not None]
    if stated and (len(stated) < len(lines) or sum(stated) != 1):
        raise _refused(lines[-1].line, f"the shares of {lines[0].old_unit_code} do not add up to 1")


def _size(change: Change) -> tuple[Decimal, int, Decimal]:
    return (change.weight or Decimal(0), change.part_population or 0, change.part_area_km2 or Decimal(0))


def _refused(line: int, message: str) -> ConfigurationError:
    return ConfigurationError(
        message,
        where=f"{FILE}, line {line}",
        next_step="correct the line; the runbook says how a reorganisation is written down",
    )
