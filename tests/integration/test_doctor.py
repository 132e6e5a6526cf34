"""`kho doctor` says what is wrong with this machine; `kho up` says so before it starts anything."""

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import psutil
import pytest

from kho.cli.doctor import Finding, examine
from kho.errors import HostError
from kho.night import standing
from kho.night.airflow_process import free_port
from kho.settings import Settings
from tests.integration.fixture_dataset import FixtureNight


def found(settings: Settings) -> dict[str, Finding]:
    return {finding.subject: finding for finding in examine(settings, free_port())}


def test_a_code_that_is_no_province(tmp_path: Path) -> None:
    assert found(Settings(home=tmp_path))["province"].text == "51, Tỉnh Quảng Ngãi"
    wrong = found(Settings(home=tmp_path, province="99"))["province"]
    assert not wrong.good
    assert "KHO_PROVINCE" in wrong.text


def test_up_names_an_occupied_port_in_one_line_and_starts_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = subprocess.run(
            [str(Path(sys.executable).with_name("kho")), "up"],
            env=os.environ | {"KHO_HOME": str(tmp_path / "home"), "KHO_UI_PORT": str(port), "COLUMNS": "60"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"error: port {port} is in use (at 127.0.0.1:{port}). Next: set KHO_UI_PORT to a free port, or stop the "
        "program that uses this one.\n"
    )
    assert not (tmp_path / "home" / "pg").exists()


def test_a_warehouse_of_another_province_or_held_by_somebody(fixture_night: FixtureNight) -> None:
    settings = fixture_night.province.context.settings
    fixture_night.province.run("administrative_units", date(2026, 11, 20))
    assert found(settings)["database"].good
    wrong = found(replace(settings, province="48"))["database"]
    assert not wrong.good
    assert "holds province 51, and KHO_PROVINCE is 48" in wrong.text
    with fixture_night.province.context.engine.begin() as db:
        db.exec_driver_sql("LOCK TABLE meta.batch")
        held = found(settings)["database"]
    assert not held.good
    assert held.text.startswith("lets us in, but answers no question; see in pg_stat_activity")


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        (
            "Traceback (most recent call last):\n  File\nRuntimeError: Airflow's scheduler ended by itself\nbye\n",
            "RuntimeError: Airflow's scheduler ended by itself (",
        ),
        ("starting\n\n", "starting ("),
        (None, "its log says nothing ("),
    ],
)
def test_airflow_that_ended_although_nobody_stopped_it(tmp_path: Path, log: str | None, cause: str) -> None:
    settings = Settings(home=tmp_path)
    assert "airflow" not in found(settings)
    settings.airflow_home.mkdir()
    settings.logs.mkdir()
    # A process of long ago, whose number another one has now.
    kept = {"pid": 1, "created": 1.0, "port": 8080}
    (settings.airflow_home / "standing.json").write_text(json.dumps(kept))
    if log is not None:
        (settings.logs / "airflow.log").write_text(log)
    ended = found(settings)["airflow"]
    assert not ended.good
    assert f"has ended: {cause}" in ended.text
    assert "kho up starts it again" in ended.text


def test_one_look_that_fails_is_no_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that cannot be looked at once is still there; that it is gone is told when it is."""
    settings = Settings(home=tmp_path)
    settings.airflow_home.mkdir()
    airflow = subprocess.Popen(["sleep", "600"])
    standing._write(settings.airflow_home / "standing.json", airflow.pid, 8080)
    looks = []

    def find(of: Settings) -> tuple[psutil.Process, int] | None:
        looks.append(of)
        if len(looks) == 4:
            airflow.kill()
            airflow.wait()
        return None if len(looks) == 1 else really(of)

    really = standing._find
    monkeypatch.setattr(standing, "_find", find)
    monkeypatch.setattr(standing, "_POLL_SECONDS", 0)
    with pytest.raises(HostError, match="Airflow ended by itself"):
        standing.wait_for_end(settings)
    assert len(looks) > 4
