"""When things happen to a dossier: status changes, the due time, late arrivals, corrections.

In:  the dossiers received on one day (times of receipt, working days allowed, planted stages).
Out: `Timeline`: for each dossier eight slots, one per status change, each with the instant it
     happened and the day on which the province's platform learns of it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kho.sandbox.clocks import (
    DAY,
    NEVER,
    OFFICE_CLOSES,
    OFFICE_OPENS,
    Ints,
    as_ints,
    is_working_day,
    office_seconds,
    working_day_after,
)

SLOTS = 8
(RECEIVED, ACCEPTED, IN_PROCESS, SUPPLEMENT, RESUMED, FEE_ASKED, ENDED, RETURNED) = range(SLOTS)
# Status code of each slot; two slots have several, see `Timeline`.
SLOT_STATUS = (1, 2, 4, 5, 4, 6, 9, 10)
REFUSED_STATUS = 3
PROCESSED_STATUS = 9

_REFUSED = 0.03
_WITHDRAWN = 0.02
_STOPPED = 0.01
_SUPPLEMENT = 0.1
_FEE_ASKED = 0.04
_ON_TIME = 0.92
_SAME_DAY_RETURN = 0.6
# One change of status in 150 reaches the platform one or two days late. The instant it carries is
# then at most three days before the night that first sees it, inside the contract's lookback.
_LATE = 1 / 150

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Stages:
    """Which dossiers are bound to a stage because their planted defect shows only there."""

    open: Flags
    finished: Flags
    returned: Flags
    frozen: Flags
    planted: Flags

    @property
    def ends(self) -> Flags:
        """Dossiers that must be processed."""
        return self.finished | self.returned


@dataclass(frozen=True, slots=True)
class Timeline:
    """`times` and `shown_on`: a row per dossier, a column per slot, `NEVER` where it is empty."""

    times: npt.NDArray[np.int32]
    shown_on: npt.NDArray[np.int32]
    refused: Flags
    end_status: npt.NDArray[np.int8]
    due: Ints


def build_timeline(
    random: np.random.Generator, received: Ints, allowed_days: Ints, stages: Stages
) -> Timeline:
    """The whole life of each dossier."""
    count = len(received)
    times = np.full((count, SLOTS), NEVER, dtype=np.int64)
    times[:, RECEIVED] = received
    received_on = received // DAY
    due = working_day_after(received_on, allowed_days) * DAY + OFFICE_CLOSES

    times[:, ACCEPTED] = _accepted(random, received)
    times[:, IN_PROCESS] = times[:, ACCEPTED] + random.integers(600, 5400, count)
    last = _interrupt(random, times, allowed_days, stages)

    on_time = (random.random(count) < _ON_TIME) | stages.ends
    steps = _processing_steps(random, np.where(stages.ends, np.minimum(allowed_days, 2), allowed_days))
    late_steps = allowed_days + random.integers(1, 9, count)
    ended_on = working_day_after(received_on, np.where(on_time, steps, late_steps))
    in_office = office_seconds(random.random(count))
    same_day = last + random.integers(900, 7200, count)
    times[:, ENDED] = np.where(ended_on > last // DAY, ended_on * DAY + in_office, same_day)

    same_day_return = (random.random(count) < _SAME_DAY_RETURN) | stages.ends
    returned_later = working_day_after(times[:, ENDED] // DAY, random.integers(1, 4, count)) * DAY
    times[:, RETURNED] = np.where(
        same_day_return,
        times[:, ENDED] + random.integers(300, 7200, count),
        returned_later + office_seconds(random.random(count)),
    )
    refused, end_status = _endings(random, stages)
    times[refused, IN_PROCESS:] = NEVER
    times[end_status != PROCESSED_STATUS, RETURNED] = NEVER
    times[stages.open, ENDED:] = NEVER
    times[stages.frozen, ACCEPTED:] = NEVER
    shown_on = _shown_on(random, times, stages)
    return Timeline(times.astype(np.int32), shown_on.astype(np.int32), refused, end_status, due)


def correction_times(random: np.random.Generator, shown_on: npt.NDArray[np.int32]) -> Ints:
    """When each dossier would be corrected: 2 to 20 working days after it was first seen."""
    first = shown_on.min(axis=1).astype(np.int64)
    days = working_day_after(first, random.integers(2, 21, len(first)))
    return as_ints(days * DAY + office_seconds(random.random(len(first))))


def _accepted(random: np.random.Generator, received: Ints) -> Ints:
    """Within the hour while the office is open, else on the next morning of work."""
    count = len(received)
    day, second = received // DAY, received % DAY
    at_work = is_working_day(day) & (second >= OFFICE_OPENS) & (second < OFFICE_CLOSES)
    next_morning = working_day_after(np.where(second < OFFICE_OPENS, day, day + 1), 0)
    return np.where(
        at_work,
        received + random.integers(300, 3600, count),
        next_morning * DAY + OFFICE_OPENS + random.integers(60, 7200, count),
    )


def _processing_steps(random: np.random.Generator, allowed_days: Ints) -> Ints:
    """Working days that a dossier on time takes: never more than allowed, often fewer."""
    return as_ints(np.floor(random.random(len(allowed_days)) ** 0.7 * (allowed_days + 1)))


def _interrupt(
    random: np.random.Generator, times: npt.NDArray[np.int64], allowed_days: Ints, stages: Stages
) -> Ints:
    """Requests for supplements or a fee; returns each dossier's latest instant so far."""
    count = len(times)
    last = times[:, IN_PROCESS].copy()
    asks = (random.random(count) < _SUPPLEMENT) & (allowed_days >= 3) & ~stages.ends
    asked_on = working_day_after(last // DAY, random.integers(1, 4, count))
    resumed_on = working_day_after(asked_on, random.integers(1, 7, count))
    asked = asked_on * DAY + office_seconds(random.random(count))
    resumed = resumed_on * DAY + office_seconds(random.random(count))
    times[asks, SUPPLEMENT] = asked[asks]
    times[asks, RESUMED] = resumed[asks]
    last[asks] = resumed[asks]

    pays = (random.random(count) < _FEE_ASKED) & ~asks & ~stages.ends
    fee_asked = working_day_after(last // DAY, 1) * DAY + office_seconds(random.random(count))
    times[pays, FEE_ASKED] = fee_asked[pays]
    last[pays] = fee_asked[pays]
    return last


def _endings(random: np.random.Generator, stages: Stages) -> tuple[Flags, npt.NDArray[np.int8]]:
    """Who is refused at the counter, and with which status the others end."""
    count = len(stages.open)
    bound = stages.ends | stages.open
    refused = (random.random(count) < _REFUSED) & ~bound
    draw = random.random(count)
    status = np.full(count, PROCESSED_STATUS, dtype=np.int8)
    status[(draw < _WITHDRAWN + _STOPPED) & ~bound] = 8
    status[(draw < _WITHDRAWN) & ~bound] = 7
    return refused, status


def _shown_on(
    random: np.random.Generator, times: npt.NDArray[np.int64], stages: Stages
) -> npt.NDArray[np.int64]:
    """The day on which each change reaches the platform; a planted record is never late."""
    late = np.where(random.random(times.shape) < _LATE, random.integers(1, 3, times.shape), 0)
    late[stages.planted] = 0
    shown = np.where(times == NEVER, NEVER, times // DAY + late)
    for flags, slot in ((stages.finished, ENDED), (stages.returned, RETURNED)):
        hidden = shown[flags]
        hidden[:, :slot] = hidden[:, [slot]]
        shown[flags] = hidden
    return shown
