"""What the nights made of the sources' news, step by step, is what the raw zone makes of it at once."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from kho import pipeline
from kho.connections import EnvironmentConnections
from kho.errors import ConfigurationError, FatalError, HostError, ReconciliationError
from kho.pipeline import Context, StepResult
from kho.quality.invariants import check_invariants
from kho.quality.lineage import tables_of
from kho.rebuild import Span, span_of
from kho.rebuild.shadow import owned_tables
from kho.server.warehouse import open_warehouse
from kho.settings import Settings, get_settings
from tests.forked import run_forked

from .again import load_again
from .comparable import differences, whole_history, whole_star
from .embedded import copy_database
from .night import in_order
from .ninety import Ninety, write_rules
from .reorganised import NO_SOURCE, Units

VOUCHERS = "investment_disbursements"
LAST_STATEMENT = "finished_at = clock_timestamp()"
WHY = {"by": "Lê C", "reason": "thử"}
# The nights of a month of vouchers, and one of them.
MARCH = span_of("2026-03", None)
ONE_NIGHT = Span(date(2026, 3, 13), date(2026, 3, 13))


@pytest.fixture(scope="module")
def ninety(empty_warehouse: tuple) -> Iterator[Ninety]:
    """Ninety days, loaded night by night."""
    settings, server, engine = empty_warehouse
    engine.dispose()
    units = Units.create(settings, server, "empty")
    write_rules(units.context.settings.project_root)
    days = Ninety(units)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kho.settings.get_settings", lambda: units.context.settings)
        days.run()
        yield days
    units.context.engine.dispose()


@pytest.fixture
def context(ninety: Ninety) -> Context:
    return ninety.context


def rebuild(context: Context, dataset: str | None = VOUCHERS, **more: Any) -> list[StepResult]:
    return pipeline.rebuild(dataset, context, **(WHY | more))


def spoil(context: Context, *statements: str) -> None:
    with context.engine.begin() as db:
        for statement in statements:
            assert db.execute(sa.text(statement)).rowcount


def rows(context: Context, query: str) -> list[tuple[Any, ...]]:
    with context.engine.connect() as db:
        return [tuple(row) for row in db.execute(sa.text(query))]


def everything(context: Context, *schemas: str) -> dict[str, list[str]]:
    """All rows of all tables of these schemas, as they are stored."""
    names = rows(
        context,
        "SELECT schemaname || '.' || tablename FROM pg_tables "
        f"WHERE schemaname IN ({', '.join(repr(name) for name in schemas)}) "
        "AND (schemaname <> 'meta' OR tablename IN ('batch', 'watermark', 'row_decision'))",
    )
    return {name: sorted(map(repr, rows(context, f"SELECT * FROM {name}"))) for (name,) in names}


def test_the_ninety_days_had_what_they_were_to_have(context: Context) -> None:
    counts = dict(
        rows(context, "SELECT dataset, count(*) FROM meta.batch WHERE status = 'loaded' GROUP BY 1")
    )
    assert counts["investment_disbursements"] == 5
    assert counts["agencies"] == 3
    [(deleted, resolved, events, left_out, moved)] = rows(
        context,
        "SELECT (SELECT count(*) FROM dw.fact_disbursement WHERE is_deleted), "
        "(SELECT count(*) FROM dq.quarantine WHERE status = 'resolved'), "
        "(SELECT count(*) FROM dw.fact_dossier_event), (SELECT count(*) FROM meta.row_decision), "
        "(SELECT count(*) FROM dw.fact_dossier AS f JOIN dw.dim_administrative_unit AS u USING (unit_key) "
        "WHERE u.valid_from = '2026-03-15')",
    )
    assert min(deleted, resolved, events, left_out, moved) > 0
    with context.engine.connect() as db:
        asked = {one.name: one.rows for one in check_invariants(db)}
    assert asked["keys_are_of_their_day"] == asked["validity_does_not_overlap"] == ()


def test_one_full_rebuild_equals_the_nights_row_for_row(ninety: Ninety, empty_warehouse: tuple) -> None:
    """Into an empty warehouse, a dataset after the other: facts meet dimensions that know all of their history."""
    settings, server, engine = empty_warehouse
    engine.dispose()
    second = another(ninety.context.settings, settings, server, "second", "empty")
    assert load_again(ninety.context, second) == 24
    first, again = whole_star(ninety.context), whole_star(second)
    before, before_again = whole_history(ninety.context), whole_history(second)
    second.engine.dispose()
    assert differences(first, again) == {}
    assert sum(map(len, first.values())) > 800
    assert differences(before, before_again) == {}
    assert sum(map(len, before.values())) > 50


def test_rebuilding_everything_finds_nothing_to_mend_and_says_what_it_could_not_look_at(
    context: Context,
) -> None:
    before = everything(context, "dw", "dq", "meta")
    results: list[StepResult] = []
    [folder] = (context.settings.raw_zone / VOUCHERS).glob("*20260331*")
    hidden = folder.with_name(f".{folder.name}")
    shutil.move(folder, hidden)
    with pytest.raises(FatalError, match=f"1 of 8 datasets are as they were: {VOUCHERS}"):
        rebuild(context, None, on_step=results.append)
    with pytest.raises(HostError, match="not in the raw zone"):
        rebuild(context)
    shutil.move(hidden, folder)
    results += rebuild(context)
    found = [(one.dataset, one.outcome) for one in results if one.outcome != "unchanged"]
    assert (found, len(results)) == ([(VOUCHERS, "failed")], 9)
    assert everything(context, "dw", "dq", "meta") == before
    assert rows(context, "SELECT tablename FROM pg_tables WHERE schemaname = 'stg'") == []


def test_what_was_spoilt_is_mended_and_nothing_else_is_touched(context: Context) -> None:
    before, others = whole_star(context), everything(context, "dq", "meta")
    places = dict(rows(context, "SELECT voucher_code, ctid::text FROM dw.fact_disbursement"))
    march = "batch_key IN (SELECT batch_key FROM meta.batch WHERE to_char(as_of, 'YYYY-MM') {} '2026-03')"
    spoil(
        context,
        f"UPDATE dw.fact_disbursement SET amount_vnd = 1 WHERE {march.format('=')}",
        f"UPDATE dw.fact_disbursement SET amount_vnd = 2 WHERE {march.format('<>')}",
        "INSERT INTO dw.fact_disbursement SELECT 'CT-X', project_key, agency_key, disbursed_date_key, budget_year, "
        "amount_vnd, fund_source_code, FALSE, source_updated_at, batch_key FROM dw.fact_disbursement "
        f"WHERE {march.format('=')} LIMIT 1",
    )
    spoilt = everything(context, "dw")
    [said] = rebuild(context, check=True)
    assert "1 surplus" in said.message
    assert everything(context, "dw") == spoilt
    # A day, then its month, then all: each mends its own rows.
    [day] = rebuild(context, span=ONE_NIGHT)
    [month] = rebuild(context, span=MARCH)
    assert 0 < day.counts["differed"] < said.counts["differed"] - month.counts["differed"] + 1
    left = rows(
        context, f"SELECT count(*) FROM dw.fact_disbursement WHERE amount_vnd = 1 AND {march.format('=')}"
    )
    assert left == [(0,)]
    assert rows(context, "SELECT count(*) FROM dw.fact_disbursement WHERE amount_vnd = 2") > [(0,)]
    [rest] = rebuild(context)
    total = day.counts["differed"] + month.counts["differed"] + rest.counts["differed"]
    assert total == said.counts["differed"] == len(places) + 1
    assert whole_star(context) == before
    assert everything(context, "dq", "meta") == others
    assert rows(
        context,
        "SELECT first_night, outcome, started_by, (tables -> 0 ->> 'changed')::int > 0 FROM meta.rebuild "
        f"WHERE dataset = '{VOUCHERS}' ORDER BY rebuild_id DESC LIMIT 3",
    ) == [
        (None, "done", "Lê C", True),
        (date(2026, 3, 1), "done", "Lê C", True),
        (date(2026, 3, 13), "done", "Lê C", True),
    ]


def test_a_history_that_was_spoilt_is_mended_with_the_facts_that_follow_it(context: Context) -> None:
    """A version that no catalogue knows, to which facts were moved; a lost event with its version."""
    before = whole_star(context)
    spoil(
        context,
        "UPDATE dw.dim_agency SET valid_to = '2026-03-31' WHERE agency_code = '000.00.11.H48'",
        "INSERT INTO dw.dim_agency (agency_code, name_vi, valid_from, batch_key) SELECT agency_code, 'Sở Lạ', "
        "'2026-04-01', batch_key FROM dw.dim_agency WHERE agency_code = '000.00.11.H48'",
        "UPDATE dw.fact_disbursement SET agency_key = (SELECT max(agency_key) FROM dw.dim_agency) "
        "WHERE disbursed_date_key > 20260401",
        "DELETE FROM dw.fact_enterprise_event WHERE event_number % 3 = 0",
        "DELETE FROM dw.dim_enterprise AS d WHERE enterprise_key > 0 AND NOT EXISTS "
        "(SELECT FROM dw.fact_enterprise_event AS f WHERE f.enterprise_key = d.enterprise_key)",
    )
    [agencies] = rebuild(context, "agencies")
    [enterprises] = rebuild(context, "enterprises")
    assert "1 surplus, 1 changed" in agencies.message
    assert "missing" in enterprises.message
    rebuild(context)
    assert whole_star(context) == before


def test_a_rebuild_that_does_not_add_up_changes_nothing(context: Context) -> None:
    before = everything(context, "dw", "dq", "meta")
    kept = rows(context, "SELECT batch_key, row_number FROM meta.row_decision")
    # Batches that were loaded before decisions were kept are judged again.
    spoil(context, "DELETE FROM meta.row_decision")
    assert rebuild(context, "indicator_reports")[0].outcome == "unchanged"
    # A row that was rejected would be loaded.
    spoil(context, f"INSERT INTO meta.row_decision VALUES ({kept[0][0]}, 1000, 'rejected')")
    with pytest.raises(ReconciliationError, match="a row that the star refuses"):
        rebuild(context, "indicator_reports")
    # Rows that were loaded would be left out.
    spoil(
        context,
        "DELETE FROM meta.row_decision",
        f"INSERT INTO meta.row_decision SELECT {kept[0][0]}, n, 'rejected' FROM generate_series(0, 50) AS n",
    )
    with pytest.raises(ReconciliationError, match="its load came to"):
        rebuild(context, "indicator_reports")
    spoil(
        context,
        "DELETE FROM meta.row_decision",
        *(f"INSERT INTO meta.row_decision VALUES ({batch}, {row}, 'rejected')" for batch, row in kept),
    )
    assert everything(context, "dw", "dq", "meta") == before
    assert rows(context, "SELECT tablename FROM pg_tables WHERE schemaname = 'stg'") == []


def test_what_is_asked_for_must_make_sense(context: Context) -> None:
    with pytest.raises(ConfigurationError, match="its nights are 2026-02-05 to 2026-04-18"):
        rebuild(context, span=span_of("2025-01", None))
    with pytest.raises(ConfigurationError, match="needs a name and a reason"):
        rebuild(context, reason=" ")
    for month, day in (("2026-3", None), ("2026-13", None), (None, "20260301x"), ("2026-03", "2026-03-01")):
        with pytest.raises(ConfigurationError):
            span_of(month, day)


def test_until_its_end_readers_see_what_was_and_a_kill_changes_nothing(context: Context) -> None:
    before = whole_star(context)
    spoil(context, "DELETE FROM dw.fact_disbursement WHERE voucher_code LIKE 'CT-20-%'")
    spoilt = everything(context, "dw")
    url = context.engine.url.render_as_string(hide_password=False)
    environment = {"KHO_HOME": str(context.settings.home), "KHO_WAREHOUSE_URL": url}
    ended = run_forked(rebuild_and_die, environment=environment)
    assert ended.status == -signal.SIGKILL
    assert everything(context, "dw") == spoilt
    count = sa.text("SELECT count(*) FROM dw.fact_disbursement WHERE voucher_code LIKE 'CT-20-%'")
    reader, seen = sa.create_engine(context.engine.url), []

    @sa.event.listens_for(context.engine, "before_cursor_execute")
    def look(_: Any, __: Any, statement: str, *___: Any) -> None:
        """Everything is mended, and nothing is committed."""
        if LAST_STATEMENT in statement:
            with reader.connect() as db:
                seen.append(db.scalar(count))

    try:
        assert rebuild(context)[0].counts["differed"] == 8
    finally:
        sa.event.remove(context.engine, "before_cursor_execute", look)
    with reader.connect() as db:
        assert (*seen, db.scalar(count)) == (0, 8)
    reader.dispose()
    assert whole_star(context) == before
    assert rows(context, "SELECT tablename FROM pg_tables WHERE schemaname = 'stg'") == []
    assert rows(context, "SELECT outcome FROM meta.rebuild WHERE finished_at IS NULL") == [(None,)]


def rebuild_and_die() -> None:
    """In a process of its own: rebuild, and be killed when everything is done but for the commit."""
    settings = get_settings()
    context = Context.create(EnvironmentConnections(settings), settings)

    @sa.event.listens_for(context.engine, "before_cursor_execute")
    def die(_: Any, __: Any, statement: str, *___: Any) -> None:
        if LAST_STATEMENT in statement:
            os.kill(os.getpid(), signal.SIGKILL)

    rebuild(context)


def test_every_table_of_the_star_has_one_dataset_that_answers_for_it() -> None:
    owners: dict[str, list[str]] = {}
    for dataset in in_order():
        for name in owned_tables(dataset):
            owners.setdefault(name, []).append(dataset)
    written = {name for dataset in in_order() for name in tables_of(dataset)}
    assert {name: found for name, found in owners.items() if len(found) != 1} == {}
    assert set(owners) == written


def another(own: Settings, shared: Settings, server: Any, name: str, template: str) -> Context:
    """A warehouse beside, with the same checkout, and a raw zone still to come."""
    copy_database(server, template, name)
    home = shared.home / name
    home.mkdir()
    url = server.url(name).render_as_string(hide_password=False)
    settings = replace(own, home=home, warehouse_url=url)
    return Context(open_warehouse(settings), NO_SOURCE, settings)
