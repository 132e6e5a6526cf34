"""`make bench ARGS=indicators`: the index of QĐ 766/QĐ-TTg of 500,000 dossiers by SQL and by pandas.

In: how many dossiers (default 500,000). Out: how many numbers were compared and how many differ (exit status 1
if any does), and how long the load, the marts and pandas took.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
from rich.console import Console

from kho.indicators.marts import refresh_indicators
from kho.indicators.service_index import service_index_path
from kho.server import postgres
from kho.server.warehouse import open_warehouse
from tests.integration.dossier_world import (
    Span,
    expected_measures,
    expected_points,
    load_dossiers,
    random_dossiers,
)
from tests.integration.embedded import temporary_home

_SPAN = Span(date(2025, 11, 10), 75)
_LAST_DAY = _SPAN.last + timedelta(days=5)
_KEYS = ["scope_type", "scope_code", "period_type", "period_start"]


def main(arguments: Sequence[str]) -> None:
    """Compare all measures and the points of all groups."""
    count = int(arguments[0]) if arguments else 500_000
    frame = random_dossiers(count, _SPAN)
    console = Console()
    with temporary_home() as settings:
        server = postgres.ensure_running(settings)
        postgres.ensure_database(server, "indicators")
        url = server.url("indicators").render_as_string(hide_password=False)
        own = replace(settings, warehouse_url=url)
        engine = open_warehouse(own)
        with engine.begin() as db:
            load_dossiers(db, frame)
        with engine.begin() as db:
            db.exec_driver_sql("ANALYZE dw.fact_dossier")
            start = time.monotonic()
            refresh_indicators(db, _LAST_DAY + timedelta(days=1), own)
            by_sql = time.monotonic() - start
        measures = pd.read_sql(
            "SELECT m.scope_type, s.scope_code, m.period_type, m.period_start, m.measure, m.numerator, m.denominator "
            "FROM mart.service_measure AS m JOIN mart.dossier_scope AS s USING (scope_type, scope_key) "
            "WHERE m.denominator > 0",
            engine,
        )
        groups = pd.read_sql(
            "SELECT scope_type, scope_code, period_type, period_start, group_id, points "
            "FROM mart.service_index_group WHERE points IS NOT NULL",
            engine,
        )
        engine.dispose()
        index_file = service_index_path(own)
    start = time.monotonic()
    expected = expected_measures(frame, _SPAN, _LAST_DAY)
    by_pandas = time.monotonic() - start
    wanted = expected[expected["denominator"] > 0]
    both = wanted.merge(measures, on=[*_KEYS, "measure"], how="outer")
    wrong = both[
        ~both["numerator_x"].eq(both["numerator_y"]) | ~both["denominator_x"].eq(both["denominator_y"])
    ]
    points = expected_points(expected, index_file).groupby([*_KEYS, "group_id"])["points"].sum().reset_index()
    scored = points.merge(groups, on=[*_KEYS, "group_id"], how="outer")
    unlike = scored[
        scored["points_x"].map(float).sub(scored["points_y"].map(float)).abs().ge(0.001)
        | scored.isna().any(axis=1)
    ]
    console.print(
        f"{count:,} dossiers: marts {by_sql:.1f} s, pandas {by_pandas:.1f} s; {len(both):,} ratios, "
        f"{len(wrong)} differ; {len(scored):,} points of groups, {len(unlike)} differ"
    )
    sys.exit(1 if len(wrong) or len(unlike) else 0)
