"""What `kho dataset new --kind files` learns from one form."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from kho.authoring.file_names import name_pattern
from kho.authoring.form_cells import read_cells
from kho.authoring.form_header import find_header
from kho.authoring.form_probe import LearntForm, learn_form
from kho.authoring.form_sheets import Grid
from kho.authoring.profile import profile
from kho.authoring.propose_column import propose_column
from kho.errors import SourceRejected
from kho.extract.files.sheets import Percent, Value
from kho.extract.sample import Sample
from tests.files import forms

COMMUNES = {"21025", "21028"}
BINDING = {"kind": "files", "connection": "forms"}


def learn(folder: Path, name: str, content: bytes) -> LearntForm:
    path = folder / name
    path.write_bytes(content)
    nowhere: Any = None  # a given file needs no connection
    return learn_form(dict(BINDING), nowhere, COMMUNES, 100, given=path)


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_the_communes_form_is_learnt_as_its_contract_describes_it(tmp_path: Path, kind: str) -> None:
    content = forms.workbook() if kind == "xlsx" else forms.csv_text().encode()
    learnt = learn(tmp_path, forms.NAME.replace("xlsx", kind), content)
    form = learnt.binding["form"]
    assert [column["headers"] for column in form["columns"]] == [
        ["Chỉ tiêu"], ["Mã số"], ["Đơn vị tính"], ["Kế hoạch năm"], ["Thực hiện | Trong tháng"],
        ["Thực hiện | Lũy kế"], ["Ghi chú"],
    ]  # fmt: skip
    assert learnt.binding["submission"] == {
        "submitter": "file_commune", "period": "file_period", "version": "form_version"
    }  # fmt: skip
    cells = {cell["name"]: cell for cell in form["cells"]}
    assert cells["commune_code"]["equals"] == "file_commune"
    assert cells["commune_code"]["digits"] == 5
    assert cells["period_code"]["equals"] == "file_period"
    # The unit stands in a column, row by row.
    assert learnt.hints["thuc_hien_trong_thang"].unit_column == "unit"
    assert learnt.hints["thuc_hien_trong_thang"].source_format == "1.234,56"
    assert learnt.sample.records["thuc_hien_trong_thang"].to_pylist()[1] in ("1234,56", "1.234,56")


def test_a_file_without_a_table_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceRejected, match="no row looks like the header"):
        learn(tmp_path, "thu_moi.csv", "Kính gửi các đơn vị\nĐề nghị gửi biểu đúng hạn\n".encode())


DATA: list[list[Value]] = [["A1", "Trà Giang", 5, 1.5], ["A2", "Ba Tơ", 6, 2.5]]
HEADINGS: list[Value] = ["Mã", "Tên xã", "Số hộ", "Diện tích (ha)"]


@pytest.mark.parametrize(
    ("rows", "merges", "place"),
    [
        ([HEADINGS, *DATA], [], "row 1"),
        ([["BÁO CÁO", None, None, None], [], HEADINGS, *DATA], [((0, 0), (0, 3))], "row 3"),
        # A remark over some columns is no group of headings.
        ([[None, None, "(Đơn vị tính: hộ)", None], HEADINGS, *DATA], [((0, 2), (0, 3))], "row 2"),
        ([["Mã đơn vị:", "21025", None, None], HEADINGS, *DATA], [((0, 1), (0, 2))], "row 2"),
        (
            [
                ["Mã", "Tên xã", "Năm 2025", None],
                [None, None, "Số hộ", "Diện tích"],
                ["A", "B", "1", "2"],
                *DATA,
            ],
            [((0, 0), (1, 0)), ((0, 1), (1, 1)), ((0, 2), (0, 3))],
            "rows 1-2",
        ),
        ([["Mã", "Tên xã", "Năm 2025", ""], ["", "", "Số hộ", "Diện tích"], *DATA], [], "rows 1-2"),
        # Nothing but words: the first row is the header, not the second.
        ([["Mã", "Tên"], ["a", "b"], ["c", "d"]], [], "row 1"),
    ],
)
def test_the_header_is_found(rows: list[list[Value]], merges: list[Any], place: str) -> None:
    header = find_header(Grid("x", rows, merges))
    assert header is not None
    assert header.place.startswith(f"header in {place},")


@pytest.mark.parametrize(
    ("heading", "values", "kind", "form"),
    [
        ("Số hộ", [1, 2, "3", "-"], "integer", "1.234,56"),
        ("Giá trị", [1234.5, "1.234,56", 7], "number", "1.234,56"),
        ("Giá trị", ["0.25", "1234.5", "7"], "number", None),
        ("Giá trị", ["1.234", "2.500"], "integer", "1.234,56"),
        ("Giá trị", ["0.125", "7"], "number", None),
        ("Giá trị", ["0.25", "0.000"], "number", None),
        ("Số hộ", ["0.000", "7"], "integer", "1.234,56"),
        ("Tỷ lệ", [Percent(0.5), Percent(0.6)], "number", "1.234,56"),
        ("Ngày", [datetime(2026, 9, 1), "02/09/2026"], "date", "%d/%m/%Y"),
        ("Ngày", ["2026-09-01", "2026-09-02"], "date", None),
        ("Lúc", [datetime(2026, 9, 1, 8, 30)], "timestamp", "%d/%m/%Y %H:%M:%S"),
        ("Mã xã", [21025, "00123"], "string", None),
        ("Số CCCD", ["051085001234"], "string", None),
        ("Tên", ["Ba Tơ", 3], "string", None),
        ("Ghi chú", [None, ""], "string", None),
    ],
)
def test_cells_are_read_as_people_wrote_them(
    heading: str, values: list[Value], kind: str, form: str | None
) -> None:
    found = read_cells(heading, values, None)
    assert (found.logical_type, found.source_format) == (kind, form)


@pytest.mark.parametrize(
    ("name", "matches", "refuses", "says"),
    [
        ("BM01_21025_2026-09.xlsx", "BM01_21028_2026-10_lan2.csv", "BM02_21028_2026-10.xlsx", ("file_commune", "file_period")),
        ("Bao cao T09-2026.xlsx", "Bao cao T10-2026.xlsx", "Bao cao.xlsx", (None, "file_period")),
        ("000.01.60.H48_Q3-2026.csv", "000.02.60.H48_Q4-2026.csv", "H48_Q4.csv", ("file_agency", "file_period")),
        ("12345_2026.xlsx", "12345_2027.xlsx", "54321_2026.xlsx", (None, "file_period")),
        ("bieu.csv", "bieu.xlsx", "bieu2.xlsx", (None, None)),
    ],
)  # fmt: skip
def test_names_say_who_and_when(
    name: str, matches: str, refuses: str, says: tuple[str | None, str | None]
) -> None:
    import re

    found = name_pattern(name, (), COMMUNES)
    for one in (name, matches):
        assert re.fullmatch(found.pattern, one, re.IGNORECASE), found.pattern
    assert not re.fullmatch(found.pattern, refuses, re.IGNORECASE), found.pattern
    assert (found.submitter, found.period) == says


@pytest.mark.parametrize(
    ("texts", "form"),
    [
        (["0.125", "1.234"], None),
        (["1.125", "1.234"], "1.234,56"),
        (["0,125", "1.234"], "1.234,56"),
        (["0.000", "1.234"], "1.234,56"),
        (["0.0", "1.234"], None),
        (["0.000", "1.5"], None),
    ],
)
def test_a_sample_with_an_english_decimal_is_not_proposed_as_vietnamese(
    texts: list[str], form: str | None
) -> None:
    sample = Sample(pa.table({"giaTri": texts}), None, "sample", None)
    (found,) = profile(sample)
    column = propose_column(found, (), {})
    assert (column.logical_type, column.source_format) == ("number", form)
