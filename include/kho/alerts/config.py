"""Who is told of what goes wrong, where, and when not.

In: `include/alerts.yaml` and the contracts. Out: a frozen `AlertConfig`, or a ConfigurationError that names
the file and the line of the wrong key.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Annotated, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import Field

from kho.settings import TIMEZONE
from kho.yaml_model import Frozen, read_as, wrong_key
from kho.yaml_source import load_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from kho.settings import Settings

Kind = Literal[
    "night_unfinished", "outside", "dataset_failed", "gate_waiting", "schema_changed", "submission_missing",
    "anomaly_open", "case_expired", "unbalanced", "invariant_broken",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)

Address = Annotated[str, Field(pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]


class Mail(Frozen):
    """Whose connection hands mails over, and in whose name; the connection's `from_email` wins."""

    connection: Name = "smtp"
    sender: Address


class QuietHours(Frozen):
    """Local times; `begin` may be later in the day than `end`. Equal times: never quiet."""

    begin: time
    end: time

    def hold(self, moment: time) -> bool:
        """Whether it is quiet now."""
        if self.begin <= self.end:
            return self.begin <= moment < self.end
        return moment >= self.begin or moment < self.end


class Recipients(Frozen):
    """Addresses, and names of connections to webhooks."""

    mail: tuple[Address, ...] = ()
    webhooks: tuple[Name, ...] = ()

    def all(self) -> tuple[str, ...]:
        """Each as `meta.alert_notice` names it."""
        mails, hooks = (f"mail:{one}" for one in self.mail), (f"webhook:{one}" for one in self.webhooks)
        return tuple(dict.fromkeys([*mails, *hooks]))


class AlertConfig(Frozen):
    """`include/alerts.yaml`; its comments say what the keys mean."""

    board_url: Annotated[str, Field(pattern=r"^https?://[^\s<>\"]+[^/\s]$")]
    mail: Mail
    quiet_hours: QuietHours
    remind_after_days: Annotated[int, Field(ge=1, le=90)]
    old_after_days: Annotated[int, Field(ge=7, le=3660)]
    night_over_by: time
    urgent: tuple[Kind, ...] = ()
    operators: Recipients = Recipients()
    owners: dict[str, Recipients] = Field(default_factory=dict)

    def recipients(self, owner: str | None) -> tuple[str, ...]:
        """Who is told: the owner if anybody is named for it, else those who run the platform."""
        named = self.owners[owner].all() if owner in self.owners else ()
        return named or self.operators.all()

    def is_quiet(self, now: datetime) -> bool:
        """Whether only what is urgent may be sent."""
        return self.quiet_hours.hold(local(now).time())


def local(moment: datetime) -> datetime:
    """The moment where the data is."""
    return moment.astimezone(ZoneInfo(TIMEZONE))


def config_path(settings: Settings) -> Path:
    """Where the configuration is."""
    return settings.project_root / "include" / "alerts.yaml"


def load_alert_config(path: Path, known_owners: Iterable[str] | None = None) -> AlertConfig:
    """Read the configuration.

    Args:
        known_owners: the agency codes that contracts name, and their successors; None: not looked at.

    Raises:
        ConfigurationError: a key is wrong or missing, or an owner owns nothing; `where` names file and line.
    """
    document = load_yaml(path)
    config = read_as(AlertConfig, document, "alerts")
    known = set(config.owners if known_owners is None else known_owners)
    for code in config.owners:
        if code not in known:
            raise wrong_key(
                document, ("owners", code), f"no contract names '{code}' as its owner_agency", "alerts"
            )
    return config
