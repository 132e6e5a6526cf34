"""Cases of the quarantine as a load would make them, in a warehouse with one agency and one batch.

In: the empty warehouse. Out: fixtures `warehouse` and `engine`, to import, and `a_case`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from kho.quality.classifications import copy_classifications
from kho.server.warehouse import open_warehouse
from kho.settings import Settings

from .embedded import EMPTY, copy_database

DOSSIERS = "public_service_dossiers"
HEALTH = "000.00.11.H48"
FIRST = date(2026, 11, 20)
"""A Friday; the 24th is a holiday, so five working days later is Monday the 30th."""
CITIZEN = "051085001234"
BATCH = f"{DOSSIERS}-20261120-aaaaaaaaaaaa"


@pytest.fixture(name="warehouse", scope="module")
def case_warehouse(empty_warehouse: tuple, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """A warehouse with one agency and one batch."""
    _, server, template = empty_warehouse
    template.dispose()
    name = f"c_{uuid.uuid4().hex[:8]}"
    copy_database(server, EMPTY, name)
    url = server.url(name).render_as_string(hide_password=False)
    made = open_warehouse(Settings(home=tmp_path_factory.mktemp("home"), warehouse_url=url))
    with made.begin() as db:
        db.execute(
            sa.text(
                "INSERT INTO dw.dim_agency (agency_code, name_vi, short_name) VALUES (:c, 'Sở Y tế', 'SYT')"
            ),
            {"c": HEALTH},
        )
        db.execute(
            sa.text(
                "INSERT INTO meta.batch (batch_id, dataset, as_of, status, content_sha256, contract_version, "
                "fetched, raw_path) VALUES (:b, :d, :n, 'loaded', 'x', '1', 1, 'x')"
            ),
            {"b": BATCH, "d": DOSSIERS, "n": FIRST},
        )
    yield made
    made.dispose()


@pytest.fixture(name="engine")
def case_engine(warehouse: sa.Engine) -> sa.Engine:
    """The warehouse without a case."""
    with warehouse.begin() as db:
        db.exec_driver_sql("TRUNCATE dq.case_event, dq.quarantine")
        copy_classifications(db)
    return warehouse


def a_case(engine: sa.Engine, key: str = "H48.1", *, due: date | None = None, **more: Any) -> int:
    """A case as a load would make it; returns its number."""
    values = {"dataset": DOSSIERS, "agency": HEALTH, "seen": FIRST, "raw": {"MaHoSo": key}} | more
    with engine.begin() as db:
        number = db.scalar(
            sa.text(
                "INSERT INTO dq.quarantine (dataset, business_key, batch_id, failed_rules, raw, raw_md5, "
                "agency_code, first_seen_on, due_on, last_seen_batch_id) VALUES (:dataset, :key, :b, '{r}', "
                "cast(:raw AS jsonb), md5(:raw), :agency, :seen, :due, :b) RETURNING quarantine_id"
            ),
            values | {"raw": json.dumps(values["raw"]), "key": key, "due": due, "b": BATCH},
        )
    assert isinstance(number, int)
    return number
