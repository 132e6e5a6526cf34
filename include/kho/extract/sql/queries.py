"""The queries that read a table: all of it or one span, in one statement or in pieces.

In: the table as the database describes it, the contract. Out: SQLAlchemy queries, the same for every engine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import reduce
from typing import Any

import sqlalchemy as sa

from kho.contracts import Contract, SqlSource
from kho.contracts.sources.sql import KeysetReading, PartitionReading
from kho.errors import ContractError, SourceRejected
from kho.extract.drift import Drift, observe
from kho.extract.sql.arrow import is_binary
from kho.extract.sql.session import Session
from kho.extract.windows import Span

Condition = sa.ColumnElement[bool]

EVERY_ROW: Condition = sa.literal_column("1") == sa.literal_column("1")
"""Spelt out: not every engine has a word for it."""

NO_DRIFT = Drift("", "discard")


@dataclass(frozen=True)
class SourceTable:
    """A table at the source, seen through its contract."""

    table: sa.Table
    contract: Contract
    source: SqlSource
    where: str
    drift: Drift = NO_DRIFT

    @property
    def landed_names(self) -> tuple[str, ...]:
        """What is read: the contract's columns, and the new ones where the contract may evolve."""
        new = self.drift.added if self.drift.policy == "evolve" else ()
        readable = (name for name in new if not is_binary(self.column(name).type))
        return (*self.contract.source_names, *readable)

    @classmethod
    def find(cls, session: Session, contract: Contract, source: SqlSource, where: str) -> SourceTable:
        """Look the table up.

        Raises:
            SourceRejected: there is no such table, or a column holds binary data.
            SchemaDrifted: its columns are not those of the contract, and the contract does not allow it.
        """
        schema, _, name = source.table.rpartition(".")
        try:
            table = session.inspect(name, schema or None)
        except sa.exc.NoSuchTableError as error:
            raise SourceRejected(
                "the table does not exist or is hidden from us",
                dataset=contract.dataset,
                where=where,
                next_step="ask the agency for SELECT on it, or correct `table` in the contract",
            ) from error
        found = cls(table, contract, source, where)
        drift = observe(contract, *found._columns(session), where=where)
        found = replace(found, drift=drift)
        found.refuse_binary()
        return found

    def _columns(self, session: Session) -> tuple[list[str], dict[str, str]]:
        """The table's columns and their types, by the contract's names where it knows them."""
        known = {
            column.name: name
            for name in self.contract.source_names
            if (column := self._found(name)) is not None
        }
        names = {known.get(column.name, column.name): column for column in self.table.c}
        # A column whose text arrives as bytes holds text, whatever the engine says of it.
        types = {
            name: type_name(column.type, session.dialect)
            for name, column in names.items()
            if not (is_binary(column.type) and self.charset(name) != "unicode")
        }
        return list(names), types

    def refuse_binary(self) -> None:
        """Raise SourceRejected for a column that holds binary data and no text."""
        for name in self.contract.source_names:
            if name in self.drift.missing:
                continue
            if is_binary(self.column(name).type) and self.charset(name) == "unicode":
                raise SourceRejected(
                    f"the column {name} holds binary data ({self.column(name).type})",
                    dataset=self.contract.dataset,
                    where=self.where,
                    next_step="leave it out of the contract; if it is text after all, "
                    "give it `charset: utf8_bytes`, tcvn3 or vni",
                )

    def _found(self, name: str) -> sa.Column[Any] | None:
        if name in self.table.c:
            return self.table.c[name]
        # Oracle, for one, has names in capitals only.
        alike = [column for column in self.table.c if column.name.lower() == name.lower()]
        return alike[0] if len(alike) == 1 else None

    def column(self, source_name: str) -> sa.Column[Any]:
        """The column that the contract calls by this physical name."""
        column = self._found(source_name)
        if column is None:
            raise ContractError(
                f"the table has no column {source_name}",
                dataset=self.contract.dataset,
                where=self.where,
                next_step="correct the contract",
            )
        return column

    def charset(self, source_name: str) -> str:
        """How the column's text is written."""
        declared = {column.source_name: column.charset for column in self.contract.columns}
        return declared.get(source_name) or self.source.charset

    @property
    def keys(self) -> list[sa.Column[Any]]:
        return [self.column(column.source_name) for column in self.contract.key]

    def query(self, session: Session, names: Sequence[str]) -> sa.Select[Any]:
        """These columns of all rows; NULL for one that the table no longer has."""
        columns = [
            sa.cast(sa.null(), sa.String(1)).label(name)
            if name in self.drift.missing
            else session.column(self.column(name), self.charset(name)).label(name)
            for name in names
        ]
        return sa.select(*columns).select_from(self.table)

    def changed_within(self, span: Span) -> Condition:
        """Rows changed in the span; and those that do not say when, or they would never be read."""
        assert self.source.watermark is not None  # noqa: S101 - for the type checker
        changed = self.column(self.contract.column(self.source.watermark.column).source_name)
        start, end = (_moment_for(changed, moment) for moment in (span.start, span.end))
        return sa.or_(sa.and_(changed >= start, changed < end), changed.is_(None))


def type_name(kind: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> str:
    """The engine's own name of a type; empty for one that SQLAlchemy does not know."""
    try:
        return kind.compile(dialect)
    except sa.exc.CompileError:
        return ""


def _moment_for(column: sa.Column[Any], moment: datetime) -> Any:
    if isinstance(column.type, sa.DateTime):
        return moment
    if isinstance(column.type, sa.Date):
        return moment.date()
    return sa.literal(f"{moment:%Y-%m-%d %H:%M:%S}", sa.String())


def pieces(session: Session, table: SourceTable, within: Condition) -> Iterator[Condition]:
    """Conditions that together cover the rows `within`, each once, as the contract's `read` says."""
    read = table.source.read
    if isinstance(read, KeysetReading):
        yield from _along_the_key(session, table, within, read.page_rows)
    elif isinstance(read, PartitionReading):
        yield from _by_range(session, table, within, read)
    else:
        yield within


def _along_the_key(
    session: Session, table: SourceTable, within: Condition, page_rows: int
) -> Iterator[Condition]:
    _require_unique_key(table)
    keys = table.keys
    last: Sequence[Any] | None = None
    while True:
        rest = within if last is None else sa.and_(within, _after(keys, last))
        boundary = session.rows(sa.select(*keys).where(rest).order_by(*keys).offset(page_rows - 1).limit(1))
        if not boundary:
            yield rest
            return
        yield sa.and_(rest, sa.not_(_after(keys, boundary[0])))
        last = boundary[0]


def _after(keys: Sequence[sa.Column[Any]], values: Sequence[Any]) -> Condition:
    """Whether a row comes after the one with these keys; spelt out, as not every engine compares rows."""
    steps = []
    for place, key in enumerate(keys):
        same = [earlier == value for earlier, value in zip(keys[:place], values, strict=False)]
        steps.append(sa.and_(*same, key > values[place]))
    return sa.or_(*steps)


def _require_unique_key(table: SourceTable) -> None:
    keys = {column.name for column in table.keys}
    unique = [set(table.table.primary_key.columns.keys())] if table.table.primary_key.columns else []
    unique += [
        set(constraint.columns.keys())
        for constraint in table.table.constraints
        if isinstance(constraint, sa.UniqueConstraint)
    ]
    unique += [{column.name for column in index.columns} for index in table.table.indexes if index.unique]
    nullable = [column.name for column in table.keys if column.nullable]
    if nullable or not any(columns <= keys for columns in unique):
        reason = f"{', '.join(nullable)} may be empty" if nullable else "no index says that it is unique"
        raise SourceRejected(
            f"the table cannot be read page by page along its key: {reason}",
            dataset=table.contract.dataset,
            where=table.where,
            next_step="say `read: {by: stream}` in the contract, or ask the agency for a primary key",
        )


def _by_range(
    session: Session, table: SourceTable, within: Condition, read: PartitionReading
) -> Iterator[Condition]:
    column = table.column(read.column)
    first, last = session.rows(sa.select(sa.func.min(column), sa.func.max(column)).where(within))[0]
    if first is not None:
        first, last = _measurable(table, column, first), _measurable(table, column, last)
        step = (last - first) / read.count
        bounds = [_between(first, step, place) for place in range(1, read.count)]
        for low, high in zip([None, *bounds], [*bounds, None], strict=True):
            edges = [
                edge
                for edge in (
                    None if low is None else column >= low,
                    None if high is None else column < high,
                )
                if edge is not None
            ]
            yield reduce(sa.and_, edges, sa.and_(within, column.is_not(None)))
    yield sa.and_(within, column.is_(None))


def _measurable(table: SourceTable, column: sa.Column[Any], value: Any) -> Any:
    if isinstance(value, str):
        # MySQL's values arrive uninterpreted.
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
        if value is not None and not isinstance(column.type, sa.DateTime):
            value = value.date()
    if isinstance(value, int | date | datetime) and not isinstance(value, bool):
        return value
    raise ContractError(
        f"the column {column.name} cannot be divided into ranges",
        dataset=table.contract.dataset,
        where=table.where,
        next_step="name a column of whole numbers, dates or times in `read.column`",
    )


def _between(first: Any, step: Any, place: int) -> Any:
    if isinstance(first, int):
        return first + round(step * place)
    if isinstance(first, datetime):
        return first + timedelta(seconds=round((step * place).total_seconds()))
    return first + timedelta(days=round((step * place) / timedelta(days=1)))
