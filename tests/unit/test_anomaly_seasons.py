"""Seasons and what is usual in them, on simulated nights: nothing fires on clean ones."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

import pytest

from kho.anomalies.config import check_datasets, config_path, watch_of
from kho.anomalies.detect import Earlier, as_night, look_at, strongest
from kho.anomalies.seasons import label_vi, season_of
from kho.contracts import dataset_names, load_contract, load_contracts
from kho.errors import ConfigurationError
from kho.settings import get_settings
from tests.integration.many_nights import COVERS, DATASET, SCOPE, profiles


@pytest.mark.parametrize(
    ("night", "covers", "key", "words"),
    [
        (date(2026, 3, 18), 1, "mid Tuesday", "thứ Ba"),
        (date(2026, 3, 3), 1, "start Monday", "thứ Hai, đầu tháng"),
        (date(2026, 5, 30), 1, "end Friday", "thứ Sáu, cuối tháng"),
        (date(2026, 4, 1), 1, "quarter_end Tuesday", "thứ Ba, cuối quý"),
        (date(2026, 4, 3), 4, "quarter_end Thursday", "thứ Năm, cuối quý"),
        (date(2026, 2, 19), 1, "tet", "dịp Tết Nguyên đán"),
        (date(2026, 2, 9), 1, "tet", "dịp Tết Nguyên đán"),
        # The night reads four days, and one of them was a holiday.
        (date(2026, 9, 5), 4, "holiday", "ngày nghỉ lễ"),
        (date(2026, 9, 5), 1, "start Friday", "thứ Sáu, đầu tháng"),
    ],
)
def test_a_night_is_of_the_season_of_the_days_it_reads(
    night: date, covers: int, key: str, words: str
) -> None:
    assert season_of(night, covers).key == key
    assert label_vi(key) == words


@pytest.mark.parametrize(("seed", "days", "first"), [
    (1, 420, date(2025, 1, 6)), (2, 200, date(2025, 10, 1)), (3, 200, date(2025, 6, 1)), (4, 200, date(2026, 1, 1)),
])  # fmt: skip
def test_nothing_fires_on_clean_nights(seed: int, days: int, first: date) -> None:
    watch = watch_of(load_contract(DATASET), config_path(get_settings()))
    assert watch is not None
    nights = [first + timedelta(days=number) for number in range(days)]
    shown = {
        night: {code: as_night(one["rows"], one["metrics"]) for code, one in profiles(seed, night).items()}
        for night in nights
    }
    found = []
    for index, night in enumerate(nights):
        for of_agencies, span in ((False, 550), (True, 120)):
            past = nights[max(0, index - span) : index]
            earlier: dict[str, dict[int, dict[str, tuple[float, int]]]] = defaultdict(dict)
            for number, before in enumerate(past):
                for code, profile in shown[before].items():
                    if (code != "") == of_agencies:
                        earlier[code][number] = profile
            tonight = {code: one for code, one in shown[night].items() if (code != "") == of_agencies}
            known = Earlier(tuple(past), earlier)
            season = season_of(night, COVERS)
            found += [
                (night, one) for one in strongest([*look_at(watch, night, season, SCOPE, tonight, known, {})])
            ]
    assert found == []


def test_the_configuration_names_what_there_is() -> None:
    path = config_path(get_settings())
    check_datasets(path, list(dataset_names()))
    watched = [contract.dataset for contract in load_contracts() if watch_of(contract, path)]
    assert DATASET in watched
    assert "administrative_units" not in watched  # reference data changes when it changes


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("categories: [land_use_code]", "categories: [land_use]", "'land_use' is no column"),
        ("categories: [land_use_code]", "categories: [holder_name]", "personal data"),
        ("measures: [area_m2]", "measures: [land_use_code]", "is no number"),
        ("  land_parcels:\n", "  land_parcels:\n    agency: true\n", "agency"),
    ],
)
def test_a_wrong_key_is_refused_with_its_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    text = config_path(get_settings()).read_text(encoding="utf-8")
    assert old in text
    wrong = tmp_path / "anomalies.yaml"
    wrong.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=says) as raised:
        watch_of(load_contract("land_parcels"), wrong)
    line = int(str(raised.value.where).rpartition(":")[2])
    assert any(
        part in wrong.read_text(encoding="utf-8").splitlines()[line - 1] for part in new.split("\n") if part
    )


def test_a_dataset_that_there_is_not_is_refused(tmp_path: Path) -> None:
    text = config_path(get_settings()).read_text(encoding="utf-8")
    wrong = tmp_path / "anomalies.yaml"
    wrong.write_text(text + "  thu_vien: {}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="'thu_vien' is no dataset"):
        check_datasets(wrong, list(dataset_names()))
