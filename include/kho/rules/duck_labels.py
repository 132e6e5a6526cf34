"""Judge rows while a batch streams into its staging table.

In:  the conditions of the row rules, as Great Expectations makes them for PostgreSQL; a DuckDB
     relation of conformed rows.
Out: the relation with the columns `VERDICTS`: whether a row breaks a rule, which apply to it, and of a row
     that breaks one its record as received; and then of those rows which rules they break.

No rule is written twice: it is the same condition, printed for DuckDB. What is not known to mean the
same in both is left to PostgreSQL: sub-queries and windows, the order of texts, casts, and any function
that `_Printer` does not name. Nothing is known of repeats yet: each row is judged as if it had none
(`_repeat` = 0), and PostgreSQL judges those again that turn out to be one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.base import PGCompiler, PGDialect, PGIdentifierPreparer
from sqlalchemy.sql import operators

from kho.conform.expressions import RECORD

if TYPE_CHECKING:
    from kho.contracts.model import Contract, Quality
    from kho.rules.conditions import RowCondition
    from kho.rules.suite import Suite
    from kho.stage import StageTable

BROKEN, APPLYING, RAW = "_broken", "_applying", "_raw"
VERDICTS = (BROKEN, APPLYING, RAW)
"""Columns that judging adds: whether a row breaks a rule, or NULL; a bit for each entry of
`DuckLabels.domains` that it belongs to; and of a row that breaks one its record as received."""

RAW_RECORD = "replace(CAST(to_json({0}) AS VARCHAR), '\\u0000', '\\ufffd')"
"""A landed record as JSON; PostgreSQL's has no place for the character 0."""

_MOST_DOMAINS = 62
_LONG_LIST = 8
# Their text is the same in both databases.
_KEY_TYPES = frozenset({"VARCHAR", "BIGINT", "DATE"})
_ORDER = frozenset({operators.lt, operators.le, operators.gt, operators.ge, operators.between_op})
# What is left out has other meanings, or none, in one of the two dialects of regular expressions.
# To PostgreSQL every hexadecimal digit behind \x belongs to it, to DuckDB the first two.
_PORTABLE_REGEX = re.compile(
    r"(?:[^\\(\[]|\\[d.\-/+*?()\[\]{}|^$\\]|\\x[0-9A-F]{2}(?![0-9A-Fa-f])|\((?!\?)|\[(?![:.=]))*"
)


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
        if name == "to_char" and _literal(given[1]) == "-YYMMDD-":
            return f"strftime({self.process(given[0], **kwargs)}, '-%y%m%d-')"
        raise _Untranslatable(name)

    def _is_input(self, text: str, type_name: Any) -> str:
        """Whether PostgreSQL could read a text, for texts as this project's expectations give them."""
        if type_name == "date":  # always eight characters, YYYYMMDD
            return f"(regexp_full_match({text}, '[0-9]{{8}}') AND try_strptime({text}, '%Y%m%d') IS NOT NULL)"
        if type_name == "bigint":  # framed by digits, short
            return f"regexp_full_match({text}, '[0-9]+')"
        raise _Untranslatable(type_name)

    def visit_column(self, column: Any, *args: Any, **kwargs: Any) -> str:
        if column.name == "_repeat":
            return "0"
        kwargs["include_table"] = False
        return super().visit_column(column, *args, **kwargs)

    def visit_binary(self, binary: Any, *args: Any, **kwargs: Any) -> str:
        if binary.operator in _ORDER and any(
            getattr(side, "name", None) in self.texts for side in (binary.left, binary.right)
        ):
            raise _Untranslatable("the order of texts")
        if binary.operator in (operators.in_op, operators.not_in_op):
            listed = self._in_long_list(binary, **kwargs)
            if listed is not None:
                return listed
        return str(super().visit_binary(binary, *args, **kwargs))  # type: ignore[no-untyped-call]

    def _in_long_list(self, binary: Any, **kwargs: Any) -> str | None:
        """Whether a text is in a list, as a cast to an enumeration, which hashes.

        DuckDB compares with one member after the other: 0.6 µs a row with a hundred of them, 0.06 so.
        """
        values, left = _literal(binary.right), binary.left
        is_text = getattr(left, "name", None) in {*self.texts, "substr"}
        if not is_text or not isinstance(values, Sequence) or len(values) < _LONG_LIST:
            return None
        if not all(isinstance(value, str) for value in values):
            return None
        text = self.process(left, **kwargs)
        members = ", ".join("'" + value.replace("'", "''") + "'" for value in dict.fromkeys(values))
        found = "IS NULL" if binary.operator is operators.not_in_op else "IS NOT NULL"
        return f"(CASE WHEN {text} IS NOT NULL THEN TRY_CAST({text} AS ENUM({members})) {found} END)"

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
    """What DuckDB is to find out about each row.

    Attributes:
        conditions: as SQL, by the id of the rule that a row then breaks.
        mark: of the suite and its parameters.
        domains: conditions on rows that are judged, as SQL; many rules share one.
        domain_of: by rule id its place in `domains`.
        key: the columns of the business key.
        sources: the conditions as Great Expectations made them.
    """

    conditions: Mapping[str, str]
    mark: str = ""
    domains: Sequence[str] = ()
    domain_of: Mapping[str, int] = field(default_factory=dict)
    key: Sequence[str] = ()
    sources: Mapping[str, RowCondition] = field(default_factory=dict)

    def select(self, conformed: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
        """The rows with `VERDICTS`; the records are read from `RECORD`, if the relation has it."""
        some = " OR ".join(f"({condition})" for condition in self.conditions.values()) or "NULL"
        bits = " + ".join(f"CASE WHEN {text} THEN {1 << n} ELSE 0 END" for n, text in enumerate(self.domains))
        has_record = RECORD in conformed.columns
        raw = f"CASE WHEN {BROKEN} THEN {RAW_RECORD.format(RECORD)} END" if has_record else "NULL"
        return conformed.select(
            duckdb.StarExpression(),
            # In a CASE a row that breaks one rule is not asked about the others.
            duckdb.SQLExpression(f"CASE WHEN {some} THEN TRUE END").alias(BROKEN),
            duckdb.SQLExpression(f"CAST({bits or '0'} AS BIGINT)").alias(APPLYING),
        ).select(
            duckdb.StarExpression(exclude=[RECORD] if has_record else []),
            duckdb.SQLExpression(f"CAST({raw} AS VARCHAR)").alias(RAW),
        )

    def labelled(self, broken: duckdb.DuckDBPyRelation, quality: Quality) -> duckdb.DuckDBPyRelation:
        """Rows that break a rule as `_row`, `_agency`, `_key`, `rules`, `raw`, `raw_md5`.

        Apart from `select`, for many rows at a time: to list the rules of the few in each vector would
        cost a third of what it costs to judge all.
        """
        each = ", ".join(f"CASE WHEN {text} THEN '{rule}' END" for rule, text in self.conditions.items())
        parts = ", ".join(f"coalesce(CAST(\"{name}\" AS VARCHAR), '')" for name in self.key)
        owner = str(duckdb.ConstantExpression(quality.owner_agency))
        agency = f'"{quality.agency_column}"' if quality.agency_column else owner
        columns = {
            "_agency": agency,
            "_key": f"concat_ws('|', {parts})" if parts else "CAST(NULL AS VARCHAR)",
            "rules": f"list_filter([{each}], lambda rule: rule IS NOT NULL)",
            "raw": RAW,
            "raw_md5": f"md5({RAW})",
        }
        return broken.select(
            duckdb.ColumnExpression("_row"),
            *(duckdb.SQLExpression(text).alias(name) for name, text in columns.items()),
        )


NO_LABELS = DuckLabels({})
"""Nothing is asked on the way; PostgreSQL asks every row everything."""


def duck_labels(
    engine: sa.Engine,
    suite: Suite,
    table: StageTable,
    params: Mapping[str, Any],
    conformed: duckdb.DuckDBPyRelation,
    contract: Contract,
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

    types = dict(zip(conformed.columns, map(str, conformed.types), strict=True))
    key, agency = [column.name for column in contract.key], contract.quality.agency_column
    if any(types[name] not in _KEY_TYPES for name in key) or (agency and types[agency] != "VARCHAR"):
        return NO_LABELS
    conditions = row_conditions(engine, suite, table, params)
    found = translate({rule: one.unexpected for rule, one in conditions.items()}, conformed)
    applies = translate({rule: conditions[rule].applies for rule in found}, conformed)
    domains = list(dict.fromkeys(applies.values()))
    if len(domains) > _MOST_DOMAINS:
        return NO_LABELS
    return DuckLabels(
        {rule: text for rule, text in found.items() if rule in applies},
        mark_of(suite, params),
        domains,
        {rule: domains.index(text) for rule, text in applies.items()},
        key,
        {rule: conditions[rule] for rule in applies},
    )


def translate(
    conditions: Mapping[str, sa.ColumnElement[Any]], conformed: duckdb.DuckDBPyRelation
) -> dict[str, str]:
    """The conditions that DuckDB can judge on such rows, as its SQL, by rule id."""
    types = dict(zip(conformed.columns, map(str, conformed.types), strict=True))
    texts = {name for name, kind in types.items() if kind == "VARCHAR"}
    printed = {rule: _printed(condition, texts) for rule, condition in conditions.items()}
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


def leave_mark(db: sa.Connection, table: StageTable, labels: DuckLabels, rows: int) -> None:
    """Note on the staging table that it is complete, which rules were asked, and by which suite."""
    note = json.dumps({"rows": rows, "suite": labels.mark, "rules": sorted(labels.conditions)})
    db.exec_driver_sql(f"COMMENT ON TABLE {table.quoted} IS '{note}'")


def already_asked(db: sa.Connection, table: StageTable, mark: str) -> frozenset[str]:
    """The rules that were asked while the table was filled; none, if by another suite."""
    said = _note_of(db, table)
    return frozenset(said["rules"]) if said.get("suite") == mark else frozenset()


def is_complete(db: sa.Connection, table: StageTable, rows: int) -> bool:
    """Whether the table was filled with so many rows and still has them; a server's crash leaves it empty."""
    if _note_of(db, table).get("rows") != rows:
        return False
    some = sa.exists().select_from(sa.table(table.name, schema=table.schema))
    return rows == 0 or bool(db.scalar(sa.select(some)))


def _note_of(db: sa.Connection, table: StageTable) -> dict[str, Any]:
    query = sa.text("SELECT obj_description(to_regclass(:name), 'pg_class')")
    note = db.scalar(query, {"name": table.quoted})
    return dict(json.loads(note)) if note else {}
