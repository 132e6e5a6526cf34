"""Random dossiers full of borderline cases, and the index of QĐ 766/QĐ-TTg of them by pandas.

In: how many, over how many days. Out: a frame with the columns of the staging table; the star loaded from it
by the load's own statements; and the measures by agency, commune and province, computed dossier by dossier
from the text of the rule, period by period. Nothing of the marts' SQL is used.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
import yaml

from kho.sql_files import files_in, run_file

AGENCIES = [f"000.00.{number:02d}.H48" for number in range(1, 13)]
COMMUNES = [f"21{number:03d}" for number in range(100, 108)]
PROCEDURES = {f"1.00{number:04d}": ("full", "partial", "none", None)[number % 4] for number in range(20)}
OF_PROCEDURES = ("full_online_procedures", "procedures_filed_online")
GONE = ("3", "7", "8")
LOADED_BY = ("10_resolve_keys", "20_fill_empty", "25_attach_months", "30_build_delta", "35_note_events",
             "40_update_changed", "50_insert_new", "95_clean_up")  # fmt: skip


@dataclass(frozen=True)
class Span:
    """The days on which dossiers are received."""

    first: date
    days: int

    @property
    def last(self) -> date:
        return self.first + timedelta(days=self.days - 1)


def random_dossiers(count: int, span: Span, seed: int = 766) -> pd.DataFrame:
    """Dossiers as staging has them; times often coincide to the second, or fall on midnight."""
    random = np.random.default_rng(seed)

    def some(share: float) -> np.ndarray:
        return random.random(count) < share

    second = np.where(some(0.05), 0, random.integers(7 * 3600, 18 * 3600, count))
    day = random.integers(0, span.days, count)
    received = pd.Series(pd.Timestamp(span.first) + pd.to_timedelta(day * 86400 + second, unit="s"))
    allowed = pd.to_timedelta(random.integers(0, 12, count), unit="D")
    due = received.dt.normalize() + allowed + pd.Timedelta(hours=23)
    due = due.mask(some(0.06), received.dt.normalize() + allowed + pd.Timedelta(days=1))
    due = due.mask(some(0.05))
    asked = (received + pd.to_timedelta(random.integers(60, 6 * 86400, count), unit="s")).where(some(0.3))
    asked = asked.mask(some(0.1) & asked.notna(), due)
    brought = asked + pd.to_timedelta(random.integers(0, 9 * 86400, count), unit="s")
    brought = brought.mask(some(0.2))
    requests = np.where(
        asked.notna(), np.where(some(0.2), 2, 1), np.where(some(0.03), random.integers(1, 3, count), 0)
    )
    waited = (brought - asked).fillna(pd.Timedelta(0))
    finished = received + pd.to_timedelta(random.integers(60, 20 * 86400, count), unit="s")
    # To the second on the deadline, with and without the supplement's time.
    finished = finished.mask(some(0.05), due).mask(some(0.05), due + waited)
    finished = finished.mask(some(0.05), due + waited + pd.Timedelta(seconds=1))
    finished = finished.where(finished >= received, received)
    status = random.choice(
        ["4", "5", "9", "10", "3", "7", "8"], count, p=[0.12, 0.03, 0.4, 0.39, 0.02, 0.02, 0.02]
    )
    done = pd.Series(np.isin(status, ["9", "10"]))
    papers = random.integers(0, 4, count)
    results = np.where(done, random.integers(0, 3, count), 0)
    return pd.DataFrame(
        {
            "_row": np.arange(count),
            "dossier_code": [f"D-{number:08d}" for number in range(count)],
            "procedure_code": random.choice(list(PROCEDURES), count),
            "procedure_name": "Thủ tục",
            "sector_code": "LV",
            "applicant_type_code": "1",
            "commune_code": random.choice(COMMUNES, count),
            "agency_code": random.choice(AGENCIES, count),
            "received_at": received,
            "due_at": due,
            "finished_at": finished.where(done),
            "returned_at": finished.where(done & some(0.7)),
            "status_code": status,
            "submission_form_code": "1",
            "channel_code": random.choice(["1", "2", "3"], count, p=[0.5, 0.45, 0.05]),
            "document_count": papers,
            "digitised_document_count": np.minimum(papers, random.integers(0, 5, count)),
            "fee_amount_vnd": 0,
            "supplement_count": requests,
            "supplement_asked_at": asked,
            "supplement_received_at": brought,
            "result_count": results,
            "electronic_result_count": np.minimum(results, random.integers(0, 2, count)),
            "updated_at": finished,
        }
    )


def load_dossiers(db: sa.Connection, frame: pd.DataFrame, batch_key: int = 1) -> None:
    """Into the star by the load's own statements, after the dimensions that they look keys up in."""
    for table, keys in (
        ("dim_agency (agency_code, name_vi)", [{"a": code, "b": code} for code in AGENCIES]),
        ("dim_procedure (procedure_code, name_vi, online_level)",
         [{"a": code, "b": code, "c": level} for code, level in PROCEDURES.items()]),
        ("dim_administrative_unit (unit_code, name_vi, unit_level, valid_from)",
         [{"a": code, "b": code, "c": "commune", "d": "2020-01-01"} for code in COMMUNES]),
    ):  # fmt: skip
        values = ", ".join(f":{name}" for name in keys[0])
        db.execute(sa.text(f"INSERT INTO dw.{table} VALUES ({values}) ON CONFLICT DO NOTHING"), keys)
    numbers = [name for name in frame if name.endswith("_count")]
    moments = [name for name in frame if name.endswith("_at")]
    kinds = dict.fromkeys(numbers, "bigint") | dict.fromkeys(moments, "timestamp") | {
        "_row": "bigint", "fee_amount_vnd": "numeric(18,2)"
    }  # fmt: skip
    columns = ", ".join(f"{name} {kinds.get(name, 'text')}" for name in frame)
    db.exec_driver_sql(f"CREATE TEMP TABLE accepted ({columns}, _content_hash bigint) ON COMMIT DROP")
    text = io.StringIO(frame.to_csv(index=False))
    with db.connection.cursor() as cursor:
        cursor.copy_expert(f"COPY accepted ({', '.join(frame)}) FROM STDIN (FORMAT csv, HEADER)", text)
    run_file(db, "load/name_batch.sql", batch_key=batch_key)
    for name in files_in("load/public_service_dossiers"):
        if Path(name).stem in LOADED_BY:
            run_file(db, name, batch_key=batch_key)
    db.exec_driver_sql("DROP TABLE accepted")


def periods(span: Span, last_day: date) -> Iterator[tuple[str, date, date]]:
    """(type, first day, last known day) of every period that has a day of the span."""
    days = pd.date_range(span.first, last_day)
    yield from (("day", day.date(), day.date()) for day in days)
    for name, code in (("month", "M"), ("quarter", "Q"), ("year", "Y")):
        for period in days.to_period(code).unique():
            yield name, period.start_time.date(), min(period.end_time.date(), last_day)


def expected_measures(frame: pd.DataFrame, span: Span, last_day: date) -> pd.DataFrame:
    """Numerator and denominator of each measure, by scope and period, from the text of the rule."""
    seen = frame[frame["received_at"] < pd.Timestamp(last_day) + pd.Timedelta(days=1)]
    found = []
    for kind, first, last in periods(span, last_day):
        start, end = pd.Timestamp(first), pd.Timestamp(last) + pd.Timedelta(days=1)
        for measure, rows, counted in (
            *_of_dossiers(seen, start, end),
            *_of_procedures(seen, kind, start, end),
        ):
            parts = rows.assign(numerator=counted, denominator=1)
            for scope, key in (("agency", "agency_code"), ("commune", "commune_code"), ("province", None)):
                if measure in OF_PROCEDURES:
                    chosen = (
                        parts.groupby([key, "procedure_code"] if key else ["procedure_code"])
                        .max()
                        .reset_index()
                    )
                else:
                    chosen = parts
                chosen = chosen.assign(scope_code=chosen[key] if key else "province")
                sums = chosen.groupby("scope_code")[["numerator", "denominator"]].sum().reset_index()
                found.append(
                    sums.assign(scope_type=scope, period_type=kind, period_start=first, measure=measure)
                )
    return pd.concat(found, ignore_index=True)


def _of_dossiers(
    seen: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp
) -> Iterator[tuple[str, Any, Any]]:
    received = seen[(seen["received_at"] >= start) & (seen["received_at"] < end)]
    yield (
        "online_dossiers",
        received[["agency_code", "commune_code"]],
        (received["channel_code"] == "2").astype(int),
    )
    with_papers = received[received["document_count"] > 0]
    whole = with_papers["digitised_document_count"] == with_papers["document_count"]
    yield "digitised_dossiers", with_papers[["agency_code", "commune_code"]], whole.astype(int)

    to_settle = seen[~seen["status_code"].isin(GONE)]
    ended = to_settle[(to_settle["finished_at"] >= start) & (to_settle["finished_at"] < end)]
    with_result = ended[ended["result_count"] > 0]
    electronic = with_result["electronic_result_count"] > 0
    yield "electronic_results", with_result[["agency_code", "commune_code"]], electronic.astype(int)

    at_work = to_settle[(to_settle["received_at"] < end) & ~(to_settle["finished_at"] < start)]
    at_work = at_work[at_work["due_at"].notna() | (at_work["supplement_count"] > 1)]
    # Judged when it ended, or at the end of the period while it is open.
    moment = at_work["finished_at"].where(at_work["finished_at"] < end, end)
    until = at_work["supplement_received_at"].fillna(moment).clip(upper=moment)
    waited = (until - at_work["supplement_asked_at"]).fillna(pd.Timedelta(0)).clip(lower=pd.Timedelta(0))
    on_time = (moment - waited <= at_work["due_at"]) & (at_work["supplement_count"] <= 1)
    yield "on_time", at_work[["agency_code", "commune_code"]], on_time.astype(int)


def _of_procedures(
    seen: pd.DataFrame, kind: str, start: pd.Timestamp, end: pd.Timestamp
) -> Iterator[tuple[str, Any, Any]]:
    since = start.replace(day=1) if kind == "day" else start
    # A day has the offer of its whole month as far as it is known.
    until = (since + pd.offsets.MonthBegin(1)) if kind == "day" else end
    rows = seen[(seen["received_at"] >= since) & (seen["received_at"] < until)]
    level = rows["procedure_code"].map(PROCEDURES)
    offered = rows[level.isin(["full", "partial"])]
    keys = offered[["agency_code", "commune_code", "procedure_code"]]
    yield "full_online_procedures", keys, (offered["procedure_code"].map(PROCEDURES) == "full").astype(int)
    yield "procedures_filed_online", keys, (offered["channel_code"] == "2").astype(int)


def expected_points(measures: pd.DataFrame, index_file: Path) -> pd.DataFrame:
    """Points of each component: all from the threshold up, below it percentage × maximum / threshold."""
    document = yaml.safe_load(index_file.read_text(encoding="utf-8"))
    components = [
        (component["measure"], group["id"], Fraction(component["maximum"]), Fraction(component["full_at"]))
        for group in document["versions"][0]["groups"]
        for component in group["components"]
        if "measure" in component
    ]
    rows = measures[measures["denominator"] > 0]
    frames = []
    for measure, group, maximum, full_at in components:
        own = rows[rows["measure"] == measure]
        points = [
            _two_decimals(min(maximum, Fraction(100 * int(n), int(d)) * maximum / full_at))
            for n, d in zip(own["numerator"], own["denominator"], strict=True)
        ]
        frames.append(own.assign(group_id=group, points=points))
    return pd.concat(frames, ignore_index=True)


def _two_decimals(value: Fraction) -> Decimal:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
