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

from kho.extract.administrative_units import read_units

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
    (see `commune_periods`), what is in `loaded` (code lists that the warehouse has from their source), and
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
            return commune_periods(province_code)
        return _distinct(reference_dir / f"{name}.csv", column)

    return resolve


def commune_periods(province_code: str) -> list[dict[str, object]]:
    """The communes of a province by the period in which their codes are in force.

    Returns:
        One item per period: `valid_from` and `valid_to` as ISO dates, both inclusive, `valid_to`
        None while the period lasts; `codes`, sorted.
    """
    periods: dict[tuple[date, date | None], set[str]] = defaultdict(set)
    for unit in read_units(province_code):
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


def _distinct(path: Path, column: str) -> list[str]:
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in path.parent.glob("*.csv"))) or "none"
        raise LookupError(f"there is no reference file '{path.stem}' (known: {known})")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if column not in (rows.fieldnames or ()):
            raise LookupError(f"the reference file '{path.stem}' has no column '{column}'")
        return sorted({row[column] for row in rows if row[column]})
