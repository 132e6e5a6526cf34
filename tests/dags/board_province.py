"""A small warehouse for the board to show: two agencies, two nights of population, cases of a personal table."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from kho import pipeline
from kho.pipeline import Context
from kho.server.warehouse import open_warehouse
from tests.integration.embedded import EMPTY, temporary_home, throwaway_server
from tests.integration.fixture_dataset import NIGHT, FixtureNight
from tests.integration.night import Province

STATISTICS, OFFICE = "000.00.33.H48", "000.00.00.H48"
HOSTILE = "<script>alert(1)</script>"
MORE_CASES = 120


def _agency(code: str, name: str) -> dict[str, Any]:
    return {
        "maDinhDanh": code, "tenCoQuan": name, "tenNgan": name, "loaiCoQuan": "department",
        "maCoQuanCapTren": OFFICE, "maDVHC": "51", "hieuLucTu": "2025-07-01",
    }  # fmt: skip


def _population(month: int, **other: str | None) -> dict[str, str | None]:
    return {
        "ma_xa": "21025", "so_ho": "4000", "dan_so": "15000", "dan_so_nam": "7400", "dan_so_nu": "7600",
        "so_sinh": "9", "so_chet": "7", "ky": f"2026-{month:02d}", "cap_nhat": "2026-11-02 09:00:00",
    } | other  # fmt: skip


@contextlib.contextmanager
def board_province() -> Iterator[FixtureNight]:
    """The warehouse after two nights; its engine is closed at the end."""
    with temporary_home() as settings:
        server = throwaway_server(settings)
        own = replace(settings, warehouse_url=server.url(EMPTY).render_as_string(hide_password=False))
        none: Any = None
        context = Context(open_warehouse(own), none, own)
        night = FixtureNight(Province(settings, server, none, context))
        night.province.run("administrative_units", NIGHT)
        night.load("agencies", 0, [_agency(OFFICE, "Văn phòng"), _agency(STATISTICS, "Thống kê <tỉnh>")])
        for days, wrong in ((0, 1), (1, 2)):
            as_of = NIGHT + timedelta(days=days)
            records = [_population(month) for month in range(1, 11)]
            bad = [_population(11, ma_xa=None), _population(11, ma_xa=HOSTILE)][:wrong]
            night.load("population", days, records + bad)
            batch = night.province.scalar(
                "SELECT batch_id FROM meta.batch WHERE dataset = 'population' ORDER BY batch_key DESC LIMIT 1"
            )
            pipeline.finish("population", as_of, context, batch_id=batch, outcome="loaded")
            pipeline.build_star(as_of, context)
        pipeline.write_report(as_of, context)
        with context.engine.begin() as db:
            db.execute(sa.text(_MORE), {"count": MORE_CASES})
        yield night
        context.engine.dispose()


_MORE = """
INSERT INTO dq.quarantine (dataset, business_key, batch_id, failed_rules, raw, raw_md5, agency_code,
    first_seen_on, due_on, last_seen_batch_id)
SELECT 'health_records', 'key-' || n, b.batch_id, ARRAY['health_citizen_valid'],
    jsonb_build_object('soCCCD', '051085001234', 'hoTen', 'Nguyễn Thị Bí Mật'), md5(n::text), '000.00.00.H48',
    date '2026-10-01' + n / 10, date '2026-10-09' + n / 10, b.batch_id
FROM generate_series(1, :count) AS n, (SELECT batch_id FROM meta.batch ORDER BY batch_key DESC LIMIT 1) AS b
"""
