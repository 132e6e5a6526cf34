"""The look at a batch beside its load: a load that fails does not wait for it, and it costs no load."""

from collections.abc import Iterator
from datetime import date

import pytest
import sqlalchemy as sa

from kho.anomalies.config import config_path, watch_of
from kho.contracts import load_contract
from kho.load.look import Look
from kho.raw_zone.manifest import Manifest
from kho.settings import get_settings
from kho.stage import stage_table

DATASET = "public_service_dossiers"


@pytest.fixture
def busy() -> Iterator[sa.Engine]:
    """An engine that has no session left: the look waits for one, and gets none."""
    engine = sa.create_engine(
        "sqlite://", poolclass=sa.QueuePool, pool_size=1, max_overflow=0, pool_timeout=0.3
    )
    with engine.connect():
        yield engine
    engine.dispose()


def _look(engine: sa.Engine) -> Look:
    contract = load_contract(DATASET)
    manifest = Manifest(
        batch_id=f"{DATASET}-20261120-0",
        dataset=DATASET,
        as_of=date(2026, 11, 20),
        contract_version=contract.version,
        endpoint="",
        content_sha256="",
        fetched=1,
        declared=1,
    )
    watch = watch_of(contract, config_path(get_settings()))
    return Look(engine, contract, manifest, stage_table(manifest.batch_id), watch)


def test_a_load_that_fails_does_not_wait_for_what_has_not_begun(busy: sa.Engine) -> None:
    look = _look(busy)
    look.begin()
    with pytest.raises(ZeroDivisionError), look:
        raise ZeroDivisionError
    assert look._measuring is not None
    assert look._measuring.cancelled()


def test_a_look_without_a_session_does_not_cost_the_load(
    busy: sa.Engine, caplog: pytest.LogCaptureFixture
) -> None:
    with _look(busy) as look, sa.create_engine("sqlite://").connect() as load:
        look.begin()
        look.keep_profile(load)
    assert f"measuring {DATASET}-20261120-0 failed; the night is loaded and not compared" in caplog.text
