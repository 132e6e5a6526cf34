"""A night with everything that is personal: nothing of it comes out, for no role, by no way of asking.

What is looked for are texts that name somebody: every value of the raw zone whose column a contract calls
personal, of six characters or more. A date of birth or a height alone names nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa

from kho import pipeline
from kho.contracts import load_contract, load_contracts
from kho.server.warehouse import engine as engine_of

from .night import EPOCH, Province, a_loaded_province

MASTER = ("administrative_units", "agencies", "procedures")
PERSONAL = ("enterprises", "health_records", "public_service_dossiers", "land_parcels")
ROLES = ("kho_loader", "kho_steward", "kho_analyst", "kho_public")
# The quarantine keeps records as they came; who may read it, is tested.
KEPT_AS_IT_CAME = {("dq.quarantine", "raw")}
PEOPLE = {role: f"test_{role}" for role in ROLES}
STEWARD, STRANGER = "test_kho_steward", "test_no_agency"


@pytest.fixture(scope="module")
def province() -> Iterator[Province]:
    with a_loaded_province(*MASTER, *PERSONAL, size=300, defect_scale=3.0) as province:
        make_logins(province)
        # What rows said before is looked for as what they say.
        with province.context.engine.begin() as db:
            for table in ("fact_dossier", "fact_health_record", "fact_enterprise_event", "dim_enterprise"):
                db.exec_driver_sql(
                    f"UPDATE dw.{table} SET source_updated_at = source_updated_at + interval '1 second'"
                )
            db.exec_driver_sql("UPDATE dw.fact_land_parcel SET map_sheet = map_sheet + 1")
        yield province


def make_logins(province: Province) -> None:
    with province.context.engine.begin() as db:
        for role, login in {**PEOPLE, "kho_steward ": STRANGER}.items():
            db.exec_driver_sql(f"CREATE ROLE {login} LOGIN IN ROLE {role.strip()}")
        db.execute(
            sa.text("INSERT INTO meta.agency_reader VALUES (:login, :agency, 'Trần Bí')"),
            {"login": STEWARD, "agency": busiest(province)},
        )


def busiest(province: Province) -> str:
    query = (
        "SELECT q.agency_code FROM dq.quarantine AS q JOIN dw.dim_agency AS a USING (agency_code) "
        "WHERE a.agency_key > 0 AND NOT a.is_inferred GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
    )
    return str(province.scalar(query))


@contextmanager
def as_login(province: Province, login: str) -> Iterator[sa.Connection]:
    """A session of this login: what it can change is its own, and the login is not."""
    with province.context.engine.connect() as db:
        db.exec_driver_sql(f"SET SESSION AUTHORIZATION {login}")
        try:
            yield db
        finally:
            db.rollback()
            db.exec_driver_sql("RESET SESSION AUTHORIZATION")
            db.commit()


@pytest.fixture(scope="module")
def secrets(province: Province) -> set[str]:
    """Every text of the raw zone that names a person."""
    found: set[str] = set()
    public: set[str] = set()
    for dataset in PERSONAL:
        contract = load_contract(dataset)
        files = str(province.context.settings.raw_zone / dataset / "**" / "records-*.parquet")
        names = [
            c.source_name
            for c in contract.columns
            if c.classification == "personal" and c.logical_type == "string"
        ]
        rows = duckdb.sql(f"SELECT * FROM read_parquet('{files}', union_by_name = true)").fetchdf()
        if dataset == "enterprises":
            # A company's name and tax code are public; a person's business has its owner's.
            company = ~rows["LoaiHinh"].isin(["HKD", "CNKD"]) & ~rows["MaSo"].astype(str).str.match(
                r"^\d{12}$"
            )
            public = {
                str(value).strip() for name in ("MaSo", "Ten") for value in rows.loc[company, name].dropna()
            }
        for name in names:
            found |= {str(value).strip() for value in rows[name].dropna()}
    # Companies hold land, too.
    return {value for value in found - public if len(value) >= 6 and not value.startswith("Công ty")}


def leaked(texts: list[str], secrets: set[str]) -> list[str]:
    """The secrets that occur in the texts."""
    numbers = {one for one in secrets if re.fullmatch(r"[A-Z]{0,2}[0-9]+", one)}
    words = "\n".join(text for text in texts if " " in text.strip())
    in_texts = set(re.findall(r"[A-Z]{0,2}[0-9]{6,}", "\n".join(texts)))
    return sorted(numbers & in_texts) + sorted(one for one in secrets - numbers if one in words)


def readable(db: sa.Connection, role: str) -> list[tuple[str, str]]:
    """Every column that the role may read, of relations of the warehouse."""
    query = (
        "SELECT n.nspname || '.' || quote_ident(c.relname), quote_ident(a.attname) FROM pg_attribute AS a "
        "JOIN pg_class AS c ON a.attrelid = c.oid JOIN pg_namespace AS n ON c.relnamespace = n.oid "
        "WHERE n.nspname IN ('stg', 'dw', 'dw_history', 'mart', 'dq', 'meta', 'open_data') AND c.relkind IN ('r', 'v', 'm', 'p') "
        "AND a.attnum > 0 AND NOT a.attisdropped AND has_schema_privilege(:role, n.oid, 'USAGE') "
        "AND has_column_privilege(:role, c.oid, a.attnum, 'SELECT') "
        "AND format_type(a.atttypid, NULL) ~ '^(text|json|name|char|bytea)' ORDER BY 1, 2"
    )
    return [(row[0], row[1]) for row in db.execute(sa.text(query), {"role": role})]


def texts_of(db: sa.Connection, relation: str, column: str) -> list[str]:
    query = f"SELECT DISTINCT {column}::text FROM {relation} WHERE {column} IS NOT NULL"
    return [row[0] for row in db.execute(sa.text(query))]


def test_there_is_something_to_find(province: Province, secrets: set[str]) -> None:
    assert len(secrets) > 300
    raw = [row[0] for row in province.rows("SELECT raw::text FROM dq.quarantine")]
    assert len(leaked(raw, secrets)) > 5


def test_no_personal_value_is_in_any_column_of_the_warehouse(province: Province, secrets: set[str]) -> None:
    with province.context.engine.connect() as db:
        columns = readable(db, "kho_loader")
        assert len(columns) > 200
        found = {
            (relation, column): leaked(texts_of(db, relation, column), secrets)
            for relation, column in columns
            if (relation, column) not in KEPT_AS_IT_CAME
        }
    assert {where: some[:3] for where, some in found.items() if some} == {}


@pytest.mark.parametrize("role", ["kho_steward", "kho_analyst", "kho_public"])
def test_no_role_reads_a_personal_value(province: Province, secrets: set[str], role: str) -> None:
    if role == "kho_steward":
        with province.context.engine.begin() as db:
            db.exec_driver_sql("INSERT INTO meta.agency_reader VALUES ('test_kho_steward', '*', 'Trần Bí')")
    try:
        with as_login(province, PEOPLE[role]) as db:
            columns = readable(db, role)
            texts = [text for relation, column in columns for text in texts_of(db, relation, column)]
            assert columns
            if role == "kho_steward":
                cases = [
                    row[0] for row in db.execute(sa.text("SELECT quarantine_id FROM dq.quarantine_masked"))
                ]
                assert len(cases) > 5
                for case in cases:
                    query = sa.text("SELECT dq.case_record(:case, 'kiểm thử')::text")
                    texts.append(db.scalar(query, {"case": case}))
            assert leaked(texts, secrets) == []
    finally:
        with province.context.engine.begin() as db:
            db.exec_driver_sql("DELETE FROM meta.agency_reader WHERE agency_code = '*'")


REFUSED = {
    "kho_steward": (
        "SELECT raw FROM dq.quarantine_masked",
        "SELECT * FROM meta.agency_reader",
        "INSERT INTO meta.agency_reader VALUES ('test_kho_steward', '*', 'tôi')",
        "SELECT * FROM dq.access_log",
        "DELETE FROM dq.access_log",
    ),
    "kho_analyst": (
        "SELECT enterprise_ref FROM dw.dim_enterprise",
        "SELECT * FROM dw.dim_enterprise",
        "SELECT * FROM dw.fact_health_record",
        "SELECT record_code FROM dw_history.fact_health_record",
        "SELECT * FROM dw.fact_health_record_as_known_at('2026-11-20')",
        "SELECT parent_ref FROM dw_history.dim_enterprise",
        "SELECT * FROM dw.dim_enterprise_as_known_at('2026-11-20')",
        "DELETE FROM dw_history.fact_dossier",
        "SELECT * FROM dq.quarantine_masked",
        "SELECT dq.case_record(1, 'x')",
    ),
    "kho_public": (
        "SELECT * FROM mart.health_state",
        "SELECT * FROM dw.dim_agency",
        "SELECT * FROM dw_history.fact_dossier",
        "SELECT * FROM dq.quarantine_masked",
        "SELECT smallest_count FROM meta.disclosure",
        "SELECT dq.case_record(1, 'x')",
    ),
}
EVERYBODY = (
    "SELECT raw FROM dq.quarantine",
    "SELECT * FROM meta.pseudonym_key",
    "SELECT * FROM meta.pseudonym_state",
    "SELECT meta.pseudonym('051085001234')",
    "SELECT meta.pseudonym_layer('051085001234', 'aa:bb')",
    "SELECT meta.grant_roles()",
    "COPY dq.quarantine TO STDOUT",
    "UPDATE dq.quarantine SET status = 'resolved'",
    "CREATE TABLE dw.mine (x text)",
    "SET ROLE kho_loader",
)


@pytest.mark.parametrize("role", list(REFUSED))
def test_what_is_not_a_role_s_is_refused_and_the_refusal_tells_nothing(
    province: Province, secrets: set[str], role: str
) -> None:
    with as_login(province, PEOPLE[role]) as db:
        for query in (*REFUSED[role], *EVERYBODY):
            with pytest.raises(sa.exc.DBAPIError, match="permission denied") as caught:
                db.exec_driver_sql(query)
            assert leaked([str(caught.value)], secrets) == [], query
            db.rollback()
            db.exec_driver_sql(f"SET SESSION AUTHORIZATION {PEOPLE[role]}")


def test_analysts_ask_what_was_believed_of_what_they_may_read(province: Province) -> None:
    with as_login(province, PEOPLE["kho_analyst"]) as db:
        believed = "SELECT count(*) FROM dw.fact_dossier_as_known_at(:day)"
        assert db.scalar(sa.text(believed), {"day": EPOCH}) > 0
        assert db.scalar(sa.text(believed), {"day": EPOCH - timedelta(days=1)}) == 0
        assert db.scalar(sa.text("SELECT count(*) FROM dw_history.fact_dossier")) > 0
        assert db.scalar(sa.text("SELECT count(name_vi) FROM dw_history.dim_enterprise")) > 0
        db.execute(sa.text("SELECT * FROM mart.indicator_value_as_known_at(:day)"), {"day": EPOCH})


def test_a_steward_sees_the_cases_of_his_agency_whatever_he_sets(province: Province) -> None:
    agency = busiest(province)
    own = province.scalar("SELECT count(*) FROM dq.quarantine WHERE agency_code = :a", a=agency)
    assert 0 < own < province.scalar("SELECT count(*) FROM dq.quarantine")
    query = sa.text("SELECT array_agg(DISTINCT agency_code), count(*) FROM dq.quarantine_masked")
    for setting in ("SELECT 1", "SET ROLE kho_steward", "SET kho.agency = '*'", "SET row_security = off"):
        with as_login(province, STEWARD) as db:
            db.exec_driver_sql(setting)
            assert tuple(db.execute(query).one()) == ([agency], own)
    with as_login(province, STRANGER) as db:
        assert tuple(db.execute(query).one()) == (None, 0)


def test_a_steward_sees_the_scores_of_his_agency_and_the_secretariat_all(province: Province) -> None:
    agency = busiest(province)
    counted = "SELECT count(*) FROM dq.score"
    everything = province.scalar(counted)
    own = province.scalar(f"{counted} WHERE agency_code = :a", a=agency)
    assert 0 < own < everything
    query = sa.text("SELECT array_agg(DISTINCT agency_code), count(*) FROM dq.score")
    for setting in ("SELECT 1", "SET ROLE kho_steward", "SET kho.agency = '*'"):
        with as_login(province, STEWARD) as db:
            db.exec_driver_sql(setting)
            assert tuple(db.execute(query).one()) == ([agency], own)
    with as_login(province, STRANGER) as db:
        assert db.scalar(sa.text(counted)) == 0
    with as_login(province, PEOPLE["kho_loader"]) as db:
        assert db.scalar(sa.text(counted)) == everything
        assert db.execute(sa.text("UPDATE dq.score SET rules = rules")).rowcount == everything
    with as_login(province, PEOPLE["kho_analyst"]) as db:
        assert db.scalar(sa.text("SELECT count(*) FROM mart.quality_score")) == everything
    with province.context.engine.begin() as db:
        db.exec_driver_sql("INSERT INTO meta.agency_reader VALUES ('test_no_agency', '*', 'Trần Bí')")
    try:
        with as_login(province, STRANGER) as db:
            assert db.scalar(sa.text(counted)) == everything
    finally:
        with province.context.engine.begin() as db:
            db.exec_driver_sql("DELETE FROM meta.agency_reader WHERE agency_code = '*'")


def test_neither_a_function_nor_an_error_tells_what_the_view_hides(
    province: Province, secrets: set[str]
) -> None:
    others = [
        row[0]
        for row in province.rows(
            "SELECT business_key FROM dq.quarantine WHERE agency_code <> :a AND length(business_key) > 5",
            a=busiest(province),
        )
    ]
    with as_login(province, STEWARD) as db:
        # SQLAlchemy keeps no notices.
        driver: Any = db.connection.dbapi_connection
        with driver.cursor() as cursor:
            cursor.execute(
                "CREATE FUNCTION pg_temp.tell(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 "
                "AS $$ BEGIN RAISE NOTICE 'seen %', $1; RETURN TRUE; END $$"
            )
            cursor.execute(
                "SELECT count(*) FROM dq.quarantine_masked "
                "WHERE pg_temp.tell(business_key) AND pg_temp.tell(agency_code)"
            )
        told = list(driver.notices)
        assert told
        assert leaked(told, secrets) == []
        assert not any(key in text for key in others for text in told)
        for broken in ("business_key::integer", "1 / (length(business_key) - length(business_key))"):
            with pytest.raises(sa.exc.DBAPIError) as caught:
                db.exec_driver_sql(f"SELECT {broken} FROM dq.quarantine_masked")
            assert leaked([str(caught.value)], secrets) == []
            db.rollback()
            db.exec_driver_sql(f"SET SESSION AUTHORIZATION {STEWARD}")


def test_whoever_reads_a_record_is_written_down(province: Province) -> None:
    agency = busiest(province)
    own, other = (
        province.scalar(f"SELECT min(quarantine_id) FROM dq.quarantine WHERE agency_code {sign} :a", a=agency)
        for sign in ("=", "<>")
    )
    ask = sa.text("SELECT dq.case_record(:case, :purpose)")
    with as_login(province, STEWARD) as db:
        assert db.scalar(ask, {"case": own, "purpose": "phiếu 45 của 051085001234"})
        assert db.scalar(ask, {"case": other, "purpose": "tò mò"}) is None
        db.commit()
        assert db.scalar(ask, {"case": own, "purpose": "rồi hoàn tác"})
        db.rollback()
        with pytest.raises(sa.exc.DBAPIError, match="say what the record is read for"):
            db.scalar(ask, {"case": own, "purpose": " "})
    kept = province.rows("SELECT login, quarantine_id, purpose, found FROM dq.access_log ORDER BY access_id")
    assert kept == [(STEWARD, own, "phiếu 45 của ***", True), (STEWARD, other, "tò mò", False)]
    logs = "".join(
        file.read_text(errors="replace") for file in Path(province.settings.home).rglob("postgresql-*.log")
    )
    assert f"kho access: {STEWARD} read case {own} for 'rồi hoàn tác'" in logs


def test_a_night_runs_with_the_rights_of_kho_loader_alone(province: Province) -> None:
    night = EPOCH + timedelta(days=1)
    province.set_clock(night)
    own = province.copy()
    with own.context.engine.begin() as db:
        db.exec_driver_sql("TRUNCATE dw.fact_dossier CASCADE")
        db.exec_driver_sql("SELECT meta.grant_roles()")
    url = own.context.engine.url.update_query_dict({"options": "-crole=kho_loader"})
    context = replace(own.context, engine=engine_of(url))
    for dataset in PERSONAL:
        assert pipeline.run_dataset(dataset, night, context)[-1].outcome == "loaded", dataset
    pipeline.build_star(night, context)
    with context.engine.connect() as db:
        for query in (
            "DELETE FROM dq.access_log",
            "DELETE FROM meta.retention_log",
            "UPDATE meta.erasure_place SET items = 0",
            "DROP TABLE dw.fact_dossier",
            "CREATE ROLE mine",
        ):
            with pytest.raises(sa.exc.DBAPIError, match="permission denied|must be owner"):
                db.exec_driver_sql(query)
            db.rollback()


def test_open_data_shows_no_small_number_and_no_difference_that_is_one(province: Province) -> None:
    smallest = 5
    with as_login(province, PEOPLE["kho_public"]) as db:
        for relation, columns in {
            "enterprise_by_commune": ("enterprises", "commune_enterprises"),
            "health_by_commune": (
                "health_records", "insured", "in_good_health", "health_records - insured",
                "health_records - in_good_health",
            ),
            "dossier_by_agency": (
                "received", "finished", "finished_on_time", "received_online", "received - finished",
                "finished - finished_on_time", "received - received_online",
            ),
        }.items():  # fmt: skip
            for column in columns:
                query = (
                    f"SELECT count(*) FROM open_data.{relation} WHERE {column} BETWEEN 1 AND {smallest - 1}"
                )
                assert db.scalar(sa.text(query)) == 0, (relation, column)
        rest = (
            "SELECT commune_code, max(commune_enterprises) - coalesce(sum(enterprises), 0) AS rest, "
            "count(*) FILTER (WHERE is_suppressed) AS hidden FROM open_data.enterprise_by_commune "
            "GROUP BY 1 HAVING bool_or(is_suppressed) AND max(commune_enterprises) IS NOT NULL"
        )
        hidden = db.execute(sa.text(rest)).all()
    assert hidden
    assert all(row.rest >= smallest and row.hidden >= 2 for row in hidden)
    shown = province.rows("SELECT count(enterprises), count(*) FROM open_data.enterprise_by_commune")[0]
    assert 0 < shown[0] < shown[1]


def test_what_the_star_has_of_personal_columns_is_known() -> None:
    """Every use of a personal column in a load: a pseudonym, or something that names nobody."""
    allowed = {
        # whether there is a card, the year alone, and what a doctor found: dw.fact_health_record, which
        # meta.person_level keeps to kho_loader
        "health_records": {"birth_date", "gender_code", "insurance_number", "examined_on", "health_class"},
        # a company's; a person's becomes a pseudonym, and has no name
        "enterprises": {"enterprise_code", "enterprise_name"},
    }
    for contract in load_contracts():
        personal = {c.name for c in contract.columns if c.classification == "personal"}
        folder = Path("sql/load") / contract.dataset
        text = " ".join(re.sub(r"--.*", "", file.read_text()) for file in folder.glob("*.sql"))
        used = {name for name in personal if re.search(rf"\b{name}\b", text)}
        assert used == allowed.get(contract.dataset, set()), contract.dataset
