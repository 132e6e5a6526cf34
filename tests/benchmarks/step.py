"""One measured step in a process of its own, so that its peak memory is its own.

In: a step's name and the folder or batch it works on. Out: one line of JSON: seconds, seconds of CPU and peak
memory of this process (not the database's) in MiB, and what the step returned.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import threading
import time
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy as sa

from kho import pipeline
from kho.connections import EnvironmentConnections
from kho.contracts import load_contract
from kho.contracts.sources import RestSource
from kho.extract.rest.envelope import read_page
from kho.raw_zone.landing import JsonPages, Landing, record_files
from kho.raw_zone.manifest import Manifest, batch_id, read_manifest
from kho.rules.gx import load_gx
from kho.settings import get_settings
from kho.sql_files import run_file
from kho.stage import stage_batch, stage_table

DATASET = "public_service_dossiers"
PAGES_PER_WINDOW = 84
"""Five days of a province with a million dossiers in a year and a page of 2,000, generously."""


def land(context: pipeline.Context, pages: Path, as_of: date) -> str:
    """Land JSON pages from disk by the code that lands them from LGSP; returns the batch id."""
    contract = load_contract(DATASET)
    assert isinstance(contract.source, RestSource)
    files = sorted(pages.glob("*.json"))
    with Landing(context.settings.raw_zone, DATASET, "bench") as landing:
        for number in range(0, len(files), PAGES_PER_WINDOW):
            part = f"{number:06d}"
            with JsonPages(landing, part, contract.source_names, landing.rows) as window:
                for path in files[number : number + PAGES_PER_WINDOW]:
                    body = path.read_bytes()
                    page = read_page(body, contract.source.envelope, path.name)
                    window.add(path.name, body, page.records)
            landing.rows += window.rows
            for digest in window.page_digests:
                landing.add_digest(digest)
        sha256 = landing.content_sha256
        manifest = Manifest(
            batch_id(DATASET, as_of, sha256),
            DATASET,
            as_of,
            contract.version,
            "bench",
            sha256,
            landing.rows,
        )
        landing.publish(manifest)
    with context.engine.begin() as db:
        values = manifest.__dict__ | {"raw_path": "", "fetched": landing.rows}
        run_file(db, "quality/open_batch.sql", **values)
    return manifest.batch_id


def stage_unjudged(context: pipeline.Context, batch: str) -> None:
    """Stage a batch without looking at what its rows break."""
    folder = context.settings.raw_zone / DATASET / batch
    stage_batch(context.engine, load_contract(DATASET), batch, folder, read_manifest(folder).fetched)


def copy_landed(context: pipeline.Context, batch: str) -> float:
    """Seconds of one COPY stream of the landed records, as CSV, into a table of text columns."""
    csv = context.settings.home / "landed.csv"
    files = record_files(context.settings.raw_zone / DATASET / batch)
    with duckdb.connect(config={"memory_limit": "1GB"}) as duck:
        records = duck.read_parquet(files)
        names = [name for name in records.columns if name != "_row"]
        records.select(*(duckdb.ColumnExpression(name) for name in names)).write_csv(str(csv), header=False)
    columns = ", ".join(f'"{name}" text' for name in names)
    return _copy(context, csv, f"CREATE UNLOGGED TABLE stg.baseline ({columns})")


def copy_staged(context: pipeline.Context, batch: str) -> float:
    """Seconds of one COPY stream of the conformed rows, as CSV, into a table like the staging table."""
    table, csv = stage_table(batch), context.settings.home / "staged.csv"
    connection = context.engine.raw_connection()
    with csv.open("wb") as out:
        connection.cursor().copy_expert(f"COPY {table.quoted} TO STDOUT (FORMAT csv)", out, size=1 << 20)
    connection.close()
    return _copy(context, csv, f"CREATE UNLOGGED TABLE stg.baseline (LIKE {table.quoted})")


def _copy(context: pipeline.Context, csv: Path, create: str) -> float:
    connection = context.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(create)
        connection.commit()
        started = time.monotonic()
        with csv.open("rb") as source:
            cursor.copy_expert("COPY stg.baseline FROM STDIN (FORMAT csv)", source, size=1 << 18)
        connection.commit()
        seconds = time.monotonic() - started
        cursor.execute("DROP TABLE stg.baseline")
        connection.commit()
        return seconds
    finally:
        csv.unlink(missing_ok=True)
        connection.close()


def run_step(environment: dict[str, str], step: str, subject: str, as_of: date) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.step", step, subject, "--as-of", f"{as_of}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"step {step} failed:\n{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    print(
        f"  {step:9} {result['seconds']:8.2f} s {result['peak_mib']:6} MiB  {result['result']}",
        flush=True,
    )
    return result


def _peak_mib() -> float:
    """Peak memory of this program; unlike ru_maxrss it does not count what its parent held."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    return int(found[1]) / 1024 if found else 0.0


class _OwnMemory:
    """The most memory that was this process's own, looked at a hundred times a second.

    The system keeps the peak only of all that is resident, pages of shared libraries' files among it.
    """

    def __init__(self) -> None:
        self.peak_mib = 0.0
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        self._over.set()
        self._watcher.join()
        self.look()

    def look(self) -> None:
        found = re.search(r"RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
        self.peak_mib = max(self.peak_mib, int(found[1]) / 1024 if found else 0.0)

    def _watch(self) -> None:
        while not self._over.wait(0.01):
            self.look()


def main() -> None:
    """Run the step named on the command line and print its measurements."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "step", choices=["land", "stage", "stage_unjudged", "validate", "load", "copy_landed", "copy_staged"]
    )
    parser.add_argument("subject")
    parser.add_argument("--as-of", type=date.fromisoformat, default=date(2026, 11, 20))
    arguments = parser.parse_args()
    settings = get_settings()
    context = pipeline.Context.create(EnvironmentConnections(settings), settings)
    with context.engine.connect() as db:
        db.execute(sa.text("SELECT 1"))
    if arguments.step in ("stage", "validate"):
        load_gx()  # as in the nightly run, whose tasks are forked from a process that has imported it
    imported = _peak_mib()
    own = _OwnMemory()
    started, cpu = time.monotonic(), time.process_time()
    result: object = ""
    seconds = None
    if arguments.step == "land":
        result = land(context, Path(arguments.subject), arguments.as_of)
    elif arguments.step == "stage_unjudged":
        stage_unjudged(context, arguments.subject)
    elif arguments.step.startswith("copy_"):
        seconds = globals()[arguments.step](context, arguments.subject)
    else:
        result = getattr(pipeline, arguments.step)(arguments.subject, context).counts
    seconds = seconds if seconds is not None else time.monotonic() - started
    cpu = time.process_time() - cpu
    own.stop()
    peak = _peak_mib()
    print(
        json.dumps(
            {
                "seconds": round(seconds, 2),
                "cpu_seconds": round(cpu, 2),
                "peak_mib": round(peak),
                "own_mib": round(own.peak_mib),
                "imported_mib": round(imported),
                "result": result,
            }
        )
    )


if __name__ == "__main__":
    main()
