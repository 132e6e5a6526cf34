"""What leaves its reference file is marked with the night, stays in the star, and comes back with the file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from kho import pipeline
from kho.errors import GateClosed
from kho.quality.invariants import check_invariants
from kho.sql_files import run_file

from .night import EPOCH
from .reorganised import Units

MEMBERS = {
    "plan_tasks": ("dim_plan_task", "task_code"),
    "indicators": ("dim_indicator", "indicator_code"),
    "investment_projects": ("dim_investment_project", "project_code"),
    "commune_form_lines": ("dim_commune_form_line", "line_code"),
}


@pytest.fixture
def units(empty_warehouse: tuple, monkeypatch: pytest.MonkeyPatch) -> Iterator[Units]:
    """A warehouse of its own, and reference files that may be changed."""
    settings, server, engine = empty_warehouse
    engine.dispose()
    made = Units.create(settings, server, "empty")
    monkeypatch.setattr("kho.settings.get_settings", lambda: made.context.settings)
    yield made
    made.context.engine.dispose()


def night(number: int) -> date:
    return EPOCH + timedelta(days=number)


def run(units: Units, dataset: str, number: int) -> str:
    return pipeline.run_dataset(dataset, night(number), units.context)[-1].outcome


def cut(units: Units, dataset: str, keep: slice) -> list[str]:
    """Leave only some lines in the file; returns the codes of the others."""
    path: Path = units.context.settings.reference_dir / f"{dataset}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    left = lines[keep]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *left])
    place = header.index(MEMBERS[dataset][1])
    return [line[place] for line in lines if line not in left]


def retired(units: Units, dataset: str) -> list[tuple[Any, ...]]:
    table, code = MEMBERS[dataset]
    return units.rows(f"SELECT {code}, retired_on FROM dw.{table} WHERE retired_on IS NOT NULL ORDER BY 1")


@pytest.mark.parametrize("dataset", MEMBERS)
def test_what_leaves_its_file_is_marked_and_comes_back_with_it(units: Units, dataset: str) -> None:
    path: Path = units.context.settings.reference_dir / f"{dataset}.csv"
    whole = path.read_bytes()
    assert run(units, dataset, 0) == "loaded"
    assert retired(units, dataset) == []
    table, code = MEMBERS[dataset]
    members = units.rows(f"SELECT * FROM dw.{table} ORDER BY {code}")
    [gone] = cut(units, dataset, slice(-1))
    assert run(units, dataset, 1) == "loaded"
    assert retired(units, dataset) == [(gone, night(1))]
    assert run(units, dataset, 2) == "unchanged"
    assert retired(units, dataset) == [(gone, night(1))]
    with units.context.engine.connect() as db:
        assert [one for one in check_invariants(db) if one.broken] == []
    pipeline.rebuild(dataset, units.context, by="Lê C", reason="thử")
    assert units.rows("SELECT outcome FROM meta.rebuild") == [("unchanged",)]
    path.write_bytes(whole)
    assert run(units, dataset, 3) == "loaded"
    assert retired(units, dataset) == []
    # The same row all the while: whatever points to it still does.
    names = [row[0] for row in units.rows(f"SELECT {code} FROM dw.{table}")]
    assert len(names) == len(set(names)) == len(members)
    keys = {row[0] for row in members}
    assert {row[0] for row in units.rows(f"SELECT * FROM dw.{table}")} == keys


def test_a_file_that_lost_half_of_its_lines_waits_for_a_person(units: Units) -> None:
    run(units, "plan_tasks", 0)
    gone = cut(units, "plan_tasks", slice(30))
    assert len(gone) == 30
    with pytest.raises(GateClosed, match=r"30 of 60 records are no longer at the source \(50.0%\)"):
        run(units, "plan_tasks", 1)
    assert retired(units, "plan_tasks") == []


def test_a_member_that_only_data_has_named_has_left_no_file(units: Units) -> None:
    with units.context.engine.begin() as db:
        db.execute(
            sa.text(
                "INSERT INTO dw.dim_indicator (indicator_code, name_vi, is_inferred) VALUES ('X-1', 'Chưa rõ', TRUE)"
            )
        )
    run(units, "indicators", 0)
    assert retired(units, "indicators") == []


def test_a_task_that_has_left_its_plan_is_nobody_s_and_is_shown_as_such(units: Units) -> None:
    run(units, "plan_tasks", 0)
    with units.context.engine.begin() as db:
        db.exec_driver_sql("UPDATE dw.dim_plan_task SET deadline_date = '2026-01-31' WHERE task_key > 0")
    [gone] = cut(units, "plan_tasks", slice(-1))

    def tasks() -> tuple[int, int]:
        with units.context.engine.begin() as db:
            counted = run_file(db, "report/task_counts.sql", as_of=night(9)).all()
            overdue = run_file(db, "report/overdue_tasks.sql", as_of=night(9)).all()
            run_file(db, "indicators/refresh_marts.sql")
        return sum(row.tasks for row in counted), len(overdue)

    before, overdue = tasks()
    assert before == overdue >= 60
    run(units, "plan_tasks", 1)
    assert tasks()[0] == before - 1
    assert gone not in {
        row[0] for row in units.rows("SELECT task_code FROM mart.task_state WHERE is_overdue")
    }
    for mart in ("plan_task", "task_state"):
        assert units.rows(f"SELECT task_code, retired_on FROM mart.{mart} WHERE retired_on IS NOT NULL") == [
            (gone, night(1))
        ]
