"""Schema drift: what is seen, and what each policy makes of it."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from kho.authoring.evolution import proposal, write_proposal
from kho.contracts import Contract, load_contract
from kho.errors import SchemaDrifted
from kho.extract.drift import Drift, compare, observe
from kho.extract.source_kinds import kinds_of
from kho.settings import Settings

VOUCHERS = load_contract("investment_disbursements")
NAMES = VOUCHERS.source_names
TYPES = {
    "so_chung_tu": "VARCHAR(40)",
    "ma_du_an": "TEXT",
    "ma_don_vi": "TEXT",
    "nam_ngan_sach": "INTEGER",
    "ngay_chung_tu": "DATE",
    "so_tien": "NUMERIC(20, 2)",
    "nguon_von": "CHAR(20)",
    "dien_giai": "TEXT",
    "cap_nhat_luc": "TIMESTAMP WITHOUT TIME ZONE",
}


def with_policy(policy: str) -> Contract:
    return VOUCHERS.model_copy(update={"drift": policy})


def test_the_agreed_columns_are_no_drift() -> None:
    assert not compare(VOUCHERS, NAMES, TYPES)
    assert not compare(VOUCHERS, NAMES)


@pytest.mark.parametrize("policy", ["evolve", "discard"])
def test_a_new_column_is_named_and_does_not_stop(policy: str) -> None:
    drift = observe(with_policy(policy), [*NAMES, "ma_dinh_danh"], {**TYPES, "ma_dinh_danh": "TEXT"})
    assert drift.added == ("ma_dinh_danh",)
    assert not drift.missing
    assert "new column 'ma_dinh_danh' (TEXT)" in drift.text


@pytest.mark.parametrize(
    ("names", "types"),
    [
        ([*NAMES, "moi"], None),
        ([name for name in NAMES if name != "dien_giai"], None),
        (NAMES, {**TYPES, "dien_giai": "BIGINT"}),
    ],
    ids=["added", "missing", "retyped"],
)
def test_freeze_stops_at_any_change(names: list[str], types: dict[str, str] | None) -> None:
    with pytest.raises(SchemaDrifted) as raised:
        observe(with_policy("freeze"), names, types, where="agency_finance:tabmis.giai_ngan")
    assert raised.value.fault == "contract_breach"
    assert not raised.value.retryable
    assert "freezes" in str(raised.value)
    assert "tabmis.giai_ngan" in str(raised.value)
    # It carries all changes, also through a process boundary, so that they can be written down.
    again = pickle.loads(pickle.dumps(raised.value))
    assert Drift.from_json(again.drift).stops


@pytest.mark.parametrize("policy", ["freeze", "evolve", "discard"])
@pytest.mark.parametrize(
    ("gone", "why"),
    [
        ("so_chung_tu", "part of the key"),
        ("so_tien", "requires"),
        ("cap_nhat_luc", "watermark"),
        ("ma_don_vi", "agency"),
    ],
)
def test_a_needed_column_that_is_gone_always_stops(policy: str, gone: str, why: str) -> None:
    with pytest.raises(SchemaDrifted, match=gone) as raised:
        observe(with_policy(policy), [name for name in NAMES if name != gone])
    if gone != "ma_don_vi":
        assert why in str(raised.value)


def test_a_column_that_is_known_and_not_wanted_is_no_drift() -> None:
    told = VOUCHERS.model_copy(update={"ignored_columns": ("id",)})
    assert not compare(told, [*NAMES, "id"], {**TYPES, "id": "BIGINT"})


def test_an_optional_column_that_is_gone_loads_as_null() -> None:
    drift = observe(VOUCHERS, [name for name in NAMES if name != "dien_giai"])
    assert drift.missing == ("dien_giai",)
    assert not drift.stops


@pytest.mark.parametrize(
    ("new", "probable"), [("dien_giai_ct", True), ("DienGiai", True), ("noi_dung", True), ("so_luong", False)]
)
def test_a_probable_rename_is_said_to_be_one(new: str, probable: bool) -> None:
    kind = "TEXT" if probable else "INTEGER"
    names = [new if name == "dien_giai" else name for name in NAMES]
    types = {new if name == "dien_giai" else name: kind_ for name, kind_ in TYPES.items()} | {new: kind}
    drift = observe(VOUCHERS, names, types)
    assert drift.missing == ("dien_giai",)
    assert drift.added == (new,)
    assert ("probably renamed" in drift.text) is probable


def test_a_renamed_key_stops_and_names_both() -> None:
    with pytest.raises(SchemaDrifted, match="'so_chung_tu' is gone, probably renamed to 'so_ct'"):
        observe(VOUCHERS, ["so_ct", *NAMES[1:]], {**TYPES, "so_ct": "TEXT"})


def test_a_retyped_column_is_recorded_and_a_retyped_key_stops() -> None:
    drift = observe(VOUCHERS, NAMES, {**TYPES, "so_tien": "VARCHAR(30)"})
    assert drift.retyped == ("so_tien",)
    with pytest.raises(SchemaDrifted, match="so_chung_tu"):
        observe(VOUCHERS, NAMES, {**TYPES, "so_chung_tu": "BIGINT"})


def test_numbers_among_texts_of_a_key_are_recorded_only() -> None:
    drift = observe(VOUCHERS, NAMES, {"so_chung_tu": "number|text"})
    assert drift.retyped == ("so_chung_tu",)
    assert not drift.stops


def test_few_records_say_nothing_about_missing_fields() -> None:
    names = [name for name in NAMES if name != "so_chung_tu"]
    assert not compare(VOUCHERS, names, records=9)
    assert compare(VOUCHERS, names, records=10).stops
    assert compare(VOUCHERS, [*NAMES, "moi"], records=1).added == ("moi",)
    assert not compare(VOUCHERS, [], records=0)


def test_the_contract_may_say_which_kind_the_source_sends() -> None:
    columns = tuple(
        column.model_copy(update={"source_type": "number"}) if column.name == "voucher_code" else column
        for column in VOUCHERS.columns
    )
    told = VOUCHERS.model_copy(update={"columns": columns})
    assert not compare(told, NAMES, {**TYPES, "so_chung_tu": "BIGINT"})
    assert compare(told, NAMES, TYPES).retyped == ("so_chung_tu",)


@pytest.mark.parametrize(
    ("source_type", "kind"),
    [
        ("character varying(20)", "text"),
        ("NVARCHAR2(50)", "text"),
        ("NUMBER(10, 2)", "number"),
        ("TINYINT(1)", "number"),
        ("double precision", "number"),
        ("DATETIME2", "timestamp"),
        ("timestamp with time zone", "timestamp"),
        ("DATE", "date"),
        ("BOOLEAN", "boolean"),
        ("BIT", "boolean"),
        ("TEXT[]", "list"),
        ("JSONB", "object"),
        ("BYTEA", "binary"),
        ("text", "text"),
        ("ENUM('a','b')", "text"),
        ("UUID", "text"),
        ("LONGBLOB", "binary"),
        ("MEDIUMTEXT", "text"),
        ("INTERVAL", "time"),
    ],
)
def test_types_of_all_engines_fall_into_kinds(source_type: str, kind: str) -> None:
    assert kinds_of(source_type) == {kind}


def test_drift_survives_the_manifest() -> None:
    drift = compare(VOUCHERS, [*NAMES[1:], "moi"], {**TYPES, "so_tien": "TEXT"})
    assert Drift.from_json(drift.as_json()) == drift
    assert not Drift.from_json(None)


def test_a_proposal_adds_what_is_new_and_marks_personal_data(tmp_path: Path) -> None:
    drift = compare(
        with_policy("evolve"),
        [*(name for name in NAMES if name != "dien_giai"), "noi_dung_chi", "so_dien_thoai"],
        {**TYPES, "so_dien_thoai": "VARCHAR(15)", "noi_dung_chi": "INTEGER"},
    )
    path = write_proposal(VOUCHERS, drift, Settings(home=tmp_path))
    text = path.read_text(encoding="utf-8")
    assert text == proposal(VOUCHERS, drift)
    assert "name: phone_number" in text
    assert "classification: personal" in text
    assert 'businessName: "Số điện thoại"' in text
    import yaml

    assert [next(iter(change)) for change in yaml.safe_load(text)["changes"]].count("add") >= 1
