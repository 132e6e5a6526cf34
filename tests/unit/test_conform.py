"""Values as sources write them, and what becomes of them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from kho.conform.expressions import conform
from kho.contracts import Column, Contract, load_contract
from kho.contracts.model import STANDARD_MARKERS


def _column(name: str, kind: str, **more: Any) -> Column:
    return Column(
        name=name,
        source_name=name,
        title=name,
        logical_type=kind,
        sql_type=more.pop("sql_type", "numeric(20,4)" if kind == "number" else kind),
        classification="public",
        **more,
    )


def _conform(column: Column, *values: Any) -> list[tuple[Any, Any]]:
    """What each value becomes, and whether it was noted as unreadable."""
    key = _column("id", "string", key_position=1)
    contract: Contract = load_contract("agencies").model_copy(update={"columns": (key, column)})
    numbers = range(len(values))
    landed = pa.table(
        {"_row": list(numbers), "id": [str(n) for n in numbers], column.source_name: list(values)}
    )
    with duckdb.connect() as duck:
        rows = conform(duck.from_arrow(landed), contract).to_arrow_table().sort_by("_row").to_pylist()
    return [(row[column.name], row["_unreadable"]) for row in rows]


@pytest.mark.parametrize(
    ("sent", "becomes"),
    [
        pytest.param("  H48.02 ", "H48.02", id="spaces around"),
        pytest.param("H48\u200b.02", "H48.02", id="zero-width space"),
        pytest.param("Sơn\u00a0Hà", "Sơn Hà", id="no-break space"),
        pytest.param("Sơn \t\n Hà", "Sơn Hà", id="tab and line break"),
        pytest.param("Nguye\u0302\u0303n", "Nguyễn", id="decomposed"),
        pytest.param("Đăk\u2003KRoong", "Đăk KRoong", id="em space, highland name"),
        pytest.param("a\x00b", "ab", id="NUL"),
        pytest.param("", None, id="empty"),
        pytest.param(" \u200b ", None, id="nothing but invisible"),
        pytest.param(None, None, id="missing"),
        pytest.param("x" * 10_000, "x" * 10_000, id="very long"),
        pytest.param("=HYPERLINK('x')", "=HYPERLINK('x')", id="formula is left as it is"),
    ],
)
def test_text_is_washed(sent: str | None, becomes: str | None) -> None:
    assert _conform(_column("name", "string"), sent) == [(becomes, None)]


def test_verbatim_text_keeps_its_form_but_never_a_nul() -> None:
    column = _column("name", "string", text_hygiene="verbatim")
    assert _conform(column, " Nguye\u0302\u0303n\x00 ") == [(" Nguye\u0302\u0303n ", None)]


def test_an_empty_value_takes_the_declared_default() -> None:
    assert _conform(_column("channel", "string", default_value="1"), "", "2") == [("1", None), ("2", None)]


@pytest.mark.parametrize(
    ("sent", "becomes"),
    [
        ("01/09/2026 07:05:09", datetime(2026, 9, 1, 7, 5, 9)),
        (" 01/09/2026  07:05:09\u200b", datetime(2026, 9, 1, 7, 5, 9)),
        ("29/02/2028 00:00:00", datetime(2028, 2, 29)),
        ("31/02/2026 08:00:00", None),
        ("2026-09-01 07:05:09", None),
        ("hôm qua", None),
        ("01/10/26 08:00:00", None),
        ("31/12/1899 23:59:59", None),
        ("01/01/1900 00:00:00", datetime(1900, 1, 1)),
        ("31/12/2200 23:59:59", datetime(2200, 12, 31, 23, 59, 59)),
        ("31/12/9999 00:00:00", None),
    ],
)
def test_a_date_is_read_or_noted(sent: str, becomes: datetime | None) -> None:
    column = _column("at", "timestamp", source_format="%d/%m/%Y %H:%M:%S")
    assert _conform(column, sent) == [(becomes, None if becomes else ",at,")]


@pytest.mark.parametrize(
    ("sent", "becomes"),
    [
        ("1.234,56", Decimal("1234.5600")),
        ("1234,5", Decimal("1234.5000")),
        ("12.345.678", Decimal("12345678.0000")),
        ("-7", Decimal("-7.0000")),
        ("1,234.56", None),
        ("12.34", None),
        ("khoảng 80", None),
        ("80 %", None),
        ("1e5", None),
        ("0,125", Decimal("0.1250")),
        ("0", Decimal("0.0000")),
        ("1.234", Decimal("1234.0000")),
        ("0.000", Decimal("0.0000")),
        ("-000.000", Decimal("0.0000")),
        ("0.000.000,00", Decimal("0.0000")),
        ("0.00", None),
        ("0.0000", None),
        ("0.125", None),
        ("-0.125", None),
        ("0.5", None),
        ("00.125", None),
        ("012.345", None),
    ],
)
def test_a_vietnamese_number_is_read_or_noted(sent: str, becomes: Decimal | None) -> None:
    column = _column("value", "number", source_format="1.234,56")
    assert _conform(column, sent) == [(becomes, None if becomes is not None else ",value,")]


@pytest.mark.parametrize(
    ("sent", "count", "total"),
    [
        ('[{"SoTien":"50000"},{"SoTien":7}]', 2, Decimal(50007)),
        ("[]", 0, Decimal(0)),
        (None, None, None),
        ('[{"SoTien":"năm nghìn"}]', 1, "unreadable"),
        ('[{"SoTien":1},{"SoTien":"x"}]', 2, "unreadable"),
        ('[{"SoTien":', "unreadable", "unreadable"),
    ],
)
def test_nested_lists_are_counted_and_summed(sent: str | None, count: Any, total: Any) -> None:
    counted = _column("fees", "integer", nested_count="$[*]", sql_type="bigint")
    summed = _column("fees", "number", nested_sum="$[*].SoTien", sql_type="numeric(18,2)")
    for column, expected in ((counted, count), (summed, total)):
        wanted = (None, ",fees,") if expected == "unreadable" else (expected, None)
        assert _conform(column, sent) == [wanted]


@pytest.mark.parametrize(
    ("sent", "digital", "asked"),
    [
        ('[{"SoHoa":"1","Ngay":"01/09/2026"},{"SoHoa":"0"}]', 1, date(2026, 9, 1)),
        ('[{"SoHoa":"1"},{"SoHoa":"1"}]', 2, None),
        ("[]", 0, None),
        (None, None, None),
        ('[{"Ngay":"mai"}]', 0, "unreadable"),
        ('[{"SoHoa":', "unreadable", None),
    ],
)
def test_items_of_one_value_are_counted_and_one_text_is_read(
    sent: str | None, digital: Any, asked: Any
) -> None:
    counted = _column("papers", "integer", nested_count="$[*].SoHoa", counted_value="1", sql_type="bigint")
    read = _column("papers", "date", nested_text="$[0].Ngay", source_format="%d/%m/%Y")
    for column, expected in ((counted, digital), (read, asked)):
        wanted = (None, ",papers,") if expected == "unreadable" else (expected, None)
        assert _conform(column, sent) == [wanted]


@pytest.mark.parametrize(
    ("kind", "source_format", "sent", "becomes"),
    [
        ("date", "%d/%m/%Y", "01/10/26", None),
        ("date", "%d/%m/%Y", "01/10/2026", date(2026, 10, 1)),
        ("date", None, "0026-10-01", None),
        ("date", None, "infinity", None),
        ("timestamp", None, "-infinity", None),
        ("timestamp", None, "0026-10-01T08:00:00", None),
        ("date", None, date(26, 10, 1), None),
        ("date", None, date(1946, 1, 6), date(1946, 1, 6)),
        ("timestamp", None, datetime(26, 10, 1, 8), None),
        ("timestamp", None, datetime(9999, 12, 31), None),
    ],
)
def test_a_day_of_no_plausible_year_is_noted(
    kind: str, source_format: str | None, sent: Any, becomes: Any
) -> None:
    found = _conform(_column("on", kind, source_format=source_format), sent)
    assert found == [(becomes, None if becomes else ",on,")]


def test_values_that_have_a_type_keep_it() -> None:
    assert _conform(_column("on", "date"), date(2026, 9, 1), None) == [(date(2026, 9, 1), None), (None, None)]
    at = pa.array([datetime(2026, 9, 1, 0, 0)], pa.timestamp("us", tz="UTC"))
    assert _conform(_column("at", "timestamp"), *at) == [(datetime(2026, 9, 1, 7, 0), None)]


def test_two_troubles_of_one_row_are_both_noted() -> None:
    contract = load_contract("public_service_dossiers")
    record = dict.fromkeys(contract.source_names, None) | {
        "MaHoSo": "000.00.02.H48-260901-0001",
        "NgayTiepNhan": "31/02/2026 08:00:00",
        "NgayHenTra": "mai",
    }
    schema = pa.schema([(name, pa.string()) for name in contract.source_names])
    landed = pa.Table.from_pylist([record], schema=schema).append_column("_row", pa.array([0]))
    with duckdb.connect() as duck:
        row = conform(duck.from_arrow(landed), contract).to_arrow_table().to_pylist()[0]
    assert row["_unreadable"] == ",received_at,due_at,"


def _with_reason(column: Column, *values: Any) -> list[tuple[Any, ...]]:
    """Each value, why there is none, and whether it could not be read."""
    key = _column("id", "string", key_position=1)
    why = _column("why", "string", missing_reason_of=column.name).model_copy(
        update={"source_name": column.source_name}
    )
    contract = load_contract("agencies").model_copy(update={"columns": (key, column, why)})
    numbers = range(len(values))
    landed = pa.table(
        {"_row": list(numbers), "id": [str(n) for n in numbers], column.source_name: list(values)}
    )
    with duckdb.connect() as duck:
        rows = conform(duck.from_arrow(landed), contract).to_arrow_table().sort_by("_row").to_pylist()
    return [(row[column.name], row["why"], row["_unreadable"]) for row in rows]


@pytest.mark.parametrize(
    ("sent", "value", "why", "unreadable"),
    [
        ("1.234,5", Decimal("1234.5000"), None, None),
        ("-", None, "not_applicable", None),
        (" – ", None, "not_applicable", None),
        ("X", None, "not_applicable", None),
        ("Không  có", None, "not_applicable", None),
        ("Kho\u0302ng co\u0301", None, "not_applicable", None),
        ("…", None, "not_yet_reported", None),
        ("chưa có", None, "not_yet_reported", None),
        ("không rõ", None, "unknown", None),
        ("-5", Decimal("-5.0000"), None, None),
        ("xx", None, None, ",value,"),
        ("", None, None, None),
        (None, None, None, None),
    ],
)
def test_the_meanings_of_a_missing_value_are_kept_apart(
    sent: str | None, value: Any, why: str | None, unreadable: str | None
) -> None:
    column = _column("value", "number", source_format="1.234,56", missing_markers=STANDARD_MARKERS)
    assert _with_reason(column, sent) == [(value, why, unreadable)]


def test_marks_in_texts_and_dates_are_no_values_either() -> None:
    name = _column("name", "string", missing_markers={"unknown": ("?",)})
    assert _with_reason(name, "Đăk Hà", "?") == [("Đăk Hà", None, None), (None, "unknown", None)]
    on = _column("on", "date", source_format="%d/%m/%Y", missing_markers={"not_yet_reported": ("chưa có",)})
    assert _with_reason(on, "Chưa có", "mai") == [(None, "not_yet_reported", None), (None, None, ",on,")]


@pytest.mark.parametrize(
    ("unit", "sent", "becomes"),
    [
        ("triệu đồng", "1.234,56", Decimal("1234560000.0000")),
        ("triệu đồng", "0,00000001", Decimal("0.0100")),
        ("tỷ đồng", "999.999.999,9999", Decimal("999999999999900000.0000")),
        ("triệu đồng", "12,5 triệu đồng", Decimal("12500000.0000")),
        ("triệu đồng", "12,5 tỷ đồng", None),
        ("tạ", "15", Decimal("1.5000")),
        ("%", "85,5%", Decimal("85.5000")),
        ("%", "85,5 %", Decimal("85.5000")),
        ("triệu đồng", "85,5%", None),
        ("đồng", "1234567", Decimal("1234567.0000")),
    ],
)
def test_a_number_is_kept_in_its_canonical_unit(unit: str, sent: str, becomes: Decimal | None) -> None:
    column = _column("value", "number", source_format="1.234,56", source_unit=unit, sql_type="numeric(24,4)")
    assert _conform(column, sent) == [(becomes, None if becomes is not None else ",value,")]


def test_native_numbers_have_units_too() -> None:
    column = _column("value", "number", source_unit="triệu đồng")
    assert _conform(column, Decimal("1.5"), None) == [(Decimal("1500000.0000"), None), (None, None)]


def test_the_unit_may_stand_in_a_column_of_its_own() -> None:
    value = _column("value", "number", source_format="1.234,56", source_unit_column="ĐVT")
    contract = load_contract("agencies").model_copy(
        update={"columns": (_column("id", "string", key_position=1), value)}
    )
    rows = [
        ("1", "1,5", "triệu đồng", Decimal("1500000.0000")),
        ("2", "1,5", " Nghìn  người", Decimal("1500.0000")),
        ("3", "85,5%", "%", Decimal("85.5000")),
        ("4", "85,5%", "ha", None),
        ("5", "1,5", "gùi", None),
        ("6", "1,5", None, None),
    ]
    landed = pa.table(
        {
            "_row": [int(row[0]) for row in rows],
            "id": [row[0] for row in rows],
            "value": [row[1] for row in rows],
            "ĐVT": [row[2] for row in rows],
        }
    )
    with duckdb.connect() as duck:
        found = conform(duck.from_arrow(landed), contract).to_arrow_table().sort_by("_row").to_pylist()
    assert [row["value"] for row in found] == [row[3] for row in rows]
    assert [row["_unreadable"] is None for row in found] == [row[3] is not None for row in rows]
