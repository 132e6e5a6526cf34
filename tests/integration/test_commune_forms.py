"""The communes' monthly forms from the drop folder to the star, night after night."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from rich.console import Console

from kho import pipeline
from kho.cli.quarantine_text import print_files
from kho.connections import Connection
from kho.extract.files.refusal import for_sender
from kho.pipeline import Context, StepResult
from kho.quality.deadlines import load_deadlines
from kho.quality.rejected_files import list_rejected_files
from kho.report import write_quality_report
from kho.sandbox.manifest import build_manifest
from kho.sandbox.reference import load_reference
from kho.sandbox.sources.commune_socioeconomic_forms import SOURCE
from kho.sandbox.sources.commune_socioeconomic_forms.files import file_name
from kho.sandbox.world import World
from kho.server import warehouse
from tests.integration.embedded import EMPTY, copy_database, temporary_home, throwaway_server
from tests.integration.planted import open_cases, planted_defects

DATASET = "commune_socioeconomic_forms"
EPOCH = date(2026, 11, 20)
STEP = timedelta(days=10)
LATER = EPOCH + timedelta(days=21)


@dataclass
class Communes:
    """A drop folder, a warehouse, and the sandbox's truth about both."""

    context: Context
    folder: Path
    world: World = field(default_factory=lambda: World(51, 70_000, EPOCH, 3.0, sources=[SOURCE]))

    def get(self, name: str) -> Connection:
        return Connection(name, "file", extra={"path": str(self.folder)})

    def drop(self, night: date) -> Any:
        view = self.world.on(night).view(DATASET)
        SOURCE.served.write(view, night, self.folder)  # type: ignore[union-attr]
        return view

    def run(self, night: date, dataset: str = DATASET) -> list[StepResult]:
        return pipeline.run_dataset(dataset, night, self.context)

    def rows(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        with self.context.engine.connect() as db:
            return [tuple(row) for row in db.execute(sa.text(query), parameters)]

    def current(self) -> list[tuple[Any, ...]]:
        return self.rows(
            "SELECT commune_code, period_code, line_code, month_value, month_missing_reason, year_value, "
            "plan_value FROM mart.commune_form_value ORDER BY 1, 2, 3"
        )


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with temporary_home() as settings:
        yield settings, throwaway_server(settings)


def _communes(server: Any, name: str) -> Communes:
    settings, running = server
    copy_database(running, EMPTY, name)
    url = running.url(name).render_as_string(hide_password=False)
    own = replace(settings, home=settings.home / name, warehouse_url=url)
    folder = own.home / "drop"
    folder.mkdir(parents=True)
    communes = Communes(Context(warehouse.open_warehouse(own), None, own), folder)  # type: ignore[arg-type]
    communes.context = replace(communes.context, connections=communes)
    for dataset in ("administrative_units", "commune_form_lines"):
        communes.run(EPOCH, dataset)
    with communes.context.engine.begin() as db:
        # The catalogue comes from the platform, which is not part of this test.
        known = [
            {"code": agency.code, "name": agency.name, "kind": agency.kind, "unit": agency.commune_code}
            for agency in load_reference().agencies
        ]
        insert = "INSERT INTO dw.dim_agency (agency_code, name_vi, agency_type, administrative_unit_code) "
        db.execute(sa.text(f"{insert} VALUES (:code, :name, :kind, :unit)"), known)
    return communes


@pytest.fixture(scope="module")
def first_night(server: Any) -> Communes:
    communes = _communes(server, "forms_first")
    communes.drop(EPOCH)
    assert communes.run(EPOCH)[-1].outcome == "loaded"
    return communes


def _quarantine_is_the_manifest(communes: Communes, night: date) -> None:
    manifest = build_manifest(DATASET, night, communes.world.on(night).view(DATASET))
    expected = planted_defects(manifest)
    assert open_cases(communes.context.engine, DATASET) == expected
    assert len(expected) > 10


def test_the_quarantine_is_the_manifest(first_night: Communes) -> None:
    _quarantine_is_the_manifest(first_night, EPOCH)


def test_every_quarantined_row_names_file_sheet_and_cell(first_night: Communes) -> None:
    places = first_night.rows(
        "SELECT raw ->> '_file', raw ->> '_sheet', raw ->> '_cell' FROM dq.quarantine WHERE dataset = :d",
        d=DATASET,
    )
    assert places
    for file, sheet, cell in places:
        assert (first_night.folder / file).is_file()
        assert sheet == ("" if file.endswith(".csv") else "Biểu 01") or (
            sheet is None and file.endswith(".csv")
        )
        assert cell.startswith("F")


def test_refused_files_wait_for_their_senders(first_night: Communes) -> None:
    view = first_night.world.on(EPOCH).view(DATASET)
    planted = {
        file_name(form, version, view.rows_of(form, version)): version.refused
        for form, version in view.refused()
    }  # type: ignore[attr-defined]
    found = {
        path: (reason, title)
        for path, reason, title in first_night.rows(
            "SELECT path, reason, title_vi FROM dq.rejected_file WHERE dataset = :d AND status = 'open'",
            d=DATASET,
        )
    }
    assert found == {path: (reason, for_sender(str(reason))[0]) for path, reason in planted.items()}
    assert len(set(planted.values())) == 5
    count, files = list_rejected_files(first_night.context.engine, dataset=DATASET, limit=3)
    assert {file.due_on for file in files} == {load_deadlines().due_on("critical", EPOCH)}
    assert (count, len(files)) == (len(planted), 3)
    console = Console(record=True, width=200)
    print_files(console, count, files)
    printed = console.export_text()
    assert all(file.path in printed and file.message in printed and file.remedy in printed for file in files)


def test_the_report_names_refused_files_and_their_senders(first_night: Communes) -> None:
    context = first_night.context
    path = write_quality_report(context.engine, EPOCH, context.settings)
    html = path.read_text(encoding="utf-8")
    ((refused, sender, title),) = first_night.rows(
        "SELECT r.path, a.name_vi, r.title_vi FROM dq.rejected_file AS r "
        "JOIN dw.dim_agency AS a ON r.submitter = a.administrative_unit_code AND a.is_current "
        "AND a.agency_type = 'commune' WHERE r.dataset = :d AND r.status = 'open' ORDER BY r.first_seen_on, r.path LIMIT 1",
        d=DATASET,
    )
    assert "Tệp chưa đọc được" in html
    due = f"{load_deadlines().due_on('critical', EPOCH):%d/%m/%Y}"
    assert [text for text in (refused, sender, title, "Hạn gửi lại", due) if text not in html] == []


def test_the_counts_balance_and_name_the_refused_files(first_night: Communes) -> None:
    ((declared, fetched, duplicates, quarantined, accepted, loaded),) = first_night.rows(
        "SELECT declared, fetched, duplicates, quarantined, accepted, loaded FROM dq.reconciliation "
        "WHERE dataset = :d AND balanced",
        d=DATASET,
    )
    assert declared == fetched == duplicates + quarantined + accepted
    assert duplicates > 0
    assert loaded == accepted > 1_000


def test_amounts_are_in_dong_and_markers_have_a_meaning(first_night: Communes) -> None:
    values = {(c, p, line): (v, why) for c, p, line, v, why, *_ in first_night.current()}
    view = first_night.world.on(EPOCH).view(DATASET)
    for row in view.page(0, 99_999, 0, 100_000).rows:
        value, why = values.get(
            (row["commune_code"], row["period_code"], row["line_code"]), (None, "not in the star")
        )
        if row["month"] in ("…", "chưa có"):
            assert (value, why) == (None, "not_yet_reported")
        elif row["month"] == "không rõ":
            assert (value, why) == (None, "unknown")
        elif row["line_code"] == "NS01" and why is None:
            assert float(value) == pytest.approx(row["month"] * 1_000_000)


def test_twice_in_one_night_changes_nothing(first_night: Communes) -> None:
    before = first_night.rows("SELECT * FROM dw.fact_commune_form_value ORDER BY 1, 2, 3, 4, 5")
    assert first_night.run(EPOCH)[-1].outcome == "unchanged"
    assert first_night.rows("SELECT * FROM dw.fact_commune_form_value ORDER BY 1, 2, 3, 4, 5") == before


def test_nights_in_a_row_end_where_one_catch_up_ends(server: Any) -> None:
    nightly, late = _communes(server, "forms_nightly"), _communes(server, "forms_late")
    night = EPOCH - timedelta(days=20)
    while night <= LATER:
        nightly.drop(night)
        nightly.run(night)
        night += STEP
    night -= STEP
    late.drop(night)
    late.run(night)
    assert nightly.current() == late.current()
    for communes in (nightly, late):
        _quarantine_is_the_manifest(communes, night)
    _what_was_mended_is_closed(nightly)
    _older_versions_stay(nightly)


def _what_was_mended_is_closed(communes: Communes) -> None:
    closed = "SELECT count(*) FROM {} WHERE status = 'resolved' AND resolved_batch_id <> batch_id"
    ((rows,),) = communes.rows(closed.format("dq.quarantine"))
    ((files,),) = communes.rows(closed.format("dq.rejected_file"))
    assert rows > 0
    assert files > 0


def _older_versions_stay(communes: Communes) -> None:
    ((wrong,),) = communes.rows(
        "SELECT count(*) FROM (SELECT count(*) FILTER (WHERE is_current) AS current, "
        "count(*) AS versions, max(revision_number) AS last FROM dw.fact_commune_form_value "
        "GROUP BY unit_key, period_code, line_key) AS v WHERE current <> 1 OR last <> versions - 1"
    )
    ((revised,),) = communes.rows("SELECT count(*) FROM dw.fact_commune_form_value WHERE NOT is_current")
    assert wrong == 0
    assert revised > 0
    ((same,),) = communes.rows("SELECT count(*) FROM meta.received_file WHERE status = 'same'")
    assert same > 0
    ((last, missing),) = communes.rows(
        "SELECT count(*) FILTER (WHERE status = 'read'), count(*) FILTER (WHERE status <> 'read') "
        "FROM dq.form_submission"
    )
    assert last > missing > 0
