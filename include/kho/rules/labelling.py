"""Label the rows of a staging table with the rules they break, in one statement.

In:  a staging table, the conditions of the row rules, and which of them were judged while it was filled:
     if all were, nothing is left to ask, else each row is asked the rest.
Out: the UNLOGGED table `<staging table>__failed` (`_row`, `_agency`, `_key`, `rules`) with the rows
     that break at least one rule, and the numbers of judged and of failing rows by rule and agency.

Exact repeats (`_repeat` = 1) are neither labelled nor counted: the row they repeat is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import array, psycopg2

from kho.errors import ConfigurationError

if TYPE_CHECKING:
    from kho.contracts.model import Quality
    from kho.rules.conditions import RowCondition
    from kho.stage import StageTable

_MAX_NAME_BYTES = 63

# The planner overrates what a parallel plan costs here: it takes each label for as cheap as a
# comparison, and expects far more failing rows than there are.
_PARALLEL = (
    "SET LOCAL parallel_tuple_cost = 0",
    "SET LOCAL parallel_setup_cost = 0",
    "SET LOCAL min_parallel_table_scan_size = 0",
    # Compiling takes longer than it saves.
    "SET LOCAL jit = off",
)

_DIALECT = "kho.dialect_of_texts"
"""Where a session keeps the dialect that texts are written in; to ask the server for it takes some time."""

Conditions = Mapping[str, "RowCondition"]
Sql = sa.ColumnElement[Any]

_COUNTS = sa.column("_repeat").is_distinct_from(1)


@dataclass(frozen=True, slots=True)
class Count:
    """Rows judged and rows failing, of one rule and agency; None: the rows name none that can be read."""

    rule_id: str
    agency_code: str | None
    evaluated: int
    failed: int


def failed_table(table: StageTable) -> StageTable:
    """The table of the rows that break a rule.

    Raises:
        ConfigurationError: the name would be too long for PostgreSQL, which would cut it off.
    """
    failed = replace(table, name=f"{table.name}__failed")
    if len(failed.name.encode()) > _MAX_NAME_BYTES:
        raise ConfigurationError(
            f"the name '{failed.name}' is longer than {_MAX_NAME_BYTES} bytes",
            where=table.quoted,
            next_step="give the dataset a shorter name",
        )
    return failed


def label(
    connection: sa.Connection,
    table: StageTable,
    quality: Quality,
    conditions: Conditions,
    key_columns: Sequence[str] = (),
    asked: Collection[str] = (),
) -> int:
    """Make the table of failing rows; one that is there is replaced.

    Args:
        connection: in a transaction; its planner settings change until the transaction ends.
        table: the staging table.
        quality: says which column names the agency a row belongs to, or whose all of them are.
        conditions: by rule id; of all row rules, unless all were asked.
        key_columns: the columns of the business key, joined by `|` into `_key`.
        asked: the rules that were judged while the table was filled, see `kho.stage`.

    Returns:
        The number of failing rows.
    """
    left = [condition.unexpected for rule_id, condition in conditions.items() if rule_id not in asked]
    if not asked:
        some: Sql = sa.or_(sa.false(), *left)
        text = _labels(connection, table, quality, conditions, key_columns, some)
    elif left:
        judged = _select("_row").select_from(_source(table.beside("judged")))
        some = sa.and_(
            sa.or_(sa.column("_row").in_(judged), *left),
            sa.or_(*(condition.unexpected for condition in conditions.values())),
        )
        text = _labels(connection, table, quality, conditions, key_columns, some)
    else:
        text = _as_text(
            connection,
            _select("_row", "_agency", "_key", "rules").select_from(_source(table.beside("judged"))),
        )
    failed = failed_table(table)
    _allow_parallel_plan(connection)
    _run(connection, f"DROP TABLE IF EXISTS {failed.quoted}")
    return int(_run(connection, f"CREATE UNLOGGED TABLE {failed.quoted} AS {text}").rowcount)


def judge_repeats(
    connection: sa.Connection,
    table: StageTable,
    quality: Quality,
    conditions: Conditions,
    key_columns: Sequence[str],
) -> tuple[Count, ...]:
    """Judge the rows in `__repeated`, as they are marked now; returns how many each rule applies to.

    Those that break a rule go to `__judged`, without their records: they are few.
    """
    some = sa.or_(sa.false(), *(condition.unexpected for condition in conditions.values()))
    text = _labels(connection, table.beside("repeated"), quality, conditions, key_columns, some)
    _run(connection, f"INSERT INTO {table.beside('judged').quoted} (_row, _agency, _key, rules) {text}")
    return evaluated(connection, table.beside("repeated"), quality, conditions)


def _labels(
    connection: sa.Connection,
    table: StageTable,
    quality: Quality,
    conditions: Conditions,
    key_columns: Sequence[str],
    some: Sql,
) -> str:
    """The rows of which `some` is true, with the rules they break, as a query."""
    broken = [
        sa.case((condition.unexpected, sa.literal(rule_id))) for rule_id, condition in conditions.items()
    ]
    query: sa.Select[Any] = (
        sa.select(
            sa.column("_row"),
            _agency(quality).label("_agency"),
            _key(key_columns).label("_key"),
            sa.func.array_remove(array[Any](broken, type_=sa.Text), sa.null()).label("rules"),
        )
        .select_from(_source(table))
        .where(_COUNTS, some)
    )
    return _as_text(connection, query)


def tally(
    connection: sa.Connection,
    table: StageTable,
    quality: Quality,
    conditions: Conditions,
    asked: Collection[str] = (),
) -> tuple[Count, ...]:
    """Count judged and failing rows by rule and agency, once `label` has run.

    Args:
        connection: in a transaction; its planner settings change until the transaction ends.
        conditions: by rule id; of all row rules, unless all were asked.
        asked: the rules that were judged while the table was filled.

    Returns:
        By rule in the order of the conditions, then by agency; agencies without a judged row are left out.
    """
    _allow_parallel_plan(connection)
    if conditions.keys() <= set(asked):
        applied = _tallied(connection, table)
    else:
        counts = evaluated(connection, table, quality, conditions)
        applied = Counter({(count.rule_id, count.agency_code): count.evaluated for count in counts})
    failed = _failed(connection, table)
    order = {rule_id: place for place, rule_id in enumerate(conditions)}
    return tuple(
        Count(rule_id, agency, rows, failed.get((rule_id, agency), 0))
        for (rule_id, agency), rows in sorted(
            applied.items(), key=lambda item: (order.get(item[0][0], 0), item[0][1] or "")
        )
        if rows
    )


def evaluated(
    connection: sa.Connection, table: StageTable, quality: Quality, conditions: Conditions
) -> tuple[Count, ...]:
    """Count the rows of a table that each rule applies to, by agency; none of them counts as failing."""
    # Many rules apply to the same rows; each distinct condition is counted once.
    texts = {rule: _as_text(connection, c.applies) for rule, c in conditions.items()}
    distinct = {texts[rule]: c.applies for rule, c in conditions.items()}
    counts = [sa.func.count().filter(applies) for applies in distinct.values()]
    agency = _agency(quality)
    query = sa.select(agency, *counts).select_from(_source(table)).where(_COUNTS).group_by(agency)
    rows = _run(connection, _as_text(connection, query)).all()
    position = {text: index for index, text in enumerate(distinct, start=1)}
    return tuple(Count(rule, row[0], row[position[texts[rule]]], 0) for rule in conditions for row in rows)


def _tallied(connection: sa.Connection, table: StageTable) -> Counter[tuple[str, str | None]]:
    rows = connection.execute(
        _select("rule_id", "_agency", "evaluated").select_from(_source(table.beside("tally")))
    )
    return Counter({(rule_id, agency): count for rule_id, agency, count in rows})


def _failed(connection: sa.Connection, table: StageTable) -> dict[tuple[str, str | None], int]:
    rule = sa.func.unnest(sa.column("rules")).label("rule_id")
    agency: sa.ColumnElement[Any] = sa.column("_agency")
    query = (
        sa.select(rule, agency, sa.func.count())
        .select_from(_source(failed_table(table)))
        .group_by(rule, agency)
    )
    return {(row[0], row[1]): row[2] for row in connection.execute(query)}


def _select(*names: str) -> sa.Select[Any]:
    columns: list[sa.ColumnElement[Any]] = [sa.column(name) for name in names]
    return sa.select(*columns)


def _source(table: StageTable) -> sa.TableClause:
    return sa.table(table.name, schema=table.schema)


def _agency(quality: Quality) -> sa.ColumnElement[Any]:
    """Whose row it is; rows that name no agency are those of the dataset's owner."""
    named: sa.ColumnElement[Any] = (
        sa.column(quality.agency_column) if quality.agency_column else sa.literal(quality.owner_agency)
    )
    return sa.cast(named, sa.Text)


def _key(key_columns: Sequence[str]) -> sa.ColumnElement[Any]:
    """The business key as text; a part that is missing is empty."""
    if not key_columns:
        return sa.cast(sa.null(), sa.Text)
    parts = [sa.func.coalesce(sa.cast(sa.column(name), sa.Text), "") for name in key_columns]
    return sa.func.concat_ws("|", *parts)


def _allow_parallel_plan(connection: sa.Connection) -> None:
    for statement in _PARALLEL:
        connection.exec_driver_sql(statement)


def _as_text(connection: sa.Connection, clause: sa.ClauseElement) -> str:
    """The clause as SQL with its values written in, because a table cannot be made with parameters.

    The `named` style leaves `%` alone, which the driver's own style would double.
    """
    dialect = connection.info.get(_DIALECT)
    if dialect is None:
        dialect = connection.info[_DIALECT] = psycopg2.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
        # Asks the server, among other things, whether a backslash in a text stands for itself.
        dialect.initialize(connection)  # type: ignore[no-untyped-call]
    return str(clause.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _run(connection: sa.Connection, text: str) -> sa.CursorResult[Any]:
    return connection.exec_driver_sql(text, execution_options={"no_parameters": True})
