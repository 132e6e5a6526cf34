"""Weights, bands and thresholds, with their history.

In: `include/quality.yaml`. Out: frozen `Weighting`s, one in force on any day, and `dq.weighting`, where each
version that a night has used stays for good, so that a score can be made again with the weights of its day.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Annotated, Self, get_args

import sqlalchemy as sa
from pydantic import Field, model_validator

from kho.contracts import dataset_names
from kho.errors import ConfigurationError
from kho.rules.suite import Principle, Severity
from kho.settings import get_settings
from kho.sql_files import run_file
from kho.yaml_model import Frozen, read_as, wrong_key
from kho.yaml_source import load_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from kho.settings import Settings

Text = Annotated[str, Field(min_length=1)]
_wrong = partial(wrong_key, of="quality")
Weight = Annotated[Decimal, Field(ge=0, le=1000)]
PRINCIPLES: tuple[str, ...] = get_args(Principle)
SEVERITIES: tuple[str, ...] = get_args(Severity)
DEFAULT = "default"


class BandLimits(Frozen):
    green: Decimal = Field(gt=0, le=100)
    amber: Decimal = Field(gt=0, le=100)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.amber >= self.green:
            raise ValueError("amber must be below green")
        return self


class Thresholds(Frozen):
    slow_seconds: Decimal = Field(gt=0, le=600)
    submission_days: int = Field(ge=1, le=3660)
    read_days: int = Field(ge=1, le=3660)


class MasterKey(Frozen):
    """An identifier that must be right everywhere; its rules are those of these expectations."""

    title: Text
    target: Decimal = Field(gt=0, le=100)
    expectations: Annotated[tuple[Text, ...], Field(min_length=1)]
    except_rules: tuple[Text, ...] = ()


class Weighting(Frozen):
    """One version, in force from `valid_from` until the next."""

    valid_from: date
    source: Text
    bands: BandLimits
    principles: dict[Principle, Weight]
    severities: dict[Severity, Weight]
    datasets: dict[str, Weight]
    agencies: dict[str, Weight]
    thresholds: Thresholds
    master_keys: dict[str, MasterKey]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for name, wanted in (("principles", PRINCIPLES), ("severities", SEVERITIES)):
            if missing := [key for key in wanted if key not in getattr(self, name)]:
                raise ValueError(f"{name} has no weight for {', '.join(missing)}")
            if not any(getattr(self, name).values()):
                raise ValueError(f"all weights of {name} are 0")
        for name in ("datasets", "agencies"):
            if DEFAULT not in getattr(self, name):
                raise ValueError(f"{name} needs the key '{DEFAULT}'")
        return self

    def content(self) -> str:
        """The version as canonical JSON; its checksum names it."""
        values = self.model_dump(mode="json")
        return json.dumps(values, ensure_ascii=False, sort_keys=True)


class _Document(Frozen):
    versions: Annotated[tuple[Weighting, ...], Field(min_length=1)]


def weighting_path(settings: Settings) -> Path:
    return settings.project_root / "include" / "quality.yaml"


def load_weightings(path: Path) -> tuple[Weighting, ...]:
    """All versions, oldest first.

    Raises:
        ConfigurationError: a key is wrong or missing, a dataset is unknown, two versions begin on one day;
        `where`
            names file and line.
    """
    document = load_yaml(path)
    versions = read_as(_Document, document, "quality").versions
    known = {DEFAULT, *dataset_names()}
    begun: set[date] = set()
    for place, version in enumerate(versions):
        if version.valid_from in begun:
            raise _wrong(
                document, ("versions", place, "valid_from"), f"two versions begin on {version.valid_from}"
            )
        begun.add(version.valid_from)
        for dataset in version.datasets:
            if dataset not in known:
                raise _wrong(document, ("versions", place, "datasets", dataset), f"no contract '{dataset}'")
    return tuple(sorted(versions, key=lambda version: version.valid_from))


def weighting_on(day: date, path: Path | None = None) -> Weighting:
    """The version in force on `day`.

    Raises:
        ConfigurationError: the file is wrong, or its oldest version begins later.
    """
    path = path or weighting_path(get_settings())
    versions = load_weightings(path)
    held = [version for version in versions if version.valid_from <= day]
    if not held:
        raise ConfigurationError(
            f"no weights are in force on {day}: the oldest begin on {versions[0].valid_from}",
            where=f"{path.parent.name}/{path.name}",
            next_step="add a version with an earlier valid_from",
        )
    return held[-1]


def record_weighting(db: sa.Connection, weighting: Weighting) -> int:
    """Write the version down, unless it is the last one written down for its day; returns its id."""
    content = weighting.content()
    return int(
        run_file(
            db,
            "quality/record_weighting.sql",
            valid_from=weighting.valid_from,
            source=weighting.source,
            sha256=hashlib.sha256(content.encode()).hexdigest(),
            content=content,
        ).scalar_one()
    )


def recorded_on(db: sa.Connection, day: date) -> tuple[int, Weighting] | None:
    """The version that was written down for `day`, with its id; None if no night has used one."""
    row = run_file(db, "quality/weighting_on.sql", day=day).one_or_none()
    return None if row is None else (row.weighting_id, Weighting.model_validate(row.content))
