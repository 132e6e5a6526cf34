"""How many keys of a fact lead to master data, and how many to nothing known.

In: the facts that a dataset fills, and their foreign keys as the database declares them. Out: keys judged,
and keys that point to the unknown member, to one that only data has named, or to one that was abolished
before the fact's own day; by the agency whose rows the contract says they are, or the dataset's owner. Not
applicable is no key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from kho.quality.lineage import tables_of
from kho.sql_files import run_file

if TYPE_CHECKING:
    from kho.contracts import Contract

_NOT_APPLICABLE = -2
Counts = tuple[int | None, int, int]
"""The key of an agency, or None; keys, unresolved keys."""


def unresolved_keys(db: sa.Connection, contracts: Sequence[Contract]) -> Iterator[tuple[str, str, int, int]]:
    """(dataset, agency, keys, unresolved keys) of each dataset that fills a fact; '' is no known agency."""
    keys: dict[str, list[tuple[str, str, str, bool]]] = {}
    for row in run_file(db, "measure/foreign_keys.sql"):
        keys.setdefault(row.fact, []).append((row.key, row.dimension, row.dimension_key, row.may_be_inferred))
    gone: dict[str, list[Counts]] = {}
    for row in run_file(db, "measure/members_gone.sql"):
        gone.setdefault(row.relation, []).append((row.of_agency_key, 0, int(row.facts)))
    agencies = sa.text("SELECT agency_key, agency_code FROM dw.dim_agency WHERE agency_key > 0")
    codes = {row.agency_key: row.agency_code for row in db.execute(agencies)}
    for contract in contracts:
        # Rows that are of no agency each are the owner's, as their rules' results are.
        nobody = "" if contract.quality.agency_column else contract.quality.owner_agency
        judged: Counter[str] = Counter()
        unresolved: Counter[str] = Counter()
        for fact in tables_of(contract.dataset):
            if fact not in keys:
                continue
            own = _agency_key(contract, keys[fact])
            for agency_key, count, bad in (*_count(db, fact, keys[fact], own), *gone.get(fact, ())):
                agency = codes.get(agency_key, "") if own else nobody
                judged[agency] += count
                unresolved[agency] += bad
        for agency in sorted(judged):
            yield contract.dataset, agency, judged[agency], unresolved[agency]


def _agency_key(contract: Contract, keys: Sequence[tuple[str, str, str, bool]]) -> str | None:
    """The key of a fact that says whose row it is: named like the contract's column of the agency's code."""
    column = contract.quality.agency_column
    name = f"{column.removesuffix('_code')}_key" if column else None
    return name if any(key == name and dimension == "dim_agency" for key, dimension, _, _ in keys) else None


def _count(
    db: sa.Connection, fact: str, keys: Sequence[tuple[str, str, str, bool]], own: str | None
) -> Iterator[Counts]:
    """One pass over a fact: its keys, and those that lead nowhere, by the key `own` if there is one."""
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
    sums = sum(judged[1:], judged[0]), sum(unresolved[1:], unresolved[0])
    query = (
        sa.select(table.c[own], *sums).group_by(table.c[own])
        if own
        else sa.select(sa.null(), *sums).select_from(table)
    )
    for agency_key, evaluated, failed in db.execute(query):
        yield agency_key, int(evaluated), int(failed)
