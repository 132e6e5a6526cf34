"""`make bench ARGS="board [millions]"`: what a page of the quarantine costs, with ten million cases behind it.

In: a warehouse of its own, filled by SQL. Out: the median time of each page of the board, read and rendered
as the plugin does; the last pages too, since a page must not cost more for being far from the first.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from rich.console import Console

from kho.board.cases import Filters, read_cases
from kho.quality.quarantine import show_case
from kho.server.databases import ensure_database
from kho.server.warehouse import open_warehouse
from tests.integration.embedded import temporary_home, throwaway_server

_REPEATS = 7
_SETUP = """
INSERT INTO meta.batch (batch_id, dataset, as_of, status, content_sha256, contract_version, fetched, raw_path)
VALUES ('health_records-x', 'health_records', '2026-11-20', 'loaded', '', '1', 0, '');
INSERT INTO dw.dim_agency (agency_code, name_vi)
SELECT 'agency-' || n, 'Cơ quan ' || n FROM generate_series(0, 99) AS n
"""
_FILL = """
INSERT INTO dq.quarantine (dataset, business_key, batch_id, failed_rules, raw, raw_md5, agency_code, status,
    first_seen_on, due_on, expired_on, last_seen_batch_id, resolved_batch_id)
SELECT (ARRAY['health_records', 'population', 'land_parcels', 'enterprises'])[1 + n % 4], 'key-' || n,
    'health_records-x',
    CASE WHEN n % 100000 = 0 THEN ARRAY['rare'] ELSE ARRAY['rule_' || n % 40, 'rule_' || n % 7] END,
    jsonb_build_object('soCCCD', '051085001234', 'hoTen', 'Nguyễn Thị ' || n, 'gioiTinh', '1'),
    md5(n::text), CASE WHEN n % 50000 = 0 THEN 'agency-99' ELSE 'agency-' || n % 90 END,
    CASE WHEN n % 3 = 0 THEN 'open' ELSE 'resolved' END, date '2024-01-01' + n / :a_day,
    date '2024-01-08' + n / :a_day, CASE WHEN n % 9 = 0 THEN date '2024-01-09' + n / :a_day END,
    'health_records-x', CASE WHEN n % 3 = 0 THEN NULL ELSE 'health_records-x' END
FROM generate_series(1, :count) AS n
"""


def main(arguments: list[str]) -> None:
    """Fill, then measure every kind of page."""
    count = int(float(arguments[0] if arguments else 10) * 1_000_000)
    console = Console()
    with temporary_home() as settings:
        server = throwaway_server(settings)
        ensure_database(server, "board")
        engine = open_warehouse(
            replace(settings, warehouse_url=server.url("board").render_as_string(hide_password=False))
        )
        began = time.perf_counter()
        with engine.begin() as db:
            db.execute(sa.text(_SETUP))
            db.execute(sa.text(_FILL), {"count": count, "a_day": max(1, count // 1000)})
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
            db.execute(sa.text("VACUUM ANALYZE dq.quarantine"))
        console.print(f"{count:,} cases written in {time.perf_counter() - began:.0f} s")
        for name, read in _pages(engine, count).items():
            console.print(f"{name:<44}{_median(read) * 1000:8.1f} ms")
        engine.dispose()


def _pages(engine: sa.Engine, count: int) -> dict[str, Callable[[], Any]]:
    late = f"2026-09-20_{count - count // 200}"
    filters = {
        "open, first page": Filters(),
        "all, first page": Filters(status=""),
        "expired": Filters(status="expired"),
        "of a dataset": Filters(dataset="population"),
        "of an agency": Filters(agency="agency-7"),
        "of an agency with few cases": Filters(agency="agency-99"),
        "that break a common rule": Filters(rule="rule_3"),
        "that break a rare rule": Filters(rule="rare", status=""),
        "dataset, agency, rule and age": Filters("population", "agency-1", "rule_1", "open", 200),
        "nothing fits": Filters(agency="agency-99", rule="rule_3"),
    }
    pages: dict[str, Callable[[], Any]] = {
        name: lambda chosen=chosen: read_cases(engine, chosen) for name, chosen in filters.items()
    }
    pages["open, one of the last pages"] = lambda: read_cases(engine, Filters(), late)
    pages["one case"] = lambda: show_case(engine, count // 2)
    return pages


def _median(read: Callable[[], Any]) -> float:
    taken = []
    for _ in range(_REPEATS):
        began = time.perf_counter()
        read()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)
