"""What differs between the star and its shadow, and how it is mended.

In: the shadow of a dataset's tables, and the batches of a span of nights. Out: counts by table; then, in the
same transaction, rows that are missing, surplus or other than they should be. Rows that are the same are not
touched, nor is anything that comes from other nights.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from kho.sql_files import run_file

if TYPE_CHECKING:
    from kho.rebuild.shadow import StarTable


@dataclass(frozen=True)
class Difference:
    """One table of the star against its shadow, in rows.

    Attributes:
        missing: in the raw zone and not in the star.
        surplus: in the star, and nothing in the raw zone says so.
        kept: of the surplus, rows of a dimension that other tables point to; they stay.
    """

    table: str
    same: int
    missing: int
    surplus: int
    changed: int
    kept: int = 0

    @property
    def found(self) -> int:
        """How many rows are not as they should be."""
        return self.missing + self.surplus + self.changed

    def as_dict(self) -> dict[str, int | str]:
        """The counts as JSON values."""
        return asdict(self)


def adopt_keys(db: sa.Connection, table: StarTable, pointing: Sequence[StarTable]) -> None:
    """Give rows of the shadow that point to a shadowed dimension the star's numbers.

    Before: members that the star lacks have been added to it.
    """
    if not table.surrogate:
        return
    same = _same(table, "s", "l")
    mine = {f"dw.{one.name}": one for one in pointing}
    for reference in run_file(db, "rebuild/references_to.sql", table_name=f"dw.{table.name}"):
        if reference.from_table in mine and reference.from_table != f"dw.{table.name}":
            column, name = reference.from_column, mine[reference.from_table].name
            db.exec_driver_sql(
                f"UPDATE pg_temp.{name} AS t SET {column} = l.{table.surrogate} "
                f"FROM pg_temp.{table.name} AS s INNER JOIN dw.{table.name} AS l ON {same} "
                f"WHERE t.{column} = s.{table.surrogate} AND s.{table.surrogate} <> l.{table.surrogate}"
            )


def leave_detached(db: sa.Connection, table: StarTable) -> None:
    """Take out of the shadow what was taken out of the star: months whose time is over are not missing.

    Late news of such a month, or one that its owner has attached again, is in the star and compared.
    """
    if not table.month_key:
        return
    for month in run_file(db, "rebuild/detached_months.sql", fact=table.name):
        db.execute(
            sa.text(
                f"DELETE FROM pg_temp.{table.name} AS s "
                f"WHERE s.{table.month_key} >= :first_key AND s.{table.month_key} < :end_key "
                f"AND NOT EXISTS (SELECT FROM dw.{table.name} AS l WHERE {_same(table, 's', 'l')})"
            ),
            {"first_key": month.first_key, "end_key": month.end_key},
        )


def compare(db: sa.Connection, table: StarTable, span: Sequence[int] | None) -> Difference:
    """Count what differs in the rows that the batches of `span` brought; None is all rows.

    Members that only data has named, and the unknown ones, are no row of this dataset's.
    """
    counted = db.execute(
        sa.text(
            "SELECT count(*) FILTER (WHERE l.here AND s.here AND NOT differs) AS same, "
            "count(*) FILTER (WHERE l.here IS NULL) AS missing, "
            "count(*) FILTER (WHERE s.here IS NULL) AS surplus, "
            "count(*) FILTER (WHERE l.here AND s.here AND differs) AS changed "
            f"FROM (SELECT TRUE AS here, * FROM dw.{table.name} AS t WHERE {_own(table)}) AS l "
            f"FULL JOIN (SELECT TRUE AS here, * FROM pg_temp.{table.name} AS t WHERE {_a_row(table)}) AS s "
            f"ON {_same(table, 's', 'l')} "
            f"CROSS JOIN LATERAL (SELECT {_differs(table)} AS differs) AS d "
            "WHERE cast(:span AS integer[]) IS NULL "
            "OR s.batch_key = ANY(cast(:span AS integer[])) OR l.batch_key = ANY(cast(:span AS integer[]))"
        ),
        {"span": None if span is None else list(span)},
    ).one()
    return Difference(table.name, *counted)


def add_and_change(db: sa.Connection, table: StarTable, span: Sequence[int] | None) -> None:
    """Add to the star what is missing and bring what differs to what it should be."""
    parameters = {"span": None if span is None else list(span)}
    taken = [*table.compared, *(("batch_key",) if "batch_key" in table.columns else ())]
    columns = [name for name in table.columns if name != table.surrogate]
    news = ", ".join(f"s.{name}" for name in taken)
    db.execute(
        sa.text(
            f"UPDATE dw.{table.name} AS l SET ({', '.join(taken)}) = ROW({news}) "
            f"FROM pg_temp.{table.name} AS s WHERE {_same(table, 's', 'l')} AND {_differs(table)} "
            f"AND ({_within('s')} OR {_within('l')})"
        ),
        parameters,
    )
    if table.month_key:
        # A month that was lost as a whole; days that are no days of ours have a table always.
        db.execute(
            sa.text(
                f"SELECT dw.make_month('dw.{table.name}', to_date(m.month::text, 'YYYYMM')) FROM ("
                f"SELECT DISTINCT s.{table.month_key} / 100 AS month FROM pg_temp.{table.name} AS s "
                f"WHERE s.{table.month_key} > 0 AND {_within('s')}) AS m ORDER BY m.month"
            ),
            parameters,
        )
    db.execute(
        sa.text(
            f"INSERT INTO dw.{table.name} ({', '.join(columns)}) "
            f"SELECT {', '.join(f's.{name}' for name in columns)} FROM pg_temp.{table.name} AS s "
            f"WHERE {_within('s')} AND NOT EXISTS "
            f"(SELECT FROM dw.{table.name} AS l WHERE {_same(table, 's', 'l')})"
        ),
        parameters,
    )


def surplus_keys(db: sa.Connection, table: StarTable, span: Sequence[int] | None) -> list[int]:
    """The numbers of a dimension's surplus rows."""
    if not table.surrogate:
        return []
    query = f"SELECT t.{table.surrogate} FROM dw.{table.name} AS t WHERE {_surplus(table)}"
    return list(db.execute(sa.text(query), {"span": None if span is None else list(span)}).scalars())


def remove_surplus(db: sa.Connection, table: StarTable, span: Sequence[int] | None) -> int:
    """Take out of the star what nothing in the raw zone says; returns how many rows others still point to."""
    unused = ""
    if table.surrogate:
        for reference in run_file(db, "rebuild/references_to.sql", table_name=f"dw.{table.name}"):
            unused += (
                f" AND NOT EXISTS (SELECT FROM {reference.from_table} AS r "
                f"WHERE r.{reference.from_column} = t.{table.surrogate})"
            )
    parameters = {"span": None if span is None else list(span)}
    db.execute(sa.text(f"DELETE FROM dw.{table.name} AS t WHERE {_surplus(table)}{unused}"), parameters)
    left = f"SELECT count(*) FROM dw.{table.name} AS t WHERE {_surplus(table)}"
    return int(db.execute(sa.text(left), parameters).scalar_one())


def _surplus(table: StarTable) -> str:
    return (
        f"{_own(table)} AND {_within('t')} AND NOT EXISTS "
        f"(SELECT FROM pg_temp.{table.name} AS s WHERE {_same(table, 's', 't')})"
    )


def _own(table: StarTable) -> str:
    """Which rows of the star the dataset has to answer for."""
    # A member that data has named first has no batch of the dataset behind it; the unknown ones have none.
    inferred = " AND NOT t.is_inferred" if "is_inferred" in table.columns else ""
    return f"{_a_row(table)}{inferred}"


def _a_row(table: StarTable) -> str:
    """Neither the unknown member nor the one that is not applicable."""
    return f"t.{table.surrogate} > 0" if table.surrogate else "TRUE"


def _same(table: StarTable, one: str, other: str) -> str:
    return " AND ".join(f"{one}.{name} = {other}.{name}" for name in table.known_by)


def _differs(table: StarTable) -> str:
    if not table.compared:
        return "FALSE"
    star, shadow = (", ".join(f"{side}.{name}" for name in table.compared) for side in "ls")
    return f"ROW({star}) IS DISTINCT FROM ROW({shadow})"


def _within(side: str) -> str:
    return f"(cast(:span AS integer[]) IS NULL OR {side}.batch_key = ANY(cast(:span AS integer[])))"
