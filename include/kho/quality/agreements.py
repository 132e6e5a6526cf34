"""The same fact told twice, and whether both agree.

In: `include/agreements.yaml` and a query a pair (`sql/agreement/<id>.sql`). Out: both values of each fact in
`dq.agreement`, and how many differ by more than the pair's tolerance, as evidence.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import sqlalchemy as sa
from pydantic import Field, model_validator

from kho.contracts import dataset_names, load_contract
from kho.quality.measures import Measure
from kho.rules.suite import Severity
from kho.sql_files import read_sql, run_file
from kho.yaml_model import Frozen, read_as, wrong_key
from kho.yaml_source import load_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from kho.settings import Settings

_KEPT_NIGHTS = 7
"""So long both values of every fact can be looked at; longer it would grow without bounds."""

Text = Annotated[str, Field(min_length=1)]
_wrong = partial(wrong_key, of="agreements")


class Tolerance(Frozen):
    """How far two values may differ: by so much, or by so many percent of the other, whichever is more."""

    absolute: Decimal = Field(default=Decimal(0), ge=0)
    percent: Decimal = Field(default=Decimal(0), ge=0, le=100)


class Values(Frozen):
    """Two values of one fact."""

    said: Decimal
    other: Decimal


class Pair(Frozen):
    """A fact that is told twice; `dataset` is the one whose telling is judged.

    Attributes:
        compares: the two values, in words.
        breaks: two values that disagree.
    """

    id: Annotated[str, Field(pattern="^[a-z][a-z0-9_]+$")]
    dataset: Text
    title: Text
    remedy: Text
    severity: Severity
    charged: Literal["agency", "nobody"]
    tolerance: Tolerance
    compares: Text
    breaks: Values

    @model_validator(mode="after")
    def _breaks_itself(self) -> Self:
        said, other = self.breaks.said, self.breaks.other
        if abs(said - other) <= max(self.tolerance.absolute, abs(other) * self.tolerance.percent / 100):
            raise ValueError("the values of 'breaks' agree within the tolerance")
        return self

    @property
    def measure(self) -> Measure:
        return Measure(
            self.id,
            "unified",
            self.severity,
            self.title,
            self.remedy,
            meaning=f"{self.compares}: hai giá trị lệch nhau không quá {self._most()}",
            answers="Cơ quan báo cáo"
            if self.charged == "agency"
            else "Hai bên cùng đối chiếu; chưa tính lỗi cho bên nào",
            example=f"{_number(self.breaks.said)} và {_number(self.breaks.other)}",
        )

    def _most(self) -> str:
        parts = [f"{_number(self.tolerance.percent)}%"] if self.tolerance.percent else []
        parts += [f"{_number(self.tolerance.absolute)} đơn vị"] if self.tolerance.absolute else []
        return " hoặc ".join(parts) or "0"


class _Document(Frozen):
    pairs: tuple[Pair, ...]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        ids = [pair.id for pair in self.pairs]
        if twice := {name for name in ids if ids.count(name) > 1}:
            raise ValueError(f"two pairs are called {', '.join(sorted(twice))}")
        return self


def load_pairs(settings: Settings) -> tuple[Pair, ...]:
    """All pairs.

    Raises:
        ConfigurationError: a key is wrong, a dataset or a query is missing; `where` names file and line.
    """
    path: Path = settings.project_root / "include" / "agreements.yaml"
    document = load_yaml(path)
    pairs = read_as(_Document, document, "agreements").pairs
    known = set(dataset_names())
    for place, pair in enumerate(pairs):
        if pair.dataset not in known:
            raise _wrong(document, ("pairs", place, "dataset"), f"no contract '{pair.dataset}'")
        if not (settings.sql_dir / _query(pair)).is_file():
            raise _wrong(document, ("pairs", place, "id"), f"there is no sql/{_query(pair)}")
    return pairs


def compare(db: sa.Connection, pair: Pair, as_of: date) -> list[Any]:
    """Keep both values of each fact of a pair; returns the evidence."""
    db.execute(sa.text("DROP TABLE IF EXISTS pg_temp.told"))
    statement = sa.text(f"CREATE TEMP TABLE told ON COMMIT DROP AS {read_sql(_query(pair))}")
    owner = {"owner_agency": load_contract(pair.dataset).quality.owner_agency}
    db.execute(statement, {name: owner[name] for name in statement.compile().params})
    result = run_file(
        db,
        "quality/keep_agreement.sql",
        as_of=as_of,
        keep_since=as_of - timedelta(days=_KEPT_NIGHTS),
        pair_id=pair.id,
        dataset=pair.dataset,
        absolute=pair.tolerance.absolute,
        percent=pair.tolerance.percent,
        is_charged=pair.charged == "agency",
    )
    return list(result.mappings())


def _number(value: Decimal) -> str:
    return f"{value:,f}".translate(str.maketrans(",.", ".,"))


def _query(pair: Pair) -> str:
    return f"agreement/{pair.id}.sql"
