"""`make bench ARGS="board [millions]"`: what a page of the board costs, with ten million cases and as many results behind it.

In: a warehouse of its own, filled by SQL: cases, and the results and scores of 500 nights, 20 datasets and 100
agencies. Out: the median time in which each page is read; the last pages too, since a page must not cost more for
being far from the first.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from rich.console import Console

from kho.board.cases import Filters, read_cases
from kho.board.rules import read_batch, read_batches, read_rule
from kho.board.scores import read_agencies, read_agency
from kho.board.search import find, read_sources
from kho.board.tonight import read_night
from kho.contracts import dataset_names
from kho.quality.quarantine import show_case
from kho.report.names import read_names
from kho.server.databases import ensure_database
from kho.server.warehouse import open_warehouse
from kho.settings import Settings
from tests.integration.embedded import temporary_home, throwaway_server

_REPEATS = 7
# Foreign keys are not asked about ten million rows that are made to fit.
_SETUP = """
SET LOCAL session_replication_role = replica;
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

_NIGHTS, _DATASETS, _AGENCIES = 500, 20, 100
_LAST = date(2026, 11, 20)
_RESULTS = """
INSERT INTO meta.batch (batch_id, dataset, as_of, status, content_sha256, contract_version, fetched, raw_path, loaded_at)
SELECT d.dataset || '-' || n, d.dataset, cast(:last AS date) - n, 'loaded', '', '1', 1000, '', now()
FROM generate_series(:nights - 1, 0, -1) AS n, unnest(cast(:datasets AS text[])) AS d (dataset);
INSERT INTO meta.night (as_of, dataset, outcome, batch_id)
SELECT as_of, dataset, 'loaded', batch_id FROM meta.batch WHERE as_of <= :last AND batch_id <> 'health_records-x';
INSERT INTO dq.rule (rule_id, dataset, principle, severity, title_vi, remedy_vi)
SELECT 'rule_' || n, d.dataset, 'correct', 'critical', 'Quy tắc ' || n, ''
FROM generate_series(1, :rules) AS n, unnest(cast(:datasets AS text[])) AS d (dataset) ON CONFLICT DO NOTHING;
INSERT INTO dq.rule_result (dataset, batch_id, rule_id, principle, severity, agency_code, evaluated, failed)
SELECT b.dataset, b.batch_id, 'rule_' || r, (ARRAY['correct', 'complete', 'clean', 'live'])[1 + r % 4], 'critical',
    'agency-' || a, 100, (a + r) % 7
FROM meta.batch AS b, generate_series(1, :rules) AS r, generate_series(0, :agencies - 1) AS a
WHERE b.batch_id <> 'health_records-x';
INSERT INTO dq.judged_agency (dataset, agency_code, as_of, batch_id)
SELECT b.dataset, 'agency-' || a, b.as_of, b.batch_id
FROM meta.batch AS b, generate_series(0, :agencies - 1) AS a WHERE b.batch_id <> 'health_records-x';
INSERT INTO dq.score (as_of, dataset, agency_code, principle, score, evaluated, failed, rules)
SELECT b.as_of, b.dataset, 'agency-' || a, p.principle, 97, 1000, 30, 3
FROM meta.batch AS b, generate_series(0, :agencies - 1) AS a,
    unnest(ARRAY['correct', 'complete', 'clean', 'live']) AS p (principle)
WHERE b.batch_id <> 'health_records-x';
INSERT INTO dq.quality_index (as_of, level, dataset, agency_code, weighting_id, score, coverage, evaluated, failed, parts)
SELECT cast(:last AS date) - n, 'agency', '', 'agency-' || a, 1, 97, 80, 1000, 30, 4
FROM generate_series(0, :nights - 1) AS n, generate_series(0, :agencies - 1) AS a
UNION ALL
SELECT b.as_of, 'dataset_agency', b.dataset, 'agency-' || a, 1, 97, 80, 1000, 30, 4
FROM meta.batch AS b, generate_series(0, :agencies - 1) AS a WHERE b.batch_id <> 'health_records-x'
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
            size = {"nights": _NIGHTS, "agencies": _AGENCIES, "rules": max(1, count // 1_000_000)}
            about = size | {"last": _LAST, "datasets": list(dataset_names()[:_DATASETS])}
            for statement in _RESULTS.strip().split(";\n"):
                db.execute(sa.text(statement), _named_in(statement, about))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
            db.execute(sa.text("VACUUM ANALYZE"))
        console.print(f"{count:,} cases and as many results written in {time.perf_counter() - began:.0f} s")
        for name, read in (_pages(engine, count) | _scores(engine, settings)).items():
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


def _scores(engine: sa.Engine, settings: Settings) -> dict[str, Callable[[], Any]]:
    with engine.connect() as db:
        names = read_names(db, settings.contracts_dir)
    dataset = dataset_names()[0]
    return {
        "names, read for every page": lambda: _names(engine, settings),
        "the night": lambda: read_night(engine),
        "all agencies": lambda: read_agencies(engine, _LAST, names, settings),
        "an agency": lambda: read_agency(engine, "agency-7", _LAST, names, settings),
        "a rule": lambda: read_rule(engine, dataset, "rule_1"),
        "a batch": lambda: read_batch(engine, f"{dataset}-0"),
        "a dataset": lambda: read_batches(engine, dataset),
        "sources": lambda: read_sources(engine),
        "search": lambda: find(engine, "agency", names),
    }


def _names(engine: sa.Engine, settings: Settings) -> Any:
    with engine.connect() as db:
        return read_names(db, settings.contracts_dir)


def _named_in(statement: str, values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if f":{name}" in statement}


def _median(read: Callable[[], Any]) -> float:
    taken = []
    for _ in range(_REPEATS):
        began = time.perf_counter()
        read()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)
