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
