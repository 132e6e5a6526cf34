"""By when a fault is to be mended: working days by severity, and how long a waiver may last.

In: `include/deadlines.yaml` and the calendar of working days. Out: a frozen `Deadlines`, or a
ConfigurationError that names the file and the line of the wrong key.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from kho.calendar import add_working_days
from kho.errors import ConfigurationError
from kho.settings import get_settings
from kho.yaml_model import Frozen, read_as
from kho.yaml_source import load_yaml

Days = Annotated[int, Field(ge=0, le=366)]


class WorkingDays(Frozen):
    critical: Days
    warning: Days
    info: Days

    def of(self, severity: str) -> int:
        """The days of a severity; an unknown one is critical."""
        return int(getattr(self, severity, self.critical))


class Waiver(Frozen):
    default_days: Annotated[int, Field(ge=1, le=3660)]
    most_days: Annotated[int, Field(ge=1, le=3660)]

    @model_validator(mode="after")
    def _in_order(self) -> Waiver:
        if self.default_days > self.most_days:
            raise ValueError("default_days must not be more than most_days")
        return self


class Deadlines(Frozen):
    """Working days from the day a fault was first seen to the last day on which it is mended in time."""

    working_days: WorkingDays
    waiver: Waiver

    def due_on(self, severity: str, first_seen_on: date) -> date:
        """The last day on which a fault of `severity` is in time."""
        return add_working_days(first_seen_on, self.working_days.of(severity))

    def waived_until(self, until: date | None, today: date) -> date:
        """The last day of a waiver that begins today.

        Raises:
            ConfigurationError: `until` is over already, or too far away.
        """
        until = until or today + timedelta(days=self.waiver.default_days)
        if not today <= until <= today + timedelta(days=self.waiver.most_days):
            raise ConfigurationError(
                f"a waiver ends today at the earliest and after {self.waiver.most_days} days at the latest, "
                f"not on {until}",
                next_step="choose a day in between (--until); a waiver can be given again when it has ended",
            )
        return until


def deadlines_path() -> Path:
    """Where the configuration is."""
    return get_settings().project_root / "include" / "deadlines.yaml"


def load_deadlines(path: Path | None = None) -> Deadlines:
    """Read the configuration, once for each content of the file.

    Raises:
        ConfigurationError: a key is wrong or missing; `where` names file and line.
    """
    path = path or deadlines_path()
    try:
        changed = path.stat().st_mtime_ns
    except OSError:
        changed = 0
    return _load(path, changed)


@lru_cache(maxsize=8)
def _load(path: Path, changed: int) -> Deadlines:  # noqa: ARG001
    return read_as(Deadlines, load_yaml(path))
