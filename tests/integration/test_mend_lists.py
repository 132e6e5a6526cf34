"""The agencies' lists to mend: what is in them, whose they are, and that hostile text does nothing."""

from __future__ import annotations

import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from kho import pipeline
from kho.cli import main as cli
from kho.cli import quarantine as quarantine_cli
from kho.pipeline import Context
from kho.report import mend_workbook
from kho.report.mend_lists import write_mend_lists
from kho.settings import Settings

from .cases import CITIZEN, DOSSIERS, FIRST, HEALTH, a_case, case_engine, case_warehouse  # noqa: F401

OWNER = "000.00.00.H48"
"""Who answers for dossiers that name no agency."""

HOSTILE = {
    "formula": "=cmd|'/c calc'!A1",
    "plus": "+1+1",
    "minus": "-2+3",
    "at": "@SUM(A1)",
    "tab": "\t=1+1",
    "carriage return": "\r=1+1",
    "line feed": "\n=1+1",
    "full width": "\uff1d1+1",
    "space before": "  =1+1",
    "hidden before": "\u200b=1+1",
    "web address": "https://example.vn/?x=1",
    "mail address": "mailto:a",
    "file share": "\\\\host\\share",
    "right to left": "\u202egpj.exe\u2066",
    "long": "Ặ" * 10_000,
    "NUL and bell": "a\x00b\x07c",
    "tag": "<a href='x'>&lt;",
    "escape of a control character": "_x000D_=1+1",
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def sheets(path: Path) -> list[list[list[str]]]:
    """The cells of every sheet as text, a list for each row."""
    with zipfile.ZipFile(path) as book:
        names = sorted(name for name in book.namelist() if name.startswith("xl/worksheets/sheet"))
        return [_rows(book.read(name)) for name in names]


def _rows(xml: bytes) -> list[list[str]]:
    space = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    root = ElementTree.fromstring(xml)
    return [
        ["".join(cell.itertext()) for cell in row.findall("m:c", space)]
        for row in root.iterfind(".//m:row", space)
    ]


def lines(path: Path) -> list[dict[str, str]]:
    """The records of the first sheet by the titles of its columns."""
    rows = sheets(path)[0]
    return [dict(zip(rows[4], row, strict=True)) for row in rows[5:]]


def rule(engine: sa.Engine, title: str = "Mã sai", remedy: str = "Cấp lại mã") -> None:
    with engine.begin() as db:
        db.execute(
            sa.text(
                "INSERT INTO dq.rule VALUES (:d, 'r', 'correct', 'critical', :t, :m) ON CONFLICT (dataset, rule_id) "
                "DO UPDATE SET title_vi = excluded.title_vi, remedy_vi = excluded.remedy_vi"
            ),
            {"d": DOSSIERS, "t": title, "m": remedy},
        )


def test_each_agency_gets_its_records(engine: sa.Engine, settings: Settings) -> None:
    rule(engine)
    a_case(engine, "H48.1", raw={"MaHoSo": "H48.1", "HinhThuc": "1", "ChuHoSo": "Nguyễn Văn Bí"})
    late = a_case(engine, "H48.2", due=FIRST - timedelta(days=1))
    a_case(engine, "H48.3", agency="không có mã")
    written = {item.agency_code: item for item in write_mend_lists(engine, FIRST, settings)}
    assert {code: item.records for code, item in written.items()} == {HEALTH: 2, OWNER: 1}
    assert written[HEALTH].path == settings.reports / "2026-11-20" / "can-sua" / f"{HEALTH}.xlsx"
    head = sheets(written[HEALTH].path)[0][:4]
    assert head[1] == ["Cơ quan: Sở Y tế"]
    first, second = lines(written[HEALTH].path)
    assert first["Mã vụ việc"] == str(late)
    assert (first["Tình trạng"], second["Tình trạng"]) == ("Quá hạn", "Còn hạn")
    assert (second["Nguồn"], second["Hồ sơ"]) == ("Hồ sơ dịch vụ công", "H48.1")
    assert (second["Lỗi"], second["Cách sửa"]) == ("Mã sai", "Cấp lại mã")
    # Days as Excel counts them: 20 and 30 November 2026.
    assert (second["Phát hiện"], second["Hạn"]) == ("46346", "46356")
    values = second["Dữ liệu đã gửi (đã che thông tin cá nhân)"]
    assert values == "Mã hồ sơ: H48.1; Hình thức nộp: 1"


@pytest.mark.parametrize(
    ("dataset", "says"),
    [(DOSSIERS, "đề nghị đơn vị vận hành miễn xử lý"), ("agencies", "tự đóng khi nguồn không còn gửi")],
)
def test_how_a_record_without_a_key_is_closed_is_said(
    engine: sa.Engine, settings: Settings, dataset: str, says: str
) -> None:
    rule(engine)
    a_case(engine, "", dataset=dataset)
    (item,) = write_mend_lists(engine, FIRST, settings)
    (line,) = lines(item.path)
    assert line["Hồ sơ"] == "(thiếu mã)"
    assert says in line["Cách sửa"]


def test_only_what_was_open_that_night_is_listed(engine: sa.Engine, settings: Settings) -> None:
    a_case(engine, "H48.1")
    a_case(engine, "H48.2", seen=FIRST + timedelta(days=1))
    waived = a_case(engine, "H48.3")
    with engine.begin() as db:
        db.execute(
            sa.text("UPDATE dq.quarantine SET status = 'waived' WHERE quarantine_id = :n"), {"n": waived}
        )
    (item,) = write_mend_lists(engine, FIRST, settings)
    assert [line["Hồ sơ"] for line in lines(item.path)] == ["H48.1"]


def test_an_agency_with_nothing_left_has_no_list(engine: sa.Engine, settings: Settings) -> None:
    a_case(engine)
    (item,) = write_mend_lists(engine, FIRST, settings)
    (item.path.parent / ".draft-killed").mkdir()
    with engine.begin() as db:
        db.exec_driver_sql("TRUNCATE dq.case_event, dq.quarantine")
    assert write_mend_lists(engine, FIRST, settings) == ()
    assert list(item.path.parent.iterdir()) == []


def test_the_same_data_gives_the_same_bytes(engine: sa.Engine, tmp_path: Path) -> None:
    rule(engine)
    for number in range(20):
        a_case(engine, f"H48.{number}")
    once, again = (
        write_mend_lists(engine, FIRST, Settings(home=tmp_path / name))[0].path for name in ("one", "two")
    )
    assert once.read_bytes() == again.read_bytes()


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in HOSTILE.items()])
def test_hostile_text_is_only_text(engine: sa.Engine, settings: Settings, text: str) -> None:
    stored = text.replace("\x00", "\ufffd")  # as the raw zone's way to PostgreSQL writes it
    rule(engine, stored, stored)
    a_case(engine, stored[:500], raw={"MaHoSo": stored, "TenTTHC": stored})
    with engine.begin() as db:
        db.execute(
            sa.text("UPDATE dw.dim_agency SET name_vi = :t WHERE agency_code = :c"),
            {"t": stored, "c": HEALTH},
        )
    try:
        (item,) = write_mend_lists(engine, FIRST, settings)
    finally:
        with engine.begin() as db:
            db.execute(
                sa.text("UPDATE dw.dim_agency SET name_vi = 'Sở Y tế' WHERE agency_code = :c"), {"c": HEALTH}
            )
    with zipfile.ZipFile(item.path) as book:
        assert not [name for name in book.namelist() if "vba" in name.lower() or "external" in name.lower()]
        for name in book.namelist():
            content = book.read(name).decode()
            if name.startswith("xl/worksheets"):
                assert "<f>" not in content
                assert "hyperlink" not in content.lower()
    cells = [cell for row in sheets(item.path)[0] for cell in row]
    assert not any(cell[:1] in "=+-@|%\uff1d" for cell in cells if cell)
    assert not any(ord(c) < 32 or c in "\u202e\u2066\u200b" for cell in cells for c in cell)
    assert not any("://" in cell or "mailto:" in cell or cell.startswith("\\\\") for cell in cells)
    assert max(map(len, cells)) <= 1_502


def test_nothing_personal_is_in_a_list(engine: sa.Engine, settings: Settings) -> None:
    rule(engine)
    raw = {
        "MaHoSo": "H48.1",
        "ChuHoSo": "Nguyễn Văn Bí",
        "SoDinhDanh": CITIZEN,
        "MaTTHC": CITIZEN,
        "Moi": CITIZEN,
    }
    a_case(engine, CITIZEN, raw=raw | {"TaiLieuNop": '[{"Ten": "Nguyễn Văn Bí"}]'}, agency=CITIZEN)
    (item,) = write_mend_lists(engine, FIRST, settings)
    text = str(sheets(item.path))
    assert "H48.1" in text
    assert CITIZEN not in text
    assert "Nguyễn Văn Bí" not in text
    assert CITIZEN not in item.path.name


def test_a_full_sheet_is_followed_by_another(
    engine: sa.Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mend_workbook, "ROWS_PER_SHEET", 3)
    for number in range(7):
        a_case(engine, f"H48.{number}")
    (item,) = write_mend_lists(engine, FIRST, settings)
    found = [row[2] for sheet in sheets(item.path) for row in sheet[5:]]
    assert found == [f"H48.{number}" for number in range(7)]
    assert [len(sheet) - 5 for sheet in sheets(item.path)] == [3, 3, 1]


def test_the_step_and_the_command_do_the_same(
    engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_case(engine)
    no_source: Any = None
    home = tmp_path / "home"
    result = pipeline.write_lists(FIRST, Context(engine, no_source, Settings(home=home)))
    assert result.counts == {"files": 1, "records": 1}
    by_step = home / "reports" / "2026-11-20" / "can-sua" / f"{HEALTH}.xlsx"
    url = engine.url.render_as_string(hide_password=False)
    monkeypatch.setattr(quarantine_cli, "get_settings", lambda: Settings(home=home, warehouse_url=url))
    folder = tmp_path / "out"
    done = CliRunner().invoke(
        cli.app, ["quarantine", "export", "--date", "2026-11-20", "--agency", HEALTH, "--folder", str(folder)]
    )
    assert done.exit_code == 0, done.output
    assert (folder / by_step.name).read_bytes() == by_step.read_bytes()
