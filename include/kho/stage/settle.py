"""Finish a staging table to which all rows were copied.

In: the table, what DuckDB said of its rows, and which of them repeat another, which DuckDB did not know.
Out: repeats marked, set apart and judged by PostgreSQL; the tally written down; a mark that says the table is
complete and by which rules it was judged.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from kho.contracts.model import Contract
from kho.rules.duck_labels import DuckLabels, leave_mark
from kho.rules.labelling import evaluated, judge_repeats
from kho.stage.repeats import Repeat, mark_repeats
from kho.stage.table import StageTable
from kho.stage.verdicts import Tally


def settle(
    db: sa.Connection,
    contract: Contract,
    table: StageTable,
    labels: DuckLabels,
    repeats: Sequence[Repeat],
    tally: Tally,
    rows: int,
) -> None:
    """Mark repeats, judge them, note what has been judged.

    Args:
        tally: of all rows, as if none were a repeat.
        rows: how many were copied.
    """
    quality, key = contract.quality, [column.name for column in contract.key]
    if labels.conditions and repeats:
        _set_apart(db, table, repeats)
        before = evaluated(db, table.beside("repeated"), quality, labels.sources)
        mark_repeats(db, table, repeats)
        after = judge_repeats(db, table, quality, labels.sources, key)
        tally.subtract({(count.rule_id, count.agency_code): count.evaluated for count in before})
        tally.update({(count.rule_id, count.agency_code): count.evaluated for count in after})
    else:
        mark_repeats(db, table, repeats)
    if labels.conditions:
        _write_tally(db, table, tally)
    leave_mark(db, table, labels, rows)


def _set_apart(db: sa.Connection, table: StageTable, repeats: Sequence[Repeat]) -> None:
    """Copy the repeats beside the table, and take them out of what DuckDB judged."""
    repeated, judged = table.beside("repeated"), table.beside("judged")
    copy = sa.text(
        f"INSERT INTO {repeated.quoted} SELECT * FROM {table.quoted} WHERE ctid = ANY(cast(:places AS tid[]))"
    )
    db.execute(copy, {"places": [one.place for one in repeats]})
    # Nobody has counted these tables yet: a join that takes them for small would take minutes.
    db.exec_driver_sql("SET LOCAL enable_nestloop = off")
    db.exec_driver_sql(f"DELETE FROM {judged.quoted} WHERE _row IN (SELECT _row FROM {repeated.quoted})")
    db.exec_driver_sql("SET LOCAL enable_nestloop = on")


def _write_tally(db: sa.Connection, table: StageTable, tally: Tally) -> None:
    left = [(rule, agency, rows) for (rule, agency), rows in tally.items() if rows]
    write = sa.text(
        f"INSERT INTO {table.beside('tally').quoted} SELECT * FROM "
        "unnest(cast(:rules AS text[]), cast(:agencies AS text[]), cast(:counts AS bigint[]))"
    )
    rules, agencies, numbers = zip(*left, strict=True) if left else ((), (), ())
    db.execute(write, {"rules": list(rules), "agencies": list(agencies), "counts": list(numbers)})
