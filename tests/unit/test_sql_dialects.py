"""The SQL that each engine is asked, written down: for SQL Server and Oracle nothing else is tested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

from kho.connections import Connection
from kho.contracts import SqlSource
from kho.errors import ConfigurationError
from kho.extract.sql.mysql import first_statements as mysql_first_statements
from kho.extract.sql.queries import EVERY_ROW, SourceTable, pieces
from kho.extract.sql.session import Session, engine_options, first_statements
from kho.extract.sql.urls import source_url
from kho.extract.windows import Span
from tests.integration.agency import a_contract

COLUMNS = {"ma": "string", "thang": "integer", "cap_nhat": "timestamp"}
SPAN = Span(datetime(2026, 11, 19), datetime(2026, 11, 20))
CONNECTIONS = {
    "postgresql": Connection("a", "postgres", "db.tinh.vn", 5432, "kho", "p@ss/word", "tabmis"),
    "mysql": Connection("a", "mysql", "db.tinh.vn", 3306, "kho", "p@ss/word", "yte"),
    "mssql": Connection("a", "mssql", "db.tinh.vn", 1433, "kho", "p@ss/word", "QLDD"),
    "oracle": Connection("a", "oracle", "db.tinh.vn", 1521, "kho", "p@ss/word", "TABMIS"),
    "sqlite": Connection("a", "sqlite", schema="/srv/ho so.db"),
}


class Unconnected(Session):
    """A session that only writes the SQL down, and answers with the boundaries it is given."""

    def __init__(self, engine: str, answers: Sequence[Sequence[Sequence[Any]]] = ()) -> None:
        self.dialect = source_url(CONNECTIONS[engine]).get_dialect()()
        self._answers = list(answers)
        self.asked: list[str] = []

    def inspect(self, name: str, schema: str | None) -> sa.Table:
        columns = [
            sa.Column("ma", sa.String(20), primary_key=True),
            sa.Column("thang", sa.Integer, primary_key=True),
            sa.Column("cap_nhat", sa.DateTime),
        ]
        return sa.Table(name, sa.MetaData(), *columns, schema=schema)

    def rows(self, query: sa.Select[Any]) -> Sequence[Sequence[Any]]:
        self.asked.append(self.written(query))
        return self._answers.pop(0)

    def stream(self, query: sa.Select[Any], size: int) -> Iterator[pa.RecordBatch]:
        raise NotImplementedError

    def written(self, query: sa.Select[Any]) -> str:
        text = str(query.compile(dialect=self.dialect, compile_kwargs={"literal_binds": True}))
        return " ".join(text.split())


def _table(session: Session, **source: Any) -> SourceTable:
    binding = {"watermark": {"column": "cap_nhat", "lookback_days": 0}, **source}
    contract = a_contract(binding, COLUMNS, ("ma", "thang"))
    assert isinstance(contract.source, SqlSource)
    return SourceTable.find(session, contract, contract.source, "a:ho_so")


SELECTED = (
    "SELECT qldd.ho_so.ma AS ma, qldd.ho_so.thang AS thang, qldd.ho_so.cap_nhat AS cap_nhat FROM qldd.ho_so "
)
CHANGED = "qldd.ho_so.cap_nhat"


@pytest.mark.parametrize("engine", ["postgresql", "mysql", "mssql", "oracle"])
def test_a_span_is_the_same_question_to_every_engine(engine: str) -> None:
    session = Unconnected(engine)
    table = _table(session, table="qldd.ho_so")
    query = table.query(session, table.contract.source_names).where(table.changed_within(SPAN))
    start, end = ("'2026-11-19 00:00:00'", "'2026-11-20 00:00:00'")
    if engine == "oracle":
        start, end = (f"TO_DATE({moment}, 'YYYY-MM-DD HH24:MI:SS')" for moment in (start, end))
    assert session.written(query) == (
        f"{SELECTED}WHERE {CHANGED} >= {start} AND {CHANGED} < {end} OR {CHANGED} IS NULL"
    )


_NEXT = "ho_so.ma > 'HS1' OR ho_so.ma = 'HS1' AND ho_so.thang > 5"
_ORDER = "ORDER BY ho_so.ma, ho_so.thang"
_NUMBERED = (
    "SELECT anon_1.ma, anon_1.thang FROM (SELECT ho_so.ma AS ma, ho_so.thang AS thang, "
    f"ROW_NUMBER() OVER ({_ORDER}) AS mssql_rn FROM ho_so WHERE {{}}) AS anon_1 "
    "WHERE mssql_rn > 499 AND mssql_rn <= 1 + 499"
)
_KEYS = "SELECT ho_so.ma, ho_so.thang FROM ho_so WHERE {} " + _ORDER


@pytest.mark.parametrize(
    ("engine", "boundary"),
    [
        ("postgresql", _KEYS + " LIMIT 1 OFFSET 499"),
        ("mysql", _KEYS + " LIMIT 499, 1"),
        ("mssql", _NUMBERED),
        ("oracle", _KEYS + " OFFSET 499 ROWS FETCH FIRST 1 ROWS ONLY"),
        ("sqlite", _KEYS + " LIMIT 1 OFFSET 499"),
    ],
)
def test_a_page_lies_between_two_keys_that_the_engine_was_asked_for(engine: str, boundary: str) -> None:
    session = Unconnected(engine, [[("HS1", 5)], []])
    table = _table(session, read={"by": "keyset", "page_rows": 500})
    query = table.query(session, ["ma"])
    pages = [session.written(query.where(page)) for page in pieces(session, table, EVERY_ROW)]
    assert session.asked == [boundary.format("1 = 1"), boundary.format(f"1 = 1 AND ({_NEXT})")]
    selected = "SELECT ho_so.ma AS ma FROM ho_so WHERE 1 = 1 AND"
    assert pages == [f"{selected} NOT ({_NEXT})", f"{selected} ({_NEXT})"]


@pytest.mark.parametrize("engine", ["postgresql", "mysql", "mssql", "oracle"])
def test_ranges_cover_every_row_once(engine: str) -> None:
    bounds = ("2026-01-01 00:00:00", "2026-03-01 00:00:00")
    given = bounds if engine == "mysql" else tuple(datetime.fromisoformat(moment) for moment in bounds)
    session = Unconnected(engine, [[given]])
    table = _table(session, read={"by": "partition", "column": "cap_nhat", "count": 2})
    query = table.query(session, ["ma"])
    ranges = [session.written(query.where(part)) for part in pieces(session, table, EVERY_ROW)]
    middle = "'2026-01-30 12:00:00'"
    if engine == "oracle":
        middle = f"TO_DATE({middle}, 'YYYY-MM-DD HH24:MI:SS')"
    selected = "SELECT ho_so.ma AS ma FROM ho_so WHERE 1 = 1 AND ho_so.cap_nhat IS"
    assert ranges == [
        f"{selected} NOT NULL AND ho_so.cap_nhat < {middle}",
        f"{selected} NOT NULL AND ho_so.cap_nhat >= {middle}",
        f"{selected} NULL",
    ]


def test_transactions_are_read_only_and_see_one_instant() -> None:
    source = a_contract({"snapshot": "row_hash", "statement_timeout_seconds": 90}, COLUMNS).source
    assert isinstance(source, SqlSource)
    mssql = engine_options(source_url(CONNECTIONS["mssql"]), source)
    assert mssql["isolation_level"] == "SNAPSHOT"
    assert mssql["connect_args"]["timeout"] == 90
    assert first_statements("oracle") == ("SET TRANSACTION READ ONLY",)
    assert first_statements("sqlite") == ("PRAGMA query_only = ON", "BEGIN")
    snapshot = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
    assert mysql_first_statements("5.5.5-10.11.19-MariaDB", source)[-1] == snapshot
    assert (
        mysql_first_statements("5.5.5-10.11.19-MariaDB", source)[0] == "SET SESSION max_statement_time = 90"
    )
    assert mysql_first_statements("8.4.3", source)[0] == "SET SESSION max_execution_time = 90000"


@pytest.mark.parametrize(
    ("engine", "url"),
    [
        ("postgresql", "postgresql+psycopg2://kho:p%40ss%2Fword@db.tinh.vn:5432/tabmis"),
        ("mysql", "mysql+asyncmy://kho:p%40ss%2Fword@db.tinh.vn:3306/yte"),
        ("mssql", "mssql+pymssql://kho:p%40ss%2Fword@db.tinh.vn:1433/QLDD"),
        ("oracle", "oracle+oracledb://kho:p%40ss%2Fword@db.tinh.vn:1521?service_name=TABMIS"),
        ("sqlite", "sqlite+pysqlite:///file%3A/srv/ho so.db?mode=ro&uri=true"),
    ],
)
def test_a_connection_names_driver_and_database(engine: str, url: str) -> None:
    assert source_url(CONNECTIONS[engine]).render_as_string(hide_password=False) == url


@pytest.mark.parametrize("engine", ["postgresql", "mysql", "mssql", "oracle", "sqlite"])
def test_the_driver_of_every_engine_is_installed(engine: str) -> None:
    dialect = source_url(CONNECTIONS[engine]).get_dialect()
    assert dialect.import_dbapi()


def test_a_connection_of_another_kind_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no database driver .*'db2'"):
        source_url(Connection("a", "db2"))
