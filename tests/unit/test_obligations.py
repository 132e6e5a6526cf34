"""The calendar of obligations: when each period's report is due, in working days and across Tết."""

from datetime import date
from pathlib import Path

import pytest

from kho.calendar import load_calendar
from kho.errors import ConfigurationError
from kho.quality.obligations import Obligation, load_obligations, obligations_path
from kho.settings import get_settings

EXEMPT = (
    "exemptions: [{dataset: procedures, agency: a, valid_from: 2026-01-01, valid_to: 2026-01-31, "
    "reason: r, decided_by: b}]"
)


def _obligation(**changes: object) -> Obligation:
    values: dict[str, object] = {
        "dataset": "indicator_reports",
        "every": "month",
        "due": {"day": 3, "months_after": 1},
        "grace_working_days": 2,
        "agencies": {"types": ["commune"]},
        "valid_from": date(2025, 7, 1),
        "source": "x",
    }
    return Obligation.model_validate(values | changes)


@pytest.mark.parametrize(
    ("code", "due", "last"),
    [
        # 3 Feb 2026 is a Tuesday; Wednesday and Thursday are the grace.
        ("2026-M01", date(2026, 2, 3), date(2026, 2, 5)),
        # 3 Jan 2026 is a Saturday, and 2 January is off: Monday the 5th.
        ("2025-M12", date(2026, 1, 5), date(2026, 1, 7)),
        # 3 May 2026 is a Sunday between 1 May and Monday.
        ("2026-M04", date(2026, 5, 4), date(2026, 5, 6)),
        # 3 Oct 2026 is a Saturday.
        ("2026-M09", date(2026, 10, 5), date(2026, 10, 7)),
    ],
)
def test_a_month_is_due_on_a_working_day(code: str, due: date, last: date) -> None:
    periods = {
        p.code: p for p in _obligation().periods(date(2025, 7, 1), date(2026, 11, 21), load_calendar())
    }
    assert (periods[code].due_on, periods[code].last_day) == (due, last)


def test_tet_moves_the_deadline() -> None:
    """Due on the 16th of February 2026, New Year's Eve: the offices open again on the 23rd."""
    (period,) = _obligation(due={"day": 16, "months_after": 1}, valid_from=date(2026, 1, 1)).periods(
        date(2026, 1, 1), date(2026, 2, 1), load_calendar()
    )
    assert (period.due_on, period.last_day) == (date(2026, 2, 23), date(2026, 2, 25))


def test_quarters_and_years() -> None:
    calendar = load_calendar()
    # GRDP by the 29th of the quarter's last month: before the quarter is over.
    quarters = list(
        _obligation(every="quarter", due={"day": 29, "months_after": 0}, grace_working_days=0).periods(
            date(2026, 2, 1), date(2026, 10, 1), calendar
        )
    )
    assert [(p.code, p.due_on) for p in quarters] == [
        ("2026-Q2", date(2026, 6, 29)),
        ("2026-Q3", date(2026, 9, 29)),
    ]
    years = list(
        _obligation(
            every="year",
            due={"day": 31, "months_after": 2},
            grace_working_days=1,
            valid_from=date(2024, 5, 1),
        ).periods(date(2024, 1, 1), date(2026, 3, 1), calendar)
    )
    # 28 February 2026 is a Saturday.
    assert [(p.code, p.due_on, p.last_day) for p in years] == [
        ("2025", date(2026, 3, 2), date(2026, 3, 3)),
    ]


def test_a_period_that_is_not_over_is_not_asked_for() -> None:
    periods = [p.code for p in _obligation().periods(date(2026, 9, 1), date(2026, 11, 1), load_calendar())]
    assert periods == ["2026-M09", "2026-M10"]
    assert [p.code for p in _obligation().periods(date(2026, 9, 1), date(2026, 10, 31), load_calendar())] == [
        "2026-M09"
    ]


def test_an_obligation_ends() -> None:
    ended = _obligation(valid_to=date(2025, 9, 30))
    assert [p.code for p in ended.periods(date(2025, 1, 1), date(2026, 1, 1), load_calendar())] == [
        "2025-M07",
        "2025-M08",
        "2025-M09",
    ]


def test_the_calendar_in_use_is_valid() -> None:
    found = load_obligations(obligations_path(get_settings()))
    assert {"indicator_reports", "commune_socioeconomic_forms", "population"} <= {
        item.dataset for item in found.obligations
    }


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("dataset: population", "dataset: people", "no contract 'people'"),
        ("dataset: population", "dataset: cashless_payments", "two obligations"),
        ("due: {day: 3,", "due: {dya: 3,", "dya"),
        ("agencies: {types: [commune]}", "agencies: {types: []}", "reported_before"),
        ("exemptions: []", EXEMPT, "nobody must report"),
    ],
)  # fmt: skip
def test_a_mistake_names_file_and_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = obligations_path(get_settings()).read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "obligations.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said) as raised:
        load_obligations(path)
    assert raised.value.where is not None
    assert "obligations.yaml:" in raised.value.where
