"""`make bench ARGS=judging`: what it costs to judge a batch and set its failing rows aside.

In: rows in millions (default 5). Out: a line on the terminal and `var/bench/judging.json`. Dossiers are landed and
staged twice, without a suite and with one: the difference is what DuckDB's judging costs; the validate step is
the rest. The yardstick is what nobody could do without: reading the staging table once, as PostgreSQL
plans it, and writing the failing rows. Each step runs in a process of its own; peak memory is that process's, and
what it held before it began, Great Expectations imported and no row seen, stands beside it.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from datetime import date
from typing import Any

import duckdb
import sqlalchemy as sa
from rich.console import Console

from kho import pipeline
from kho.connections import EnvironmentConnections
from kho.contracts import load_contract
from kho.quality.judge import suite_of_batch
from kho.quality.rejects import rejected_table
from kho.raw_zone.landing import Landing, record_files
from kho.raw_zone.manifest import Manifest, batch_id, read_manifest
from kho.server import postgres
from kho.settings import Settings, get_settings
from kho.sql_files import run_file
from kho.stage import BATCH_ROWS, stage_table
from tests.benchmarks.dossier_pages import write_pages
from tests.benchmarks.step import DATASET, land, run_step

LIMITS = {"ratio": 2.0, "peak_mib": 200}
AS_OF = date(2026, 11, 20)
MOST_PAGES = 500_000
"""So many dossiers are written as JSON; the rest are copies of them under other codes."""


def main(arguments: list[str]) -> None:
    """Measure and print."""
    from tests.benchmarks.__main__ import load_master_data, master_codes

    rows = int(float(arguments[0] if arguments else 5) * 1_000_000)
    home = get_settings().home / "bench" / "judging"
    environment = os.environ | {"KHO_HOME": str(home)}
    settings = Settings.from_environment(environment)
    context = pipeline.Context.create(EnvironmentConnections(settings), settings)
    try:
        load_master_data(settings, context)
        pages = home / "pages"
        write_pages(pages, min(rows, MOST_PAGES), 1, *master_codes(settings))
        batch = _multiplied(context, land(context, pages, AS_OF), max(1, rows // MOST_PAGES))
        plain = run_step(environment, "stage_unjudged", batch, AS_OF)
        staged = run_step(environment, "stage", batch, AS_OF)
        validated = run_step(environment, "validate", batch, AS_OF)
        contract = load_contract(DATASET)
        manifest = read_manifest(context.settings.raw_zone / DATASET / batch)
        rules = len(suite_of_batch(context.engine, contract, manifest)[0].row_rules)
        reading, writing = _yardstick(context.engine, batch)
    finally:
        context.engine.dispose()
        postgres.stop(settings)
        shutil.rmtree(home, ignore_errors=True)
    judged = staged["seconds"] - plain["seconds"]
    _report(
        {
            "rows": manifest.fetched,
            "row_rules": rules,
            "judged_while_staging_s": round(judged, 2),
            "validate_s": validated["seconds"],
            "rejected": validated["result"]["quarantined"],
            "scan_s": round(reading, 2),
            "write_s": round(writing, 2),
            "ratio": round((judged + validated["seconds"]) / (reading + writing), 2),
            "peak_mib": validated["peak_mib"],
            "imported_mib": validated["imported_mib"],
        }
    )


def _multiplied(context: pipeline.Context, batch: str, times: int) -> str:
    """The batch so many times over, each time with other dossier codes; returns the new batch's id."""
    contract = load_contract(DATASET)
    files = record_files(context.settings.raw_zone / DATASET / batch)
    with Landing(context.settings.raw_zone, DATASET, "bench-many") as landing, duckdb.connect() as duck:
        duck.execute("SET memory_limit = '1GB'")
        code = contract.key[0].source_name
        copies = duck.read_parquet(files).query(
            "one",
            f'SELECT one.* EXCLUDE (_row) REPLACE (one."{code}" || copy.range AS "{code}") '
            f"FROM one CROSS JOIN range({times}) AS copy",
        )
        landing.write_batches(copies.to_arrow_reader(BATCH_ROWS))
        landing.add_digest(str(times))
        sha256 = landing.content_sha256
        manifest = Manifest(
            batch_id(DATASET, AS_OF, sha256), DATASET, AS_OF, contract.version, "bench", sha256, landing.rows
        )
        landing.publish(manifest)
    with context.engine.begin() as db:
        run_file(db, "quality/open_batch.sql", **manifest.__dict__, raw_path="")
    return manifest.batch_id


def _yardstick(engine: sa.Engine, batch: str) -> tuple[float, float]:
    """Seconds of reading the staging table to its last column, and of writing the failing rows again."""
    table = stage_table(batch)
    with engine.begin() as db:
        started = time.monotonic()
        db.exec_driver_sql(f"SELECT count(*) FROM {table.quoted} WHERE updated_at IS NULL")
        read = time.monotonic()
        db.exec_driver_sql(f"CREATE UNLOGGED TABLE stg.again AS SELECT * FROM {rejected_table(table).quoted}")
        written = time.monotonic()
        db.exec_driver_sql("DROP TABLE stg.again")
    return read - started, written - read


def _report(result: dict[str, Any]) -> None:
    path = get_settings().home / "bench" / "judging.json"
    path.write_text(json.dumps(result, indent=1), encoding="utf-8")
    console = Console()
    console.print_json(json.dumps(result))
    for name, limit in LIMITS.items():
        console.print(f"{name} {result[name]} (<= {limit:g}) {'ok' if result[name] <= limit else 'OVER'}")
