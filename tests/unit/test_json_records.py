"""Reading JSON records: values as they were sent, and no field unnoticed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kho.raw_zone.json_records import LOOKED_AT, JsonRecords, SeenFields

WANTED = ["MaHoSo", "SoTien", "GhiChú"]


@pytest.fixture
def reader() -> Iterator[JsonRecords]:
    records = JsonRecords(WANTED)
    yield records
    records.close()


def read(reader: JsonRecords, path: Path, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    raw = [json.dumps(record, ensure_ascii=False).encode() for record in records]
    reader.look_at(raw)
    reader.write(path, raw)
    return reader.read(path).to_pylist()


def test_values_are_text_as_they_were_sent(reader: JsonRecords, tmp_path: Path) -> None:
    records = [
        {"MaHoSo": "H\u0000ồ  sơ", "SoTien": 10.50, "GhiChú": {"a": [1, None]}},
        {"MaHoSo": "00123", "SoTien": None, "GhiChú": "😀 KRoong"},
        {"MaHoSo": 123, "SoTien": "1.234,56", "GhiChú": True},
    ]
    assert read(reader, tmp_path / "chunk.ndjson", records) == [
        {"MaHoSo": "H\u0000ồ  sơ", "SoTien": "10.5", "GhiChú": '{"a":[1,null]}'},
        {"MaHoSo": "00123", "SoTien": None, "GhiChú": "😀 KRoong"},
        {"MaHoSo": "123", "SoTien": "1.234,56", "GhiChú": "true"},
    ]
    assert reader.seen.kinds["MaHoSo"] == {"text", "number"}
    assert reader.seen.types["GhiChú"] == "boolean|object|text"


@pytest.mark.parametrize("place", [0, 1, 1234, 4999])
def test_a_new_field_of_a_single_record_is_noticed(reader: JsonRecords, tmp_path: Path, place: int) -> None:
    records: list[dict[str, Any]] = [{"MaHoSo": str(n), "SoTien": n, "GhiChú": None} for n in range(5000)]
    records[place]["Mới"] = "x"
    found = read(reader, tmp_path / "chunk.ndjson", records)
    assert [row["MaHoSo"] for row in found] == [str(n) for n in range(5000)]
    assert set(reader.seen.kinds) == {*WANTED, "Mới"}


def test_a_field_that_differs_by_case_is_another_field(reader: JsonRecords, tmp_path: Path) -> None:
    for _ in range(2):
        found = read(reader, tmp_path / "chunk.ndjson", [{"MaHoSo": "1"}, {"mahoso": "2", "MaHoSo": "3"}])
        assert [row["MaHoSo"] for row in found] == ["1", "3"]
    assert "mahoso" in reader.seen.kinds


def test_a_field_that_no_record_has_is_not_seen_but_one_that_is_null_is(
    reader: JsonRecords, tmp_path: Path
) -> None:
    records: list[dict[str, Any]] = [{"MaHoSo": str(n)} for n in range(3000)]
    records[1501]["SoTien"] = None
    found = read(reader, tmp_path / "chunk.ndjson", records)
    assert found[0] == {"MaHoSo": "0", "SoTien": None, "GhiChú": None}
    assert set(reader.seen.kinds) == {"MaHoSo", "SoTien"}


def test_later_chunks_still_notice_after_a_first_surprise(reader: JsonRecords, tmp_path: Path) -> None:
    chunk = tmp_path / "chunk.ndjson"
    read(reader, chunk, [{"MaHoSo": "1", "a": 1}] * (LOOKED_AT * 3))
    read(reader, chunk, [{"MaHoSo": "1", "a": 1}] * (LOOKED_AT * 3))
    records: list[dict[str, Any]] = [{"MaHoSo": str(n)} for n in range(100)]
    records[50]["b"] = None
    assert len(read(reader, chunk, records)) == 100
    assert {"a", "b"} <= set(reader.seen.kinds)


def test_a_name_written_with_escapes_is_the_same_name(reader: JsonRecords, tmp_path: Path) -> None:
    chunk = tmp_path / "chunk.ndjson"
    reader.write(chunk, [b'{"Ghi\\u0043h\\u00fa":"a"}', b'{"\\u0111":[]}'])
    assert [row["GhiChú"] for row in reader.read(chunk).to_pylist()] == ["a", None]
    assert set(reader.seen.kinds) == {"GhiChú", "đ"}


def test_parts_of_an_extraction_are_put_together() -> None:
    one, other = SeenFields({"a": {"text"}}, 2), SeenFields({"a": {"number"}, "b": set()}, 3)
    one.merge(other)
    assert one.records == 5
    assert one.types == {"a": "number|text"}
    assert set(one.kinds) == {"a", "b"}
