"""Schema changes, written down once and said aloud.

In: a `Drift` and the night that saw it. Out: rows of `meta.schema_change`; where the contract may evolve, a
proposal of the changed contract below the state directory; and the sentence for the step's message.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from kho.errors import ConfigurationError
from kho.extract.drift import Drift
from kho.sql_files import run_file

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kho.contracts import Contract
    from kho.settings import Settings


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """One change that is written down; `acknowledged_by` is empty while it is open."""

    change_id: int
    dataset: str
    kind: str
    column_name: str
    detail: str
    policy: str
    stops: bool
    first_seen_on: date
    last_seen_on: date
    acknowledged_by: str | None


def note_drift(engine: sa.Engine, drift: Drift, as_of: date, batch_id: str | None = None) -> None:
    """Write down every change; one that is known is only seen again."""
    if not drift:
        return
    with engine.begin() as db:
        run_file(
            db,
            "quality/note_schema_changes.sql",
            dataset=drift.dataset,
            policy=drift.policy,
            as_of=as_of,
            batch_id=batch_id,
            kinds=[change.kind for change in drift.changes],
            columns=[change.column for change in drift.changes],
            details=[change.detail for change in drift.changes],
            stops=[change.stops for change in drift.changes],
        )


def drift_message(contract: Contract, drift: Drift, settings: Settings) -> str:
    """What the step says of the changes; writes the proposal if the contract may evolve."""
    if not drift:
        return ""
    said = f"the source's columns changed: {drift.text}"
    if drift.policy == "evolve":
        from kho.authoring.evolution import write_proposal

        path = write_proposal(contract, drift, settings)
        return f"{said}; proposed contract: {path.relative_to(settings.home)}"
    return f"{said}; new columns are written down and not loaded" if drift.added else said


def list_changes(
    engine: sa.Engine, dataset: str | None = None, *, acknowledged: bool = False
) -> tuple[SchemaChange, ...]:
    """The open changes, of one dataset or of all; the acknowledged ones too if asked for."""
    with engine.connect() as db:
        rows = run_file(db, "quality/list_schema_changes.sql", dataset=dataset, all_of_them=acknowledged)
        return tuple(SchemaChange(**row) for row in rows.mappings())


def acknowledge(engine: sa.Engine, change_id: int, by: str) -> str:
    """Take a change off the report; returns its dataset, kind and column.

    Raises:
        ConfigurationError: there is no such change.
    """
    with engine.begin() as db:
        row = run_file(db, "quality/acknowledge_schema_change.sql", change_id=change_id, by=by).one_or_none()
    if row is None:
        raise ConfigurationError(
            f"there is no schema change {change_id}", next_step="kho dataset changes lists them"
        )
    return f"{row.dataset}: {row.kind} {row.column_name}"
