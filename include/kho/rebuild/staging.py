"""Stage a loaded batch once more, and find out which of its rows its load left out.

In: a batch of the raw zone that is loaded. Out: its staging table, as `stage` made it that night, and the
temporary table `decided`: the rows that were rejected or set aside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from kho.corrections import corrections_in_force
from kho.quality.judge import suite_of_batch
from kho.raw_zone.manifest import read_manifest
from kho.rules.validate import validate
from kho.stage import StageTable, stage_batch, stage_table

if TYPE_CHECKING:
    from pathlib import Path

    from kho.contracts import Contract


def stage_again(
    engine: sa.Engine,
    contract: Contract,
    batch_id: str,
    raw_zone: Path,
    note: Callable[[StageTable], None],
) -> StageTable:
    """Stage a batch of the raw zone.

    Args:
        note: is told the table before it is made, so that it can be dropped whatever happens.

    Raises:
        HostError: the batch is no longer in the raw zone.
    """
    folder = raw_zone / contract.dataset / batch_id
    manifest = read_manifest(folder)
    note(stage_table(batch_id))
    fixes = corrections_in_force(contract, manifest.judged_on)
    return stage_batch(engine, contract, batch_id, folder, manifest.fetched, fixes=fixes).table


def decide(
    db: sa.Connection,
    engine: sa.Engine,
    contract: Contract,
    batch: Any,
    table: StageTable,
    raw_zone: Path,
) -> None:
    """Fill `decided` with what the batch's load left out.

    A batch that was loaded before decisions were kept is judged again by the rules of today; whether they
    come to the same, the counts will tell.
    """
    db.exec_driver_sql("TRUNCATE pg_temp.decided")
    if batch.decisions or not batch.quarantined:
        db.execute(
            sa.text(
                "INSERT INTO pg_temp.decided SELECT row_number, decision FROM meta.row_decision "
                "WHERE batch_key = :batch_key"
            ),
            {"batch_key": batch.batch_key},
        )
        return
    manifest = read_manifest(raw_zone / contract.dataset / batch.batch_id)
    suite, parameters = suite_of_batch(engine, contract, manifest)
    key = [column.name for column in contract.key]
    failed = validate(engine, suite, table, contract.quality, parameters, key).failed_table
    critical = [rule.rule_id for rule in suite.rules if rule.severity == "critical"]
    db.execute(
        sa.text(
            f"INSERT INTO pg_temp.decided SELECT _row, 'rejected' FROM {failed.quoted} "
            "WHERE rules && cast(:critical AS text[])"
        ),
        {"critical": critical},
    )
