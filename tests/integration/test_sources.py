"""The sandbox in place of real sources: what it cannot play is said in a line each, and the rest loads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console

from kho import pipeline
from kho.connections import EnvironmentConnections
from kho.errors import ConfigurationError, HostError
from kho.night.outcome import read_outcomes, show_causes
from kho.night.sources import close_sources, open_sources
from kho.pipeline import Context
from kho.sandbox.registry import connection_names
from kho.server import mariadb_programs
from kho.settings import Settings, get_settings

from .fixture_dataset import FixtureNight

NIGHT = date(2026, 11, 20)
OF_MARIADB = ("health_records", "students_schools")


@pytest.fixture
def offline_debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with apt, whose archive does not answer, and without MariaDB."""
    for name in ("apt-get", "dpkg-deb"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 100\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(mariadb_programs, "_PLACES", ())
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def context(fixture_night: FixtureNight) -> Iterator[Context]:
    """An empty warehouse, on the server beside which a sandbox may be started."""
    night = fixture_night.province
    settings = replace(night.settings, warehouse_url=night.context.settings.warehouse_url)
    yield Context(night.context.engine, EnvironmentConnections(settings), settings)
    close_sources(settings)
    night.context.engine.dispose()


@pytest.mark.usefixtures("offline_debian")
def test_without_mariadb_its_datasets_say_what_to_install_and_the_others_load(context: Context) -> None:
    assert open_sources(context.settings, NIGHT, 300)
    for dataset in OF_MARIADB:
        with pytest.raises(HostError):
            pipeline.run_dataset(dataset, NIGHT, context)
    for dataset in ("agencies", "investment_disbursements"):
        assert pipeline.run_dataset(dataset, NIGHT, context)[-1].outcome == "loaded"
    outcomes = read_outcomes(context.engine, NIGHT)
    assert [one.dataset for one in outcomes if one.bad] == list(OF_MARIADB)
    console = Console(record=True, width=80)
    show_causes(console, outcomes)
    lines = console.export_text().splitlines()
    assert [line.split(":")[0] for line in lines] == [f"failed {dataset}" for dataset in OF_MARIADB]
    for line in lines:
        assert "no MariaDB server on this machine, and the package archive does not answer" in line
        assert "Next: install it (Debian, Ubuntu: apt-get install mariadb-server-core), or name real" in line


def test_another_province_needs_real_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its communes would be judged by the lists of Quảng Ngãi's agencies."""
    settings = Settings(home=tmp_path, province="48")
    monkeypatch.setenv("AIRFLOW_CONN_LGSP", "https://key:secret@lgsp.danang.example")
    with pytest.raises(ConfigurationError) as refused:
        open_sources(settings, NIGHT)
    said = str(refused.value)
    assert "the sandbox plays the sources of province 51 only (at KHO_PROVINCE=48). Next: name real" in said
    others = connection_names() - {"lgsp"}
    assert all(f"AIRFLOW_CONN_{name.upper()}" in said for name in others)
    assert "AIRFLOW_CONN_LGSP" not in said
    described = (get_settings().project_root / "docs" / "deployment.md").read_text(encoding="utf-8")
    assert "docs/deployment.md says under 'Another province'" in said
    assert "\n## Another province\n" in described
    assert list(tmp_path.iterdir()) == [], "nothing was started"
    for name in others:
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", "postgres://kho@db.danang.example/nguon")
    assert not open_sources(settings, NIGHT)
