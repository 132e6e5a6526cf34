"""Agency databases, on real servers: what lands, in pieces or at once, and what changed since the last time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from kho.contracts import SqlSource
from kho.errors import SourceLate, SourceRejected
from kho.extract.sql import sample_sql

from .agency import Agency, a_contract, land, landed

COLUMNS = {
    "ma": "string",
    "ho_ten": "string",
    "so": "integer",
    "so_tien": "number",
    "ngay": "date",
    "cap_nhat": "timestamp",
}
TABLE = """CREATE TABLE ho_so (
    ma varchar(20) NOT NULL PRIMARY KEY, ho_ten varchar(80), so integer, so_tien decimal(18, 2), ngay date, cap_nhat {moment}
)"""
SNAPSHOT = {"snapshot": "row_hash"}


@pytest.fixture(params=["postgres", "mariadb", "sqlite"])
def agency(request: pytest.FixtureRequest, new_agency: Callable[[str], Agency]) -> Agency:
    """An agency whose table `ho_so` has 250 rows, on each engine that runs here."""
    made = new_agency(request.param)
    made.run(TABLE.format(moment="datetime" if request.param == "mariadb" else "timestamp"))
    made.run(*(_insert(number) for number in range(250)))
    return made


def _insert(number: int, ho_ten: str = "Nguyễn Thị Hồng") -> str:
    moment = f"2026-11-{1 + number % 25:02d} 08:30:00"
    return f"INSERT INTO ho_so VALUES ('HS{number:04d}', '{ho_ten}', {number}, {number}.50, '2026-01-02', '{moment}')"


def test_a_span_lands_what_changed_in_it_with_every_value_as_it_is(agency: Agency, tmp_path: Path) -> None:
    agency.run("UPDATE ho_so SET ho_ten = '', so_tien = NULL WHERE ma = 'HS0019'")
    contract = a_contract({"watermark": {"column": "cap_nhat", "lookback_days": 0}}, COLUMNS)

    manifest = land(agency, contract, tmp_path / "raw", watermark=datetime(2026, 11, 19))

    records = landed(tmp_path / "raw", manifest)
    assert [row["ma"] for row in records] == [f"HS{n:04d}" for n in range(250) if n % 25 == 18]
    assert manifest.declared == manifest.fetched == 10
    assert records[0] == {
        "ma": "HS0018",
        "ho_ten": "Nguyễn Thị Hồng",
        "so": 18 if agency.kind != "sqlite" else "18",
        "so_tien": "18.50" if agency.kind != "sqlite" else "18.5",
        "ngay": "2026-01-02",
        "cap_nhat": "2026-11-19 08:30:00",
    }


def test_empty_text_and_no_text_are_told_apart(agency: Agency, tmp_path: Path) -> None:
    agency.run(
        "UPDATE ho_so SET ho_ten = '' WHERE ma = 'HS0001'",
        "UPDATE ho_so SET ho_ten = NULL WHERE ma = 'HS0002'",
    )
    agency.run("UPDATE ho_so SET ho_ten = 'a \"b\",\nc\\N' WHERE ma = 'HS0003'".replace("\\N", "|"))
    records = {row["ma"]: row["ho_ten"] for row in landed_of(agency, tmp_path, ["ma", "ho_ten"])}
    assert records["HS0001"] == ""
    assert records["HS0002"] is None
    assert records["HS0003"] == 'a "b",\nc|'


def landed_of(agency: Agency, tmp_path: Path, names: list[str]) -> list[dict[str, object]]:
    contract = a_contract(SNAPSHOT, {name: COLUMNS[name] for name in names})
    return landed(tmp_path / "raw", land(agency, contract, tmp_path / "raw"))


def test_a_row_without_a_change_date_is_read_every_night(agency: Agency, tmp_path: Path) -> None:
    agency.run("UPDATE ho_so SET cap_nhat = NULL WHERE ma = 'HS0007'")
    contract = a_contract({"watermark": {"column": "cap_nhat", "lookback_days": 0}}, COLUMNS)
    manifest = land(agency, contract, tmp_path / "raw", watermark=datetime(2026, 11, 20))
    assert [row["ma"] for row in landed(tmp_path / "raw", manifest)] == ["HS0007"]


@pytest.mark.parametrize(
    "read",
    [
        {"by": "keyset", "page_rows": 100},
        {"by": "partition", "column": "so", "count": 7},
        {"by": "partition", "column": "ngay", "count": 3},
        {"by": "partition", "column": "cap_nhat", "count": 4},
    ],
    ids=lambda read: f"{read['by']}-{read.get('column', 'ma')}",
)
def test_reading_in_pieces_gives_the_same_rows_as_reading_at_once(
    agency: Agency, tmp_path: Path, read: dict[str, object]
) -> None:
    if agency.kind == "sqlite" and read.get("column") in ("ngay", "cap_nhat"):
        agency.run("UPDATE ho_so SET so = NULL WHERE so = 5")
    agency.run("UPDATE ho_so SET so = NULL, ngay = NULL, cap_nhat = NULL WHERE ma IN ('HS0005', 'HS0100')")
    whole = land(agency, a_contract(SNAPSHOT, COLUMNS), tmp_path / "whole")
    pieces = land(
        agency, a_contract(SNAPSHOT | {"read": read, "fetch_size": 100}, COLUMNS), tmp_path / "pieces"
    )
    assert landed(tmp_path / "pieces", pieces) == landed(tmp_path / "whole", whole)
    assert pieces.content_sha256 == whole.content_sha256


def test_reading_along_a_key_of_several_columns(agency: Agency, tmp_path: Path) -> None:
    agency.run("CREATE TABLE ky (ma varchar(9) NOT NULL, thang integer NOT NULL, PRIMARY KEY (ma, thang))")
    for number in range(12):
        values = ", ".join(f"('X{number}', {month})" for month in range(1, 26))
        agency.run(f"INSERT INTO ky VALUES {values}")
    source = SNAPSHOT | {"table": "ky", "read": {"by": "keyset", "page_rows": 100}}
    manifest = land(
        agency, a_contract(source, {"ma": "string", "thang": "integer"}, ("ma", "thang")), tmp_path
    )
    assert manifest.fetched == 300


def test_a_table_without_a_unique_key_is_not_read_along_it(agency: Agency, tmp_path: Path) -> None:
    agency.run("CREATE TABLE loose (ma varchar(9))")
    contract = a_contract(SNAPSHOT | {"table": "loose", "read": {"by": "keyset"}}, {"ma": "string"})
    with pytest.raises(SourceRejected, match="page by page"):
        land(agency, contract, tmp_path)


def test_a_snapshot_lands_new_and_changed_rows_and_all_keys_if_some_vanished(
    agency: Agency, tmp_path: Path
) -> None:
    raw, contract = tmp_path / "raw", a_contract(SNAPSHOT, COLUMNS)
    first = land(agency, contract, raw)
    assert (first.fetched, first.follows, len(landed(raw, first))) == (250, "", 250)

    agency.run(
        "UPDATE ho_so SET ho_ten = 'Trần Văn Ánh' WHERE ma = 'HS0003'",
        "UPDATE ho_so SET so = NULL WHERE ma = 'HS0004'",
        "DELETE FROM ho_so WHERE ma = 'HS0009'",
        _insert(900),
    )
    second = land(agency, contract, raw, base=first.batch_id, as_of=date(2026, 11, 21))
    assert [row["ma"] for row in landed(raw, second)] == ["HS0003", "HS0004", "HS0900"]
    keys = {row["ma"] for row in landed(raw, second, "keys")}
    assert len(keys) == 250
    assert "HS0009" not in keys
    assert second.follows == first.batch_id

    agency.run("UPDATE ho_so SET so = 1000 WHERE ma = 'HS0010'")
    third = land(agency, contract, raw, base=second.batch_id, as_of=date(2026, 11, 22))
    assert [row["ma"] for row in landed(raw, third)] == ["HS0010"]
    assert landed(raw, third, "keys") == []


def test_a_night_that_never_loaded_is_not_what_the_next_one_compares_with(
    agency: Agency, tmp_path: Path
) -> None:
    raw, contract = tmp_path / "raw", a_contract(SNAPSHOT, COLUMNS)
    first = land(agency, contract, raw)
    agency.run("UPDATE ho_so SET so = -1 WHERE ma = 'HS0001'")
    lost = land(agency, contract, raw, base=first.batch_id, as_of=date(2026, 11, 21))
    agency.run("UPDATE ho_so SET so = -2 WHERE ma = 'HS0002'")
    again = land(agency, contract, raw, base=first.batch_id, as_of=date(2026, 11, 22))
    assert [row["ma"] for row in landed(raw, lost)] == ["HS0001"]
    assert [row["ma"] for row in landed(raw, again)] == ["HS0001", "HS0002"]


def test_a_table_in_which_nothing_changed_is_the_batch_that_is_loaded(agency: Agency, tmp_path: Path) -> None:
    raw, contract = tmp_path / "raw", a_contract(SNAPSHOT, COLUMNS)
    first = land(agency, contract, raw)
    # The same rows in another order, as after a reorganisation of the table.
    agency.run("CREATE TABLE copy AS SELECT * FROM ho_so", "DELETE FROM ho_so")
    agency.run("INSERT INTO ho_so SELECT * FROM copy ORDER BY so DESC")
    assert land(agency, contract, raw, base=first.batch_id, as_of=date(2026, 11, 21)) == first
    assert [path.name for path in (raw / "test_rows").iterdir()] == [first.batch_id]


def test_under_another_agreement_every_row_is_judged_again(agency: Agency, tmp_path: Path) -> None:
    raw, contract = tmp_path / "raw", a_contract(SNAPSHOT, COLUMNS)
    first = land(agency, contract, raw)
    agency.run("DELETE FROM ho_so WHERE ma = 'HS0009'")
    other = contract.model_copy(update={"content_sha256": "1" * 64})
    second = land(agency, other, raw, base=first.batch_id, as_of=date(2026, 11, 21))
    assert (second.fetched, len(landed(raw, second, "keys"))) == (249, 249)


def test_an_emptied_table_deletes_nothing(agency: Agency, tmp_path: Path) -> None:
    raw, contract = tmp_path / "raw", a_contract(SNAPSHOT, COLUMNS)
    first = land(agency, contract, raw)
    agency.run("DELETE FROM ho_so")
    with pytest.raises(SourceLate, match="empty"):
        land(agency, contract, raw, base=first.batch_id, as_of=date(2026, 11, 21))
    assert [path.name for path in (raw / "test_rows").iterdir()] == [first.batch_id]


def test_rows_that_share_a_key_are_judged_together(agency: Agency, tmp_path: Path) -> None:
    agency.run("CREATE TABLE loose (ma varchar(9), so integer)")
    agency.run(
        "INSERT INTO loose VALUES ('A', 1), ('A', 2), ('B', 1), ('B', 1), (NULL, 1), (NULL, 2), ('C', 1), ('C', 2)"
    )
    raw = tmp_path / "raw"
    contract = a_contract(SNAPSHOT | {"table": "loose"}, {"ma": "string", "so": "integer"})
    first = land(agency, contract, raw)
    # One of two contradicting rows goes; one of two equal rows goes; one of two without a key changes.
    agency.run(
        "DELETE FROM loose WHERE ma = 'A' AND so = 2", "UPDATE loose SET so = 3 WHERE ma IS NULL AND so = 2"
    )
    agency.run("DELETE FROM loose WHERE ma = 'B'", "INSERT INTO loose VALUES ('B', 1)")
    second = land(agency, contract, raw, base=first.batch_id, as_of=date(2026, 11, 21))
    rows = [(row["ma"], int(row["so"])) for row in landed(raw, second)]
    assert sorted(rows, key=str) == [("A", 1), ("B", 1), (None, 1), (None, 3)]
    assert landed(raw, second, "keys") == []


def test_a_sample_has_the_engines_own_types(agency: Agency) -> None:
    source = a_contract(SNAPSHOT, COLUMNS).source
    assert isinstance(source, SqlSource)
    sample = sample_sql(source, agency.connection, 7)
    assert (sample.records.num_rows, sample.declared) == (7, 250)
    assert sample.where == "agency_test:ho_so"
    assert sample.types is not None
    assert sample.types["so_tien"] in ("NUMERIC(18, 2)", "DECIMAL(18, 2)")
    assert set(sample.records.column_names) == set(COLUMNS)
