"""`kho nightly` on a real scheduler, with a small sandbox: the whole flow as a newcomer starts it."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from sqlalchemy import create_engine, text

from kho import pipeline
from kho.contracts import dataset_names, load_contract
from kho.errors import GateClosed
from kho.night.airflow_process import free_port
from kho.sandbox.state import read_state
from kho.score import scoreboard
from kho.server.warehouse import open_warehouse
from kho.settings import Settings, get_settings
from tests.integration.embedded import AWKWARD, temporary_home
from tests.integration.gates import land

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ROOT = Path(__file__).resolve().parents[2]
KHO = Path(sys.executable).with_name("kho")
COMPILED = get_settings().home / "cache" / "python"
NIGHT, NEXT = "2026-06-15", "2026-06-16"
DOSSIERS = "/dvc/v1/danhSachHoSo"
SIZE = "2000"


class Newcomer:
    """Somebody with a checkout and an empty state directory."""

    def __init__(self, home: Path, elsewhere: Path) -> None:
        self.home = home
        self.elsewhere = elsewhere
        unwanted = ("AIRFLOW", "KHO_")
        given = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
        self._environment = given | {
            "HOME": str(elsewhere),
            "KHO_HOME": str(home),
            "PYTHONPYCACHEPREFIX": str(COMPILED),
        }

    def kho(
        self, *arguments: str, seconds: float = 600, **environment: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command of `kho` to its end."""
        return subprocess.run(
            [str(KHO), *arguments],
            env=self._environment | environment,
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

    def outcomes(self, night: str = NIGHT) -> dict[str, str]:
        """What the record of the night says of each dataset."""
        engine = create_engine(self.kho("url").stdout.strip())
        try:
            with engine.connect() as connection:
                query = text("select dataset, outcome from meta.night where as_of = :night")
                return dict(connection.execute(query, {"night": night}).tuples().all())
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

    def listening(self, ports: set[int]) -> set[tuple[str, int]]:
        """Where anything that runs for this state directory waits for connections, or has one of the ports.

        Whose a socket is, nobody is told where a server runs as another user.
        """
        mine = set()
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get("KHO_HOME") == str(self.home):
                    mine.add(process.pid)
        sockets = [one for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
        return {tuple(one.laddr) for one in sockets if one.pid in mine or one.laddr.port in ports}

    def schedulers(self) -> list[psutil.Process]:
        """Airflow's schedulers, without the workers that they make."""
        log = str(self.home / "airflow" / "logs" / "scheduler.log")
        found = []
        for process in self.processes():
            try:
                leads = os.getsid(process.pid) == process.pid and process.status() != psutil.STATUS_ZOMBIE
                if leads and log in {file.path for file in process.open_files()}:
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    with temporary_home(AWKWARD) as settings:
        person = Newcomer(settings.home, tmp_path_factory.mktemp("elsewhere"))
        yield person
        person.kho("down")
        assert person.processes() == []


@pytest.fixture(scope="module")
def checkout() -> dict[Path, int]:
    """Before the first night, when each file of the checkout was written last, but state and environment."""
    return checked_out()


def checked_out() -> dict[Path, int]:
    own = {"var", ".venv", ".git", "__pycache__"}
    found: dict[Path, int] = {}
    for folder, below, files in os.walk(ROOT):
        below[:] = [name for name in below if name not in own]
        found |= {path: path.stat().st_mtime_ns for path in (Path(folder, name) for name in files)}
    return found


@pytest.fixture(scope="module")
def first_night(newcomer: Newcomer, checkout: dict[Path, int]) -> "subprocess.CompletedProcess[str]":
    return newcomer.kho("nightly", "--date", NIGHT, "--size", SIZE)


def test_the_first_night_loads_every_dataset(first_night: "subprocess.CompletedProcess[str]") -> None:
    assert first_night.returncode == 0, first_night.stdout[-3000:] + first_night.stderr[-3000:]
    for dataset in dataset_names():
        assert f"{dataset}: done" in first_night.stdout
    assert "Report: " in first_night.stdout
    path = first_night.stdout.partition("Report: ")[2].splitlines()[0].strip()
    assert Path(path).is_file()


def test_the_night_ends_with_its_scoreboard(
    newcomer: Newcomer, first_night: "subprocess.CompletedProcess[str]"
) -> None:
    """By dataset the rows that came, passed, were kept back and were loaded; and its scores by principle."""
    engine = warehouse_of(newcomer).engine
    with engine.connect() as db:
        counts = {
            dataset: [f"{count:,}" for count in numbers]
            for dataset, *numbers in db.execute(
                text(
                    "SELECT r.dataset, r.fetched, r.accepted, r.quarantined, r.duplicates, r.loaded "
                    "FROM dq.reconciliation AS r JOIN meta.batch AS b USING (batch_id) WHERE b.as_of = :night"
                ),
                {"night": NIGHT},
            )
        }
    board = scoreboard(engine, date.fromisoformat(NIGHT))
    engine.dispose()
    assert counts.keys() == set(dataset_names())
    printed = first_night.stdout.partition(f"Night of {NIGHT}: rows")[2]
    rows, _, scores = printed.partition("Scores by principle")
    lines = [line.split() for line in rows.splitlines()]
    for dataset, numbers in counts.items():
        assert [dataset, "loaded", *numbers, "yes"] in lines
    # A title of two words stands in two lines, below each other.
    header = scores.partition("rows since")[0].splitlines()
    words = [word for line in header for word in re.finditer(r"\S+", line)]
    titles = sorted((word.start(), word[0]) for word in words if word[0][0].isupper())
    assert [title for _, title in titles] == [title.split()[0] for _, title in board.principles]
    for line in board.lines:
        known = [line.overall, *(score.cell for score in line.scores)]
        expected = [f"{cell.score:.2f}" for cell in known if cell and cell.score is not None]
        (cells,) = re.findall(rf"^ {line.dataset} (.*)", scores, flags=re.MULTILINE)
        assert re.findall(r"\d+\.\d\d", cells) == expected


def test_a_night_writes_nothing_but_its_state(
    newcomer: Newcomer, checkout: dict[Path, int], first_night: "subprocess.CompletedProcess[str]"
) -> None:
    assert checked_out() == checkout
    assert list(newcomer.elsewhere.rglob("*")) == []


@pytest.fixture(scope="module")
def at_the_gate(newcomer: Newcomer, first_night: "subprocess.CompletedProcess[str]") -> str:
    """A batch that came after the first night and is not fit to load; its id."""
    context = warehouse_of(newcomer)
    batch = land(context, night=date.fromisoformat(NIGHT))
    with pytest.raises(GateClosed):
        pipeline.validate(batch, context)
    context.engine.dispose()
    return batch


def warehouse_of(newcomer: Newcomer) -> pipeline.Context:
    settings = Settings(home=newcomer.home)
    no_source: Any = None
    return pipeline.Context(open_warehouse(settings), no_source, settings)


def test_the_same_night_again_changes_nothing_and_says_so(
    newcomer: Newcomer, first_night: "subprocess.CompletedProcess[str]", at_the_gate: str
) -> None:
    """Nor does it wait for the person who is asked about a batch at the gate."""
    before = newcomer.contents()
    report = Path(first_night.stdout.partition("Report: ")[2].splitlines()[0].strip())
    written = report.read_bytes()
    again = newcomer.kho("nightly", "--date", NIGHT, "--size", SIZE)
    assert again.returncode == 0, again.stdout[-3000:] + again.stderr[-3000:]
    assert "Nothing new" in again.stdout
    assert set(newcomer.outcomes().values()) == {"loaded"}
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
        assert f"another night is under way: that of {NIGHT}, since 20" in refused.stderr
    finally:
        running.send_signal(2)
        assert running.wait(60) == 130
        if running.stdout is not None:
            running.stdout.close()
    assert newcomer.processes() == []


@pytest.fixture(scope="module")
def standing(newcomer: Newcomer, at_the_gate: str) -> Iterator[tuple[int, str]]:
    """Airflow, left running; its port, and what was said of it."""
    port = free_port()
    up = newcomer.kho("up", KHO_UI_PORT=str(port))
    assert up.returncode == 0, up.stdout + up.stderr
    yield port, up.stdout
    newcomer.kho("down")


def test_a_person_answers_in_airflow(newcomer: Newcomer, at_the_gate: str, standing: tuple[int, str]) -> None:
    """The night has asked; the question outlives it, is answered over the API, and the batch is loaded."""
    port, said = standing
    airflow = f"http://127.0.0.1:{port}"
    (user, file) = re.findall(rf"Airflow is up: {airflow}  \(user (\S+), password in (.+)\)", said)[0]
    password = json.loads(Path(file).read_text())[user]
    sandbox = json.loads((newcomer.home / "connections.json").read_text())
    ports = {port, *(found["port"] for found in sandbox.values() if "port" in found)}
    listening = newcomer.listening(ports)
    assert ports <= {found for _, found in listening}
    assert {address for address, _ in listening} == {"127.0.0.1"}
    login = requests.post(f"{airflow}/auth/token", json={"username": user, "password": password}, timeout=60)
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
    run = f"{airflow}/api/v2/dags/gate/dagRuns/gate__{at_the_gate}"
    (question,) = wait_for(lambda: session.get(f"{run}/hitlDetails", timeout=60).json().get("hitl_details"))
    assert "Danh mục cơ quan" in question["subject"]
    assert "35 bản ghi, 15 bản ghi không đạt" in question["body"]
    answer = {"chosen_options": ["Approve"], "params_input": {"reason": "đã gọi Văn phòng"}}
    wait_for(lambda: session.get(f"{run}/taskInstances/ask", timeout=60).json()["state"] == "awaiting_input")
    said = session.patch(f"{run}/taskInstances/ask/-1/hitlDetails", json=answer, timeout=60)
    assert said.ok, said.text
    wait_for(lambda: session.get(run, timeout=60).json()["state"] == "success")
    engine = warehouse_of(newcomer).engine
    with engine.connect() as db:
        row = db.execute(text("select * from dq.gate_decision")).one()
        status = db.scalar(text("select status from meta.batch where batch_id = :b"), {"b": at_the_gate})
    engine.dispose()
    assert (row.batch_id, row.decision, row.via, row.reason) == (
        at_the_gate,
        "approved",
        "airflow",
        "đã gọi Văn phòng",
    )
    assert row.decided_by == "admin"
    assert status == "loaded"


def test_a_source_that_refuses_fails_alone(newcomer: Newcomer, standing: tuple[int, str]) -> None:
    """The night after, on the Airflow that is up: dossiers stand as they were, everything else is loaded."""
    before = newcomer.contents()
    sandbox = read_state(Settings(home=newcomer.home).sandbox_home)
    assert sandbox is not None
    rule = {"path": DOSSIERS, "kind": "not_subscribed", "times": 1000}
    requests.post(f"{sandbox.lgsp_url}/_sandbox/misbehave", json=rule, timeout=60).raise_for_status()
    night = newcomer.kho("nightly", "--date", NEXT, "--size", SIZE)
    requests.delete(f"{sandbox.lgsp_url}/_sandbox/misbehave", timeout=60).raise_for_status()
    assert night.returncode == 1
    assert "not loaded: public_service_dossiers\n" in night.stderr
    (cause,) = [line for line in night.stderr.splitlines() if line.startswith("failed ")]
    assert cause.startswith("failed public_service_dossiers: ")
    assert DOSSIERS in cause
    assert "403" in cause
    assert " Next: " in cause
    outcomes = newcomer.outcomes(NEXT)
    assert outcomes.keys() == set(dataset_names())
    assert {
        name: outcome for name, outcome in outcomes.items() if outcome not in ("loaded", "unchanged")
    } == {"public_service_dossiers": "failed"}
    after = newcomer.contents()
    changed = {name for name in after if after[name] != before.get(name)}
    assert not any(name.startswith("fact_dossier") for name in changed)
    assert {"fact_electronic_document", "fact_land_parcel"} <= changed
    report = Path(night.stdout.partition("Report: ")[2].splitlines()[0].strip())
    assert NEXT in report.name
    page = " ".join(re.sub(r"<[^>]+>", " ", report.read_text(encoding="utf-8")).split())
    title = load_contract("public_service_dossiers").title
    assert f"{title} Lỗi Nguồn từ chối thông tin xác thực của kho dữ liệu" in page


def test_what_ends_by_itself_is_started_again_or_told(newcomer: Newcomer, standing: tuple[int, str]) -> None:
    port = str(standing[0])
    log = newcomer.home / "logs" / "airflow.log"
    try:
        (killed,) = newcomer.schedulers()
        killed.kill()
        (again,) = wait_for(newcomer.schedulers)
        assert again.pid != killed.pid
        assert "Airflow's scheduler ended by itself" in log.read_text()
        assert newcomer.kho("doctor", KHO_UI_PORT=port).returncode == 0
        staying = newcomer.start("up", "--stay")
        assert staying.stdout is not None
        assert "Airflow was up already" in staying.stdout.readline()
        launcher = json.loads((newcomer.home / "airflow" / "standing.json").read_text())["pid"]
        psutil.Process(launcher).kill()
        wait_for(lambda: not newcomer.processes())
        told = newcomer.kho("doctor", KHO_UI_PORT=port)
        assert told.returncode == 1
        (bad,) = [line for line in told.stdout.splitlines() if line.startswith("bad")]
        assert bad.startswith("bad  airflow: was left running and has ended: ")
        assert f"({log}); kho up starts it again" in bad
        assert staying.wait(60) == 1
        staying.stdout.close()
    finally:
        newcomer.kho("down")
    assert newcomer.kho("doctor", KHO_UI_PORT=port).stdout.count("airflow:") == 0


def wait_for(condition: Callable[[], Any], seconds: float = 120) -> Any:
    """Ask until there is an answer."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "nothing came"
        time.sleep(0.5)
    return found
