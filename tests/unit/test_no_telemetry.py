"""Nothing calls home: the switches of Airflow and of Great Expectations are off wherever one of them runs."""

import os
from pathlib import Path

import pytest
import yaml

from kho.night.airflow_environment import airflow_environment
from kho.rules.gx import load_gx
from kho.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
OFF = {
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
    "GX_ANALYTICS_ENABLED": "False",
    "DO_NOT_TRACK": "1",
}


def test_of_a_night_s_processes(tmp_path: Path) -> None:
    given = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite://", "GX_ANALYTICS_ENABLED": "True"}
    environment = airflow_environment(Settings(home=tmp_path), 8080, given)
    assert environment.items() >= OFF.items()


def test_of_every_container_that_is_ours() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    ours = {name: service for name, service in services.items() if "build" in service}
    assert len(ours) == 6
    for name, service in ours.items():
        assert service["environment"].items() >= OFF.items(), name


def test_of_every_process_that_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its environment says."""
    monkeypatch.setenv("GX_ANALYTICS_ENABLED", "True")
    load_gx.__wrapped__()
    assert os.environ["GX_ANALYTICS_ENABLED"] == OFF["GX_ANALYTICS_ENABLED"]
