"""Has a source lost more records since its last night than may go without a person's word?

In: the keys that a batch landed, and those of the last loaded night that told some. Out: what to say of it,
or nothing. Loss of so many records is most often the source's own accident, and the load would take them out
of the star.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import sqlalchemy as sa

from kho.conform.expressions import conform
from kho.contracts import ReferenceSource
from kho.contracts.model import Contract
from kho.duck import connect as duck_connect
from kho.raw_zone.landing import record_files
from kho.raw_zone.manifest import Manifest
from kho.sql_files import run_file

PERIOD = "period_code"


def vanished(engine: sa.Engine, contract: Contract, manifest: Manifest, folder: Path) -> str | None:
    """What to say of a source that has lost more records than the contract lets go.

    Records are compared one by one: as many as before say nothing if they are others. A period of which
    nothing is left was archived at the source; the loads keep it, and so it is no loss.
    """
    now = record_files(folder, "keys")
    then = [] if not now or manifest.replays else _told_before(engine, contract, folder.parent)
    if not then:
        return None
    before, lost = _count(contract, now, then)
    limit = contract.quality.deletion_limit
    if lost <= max(contract.quality.quarantine_floor, limit * before):
        return None
    gone = f"{lost} of {before} records are no longer at the source ({lost / before:.1%})"
    return f"{gone}, the limit is {limit:.0%}"


def _told_before(engine: sa.Engine, contract: Contract, home: Path) -> Sequence[str]:
    """The keys of the last loaded batch that has all of them: not every night tells them."""
    wanted = {column.source_name for column in contract.key}
    names = ("keys", "snapshot", *(["records"] if isinstance(contract.source, ReferenceSource) else []))
    with engine.connect() as db:
        batches = run_file(db, "quality/loaded_before.sql", dataset=contract.dataset).scalars().all()
    for batch in batches:
        for name in names:
            files = record_files(home / batch, name)
            if files and wanted <= set(pq.read_schema(files[0]).names):
                return files
    return ()


def _count(contract: Contract, now: Sequence[str], then: Sequence[str]) -> tuple[int, int]:
    """How many records there were, and how many of them are no longer there."""
    names = [column.name for column in contract.key]
    same = " AND ".join(f't."{name}" IS NOT DISTINCT FROM n."{name}"' for name in names)
    whole = f'WHERE "{PERIOD}" IN (SELECT "{PERIOD}" FROM now)' if PERIOD in names else ""
    with duck_connect(threads=1, memory="200MB") as duck:
        for view, files in (("now", now), ("earlier", then)):
            only_keys = contract.model_copy(update={"columns": contract.key})
            conform(duck.read_parquet(list(files)), only_keys).select(
                *(duckdb.ColumnExpression(name) for name in names)
            ).distinct().create_view(view)
        before, lost = duck.execute(
            f"WITH kept AS (SELECT * FROM earlier {whole}) SELECT (SELECT count(*) FROM kept), "
            f"(SELECT count(*) FROM kept AS t ANTI JOIN now AS n ON {same})"
        ).fetchall()[0]
    return int(before), int(lost)
