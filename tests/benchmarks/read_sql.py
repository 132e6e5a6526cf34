"""`make bench ARGS=read_sql`: reading a table into Arrow, against the driver's own bulk path in the same run.

In: rows in millions (default 1). Out: a table on the terminal and `var/bench/read_sql.json`. The yardstick is the
fastest thing that each driver itself offers: on PostgreSQL psycopg2's `copy_expert`, whose CSV goes nowhere and
is not parsed; on MariaDB a server-side cursor of asyncmy with `fetchmany` of 20,000, whose rows of Python values go
nowhere. Ours is the connector's session, read-only transaction and all: the same rows as Arrow batches, every
value decoded; and, beside it, the whole extraction: hashed, written to Parquet, counted. Each is measured three
times in turn, so that a busy machine is busy for all; the medians are compared. Share 100 % is as fast.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import psycopg2
from rich.console import Console
from rich.table import Table

from kho.extract.sql import extract_sql
from kho.extract.sql.queries import EVERY_ROW, SourceTable
from kho.extract.sql.session import open_session
from kho.server import mariadb, postgres
from kho.settings import get_settings
from tests.benchmarks import agency_tables as tables
from tests.integration.agency import Agency
from tests.integration.embedded import temporary_home

LIMIT = 0.6
ROUNDS = 3


class _Nowhere:
    def write(self, data: bytes) -> int:
        return len(data)


def copy_nowhere(agency: Agency, table: str) -> None:
    """psycopg2's own bulk path."""
    db = psycopg2.connect(**agency.admin)
    db.cursor().copy_expert(f"COPY {table} TO STDOUT (FORMAT csv)", _Nowhere())
    db.close()


def read_arrow(agency: Agency) -> int:
    """The connector's session, without landing; returns the rows."""
    contract = tables.health_contract()
    source = tables.source_of(contract)
    with open_session(agency.connection, source) as session:
        table = SourceTable.find(session, contract, source, "bench")
        query = table.query(session, contract.source_names).where(EVERY_ROW)
        return sum(batch.num_rows for batch in session.stream(query, source.fetch_size))


def land(agency: Agency) -> int:
    """The whole extraction of one night; returns the rows."""
    contract = tables.health_contract()
    folder = Path(tempfile.mkdtemp(dir=get_settings().home / "tmp"))
    try:
        night = date(2100, 1, 1)
        return extract_sql(
            contract, tables.source_of(contract), agency.connection, night, None, folder
        ).fetched
    finally:
        shutil.rmtree(folder)


def measure(*works: Callable[[], Any]) -> list[float]:
    """Median seconds of each work, done in turn."""
    seconds: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS):
        for place, work in enumerate(works):
            started = time.monotonic()
            work()
            seconds[place].append(time.monotonic() - started)
    return [round(statistics.median(one), 3) for one in seconds]


def main(arguments: list[str]) -> None:
    """Measure both servers."""
    rows = int(float(arguments[0] if arguments else 1) * 1_000_000)
    results = []
    with temporary_home() as settings:
        server = postgres.ensure_running(settings)
        postgres.ensure_database(server, "bench")
        agency = tables.health_on_postgres(server, rows)
        assert read_arrow(agency) == rows
        found = measure(
            lambda: copy_nowhere(agency, "ho_so"), lambda: read_arrow(agency), lambda: land(agency)
        )
        results.append({"server": "PostgreSQL 18", "yardstick": "COPY TO STDOUT (csv)", "times": found})
        maria = tables.health_on_mariadb(mariadb.ensure_running(settings), rows)
        assert read_arrow(maria) == rows
        found = measure(
            lambda: tables.fetch_by_cursor(maria.connection, "SELECT * FROM ho_so", 20_000),
            lambda: read_arrow(maria),
            lambda: land(maria),
        )
        results.append({"server": "MariaDB", "yardstick": "SSCursor.fetchmany(20000)", "times": found})
    _report(rows, results)


def _report(rows: int, results: list[dict[str, Any]]) -> None:
    table = Table(title=f"reading {rows:,} rows of {len(tables.HEALTH_COLUMNS)} columns")
    for name in (
        "server",
        "driver's own bulk path",
        "",
        "as Arrow",
        "share",
        "landed",
        "share",
        "rows/s landed",
    ):
        table.add_column(name, justify="left" if name in ("server", "") else "right")
    for result in results:
        own, arrow, landed = result["times"]
        result |= {"rows": rows, "arrow_share": round(own / arrow, 2), "landed_share": round(own / landed, 2)}
        verdict = "ok" if result["arrow_share"] >= LIMIT else "BELOW"
        table.add_row(
            result["server"], f"{own:.2f} s", result["yardstick"], f"{arrow:.2f} s",
            f"{result['arrow_share']:.0%} (>= {LIMIT:.0%}) {verdict}", f"{landed:.2f} s",
            f"{result['landed_share']:.0%}", f"{rows / landed:,.0f}",
        )  # fmt: skip
    Console(width=150).print(table)
    folder = get_settings().home / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "read_sql.json").write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
