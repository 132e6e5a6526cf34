"""Files over several nights: late, half written, sent again, removed; and nothing read twice."""

from __future__ import annotations

import os
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kho.contracts import FilesSource
from kho.errors import ConfigurationError, SourceRejected
from kho.extract.files.extractor import sample_files, summary
from tests.files.drop import Drop, stamp
from tests.files.forms import NAME, NIGHT, ROWS, WRITTEN, a_contract, workbook

NEXT = NIGHT + timedelta(days=1)
AGAIN = NAME.replace(".xlsx", "_lan2.xlsx")


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    return Drop(tmp_path)


def _statuses(drop: Drop, night: date) -> dict[str, str]:
    return {file.path: file.status for file in drop.run(night).files}


def test_a_file_is_kept_as_it_came_and_the_source_is_left_alone(drop: Drop) -> None:
    path = drop.put(NAME, workbook())
    before = path.read_bytes(), path.stat().st_mtime_ns
    manifest = drop.run()
    (file,) = manifest.files
    assert (drop.batch(manifest) / str(file.stored)).read_bytes() == before[0]
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert (file.submitter, file.period, file.version) == ("21025", "2026-M09", "1")


def test_the_same_night_again_is_the_same_batch(drop: Drop) -> None:
    drop.put(NAME, workbook())
    drop.put("BM01_21028_2026-09.xlsx", b"PK\x03\x04 cut")
    first = drop.run()
    assert drop.run().batch_id == first.batch_id
    assert first.fetched == 4


def test_what_an_earlier_night_read_is_not_read_again(drop: Drop) -> None:
    drop.put(NAME, workbook())
    drop.run()
    later = drop.run(NEXT)
    assert (later.files, later.fetched, drop.records(later)) == ((), 0, [])


def test_a_corrected_form_comes_as_another_version(drop: Drop) -> None:
    drop.put(NAME, workbook())
    drop.run()
    corrected = [list(row) for row in ROWS]
    corrected[0][5] = 12035
    drop.put(AGAIN, workbook(corrected), datetime(2026, 10, 6, 8))
    manifest = drop.run(NEXT)
    (file,) = manifest.files
    assert (file.status, file.version) == ("read", "2")
    assert drop.records(manifest)[0]["month_value"] == "12035"
    assert drop.records(manifest)[0]["_modified_at"] == "06/10/2026 08:00:00"


def test_a_file_overwritten_in_place_is_read_again(drop: Drop) -> None:
    drop.put(NAME, workbook())
    drop.run()
    drop.put(NAME, workbook(ROWS[:2]), datetime(2026, 10, 6, 8))
    assert _statuses(drop, NEXT) == {NAME: "read"}


@pytest.mark.parametrize("name", [NAME, AGAIN, f"lần 2/{NAME}"])
def test_an_identical_copy_changes_nothing(drop: Drop, name: str) -> None:
    drop.put(NAME, workbook())
    drop.run()
    drop.put(name, workbook(), datetime(2026, 10, 6, 8))
    manifest = drop.run(NEXT)
    assert [(file.path, file.status) for file in manifest.files] == [(name, "same")]
    assert manifest.fetched == 0


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param((NAME, WRITTEN), (AGAIN, WRITTEN + timedelta(hours=1)), id="later"),
        pytest.param((NAME, WRITTEN + timedelta(hours=1)), (AGAIN, WRITTEN), id="by its number"),
        pytest.param((f"a/{NAME}", WRITTEN), (f"b/{NAME}", WRITTEN + timedelta(hours=1)), id="same name"),
    ],
)
def test_of_two_versions_of_a_night_the_last_counts(
    drop: Drop, first: tuple[str, datetime], second: tuple[str, datetime]
) -> None:
    drop.put(first[0], workbook(ROWS[:1]), first[1])
    drop.put(second[0], workbook(ROWS[:2]), second[1])
    manifest = drop.run()
    assert {file.path: (file.status, file.rows) for file in manifest.files} == {
        first[0]: ("superseded", 0),
        second[0]: ("read", 2),
    }
    assert drop.run(NEXT).files == ()


def test_a_correction_that_is_taken_back_counts_again(drop: Drop) -> None:
    drop.put(NAME, workbook())
    drop.run()
    drop.put(AGAIN, workbook(ROWS[:2]), datetime(2026, 10, 6, 8))
    drop.run(NEXT)
    drop.put(NAME.replace(".xlsx", "_lan3.xlsx"), workbook(), datetime(2026, 10, 7, 8))
    assert list(_statuses(drop, NEXT + timedelta(days=1)).values()) == ["read"]


def test_a_refused_correction_leaves_the_form_that_it_corrects(drop: Drop) -> None:
    drop.put(NAME, workbook())
    drop.put(AGAIN, workbook(unit_code=None), WRITTEN + timedelta(hours=1))
    assert _statuses(drop, NIGHT) == {AGAIN: "refused", NAME: "read"}


def test_a_column_that_the_form_does_not_have_is_reported(drop: Drop) -> None:
    def change(book: Any, page: Any) -> None:
        page.merge_range("I6:I7", "Cùng kỳ năm trước")

    drop.put(NAME, workbook(change=change))
    drift = drop.run().drift
    assert drift
    assert [change["column"] for change in drift["changes"]] == ["Cùng kỳ năm trước"]


def test_a_half_written_file_waits_and_is_read_when_it_is_whole(drop: Drop) -> None:
    drop.put(NAME, workbook()[:3000])
    first = drop.run()
    assert [file.status for file in first.files] == ["not_ready"]
    assert not list((drop.batch(first) / "files").iterdir())
    drop.put(NAME, workbook(), datetime(2026, 10, 5, 23))
    assert _statuses(drop, NEXT) == {NAME: "read"}


def test_a_half_written_file_that_stays_as_it_is_is_refused_the_next_night(drop: Drop) -> None:
    drop.put(NAME, workbook()[:3000])
    drop.run()
    manifest = drop.run(NEXT)
    assert [(file.status, file.reason) for file in manifest.files] == [("refused", "damaged")]


def test_a_file_of_a_later_day_waits_for_its_night(drop: Drop) -> None:
    drop.put(NAME, workbook(), datetime(2026, 10, 6, 8))
    assert _statuses(drop, NIGHT) == {NAME: "not_ready"}
    assert _statuses(drop, NEXT) == {NAME: "read"}


def test_a_file_written_a_moment_ago_waits(drop: Drop) -> None:
    source = drop.contract.source
    assert isinstance(source, FilesSource)
    patient = source.model_copy(update={"settle_seconds": 3600})
    drop.contract = drop.contract.model_copy(update={"source": patient})
    path = drop.put(NAME, workbook())
    os.utime(path)
    assert _statuses(drop, date.today()) == {NAME: "not_ready"}
    stamp(path, WRITTEN)
    assert _statuses(drop, date.today()) == {NAME: "read"}


def test_a_link_is_never_followed(drop: Drop, tmp_path: Path) -> None:
    secret = tmp_path / "secret.xlsx"
    secret.write_bytes(workbook())
    drop.folder.mkdir()
    (drop.folder / NAME).symlink_to(secret)
    manifest = drop.run()
    assert [(file.status, file.reason) for file in manifest.files] == [("refused", "unsafe_name")]


def test_a_missing_folder_is_said_to_be_missing(drop: Drop) -> None:
    source = drop.contract.source
    assert isinstance(source, FilesSource)
    drop.contract = drop.contract.model_copy(update={"source": source.model_copy(update={"folder": "none"})})
    with pytest.raises(ConfigurationError, match="folder of files does not exist"):
        drop.run()


def test_other_files_are_ignored_only_where_the_contract_says_so(drop: Drop) -> None:
    drop.put("Thumbs.db", b"x")
    drop.put(".git/config.xlsx", b"x")
    assert _statuses(drop, NIGHT) == {"Thumbs.db": "refused"}
    source = drop.contract.source
    assert isinstance(source, FilesSource)
    lenient = source.model_copy(update={"other_files": "ignore"})
    drop.contract = drop.contract.model_copy(update={"source": lenient})
    assert _statuses(drop, NEXT) == {}


def test_the_step_says_what_became_of_the_files(drop: Drop) -> None:
    drop.put(NAME, workbook())
    drop.put("BM01_21028_2026-09.xlsm", workbook())
    drop.put("~$" + NAME, b"lock")
    assert summary(drop.run().files) == (
        "1 files read; 1 files refused; 1 files not ready; "
        "BM01_21028_2026-09.xlsm: a .xlsm file may hold macros and is never opened; "
        f"~${NAME}: its name says that it is still being written"
    )


def test_a_large_file_refused_on_its_last_row_lands_nothing(drop: Drop) -> None:
    rows = [(n, "Dân số", f"L{n}", "người", 1, 1, 1, None) for n in range(12_000)]
    wrong = [*rows, (None, "Tổng cộng", None, None, None, 11_999, None, None)]
    drop.put("BM01_21025_2026-08.xlsx", workbook(wrong, month="Tháng 8 năm 2026"))
    right = [*rows, (None, "Tổng cộng", None, None, None, 12_000, None, None)]
    drop.put(NAME, workbook(right))
    manifest = drop.run()
    assert {file.path: (file.status, file.rows) for file in manifest.files} == {
        "BM01_21025_2026-08.xlsx": ("refused", 0),
        NAME: ("read", 12_000),
    }
    records = drop.records(manifest)
    assert [record["_row"] for record in records] == list(range(12_000))


def test_a_form_that_lists_communes_down_and_indicators_across_is_turned(tmp_path: Path) -> None:
    contract = a_contract(
        cells=[],
        columns=[
            {"name": "place", "headers": ["Chỉ tiêu"], "fill_down": True},
            {"name": "month", "headers": ["Thực hiện | Trong tháng"]},
            {"name": "year", "headers": ["Thực hiện | Lũy kế"], "unit": "triệu đồng"},
        ],
        unpivot={"columns": ["month", "year"], "name": "line", "value": "month_value", "unit": "value_unit"},
        row_needs=[],
        cell_of=None,
        totals=None,
    )
    drop = Drop(tmp_path, contract)
    rows = [[None, "Ba Tơ", None, None, None, 1.5, 2, None], [None, None, None, None, None, 3, None, None]]
    drop.put(NAME, workbook(rows))
    found = [
        tuple(record[name] for name in ("place", "line", "month_value", "value_unit", "_cell"))
        for record in drop.records(drop.run())
    ]
    assert found == [
        ("Ba Tơ", "month", "1,5", None, "F9"),
        ("Ba Tơ", "year", "2", "triệu đồng", "G9"),
        ("Ba Tơ", "month", "3", None, "F10"),
        ("Ba Tơ", "year", None, "triệu đồng", "G10"),
    ]


def test_a_sample_shows_the_newest_form_and_lands_nothing(drop: Drop) -> None:
    source = drop.contract.source
    assert isinstance(source, FilesSource)
    drop.put(NAME, workbook())
    drop.put("BM01_21028_2026-09.xlsx", workbook(ROWS[:1], unit_code="21028"), WRITTEN + timedelta(days=1))
    drop.put("BM01_21034_2026-09.xlsx", b"%PDF", WRITTEN + timedelta(days=2))
    sample = sample_files(source, drop.connection, 3)
    assert sample.records.column_names == list(source.landed_names)
    assert sample.records.column("_file").to_pylist() == ["BM01_21028_2026-09.xlsx", NAME, NAME]
    assert "BM01_21028_2026-09.xlsx" in sample.where
    assert not drop.raw_zone.exists()


def test_a_sample_of_nothing_readable_says_why(drop: Drop) -> None:
    source = drop.contract.source
    assert isinstance(source, FilesSource)
    drop.put(NAME, b"%PDF")
    with pytest.raises(SourceRejected, match="a PDF document"):
        sample_files(source, drop.connection, 3)
