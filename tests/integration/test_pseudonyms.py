"""Pseudonyms: their key is nowhere in the database, another key changes nothing, and a new key loses nobody."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from kho.cli import main as cli
from kho.cli import privacy as privacy_cli
from kho.connections import EnvironmentConnections
from kho.errors import ConfigurationError
from kho.privacy.handing import handed_keys
from kho.privacy.keyring import Keyring
from kho.privacy.keys import Keys
from kho.privacy.rotation import rotate_keys
from kho.server.secrets import read_secret
from kho.server.warehouse import engine as engine_of
from kho.server.warehouse import warehouse_url
from kho.settings import Settings
from kho.sql_files import files_in, run_file
from tests.forked import run_forked

from . import pseudonym_victim
from .embedded import EMPTY, copy_database

PERSON, OTHER, FIRM = "051085001234", "062190004321", "4300205943"
PRESENT = "pseudonym_keys"


@pytest.fixture
def home(empty_warehouse: tuple) -> Settings:
    settings, server, engine = empty_warehouse
    name = f"p_{uuid.uuid4().hex[:8]}"
    engine.dispose()
    copy_database(server, EMPTY, name)
    url = server.url(name).render_as_string(hide_password=False)
    own = replace(settings, home=settings.home / name, warehouse_url=url)
    own.home.mkdir()
    return own


def warehouse(home: Settings) -> sa.Engine:
    return engine_of(warehouse_url(home))


def ring(home: Settings, **environment: str) -> Keyring:
    return Keyring(home, EnvironmentConnections(home, environment))


def load(home: Settings, day: int, *codes: str, keyring: Keyring | None = None) -> None:
    """Load an event of each enterprise, as a batch would: a registration in March, on this day."""
    kinds = {
        "event_code": "text", "enterprise_code": "text", "entity_type_code": "text",
        "enterprise_name": "text", "parent_code": "text", "sector_code": "text",
        "sector_version": "text", "commune_code": "text", "registered_on": "date",
        "charter_capital_vnd": "numeric", "status_code": "text", "event_type_code": "text",
        "event_number": "bigint", "effective_on": "date", "agency_code": "text", "updated_at": "timestamp",
    }  # fmt: skip
    with warehouse(home).begin() as db:
        columns = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
        db.exec_driver_sql(f"CREATE TEMP TABLE accepted ({columns}) ON COMMIT DROP")
        for number, code in enumerate(codes):
            row = {
                "event_code": f"E.{day}.{number}", "enterprise_code": code,
                "entity_type_code": "DN" if code == FIRM else "HKD", "enterprise_name": "Tên",
                "parent_code": PERSON if code == OTHER else None, "sector_code": "4711",
                "sector_version": "2025", "commune_code": "21025", "registered_on": date(2019, 5, 6),
                "charter_capital_vnd": day, "status_code": "00", "event_type_code": "TD",
                "event_number": day, "effective_on": date(2026, 3, day), "agency_code": "x",
                "updated_at": date(2026, 3, day),
            }  # fmt: skip
            names = ", ".join(f":{name}" for name in row)
            db.execute(sa.text(f"INSERT INTO accepted ({', '.join(row)}) VALUES ({names})"), row)
        with handed_keys(db, keyring or ring(home)):
            for name in files_in("load/enterprises"):
                run_file(db, name, batch_key=1)


def rows(home: Settings, query: str) -> list[tuple[Any, ...]]:
    with warehouse(home).connect() as db:
        return [
            tuple(bytes(v) if isinstance(v, memoryview) else v for v in row)
            for row in db.execute(sa.text(query))
        ]


def refs(home: Settings) -> set[str]:
    return {
        ref
        for row in rows(
            home, "SELECT enterprise_ref, parent_ref FROM dw.dim_enterprise WHERE enterprise_key > 0"
        )
        for ref in row
        if ref
    }


def present(home: Settings) -> Keys:
    return Keys.parse(read_secret(home.secrets_file, PRESENT) or "", "")


def expected(keys: Keys) -> set[str]:
    return {FIRM, keys.pseudonym(PERSON), keys.pseudonym(OTHER)}


def keep_in_database(home: Settings) -> bytes:
    """Make the warehouse one that has its key in the database, with the pseudonyms of that time."""
    secret = bytes(range(100, 132))
    old = Keys.from_database(secret)
    load(home, 1, PERSON, OTHER, FIRM)
    new = present(home)
    with warehouse(home).begin() as db:
        db.execute(sa.text("INSERT INTO meta.pseudonym_key (secret) VALUES (:s)"), {"s": secret})
        db.execute(sa.text("UPDATE meta.pseudonym_state SET fingerprint = NULL, layers = 0"))
        for column in ("enterprise_ref", "parent_ref"):
            for person in (PERSON, OTHER):
                db.execute(
                    sa.text(f"UPDATE dw.dim_enterprise SET {column} = :old WHERE {column} = :new"),
                    {"old": old.pseudonym(person), "new": new.pseudonym(person)},
                )
    home.secrets_file.unlink()
    return secret


def test_the_key_is_nowhere_in_the_database_nor_in_what_the_server_writes(home: Settings) -> None:
    name = warehouse(home).url.database
    with warehouse(home).begin() as db:
        db.exec_driver_sql(f"ALTER DATABASE {name} SET log_statement = 'all'")
    warehouse(home).dispose()
    load(home, 1, PERSON, OTHER, FIRM)
    keys = present(home)
    assert refs(home) == expected(keys)
    assert rows(home, "SELECT current_setting('kho.pseudonym_keys', TRUE)") in ([(None,)], [("",)])
    texts = rows(
        home,
        "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' "
        "AND table_schema IN ('dw', 'dq', 'meta', 'stg')",
    )
    parts = [keys.layers[0], *re.split("[ :]", keys.as_setting)]
    for schema, table in texts:
        for (row,) in rows(home, f"SELECT t::text FROM {schema}.{table} AS t"):
            assert not any(part in row for part in parts), f"{schema}.{table}"
    logs = [file.read_text(errors="replace") for file in home.home.parent.rglob("postgresql-*.log")]
    assert any("COPY pg_temp.given_pseudonym_keys" in text for text in logs)
    assert not any(part in text for text in logs for part in parts)


def test_without_the_key_no_pseudonym_is_made(home: Settings) -> None:
    load(home, 1, PERSON)
    with pytest.raises(sa.exc.DBAPIError, match="was not given the key") as caught:
        rows(home, f"SELECT meta.pseudonym(i) FROM (VALUES ('{PERSON}')) AS v (i)")
    assert "kho run" in str(caught.value)


def test_another_key_changes_nothing_and_says_what_to_do(home: Settings) -> None:
    load(home, 1, PERSON, FIRM)
    before, kept = refs(home), home.secrets_file.read_text()
    home.secrets_file.write_text(json.dumps({PRESENT: "another-key-of-another-warehouse-1234"}))
    with pytest.raises(ConfigurationError, match="restore the key from the backup") as caught:
        load(home, 2, PERSON, OTHER)
    assert "another-key" not in str(caught.value)
    assert refs(home) == before
    home.secrets_file.unlink()
    with pytest.raises(ConfigurationError, match="there is no key at hand"):
        load(home, 2, PERSON, OTHER)
    assert not home.secrets_file.exists()
    home.secrets_file.write_text(kept)
    load(home, 2, PERSON, OTHER)
    assert refs(home) == expected(present(home))


@pytest.mark.parametrize("where", ["", "TRUNCATE", "commit"])
def test_the_key_of_an_old_warehouse_moves_out_and_no_pseudonym_changes(home: Settings, where: str) -> None:
    secret = keep_in_database(home)
    before = refs(home)
    if where:
        environment = {"KHO_HOME": str(home.home), "KHO_WAREHOUSE_URL": str(home.warehouse_url)}
        warehouse(home).dispose()
        assert run_forked(pseudonym_victim.move_out, where, environment=environment).status == -9
        assert rows(home, "SELECT secret FROM meta.pseudonym_key") == [(secret,)]
    load(home, 2, PERSON, OTHER, FIRM)
    assert refs(home) == before == expected(Keys.from_database(secret))
    assert present(home) == Keys.from_database(secret)
    assert rows(home, "SELECT count(*) FROM meta.pseudonym_key") == [(0,)]


def test_a_file_with_another_warehouse_s_key_keeps_it(home: Settings) -> None:
    secret = keep_in_database(home)
    home.secrets_file.write_text(json.dumps({PRESENT: "another-key-of-another-warehouse-1234"}))
    with pytest.raises(ConfigurationError, match="KHO_HOME of its own"):
        load(home, 2, PERSON)
    assert rows(home, "SELECT secret FROM meta.pseudonym_key") == [(secret,)]
    assert read_secret(home.secrets_file, PRESENT) == "another-key-of-another-warehouse-1234"


def test_a_new_key_changes_every_pseudonym_and_knows_everybody_again(home: Settings) -> None:
    load(home, 1, PERSON, OTHER, FIRM)
    old = present(home)
    done = rotate_keys(warehouse(home), ring(home), "Trần Bí", "định kỳ")
    assert (done.rewritten, done.layers, done.finished_earlier) == (3, 2, False)
    new = present(home)
    assert new.layers[:1] == old.layers
    assert refs(home) == expected(new)
    assert refs(home) & expected(old) == {FIRM}
    load(home, 2, PERSON, OTHER, FIRM)
    assert refs(home) == expected(new)
    query = "SELECT rotated_by, reason, layers, rewritten FROM meta.pseudonym_rotation"
    assert rows(home, query) == [("Trần Bí", "định kỳ", 2, 3)]


def revise(home: Settings) -> None:
    """Every enterprise says something else than before."""
    with warehouse(home).begin() as db:
        db.exec_driver_sql("UPDATE dw.dim_enterprise SET source_updated_at = now() WHERE enterprise_key > 0")


def test_a_new_key_changes_what_was_known_before_too_and_is_no_revision(home: Settings) -> None:
    load(home, 1, PERSON, OTHER, FIRM)
    revise(home)
    rotate_keys(warehouse(home), ring(home), "Trần Bí", "định kỳ")
    kept = rows(home, "SELECT enterprise_ref FROM dw_history.dim_enterprise")
    assert len(kept) == 3
    assert {ref for (ref,) in kept} == refs(home) == expected(present(home))


@pytest.mark.parametrize("where", ["add_pseudonym_layer", "commit", "promote"])
def test_a_change_of_key_that_is_killed_loses_nobody(home: Settings, where: str) -> None:
    load(home, 1, PERSON, OTHER, FIRM)
    environment = {"KHO_HOME": str(home.home), "KHO_WAREHOUSE_URL": str(home.warehouse_url)}
    warehouse(home).dispose()
    assert run_forked(pseudonym_victim.rotate, where, environment=environment).status == -9
    before = refs(home)
    load(home, 2, PERSON, OTHER, FIRM)
    assert refs(home) == before
    done = rotate_keys(warehouse(home), ring(home), "Trần Bí", "làm tiếp")
    assert (done.layers, done.finished_earlier) == (2, where == "promote")
    assert refs(home) == expected(present(home))
    assert read_secret(home.secrets_file, "pseudonym_keys_next") is None
    assert rows(home, "SELECT count(*) FROM meta.pseudonym_rotation") == [(1,)]


def test_a_connection_has_the_key_and_its_keeper_the_next_one(home: Settings) -> None:
    first, second = "k" * 40, "hmac." + "n" * 40

    def connected(password: str, **extra: str) -> Keyring:
        value = json.dumps({"conn_type": "generic", "password": password, "extra": extra})
        return ring(home, AIRFLOW_CONN_PSEUDONYMS=value)

    load(home, 1, PERSON, OTHER, FIRM, keyring=connected(first))
    assert refs(home) == expected(Keys((first,)))
    assert not home.secrets_file.exists()
    with pytest.raises(ConfigurationError, match="as 'next' into its extra"):
        rotate_keys(warehouse(home), connected(first), "Trần Bí", "định kỳ")
    following = connected(first, next=f"{first},{second}")
    assert rotate_keys(warehouse(home), following, "Trần Bí", "định kỳ").promote_by_hand
    for keyring in (following, connected(f"{first},{second}")):
        load(home, 2, PERSON, OTHER, FIRM, keyring=keyring)
        assert refs(home) == expected(Keys((first, second)))
    with pytest.raises(ConfigurationError, match="none is the one"):
        load(home, 3, PERSON, keyring=connected(first))


def test_every_load_that_makes_pseudonyms_is_declared_with_its_columns(home: Settings) -> None:
    folders = {
        file.parent.name
        for file in Path(home.sql_dir / "load").rglob("*.sql")
        if "meta.pseudonym" in file.read_text()
    }
    assert folders == {name for (name,) in rows(home, "SELECT dataset FROM meta.pseudonym_column")}
    load(home, 1, PERSON, OTHER, FIRM)
    revise(home)
    declared = set(rows(home, "SELECT table_name::text, column_name::text FROM meta.pseudonym_column"))
    columns = rows(
        home,
        "SELECT table_schema || '.' || table_name, column_name::text FROM information_schema.columns "
        "JOIN information_schema.tables USING (table_schema, table_name) "
        "WHERE table_schema IN ('dw', 'dw_history') AND data_type = 'text' AND table_type = 'BASE TABLE'",
    )
    holding = {
        (table, column)
        for table, column in columns
        if rows(home, f"SELECT FROM {table} WHERE {column} ~ '^P-[0-9a-f]{{32}}$' LIMIT 1")
    }
    assert holding | {("meta.suppressed_subject", "subject_ref")} == declared


def test_the_command_line_changes_the_key_and_never_shows_it(
    home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(home, 1, PERSON, OTHER, FIRM)
    monkeypatch.setattr(privacy_cli, "get_settings", lambda: home)

    def kho(*arguments: str) -> str:
        done = CliRunner().invoke(cli.app, ["privacy", *arguments])
        assert done.exit_code == 0, done.output
        assert not any(layer in done.output for layer in present(home).layers)
        return done.output

    assert "1 layer" in kho("status")
    assert "3 pseudonyms" in kho("rotate", "--by", "Trần Bí", "--reason", "định kỳ")
    assert present(home).fingerprint in kho("status")
    file = tmp_path / "pseudonyms"
    kho("export", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    alone = ring(replace(home, home=tmp_path), AIRFLOW_CONN_PSEUDONYMS=file.read_text())
    load(home, 2, PERSON, keyring=alone)
    assert refs(home) == expected(present(home))
