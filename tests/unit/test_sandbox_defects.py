"""Planted defects: every rule is hit, and no record is good first and bad later."""

import unicodedata
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import pytest

from kho.conform.legacy_encoding import to_tcvn3
from kho.contracts import load_contract
from kho.sandbox.defects import NO_DEFECT, draw_kinds
from kho.sandbox.registry import all_sources
from kho.sandbox.source import MARIADB, AgencyTable
from kho.sandbox.sources.public_service_dossiers.defects import DOSSIER_DEFECTS
from kho.sandbox.texts import vietnamese_number
from kho.sandbox.views import View, business_key
from kho.sandbox.world import World
from kho.settings import get_settings
from kho.yaml_source import load_yaml

EPOCH = date(2026, 11, 20)
SOURCES = {source.dataset: source for source in all_sources() if source.has_contract}


@cache
def world() -> World:
    return World(51, 2500, EPOCH)


@cache
def plain_world() -> World:
    return World(51, 500, EPOCH, defect_scale=0)


@cache
def view_on(dataset: str, nights: int = 0) -> View:
    return world().on(EPOCH + timedelta(days=nights)).view(dataset)


@cache
def suite(dataset: str) -> list[dict[str, Any]]:
    path = get_settings().expectations_dir / f"{dataset}.yaml"
    expectations: list[dict[str, Any]] = load_yaml(path).data["expectations"]
    return expectations


def test_there_are_many_kinds_and_no_name_twice() -> None:
    names = [kind.name for source in SOURCES.values() for kind in source.kinds]
    assert len(names) == len(set(names)) >= 20


@pytest.mark.parametrize("dataset", SOURCES)
def test_every_row_rule_of_the_suite_is_broken_by_some_kind(dataset: str) -> None:
    # What a rule about the period before says of a record depends on the nights before.
    rules = {rule["id"]: rule["severity"] for rule in suite(dataset) if "previous" not in rule["kwargs"]}
    rules = {name: severity for name, severity in rules.items() if not name.endswith("_schema")}
    planted = {rule for kind in SOURCES[dataset].kinds for rule in kind.rule_ids}
    assert planted == rules.keys() - _about_typed_columns(dataset)
    for kind in SOURCES[dataset].kinds:
        assert {rules[rule] for rule in kind.rule_ids} <= {kind.severity}


def _about_typed_columns(dataset: str) -> set[str]:
    """Rules about values that cannot be read, in columns whose type in the agency's table lets in no others."""
    table = SOURCES[dataset].served
    if not isinstance(table, AgencyTable):
        return set()
    # MariaDB has a day and a month zero.
    loose = ("text", "varchar", *(("date",) if table.engine == MARIADB else ()))
    typed = {column.name for column in table.columns if not column.type.startswith(loose)}
    contract = load_contract(dataset)
    found = set()
    for rule in suite(dataset):
        about = rule["kwargs"].get("column_list") or [rule["kwargs"].get("column_A")]
        sources = {contract.column(name).source_name for name in about if name not in ("_unreadable", None)}
        if rule["type"].endswith("_to_be_readable") and sources <= typed:
            found.add(rule["id"])
    return found


@pytest.mark.parametrize("dataset", SOURCES)
def test_even_a_small_sandbox_shows_every_kind(dataset: str) -> None:
    shown = {planted.kind for planted in view_on(dataset).planted()}
    assert shown == {kind.name for kind in SOURCES[dataset].kinds if kind.repeat != "exact"}
    assert view_on(dataset).copies()


@pytest.mark.parametrize("dataset", SOURCES)
def test_nothing_is_planted_when_nothing_is_asked_for(dataset: str) -> None:
    view = plain_world().on(EPOCH).view(dataset)
    assert view.planted() == []
    assert view.copies() == []


@pytest.mark.parametrize("dataset", SOURCES)
def test_a_record_is_never_good_first_and_bad_later(dataset: str) -> None:
    seen_good: set[str] = set()
    corrected = 0
    for nights in range(-24, 13, 4):
        today = EPOCH + timedelta(days=nights)
        view = view_on(dataset, nights)
        bad = {planted.business_key: planted for planted in view.planted()}
        assert not seen_good & (bad.keys() - {""})
        for planted in bad.values():
            assert planted.first_seen_on <= today
            assert planted.corrected_on is None or planted.corrected_on > today
        for planted in view.corrected():
            assert planted.corrected_on is not None
            assert planted.corrected_on <= today
            assert planted.updated_at.date() >= planted.corrected_on - timedelta(days=1)
            assert planted.business_key not in bad
            corrected += 1
        seen_good |= _keys(dataset, view) - bad.keys()
    assert corrected > 0


@pytest.mark.parametrize("dataset", SOURCES)
def test_planted_keys_are_served_within_their_window(dataset: str) -> None:
    view = view_on(dataset)
    for planted in view.planted():
        day = (planted.updated_at.date() - date(1970, 1, 1)).days
        assert planted.business_key in _keys(dataset, view, day)


def test_of_contradicting_copies_the_newer_one_wins_on_the_same_day() -> None:
    view = view_on("public_service_dossiers")
    losers = [p for p in view.planted() if p.kind == "dossier_contradicting_copy"]
    for loser in losers:
        day = (loser.updated_at.date() - date(1970, 1, 1)).days
        rows = view.page(day, day, 0, 100_000).rows
        copies = [row for row in rows if business_key([row["MaHoSo"]]) == loser.business_key]
        assert len(copies) == 2
        assert copies[0]["NgayCapNhat"] < copies[1]["NgayCapNhat"]
        assert copies[0]["ChuHoSo"] != copies[1]["ChuHoSo"]


def test_spoiled_dossiers_are_spoiled_as_their_kind_says() -> None:
    view = view_on("public_service_dossiers")
    rows = {business_key([row["MaHoSo"]]): row for row in view.page(0, 99_999, 0, 100_000).rows}
    by_kind = {planted.kind: rows[planted.business_key] for planted in view.planted()}
    assert any(sign in by_kind["name_in_tcvn3"]["ChuHoSo"] for sign in "¨¸¹»·µ¶")
    assert not unicodedata.is_normalized("NFC", by_kind["name_not_composed"]["ChuHoSo"])
    assert int(by_kind["fee_negative"]["DanhSachLePhi"][0]["SoTien"]) < 0
    assert by_kind["processed_without_finish_date"]["TrangThaiHoSo"] in {"9", "10"}
    assert not by_kind["processed_without_finish_date"]["NgayKetThucXuLy"]
    for field, kind in (
        ("NgayTiepNhan", "received_on_impossible_day"),
        ("NgayHenTra", "due_on_impossible_day"),
        ("NgayKetThucXuLy", "finished_on_impossible_day"),
        ("NgayTra", "returned_on_impossible_day"),
    ):
        text = by_kind[kind][field]
        with pytest.raises(ValueError, match="day"):
            datetime.fromisoformat(f"{text[6:10]}-{text[3:5]}-{text[:2]}")


def test_draws_follow_the_shares() -> None:
    kinds = draw_kinds(np.random.default_rng(1), DOSSIER_DEFECTS, 400_000, 1.0)
    for position, kind in enumerate(DOSSIER_DEFECTS):
        assert np.mean(kinds == position) == pytest.approx(kind.share, rel=0.3)
    assert np.mean(kinds == NO_DEFECT) > 0.95


@pytest.mark.parametrize(
    ("text", "tcvn3"),
    [("Nguyễn Văn Ánh", "NguyÔn V¨n ¸nh"), ("Trần Thị Hằng", "TrÇn ThÞ H»ng"), ("Đỗ", "§ç")],
)
def test_tcvn3(text: str, tcvn3: str) -> None:
    assert to_tcvn3(text) == tcvn3
    assert to_tcvn3(unicodedata.normalize("NFD", text)) == tcvn3


@pytest.mark.parametrize(
    ("value", "decimals", "text"), [(1234.5, 2, "1.234,50"), (80, 0, "80"), (-1.25, 2, "-1,25")]
)
def test_vietnamese_numbers(value: float, decimals: int, text: str) -> None:
    assert vietnamese_number(value, decimals) == text


def _keys(dataset: str, view: View, day: int | None = None) -> set[str]:
    first, last = (0, 99_999) if day is None else (day, day)
    rows = view.page(first, last, 0, 1_000_000).rows
    return {business_key([row[name] for name in SOURCES[dataset].key]) for row in rows}
