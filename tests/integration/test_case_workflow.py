"""Deadlines, waivers that end, and the masked view of the quarantine: a few cases whose days are counted by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from kho import pipeline
from kho.cli import main as cli
from kho.cli import quarantine as quarantine_cli
from kho.contracts import load_contract, load_contracts
from kho.errors import ConfigurationError
from kho.load.load import settle_quarantine
from kho.pipeline import Context
from kho.quality import classifications
from kho.quality.case_calendar import list_backlogs, turn_cases
from kho.quality.deadlines import deadlines_path, load_deadlines
from kho.quality.quarantine import MASK, list_cases, show_case, waive_case
from kho.raw_zone.manifest import Manifest
from kho.settings import Settings
from kho.sql_files import run_file

from .cases import CITIZEN, DOSSIERS, FIRST, HEALTH, a_case, case_engine, case_warehouse  # noqa: F401


def turn(engine: sa.Engine, as_of: date) -> tuple[int, int]:
    with engine.begin() as db:
        turned = turn_cases(db, as_of)
    return turned.reopened, turned.expired


def state(engine: sa.Engine, number: int) -> str:
    return show_case(engine, number).case.state


# Deadlines.


def test_a_case_expires_on_the_night_after_its_deadline_and_only_once(engine: sa.Engine) -> None:
    number = a_case(engine)
    assert turn(engine, date(2026, 11, 30)) == (0, 0)
    case = show_case(engine, number).case
    assert (case.due_on, case.state) == (date(2026, 11, 30), "open")
    assert turn(engine, date(2026, 12, 1)) == (0, 1)
    assert turn(engine, date(2026, 12, 1)) == (0, 0)
    assert turn(engine, date(2026, 12, 5)) == (0, 0)
    file = show_case(engine, number)
    assert (file.case.status, file.case.state) == ("open", "expired")
    assert [(e.event, e.happened_on, e.until) for e in file.events] == [
        ("expired", date(2026, 12, 1), date(2026, 11, 30))
    ]
    assert list_cases(engine, status="expired")[0] == list_cases(engine, status="open")[0] == 1


def test_a_deadline_skips_the_days_of_tet(engine: sa.Engine) -> None:
    """Seen on Friday 13 February 2026; offices are closed from the 16th to the 20th."""
    number = a_case(engine, seen=date(2026, 2, 13))
    turn(engine, date(2026, 2, 13))
    assert show_case(engine, number).case.due_on == date(2026, 2, 27)


def test_a_deadline_that_is_fixed_stays(engine: sa.Engine) -> None:
    number = a_case(engine, due=FIRST + timedelta(days=40))
    assert turn(engine, FIRST + timedelta(days=40)) == (0, 0)
    assert show_case(engine, number).case.due_on == FIRST + timedelta(days=40)


def test_the_backlog_is_told_by_agency_and_deadline(engine: sa.Engine) -> None:
    a_case(engine, "H48.1", due=date(2026, 11, 19))
    a_case(engine, "H48.2", due=date(2026, 11, 24))
    a_case(engine, "H48.3", due=date(2026, 12, 24))
    a_case(engine, "H48.4", due=date(2026, 12, 24), agency=CITIZEN)
    (known, nobody) = list_backlogs(engine, FIRST)
    assert (known.agency_code, known.open_cases, known.expired, known.due_soon) == (HEALTH, 3, 1, 1)
    assert (nobody.agency_code, nobody.open_cases, nobody.first_due_on) == ("", 1, date(2026, 12, 24))
    assert list_backlogs(engine, FIRST, agency="000.00.99.H48") == ()


def test_the_star_step_turns_the_calendar(engine: sa.Engine, tmp_path: Path) -> None:
    number = a_case(engine)
    no_source: Any = None
    result = pipeline.build_star(date(2026, 12, 1), Context(engine, no_source, Settings(home=tmp_path)))
    assert "1 cases have passed their deadline" in result.message
    assert state(engine, number) == "expired"


# Waivers.


def test_a_waiver_ends_by_itself_and_says_so(engine: sa.Engine) -> None:
    number = a_case(engine)
    assert waive_case(engine, number, "Trần B", "chờ sáp nhập", FIRST + timedelta(days=3), FIRST) == date(
        2026, 11, 23
    )
    assert turn(engine, date(2026, 11, 23)) == (0, 0)
    assert state(engine, number) == "waived"
    assert turn(engine, date(2026, 11, 24)) == (1, 0)
    assert turn(engine, date(2026, 11, 24)) == (0, 0)
    file = show_case(engine, number)
    assert (file.case.state, file.case.reopened_on, file.waived_by) == ("open", date(2026, 11, 24), None)
    assert [(e.event, e.by_whom, e.until) for e in file.events] == [
        ("waived", "Trần B", date(2026, 11, 23)),
        ("waiver_ended", "Trần B", date(2026, 11, 23)),
    ]
    # The deadline is the one of the first day: a waiver does not move it.
    assert turn(engine, date(2026, 12, 1)) == (0, 1)


def test_a_waived_case_does_not_expire(engine: sa.Engine) -> None:
    number = a_case(engine)
    waive_case(engine, number, "Trần B", "đã đối chiếu", FIRST + timedelta(days=60), FIRST)
    assert turn(engine, FIRST + timedelta(days=30)) == (0, 0)
    assert turn(engine, FIRST + timedelta(days=61)) == (1, 1)


@pytest.mark.parametrize("days", [-1, 367])
def test_a_waiver_neither_ends_yesterday_nor_lasts_forever(engine: sa.Engine, days: int) -> None:
    number = a_case(engine)
    with pytest.raises(ConfigurationError, match="a waiver ends"):
        waive_case(engine, number, "Trần B", "vì", FIRST + timedelta(days=days), FIRST)
    assert state(engine, number) == "open"


def test_a_waiver_without_a_day_lasts_as_long_as_the_configuration_says(engine: sa.Engine) -> None:
    number = a_case(engine)
    assert waive_case(engine, number, "Trần B", "vì", today=FIRST) == FIRST + timedelta(days=90)


# Configuration.


def test_a_wrong_deadline_names_file_and_line(tmp_path: Path) -> None:
    text = deadlines_path().read_text(encoding="utf-8")
    assert load_deadlines().working_days.of("info") == 15
    for old, new, said in (
        ("critical: 5", "critical: soon", "working_days.critical"),
        ("warning: 10", "warnign: 10", "warnign"),
        ("default_days: 90", "default_days: 900", "most_days"),
    ):
        path = tmp_path / "deadlines.yaml"
        path.write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(ConfigurationError, match=said) as caught:
            load_deadlines(path)
        line = text[: text.index(old)].count("\n") + 1
        assert caught.value.where == f"{tmp_path.name}/deadlines.yaml:{line}"
        path.unlink()


# The masked view.

SECRETS = {
    "personal field": {"ChuHoSo": "Nguyễn Văn Bí"},
    "personal number": {"SoDinhDanh": CITIZEN},
    "field no contract knows": {"GhiChuMoi": "Nguyễn Văn Bí"},
    "name of a field": {"Nguyễn Văn Bí": 1},
    "nested list": {"TaiLieuNop": [{"Ten": "Nguyễn Văn Bí"}]},
    "nested key": {"TaiLieuNop": {"Nguyễn Văn Bí": {"a": [1, {"b": CITIZEN}]}}},
    "list as text": {"TaiLieuNop": '[{"Ten": "Nguyễn Văn Bí"}]'},
    "list as text, cut short": {"DanhSachLePhi": ' \n\u0007{"Nguyễn Văn Bí": '},
    "citizen id in a public field": {"MaTTHC": CITIZEN},
    "citizen id inside a text": {"TenTTHC": f"cấp lại cho {CITIZEN}."},
    "citizen id in groups": {"TenTTHC": "051 085 001 234"},
    "citizen id as a number's text": {"MaSoThue": CITIZEN},
    "e-mail": {"MaLinhVuc": "nguyen.van.bi@example.vn"},
}
LEAKS = ("Nguyễn Văn Bí", CITIZEN, "051 085 001 234", "nguyen.van.bi")


@pytest.mark.parametrize("raw", [pytest.param(raw, id=name) for name, raw in SECRETS.items()])
def test_nothing_personal_comes_out(engine: sa.Engine, raw: dict[str, Any]) -> None:
    number = a_case(engine, raw={"MaHoSo": "H48.1", "HinhThuc": 1} | raw)
    with engine.connect() as db:
        row = db.execute(sa.text("SELECT v.*, v.raw AS record FROM dq.quarantine_masked AS v")).one()
    assert not any(leak in str(row) for leak in LEAKS)
    assert (row.record["MaHoSo"], row.record["HinhThuc"]) == ("H48.1", 1)
    assert show_case(engine, number).raw == row.record


def test_a_record_keeps_what_may_be_seen(engine: sa.Engine) -> None:
    raw = {
        "MaHoSo": "000.00.02.H48-261001-0000123",
        "NgayTiepNhan": "01/10/2026 08:30:00",
        "MaSoThue": "0300588569",
        "SoDinhDanh": None,
        "ChuHoSo": "A",
        "KhongRo": 1,
    }
    a_case(engine, "H48.02-261001-0123", raw=raw)
    with engine.connect() as db:
        row = db.execute(sa.text("SELECT business_key, raw FROM dq.quarantine_masked")).one()
    assert row.business_key == "H48.02-261001-0123"
    del raw["KhongRo"]
    assert row.raw == raw | {"ChuHoSo": MASK, MASK: 1}


def test_a_key_an_agency_and_a_reason_may_be_somebodys_data_too(engine: sa.Engine) -> None:
    number = a_case(engine, CITIZEN, agency="Nguyễn Văn Bí")
    waive_case(engine, number, "Trần B", f"đã gọi {CITIZEN}, bi@example.vn", FIRST + timedelta(days=1), FIRST)
    turn(engine, FIRST + timedelta(days=2))
    file = show_case(engine, number)
    assert (file.case.agency_code, file.case.business_key) == (MASK, MASK)
    assert not any(leak in str(file) for leak in (*LEAKS, "bi@example"))
    # Nor can it be asked for.
    assert list_cases(engine, agency="Nguyễn Văn Bí") == (0, ())


def test_a_dataset_without_a_contract_or_with_a_stricter_one_shows_less(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = a_case(engine, "K1", dataset="tap_du_lieu_cu", raw={"MaHoSo": "K1"})
    here = a_case(engine, "K2", raw={"MaHoSo": "K2", "HinhThuc": "1"})
    assert (show_case(engine, gone).case.business_key, show_case(engine, gone).raw) == (MASK, {MASK: 1})
    stricter = [
        contract.model_copy(
            update={
                "columns": tuple(
                    c.model_copy(update={"classification": "personal"}) for c in contract.columns
                )
            }
        )
        for contract in load_contracts()
    ]
    monkeypatch.setattr(classifications, "load_contracts", lambda: stricter)
    file = show_case(engine, here)
    assert (file.case.business_key, file.raw) == (MASK, {"MaHoSo": MASK, "HinhThuc": MASK})


def test_a_steward_reads_the_masked_view_and_nothing_else(engine: sa.Engine) -> None:
    number = a_case(engine, raw={"MaHoSo": "H48.1", "ChuHoSo": "Nguyễn Văn Bí"})
    with engine.connect() as db:
        db.exec_driver_sql("SET ROLE kho_steward")
        record = db.scalar(sa.text("SELECT dq.case_record(:number, 'phiếu 45')"), {"number": number})
        assert record == {"MaHoSo": "H48.1", "ChuHoSo": MASK}
        assert db.scalar(sa.text("SELECT count(business_key) FROM dq.quarantine_masked")) == 1
        db.rollback()
        for query in (
            "SELECT raw FROM dq.quarantine_masked",
            "SELECT raw FROM dq.quarantine",
            "SELECT * FROM dq.case_event",
            "SELECT * FROM dw.fact_dossier",
            "UPDATE dq.quarantine_masked SET status = 'resolved'",
        ):
            db.exec_driver_sql("SET ROLE kho_steward")
            with pytest.raises(sa.exc.DBAPIError, match="permission denied|cannot update view"):
                db.exec_driver_sql(query)
            db.rollback()


def _later_batch(db: sa.Connection, dataset: str = DOSSIERS, *, fetched: int = 3) -> dict[str, Any]:
    """A batch of the same night, run again over the same window."""
    batch = {"dataset": dataset, "batch_id": "later", "as_of": FIRST}
    db.execute(
        sa.text(
            "INSERT INTO meta.batch (batch_id, dataset, as_of, status, content_sha256, contract_version, "
            "fetched, raw_path) VALUES (:batch_id, :dataset, :as_of, 'validated', 'y', '1', :f, 'y')"
        ),
        batch | {"f": fetched},
    )
    db.exec_driver_sql("UPDATE meta.batch SET window_from = '2026-11-15', window_to = '2026-11-20'")
    return batch


def _settled(
    engine: sa.Engine,
    dataset: str,
    rejected: list[tuple[str, str, int]],
    accepted: str = "",
    keys: Sequence[str] = (),
) -> list[tuple[int, str, int, date, str | None]]:
    """The cases, with their event, after a later batch in which these fail (key, agency, a field), a key passes and
    the source tells its keys; undone then."""
    with engine.connect() as db:
        batch = _later_batch(db, dataset)
        db.exec_driver_sql(
            "CREATE TEMP TABLE rejected (business_key text, agency_code text, failed_rules text[], raw jsonb, "
            "raw_md5 text)"
        )
        for key, agency, value in rejected:
            db.execute(
                sa.text("INSERT INTO rejected VALUES (:k, :a, '{r}', cast(:r AS jsonb), md5(:r))"),
                {"k": key, "a": agency, "r": json.dumps({"n": value})},
            )
        db.execute(
            sa.text("CREATE TEMP TABLE accepted_keys AS SELECT cast(:k AS text) AS business_key"),
            {"k": accepted},
        )
        db.execute(
            sa.text(
                "CREATE TEMP TABLE source_business_keys AS SELECT unnest(cast(:k AS text[])) AS business_key"
            ),
            {"k": list(keys)},
        )
        manifest = Manifest(**batch, contract_version="1", endpoint="", content_sha256="y", fetched=3)
        settle_quarantine(db, load_contract(dataset), manifest)
        found = db.execute(
            sa.text(
                "SELECT q.quarantine_id, q.status, cast(q.raw ->> 'n' AS int), q.due_on, e.event "
                "FROM dq.quarantine AS q LEFT JOIN dq.case_event AS e USING (quarantine_id) ORDER BY 1"
            )
        )
        cases = [tuple(row) for row in found]
        db.rollback()
    return cases


def test_what_names_no_record_is_neither_written_over_nor_closed(engine: sa.Engine) -> None:
    """Changes of a window that is read again: half a key, a whole one, and a record that was touched since."""
    keys = ("A|", "A|", "A|2026-M10", "A|2026-M09", "", "A|2026-M08")
    for place, key in enumerate(keys):
        a_case(engine, key, raw={"n": place})
    fails = [("A|", HEALTH, 6), ("A|2026-M10", HEALTH, 7)]
    found = _settled(engine, DOSSIERS, fails, "A|2026-M09", keys[:4])
    assert [(status, value, event) for _, status, value, _, event in found] == [
        ("open", 0, None),
        ("open", 1, None),
        ("open", 7, None),
        ("resolved", 3, None),
        ("open", 4, None),
        # Deleted at its source, which is no mending.
        ("resolved", 5, "no_longer_sent"),
        ("open", 6, None),
    ]


def test_no_change_of_a_field_begins_a_new_deadline(engine: sa.Engine) -> None:
    """All was read again: of three records without a key one agency sends one still, and one in a new form."""
    other, due = "000.00.12.H48", date(2026, 11, 24)
    newer = a_case(engine, "", dataset="agencies", raw={"n": 1}, due=due + timedelta(1))
    older = a_case(engine, "|x", dataset="agencies", raw={"n": 2}, due=due, seen=FIRST - timedelta(2))
    same = a_case(engine, "", dataset="agencies", raw={"n": 3}, due=due)
    fails = [("", HEALTH, 3), ("", HEALTH, 4), ("", HEALTH, 4), ("", other, 5)]
    found = _settled(engine, "agencies", fails)
    assert found[:3] == [
        (newer, "resolved", 1, due + timedelta(1), "no_longer_sent"),
        (older, "open", 4, due, None),
        (same, "open", 3, due, None),
    ]
    # What another agency sends is another case.
    assert [case[1:] for case in found[3:]] == [("open", 5, date(2026, 11, 30), None)]


@pytest.mark.parametrize(
    ("comes_whole", "fetched", "key", "then"),
    [
        pytest.param(True, 3, "", "resolved", id="whole"),
        pytest.param(True, 3, "21025||", "resolved", id="half a key"),
        pytest.param(True, 3, "H48.1", "open", id="with a key"),
        pytest.param(True, 0, "", "open", id="empty"),
        pytest.param(False, 3, "", "open", id="only changes"),
    ],
)
def test_absence_closes_a_case_without_a_key_where_it_proves_something(
    engine: sa.Engine, comes_whole: bool, fetched: int, key: str, then: str
) -> None:
    number = a_case(engine, key)
    with engine.connect() as db:
        batch = _later_batch(db, fetched=fetched)
        for _ in range(2):
            run_file(db, "quality/resolve_unsent.sql", comes_whole=comes_whole, **batch)
        found = db.execute(
            sa.text(
                "SELECT q.status, array_agg(e.event) FILTER (WHERE e.event IS NOT NULL) FROM dq.quarantine AS q "
                "LEFT JOIN dq.case_event AS e USING (quarantine_id) WHERE q.quarantine_id = :q GROUP BY 1"
            ),
            {"q": number},
        ).one()
        db.rollback()
    assert tuple(found) == (then, ["no_longer_sent"] if then == "resolved" else None)


def test_the_command_line_shows_deadlines_and_waivers(
    engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = a_case(engine)
    turn(engine, FIRST)
    url = engine.url.render_as_string(hide_password=False)
    monkeypatch.setattr(quarantine_cli, "get_settings", lambda: Settings(home=tmp_path, warehouse_url=url))
    monkeypatch.setattr(quarantine_cli, "tonight", lambda: FIRST)

    def kho(*arguments: str) -> str:
        done = CliRunner().invoke(cli.app, list(arguments))
        assert done.exit_code == 0, done.output
        return done.output

    assert "2026-11-30" in kho("quarantine", "deadlines")
    said = kho(
        "quarantine", "waive", str(number), "--by", "Trần B", "--reason", "vì", "--until", "2026-11-25"
    )
    assert "2026-11-25" in said
    assert "waived until 2026-11-25" in kho("quarantine", "list", "--status", "waived")
    turn(engine, date(2026, 12, 2))
    assert "waiver ended 2026-12-02" in kho("quarantine", "list", "--status", "expired")
    shown = kho("quarantine", "show", str(number))
    assert "the deadline of 2026-11-30 has passed" in shown
