"""What is watched, typed.

In: `include/anomalies.yaml` and a contract. Out: a frozen `Watch`: columns and limits of one dataset, or a
ConfigurationError that names file and line of the wrong key.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from kho.contracts.model import Column, Contract
from kho.settings import Settings
from kho.yaml_model import Frozen, read_as, wrong_key
from kho.yaml_source import YamlDocument, load_yaml

Kind = Literal["volume", "nulls", "distribution", "share", "indicator"]
Share = Annotated[float, Field(gt=0, le=1)]


class LeastChange(Frozen):
    """By how much a value must differ at least, in parts of the usual one; shares in points."""

    volume: Share
    distribution: Share
    indicator: Share
    nulls: Share
    share: Share


class Limits(Frozen):
    minimum_nights: int = Field(ge=7)
    minimum_comparable: int = Field(ge=5)
    history_days: int = Field(ge=60, le=2000)
    agency_history_days: int = Field(ge=60, le=2000)
    sensitivity: float = Field(ge=3, le=20)
    minimum_rows: int = Field(ge=1)
    sample_rows: int = Field(ge=1000)
    undecided_days: int = Field(ge=0, le=365)
    least_change: LeastChange


class Indicator(Frozen):
    """A figure of the batch: a sum, a mean, a ratio of sums, or the share of rows in time."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str = Field(min_length=1)
    kind: Literal["sum", "mean", "ratio", "share_not_later"]
    column: str
    over: str | None = None
    than: str | None = None

    @model_validator(mode="after")
    def _has_its_columns(self) -> Indicator:
        wanted = {"ratio": "over", "share_not_later": "than"}.get(self.kind)
        for key in ("over", "than"):
            if (getattr(self, key) is not None) != (key == wanted):
                raise ValueError(f"the kind {self.kind} {'needs' if key == wanted else 'has no'} '{key}'")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(name for name in (self.column, self.over, self.than) if name)


class _Dataset(Frozen):
    watched: bool = True
    agencies: bool = True
    categories: tuple[str, ...] = ()
    measures: tuple[str, ...] | None = None
    no_nulls_of: tuple[str, ...] = ()
    indicators: tuple[Indicator, ...] = ()


class _Document(Frozen):
    limits: Limits
    datasets: dict[str, _Dataset | None] = Field(default_factory=dict)


class Watch(Frozen):
    """What is watched of one dataset."""

    limits: Limits
    agency_column: str | None
    nulls: tuple[str, ...]
    categories: tuple[str, ...]
    measures: tuple[str, ...]
    indicators: tuple[Indicator, ...]


def config_path(settings: Settings) -> Path:
    """Where the configuration is."""
    return settings.project_root / "include" / "anomalies.yaml"


def watch_of(contract: Contract, path: Path) -> Watch | None:
    """What is watched of a dataset; None for reference data and where it is switched off.

    Raises:
        ConfigurationError: a key is wrong, or names what the contract lacks; `where` has file and line.
    """
    document, config = _load(path, path.stat().st_mtime_ns)
    dataset = config.datasets.get(contract.dataset) or _Dataset()
    if contract.source.kind == "reference" or not dataset.watched:
        return None
    _check(contract, dataset, document)
    keys = {column.name for column in contract.key}
    plain = [column for column in contract.columns if column.name not in keys]
    numbers = [column.name for column in plain if _is_measure(column)]
    return Watch(
        limits=config.limits,
        agency_column=contract.quality.agency_column if dataset.agencies else None,
        nulls=tuple(column.name for column in plain if column.name not in dataset.no_nulls_of),
        categories=dataset.categories,
        measures=tuple(numbers) if dataset.measures is None else dataset.measures,
        indicators=dataset.indicators,
    )


def indicator_titles(dataset: str, path: Path) -> dict[str, str]:
    """The titles of a dataset's indicators, by their names."""
    found = _load(path, path.stat().st_mtime_ns)[1].datasets.get(dataset) or _Dataset()
    return {indicator.name: indicator.title for indicator in found.indicators}


def check_datasets(path: Path, known: list[str]) -> None:
    """Raise ConfigurationError if the file speaks of a dataset that there is not."""
    document, config = _load(path, path.stat().st_mtime_ns)
    for name in config.datasets:
        if name not in known:
            raise wrong_key(document, ("datasets", name), f"'{name}' is no dataset")


@lru_cache(maxsize=4)
def _load(path: Path, _changed: int) -> tuple[YamlDocument, _Document]:
    document = load_yaml(path)
    return document, read_as(_Document, document)


def _check(contract: Contract, dataset: _Dataset, document: YamlDocument) -> None:
    columns = {column.name: column for column in contract.columns}
    for key in ("categories", "measures", "no_nulls_of"):
        for index, name in enumerate(getattr(dataset, key) or ()):
            place = ("datasets", contract.dataset, key, index)
            if name not in columns:
                raise wrong_key(document, place, f"'{name}' is no column of the contract")
            if key == "categories" and columns[name].classification == "personal":
                raise wrong_key(document, place, f"'{name}' is personal data: its values are not counted")
            if key == "measures" and not _is_measure(columns[name]):
                raise wrong_key(document, place, f"'{name}' is no number, or it is personal data")
    for index, indicator in enumerate(dataset.indicators):
        for name in indicator.columns:
            place = ("datasets", contract.dataset, "indicators", index)
            if name not in columns:
                raise wrong_key(document, place, f"'{name}' is no column of the contract")
            moments = indicator.kind == "share_not_later"
            wanted = ("date", "timestamp") if moments else ("integer", "number")
            if columns[name].logical_type not in wanted:
                raise wrong_key(document, place, f"'{name}' is no {'date' if moments else 'number'}")


def _is_measure(column: Column) -> bool:
    return column.logical_type in ("integer", "number") and column.classification != "personal"
