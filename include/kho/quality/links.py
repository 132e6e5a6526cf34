"""How many keys of a fact lead to master data, and how many to nothing known.

In: the facts that a dataset fills, and their foreign keys as the database declares them. Out: keys judged,
and keys that point to the unknown member, to one that only data has named, or to one that was abolished
before the fact's own day. Not applicable is no key.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from kho.quality.lineage import tables_of
from kho.sql_files import run_file

if TYPE_CHECKING:
    from kho.contracts import Contract

_NOT_APPLICABLE = -2


def unresolved_keys(db: sa.Connection, contracts: Sequence[Contract]) -> Iterator[tuple[str, int, int]]:
    """(dataset, keys, unresolved keys) of each dataset that fills a fact."""
    keys: dict[str, list[tuple[str, str, str, bool]]] = {}
    for row in run_file(db, "measure/foreign_keys.sql"):
        keys.setdefault(row.fact, []).append((row.key, row.dimension, row.dimension_key, row.may_be_inferred))
    gone = {row.relation: int(row.facts) for row in run_file(db, "measure/members_gone.sql")}
    for contract in contracts:
        facts = [name for name in tables_of(contract.dataset) if name in keys]
        counts = [_count(db, fact, keys[fact]) for fact in facts]
        if counts:
            yield (
                contract.dataset,
                sum(n for n, _ in counts),
                sum(bad for _, bad in counts) + sum(gone.get(name, 0) for name in facts),
            )


def _count(db: sa.Connection, fact: str, keys: Sequence[tuple[str, str, str, bool]]) -> tuple[int, int]:
    """One pass over a fact: its keys, and those that lead nowhere."""
    table = sa.table(fact, *(sa.column(name) for name, _, _, _ in keys), schema="dw")
    judged: list[sa.ColumnElement[int]] = []
    unresolved: list[sa.ColumnElement[int]] = []
    for name, dimension, dimension_key, may_be_inferred in keys:
        column = table.c[name]
        lost: sa.ColumnElement[bool] = column == -1
        if may_be_inferred:
            known = sa.table(dimension, sa.column(dimension_key), sa.column("is_inferred"), schema="dw")
            lost = sa.or_(lost, column.in_(sa.select(known.c[dimension_key]).where(known.c["is_inferred"])))
        judged.append(sa.func.count().filter(column != _NOT_APPLICABLE))
        unresolved.append(sa.func.count().filter(lost))
    row = db.execute(
        sa.select(sum(judged[1:], judged[0]), sum(unresolved[1:], unresolved[0])).select_from(table)
    )
    evaluated, failed = row.one()
    return int(evaluated), int(failed)
