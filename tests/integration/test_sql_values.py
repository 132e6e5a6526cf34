"""Every kind of value that a database holds, on its way from the source to its conformed form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from kho.conform.expressions import conform
from kho.conform.legacy_encoding import to_tcvn3, to_vni
from kho.contracts import Contract
from kho.errors import SourceRejected
from kho.raw_zone.landing import record_files

from .agency import Agency, a_contract, land, landed

WHOLE = {"snapshot": "row_hash"}
NAME = "Nguyễn Thị Hồng Phượng, Trà Bùi"
NewAgency = Callable[..., Agency]


def _both(agency: Agency, contract: Contract, raw: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The first record as landed and as conformed."""
    manifest = land(agency, contract, raw)
    files = record_files(raw / contract.dataset / manifest.batch_id)
    conformed = conform(duckdb.read_parquet(files), contract).order("ma")
    values = dict(zip(conformed.columns, conformed.limit(1).fetchall()[0], strict=True))
    return landed(raw, manifest)[0], values


MARIADB = {
    "ma": ("varchar(20)", "'A'", "string", "A", "A"),
    "nho": ("tinyint(1)", "1", "boolean", 1, True),
    "bit_co": ("bit(3)", "b'101'", "integer", 5, 5),
    "lon": ("bigint unsigned", "18446744073709551615", "integer", 18446744073709551615, None),
    "duong": ("int unsigned", "4294967295", "integer", 4294967295, 4294967295),
    "so_tien": ("decimal(38,10)", "-1.5", "number", "-1.5000000000", Decimal("-1.5")),
    "loai": ("enum('a','ơ')", "'ơ'", "string", "ơ", "ơ"),
    "tap": ("set('x','y')", "'x,y'", "string", "x,y", "x,y"),
    "json": ("json", "'{\"x\": 1}'", "string", '{"x": 1}', '{"x": 1}'),
    "ngay_khong": ("date", "'0000-00-00'", "date", "0000-00-00", None),
    "luc_khong": ("datetime", "'0000-00-00 00:00:00'", "timestamp", "0000-00-00 00:00:00", None),
    "ngay": ("date", "'2026-02-28'", "date", "2026-02-28", date(2026, 2, 28)),
    "luc": (
        "datetime(6)",
        "'2026-01-01 23:59:59.123456'",
        "timestamp",
        "2026-01-01 23:59:59.123456",
        datetime(2026, 1, 1, 23, 59, 59, 123456),
    ),
    "dau_thoi_gian": (
        "timestamp",
        "'2026-01-01 07:00:00'",
        "timestamp",
        "2026-01-01 07:00:00",
        datetime(2026, 1, 1, 7),
    ),
    "nam": ("year", "2026", "integer", "2026", 2026),
    "gio": ("time", "'-12:00:01'", "string", "-12:00:01", "-12:00:01"),
    "thuc": ("double", "1.5e300", "string", 1.5e300, "1.5e+300"),
    "ten_latin1": ("varchar(40) character set latin1", "'Đà'", "string", None, None),
    "trong": ("varchar(5)", "NULL", "string", None, None),
}


def test_values_of_mariadb(new_agency: NewAgency, tmp_path: Path) -> None:
    cases = {name: case for name, case in MARIADB.items() if name != "ten_latin1"}
    agency = new_agency("mariadb")
    agency.run(f"CREATE TABLE ho_so ({', '.join(f'{name} {case[0]}' for name, case in cases.items())})")
    agency.run(
        "SET GLOBAL sql_mode = ''", f"INSERT INTO ho_so VALUES ({', '.join(c[1] for c in cases.values())})"
    )
    contract = a_contract(WHOLE, {name: case[2] for name, case in cases.items()})
    raw, values = _both(agency, contract, tmp_path)
    assert raw == {name: case[3] for name, case in cases.items()}
    assert {name: values[name] for name in cases} == {name: case[4] for name, case in cases.items()}
    assert values["_unreadable"] == ",lon,ngay_khong,luc_khong,"


POSTGRES = {
    "ma": ("text", "'A'", "string", "A", "A"),
    "co": ("boolean", "true", "boolean", True, True),
    "nho": ("smallint", "-1", "integer", -1, -1),
    "so_tien": ("numeric", "123456789012345678901234567890.5", "number", "123456789012345678901234567890.5", None),
    "khong_phai_so": ("numeric(20,2)", "'NaN'", "number", "NaN", None),
    "ngay_vo_cung": ("date", "'infinity'", "date", "infinity", None),
    "truoc_cong_nguyen": ("date", "'0044-03-15 BC'", "date", "0044-03-15 BC", None),
    "nam_hai_chu_so": ("date", "'0026-10-01'", "date", "0026-10-01", None),
    "luc_vo_cung": ("timestamptz", "'-infinity'", "timestamp", "-infinity", None),
    "luc": ("timestamp", "'2026-01-01 23:59:59.5'", "timestamp", "2026-01-01 23:59:59.5", datetime(2026, 1, 1, 23, 59, 59, 500000)),
    "luc_co_mui_gio": ("timestamptz", "'2026-01-01 17:30:00+00'", "timestamp", "2026-01-02 00:30:00", datetime(2026, 1, 2, 0, 30)),
    "thuc": ("double precision", "'Infinity'", "string", float("inf"), "inf"),
    "dinh_danh": ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "string", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    "json": ("jsonb", '\'{"x": 1}\'', "string", '{"x": 1}', '{"x": 1}'),
    "mang": ("int[]", "'{1,2}'", "string", "{1,2}", "{1,2}"),
    "gio": ("time", "'10:00'", "string", "10:00:00", "10:00:00"),
    "khoang": ("interval", "'1 day'", "string", "P1D", "P1D"),
    "trong": ("text", "NULL", "string", None, None),
    "rong": ("text", "''", "string", "", None),
    "la": ("text", "E'\\\\.\\n\"\\t,'", "string", '\\.\n"\t,', '\\. " ,'),
}  # fmt: skip


def test_values_of_postgresql(new_agency: NewAgency, tmp_path: Path) -> None:
    agency = new_agency("postgres")
    agency.run(f"CREATE TABLE ho_so ({', '.join(f'{name} {case[0]}' for name, case in POSTGRES.items())})")
    agency.run(f"INSERT INTO ho_so VALUES ({', '.join(case[1] for case in POSTGRES.values())})")
    contract = a_contract(WHOLE, {name: case[2] for name, case in POSTGRES.items()})
    raw, values = _both(agency, contract, tmp_path)
    assert raw == {name: case[3] for name, case in POSTGRES.items()}
    assert {name: values[name] for name in POSTGRES} == {name: case[4] for name, case in POSTGRES.items()}
    assert (
        values["_unreadable"]
        == ",so_tien,khong_phai_so,ngay_vo_cung,truoc_cong_nguyen,nam_hai_chu_so,luc_vo_cung,"
    )


def test_values_of_sqlite_need_not_be_of_their_columns_type(new_agency: NewAgency, tmp_path: Path) -> None:
    agency = new_agency("sqlite")
    agency.run("CREATE TABLE ho_so (ma text, so integer, ngay date, luc datetime, so_tien numeric)")
    agency.run("INSERT INTO ho_so VALUES ('A', 'năm', '31/02/2026', '2026-01-01T07:00:00', 0.5)")
    kinds = {"ma": "string", "so": "integer", "ngay": "date", "luc": "timestamp", "so_tien": "number"}
    raw, values = _both(agency, a_contract(WHOLE, kinds), tmp_path)
    assert raw == {
        "ma": "A",
        "so": "năm",
        "ngay": "31/02/2026",
        "luc": "2026-01-01T07:00:00",
        "so_tien": "0.5",
    }
    assert values["_unreadable"] == ",so,ngay,"
    assert (values["luc"], values["so_tien"]) == (datetime(2026, 1, 1, 7), Decimal("0.5"))


@pytest.mark.parametrize("kind", ["postgres", "mariadb", "sqlite"])
@pytest.mark.parametrize(("charset", "encode"), [("tcvn3", to_tcvn3), ("vni", to_vni)])
def test_text_from_before_unicode_is_decoded_where_the_contract_says_so(
    new_agency: NewAgency, tmp_path: Path, kind: str, charset: str, encode: Callable[[str], str]
) -> None:
    agency = new_agency(kind)
    agency.run("CREATE TABLE ho_so (ma varchar(9), ten varchar(200), khac varchar(200), moi varchar(200))")
    old = encode(NAME)
    agency.run(f"INSERT INTO ho_so VALUES ('A', '{old}', '{old}', '{NAME}')")
    columns = {"ma": "string", "ten": f"string:{charset}", "khac": "string", "moi": f"string:{charset}"}
    raw, values = _both(agency, a_contract(WHOLE, columns), tmp_path)
    assert (raw["ten"], raw["khac"]) == (old, old)
    assert values["ten"] == NAME
    assert values["khac"] == old, "what is not declared is never guessed"
    assert values["moi"] == NAME, "Unicode among the old text stays as it is"


def test_a_whole_source_may_be_from_before_unicode(new_agency: NewAgency, tmp_path: Path) -> None:
    agency = new_agency("postgres")
    agency.run("CREATE TABLE ho_so (ma text, ten text, moi text)")
    agency.run(f"INSERT INTO ho_so VALUES ('A', '{to_tcvn3(NAME)}', 'Trà')")
    columns = {"ma": "string", "ten": "string", "moi": "string:unicode"}
    _, values = _both(agency, a_contract(WHOLE | {"charset": "tcvn3"}, columns), tmp_path)
    assert (values["ten"], values["moi"]) == (NAME, "Trà")


def test_columns_that_mariadb_believes_to_be_latin1(new_agency: NewAgency, tmp_path: Path) -> None:
    agency = new_agency("mariadb")
    agency.run(
        "CREATE TABLE ho_so (ma varchar(9), dung varchar(99) character set latin1, "
        "nham varchar(99) character set latin1, hong varchar(99) character set latin1)"
    )
    broken = "0x" + "Trà".encode().hex() + "e1"
    agency.run(f"INSERT INTO ho_so VALUES ('A', 'café', 0x{NAME.encode().hex()}, {broken})")
    columns = {
        "ma": "string", "dung": "string", "nham": "string:utf8_bytes", "hong": "string:utf8_bytes",
    }  # fmt: skip
    raw, values = _both(agency, a_contract(WHOLE, columns), tmp_path)
    assert (values["dung"], values["nham"]) == ("café", NAME)
    assert values["hong"] is None
    assert values["_unreadable"] == ",hong,"
    assert raw["hong"] == "\ufffd\\x" + "Trà".encode().hex() + "e1"


@pytest.mark.parametrize("kind", ["postgres", "sqlite"])
def test_bytes_that_are_no_text_are_noted_as_unreadable(
    new_agency: NewAgency, tmp_path: Path, kind: str
) -> None:
    if kind == "postgres":
        agency = new_agency(kind, "ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0")
        agency.run("CREATE TABLE ho_so (ma text, ten text, so int)")
        agency.run("INSERT INTO ho_so VALUES ('A', E'Tr\\xe1', 1), ('B', E'Tr\\xc3\\xa0', 2)")
    else:
        agency = new_agency(kind)
        agency.run("CREATE TABLE ho_so (ma text, ten text, so int)")
        agency.run("INSERT INTO ho_so VALUES ('A', CAST(x'5472e1' AS text), 1), ('B', 'Trà', 2)")
    contract = a_contract(WHOLE, {"ma": "string", "ten": "string", "so": "integer"})
    raw, values = _both(agency, contract, tmp_path)
    assert raw["ten"] == "\ufffd\\x5472e1"
    assert (values["ten"], values["_unreadable"]) == (None, ",ten,")


@pytest.mark.parametrize(
    ("kind", "binary"), [("postgres", "bytea"), ("mariadb", "mediumblob"), ("sqlite", "blob")]
)
def test_a_binary_column_is_refused_by_name(
    new_agency: NewAgency, tmp_path: Path, kind: str, binary: str
) -> None:
    agency = new_agency(kind)
    agency.run(f"CREATE TABLE ho_so (ma varchar(9), anh {binary})")
    with pytest.raises(SourceRejected, match="anh holds binary data") as caught:
        land(agency, a_contract(WHOLE, {"ma": "string", "anh": "string"}), tmp_path)
    assert "leave it out of the contract" in str(caught.value)
    assert land(agency, a_contract(WHOLE, {"ma": "string"}), tmp_path).fetched == 0
