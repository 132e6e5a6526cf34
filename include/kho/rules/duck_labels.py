"""Pick out the rows that break a rule while a batch streams into its staging table.

In:  the conditions of the row rules, as Great Expectations makes them for PostgreSQL; a DuckDB
     relation of conformed rows.
Out: the relation with `_broken`, which is true of a row that breaks one of them, and a mark on the
     staging table that says which rules were asked: PostgreSQL then labels those rows and passes over
     the others, which are nearly all.

No rule is written twice: it is the same condition, printed for DuckDB. What is not known to mean the
same in both is left to PostgreSQL: sub-queries and windows, `_repeat`, which is not known yet, the
order of texts, casts, and any function that `_Printer` does not name.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.base import PGCompiler, PGDialect, PGIdentifierPreparer
from sqlalchemy.sql import operators

if TYPE_CHECKING:
    from kho.rules.conditions import RowCondition
    from kho.rules.suite import Suite
    from kho.stage import StageTable

BROKEN = "_broken"
"""The column of the staging table with what DuckDB found; NULL where nobody asked."""

_NOT_YET = frozenset({"_repeat", BROKEN})
_ORDER = frozenset({operators.lt, operators.le, operators.gt, operators.ge, operators.between_op})
# What is left out has other meanings, or none, in one of the two dialects of regular expressions.
_PORTABLE_REGEX = re.compile(r"(?:[^\\(\[]|\\[d.\-/+*?()\[\]{}|^$\\]|\((?!\?)|\[(?![:.=]))*")


class _Untranslatable(Exception):
    """PostgreSQL has to ask this itself."""


class _Preparer(PGIdentifierPreparer):
    """Quotes every name: DuckDB reserves other words than PostgreSQL."""

    def _requires_quotes(self, value: str) -> bool:  # noqa: ARG002
        return True


class _Printer(PGCompiler):
    """Prints a condition on one row for DuckDB."""

    texts: Collection[str] = ()
    """The columns that hold text, whose order depends on the database."""

    _SAME = frozenset(
        {"coalesce", "nullif", "length", "char_length", "lower", "upper", "substr", "strpos"}
        | {"split_part", "concat", "replace", "ascii", "mod", "abs", "left", "right", "starts_with"}
    )
    _RENAMED: Mapping[str, str] = {
        "octet_length": "strlen({0})",
        # Composing a text costs a microsecond; below U+0300 and in the block of Vietnamese letters
        # there is nothing to compose. CASE, because DuckDB computes both sides of an OR.
        "is_normalized": r"(CASE WHEN NOT regexp_matches({0}, '[^\x00-\x{{2FF}}\x{{1E00}}-\x{{1EFF}}]')"
        " THEN TRUE ELSE {0} = nfc_normalize({0}) END)",
    }

    def visit_function(self, func: Any, *args: Any, **kwargs: Any) -> str:
        name = func.name.lower()
        given = list(func.clauses)
        if name in self._SAME:
            return super().visit_function(func, *args, **kwargs)
        if name in self._RENAMED and (name != "is_normalized" or _literal(given[1]) == "NFC"):
            return self._RENAMED[name].format(self.process(given[0], **kwargs))
        if name == "pg_input_is_valid":
            return self._is_input(self.process(given[0], **kwargs), _literal(given[1]))
        if name == "to_char" and _literal(given[1]) == "YYYYMMDD":
            return f"strftime({self.process(given[0], **kwargs)}, '%Y%m%d')"
        raise _Untranslatable(name)

    def _is_input(self, text: str, type_name: Any) -> str:
        """Whether PostgreSQL could read a text, for texts as this project's expectations give them."""
        if type_name == "date":  # always eight characters, YYYYMMDD
            return f"(regexp_full_match({text}, '[0-9]{{8}}') AND try_strptime({text}, '%Y%m%d') IS NOT NULL)"
        if type_name == "bigint":  # framed by digits, short
            return f"regexp_full_match({text}, '[0-9]+')"
        raise _Untranslatable(type_name)

    def visit_column(self, column: Any, *args: Any, **kwargs: Any) -> str:
        if column.name in _NOT_YET:
            raise _Untranslatable(column.name)
        kwargs["include_table"] = False
        return super().visit_column(column, *args, **kwargs)

    def visit_binary(self, binary: Any, *args: Any, **kwargs: Any) -> str:
        if binary.operator in _ORDER and any(
            getattr(side, "name", None) in self.texts for side in (binary.left, binary.right)
        ):
            raise _Untranslatable("the order of texts")
        return str(super().visit_binary(binary, *args, **kwargs))  # type: ignore[no-untyped-call]

    def visit_cast(self, cast: Any, **kwargs: Any) -> str:
        to_double = isinstance(cast.type, sa.Double) and getattr(cast.clause, "name", None) not in self.texts
        if not isinstance(cast.type, sa.String) and not to_double:
            raise _Untranslatable("a cast, which may fail")
        return str(super().visit_cast(cast, **kwargs))  # type: ignore[no-untyped-call]

    def visit_custom_op_binary(self, element: Any, operator: Any, **kwargs: Any) -> str:
        pattern = _literal(element.right)
        if operator.opstring not in ("~", "!~") or not _PORTABLE_REGEX.fullmatch(str(pattern)):
            raise _Untranslatable(operator.opstring)
        left, right = self.process(element.left, **kwargs), self.process(element.right, **kwargs)
        found = f"regexp_matches({left}, {right}, 's')"
        return found if operator.opstring == "~" else f"(NOT {found})"

    def visit_select(self, *_: Any, **__: Any) -> str:
        raise _Untranslatable("a sub-query")

    def visit_over(self, *_: Any, **__: Any) -> str:
        raise _Untranslatable("a window")

    def visit_textclause(self, *_: Any, **__: Any) -> str:
        raise _Untranslatable("SQL text")


class _DuckDialect(PGDialect):
    statement_compiler = _Printer
    preparer = _Preparer
    _backslash_escapes = False


def _literal(clause: Any) -> Any:
    return getattr(clause, "value", None)


@dataclass(frozen=True)
class DuckLabels:
    """Conditions that DuckDB can judge, by rule id, as SQL; and the mark of suite and parameters."""

    conditions: Mapping[str, str]
    mark: str

    def select(self, conformed: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
        """The rows with `_broken`."""
        some = " OR ".join(f"({condition})" for condition in self.conditions.values()) or "NULL"
        # In a CASE a row that breaks one rule is not asked about the others.
        broken = duckdb.SQLExpression(f"CASE WHEN {some} THEN TRUE END").alias(BROKEN)
        return conformed.select(duckdb.StarExpression(), broken)


NO_LABELS = DuckLabels({}, "")
"""Nothing is asked on the way; PostgreSQL asks every row everything."""


def duck_labels(
    engine: sa.Engine,
    suite: Suite,
    table: StageTable,
    params: Mapping[str, Any],
    conformed: duckdb.DuckDBPyRelation,
) -> DuckLabels:
    """The row rules that DuckDB can judge on such rows.

    Args:
        engine: of the warehouse.
        table: the staging table that the rows go to; it may be empty.
        params: values of the suite's `$PARAMETER`s.

    Raises:
        SuiteError: Great Expectations cannot make a condition of a rule.
    """
    from kho.rules.conditions import row_conditions

    return DuckLabels(
        translate(row_conditions(engine, suite, table, params), conformed), mark_of(suite, params)
    )


def translate(conditions: Mapping[str, RowCondition], conformed: duckdb.DuckDBPyRelation) -> dict[str, str]:
    """The conditions that DuckDB can judge on such rows, as its SQL, by rule id."""
    types = dict(zip(conformed.columns, map(str, conformed.types), strict=True))
    texts = {name for name, kind in types.items() if kind == "VARCHAR"}
    printed = {rule: _printed(condition.unexpected, texts) for rule, condition in conditions.items()}
    columns = ", ".join(f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in types.items())
    with duckdb.connect() as duck:
        row = duck.sql(f"SELECT {columns}")
        found = {rule: text for rule, text in printed.items() if text is not None}
        if _are_understood(found.values(), row):
            return found
        return {rule: text for rule, text in found.items() if _are_understood([text], row)}


def _printed(clause: sa.ColumnElement[Any], texts: Collection[str]) -> str | None:
    dialect = _DuckDialect(paramstyle="named")  # type: ignore[no-untyped-call]
    dialect.statement_compiler = type("_PrinterOfTexts", (_Printer,), {"texts": texts})  # type: ignore[assignment]
    try:
        return str(clause.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    except (_Untranslatable, sa.exc.CompileError):
        return None


def _are_understood(texts: Collection[str], row: duckdb.DuckDBPyRelation) -> bool:
    """Whether DuckDB can plan the conditions on columns of these types."""
    try:
        row.select(*(duckdb.SQLExpression(f"CAST({text} AS BOOLEAN)") for text in texts))
    except duckdb.Error:
        return False
    return True


def mark_of(suite: Suite, params: Mapping[str, Any]) -> str:
    """What the labels depend on beside the rows: the suite, its code lists, the night's parameters."""
    given = json.dumps({name: str(value) for name, value in sorted(params.items())})
    return hashlib.sha256(f"{suite.content_sha256} {given}".encode()).hexdigest()


def leave_mark(db: sa.Connection, table: StageTable, labels: DuckLabels) -> None:
    """Note on the staging table which rules were asked, and by which suite."""
    note = json.dumps({"suite": labels.mark, "rules": sorted(labels.conditions)})
    db.exec_driver_sql(f"COMMENT ON COLUMN {table.quoted}.{BROKEN} IS '{note}'")


def already_asked(db: sa.Connection, table: StageTable, mark: str) -> frozenset[str]:
    """The rules that no row breaks but those that are `_broken`; none, if another suite asked."""
    query = sa.text(
        "SELECT col_description(attrelid, attnum) FROM pg_attribute "
        "WHERE attrelid = to_regclass(:name) AND attname = :column"
    )
    note = db.scalar(query, {"name": table.quoted, "column": BROKEN})
    said = json.loads(note) if note else {}
    return frozenset(said["rules"]) if said.get("suite") == mark else frozenset()
