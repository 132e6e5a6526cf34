"""Dimensions that are copies of what the project itself knows: files, contracts, units of measure.

In: `include/reference`, the contracts, the units that conforming knows. Out: `dw.dim_sector`,
`dw.dim_document_type`, `dw.dim_source_system`, `dw.dim_unit_spelling` and `dw.bridge_agency_succession`,
equal to them. No source sends these, so they have no dataset and no night of their own.
"""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from kho.conform.units import UNITS
from kho.contracts import load_contracts
from kho.errors import ConfigurationError
from kho.sql_files import run_file

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kho.settings import Settings

_KINDS = ("merged", "renamed", "split")


def copy_dimensions(db: sa.Connection, settings: Settings) -> None:
    """Bring the copies up to date; nothing is written where nothing changed.

    Raises:
        ConfigurationError: a file is missing or a line of it cannot be used.
    """
    sectors = _columns(settings.reference_dir / "vsic_sectors.csv")
    run_file(db, "dimension/copy_sectors.sql", **sectors)
    kinds = _columns(settings.reference_dir / "document_types.csv")
    run_file(db, "dimension/copy_document_types.sql", **kinds)
    _copy_source_systems(db, settings)
    run_file(
        db,
        "dimension/copy_unit_spellings.sql",
        spelling=list(UNITS),
        unit_code=[code for code, _ in UNITS.values()],
        multiplier=[factor for _, factor in UNITS.values()],
    )
    _copy_agency_successions(db, settings.reference_dir / "agency_successions.csv")


def _copy_source_systems(db: sa.Connection, settings: Settings) -> None:
    contracts = load_contracts(settings.contracts_dir)
    run_file(
        db,
        "dimension/copy_source_systems.sql",
        dataset=[one.dataset for one in contracts],
        name_vi=[one.title for one in contracts],
        source_kind=[one.source.kind for one in contracts],
        connection=[getattr(one.source, "connection", None) for one in contracts],
        owner_agency_code=[one.quality.owner_agency for one in contracts],
        contract_version=[one.version for one in contracts],
    )


def _copy_agency_successions(db: sa.Connection, path: Path) -> None:
    columns = _columns(path)
    for line, (kind, day) in enumerate(
        zip(columns["succession_kind"], columns["effective_date"], strict=True), start=2
    ):
        try:
            date.fromisoformat(day or "")
            if kind not in _KINDS:
                raise ValueError(f"the kind is {kind}")
        except ValueError as error:
            raise ConfigurationError(
                f"what became of an agency cannot be read: {error}",
                where=f"{path.name}, line {line}",
                next_step=f"write the day as 2025-03-01 and the kind as one of {', '.join(_KINDS)}",
            ) from error
    run_file(db, "dimension/copy_agency_successions.sql", **columns)


def _columns(path: Path) -> dict[str, list[str | None]]:
    """A CSV file by columns; empty cells are None."""
    if not path.is_file():
        raise ConfigurationError("the reference file is missing", where=str(path))
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        names = rows.fieldnames or ()
        found: dict[str, list[str | None]] = {name: [] for name in names}
        for row in rows:
            for name in names:
                found[name].append(row[name] or None)
    return found
