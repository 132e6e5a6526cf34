"""docker-compose.yml proved without containers: its commands, environment and secrets start the system.

What only containers can show (the image's build, its networks, limits and volumes) is not proved here.
"""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import requests
from sqlalchemy import create_engine, text

from kho.contracts import dataset_names, load_contracts
from tests.e2e.by_hand import WITH_CELERY, ByHand
from tests.integration.embedded import temporary_home

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def system() -> Iterator[ByHand]:
    """The whole system, healthy by its own health checks."""
    with temporary_home() as settings:
        system = ByHand(settings.home)
        try:
            system.start_database()
            system.wait_until_healthy("postgres", 30)
            system.make_databases()
            if WITH_CELERY:
                system.start_queue()
                system.wait_until_healthy("redis", 10)
            system.run_init()
            for service in system.airflow:
                system.start(service)
            for service in system.airflow:
                system.wait_until_healthy(service, 90)
            yield system
        finally:
            unwilling = [name for name, willing in system.stop().items() if not willing]
        assert unwilling == []


def test_every_service_becomes_healthy(system: ByHand) -> None:
    expected = {"api-server", "scheduler", "dag-processor", "triggerer"} | (
        {"worker"} if WITH_CELERY else set()
    )
    assert set(system.airflow) == expected
    assert all(system.running[name].poll() is None for name in system.airflow)


class Admin:
    """The admin, through the api-server."""

    def __init__(self, system: ByHand) -> None:
        self._server = f"http://127.0.0.1:{system.ports['api-server']}"
        self._headers = {"Authorization": f"Bearer {self.token(system.secret('admin_password'))}"}

    def token(self, password: str) -> str:
        body = {"username": "admin", "password": password}
        answer = requests.post(f"{self._server}/auth/token", json=body, timeout=30)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def ask(self, what: str, **parameters: Any) -> Any:
        answer = requests.get(
            f"{self._server}/api/v2/{what}", headers=self._headers, params=parameters, timeout=30
        )
        answer.raise_for_status()
        return answer.json()

    def names(self, what: str, key: str) -> set[str]:
        return {found[key] for found in self.ask(what, limit=100)[what]}

    def run(self, dag: str, night: str) -> str:
        """Run one DAG for a night to its end; its state."""
        answer = requests.post(
            f"{self._server}/api/v2/dags/{dag}/dagRuns",
            headers=self._headers,
            json={"logical_date": None, "partition_key": night},
            timeout=30,
        )
        answer.raise_for_status()
        run, deadline = quote(answer.json()["dag_run_id"], safe=""), time.monotonic() + 90
        while time.monotonic() < deadline:
            state = str(self.ask(f"dags/{dag}/dagRuns/{run}")["state"])
            if state in {"success", "failed"}:
                return state
            time.sleep(0.5)
        return "not over"


@pytest.fixture(scope="module")
def admin(system: ByHand) -> Admin:
    return Admin(system)


def test_only_the_secret_lets_the_admin_in(admin: Admin) -> None:
    with pytest.raises(requests.HTTPError, match="401"):
        admin.token("admin")


def test_the_dags_and_the_pools_are_there(admin: Admin) -> None:
    expected = {
        *dataset_names(),
        "alerts",
        "star",
        "quality_report",
        "gate",
        "rebuild",
        "replay",
        "report_review",
        "retention",
    }
    deadline = time.monotonic() + 60
    while admin.names("dags", "dag_id") != expected and time.monotonic() < deadline:
        time.sleep(1)
    assert admin.names("dags", "dag_id") == expected
    sources = {c.source.connection for c in load_contracts() if c.source.kind != "reference"}
    assert {"default_pool"} | sources <= admin.names("pools", "name")


def test_a_dataset_is_loaded_into_the_warehouse(system: ByHand, admin: Admin) -> None:
    # One that no other waits for.
    assert admin.run("plan_tasks", "2026-06-15") == "success"
    url = f"postgresql+psycopg2://warehouse:{system.secret('warehouse_password')}@127.0.0.1"
    engine = create_engine(f"{url}:{system.ports['postgres']}/warehouse")
    with engine.connect() as db:
        outcome = db.scalar(text("SELECT outcome FROM meta.night WHERE dataset = 'plan_tasks'"))
    engine.dispose()
    assert outcome == "loaded"
