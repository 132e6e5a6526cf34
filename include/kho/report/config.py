"""The report's configuration, typed.

In: `include/report.yaml`. Out: a frozen `ReportConfig`, or a ConfigurationError that names the file
and the line of the wrong key.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, model_validator

from kho.report.document import harmless
from kho.yaml_model import Frozen, read_as
from kho.yaml_source import load_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from kho.settings import Settings

Text = Annotated[str, Field(min_length=1)]
Address = Annotated[str, Field(pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+$")]
Lines = Annotated[int, Field(ge=1, le=500)]


class TableLines(Frozen):
    agencies: Lines
    rules: Lines
    warnings: Lines
    tasks: Lines
    indicators: Lines


class KindOfReport(Frozen):
    """How long a report of one kind is.

    Attributes:
        trend_nights: how many nights its chart goes back.
        lines: how many lines the tables of the letter show; the annexes show all.
    """

    trend_nights: Annotated[int, Field(ge=2, le=120)]
    lines: TableLines


class KindsOfReport(Frozen):
    daily: KindOfReport
    monthly: KindOfReport
    quarterly: KindOfReport


class Comparable(Frozen):
    """Which nights may be compared: the checks of the later, as a multiple of those of the earlier."""

    least: Annotated[Decimal, Field(gt=0, le=1)] = Decimal("0.8")
    most: Annotated[Decimal, Field(ge=1)] = Decimal("1.25")

    def allows(self, checks: int, before: int) -> bool:
        """Whether so many checks may be compared with so many before."""
        return self.least * before <= checks <= self.most * before


class Plan(Frozen):
    title: Text
    note: str = ""


class Mail(Frozen):
    """Who gets an approved report, and whose connection hands it over.

    Attributes:
        connection: the connection of the mail server; its extra may name `from_email`.
        whole: who gets the whole report.
        agencies: by agency code, who gets that agency's extract and its list to mend, and nobody else's.
    """

    connection: Text = "smtp"
    sender: Address = "kho-du-lieu@localhost"
    whole: tuple[Address, ...] = ()
    agencies: dict[Text, tuple[Address, ...]] = Field(default_factory=dict)


class Letterhead(Frozen):
    """Who writes to whom. Texts may hold {province} and {place}."""

    parent: Text
    issuer: Text
    number_symbol: Text
    addressees: Annotated[tuple[Text, ...], Field(min_length=1)]
    legal_bases: tuple[Text, ...] = ()
    authority: str | None = None
    signer_title: Text
    signer_name: str | None = None
    recipients: tuple[Text, ...]
    archive: Text

    def filled(self, province: str, place: str) -> Letterhead:
        """The letterhead with the province's names in it."""

        def fill(value: Any) -> Any:
            if isinstance(value, str):
                return value.replace("{province}", province).replace("{place}", place)
            return tuple(map(fill, value)) if isinstance(value, tuple) else value

        return Letterhead(**{name: fill(value) for name, value in self})


def harmless_letterhead(head: Letterhead) -> Letterhead:
    """The letterhead without characters that could do harm."""

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            return harmless(value)
        return tuple(map(clean, value)) if isinstance(value, tuple) else value

    return Letterhead(**{name: clean(value) for name, value in head})


class ReportConfig(Frozen):
    kinds: KindsOfReport
    comparable: Comparable = Comparable()
    mail: Mail = Mail()
    plans: dict[str, Plan] = Field(default_factory=dict)
    letterheads: dict[str, Letterhead]

    @model_validator(mode="after")
    def _has_default(self) -> ReportConfig:
        if "default" not in self.letterheads:
            raise ValueError("letterheads needs the key 'default'")
        return self

    def kind(self, name: str) -> KindOfReport:
        """How long a report of the kind is."""
        found: KindOfReport = getattr(self.kinds, name)
        return found

    def letterhead(self, province_code: str) -> Letterhead:
        return self.letterheads.get(province_code, self.letterheads["default"])


def config_path(settings: Settings) -> Path:
    """Where the configuration is."""
    return settings.project_root / "include" / "report.yaml"


def load_report_config(path: Path) -> ReportConfig:
    """Read the configuration.

    Raises:
        ConfigurationError: a key is wrong or missing; `where` names file and line.
    """
    return read_as(ReportConfig, load_yaml(path), "report")
