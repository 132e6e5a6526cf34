"""Working days: Tết by the moon, holidays, days made up for, in Python and in SQL alike."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from kho.calendar import add_working_days, is_working_day, load_calendar
from kho.errors import ConfigurationError

# The first day of the lunar year, from published almanacs.
FIRST_OF_TET = {
    2020: date(2020, 1, 25),
    2021: date(2021, 2, 12),
    2022: date(2022, 2, 1),
    2023: date(2023, 1, 22),
    2024: date(2024, 2, 10),
    2025: date(2025, 1, 29),
    2026: date(2026, 2, 17),
    2027: date(2027, 2, 6),
    2028: date(2028, 1, 26),
    2029: date(2029, 2, 13),
    2030: date(2030, 2, 2),  # a day before China's: the new moon is before midnight in Hanoi
}


@pytest.mark.parametrize("first", FIRST_OF_TET.values(), ids=str)
def test_tet_is_where_the_moon_puts_it(first: date) -> None:
    days = load_calendar().holidays(first.year)
    assert days[first] == "Tết Nguyên Đán"
    assert first - timedelta(days=1) in days  # New Year's Eve


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2025, 4, 7), "Hùng Vương, tenth day of the third lunar month"),
        (date(2026, 4, 27), "Hùng Vương falls on a Sunday"),
        (date(2024, 4, 29), "swapped for Saturday 4 May"),
        (date(2026, 1, 2), "swapped for Saturday 10 January"),
        (date(2026, 8, 31), "swapped for Saturday 22 August"),
        (date(2026, 2, 16), "Tết"),
        (date(2026, 2, 20), "Tết"),
        (date(2025, 9, 1), "the day beside National Day"),
        (date(2026, 11, 24), "day of Vietnamese culture, since 2026"),
        (date(2026, 11, 21), "a Saturday"),
    ],
    ids=str,
)
def test_offices_are_closed(day: date, why: str) -> None:
    assert not is_working_day(day), why


@pytest.mark.parametrize(
    "day",
    [date(2026, 1, 10), date(2026, 8, 22), date(2024, 5, 4), date(2025, 11, 24), date(2026, 2, 23)],
    ids=str,
)
def test_offices_work(day: date) -> None:
    assert is_working_day(day)


@pytest.mark.parametrize(
    ("day", "days", "then"),
    [
        (date(2026, 11, 21), 0, date(2026, 11, 21)),
        (date(2026, 11, 20), 1, date(2026, 11, 23)),
        (date(2026, 11, 20), 2, date(2026, 11, 25)),
        (date(2026, 2, 13), 5, date(2026, 2, 27)),
        (date(2026, 8, 21), 1, date(2026, 8, 22)),
        (date(2025, 12, 31), 5, date(2026, 1, 9)),
        (date(2025, 12, 31), 6, date(2026, 1, 10)),
    ],
    ids=str,
)
def test_working_days_are_counted(day: date, days: int, then: date) -> None:
    assert add_working_days(day, days) == then


@pytest.mark.parametrize("days", [-1, 100_000])
def test_no_deadline_lies_in_the_past_or_out_of_sight(days: int) -> None:
    with pytest.raises(ValueError, match="no number of working days"):
        add_working_days(date(2026, 1, 1), days)


def test_a_province_can_close_its_offices(tmp_path: Path) -> None:
    path = tmp_path / "calendar.yaml"
    path.write_text(
        "days_off:\n"
        "  - {name: Nghỉ do bão, valid_from: 2026-10-12, valid_to: 2026-10-13, source: Công điện 01}\n",
        encoding="utf-8",
    )
    calendar = load_calendar(path)
    assert calendar.holidays(2026)[date(2026, 10, 12)] == "Nghỉ do bão"
    assert calendar.add_working_days(date(2026, 10, 9), 1) == date(2026, 10, 14)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "{closed: 2026-08-31, worked: 2026-08-21, valid_from: 2026-08-21, valid_to: 2026-08-31, source: x}",
            "no weekend day",
        ),
        (
            "{closed: 2026-08-31, worked: 2026-08-22, valid_from: 2026-08-31, valid_to: 2026-08-31, source: x}",
            "must lie between",
        ),
        (
            "{close: 2026-08-31, worked: 2026-08-22, valid_from: 2026-08-22, valid_to: 2026-08-31, source: x}",
            "swaps.0.close'",
        ),
    ],
)
def test_a_wrong_swap_is_refused_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "calendar.yaml"
    path.write_text(f"swaps:\n  - {line}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message) as raised:
        load_calendar(path)
    assert raised.value.where is not None
    assert raised.value.where.endswith("calendar.yaml:2")
