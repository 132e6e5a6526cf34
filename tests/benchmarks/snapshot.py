"""`make bench ARGS=snapshot`: what changed in a large table without a change date, against reading it once.

In: rows in millions (default 3). Out: a table on the terminal and `var/bench/snapshot.json`. A table of land parcels
of fourteen columns on PostgreSQL is landed whole; then 1 % of it changes (0.8 % other, 0.1 % gone, 0.1 % new)
and the next night is landed. The yardstick is the same driver reading the table once: psycopg2's `copy_expert`,
whose CSV goes nowhere and is not parsed. Each night runs in a process of its own; peak memory is that process's.
The yardstick is taken before and after, and the mean of both counts.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from kho.extract.sql import extract_sql
from kho.server import postgres
from kho.settings import get_settings
from tests.benchmarks import agency_tables as tables
from tests.benchmarks.read_sql import copy_nowhere
from tests.integration.agency import Agency, postgres_agency
from tests.integration.embedded import temporary_home

LIMITS = {"ratio": 2.5, "peak_mib": 500}
NIGHTS = (date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 22))


def main(arguments: list[str]) -> None:
    """Measure; with the name of a work, do it and print what it took."""
    if arguments and arguments[0] == "land":
        _land(json.loads(arguments[1]))
        return
    rows = int(float(arguments[0] if arguments else 3) * 1_000_000)
    with temporary_home() as settings:
        server = postgres.ensure_running(settings)
        postgres.ensure_database(server, "bench")
        agency = tables.parcels(server, rows)
        raw = settings.home / "raw"
        reading = [_seconds_of_reading(agency)]
        nights = [_night(agency, raw, NIGHTS[0], None)]
        tables.change_parcels(agency, rows)
        nights.append(_night(agency, raw, NIGHTS[1], nights[0]["batch"]))
        nights.append(_night(agency, raw, NIGHTS[2], nights[1]["batch"]))
        reading.append(_seconds_of_reading(agency))
    _report(rows, sum(reading) / len(reading), nights)


def _seconds_of_reading(agency: Agency) -> float:
    started = time.monotonic()
    copy_nowhere(agency, "thua_dat")
    return time.monotonic() - started


def _night(agency: Agency, raw: Path, night: date, base: str | None) -> dict[str, Any]:
    how = {"admin": agency.admin, "raw": str(raw), "night": night.isoformat(), "base": base}
    command = [sys.executable, "-m", "tests.benchmarks.snapshot", "land", json.dumps(how)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    print(result, flush=True)
    return result


def _land(how: dict[str, Any]) -> None:
    agency = postgres_agency(how["admin"])
    contract = tables.parcel_contract()
    night, raw = date.fromisoformat(how["night"]), Path(how["raw"])
    started = time.monotonic()
    manifest = extract_sql(
        contract, tables.source_of(contract), agency.connection, night, None, raw, how["base"]
    )
    seconds = time.monotonic() - started
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    unchanged = manifest.batch_id == how["base"]
    print(
        json.dumps(
            {
                "batch": manifest.batch_id,
                "landed": 0 if unchanged else manifest.fetched,
                "seconds": round(seconds, 2),
                "peak_mib": round(int(peak[1]) / 1024) if peak else 0,
            }
        )
    )


def _report(rows: int, reading: float, nights: list[dict[str, Any]]) -> None:
    table = Table(title=f"{rows:,} land parcels; reading them once takes {reading:.2f} s")
    for name in ("night", "landed", "seconds", "against reading once", "peak MiB"):
        table.add_column(name, justify="right")
    names = ("first, all rows", "1 % changed", "nothing changed")
    for name, night in zip(names, nights, strict=True):
        night |= {"night": name, "rows": rows, "reading": round(reading, 2)}
        night["ratio"] = round(night["seconds"] / reading, 2)
        late, fat = night["ratio"] >= LIMITS["ratio"], night["peak_mib"] >= LIMITS["peak_mib"]
        table.add_row(
            name,
            f"{night['landed']:,}",
            f"{night['seconds']:.1f}",
            f"{night['ratio']:.2f}x (< {LIMITS['ratio']}) {'OVER' if late else 'ok'}",
            f"{night['peak_mib']} (< {LIMITS['peak_mib']}) {'OVER' if fat else 'ok'}",
        )
    Console(width=120).print(table)
    folder = get_settings().home / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "snapshot.json").write_text(json.dumps(nights, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
