"""Weights, bands and thresholds: one version a day, every mistake with its line."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from kho.errors import ConfigurationError
from kho.quality.weighting import load_weightings, weighting_on, weighting_path
from kho.settings import get_settings

TEXT = weighting_path(get_settings()).read_text(encoding="utf-8")


def _written(folder: Path, text: str) -> Path:
    path = folder / "quality.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def _two_versions() -> str:
    first = TEXT[TEXT.index("  - valid_from") :]
    second = first.replace("2020-01-01", "2026-11-10").replace("green: 90", "green: 95")
    return f"versions:\n{first}\n{second}"


def test_each_day_has_its_version(tmp_path: Path) -> None:
    path = _written(tmp_path, _two_versions())
    assert weighting_on(date(2026, 11, 9), path).bands.green == Decimal(90)
    assert weighting_on(date(2026, 11, 10), path).bands.green == Decimal(95)
    with pytest.raises(ConfigurationError, match="no weights are in force on 2019-12-31"):
        weighting_on(date(2019, 12, 31), path)


def test_a_version_is_named_by_its_content() -> None:
    (version,) = load_weightings(weighting_path(get_settings()))
    assert version.content() == load_weightings(weighting_path(get_settings()))[0].content()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("bands: {green: 90", "bands: {green: 60", "below green"),
        ("shared: 5}", "chung: 5}", "chung"),
        ("shared: 5}", "shared: -5}", "greater than or equal"),
        ("principles: {correct: 20, ", "principles: {", "no weight for correct"),
        ("slow_seconds: 10", "slow_secs: 10", "slow_secs"),
        ("public_service_dossiers: 3", "dossiers: 3", "no contract 'dossiers'"),
        ("agencies: {default: 1}", "agencies: {}", "needs the key 'default'"),
    ],
)
def test_a_mistake_names_file_and_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in TEXT
    with pytest.raises(ConfigurationError, match=said) as raised:
        load_weightings(_written(tmp_path, TEXT.replace(old, new, 1)))
    assert raised.value.where is not None
    assert "quality.yaml:" in raised.value.where


def test_two_versions_cannot_begin_on_one_day(tmp_path: Path) -> None:
    path = _written(tmp_path, _two_versions().replace("2026-11-10", "2020-01-01"))
    with pytest.raises(ConfigurationError, match="two versions begin"):
        load_weightings(path)
