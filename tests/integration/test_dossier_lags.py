"""How long dossiers take, in working days, worked out by hand from a calendar of November 2026."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from .fixture_dataset import FixtureNight
from .test_fact_months import DATASET, dossier

LAGS = (
    "SELECT days_allowed, days_to_finish, days_waiting_for_supplement, days_late, days_to_return "
    "FROM dw.dossier_lag"
)


@pytest.fixture
def night(fixture_night: FixtureNight) -> Iterator[FixtureNight]:
    yield fixture_night
    fixture_night.province.context.engine.dispose()


def test_weekends_do_not_count_and_waiting_puts_the_due_day_off(night: FixtureNight) -> None:
    """Received on Tuesday the 3rd, due on Friday the 6th; waits from Wednesday the 4th 09:00 to Monday the 9th 09:00.

    So it is due five days later, on Wednesday the 11th: 4, 5, 6, 9, 10, 11 are six working days. It waited on 5, 6 and
    9. It was finished on Friday the 13th: two days late, the eighth working day; and returned on Monday the 16th.
    """
    waiting = [{"NgayBoSung": "04/11/2026 09:00:00", "NgayTiepNhanBoSung": "09/11/2026 09:00:00"}]
    night.load(
        DATASET,
        0,
        [
            dossier(
                1, "2026-11-03", TrangThaiHoSo="10", NgayHenTra="06/11/2026 08:30:00",
                NgayKetThucXuLy="13/11/2026 10:00:00", NgayTra="16/11/2026 10:00:00",
                NgayCapNhat="16/11/2026 10:00:00", DanhSachHoSoBoSung=json.dumps(waiting),
            )
        ],
    )  # fmt: skip
    assert night.province.rows(LAGS) == [(6, 8, 3, 2, 1)]


def test_a_dossier_that_is_open_has_no_lags_yet(night: FixtureNight) -> None:
    night.load(DATASET, 0, [dossier(1, "2026-11-03", NgayHenTra="10/11/2026 08:30:00")])
    assert night.province.rows(LAGS) == [(5, None, None, None, None)]


def test_a_holiday_does_not_count(night: FixtureNight) -> None:
    """30 April and 1 May 2026 are a Thursday and a Friday: from the 29th to Monday the 4th it is one working day."""
    done = {
        "TrangThaiHoSo": "9",
        "NgayKetThucXuLy": "04/05/2026 08:00:00",
        "NgayHenTra": "04/05/2026 17:00:00",
    }
    night.load(DATASET, 0, [dossier(1, "2026-04-29", NgayCapNhat="04/05/2026 08:00:00", **done)])
    assert night.province.rows(LAGS) == [(1, 1, None, 0, None)]
