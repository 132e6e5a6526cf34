"""`make bench`: how fast dossiers reach the star, against a plain COPY of the same rows.

In: sizes in millions (default 0.5 1 2 4). Out: a table on the terminal and `var/bench/results.json`:
seconds, rows a second and peak client memory of each stage, for a first night and for a second one
(the whole set again, 5 % changed, 1 % new), from landed Parquet and from the raw JSON pages. The
ratio is to a COPY of the landed records; beside it stands the ratio to a COPY of the rows when they
are already conformed, typed and without their nested lists, which is less work.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from kho import pipeline
from kho.connections import EnvironmentConnections
from kho.night.sources import close_sources, open_sources
from kho.server import mariadb, postgres
from kho.settings import Settings, get_settings
from tests.benchmarks import (
    board,
    history,
    indicators,
    judging,
    nights,
    questions,
    read_sql,
    rules_at_scale,
    snapshot,
)
from tests.benchmarks.dossier_pages import write_pages
from tests.benchmarks.step import run_step

NIGHTS = (date(2026, 11, 20), date(2026, 11, 21))
MASTER_DATA = ("administrative_units", "agencies", "procedures")
LIMITS = {"parquet": 3.0, "json": 6.0, "peak_mib": 700}


OTHERS = {
    "read_sql": read_sql.main,
    "snapshot": snapshot.main,
    "mutations": rules_at_scale.mutations,
    "agreement": rules_at_scale.agreement,
    "judging": judging.main,
    "indicators": indicators.main,
    "questions": questions.main,
    "board": board.main,
    "nights": nights.main,
    "history": history.main,
}
"""Benchmarks of their own: `make bench ARGS=snapshot`."""


def main() -> None:
    """Measure every size given on the command line, or what else is named there."""
    if sys.argv[1:] and sys.argv[1] in OTHERS:
        OTHERS[sys.argv[1]](sys.argv[2:])
        return
    sizes = [float(argument) for argument in sys.argv[1:]] or [0.5, 1, 2, 4]
    home = get_settings().home / "bench"
    home.mkdir(parents=True, exist_ok=True)
    results = []
    for millions in sizes:
        results += _measure(home / f"{millions:g}m", int(millions * 1_000_000))
        (home / "results.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
    _print(results)


def _measure(home: Path, rows: int) -> list[dict[str, Any]]:
    shutil.rmtree(home / "raw", ignore_errors=True)
    environment = os.environ | {"KHO_HOME": str(home)}
    settings = Settings.from_environment(environment)
    context = pipeline.Context.create(EnvironmentConnections(settings), settings)
    results = []
    try:
        load_master_data(settings, context)
        for night, as_of in enumerate(NIGHTS, 1):
            pages = home / f"pages-{night}"
            sent = write_pages(pages, rows, night, *master_codes(settings))
            steps = {"land": run_step(environment, "land", str(pages), as_of)}
            shutil.rmtree(pages)
            batch = steps["land"]["result"]
            steps["stage"] = run_step(environment, "stage", batch, as_of)
            for name in ("copy_landed", "copy_staged"):
                steps[name] = run_step(environment, name, batch, as_of)
            for name in ("validate", "load"):
                steps[name] = run_step(environment, name, batch, as_of)
            results.append(_summary(rows, night, sent, steps))
    finally:
        context.engine.dispose()
        postgres.stop(settings)
        shutil.rmtree(home, ignore_errors=True)
    return results


def load_master_data(settings: Settings, context: pipeline.Context) -> None:
    """What dossiers look their keys up in, from a small sandbox, which is stopped before anything is measured."""
    open_sources(settings, as_of=NIGHTS[0], size=1000)
    try:
        for dataset in MASTER_DATA:
            pipeline.run_dataset(dataset, NIGHTS[0], context)
    finally:
        close_sources(settings)
        mariadb.stop(settings)


def master_codes(settings: Settings) -> tuple[list[str], list[str], list[str]]:
    def column(stem: str, name: str) -> list[str]:
        with (settings.reference_dir / f"{stem}.csv").open(encoding="utf-8") as file:
            return [row[name] for row in csv.DictReader(file)]

    communes = [code for code in column("agencies", "administrative_unit_code") if len(code) == 5]
    return column("agencies", "agency_code"), column("procedures", "procedure_code"), communes


def _summary(rows: int, night: int, sent: int, steps: dict[str, Any]) -> dict[str, Any]:
    parquet = sum(steps[name]["seconds"] for name in ("stage", "validate", "load"))
    json_path = parquet + steps["land"]["seconds"]
    landed, staged = steps["copy_landed"]["seconds"], steps["copy_staged"]["seconds"]
    work = ("land", "stage", "validate", "load")
    return {
        "rows": rows,
        "night": night,
        "sent": sent,
        "copy_landed_seconds": landed,
        "copy_staged_seconds": staged,
        **{f"{name}_seconds": steps[name]["seconds"] for name in work},
        **{f"{name}_mib": steps[name]["peak_mib"] for name in work},
        "parquet_ratio": round(parquet / landed, 2),
        "json_ratio": round(json_path / landed, 2),
        "parquet_ratio_staged": round(parquet / staged, 2),
        "json_ratio_staged": round(json_path / staged, 2),
        "parquet_rows_per_second": round(sent / parquet),
        "json_rows_per_second": round(sent / json_path),
        "peak_mib": max(steps[name]["peak_mib"] for name in work),
    }


def _print(results: list[dict[str, Any]]) -> None:
    table = Table(title="dossiers to fact_dossier and quarantine, against one COPY stream of the same rows")
    heads = ("rows", "night", "COPY landed", "COPY staged", "land", "stage", "validate", "load")
    for name in (*heads, "from Parquet", "from JSON", "(to staged)", "rows/s (JSON)", "peak MiB"):
        table.add_column(name, justify="right")
    for r in results:
        names = ("copy_landed", "copy_staged", "land", "stage", "validate", "load")
        table.add_row(
            f"{r['sent']:,}",
            str(r["night"]),
            *[f"{r[f'{name}_seconds']:.1f} s" for name in names],
            _against(r["parquet_ratio"], LIMITS["parquet"]),
            _against(r["json_ratio"], LIMITS["json"]),
            f"{r['parquet_ratio_staged']:.2f}x / {r['json_ratio_staged']:.2f}x",
            f"{r['json_rows_per_second']:,}",
            f"{r['peak_mib']} / {LIMITS['peak_mib']}",
        )
    Console(width=190).print(table)


def _against(ratio: float, limit: float) -> str:
    return f"{ratio:.2f}x (<= {limit:g}) {'ok' if ratio <= limit else 'OVER'}"


if __name__ == "__main__":
    main()
