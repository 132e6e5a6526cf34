"""Measure the rows that a batch loads.

In: the view `accepted` of a load, and what is watched. Out: `dq.profile`, in the transaction of the load. One
pass counts rows, empty cells and sums, of the batch and of each agency; shares and quantiles come from at
most `sample_rows` rows, taken evenly, so that the cost has a bound.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import array

from kho.anomalies.config import Indicator, Watch
from kho.raw_zone.manifest import Manifest
from kho.sql_files import run_file

QUANTILES = (0.1, 0.5, 0.9)
MOST_CATEGORIES = 30
_AGENCY = "_agency"
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


def profile_batch(db: sa.Connection, watch: Watch, manifest: Manifest) -> None:
    """Measure what is accepted and keep it; a batch that is no ordinary night's is left out."""
    scope = scope_of(manifest)
    if scope is None:
        return
    rows: dict[str, int] = {WHOLE: 0}
    metrics: dict[str, Metrics] = defaultdict(dict)
    _count(db, watch, rows, metrics)
    _sample(db, watch, rows[WHOLE], metrics)
    agencies = sorted(rows)
    run_file(
        db,
        "quality/keep_profile.sql",
        batch_id=manifest.batch_id,
        dataset=manifest.dataset,
        as_of=manifest.as_of,
        scope=scope,
        agencies=agencies,
        row_counts=[rows[agency] for agency in agencies],
        metrics=[_packed(metrics[agency]) for agency in agencies],
    )


def _packed(metrics: Metrics) -> str:
    return json.dumps({name: [float(f"{value:.9g}"), n] for name, (value, n) in metrics.items()})


def _column(name: str) -> sa.ColumnElement[Any]:
    return sa.column(name)


def _agency(watch: Watch) -> sa.ColumnElement[Any]:
    name = watch.agency_column
    return sa.cast(_column(name), sa.Text) if name else sa.literal_column("''::text")


def _count(db: sa.Connection, watch: Watch, rows: dict[str, int], metrics: dict[str, Metrics]) -> None:
    """Rows, empty cells, sums and indicators: exact, in one pass over the batch."""
    agency = _agency(watch).label(_AGENCY)
    accepted = sa.select(agency, sa.text("*")).select_from(sa.text("accepted")).subquery("a")
    columns: dict[str, sa.ColumnElement[Any]] = {}
    for name in watch.nulls:
        columns[f"n:{name}"] = sa.func.count(_column(name))
    for indicator in watch.indicators:
        over, under = _parts(indicator)
        columns[f"i:{indicator.name}"] = over
        columns[f"d:{indicator.name}"] = under
    query = (
        sa.select(
            _column(_AGENCY),
            sa.func.grouping(_column(_AGENCY)).label("whole"),
            sa.func.count().label("rows"),
            *(value.label(name) for name, value in columns.items()),
        )
        .select_from(accepted)
        .group_by(sa.func.grouping_sets(sa.tuple_(), sa.tuple_(_column(_AGENCY))))
    )
    for row in db.execute(query).mappings():
        code = WHOLE if row["whole"] else row[_AGENCY]
        if code is None or (code == WHOLE and not row["whole"]):
            continue
        rows[code] = row["rows"]
        of_code = metrics[code]
        for name in watch.nulls if row["rows"] else ():
            of_code[f"nulls:{name}"] = (1 - row[f"n:{name}"] / row["rows"], row["rows"])
        for indicator in watch.indicators:
            _note_indicator(of_code, indicator, row[f"i:{indicator.name}"], row[f"d:{indicator.name}"])


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


def _note_indicator(metrics: Metrics, indicator: Indicator, over: Any, under: Any) -> None:
    if over is None or not under:
        if indicator.kind == "sum":
            metrics[f"indicator:{indicator.name}"] = (0.0, 0)
        return
    value = float(over) if indicator.kind == "sum" else float(over) / float(under)
    metrics[f"indicator:{indicator.name}"] = (value, int(under))


def _sample(db: sa.Connection, watch: Watch, rows: int, metrics: dict[str, Metrics]) -> None:
    """Shares of categories, also by agency, and quantiles of measures: of so many rows at most."""
    if not rows or not (watch.categories or watch.measures):
        return
    step = max(1, -(-rows // watch.limits.sample_rows))
    names = dict.fromkeys((*watch.categories, *watch.measures))
    taken = (
        sa.select(_agency(watch).label(_AGENCY), *(_column(name) for name in names))
        .select_from(sa.text("accepted"))
        .where(sa.column("_row", sa.BigInteger) % step == 0)
    )
    db.execute(sa.text("DROP TABLE IF EXISTS pg_temp.profile_sample"))
    bound = taken.compile(db, compile_kwargs={"literal_binds": True})
    db.exec_driver_sql(f"CREATE TEMP TABLE profile_sample ON COMMIT DROP AS {bound}")
    if watch.measures:
        _quantiles(db, watch, metrics[WHOLE])
    if watch.categories:
        _shares(db, watch, metrics)


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
    row = db.execute(sa.select(*measured).select_from(sa.text("pg_temp.profile_sample"))).mappings().one()
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
        .select_from(sa.text("pg_temp.profile_sample"))
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
