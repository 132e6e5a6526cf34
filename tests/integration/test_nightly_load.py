"""The nightly load against the sandbox's ground truth."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from kho import pipeline
from kho.contracts import Contract
from kho.errors import GateClosed, KhoError, ReconciliationError, SourceUnavailable
from kho.indicators.marts import refresh_indicators
from kho.pipeline import Context
from kho.quality.lineage import tables_of
from kho.sandbox.registry import all_sources
from kho.score import scoreboard
from kho.sql_files import files_in, run_file

from .comparable import Rows, differences
from .night import EPOCH, Province, SandboxConnections, a_sandbox, in_order, new_province, with_small_pages
from .planted import Faulty, open_cases, planted_defects

FROM_SOURCES = [source.dataset for source in all_sources() if source.has_contract]
LATER = EPOCH + timedelta(days=14)
QUESTION = {"month": date(2026, 10, 1), "agency": "000.00.02.H48", "indicator": "KH1534-07.1"}
NIGHTS = [EPOCH + timedelta(days=n) for n in range(5)]

pytestmark = pytest.mark.usefixtures("small_pages")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[tuple]:
    with a_sandbox(size=4_000, defect_scale=3.0) as running:
        yield running


@pytest.fixture(scope="module")
def first_night(sandbox: tuple) -> Province:
    """A province after one clean night; the tests that use it only look."""
    province = new_province(*sandbox)
    assert set(province.run_night(EPOCH).values()) == {"loaded"}
    return province


@pytest.fixture(scope="module")
def master_data(sandbox: tuple) -> Province:
    """A province that knows its units, agencies and procedures, and nothing else."""
    province = new_province(*sandbox)
    for dataset in ("administrative_units", "agencies", "procedures"):
        province.run(dataset, EPOCH)
    return province


@pytest.fixture(scope="module")
def second_night(first_night: Province) -> Province:
    """A province whose second night is about to go wrong."""
    return first_night.copy()


@pytest.fixture
def misbehaving(sandbox: tuple, first_night: Province) -> Iterator[Province]:
    """The sandbox behaves again after the test."""
    yield first_night
    first_night.behave()


def test_what_is_loaded_is_measured_and_looked_at_once(first_night: Province) -> None:
    measured = first_night.rows(
        "SELECT r.dataset, r.accepted = p.row_count, p.looked_at IS NOT NULL, a.row_count "
        "FROM dq.reconciliation AS r JOIN dq.profile AS p ON r.batch_id = p.batch_id AND p.agency_code = '' "
        "LEFT JOIN (SELECT batch_id, sum(row_count) AS row_count FROM dq.profile WHERE agency_code <> '' "
        "GROUP BY 1) AS a ON a.batch_id = r.batch_id"
    )
    assert all(whole and looked for _, whole, looked, _ in measured)
    # The first state of a table that is compared with its last state is no ordinary night; reference data never is.
    assert {dataset for dataset, *_ in measured} == set(FROM_SOURCES) - {"land_parcels"}
    assert first_night.scalar("SELECT count(*) FROM dq.anomaly") == 0


@pytest.mark.parametrize("dataset", FROM_SOURCES)
def test_the_quarantine_is_the_manifest(first_night: Province, dataset: str) -> None:
    expected = planted_defects(first_night.manifest(dataset, EPOCH))
    assert open_cases(first_night.context.engine, dataset) == expected
    assert len(expected) > 10


@pytest.mark.parametrize("dataset", FROM_SOURCES)
def test_warnings_and_duplicates_are_counted_as_planted(first_night: Province, dataset: str) -> None:
    manifest = first_night.manifest(dataset, EPOCH)
    planted = Counter(
        rule
        for defect in manifest["defects"]
        if defect["severity"] == "warning"
        for rule in defect["rule_ids"]
    )
    found = dict(
        first_night.rows(
            "SELECT rule_id, sum(failed)::integer FROM dq.rule_result "
            "WHERE dataset = :d AND severity = 'warning' GROUP BY rule_id HAVING sum(failed) > 0",
            d=dataset,
        )
    )
    assert found == planted
    duplicates = first_night.scalar("SELECT duplicates FROM dq.reconciliation WHERE dataset = :d", d=dataset)
    assert duplicates == manifest["exact_duplicates"]["total"]


def test_at_least_fifteen_kinds_of_defect_were_planted_and_found(first_night: Province) -> None:
    kinds = {kind for dataset in FROM_SOURCES for kind in first_night.manifest(dataset, EPOCH)["kinds"]}
    assert len(kinds) >= 15


def test_every_dataset_balances(first_night: Province) -> None:
    rows = first_night.rows(
        "SELECT dataset, declared, fetched, duplicates, quarantined, accepted, loaded, balanced "
        "FROM dq.reconciliation"
    )
    assert {row[0] for row in rows} == set(in_order())
    for _, declared, fetched, duplicates, quarantined, accepted, loaded, balanced in rows:
        assert balanced
        assert declared == fetched == accepted + quarantined + duplicates
        assert accepted == loaded


def test_the_reference_data_is_all_there(first_night: Province) -> None:
    def count(what: str) -> int:
        return int(first_night.scalar(f"SELECT count(*) FROM {what}"))

    units = "dw.dim_administrative_unit WHERE unit_key > 0 AND unit_level"
    assert count(f"{units} = 'commune' AND is_current") == 96
    assert count(f"{units} = 'commune' AND NOT is_current") == 272
    assert count(f"{units} = 'district'") == 23
    assert count("dw.bridge_administrative_unit_succession WHERE NOT is_derived") == 274
    # Two provinces and all districts but Lý Sơn's, which the documents name themselves.
    assert count("dw.bridge_administrative_unit_succession WHERE is_derived") == 24
    assert count("dw.dim_indicator WHERE plan_code = 'KH1534'") == 40
    assert count("dw.dim_plan_task WHERE plan_code = 'KH1534'") == 60
    assert count("dw.dim_investment_project WHERE plan_code = 'DTC57'") == 4


def test_no_fact_points_nowhere(first_night: Province) -> None:
    """Also where a foreign key is declared NOT ENFORCED."""
    keys = first_night.rows(
        "SELECT conrelid::regclass::text, "
        "(SELECT attname FROM pg_attribute WHERE attrelid = conrelid AND attnum = conkey[1]), "
        "confrelid::regclass::text, "
        "(SELECT attname FROM pg_attribute WHERE attrelid = confrelid AND attnum = confkey[1]) "
        "FROM pg_constraint WHERE contype = 'f' AND connamespace = 'dw'::regnamespace"
    )
    assert len(keys) > 15
    for table, column, target, key in keys:
        orphans = first_night.scalar(
            f"SELECT count(*) FROM {table} AS f WHERE NOT EXISTS "
            f"(SELECT FROM {target} AS d WHERE d.{key} = f.{column})"
        )
        assert orphans == 0, f"{table}.{column}"


def test_date_keys_name_the_day_of_the_moment(first_night: Province) -> None:
    for moment, missing in (("received", -1), ("due", -2), ("finished", -2), ("returned", -2)):
        wrong = first_night.scalar(
            f"SELECT count(*) FROM dw.fact_dossier AS f JOIN dw.dim_date AS d "
            f"ON f.{moment}_date_key = d.date_key WHERE d.calendar_date IS DISTINCT FROM f.{moment}_at::date "
            f"OR (f.{moment}_at IS NULL AND f.{moment}_date_key <> {missing})"
        )
        assert wrong == 0, moment
    gaps = (
        "SELECT count(*) FROM dw.dim_date WHERE date_key > 0 AND date_key <> dw.date_key(calendar_date, -1)"
    )
    assert first_night.scalar(gaps) == 0


def test_nobody_else_may_look_into_the_raw_zone(first_night: Province) -> None:
    assert first_night.context.settings.raw_zone.stat().st_mode & 0o077 == 0


def test_nothing_is_left_in_staging(first_night: Province) -> None:
    assert first_night.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'stg'") == []


def test_twice_in_one_night_changes_nothing(first_night: Province) -> None:
    star = first_night.everything_in_dw()
    quarantine = first_night.rows("SELECT * FROM dq.quarantine ORDER BY quarantine_id")
    record = first_night.rows("SELECT * FROM meta.night ORDER BY dataset")
    assert set(first_night.run_night(EPOCH).values()) == {"unchanged"}
    assert first_night.everything_in_dw() == star
    assert first_night.rows("SELECT * FROM dq.quarantine ORDER BY quarantine_id") == quarantine
    assert first_night.rows("SELECT * FROM meta.night ORDER BY dataset") == record
    assert {line.outcome for line in scoreboard(first_night.context.engine, EPOCH).lines} == {"loaded"}


# One row for each change of a status that a night has seen; who looks once in five nights sees fewer.
AS_SEEN = "fact_dossier_event"
# What moved with each dossier that the first night knew, from its first to its last such row.
MOVED = """
    SELECT
        e.dossier_code,
        (array_agg(e.from_status_code ORDER BY e.changed_at))[1] AS then,
        (array_agg(e.status_code ORDER BY e.changed_at DESC))[1] AS now
    FROM dw.fact_dossier_event AS e
    WHERE e.dossier_code = ANY(:known)
    GROUP BY e.dossier_code
"""
# Reported by the month, and no month ends in these nights; its load is the same upsert by change date as others.
SILENT = {"fact_plan_task_progress"}


def test_five_nights_equal_one_catch_up(first_night: Province) -> None:
    nightly, late = first_night.copy(), first_night.copy()
    before = nightly.star()
    for night in NIGHTS[1:]:
        nightly.run_night(night)
    late.run_night(NIGHTS[-1])
    after, caught_up = nightly.star(), late.star()
    assert differences(without(after, AS_SEEN), without(caught_up, AS_SEEN)) == {}
    filled = {table for dataset in FROM_SOURCES for table in tables_of(dataset) if table.startswith("fact_")}
    assert {name for name in filled if after[name] == before[name]} == SILENT
    assert moved(nightly, first_night) == moved(late, first_night) != {}
    assert cases(nightly) == cases(late) != cases(first_night)


def without(star: Rows, table: str) -> Rows:
    return {name: rows for name, rows in star.items() if name != table}


def moved(province: Province, since: Province) -> dict[str, tuple[str, str]]:
    """The dossiers whose status is another one than before, by what was noted of it."""
    known = [code for (code,) in since.rows("SELECT dossier_code FROM dw.fact_dossier")]
    found = province.rows(MOVED, known=known)
    return {code: (then, now) for code, then, now in found if then != now}


def cases(province: Province) -> dict[str, list[tuple]]:
    """The quarantine without what depends on when a case was seen: since when it waits, and what it once said."""
    return {
        "open": province.rows(
            "SELECT dataset, business_key, raw_md5, failed_rules, agency_code FROM dq.quarantine "
            "WHERE status = 'open' ORDER BY dataset, business_key, raw_md5"
        ),
        "resolved": province.rows(
            "SELECT dataset, business_key, agency_code FROM dq.quarantine "
            "WHERE status = 'resolved' ORDER BY dataset, business_key"
        ),
    }


@pytest.fixture(scope="module")
def weeks_later(first_night: Province) -> Province:
    """A province after a first night and another, two weeks on."""
    province = first_night.copy()
    province.run_night(LATER)
    return province


def test_what_the_source_deletes_becomes_a_tombstone(weeks_later: Province) -> None:
    source = sa.create_engine(weeks_later.sandbox.database_urls["finance"])
    with source.connect() as db:
        kept = set(db.scalars(sa.text("SELECT so_chung_tu FROM tabmis.giai_ngan")))
    source.dispose()
    loaded = dict(weeks_later.rows("SELECT voucher_code, is_deleted FROM dw.fact_disbursement"))
    assert {code for code, is_deleted in loaded.items() if is_deleted} == loaded.keys() - kept
    assert any(loaded.values())


def test_what_its_owner_mends_leaves_the_quarantine(weeks_later: Province) -> None:
    province, last = weeks_later, LATER
    resolved = province.rows(
        "SELECT business_key, resolved_batch_id, batch_id FROM dq.quarantine "
        "WHERE dataset = 'public_service_dossiers' AND status = 'resolved'"
    )
    mended = {
        entry["business_key"] for entry in province.manifest("public_service_dossiers", last)["corrected"]
    }
    assert resolved
    assert {key for key, _, _ in resolved} <= mended
    assert all(resolved_in != first_seen for _, resolved_in, first_seen in resolved)
    loaded = {key for (key,) in province.rows("SELECT dossier_code FROM dw.fact_dossier")}
    assert {key for key, _, _ in resolved} <= loaded


def test_nothing_is_in_quarantine_that_was_not_planted(first_night: Province, weeks_later: Province) -> None:
    """Of no dataset, the reference data among them; neither on the first night nor on one that follows."""
    for province, night in ((first_night, EPOCH), (weeks_later, LATER)):
        kept_back = {name for (name,) in province.rows("SELECT DISTINCT dataset FROM dq.quarantine")}
        assert kept_back == set(FROM_SOURCES)
        for dataset in FROM_SOURCES:
            found: Counter[Faulty] = Counter()
            for (key, agency, rules), cases in open_cases(province.context.engine, dataset).items():
                # That a figure is far from the last one, only the warehouse can know.
                found[key, agency, tuple(rule for rule in rules if "_near_last_" not in rule)] += cases
            assert found == planted_defects(province.manifest(dataset, night)), (dataset, night)


DOSSIERS = "/dvc/v1/danhSachHoSo"
# What to do next when the gateway or a service is in trouble, when pages do not add up, when our login fails.
GATEWAY = "check the source behind connection 'lgsp'"
PAGING = "ask the source's owner whether its paging is stable"
LOGIN = "check login and password of the connection 'lgsp'"


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"kind": "expired_token", "times": 1}, id="token expires"),
        pytest.param({"kind": "throttled", "times": 2}, id="429 with Retry-After"),
        pytest.param({"kind": "throttled_silent", "times": 2}, id="429 without"),
        pytest.param({"kind": "server_error", "times": 2}, id="500"),
        pytest.param({"kind": "timeout", "times": 1, "seconds": 5}, id="time-out"),
        pytest.param({"kind": "html_200", "times": 2}, id="HTML with status 200"),
        pytest.param({"kind": "truncated_json", "times": 2}, id="truncated JSON"),
        pytest.param({"kind": "wrong_total", "times": 1}, id="total does not match once"),
        pytest.param({"kind": "repeated_page", "times": 1}, id="page repeats once"),
        pytest.param({"kind": "dropped_page", "times": 1}, id="page dropped once"),
    ],
)
def test_a_passing_fault_is_ridden_out(misbehaving: Province, master_data: Province, how: dict) -> None:
    province = master_data.copy()
    province.set_clock(EPOCH)
    province.misbehave(path=DOSSIERS, after=1, **how)
    province.run("public_service_dossiers", EPOCH)
    assert province.star("fact_dossier") == misbehaving.star("fact_dossier")


def answers(province: Province, as_of: date) -> dict[str, int]:
    """How many requests for dossiers ended well and how many did not, as the warehouse has it."""
    found = province.rows(
        "SELECT CASE outcome WHEN 'ok' THEN 'ok' ELSE 'failed' END, sum(requests)::int FROM dq.request_log "
        "WHERE dataset = 'public_service_dossiers' AND purpose = 'data' AND as_of = :d GROUP BY 1",
        d=as_of,
    )
    return dict(found)


def unanswered(province: Province, as_of: date) -> int | None:
    """The failures that the night's measure charges to the service of dossiers; None without a loaded batch."""
    with province.context.engine.connect() as db:
        rows = run_file(db, "measure/batches.sql", as_of=as_of).all()
    found = [
        row.failed
        for row in rows
        if (row.dataset, row.rule_id) == ("public_service_dossiers", "requests_answered")
    ]
    return found[0] if found else None


def test_a_failed_extraction_goes_on_where_it_stopped(misbehaving: Province, master_data: Province) -> None:
    province = master_data.copy()
    province.set_clock(EPOCH)
    pages = 20
    before = province.requests(DOSSIERS)
    province.misbehave(path=DOSSIERS, kind="server_error", after=pages, times=1000)
    with pytest.raises(SourceUnavailable, match="goes on where this one stopped"):
        province.run("public_service_dossiers", EPOCH)
    failed = province.requests(DOSSIERS) - before - pages
    assert answers(province, EPOCH) == {"ok": pages, "failed": failed}
    province.behave()
    province.run("public_service_dossiers", EPOCH)
    asked = province.requests(DOSSIERS) - before
    assert answers(province, EPOCH) == {"ok": asked - failed, "failed": failed}
    assert unanswered(province, EPOCH) == failed
    assert province.star("fact_dossier") == misbehaving.star("fact_dossier")
    needed = province.requests(DOSSIERS) - before - failed
    manifest = province.manifest("public_service_dossiers", EPOCH)
    # Each window has its last page; one page was asked for twice, to see that nothing had moved.
    assert needed <= manifest["totals"]["records"] / 100 + 13 + 1


@pytest.mark.parametrize(
    ("how", "fault", "cause", "next_step"),
    [
        ({"kind": "expired_token"}, "authentication", "refuses our token (401, code 900901)", LOGIN),
        ({"kind": "throttled"}, "gateway_down", "limits the rate", GATEWAY),
        ({"kind": "throttled_silent"}, "gateway_down", "limits the rate", GATEWAY),
        ({"kind": "server_error"}, "gateway_down", "answered 500", GATEWAY),
        ({"kind": "timeout", "seconds": 5}, "gateway_down", "no answer: ", GATEWAY),
        ({"kind": "html_200"}, "gateway_down", "HTML page", GATEWAY),
        ({"kind": "truncated_json"}, "gateway_down", "cut short", GATEWAY),
        ({"kind": "wrong_total"}, "gateway_down", "declares", PAGING),
        ({"kind": "repeated_page"}, "gateway_down", "came twice", PAGING),
        ({"kind": "dropped_page"}, "gateway_down", "declares", PAGING),
        ({"kind": "not_subscribed"}, "authentication", "403", "subscribe our application"),
    ],
    ids=lambda given: given["kind"] if isinstance(given, dict) else "",
)
def test_a_lasting_fault_leaves_yesterday_standing(
    misbehaving: Province, second_night: Province, how: dict, fault: str, cause: str, next_step: str
) -> None:
    province = second_night
    star = province.everything_in_dw()
    province.set_clock(NIGHTS[1])
    province.misbehave(path=DOSSIERS, times=1000, **how)
    # Nobody needs to be patient with what lasts; nor with an answer that never comes.
    extra = {"max_attempts": 2} | ({"read_timeout": 0.5} if how["kind"] == "timeout" else {})
    hasty = replace(province.context, connections=SandboxConnections(province.sandbox, **extra))
    with pytest.raises(KhoError) as raised:
        pipeline.run_dataset("public_service_dossiers", NIGHTS[1], hasty)
    error = raised.value
    assert cause in error.message
    assert error.dataset == "public_service_dossiers"
    assert (error.where or "").startswith(f"GET {province.sandbox.lgsp_url}{DOSSIERS}")
    assert next_step in (error.next_step or "")
    assert province.everything_in_dw() == star
    night = "SELECT outcome, fault, message FROM meta.night WHERE dataset = :dataset AND as_of = :d"
    assert province.rows(night, dataset=error.dataset, d=NIGHTS[1]) == [("failed", fault, str(error))]


def test_one_dataset_in_trouble_does_not_stop_the_others(misbehaving: Province) -> None:
    province = misbehaving.copy()
    province.set_clock(NIGHTS[1])
    province.misbehave(path=DOSSIERS, kind="server_error", times=1000)
    fared = {}
    for dataset in in_order():
        try:
            fared[dataset] = province.run(dataset, NIGHTS[1])[-1].outcome
        except KhoError:
            fared[dataset] = "failed"
    assert {dataset for dataset, outcome in fared.items() if outcome == "failed"} == {
        "public_service_dossiers"
    }
    assert fared["investment_disbursements"] == "loaded"
    # The night that failed counts against the service, although no batch came of it.
    failed = answers(province, NIGHTS[1])["failed"]
    assert failed > 0
    assert unanswered(province, NIGHTS[1]) == failed


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"kind": "server_error"}, id="dead"),
        pytest.param({"kind": "timeout", "seconds": 5}, id="slow"),
        pytest.param({"kind": "truncated_json"}, id="cut mid-body"),
        pytest.param({"kind": "throttled_silent"}, id="flooded with 429"),
    ],
)
def test_a_source_in_trouble_while_three_others_load(
    misbehaving: Province, master_data: Province, how: dict
) -> None:
    """The others do not feel it; it goes on from its last page, with no row lost or doubled."""
    province = master_data.copy()
    province.set_clock(EPOCH)
    others = {
        "cashless_payments": "cashless_payment",
        "digital_signatures": "digital_signature",
        "electronic_documents": "electronic_document",
    }
    province.misbehave(path=DOSSIERS, after=20, times=1000, **how)
    with ThreadPoolExecutor(4) as pool:
        troubled = pool.submit(province.run, "public_service_dossiers", EPOCH)
        fared = {name: pool.submit(province.run, name, EPOCH) for name in others}
        assert {job.result()[-1].outcome for job in fared.values()} == {"loaded"}
        with pytest.raises(KhoError):
            troubled.result()
    province.behave()
    before = province.requests(DOSSIERS)
    province.run("public_service_dossiers", EPOCH)
    whole = misbehaving.manifest("public_service_dossiers", EPOCH)["totals"]["records"] / 100
    assert province.requests(DOSSIERS) - before < whole - 10
    facts = [f"fact_{name}" for name in (*others.values(), "dossier")]
    assert differences(province.star(*facts), misbehaving.star(*facts)) == {}


def test_a_bad_batch_is_blocked_and_a_good_one_let_in(
    second_night: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    province = second_night.copy()
    province.set_clock(NIGHTS[1])
    star = province.everything_in_dw()

    def strict(dataset: str) -> Contract:
        contract = with_small_pages(dataset)
        quality = contract.quality.model_copy(update={"quarantine_limit": 0.0001})
        return contract.model_copy(update={"quality": quality})

    with monkeypatch.context() as patch:
        patch.setattr("kho.pipeline.batches.load_contract", strict)
        with pytest.raises(GateClosed, match="the limit is") as raised:
            province.run("public_service_dossiers", NIGHTS[1])
    assert "yesterday's data stands" in str(raised.value)
    assert province.everything_in_dw() == star
    night = "SELECT outcome FROM meta.night WHERE as_of = :d AND dataset = 'public_service_dossiers'"
    assert province.scalar(night, d=NIGHTS[1]) == "blocked"
    assert (
        province.scalar(
            "SELECT sum(failed) FROM dq.rule_result JOIN meta.batch USING (batch_id) WHERE status = 'blocked'"
        )
        > 0
    )
    assert province.run("public_service_dossiers", NIGHTS[1])[-1].outcome == "loaded"
    assert province.everything_in_dw() != star


@pytest.fixture(scope="module")
def leaking(second_night: Province) -> Province:
    """A province whose star is about to lose a row."""
    return second_night.copy()


@pytest.mark.parametrize(
    ("dataset", "fact", "key"),
    [
        ("public_service_dossiers", "fact_dossier", "dossier_code"),
        ("electronic_documents", "fact_electronic_document", "document_code"),
    ],
    ids=["dossiers", "documents"],
)
def test_a_row_that_gets_lost_stops_the_load(leaking: Province, dataset: str, fact: str, key: str) -> None:
    province = leaking
    province.set_clock(NIGHTS[1])
    with province.context.engine.begin() as db:
        db.exec_driver_sql(f"CREATE SEQUENCE stg.{fact}_seen")
        db.exec_driver_sql(
            f"CREATE FUNCTION stg.lose_of_{fact}() RETURNS trigger LANGUAGE plpgsql AS "
            f"'BEGIN RETURN CASE WHEN EXISTS (SELECT FROM dw.{fact} WHERE {key} = NEW.{key}) "
            f"OR nextval(''stg.{fact}_seen'') > 1 THEN NEW END; END'"
        )
        db.exec_driver_sql(
            f"CREATE TRIGGER lose_one BEFORE INSERT ON dw.{fact} "
            f"FOR EACH ROW EXECUTE FUNCTION stg.lose_of_{fact}()"
        )
    kept = {
        name: f"SELECT * FROM {name} WHERE dataset = '{dataset}' ORDER BY 1, 2, 3"
        for name in ("meta.watermark", "dq.quarantine", "dq.reconciliation", "dq.score")
    }
    star, before = province.everything_in_dw(), {name: province.rows(query) for name, query in kept.items()}
    with pytest.raises(ReconciliationError, match="the counts do not balance: declared") as raised:
        province.run(dataset, NIGHTS[1])
    ledger = "SELECT batch_id, status FROM meta.batch WHERE dataset = :d AND status <> 'loaded'"
    assert province.rows(ledger, d=dataset) == [(raised.value.batch, "validated")]
    accepted, loaded = re.findall(r"(?:accepted|loaded) (\d+)", raised.value.message)
    assert int(loaded) == int(accepted) - 1
    assert raised.value.dataset == dataset
    assert "nothing was changed; run the dataset again" in str(raised.value)
    assert province.everything_in_dw() == star
    assert {name: province.rows(query) for name, query in kept.items()} == before
    assert province.run(dataset, NIGHTS[1])[-1].outcome == "loaded"
    assert province.rows(ledger, d=dataset) == []
    assert province.rows(kept["meta.watermark"]) != before["meta.watermark"]


@pytest.mark.parametrize(("code", "communes"), [("48", 94), ("01", 126)])
def test_other_provinces_load_too(sandbox: tuple, code: str, communes: int) -> None:
    settings, *others = sandbox
    province = new_province(replace(settings, province=code), *others)
    for dataset in ("administrative_units", "administrative_unit_successions"):
        assert province.run(dataset, EPOCH)[-1].outcome == "loaded"
    units = "SELECT count(*) FROM dw.dim_administrative_unit WHERE is_current AND unit_level = 'commune'"
    assert province.scalar(units) == communes


def test_a_source_that_is_gone_says_so(second_night: Province) -> None:
    province = second_night.copy()
    gone = SandboxConnections(province.sandbox, max_attempts=2)
    lgsp = gone.get("lgsp")
    gone._known["lgsp"] = type(lgsp)(
        "lgsp", "http", "127.0.0.1", 9, lgsp.login, lgsp.password, extra=lgsp.extra
    )
    province.context = Context(province.context.engine, gone, province.context.settings)
    with pytest.raises(SourceUnavailable, match="no answer") as raised:
        province.run("public_service_dossiers", NIGHTS[1])
    assert "check the source behind connection 'lgsp'" in str(raised.value)
    assert lgsp.password not in str(raised.value)


MART_TOTALS = {
    "dossiers received": (
        "SELECT sum(received) FROM mart.dossier_day WHERE scope_type = 'agency'",
        "SELECT count(*) FROM dw.fact_dossier",
    ),
    "dossiers by procedure and commune": (
        "SELECT sum(received) FROM mart.dossier_procedure_month WHERE scope_type = 'commune'",
        "SELECT count(*) FROM dw.fact_dossier",
    ),
    "dossiers open": (
        "SELECT open_at_end FROM mart.dossier_day WHERE scope_type = 'province' ORDER BY day DESC LIMIT 1",
        "SELECT count(*) FROM dw.fact_dossier WHERE finished_at IS NULL AND status_code NOT IN ('3', '7', '8')",
    ),
    "documents": (
        "SELECT sum(documents_sent) FROM mart.document_month",
        "SELECT count(*) FROM dw.fact_electronic_document",
    ),
    "money": (
        "SELECT sum(disbursed_million_vnd) FROM mart.investment_month",
        "SELECT sum(amount_vnd) / 1000000 FROM dw.fact_disbursement WHERE NOT is_deleted",
    ),
    "enterprises": (
        "SELECT sum(enterprises) FROM mart.enterprise_state",
        "SELECT count(*) FROM dw.dim_enterprise WHERE is_current AND enterprise_key > 0",
    ),
    "events of enterprises": (
        "SELECT sum(events) FROM mart.enterprise_event_month",
        "SELECT count(*) FROM dw.fact_enterprise_event",
    ),
    "people": (
        "SELECT sum(population) FROM mart.social_month",
        "SELECT sum(population_count) FROM dw.fact_population",
    ),
    "pupils": (
        "SELECT sum(students) FROM mart.social_month",
        "SELECT sum(student_count) FROM dw.fact_school_month",
    ),
    "health records": (
        "SELECT sum(health_records) FROM mart.health_state",
        "SELECT count(*) FROM dw.fact_health_record",
    ),
    "land": (
        "SELECT sum(area_m2) FROM mart.land_state",
        "SELECT sum(area_m2) FROM dw.fact_land_parcel WHERE NOT is_deleted",
    ),
    "tasks": (
        "SELECT count(*) FROM mart.task_state WHERE reporting_agencies > 0",
        "SELECT count(DISTINCT task_key) FROM dw.fact_plan_task_progress",
    ),
    "targets": (
        "SELECT count(*) FROM mart.indicator_progress",
        "SELECT count(*) FROM dw.fact_indicator_target",
    ),
    "reported indicators": (
        "SELECT sum(reports) FROM mart.indicator_month WHERE scope_type = 'commune'",
        "SELECT count(*) FROM dw.fact_indicator_value WHERE is_current",
    ),
}


def test_the_marts_hold_what_the_facts_hold(first_night: Province) -> None:
    with first_night.context.engine.connect() as db:
        refresh_indicators(db, EPOCH, first_night.context.settings)
        totals = {
            name: tuple(db.execute(sa.text(query)).scalar_one() for query in both)
            for name, both in MART_TOTALS.items()
        }
        empty = {name for name in files_in("questions") if not run_file(db, name, **QUESTION).first()}
        statuses = set(db.execute(sa.text("SELECT DISTINCT status FROM mart.indicator_progress")).scalars())
        db.rollback()
    assert {name: both for name, both in totals.items() if both[0] != both[1] or not both[0]} == {}
    # Nobody reported a year ago, and the night has not been scored.
    assert empty <= {"questions/14_against_last_year.sql", "questions/20_data_quality.sql",
                     "questions/16_overdue_tasks.sql"}  # fmt: skip
    assert {"no_value", "not_measurable"} <= statuses
