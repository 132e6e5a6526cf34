"""`kho dataset new`: from where a source is to a dataset that loads, with nothing written by hand.

Each test works in a copy of the project: the command writes contracts, SQL, migrations and tests into it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from kho.server import postgres
from kho.settings import Settings
from tests.files.drop import stamp
from tests.files.new_forms import OFFICER, project_form, support_form

from .night import EPOCH, SandboxConnections, a_sandbox

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("include", "expectations", "sql", "tests", "docs", "pyproject.toml")
COMMUNES = ("21025", "21028", "21034")
PEOPLE = ("Phạm Thị Bưởi Năm Roi", "Đinh Văn Hlôih Đặc Biệt")
PHONES = ("0987123", "0905777")


@dataclass
class Checkout:
    """A copy of the project, in which commands are run."""

    root: Path
    settings: Settings
    connections: dict[str, dict[str, Any]]

    def run(self, *words: str, expect: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-c", "from kho.cli.main import main; main()", *words],
            cwd=self.root,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=240,
        )
        said = done.stdout + done.stderr
        assert done.returncode == expect, said
        return said

    def test(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *words],
            cwd=self.root,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=280,
        )
        assert done.returncode == 0, done.stdout[-3000:]
        return done.stdout

    def drop(self, name: str) -> Path:
        """A drop folder, and the connection that leads to it."""
        folder = self.root / "drops" / name
        folder.mkdir(parents=True)
        self.connections[name] = {"conn_type": "file", "extra": {"path": str(folder)}}
        return folder

    def yaml(self, *parts: str) -> Any:
        return yaml.safe_load(self.root.joinpath(*parts).read_text(encoding="utf-8"))

    def written(self, slug: str) -> dict[str, str]:
        paths = [path for path in self.root.rglob(f"*{slug}*") if path.is_file() and path.suffix != ".pyc"]
        paths += list((self.root / "sql" / "load" / slug).glob("*.sql"))
        return {str(path.relative_to(self.root)): path.read_text(encoding="utf-8") for path in paths}

    def _environment(self) -> dict[str, str]:
        connections = {
            f"AIRFLOW_CONN_{name.upper()}": json.dumps(values) for name, values in self.connections.items()
        }
        own = {"PYTHONPATH": str(self.root / "include"), "KHO_HOME": str(self.settings.home)}
        return {**os.environ, **own, **connections}


def put(path: Path, content: bytes, days: int = 0) -> None:
    """A file that was written the day before the first night, or `days` later."""
    path.write_bytes(content)
    stamp(path, datetime.combine(EPOCH, datetime.min.time()) + timedelta(days=days, hours=9))


@contextlib.contextmanager
def warehouse(sandbox: tuple) -> Iterator[sa.Connection]:
    engine = sa.create_engine(sandbox[1].url("warehouse"))
    with engine.connect() as db:
        yield db
    engine.dispose()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[tuple]:
    with a_sandbox(size=2_000) as running:
        yield running


@pytest.fixture
def checkout(sandbox: tuple, tmp_path: Path) -> Checkout:
    settings, server, state = sandbox
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "fixtures"))
        else:
            shutil.copy(source, tmp_path / name)
    known = {
        found.name: {key: value for key, value in asdict(found).items() if key != "name" and value}
        for found in SandboxConnections(state).all()
    }
    admin = sa.make_url(str(server.url("postgres").render_as_string(hide_password=False)))
    postgres.ensure_database(server, "library")
    known["agency_library"] = {
        "conn_type": "postgres",
        "login": admin.username,
        "password": admin.password,
        "schema": "library",
        "extra": {"host": admin.query.get("host")},
        "host": admin.host,
        "port": admin.port,
    }
    with sa.create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT").connect() as db:
        db.exec_driver_sql("DROP DATABASE IF EXISTS warehouse WITH (FORCE)")
    return Checkout(tmp_path, settings, known)


LOANS = (
    "dataset", "new", "library_loans", "--kind", "rest", "--connection", "lgsp", "--path", "/thuvien/v1/phieuMuon",
    "--window", "tuNgay,denNgay,%d/%m/%Y,31", "--paging", "page,trang,soDong,1000",
    "--title", "Phiếu mượn sách", "--owner", "Thư viện tỉnh",
)  # fmt: skip


def test_a_service_is_loaded_with_no_hand_edit(checkout: Checkout) -> None:
    said = checkout.run(*LOANS)
    assert "100.0% match dd/MM/yyyy" in said
    contract = checkout.yaml("include", "contracts", "library_loans.yaml")
    columns = {one["physicalName"]: one for one in contract["schema"][0]["properties"]}
    assert columns["maPhieu"]["primaryKey"] is True
    assert columns["ngayMuon"]["logicalType"] == "date"
    assert columns["phiMuon"]["customProperties"] == [{"property": "sourceFormat", "value": "1.234,56"}]
    assert columns["soDienThoai"]["classification"] == "personal"
    assert columns["hoTenBanDoc"]["classification"] == "personal"
    assert columns["soNgayMuon"]["logicalType"] == "integer"
    assert columns["trangThai"]["businessName"] == "Trạng thái"
    source = contract["customProperties"][0]["value"]
    assert source["envelope"] == {
        "success": {"path": "status", "values": [1]},
        "message": "message",
        "records": "data.items",
        "total": "data.total",
        "errors": {"empty": [201]},
    }
    assert source["watermark"]["column"] == "updated_at"
    assert contract["customProperties"][1]["value"]["agency_column"] == "agency_code"
    rules = {rule["id"]: rule for rule in checkout.yaml("expectations", "library_loans.yaml")["expectations"]}
    assert rules["status_code_known"]["kwargs"]["value_set"] == ["DANG_MUON", "DA_TRA", "QUA_HAN"]
    assert rules["agency_code_known"]["kwargs"]["value_set"] == {"$ref": "agencies.agency_code"}

    checked = checkout.run("dataset", "check", "library_loans")
    assert "0 errors, 0 warnings" in checked
    assert "The gate would open" in checked
    checkout.run("run", "agencies", "--date", EPOCH.isoformat())
    loaded = checkout.run("run", "library_loans", "--date", EPOCH.isoformat())
    assert "loaded" in loaded
    again = checkout.run("run", "library_loans", "--date", EPOCH.isoformat())
    assert "unchanged" in again
    tested = checkout.test("-k", "library_loans", "tests/integration/test_dataset_library_loans.py",
                           "tests/integration/test_every_expectation.py", "tests/unit/test_contracts.py")  # fmt: skip
    assert "passed" in tested


def test_a_table_is_loaded_with_no_hand_edit_and_personal_values_stay_out(
    checkout: Checkout, sandbox: tuple
) -> None:
    _make_readers(sandbox)
    said = checkout.run(
        "dataset", "new", "library_readers", "--kind", "sql", "--connection", "agency_library", "--table",
        "thu_vien.ban_doc", "--title", "Bạn đọc thư viện", "--owner", "Thư viện tỉnh", "--star", "dim",
    )  # fmt: skip
    assert "personal" in said
    contract = checkout.yaml("include", "contracts", "library_readers.yaml")
    columns = {one["physicalName"]: one for one in contract["schema"][0]["properties"]}
    personal = {name for name, one in columns.items() if one["classification"] == "personal"}
    assert {"ho_ten", "dien_thoai", "ngay_sinh", "dia_chi", "so_cccd"} <= personal
    assert columns["so_the"]["primaryKey"] is True
    assert columns["tien_dat_coc"]["physicalType"] == "numeric(12,2)"
    assert contract["customProperties"][0]["value"]["snapshot"] == "row_hash"
    files = checkout.written("library_readers")
    assert len(files) >= 8
    for name, text in files.items():
        for value in (*PEOPLE, *PHONES, "051085"):
            assert value not in text.replace("0510850", ""), f"{value} in {name}"
    assert "ho_ten" not in files["sql/load/library_readers/10_upsert.sql"]

    assert "The gate would open" in checkout.run("dataset", "check", "library_readers")
    checkout.run("run", "library_readers", "--date", EPOCH.isoformat())
    engine = sa.create_engine(sandbox[1].url("warehouse"))
    with engine.connect() as db:
        assert db.scalar(sa.text("SELECT count(*) FROM dw.dim_library_readers")) == 400
    engine.dispose()
    checkout.test("tests/integration/test_dataset_library_readers.py")


def test_it_overwrites_nothing_unless_it_is_told_to(checkout: Checkout) -> None:
    checkout.run(*LOANS)
    path = checkout.root / "include" / "contracts" / "library_loans.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    refused = checkout.run(*LOANS, expect=1)
    assert "--force" in refused
    assert path.read_text(encoding="utf-8").endswith("# mine\n")
    checkout.run(*LOANS, "--force")
    assert not path.read_text(encoding="utf-8").endswith("# mine\n")
    migrations = list((checkout.root / "sql" / "migrations").glob("*library_loans.sql"))
    assert len(migrations) == 1


def test_a_workbook_with_merged_headings_is_loaded_with_no_hand_edit(
    checkout: Checkout, sandbox: tuple
) -> None:
    drop = checkout.drop("office_forms")
    for commune in COMMUNES:
        put(drop / f"BM05_{commune}_2026-09.xlsx", project_form(commune, 9))
    said = checkout.run(
        "dataset", "new", "project_forms", "--kind", "files", "--connection", "office_forms",
        "--title", "Biểu đầu tư công", "--owner", "Sở Tài chính",
    )  # fmt: skip
    assert "header in rows 8-9" in said
    assert "2 rows with words alone are headings" in said
    assert "7 real dates" in said
    contract = checkout.yaml("include", "contracts", "project_forms.yaml")
    columns = {one["name"]: one for one in contract["schema"][0]["properties"]}
    custom = {
        name: {one["property"]: one["value"] for one in column.get("customProperties", [])}
        for name, column in columns.items()
    }
    province = columns["von_giao_ngan_sach_tinh"]
    assert province["businessName"] == "Vốn giao: ngân sách tỉnh"
    assert custom["von_giao_ngan_sach_tinh"] == {"sourceFormat": "1.234,56", "sourceUnitColumn": "form_unit"}
    assert custom["von_giao_nguon_khac"]["sourceUnit"] == "tỷ đồng"
    assert custom["von_giao_nguon_khac"]["missingMarkers"] == "standard"
    assert custom["tien_do"]["sourceUnit"] == "%"
    assert custom["ngay_khoi_cong"] == {"sourceFormat": "%d/%m/%Y"}
    assert columns["can_bo_theo_doi"]["classification"] == "personal"
    keys = sorted((one["primaryKeyPosition"], name) for name, one in columns.items() if "primaryKey" in one)
    assert [name for _, name in keys] == ["period_code", "commune_code", "ma_cong_trinh"]
    source = contract["customProperties"][0]["value"]
    assert source["submission"] == {
        "submitter": "file_commune", "period": "file_period", "version": "form_version"
    }  # fmt: skip
    assert source["form"]["sheets"] == ["^Biểu 05$"]
    rules = {rule["id"]: rule for rule in checkout.yaml("expectations", "project_forms.yaml")["expectations"]}
    assert rules["commune_code_valid_on_date"]["type"] == "expect_administrative_unit_to_be_valid_on"
    assert rules["von_giao_nguon_khac_reported"]["severity"] == "warning"
    for name, text in checkout.written("project_forms").items():
        assert OFFICER not in text, name

    checked = checkout.run("dataset", "check", "project_forms")
    assert "0 errors, 0 warnings" in checked
    assert "42 rows came" in checked
    assert "The gate would open" in checked
    checkout.run("run", "project_forms", "--date", EPOCH.isoformat())
    amounts = (
        "SELECT von_giao_ngan_sach_tinh, von_giao_nguon_khac, von_giao_nguon_khac_missing_reason, tien_do, "
        "ngay_khoi_cong::text FROM dw.fact_project_forms WHERE commune_code = :c AND NOT is_deleted ORDER BY ma_cong_trinh"
    )
    with warehouse(sandbox) as db:
        loaded = db.execute(sa.text(amounts), {"c": COMMUNES[0]}).all()
    assert len(loaded) == 14
    assert [tuple(row) for row in loaded[2:4]] == [
        (1_002_500_000, None, "not_applicable", 12, "2026-04-03"),
        (1_234_560_000, 60_000_000_000, None, 13, "2026-03-04"),
    ]
    # The form comes again with two projects less: these stay as tombstones, the others are replaced.
    put(drop / f"BM05_{COMMUNES[0]}_2026-09_lan2.xlsx", project_form(COMMUNES[0], 9, 12), days=1)
    checkout.run("run", "project_forms", "--date", (EPOCH + timedelta(days=1)).isoformat())
    with warehouse(sandbox) as db:
        assert len(db.execute(sa.text(amounts), {"c": COMMUNES[0]}).all()) == 12
        assert db.scalar(sa.text("SELECT count(*) FROM dw.fact_project_forms")) == 42
    checkout.test("tests/integration/test_dataset_project_forms.py")


def test_a_csv_form_is_learnt_from_a_file_before_there_is_a_connection(
    checkout: Checkout, sandbox: tuple, tmp_path: Path
) -> None:
    sample = tmp_path / f"HoTro_{COMMUNES[0]}_T09-2026.csv"
    put(sample, support_form(9).encode())
    said = checkout.run(
        "dataset", "new", "support_forms", "--kind", "files", "--connection", "support_forms", "--sample",
        str(sample), "--title", "Hỗ trợ hộ nghèo", "--owner", "Sở Nông nghiệp và Môi trường",
    )  # fmt: skip
    assert "header in rows 3-4" in said
    contract = checkout.yaml("include", "contracts", "support_forms.yaml")
    columns = {one["name"]: one for one in contract["schema"][0]["properties"]}
    assert columns["ho_ten_chu_ho"]["classification"] == "personal"
    # Codes keep their zeros in front; a heading that no cell fills is not required.
    assert columns["ma_ho"]["logicalType"] == "string"
    assert "required" not in columns["note"]
    drop = checkout.drop("support_forms")
    for commune in COMMUNES:
        put(drop / f"HoTro_{commune}_T09-2026.csv", support_form(9).encode())
    checked = checkout.run("dataset", "check", "support_forms")
    assert "The gate would open: 90 rows" in checked
    assert "loaded 90" in checkout.run("run", "support_forms", "--date", EPOCH.isoformat())
    with warehouse(sandbox) as db:
        row = db.execute(
            sa.text(
                "SELECT muc_ho_tro_tien_mat, muc_ho_tro_gao FROM dw.fact_support_forms "
                "WHERE ma_ho = '00001' AND commune_code = :c"
            ),
            {"c": COMMUNES[1]},
        ).one()
    assert tuple(row) == (2_250_500, Decimal("0.01"))
    checkout.test("tests/integration/test_dataset_support_forms.py")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("dataset", "new", "Library-Loans"), "cannot name a dataset"),
        (("dataset", "new", "loans", "--kind", "ftp"), "connection is missing"),
        (
            ("dataset", "new", "forms", "--kind", "files", "--connection", "none", "--sample", "/khong/co.xlsx"),
            "there is no such file",
        ),
        ((*LOANS[:3], "--kind", "rest", "--connection", "lgsp"), "--path is missing"),
        ((*LOANS[:7], "--path", "/khong/co", "--title", "x", "--owner", "y"), "404"),
        (
            ("dataset", "new", "loans", "--kind", "sql", "--connection", "agency_library", "--table",
             "khong.co", "--title", "x", "--owner", "y"),
            "does not exist",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_one_line(
    checkout: Checkout, words: tuple[str, ...], says: str
) -> None:
    said = checkout.run(*words, expect=1)
    assert says in said
    assert "Traceback" not in said


def test_check_fails_where_a_night_would(checkout: Checkout) -> None:
    checkout.run(*LOANS)
    path = checkout.root / "include" / "contracts" / "library_loans.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("physicalName: maPhieu", "physicalName: maPhieuCu"), encoding="utf-8")
    said = checkout.run("dataset", "check", "library_loans", expect=1)
    assert "probably renamed to 'maPhieu'" in said
    assert "Nothing would be loaded" in said
    path.write_text(text, encoding="utf-8")
    suite = checkout.root / "expectations" / "library_loans.yaml"
    suite.write_text(
        suite.read_text(encoding="utf-8").replace(
            "column: status_code, value_set", "column: trang_thai, value_set"
        ),
        encoding="utf-8",
    )
    (checkout.root / "sql" / "load" / "library_loans" / "90_count_loaded.sql").unlink()
    said = checkout.run("dataset", "check", "library_loans", "--offline", expect=1)
    assert "'trang_thai', which is no column" in said
    assert "90_count_loaded.sql is missing" in said


def _make_readers(sandbox: tuple) -> None:
    engine = sa.create_engine(sandbox[1].url("library"))
    with engine.begin() as db:
        db.exec_driver_sql("DROP SCHEMA IF EXISTS thu_vien CASCADE")
        db.exec_driver_sql("CREATE SCHEMA thu_vien")
        db.exec_driver_sql(
            "CREATE TABLE thu_vien.ban_doc (so_the varchar(20) PRIMARY KEY, ho_ten text, so_cccd varchar(12), "
            "dien_thoai varchar(15), ngay_sinh date, dia_chi text, loai_the smallint, tien_dat_coc numeric(12,2), "
            "ngay_cap date, con_han boolean)"
        )
        db.execute(
            sa.text("INSERT INTO thu_vien.ban_doc VALUES (:a, :b, :c, :d, :e, :f, :g, :h, :i, :j)"),
            [
                {
                    "a": f"TV-{number:05d}",
                    "b": PEOPLE[number % 2],
                    "c": f"051085{number:06d}",
                    "d": f"{PHONES[number % 2]}{number:03d}",
                    "e": f"1985-01-{1 + number % 28:02d}",
                    "f": f"Thôn {number}, xã Trà Giang",
                    "g": number % 3,
                    "h": number * 1000,
                    "i": f"2026-02-{1 + number % 28:02d}",
                    "j": number % 5 > 0,
                }
                for number in range(400)
            ],
        )
    engine.dispose()
