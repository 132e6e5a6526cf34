"""Master data that the simulated sources share with the warehouse.

In:  the CSV files of `include/reference` and the country's administrative units.
Out: `Reference`, immutable.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kho.extract.administrative_units import read_units
from kho.sandbox.errors import SandboxConfigurationError

REFERENCE_FOLDER = Path(__file__).resolve().parents[2] / "reference"
PROVINCE = "51"
"""The only province that is played: the one whose agencies `agencies.csv` lists."""
_DEFAULT_WORKING_DAYS = 5


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency; `commune_code` only for a commune's own committee."""

    code: str
    name: str
    kind: str
    commune_code: str | None


@dataclass(frozen=True, slots=True)
class Procedure:
    """An administrative procedure; `agency_code` is empty where every commune handles it."""

    code: str
    name: str
    sector_code: str
    sector_name: str
    agency_code: str
    online: bool
    working_days: int


@dataclass(frozen=True, slots=True)
class Indicator:
    """A percentage that somebody reports every month."""

    code: str
    name: str
    lead_agency_code: str


@dataclass(frozen=True, slots=True)
class Project:
    """A public investment project; the amount in đồng."""

    code: str
    name: str
    total_vnd: int
    fund_source_code: str


@dataclass(frozen=True, slots=True)
class Reference:
    """Everything the sources take from shared master data."""

    agencies: tuple[Agency, ...]
    procedures: tuple[Procedure, ...]
    indicators: tuple[Indicator, ...]
    projects: tuple[Project, ...]
    commune_codes: tuple[str, ...]
    # Codes that were communes until 30 June 2025 and belong to none today.
    retired_commune_codes: tuple[str, ...]


def load_reference(folder: Path = REFERENCE_FOLDER, province_code: str = PROVINCE) -> Reference:
    """Read the master data of a province.

    Raises `SandboxConfigurationError` when a file is missing or has nothing usable in it.
    """
    agencies = tuple(
        Agency(
            code=row["agency_code"],
            name=row["name_vi"],
            kind=row["agency_type"],
            commune_code=row["administrative_unit_code"] if row["agency_type"] == "commune" else None,
        )
        for row in _rows(folder / "agencies.csv")
    )
    current, retired = _commune_codes(province_code)
    reference = Reference(
        agencies=agencies,
        procedures=tuple(_procedures(folder, {agency.code for agency in agencies})),
        indicators=tuple(
            Indicator(row["indicator_code"], row["name_vi"], row["lead_agency_codes"].split(";")[0])
            for row in _rows(folder / "indicators.csv")
            if row["row_type"] == "leaf" and row["unit_code"] == "percent"
        ),
        projects=tuple(
            Project(
                row["project_code"],
                row["name_vi"],
                int(row["total_investment_million_vnd"]) * 1_000_000,
                row["fund_source_code"],
            )
            for row in _rows(folder / "investment_projects.csv")
        ),
        commune_codes=current,
        retired_commune_codes=retired,
    )
    for name in ("procedures", "indicators", "projects", "commune_codes"):
        if not getattr(reference, name):
            raise SandboxConfigurationError(f"{folder}: no usable {name.replace('_', ' ')}")
    return reference


def reference_rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of a reference file, as they are."""
    return tuple(_rows(REFERENCE_FOLDER / f"{name}.csv"))


def _procedures(folder: Path, agency_codes: set[str]) -> Iterator[Procedure]:
    for row in _rows(folder / "procedures.csv"):
        if row["agency_code"] and row["agency_code"] not in agency_codes:
            continue
        yield Procedure(
            code=row["procedure_code"],
            name=row["name_vi"],
            sector_code=row["sector_code"],
            sector_name=row["sector_vi"],
            agency_code=row["agency_code"],
            online=row["online_level"] != "none",
            working_days=int(row["processing_working_days"] or _DEFAULT_WORKING_DAYS),
        )


def _commune_codes(province_code: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Codes of today's communes, and codes that no commune of today has."""
    communes = [unit for unit in read_units(province_code) if unit["unit_level"] == "commune"]
    current = {unit["unit_code"] for unit in communes if unit["valid_to"] is None}
    retired = {unit["unit_code"] for unit in communes} - current
    return tuple(sorted(current)), tuple(sorted(retired))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)
    except FileNotFoundError as error:
        raise SandboxConfigurationError(f"{path} is missing; restore it from the repository") from error


def task_leads(folder: Path = REFERENCE_FOLDER) -> tuple[tuple[str, str], ...]:
    """Each plan task with each agency that leads it, as far as the plan's words name one."""
    return tuple(
        (row["task_code"], code)
        for row in _rows(folder / "plan_tasks.csv")
        for code in row["lead_agency_codes"].split(";")
        if code
    )
