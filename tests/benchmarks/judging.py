"""`make bench ARGS=judging`: what it costs to judge a batch and set its failing rows aside.

In: rows in millions (default 5). Out: a line on the terminal and `var/bench/judging.json`. Dossiers are landed and
staged without a suite and with one, in turns: the difference of the medians is what judging on the way costs; the
validate step is the rest. The yardstick is what nobody could do without: reading, once and in memory, each column of
the staging table that a rule looks at (`count(column)` of all of them, by the one process of a sequential scan and,
beside it, by the parallel scan that PostgreSQL would plan), and writing the failing rows with their records as
received. Each step runs in a process of its own. Peak memory is that process's: all that is resident, pages of
libraries' files that every process of the machine shares among it, and beside it what is its own. Next to the
times stands what they cost in CPU, of the step and of its sessions in the database: on a machine that others
use only that ratio means something.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from datetime import date
from pathlib import Path
from statistics import median
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
from kho.stage import stage_table
from tests.benchmarks.dossier_pages import write_pages
from tests.benchmarks.step import DATASET, land, run_step

LIMITS = {"ratio": 2.0, "peak_mib": 200}
AS_OF = date(2026, 11, 20)
TURNS = 3
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
        turns = [
            [_run(settings, environment, step, batch) for step in ("stage_unjudged", "stage")]
            for _ in range(TURNS)
        ]
        plain, staged = (median(turn[place]["seconds"] for turn in turns) for place in (0, 1))
        plain_cpu, staged_cpu = (min(turn[place]["cpu_seconds"] for turn in turns) for place in (0, 1))
        validated = _run(settings, environment, "validate", batch)
        contract = load_contract(DATASET)
        manifest = read_manifest(context.settings.raw_zone / DATASET / batch)
        rules = suite_of_batch(context.engine, contract, manifest)[0].row_rules
        columns = sorted(frozenset[str]().union(*(rule.columns for rule in rules)))
        reading, in_parallel, writing, scan_cpu = _yardstick(context.engine, batch, columns)
    finally:
        context.engine.dispose()
        postgres.stop(settings)
        shutil.rmtree(home, ignore_errors=True)
    judged = staged - plain
    _report(
        {
            "rows": manifest.fetched,
            "row_rules": len(rules),
            "staged_unjudged_s": round(plain, 2),
            "judged_while_staging_s": round(judged, 2),
            "judged_while_staging_cpu_s": round(staged_cpu - plain_cpu, 2),
            "validate_s": validated["seconds"],
            "validate_cpu_s": round(validated["cpu_seconds"], 2),
            "rejected": validated["result"]["quarantined"],
            "columns_read": len(columns),
            "scan_s": round(reading, 2),
            "parallel_scan_s": round(in_parallel, 2),
            "write_s": round(writing, 2),
            "ratio": round((judged + validated["seconds"]) / (reading + writing), 2),
            "scan_and_write_cpu_s": round(scan_cpu, 2),
            "ratio_cpu": round((staged_cpu - plain_cpu + validated["cpu_seconds"]) / scan_cpu, 2),
            "ratio_parallel": round((judged + validated["seconds"]) / (in_parallel + writing), 2),
            "peak_mib": validated["peak_mib"],
            "own_mib": validated["own_mib"],
            "imported_mib": validated["imported_mib"],
            "stage_peak_mib": max(turn[1]["peak_mib"] for turn in turns),
            "stage_unjudged_peak_mib": max(turn[0]["peak_mib"] for turn in turns),
        }
    )


def _multiplied(context: pipeline.Context, batch: str, times: int) -> str:
    """The batch so many times over, each time with other dossier codes; returns the new batch's id."""
    contract = load_contract(DATASET)
    files = record_files(context.settings.raw_zone / DATASET / batch)
    with Landing(context.settings.raw_zone, DATASET, "bench-many") as landing, duckdb.connect() as duck:
        duck.execute("SET memory_limit = '1GB'")
        code = contract.key[0].source_name
        one = duck.read_parquet(files)
        ((rows,),) = one.aggregate("max(_row) + 1").fetchall()
        # A file for each copy, as windows of pages make them: staging reads several at a time.
        for copy in range(times):
            copied = f'* REPLACE ("{code}" || {copy} AS "{code}", _row + {copy * rows} AS _row)'
            one.project(copied).write_parquet(
                str(landing.folder / f"records-{copy:05d}.parquet"), compression="lz4"
            )
        landing.rows = rows * times
        landing.add_digest(str(times))
        sha256 = landing.content_sha256
        manifest = Manifest(
            batch_id(DATASET, AS_OF, sha256), DATASET, AS_OF, contract.version, "bench", sha256, landing.rows
        )
        landing.publish(manifest)
    with context.engine.begin() as db:
        run_file(db, "quality/open_batch.sql", **manifest.__dict__, raw_path="")
    return manifest.batch_id


def _run(settings: Settings, environment: dict[str, str], step: str, batch: str) -> dict[str, Any]:
    """A step, with the CPU of its sessions in the database added to its own."""
    server = int((settings.postgres_data / "postmaster.pid").read_text(encoding="ascii").split()[0])
    before = _cpu(server, of_children=True)
    result = run_step(environment, step, batch, AS_OF)
    time.sleep(1)  # until the server has seen its sessions end
    result["cpu_seconds"] += _cpu(server, of_children=True) - before
    return result


def _cpu(process: int, *, of_children: bool = False) -> float:
    """Seconds of CPU that a process has used, or those of its children that have ended."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    used = fields[13:15] if of_children else fields[11:13]
    return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")


def _yardstick(engine: sa.Engine, batch: str, columns: list[str]) -> tuple[float, float, float, float]:
    """Seconds of reading what rules look at, by one process and in parallel, and of writing the failing rows.

    The last is what one process needs of CPU for both.
    """
    table = stage_table(batch)
    counts = ", ".join(f'count("{column}")' for column in columns)
    with engine.begin() as db:

        def timed(statement: str) -> float:
            started = time.monotonic()
            db.exec_driver_sql(statement)
            return time.monotonic() - started

        scan = f"SELECT {counts} FROM {table.quoted}"
        timed(scan)  # into memory, where staging has just left it
        in_parallel = median(timed(scan) for _ in range(TURNS))
        db.exec_driver_sql("SET LOCAL max_parallel_workers_per_gather = 0")
        alone = median(timed(scan) for _ in range(TURNS))
        backend = int(db.exec_driver_sql("SELECT pg_backend_pid()").scalar() or 0)
        before = _cpu(backend)
        timed(scan)
        written = timed(f"CREATE UNLOGGED TABLE stg.again AS SELECT * FROM {rejected_table(table).quoted}")
        cpu = _cpu(backend) - before
        db.exec_driver_sql("DROP TABLE stg.again")
    return alone, in_parallel, written, cpu


def _report(result: dict[str, Any]) -> None:
    path = get_settings().home / "bench" / "judging.json"
    path.write_text(json.dumps(result, indent=1), encoding="utf-8")
    console = Console()
    console.print_json(json.dumps(result))
    for name, limit in LIMITS.items():
        console.print(f"{name} {result[name]} (<= {limit:g}) {'ok' if result[name] <= limit else 'OVER'}")
