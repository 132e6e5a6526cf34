"""`make bench ARGS=history`: what keeping the history costs when a night changes many dossiers.

In: how many dossiers there are and how many of them change (default 2,000,000 and 100,000). Out: the median of five
rounds of the same UPDATE without triggers, with history switched off, and with history, and the ratios within a
round; then what one day's question takes.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa
from rich.console import Console

from kho.server import postgres
from kho.server.warehouse import open_warehouse
from kho.sql_files import run_file
from tests.integration.embedded import temporary_home

_ROUNDS = 5
_WORLD = """
INSERT INTO meta.batch (batch_id, dataset, as_of, status, content_sha256, contract_version, fetched, raw_path, known_from)
SELECT 'b' || n, 'public_service_dossiers', date '2026-10-01' + n, 'loaded', '', '1', 0, '', CASE n WHEN 0 THEN date '2026-10-01' END
FROM generate_series(0, 30) AS n;
SELECT dw.make_month('dw.fact_dossier', '2026-09-01');
INSERT INTO dw.fact_dossier (dossier_code, agency_key, procedure_key, unit_key, received_date_key, due_date_key,
    finished_date_key, returned_date_key, batch_key, received_at, source_updated_at, status_code, channel_code)
SELECT 'H48-' || lpad(n::text, 9, '0'), -1, -1, -1, 20260901, -2, -2, -2, 1, '2026-09-01', '2026-09-01', '2', '1'
FROM generate_series(1, :rows) AS n;
ANALYZE dw.fact_dossier;
"""
_CHANGE = """
UPDATE dw.fact_dossier AS t
SET status_code = d.status_code, source_updated_at = source_updated_at + interval '1 day', batch_key = :batch
FROM delta AS d WHERE t.dossier_code = d.dossier_code AND t.received_date_key = 20260901
"""
WAYS = ("without", "off", "kept")


def main(arguments: Sequence[str]) -> None:
    """Measure, and print the table."""
    rows, changed = (int(one) for one in (*arguments, "2000000", "100000")[:2])
    console = Console()
    with temporary_home() as settings:
        server = postgres.ensure_running(settings)
        postgres.ensure_database(server, "history")
        own = replace(settings, warehouse_url=server.url("history").render_as_string(hide_password=False))
        engine = open_warehouse(own)
        with engine.begin() as db:
            db.execute(sa.text(_WORLD), {"rows": rows})
        taken: dict[str, list[float]] = {way: [] for way in WAYS}
        batch = 1
        for _ in range(_ROUNDS):
            for way in WAYS:
                batch += 1
                taken[way].append(_change(engine, way, batch, rows // changed))
        base = statistics.median(taken["without"])
        for way, seconds in taken.items():
            ratios = [one / other for one, other in zip(seconds, taken["without"], strict=True)]
            console.print(
                f"{way:8} {statistics.median(seconds):6.2f} s   {statistics.median(ratios):.2f} of without"
            )
        began = time.perf_counter()
        with engine.connect() as db:
            count = db.scalar(sa.text("SELECT count(*) FROM dw.fact_dossier_as_known_at('2026-10-15')"))
        console.print(
            f"all {count} dossiers of a day: {time.perf_counter() - began:.2f} s; base {base:.2f} s"
        )
        began = time.perf_counter()
        with engine.connect() as db:
            query = (
                "SELECT * FROM dw.fact_dossier_as_known_at('2026-10-15') WHERE dossier_code = 'H48-000000020'"
            )
            db.execute(sa.text(query)).one()
        console.print(f"one of them: {1000 * (time.perf_counter() - began):.1f} ms")
        engine.dispose()


def _change(engine: sa.Engine, way: str, batch: int, step: int) -> float:
    """Change every `step`-th dossier; the seconds that the statement took."""
    with engine.begin() as db:
        db.exec_driver_sql(
            f"ALTER TABLE dw.fact_dossier {'DISABLE' if way == 'without' else 'ENABLE'} TRIGGER USER"
        )
    with engine.begin() as db:
        run_file(db, "stage/tune_for_batch.sql")
        run_file(db, "history/begin_load.sql", batch_key=batch)
        run_file(db, "history/switch.sql", state="off" if way == "off" else "on")
        db.exec_driver_sql(
            "CREATE TEMP TABLE delta ON COMMIT DROP AS SELECT dossier_code, status_code || '+' AS status_code "
            f"FROM dw.fact_dossier WHERE right(dossier_code, 9)::int %% {step} = 0"
        )
        db.exec_driver_sql("ANALYZE delta")
        began = time.perf_counter()
        db.execute(sa.text(_CHANGE), {"batch": batch})
        taken = time.perf_counter() - began
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.exec_driver_sql("VACUUM dw.fact_dossier")
    return taken
