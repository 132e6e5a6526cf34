"""How the report writes numbers, dates and texts, what a score is, and how its configuration is read."""

from __future__ import annotations

import unicodedata
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from kho.errors import ConfigurationError
from kho.report import vietnamese
from kho.report.bands import AMBER, GREEN, RED, Bands, Tally, total
from kho.report.config import config_path, load_report_config
from kho.settings import get_settings

# Numbers and dates.


@pytest.mark.parametrize(("value", "written"), [(0, "0"), (999, "999"), (1_234_567, "1.234.567")])
def test_a_count_has_points_between_thousands(value: int, written: str) -> None:
    assert vietnamese.number(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(999_999, "999.999"), (1_000_000, "1,0 tr"), (11_899_999, "11,8 tr"), (1_234_567_890, "1.234,5 tr")],
)
def test_a_number_of_a_narrow_cell_is_short_from_a_million_on(value: int, written: str) -> None:
    assert vietnamese.short_number(value) == written


@pytest.mark.parametrize(
    ("value", "written"), [("100", "100,00"), ("99.98", "99,98"), ("1234.5", "1.234,50")]
)
def test_a_score_has_a_decimal_comma(value: str, written: str) -> None:
    assert vietnamese.decimal(Decimal(value)) == written


def test_a_share_is_rounded_down() -> None:
    assert vietnamese.share(99_999, 100_000) == "99,99%"
    assert vietnamese.share(0, 0) == "–"


@pytest.mark.parametrize(
    ("value", "written"), [(None, ""), ("0.00", "="), ("0.5", "+0,50"), ("-1.2", "−1,20")]
)
def test_a_change_has_its_sign(value: str | None, written: str) -> None:
    assert vietnamese.change(None if value is None else Decimal(value)) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (date(2026, 1, 5), "ngày 05 tháng 01 năm 2026"),
        (date(2026, 2, 10), "ngày 10 tháng 02 năm 2026"),
        (date(2026, 3, 9), "ngày 09 tháng 3 năm 2026"),
        (date(2026, 11, 20), "ngày 20 tháng 11 năm 2026"),
    ],
)
def test_a_letters_date_pads_days_under_10_and_months_1_and_2(value: date, written: str) -> None:
    assert vietnamese.letter_date(value) == written


def test_a_day_and_a_period() -> None:
    assert vietnamese.day(date(2026, 3, 9)) == "09/03/2026"
    assert vietnamese.period("2026-M09") == "9/2026"
    assert vietnamese.period("2026-Q3") == "2026-Q3"


# Texts that may be anything.


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        pytest.param("Sở  Y\ttế\n", "Sở Y tế", id="spaces"),
        pytest.param("abc\u202edcb\u2066x\u200f", "abcdcbx", id="direction"),
        pytest.param("a\u200bb\ufeffc\x00d\x1b[31m", "abcd[31m", id="invisible"),
        pytest.param(unicodedata.normalize("NFD", "Đắk Hà"), "Đắk Hà", id="nfc"),
        pytest.param("x" + "\u0301" * 50, "x\u0301\u0301", id="stacked-marks"),
    ],
)
def test_a_text_is_made_harmless(given: str, shown: str) -> None:
    assert vietnamese.clip(given) == shown


def test_a_long_text_is_cut() -> None:
    assert vietnamese.clip("a" * 10_000, 20) == "a" * 19 + "…"
    assert len(vietnamese.clip("chữ " * 2_500, 160)) <= 160
    assert vietnamese.clip("dữ liệu kinh tế", 12) == "dữ liệu…"
    assert vietnamese.clip("dữ liệu kinh tế", 13) == "dữ liệu kinh…"


def test_an_errors_details_lose_what_may_be_personal() -> None:
    message = (
        "row of 051085001234 and an.nguyen@example.vn was refused (at /srv/kho/raw/x.parquet)"
        "\nDETAIL: Key (citizen_id)=(051085001234)"
    )
    assert vietnamese.technical(message) == "row of … and … was refused (at x.parquet)"


# Scores and bands.


def test_no_evidence_is_no_score_and_no_band() -> None:
    assert Tally().score is None
    assert Bands().of(None) is None


@pytest.mark.parametrize(
    ("evaluated", "failed", "score"),
    [(1, 0, "100"), (1, 1, "0"), (3, 1, "66.66"), (10_000_000, 1, "99.99")],
)
def test_a_score_is_rounded_down(evaluated: int, failed: int, score: str) -> None:
    assert Tally(evaluated, failed).score == Decimal(score)


@pytest.mark.parametrize(
    ("score", "band"),
    [("100", GREEN), ("90", GREEN), ("89.99", AMBER), ("75", AMBER), ("74.99", RED), ("0", RED)],
)
def test_a_threshold_belongs_to_the_better_band(score: str, band: object) -> None:
    assert Bands().of(Decimal(score)) == band


def test_bands_differ_without_colour() -> None:
    for attribute in ("word", "sign", "letter"):
        assert len({getattr(band, attribute) for band in (GREEN, AMBER, RED)}) == 3


def test_a_sum_counts_a_rule_once() -> None:
    one, other = ("d", "r1"), ("d", "r2")
    added = total([Tally(10, 1, frozenset({one})), Tally(5, 0, frozenset({one, other}))])
    assert added == Tally(15, 1, frozenset({one, other}))


# Configuration.


def test_the_configuration_in_use_is_valid() -> None:
    config = load_report_config(config_path(get_settings()))
    letterhead = config.letterhead("51").filled("tỉnh Quảng Ngãi", "Quảng Ngãi")
    assert letterhead.addressees[0] == "Ủy ban nhân dân tỉnh Quảng Ngãi"
    assert config.letterhead("49") == config.letterheads["default"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param("signer_title:", "signer_titel:", "signer_titel", id="unknown-key"),
        pytest.param("agencies: 15", "agencies: many", "agencies", id="wrong-value"),
    ],
)
def test_a_wrong_key_names_file_and_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    path, line = _changed(tmp_path, old, new)
    with pytest.raises(ConfigurationError, match=said) as caught:
        load_report_config(path)
    assert caught.value.where == f"{path.parent.name}/report.yaml:{line}"


@pytest.mark.parametrize(
    ("checks", "before", "allowed"),
    [(80, 100, True), (79, 100, False), (125, 100, True), (126, 100, False), (541, 2_665, False)],
)
def test_nights_are_compared_where_their_checks_are_about_as_many(
    checks: int, before: int, allowed: bool
) -> None:
    assert load_report_config(config_path(get_settings())).comparable.allows(checks, before) is allowed


def test_a_letterhead_for_other_provinces_is_needed(tmp_path: Path) -> None:
    path, _ = _changed(tmp_path, "  default:", "  nobody:")
    with pytest.raises(ConfigurationError, match="'default'"):
        load_report_config(path)


def _changed(folder: Path, old: str, new: str) -> tuple[Path, int]:
    """The configuration in use with one change; its path and the line of the change."""
    text = config_path(get_settings()).read_text(encoding="utf-8")
    path = folder / "report.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path, text[: text.index(old)].count("\n") + 1
