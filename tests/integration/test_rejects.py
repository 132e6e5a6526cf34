"""The rejected rows of a batch: each with its key, whatever is in it, its rules and its record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from kho import pipeline
from kho.contracts import load_contract
from kho.pipeline import Context
from kho.quality import judge
from kho.quality.quarantine import show_case
from kho.quality.rejects import rejected_table
from kho.rules.suite import load_dataset_suite
from kho.stage import stage_table

from .gates import land, small_context  # noqa: F401

HOSTILE = ["a,b", 'say "x"', "two\nlines", "\\N", "ẵ 100%", None]


def test_keys_that_would_break_a_csv_arrive_as_they_are(context: Context) -> None:
    batch = land(context, good=3, bad=0, codes=HOSTILE)
    pipeline.stage(batch, context)
    pipeline.validate(batch, context)
    with context.engine.connect() as db:
        rows = db.execute(
            sa.text(f"SELECT * FROM {rejected_table(stage_table(batch)).quoted} ORDER BY _row")
        ).all()
    assert [row._row for row in rows] == [3, 4, 5, 6, 7, 8]
    assert [row.business_key for row in rows] == ["a,b", 'say "x"', "two lines", "\\N", "ẵ 100%", ""]
    assert all(row.agency_code == rows[0].agency_code for row in rows)
    assert [row.failed_rules for row in rows] == [["agency_code_wellformed"]] * 5 + [["agency_code_filled"]]
    assert ['"maDinhDanh":"two\\nlines"' in row.raw for row in rows] == [
        False,
        False,
        True,
        False,
        False,
        False,
    ]


def test_records_without_a_key_that_say_the_same_are_one_case(context: Context) -> None:
    batch = land(context, good=12, bad=0, codes=[None, None, "\u00a0"])
    pipeline.stage(batch, context)
    pipeline.validate(batch, context)
    loaded = pipeline.load(batch, context)
    assert loaded.counts["quarantined"] == 3
    with context.engine.connect() as db:
        cases = db.execute(
            sa.text("SELECT business_key, count(*) FROM dq.quarantine WHERE batch_id = :b GROUP BY 1"),
            {"b": batch},
        ).all()
    assert sum(rows for _, rows in cases) == 2


def test_results_cases_and_scores_name_the_owner_where_rows_name_nobody(context: Context) -> None:
    owner = load_contract("agencies").quality.owner_agency
    batch = land(context, good=12, bad=1)
    for step in (pipeline.stage, pipeline.validate, pipeline.load):
        step(batch, context)
    with context.engine.connect() as db:
        results = db.execute(
            sa.text(
                "SELECT agency_code, of_dataset, sum(failed) FROM dq.rule_result GROUP BY 1, 2 ORDER BY 2"
            )
        ).all()
        cases = db.execute(sa.text("SELECT agency_code FROM dq.quarantine")).scalars().all()
        failed = db.execute(sa.text("SELECT agency_code, failed FROM dq.score WHERE failed > 0")).all()
    # What is asked of the dataset as a whole stays the platform's.
    assert results == [(owner, False, 1), ("", True, 0)]
    assert (cases, failed) == ([owner], [(owner, 1)])


def _loaded(context: Context, night: date, codes: Sequence[str | None], good: int = 12) -> str:
    batch = land(context, good=good, bad=0, night=night, codes=codes)
    pipeline.stage(batch, context)
    pipeline.validate(batch, context)
    pipeline.load(batch, context)
    return batch


def _keyless(context: Context) -> list[tuple[str, str, str | None]]:
    with context.engine.connect() as db:
        return [
            tuple(row)
            for row in db.execute(
                sa.text(
                    "SELECT q.raw ->> 'maDinhDanh', q.status, q.resolved_batch_id FROM dq.quarantine AS q "
                    "WHERE q.business_key = '' ORDER BY 1 NULLS FIRST, q.quarantine_id"
                )
            )
        ]


def test_a_record_without_a_key_that_a_whole_source_no_longer_sends_is_closed(context: Context) -> None:
    first = date(2026, 11, 20)
    _loaded(context, first, [None, "\u00a0"])
    _loaded(context, first + timedelta(1), [None], good=13)
    still_sent, closed = _keyless(context)
    assert still_sent == (None, "open", None)
    assert closed[:2] == ("\u00a0", "resolved")
    assert str(closed[2]).startswith("agencies-20261121-")
    with context.engine.connect() as db:
        number = db.scalar(sa.text("SELECT quarantine_id FROM dq.quarantine WHERE status = 'resolved'"))
    events = show_case(context.engine, number).events
    assert [(event.event, event.happened_on) for event in events] == [("no_longer_sent", date(2026, 11, 21))]
    mended = _loaded(context, first + timedelta(2), ["000.00.77.H48"])
    assert _keyless(context) == [(None, "resolved", mended), closed]
    _loaded(context, first + timedelta(3), [None])
    assert [status for _, status, _ in _keyless(context)] == ["resolved", "open", "resolved"], "a new case"


def test_an_earlier_night_closes_nothing_that_has_no_key(context: Context) -> None:
    night = date(2026, 11, 20)
    _loaded(context, night, [None])
    _loaded(context, night - timedelta(1), ["000.00.77.H48", "\u00a0"])
    assert [status for _, status, _ in _keyless(context)] == ["open", "open"]


def test_a_load_that_fails_closes_nothing(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    night = date(2026, 11, 20)
    _loaded(context, night, [None])

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("kho.load.load._reconcile", killed)
        with pytest.raises(KeyboardInterrupt):
            _loaded(context, night + timedelta(1), [])
    assert [status for _, status, _ in _keyless(context)] == ["open"]
    _loaded(context, night + timedelta(1), [])
    assert [status for _, status, _ in _keyless(context)] == ["resolved"]


def test_rows_that_only_break_warnings_are_not_rejected(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mild(contract: Any, codes: Any) -> Any:
        suite = load_dataset_suite(contract, codes)
        rules = (
            replace(rule, severity="warning") if rule.rule_id == "agency_code_wellformed" else rule
            for rule in suite.rules
        )
        return replace(suite, rules=tuple(rules))

    monkeypatch.setattr(judge, "load_dataset_suite", mild)
    batch = land(context, good=3, bad=0, codes=["not a code"])
    pipeline.stage(batch, context)
    assert pipeline.validate(batch, context).counts == {"quarantined": 0, "warnings": 1}
