"""What the database knows of its own structure.

In: a connection to a migrated warehouse; it may be empty. Out: `Structure`: relations with their columns,
foreign keys of the star, and functions that views read like relations.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from kho.sql_files import run_file

if TYPE_CHECKING:
    import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class Column:
    """One column as the database has it; `comment` is None where nothing was said of it."""

    name: str
    type_name: str
    is_required: bool
    is_key: bool
    comment: str | None
    is_pseudonym: bool


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view, named with its schema; `definition` is the query of a view."""

    name: str
    kind: str
    comment: str | None
    definition: str | None
    columns: tuple[Column, ...]

    @property
    def schema(self) -> str:
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """The columns of one relation that lead to another."""

    relation: str
    columns: tuple[str, ...]
    target: str


@dataclass(frozen=True, slots=True)
class TableFunction:
    """A function in SQL that returns a table with these columns."""

    name: str
    definition: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Structure:
    """The warehouse: relations by schema and name, in the order in which they are shown."""

    relations: tuple[Relation, ...]
    foreign_keys: tuple[ForeignKey, ...]
    functions: tuple[TableFunction, ...]

    def columns_of(self) -> dict[str, tuple[str, ...]]:
        """The names of the columns of each relation."""
        return {one.name: tuple(column.name for column in one.columns) for one in self.relations}


def read_structure(db: sa.Connection) -> Structure:
    """Ask the database what it consists of."""
    rows = run_file(db, "docs/columns.sql").all()
    relations = []
    for name, group in groupby(rows, key=lambda row: row.relation):
        members = list(group)
        first = members[0]
        columns = tuple(
            Column(
                row.column_name,
                row.type_name,
                row.is_required,
                row.is_key,
                _one_line(row.column_comment),
                row.is_pseudonym,
            )
            for row in members
        )
        relations.append(
            Relation(name, first.kind, _one_line(first.relation_comment), first.definition, columns)
        )
    return Structure(
        tuple(relations),
        tuple(
            ForeignKey(row.from_relation, tuple(row.columns), row.to_relation)
            for row in run_file(db, "docs/foreign_keys.sql")
        ),
        tuple(
            TableFunction(row.relation, row.definition, tuple(row.columns))
            for row in run_file(db, "docs/functions.sql")
        ),
    )


def _one_line(text: str | None) -> str | None:
    return None if text is None else " ".join(text.split())
