"""Make a dataset's part of the star again from the raw zone, and mend what differs from it.

In: a dataset whose batches are loaded, and perhaps a span of nights. Out: `Rebuilt`: what differed by table.

Everything happens in one transaction that holds the dataset's lock: every loaded batch is staged again and
loaded beside the star, in the order in which it was loaded then; what a load left out then is left out again
(`meta.row_decision`). Unless every batch counts what its load counted, nothing changes. Then the rows of the
span that differ are mended, all or none, and those that do not are not touched: readers never see half.
Cases, scores, evidence, watermarks and the ledger are no part of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from kho.errors import ConfigurationError, ReconciliationError
from kho.load.load import lock_dataset
from kho.load.rekey import rekey_facts
from kho.privacy.handing import handed_keys, makes_pseudonyms
from kho.rebuild.difference import (
    Difference,
    add_and_change,
    adopt_keys,
    compare,
    leave_detached,
    remove_surplus,
    surplus_keys,
)
from kho.rebuild.shadow import Counted, StarTable, create_shadow, load_into_shadow
from kho.rebuild.staging import decide, stage_again
from kho.sql_files import run_file
from kho.stage import StageTable, drop_staging

if TYPE_CHECKING:
    from pathlib import Path

    from kho.contracts import Contract
    from kho.privacy.keyring import Keyring
    from kho.rebuild.span import Span


_ASK = (
    "nothing was changed; what has changed since its load is code, contract, a correction or a dimension: "
    "the runbook says how to find out which"
)


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild found.

    Attributes:
        batches: how many were loaded again.
        moved: facts that follow a mended dimension to the version of their day.
    """

    dataset: str
    batches: int
    tables: tuple[Difference, ...]
    moved: int

    @property
    def found(self) -> int:
        """How many rows of the star were not as the raw zone says."""
        return sum(table.found for table in self.tables)


def rebuild_dataset(
    engine: sa.Engine,
    contract: Contract,
    raw_zone: Path,
    keyring: Keyring,
    span: Span | None = None,
    *,
    rebuild_id: int | None = None,
) -> Rebuilt:
    """Load all batches of a dataset again and mend the rows that those of `span` brought.

    Args:
        span: nights whose rows may be changed; None is all of them.
        rebuild_id: the entry of `meta.rebuild`, closed with the changes; None changes nothing and only says
            what would be changed.

    Raises:
        ConfigurationError: no batch is loaded in that span.
        HostError: a batch is no longer in the raw zone.
        ReconciliationError: a batch does not come to what it came to then; nothing was changed.
    """
    staged: list[StageTable] = []
    try:
        with engine.connect() as db, db.begin() as transaction:
            lock_dataset(db, contract.dataset)
            run_file(db, "stage/tune_for_batch.sql")
            batches = run_file(db, "rebuild/loaded_batches.sql", dataset=contract.dataset).all()
            within = _within(contract, batches, span)
            tables = create_shadow(db, contract.dataset)
            needs_key = makes_pseudonyms(db, contract.dataset)
            with handed_keys(db, keyring) if needs_key else nullcontext():
                for batch in batches:
                    _load_again(db, engine, contract, raw_zone, batch, staged.append)
            rebuilt = Rebuilt(contract.dataset, len(batches), *_mend(db, contract, tables, within))
            if rebuild_id is None:
                transaction.rollback()
            else:
                _close(db, rebuild_id, rebuilt)
    finally:
        for table in staged:
            drop_staging(engine, table)
    return rebuilt


def _within(contract: Contract, batches: Any, span: Span | None) -> list[int] | None:
    chosen = [one.batch_key for one in batches if span is None or span.first <= one.as_of <= span.last]
    if not chosen:
        nights = sorted({one.as_of for one in batches})
        raise ConfigurationError(
            f"no batch is loaded in {span}" if span else "no batch of it is loaded",
            dataset=contract.dataset,
            next_step=f"its nights are {nights[0]} to {nights[-1]}" if nights else "run its night first",
        )
    return None if span is None else chosen


def _load_again(
    db: sa.Connection,
    engine: sa.Engine,
    contract: Contract,
    raw_zone: Path,
    batch: Any,
    note: Callable[[StageTable], None],
) -> None:
    """Bring one batch into the shadow."""
    table = stage_again(engine, contract, batch.batch_id, raw_zone, note)
    decide(db, engine, contract, batch, table, raw_zone)
    key = [column.name for column in contract.key]
    try:
        counted = load_into_shadow(db, contract.dataset, key, batch.batch_key, table)
    except sa.exc.IntegrityError as error:
        # The server's text shows the row, which may be somebody's.
        raise ReconciliationError(
            f"loaded again, the batch has a row that the star refuses ({type(error.orig).__name__})",
            dataset=contract.dataset,
            batch=batch.batch_id,
            next_step=_ASK,
        ) from None
    then = Counted(batch.accepted, batch.quarantined, batch.duplicates, batch.accepted)
    if counted != then:
        raise ReconciliationError(
            f"loaded again, the batch comes to accepted {counted.accepted}, rejected {counted.quarantined}, "
            f"duplicates {counted.duplicates}, loaded {counted.loaded}; its load came to "
            f"{then.accepted}, {then.quarantined}, {then.duplicates}, {then.loaded}",
            dataset=contract.dataset,
            batch=batch.batch_id,
            next_step=_ASK,
        )


def _mend(
    db: sa.Connection, contract: Contract, tables: tuple[StarTable, ...], within: list[int] | None
) -> tuple[tuple[Difference, ...], int]:
    """Mend table by table, dimensions first; what differed, and how many facts moved."""
    found: dict[str, Difference] = {}
    moved = 0
    dimensions = [table for table in tables if table.is_dimension]
    for table in tables:
        leave_detached(db, table)
        found[table.name] = compare(db, table, within)
        if found[table.name].missing or found[table.name].changed:
            add_and_change(db, table, within)
        adopt_keys(db, table, tables)
    for table in dimensions:
        if found[table.name].found:
            stale = surplus_keys(db, table, within)
            moved += sum(rekey_facts(db, contract.dataset, None, stale).values())
    for table in reversed(tables):
        if found[table.name].surplus:
            kept = remove_surplus(db, table, within)
            found[table.name] = replace(found[table.name], kept=kept)
    for table in tables:
        after = compare(db, table, within)
        if after.found != found[table.name].kept:
            raise ReconciliationError(
                f"{table.name} would still differ in {after.found} rows",
                dataset=contract.dataset,
                next_step="nothing was changed; rebuild the whole dataset, and the dimensions it looks up "
                "before it",
            )
    return tuple(found.values()), moved


def _close(db: sa.Connection, rebuild_id: int, rebuilt: Rebuilt) -> None:
    """Write down what was changed, with the changes."""
    run_file(
        db,
        "rebuild/close_rebuild.sql",
        rebuild_id=rebuild_id,
        outcome="done" if rebuilt.found else "unchanged",
        note=None,
        batches=rebuilt.batches,
        tables=json.dumps([table.as_dict() for table in rebuilt.tables]),
    )
