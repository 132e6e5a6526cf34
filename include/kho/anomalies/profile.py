"""Measure the rows that a batch loads.

In: the view `accepted` of a load, and what is watched. Out: `dq.profile`, in the transaction of the load. One
pass counts rows and sums indicators, by agency; empty cells, shares and quantiles come from at most
`sample_rows` rows, taken evenly in a second one, so that the cost has a bound.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import array

from kho.anomalies.config import Indicator, Watch
from kho.raw_zone.manifest import Manifest
from kho.sql_files import run_file

QUANTILES = (0.1, 0.5, 0.9)
MOST_CATEGORIES = 30
_AGENCY = "_agency"
_ALL = "_all"
_SAMPLE = "pg_temp.profile_sample"
WHOLE = ""
"""The agency code of what is said of the whole batch."""

Metrics = dict[str, tuple[float, int]]
"""By metric its value, and of how many rows."""


def scope_of(manifest: Manifest) -> str | None:
    """What a batch covers, so that only like is compared with like; None if it is no ordinary night's."""
    if manifest.replays or manifest.follows == "":
        return None
    if manifest.window_from is not None and manifest.window_to is not None:
        return f"{(manifest.window_to - manifest.window_from).days} days"
    if manifest.follows is not None:
        return "changes"
    return "files" if manifest.files else "all"


@dataclass(frozen=True)
class Profile:
    """What a batch looks like: by agency its rows and its metrics, and what the batch covers."""

    scope: str
    rows: Mapping[str, int]
    metrics: Mapping[str, Metrics]


def measure_batch(db: sa.Connection, watch: Watch, manifest: Manifest) -> Profile | None:
    """Measure what is accepted; nothing of a batch that is no ordinary night's."""
    scope = scope_of(manifest)
    if scope is None:
        return None
    rows: dict[str, int] = {WHOLE: 0}
    metrics: dict[str, Metrics] = defaultdict(dict)
    _count(db, watch, rows, metrics)
    _sample(db, watch, rows[WHOLE], metrics)
    return Profile(scope, rows, metrics)


def keep_profile(db: sa.Connection, profile: Profile, manifest: Manifest) -> None:
    """Keep what was measured, for the nights to come."""
    agencies = sorted(profile.rows)
    run_file(
        db,
        "quality/keep_profile.sql",
        batch_id=manifest.batch_id,
        dataset=manifest.dataset,
        as_of=manifest.as_of,
        scope=profile.scope,
        agencies=agencies,
        row_counts=[profile.rows[agency] for agency in agencies],
        metrics=[_packed(profile.metrics.get(agency, {})) for agency in agencies],
    )


def _packed(metrics: Metrics) -> str:
    return json.dumps({name: [float(f"{value:.9g}"), n] for name, (value, n) in metrics.items()})


def _column(name: str) -> sa.ColumnElement[Any]:
    return sa.column(name)


def _agency(watch: Watch) -> sa.ColumnElement[Any]:
    name = watch.agency_column
    return sa.cast(_column(name), sa.Text) if name else sa.literal_column("''::text")


def _count(db: sa.Connection, watch: Watch, rows: dict[str, int], metrics: dict[str, Metrics]) -> None:
    """Rows and indicators: exact, in one pass by agency."""
    parts: dict[str, sa.ColumnElement[Any]] = {"rows": sa.func.count()}
    for indicator in watch.indicators:
        parts[f"i:{indicator.name}"], parts[f"d:{indicator.name}"] = _parts(indicator)
    for code, sums in _by_agency(db, _agency(watch), parts, "accepted").items():
        rows[code] = int(sums["rows"])
        for indicator in watch.indicators:
            over, under = sums[f"i:{indicator.name}"], sums[f"d:{indicator.name}"]
            _note_indicator(metrics[code], indicator, over, under)


def _by_agency(
    db: sa.Connection, agency: sa.ColumnElement[Any], parts: dict[str, sa.ColumnElement[Any]], table: str
) -> dict[str, dict[str, Decimal]]:
    """Counts and sums of each agency's rows, and of all rows, which are the sum of them."""
    query = sa.select(agency.label(_AGENCY), *(value.label(name) for name, value in parts.items()))
    sums: dict[str, dict[str, Decimal]] = {WHOLE: dict.fromkeys(parts, Decimal(0))}
    for row in db.execute(query.select_from(sa.text(table)).group_by(sa.text("1"))).mappings():
        found = {name: Decimal(row[name] or 0) for name in parts}
        sums[WHOLE] = {name: sums[WHOLE][name] + found[name] for name in parts}
        if row[_AGENCY]:
            sums[row[_AGENCY]] = found
    return sums


def _parts(indicator: Indicator) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]:
    """What is above and below the line of an indicator; of a sum, how many rows have it."""
    column = _column(indicator.column)
    if indicator.kind == "share_not_later":
        than = _column(indicator.than or "")
        both = sa.and_(column.is_not(None), than.is_not(None))
        return sa.func.count().filter(sa.and_(both, column <= than)), sa.func.count().filter(both)
    if indicator.kind == "ratio":
        over = _column(indicator.over or "")
        return sa.func.sum(column).filter(over.is_not(None)), sa.func.sum(over).filter(column.is_not(None))
    return sa.func.sum(column), sa.func.count(column)


def _note_indicator(metrics: Metrics, indicator: Indicator, over: Decimal, under: Decimal) -> None:
    if indicator.kind == "sum":
        metrics[f"indicator:{indicator.name}"] = (float(over), int(under))
    elif under:
        metrics[f"indicator:{indicator.name}"] = (float(over / under), int(under))


def _sample(db: sa.Connection, watch: Watch, rows: int, metrics: dict[str, Metrics]) -> None:
    """Empty cells, shares of categories, quantiles of measures: of so many rows at most."""
    if not rows:
        return
    step = max(1, -(-rows // watch.limits.sample_rows))
    names = dict.fromkeys((*watch.nulls, *watch.categories, *watch.measures))
    taken = (
        sa.select(_agency(watch).label(_AGENCY), *(_column(name) for name in names))
        .select_from(sa.text("accepted"))
        .where(sa.column("_row", sa.BigInteger) % step == 0)
    )
    db.execute(sa.text(f"DROP TABLE IF EXISTS {_SAMPLE}"))
    bound = taken.compile(db, compile_kwargs={"literal_binds": True})
    db.exec_driver_sql(f"CREATE TEMP TABLE profile_sample ON COMMIT DROP AS {bound}")
    _empty(db, watch, metrics)
    if watch.measures:
        _quantiles(db, watch, metrics[WHOLE])
    if watch.categories:
        _shares(db, watch, metrics)


def _empty(db: sa.Connection, watch: Watch, metrics: dict[str, Metrics]) -> None:
    """The share of rows without a value, of each column."""
    parts = {name: sa.func.count(_column(name)) for name in watch.nulls}
    counts = _by_agency(db, _column(_AGENCY), {_ALL: sa.func.count(), **parts}, _SAMPLE)
    for code, of_code in counts.items():
        total = int(of_code[_ALL])
        for name in watch.nulls if total else ():
            metrics[code][f"nulls:{name}"] = (1 - int(of_code[name]) / total, total)


def _quantiles(db: sa.Connection, watch: Watch, metrics: Metrics) -> None:
    cuts = array([sa.literal(cut, sa.Double) for cut in QUANTILES])
    measured = [
        part
        for name in watch.measures
        for part in (
            sa.func.percentile_cont(cuts).within_group(sa.cast(_column(name), sa.Double)).label(f"q:{name}"),
            sa.func.count(_column(name)).label(f"n:{name}"),
        )
    ]
    row = db.execute(sa.select(*measured).select_from(sa.text(_SAMPLE))).mappings().one()
    for name in watch.measures:
        for cut, value in zip(QUANTILES, row[f"q:{name}"] or (), strict=False):
            if value is not None:
                metrics[f"p{cut * 100:.0f}:{name}"] = (float(value), row[f"n:{name}"])


def _shares(db: sa.Connection, watch: Watch, metrics: dict[str, Metrics]) -> None:
    """How many rows each value of a category has; of rows that have one."""
    agency = _column(_AGENCY)
    sets = []
    for name in watch.categories:
        column = _column(name)
        sets += [sa.tuple_(column), sa.tuple_(agency, column)]
    flags = [sa.func.grouping(_column(name)).label(f"g:{name}") for name in watch.categories]
    query = (
        sa.select(
            agency,
            sa.func.grouping(agency).label("whole"),
            *(sa.cast(_column(name), sa.Text).label(f"v:{name}") for name in watch.categories),
            *flags,
            sa.func.count().label("rows"),
        )
        .select_from(sa.text(_SAMPLE))
        .group_by(
            sa.func.grouping_sets(*sets),
        )
    )
    counts: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for row in db.execute(query).mappings():
        code = WHOLE if row["whole"] else row[_AGENCY]
        name = next(name for name in watch.categories if not row[f"g:{name}"])
        value = row[f"v:{name}"]
        if code is None or value is None or (code == WHOLE and not row["whole"]):
            continue
        counts[code, name][value] = row["rows"]
    for (code, name), values in counts.items():
        total = sum(values.values())
        for value in sorted(values, key=lambda one: (-values[one], one))[:MOST_CATEGORIES]:
            metrics[code][f"share:{name}={value}"] = (values[value] / total, total)
        metrics[code][f"shares:{name}"] = (1.0, total)
