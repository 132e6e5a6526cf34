"""`kho nightly` on a real scheduler, with a small sandbox: the whole flow as a newcomer starts it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import create_engine, text

from kho.contracts import dataset_names
from kho.settings import get_settings
from tests.integration.embedded import temporary_home

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

KHO = Path(sys.executable).with_name("kho")
COMPILED = get_settings().home / "cache" / "python"
NIGHT = "2026-06-15"
SIZE = "2000"


class Newcomer:
    """Somebody with a checkout and an empty state directory."""

    def __init__(self, home: Path) -> None:
        self.home = home
        unwanted = ("AIRFLOW", "KHO_")
        given = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
        self._environment = given | {"KHO_HOME": str(home), "PYTHONPYCACHEPREFIX": str(COMPILED)}

    def kho(self, *arguments: str, seconds: float = 600) -> "subprocess.CompletedProcess[str]":
        """Run a command of `kho` to its end."""
        return subprocess.run(
            [str(KHO), *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command of `kho`."""
        return subprocess.Popen(
            [str(KHO), *arguments], env=self._environment, stdout=subprocess.PIPE, text=True
        )

    def contents(self) -> dict[str, str]:
        """A checksum of every table of the star schema."""
        engine = create_engine(self.kho("url").stdout.strip())
        try:
            with engine.connect() as connection:
                names = connection.scalars(
                    text("select tablename from pg_tables where schemaname = 'dw' order by 1")
                ).all()
                query = "select coalesce(md5(string_agg(t::text, '|' order by t::text)), '') from dw.{} t"
                return {name: str(connection.scalar(text(query.format(name)))) for name in names}
        finally:
            engine.dispose()

    def processes(self) -> list[psutil.Process]:
        """Airflow's processes that still run for this state directory."""
        mine = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("AIRFLOW_HOME") == str(self.home / "airflow"):
                    mine.append(process)
            except psutil.Error:
                continue
        return mine


@pytest.fixture(scope="module")
def newcomer() -> Iterator[Newcomer]:
    with temporary_home() as settings:
        person = Newcomer(settings.home)
        yield person
        person.kho("down")
        assert person.processes() == []


@pytest.fixture(scope="module")
def first_night(newcomer: Newcomer) -> "subprocess.CompletedProcess[str]":
    return newcomer.kho("nightly", "--date", NIGHT, "--size", SIZE)


def test_the_first_night_loads_every_dataset(first_night: "subprocess.CompletedProcess[str]") -> None:
    assert first_night.returncode == 0, first_night.stdout[-3000:] + first_night.stderr[-3000:]
    for dataset in dataset_names():
        assert f"{dataset}: done" in first_night.stdout
    assert "Report: " in first_night.stdout
    path = first_night.stdout.partition("Report: ")[2].splitlines()[0].strip()
    assert Path(path).is_file()


def test_the_same_night_again_changes_nothing_and_says_so(
    newcomer: Newcomer, first_night: "subprocess.CompletedProcess[str]"
) -> None:
    before = newcomer.contents()
    report = Path(first_night.stdout.partition("Report: ")[2].splitlines()[0].strip())
    written = report.read_bytes()
    again = newcomer.kho("nightly", "--date", NIGHT, "--size", SIZE)
    assert again.returncode == 0, again.stdout[-3000:] + again.stderr[-3000:]
    assert "Nothing new" in again.stdout
    assert newcomer.contents() == before
    assert report.read_bytes() == written


def test_nothing_is_left_running_but_database_and_sandbox(
    newcomer: Newcomer, first_night: "subprocess.CompletedProcess[str]"
) -> None:
    assert newcomer.processes() == []


def test_no_secret_is_readable_by_others(
    newcomer: Newcomer, first_night: "subprocess.CompletedProcess[str]"
) -> None:
    for name in ("secrets.json", "connections.json", "airflow/passwords.json", "airflow/airflow.cfg"):
        assert (newcomer.home / name).stat().st_mode & 0o077 == 0, name


def test_a_second_night_at_the_same_time_is_refused(
    newcomer: Newcomer, first_night: "subprocess.CompletedProcess[str]"
) -> None:
    running = newcomer.start("nightly", "--date", NIGHT)
    try:
        assert running.stdout is not None
        running.stdout.readline()
        refused = newcomer.kho("nightly", "--date", NIGHT, seconds=60)
        assert refused.returncode == 1
        assert len(refused.stderr.strip().splitlines()) == 1
    finally:
        running.send_signal(2)
        assert running.wait(60) == 130
        if running.stdout is not None:
            running.stdout.close()
    assert newcomer.processes() == []
