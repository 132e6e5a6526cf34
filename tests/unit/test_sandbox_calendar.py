"""A sandbox that is left running moves on at midnight, and only then."""

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from kho.sandbox.calendar import Calendar
from kho.sandbox.errors import SandboxStartError
from kho.sandbox.server import Sandbox
from kho.sandbox.state import SandboxConfig, SandboxState

MONDAY, TUESDAY, WEDNESDAY = date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 25)
LOOK = 0.005


def wait_for(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while not true() and time.monotonic() < deadline:
        time.sleep(LOOK)
    return true()


def test_it_turns_once_for_each_new_day_and_tries_again() -> None:
    today, turned, refused = [MONDAY], [], [True]

    def turn_to(day: date) -> None:
        if refused:
            refused.pop()
            raise SandboxStartError("not yet")
        turned.append(day)

    calendar = Calendar(turn_to, lambda: today[0], LOOK)
    calendar.follow()
    calendar.follow()
    time.sleep(10 * LOOK)
    assert turned == []
    for day in (TUESDAY, WEDNESDAY):
        today[0] = day
        assert wait_for(lambda day=day: turned[-1:] == [day])
    time.sleep(10 * LOOK)
    assert turned == [TUESDAY, WEDNESDAY]


def test_a_clock_that_is_ahead_stays(tmp_path: Path) -> None:
    config = SandboxConfig(size=50, epoch_date=MONDAY)
    sandbox = Sandbox(tmp_path, SandboxState(1, 1, "", "", "", config, epoch_date=MONDAY))
    sandbox.set_clock(TUESDAY)
    sandbox._move_on(MONDAY)
    assert sandbox.describe()["date"] == "2026-11-24"
    sandbox._move_on(WEDNESDAY)
    assert sandbox.describe()["date"] == "2026-11-25"
