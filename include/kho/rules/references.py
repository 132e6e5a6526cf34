"""What a suite's `{$ref: <name>.<field>}` stands for.

In:  the reference CSV files, the catalogues that the warehouse has, the columns of the dataset's
     contract, the administrative units.
Out: a resolver: reference -> value. Everything it returns can be written as JSON, because Great
     Expectations identifies an expectation by the JSON of its arguments.
"""

import csv
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

from kho.extract.reorganisations import units_of

Resolver = Callable[[str], object]
"""Gives the value of a reference; LookupError says why there is none."""


def reference_resolver(
    reference_dir: Path,
    contract_columns: Sequence[str],
    province_code: str,
    loaded: Mapping[str, Sequence[str]] | None = None,
) -> Resolver:
    """Make the resolver of one dataset.

    It knows `contract.columns` (the columns, in order), `administrative_units.commune_periods`
    (see `commune_periods`), `vsic_sectors.editions` (see `sector_editions`), `indicator_ranges.ranges`
    (see `possible_ranges`), what is in `loaded` (code lists that the warehouse has from their source), and
    `<file>.<column>` for every CSV file in `reference_dir` (the distinct values that are not empty, sorted).
    """
    loaded = loaded or {}

    def resolve(reference: str) -> object:
        if reference in loaded:
            return list(loaded[reference])
        name, _, column = reference.partition(".")
        if reference == "contract.columns":
            return list(contract_columns)
        if reference == "administrative_units.commune_periods":
            return commune_periods(province_code, reference_dir)
        if reference == "vsic_sectors.editions":
            return sector_editions(reference_dir)
        if reference == "indicator_ranges.ranges":
            return possible_ranges(reference_dir)
        return _distinct(reference_dir / f"{name}.csv", column)

    return resolve


def commune_periods(province_code: str, reference_dir: Path) -> list[dict[str, object]]:
    """The communes of a province by the period in which their codes are in force.

    Returns:
        One item per period: `valid_from` and `valid_to` as ISO dates, both inclusive, `valid_to`
        None while the period lasts; `codes`, sorted.
    """
    periods: dict[tuple[date, date | None], set[str]] = defaultdict(set)
    for unit in units_of(province_code, reference_dir):
        if unit["unit_level"] == "commune":
            periods[unit["valid_from"], unit["valid_to"]].add(unit["unit_code"])
    return [
        {
            "valid_from": valid_from.isoformat(),
            "valid_to": valid_to.isoformat() if valid_to else None,
            "codes": sorted(codes),
        }
        for (valid_from, valid_to), codes in sorted(periods.items(), key=lambda item: item[0][0])
    ]


def sector_editions(reference_dir: Path) -> list[dict[str, object]]:
    """The editions of the classification of sectors (VSIC), with the codes of the deepest level on file.

    Returns:
        One item per edition: `version`, `length` of the codes, `prefixes`, sorted. A section, which is a
        letter, begins no sector's code.
    """
    codes: dict[str, set[str]] = defaultdict(set)
    for row in _rows(reference_dir / "vsic_sectors.csv"):
        if row["sector_code"].isdigit():
            codes[row["version"]].add(row["sector_code"])
    lengths = {version: max(map(len, known)) for version, known in codes.items()}
    return [
        {
            "version": version,
            "length": lengths[version],
            "prefixes": sorted(code for code in known if len(code) == lengths[version]),
        }
        for version, known in sorted(codes.items())
    ]


def possible_ranges(reference_dir: Path) -> list[dict[str, object]]:
    """The ranges that indicators' values can be in, each with the codes of its indicators.

    Returns:
        One item per range and time: `low` and `high`, None where there is no bound; `valid_from` and
        `valid_to` as ISO dates, both inclusive, None where the range has always been or still is so;
        `codes`, sorted.
    """
    members: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for row in _rows(reference_dir / "indicator_ranges.csv"):
        span = (row["low"], row["high"], row["valid_from"], row["valid_to"])
        members[span].append(row["indicator"])
    return [
        {
            "low": float(low) if low else None,
            "high": float(high) if high else None,
            "valid_from": start or None,
            "valid_to": end or None,
            "codes": sorted(codes),
        }
        for (low, high, start, end), codes in sorted(members.items())
    ]


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise LookupError(f"there is no reference file '{path.stem}'")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _distinct(path: Path, column: str) -> list[str]:
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in path.parent.glob("*.csv"))) or "none"
        raise LookupError(f"there is no reference file '{path.stem}' (known: {known})")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if column not in (rows.fieldnames or ()):
            raise LookupError(f"the reference file '{path.stem}' has no column '{column}'")
        return sorted({row[column] for row in rows if row[column]})
