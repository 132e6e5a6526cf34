"""`make bench ARGS="nights 90 300 60"`: nights of all datasets, one after the other, against one full rebuild.

In: how many nights (default 90), how many dossiers the sandbox begins with (default 300), after how many minutes no
night begins any more (default 600). Out: a table on
the terminal and `var/bench/nights.json`: what the nights took, what rebuilding each dataset from the raw zone
took and how many rows differed, and whether a second warehouse, into which the raw zone was loaded a dataset at
a time, holds the same star row for row. Exit status 1 if anything differs.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from kho import pipeline
from kho.errors import KhoError
from kho.settings import get_settings
from tests.integration.again import load_again
from tests.integration.comparable import whole_star
from tests.integration.night import EPOCH, Province, a_sandbox, in_order, new_province


def main(arguments: list[str]) -> None:
    """Run the nights, then rebuild."""
    nights, size, minutes = (int(value) for value in (*arguments, *("90", "300", "600")[len(arguments) :]))
    out = Console(width=160)
    with a_sandbox(size) as (settings, server, sandbox):
        first = new_province(settings, server, sandbox)
        found: dict[str, Any] = {"nights": 0, "size": size, "outcomes": {}}
        started = time.monotonic()
        while found["nights"] < nights and time.monotonic() - started < 60 * minutes:
            _night(first, found["nights"], found["outcomes"])
            found["nights"] += 1
        found["night_seconds"] = round((time.monotonic() - started) / found["nights"], 1)
        found["rebuilt"] = [
            result.as_dict()
            for result in pipeline.rebuild(None, first.context, by="bench", reason="bench", check=True)
        ]
        second = new_province(settings, server, sandbox)
        started = time.monotonic()
        found["batches"] = load_again(first.context, second.context)
        found["second_seconds"] = round(time.monotonic() - started, 1)
        mine, other = whole_star(first.context), whole_star(second.context)
        found["rows"] = sum(map(len, mine.values()))
        found["differ"] = {
            name: {
                "first only": sorted(set(mine[name]) - set(other[name]))[:5],
                "second only": sorted(set(other[name]) - set(mine[name]))[:5],
            }
            for name in mine
            if mine[name] != other[name]
        }
        found["invariants"] = {one.name: one.broken for one in _invariants(first) if one.broken}
    path = get_settings().home / "bench" / "nights.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False), encoding="utf-8")
    _print(out, found)
    if found["differ"] or any(one["counts"]["differed"] for one in found["rebuilt"]):
        sys.exit(1)


def _night(province: Province, number: int, outcomes: dict[str, int]) -> None:
    as_of = EPOCH + timedelta(days=number)
    province.set_clock(as_of)
    for dataset in in_order():
        try:
            outcome = province.run(dataset, as_of)[-1].outcome
        except KhoError as error:
            outcome = type(error).__name__
        outcomes[outcome] = outcomes.get(outcome, 0) + 1


def _invariants(province: Province) -> Any:
    with province.context.engine.begin() as db:
        db.exec_driver_sql("REFRESH MATERIALIZED VIEW dw.unit_measure")
    return pipeline.check_star(province.context)


def _print(out: Console, found: dict[str, Any]) -> None:
    table = Table(title=f"{found['nights']} nights of all datasets against the raw zone")
    for name in ("dataset", "batches", "rows that differ", "seconds"):
        table.add_column(name, justify="left" if name == "dataset" else "right")
    for one in found["rebuilt"]:
        table.add_row(
            one["dataset"],
            str(one["counts"]["batches"]),
            str(one["counts"]["differed"]),
            f"{one['seconds']:.1f}",
        )
    out.print(table)
    out.print(f"outcomes: {found['outcomes']}; {found['night_seconds']} s a night")
    out.print(
        f"a second warehouse from {found['batches']} batches in {found['second_seconds']} s: {found['rows']:,} rows, "
        f"differing tables: {', '.join(found['differ']) or 'none'}; broken invariants: {found['invariants'] or 'none'}"
    )
