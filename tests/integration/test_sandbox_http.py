"""The sandbox as a process of its own, over real HTTP."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from kho.sandbox import process
from kho.sandbox.errors import SandboxNotRunningError, SandboxStartError
from kho.sandbox.state import SandboxState, read_state

EPOCH = date(2026, 11, 20)
DOSSIERS = "/dvc/v1/danhSachHoSo"
REPORTS = "/baocao/v1/soLieuChiTieu"
SIZE = 2000


@dataclass(frozen=True)
class Place:
    sandbox_home: Path
    logs: Path


def place_in(folder: Path) -> Place:
    return Place(folder / "sandbox", folder / "logs")


class Client:
    """What a pipeline does, without its care."""

    def __init__(self, state: SandboxState) -> None:
        self.state = state
        self.session = requests.Session()
        self.session.headers["Connection"] = "close"
        self.log_in()

    def log_in(self) -> None:
        response = self.session.post(
            f"{self.state.lgsp_url}/token",
            data={"grant_type": "client_credentials"},
            auth=(self.state.consumer_key, self.state.consumer_secret),
            timeout=20,
        )
        answer = response.json()
        assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3600)
        self.session.headers["Authorization"] = f"Bearer {answer['access_token']}"

    def get(self, path: str, timeout: float = 20, **parameters: Any) -> requests.Response:
        return self.session.get(f"{self.state.lgsp_url}{path}", params=parameters, timeout=timeout)

    def page(self, offset: int = 0, limit: int = 100, days: int = 5) -> requests.Response:
        first = EPOCH - timedelta(days=days)
        return self.get(
            DOSSIERS,
            from_date=f"{first:%d/%m/%Y}",
            to_date=f"{first + timedelta(days=4):%d/%m/%Y}",
            offset=offset,
            limit=limit,
        )

    def misbehave(self, **rule: Any) -> None:
        response = self.session.post(
            f"{self.state.lgsp_url}/_sandbox/misbehave",
            json={"path": DOSSIERS} | rule,
            timeout=20,
        )
        response.raise_for_status()

    def behave(self) -> None:
        self.session.delete(f"{self.state.lgsp_url}/_sandbox/misbehave", timeout=20)

    def manifest(self, dataset: str, on: date) -> Any:
        response = self.get("/_sandbox/manifest", dataset=dataset, date=on.isoformat())
        response.raise_for_status()
        return response.json()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = place_in(tmp_path_factory.mktemp("sandbox"))
    process.up(place, size=SIZE)
    process.set_clock(place, EPOCH)
    yield place
    process.down(place)


@pytest.fixture
def client(place: Place) -> Iterator[Client]:
    state = read_state(place.sandbox_home)
    assert state is not None
    client = Client(state)
    yield client
    client.behave()
    client.session.close()


def test_all_pages_of_all_windows_hold_what_the_manifest_counts(client: Client) -> None:
    rows: list[Any] = []
    for days in range(60, 0, -5):
        window: list[Any] = []
        while True:
            answer = client.page(len(window), 77, days).json()
            if answer["status"] == 201:
                assert "data" not in answer
                break
            assert answer["status"] == 1
            window += answer["data"]
            if len(window) >= answer["total"]:
                break
        assert len(window) == answer["total"]
        rows += window
    manifest = client.manifest("public_service_dossiers", EPOCH)
    assert len(rows) == manifest["totals"]["records"]
    codes = {(row["MaHoSo"] or "").strip("\u200b\ufeff\u00a0 ") for row in rows}
    assert {defect["business_key"] for defect in manifest["defects"]} <= codes
    kept = read_manifest(client.state, "public_service_dossiers")
    assert kept == manifest


def read_manifest(state: SandboxState, dataset: str) -> Any:
    response = requests.get(f"{state.lgsp_url}/_sandbox/manifest", params={"dataset": dataset}, timeout=20)
    return response.json()


def test_reports_come_by_page_number(client: Client) -> None:
    window: dict[str, Any] = {"tuNgay": "20261101", "denNgay": "20261130", "soDong": 100}
    first = client.get(REPORTS, **window, trang=1).json()
    assert first["error_code"] == "00"
    total = first["result"]["totalRecords"]
    items = list(first["result"]["items"])
    for number in range(2, total // 100 + 2):
        items += client.get(REPORTS, **window, trang=number).json()["result"]["items"]
    assert len(items) == total
    times = [item["thoiDiemGui"] for item in items if item["thoiDiemGui"]]
    assert times == sorted(times)
    nothing = client.get(REPORTS, tuNgay="20270101", denNgay="20270102", trang=1, soDong=10)
    assert nothing.json()["error_code"] == "04"


@pytest.mark.parametrize(
    "changes",
    [
        {"to_date": "21/11/2026"},
        {"from_date": "2026-11-16"},
        {"to_date": "14/11/2026"},
        {"limit": 5001},
        {"offset": -1},
    ],
    ids=["six days", "other date format", "end before start", "limit", "offset"],
)
def test_requests_that_the_service_refuses(client: Client, changes: dict[str, Any]) -> None:
    wanted: dict[str, Any] = {"from_date": "16/11/2026", "to_date": "20/11/2026", "offset": 0, "limit": 10}
    response = client.get(DOSSIERS, **(wanted | changes))
    assert response.status_code == 200
    assert response.json()["status"] == 302


def test_nobody_gets_in_without_credentials(client: Client) -> None:
    token_url = f"{client.state.lgsp_url}/token"
    form = {"grant_type": "client_credentials"}
    wrong = requests.post(token_url, form, auth=("somebody", "wrong"), timeout=20)
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    nobody = requests.get(f"{client.state.lgsp_url}{DOSSIERS}", timeout=20)
    assert (nobody.status_code, nobody.json()["fault"]["code"]) == (401, 900901)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("expired_token", 401, 900901),
        ("throttled", 429, 900800),
        ("throttled_silent", 429, 900800),
        ("server_error", 500, 900967),
        ("not_subscribed", 403, 900908),
    ],
)
def test_faults_on_demand(client: Client, kind: str, status: int, code: int) -> None:
    client.misbehave(kind=kind, after=1, retry_after=3)
    assert client.page().ok
    response = client.page()
    assert (response.status_code, response.json()["fault"]["code"]) == (status, code)
    assert response.headers.get("Retry-After") == ("3" if kind == "throttled" else None)
    if kind == "expired_token":
        assert client.page().status_code == 401
        client.log_in()
    assert client.page().ok


def test_pages_spoiled_on_demand(client: Client) -> None:
    good = [client.page(offset, 20).json() for offset in (0, 20)]
    client.misbehave(kind="html_200")
    page = client.page(0, 20)
    assert page.status_code == 200
    assert page.text.startswith("<!DOCTYPE html>")
    client.misbehave(kind="truncated_json")
    with pytest.raises(requests.JSONDecodeError):
        client.page(0, 20).json()
    client.misbehave(kind="wrong_total", delta=-2)
    assert client.page(0, 20).json()["total"] == good[0]["total"] - 2
    client.misbehave(kind="repeated_page")
    assert client.page(0, 20).json() == good[0]
    assert client.page(20, 20).json() == good[0]
    client.misbehave(kind="dropped_page", rows=3)
    assert client.page(20, 20).json() == good[1] | {"data": good[1]["data"][:-3]}
    client.misbehave(kind="timeout", seconds=20)
    with pytest.raises(requests.ReadTimeout):
        client.get(DOSSIERS, timeout=0.2)
    assert client.page(20, 20).json() == good[1]


def test_a_token_can_be_refused_too(client: Client) -> None:
    client.misbehave(path="/token", kind="server_error")
    with pytest.raises(KeyError):
        client.log_in()
    client.log_in()


def test_asking_for_impossible_misbehaviour_is_refused(client: Client) -> None:
    with pytest.raises(requests.HTTPError):
        client.misbehave(kind="nonsense")


def test_the_clock_brings_new_rows_and_goes_back(place: Place, client: Client) -> None:
    before = client.page().content
    state = process.set_clock(place, EPOCH + timedelta(days=1))
    assert (state.clock_date, state.epoch_date) == (EPOCH + timedelta(days=1), EPOCH)
    assert client.page(days=4).json()["total"] > client.page(days=5).json()["total"]
    process.set_clock(place, EPOCH)
    assert client.page().content == before


def test_the_manifest_tells_what_a_window_must_find(client: Client) -> None:
    manifest = client.manifest("public_service_dossiers", EPOCH)
    first, last = EPOCH - timedelta(days=5), EPOCH - timedelta(days=1)
    expected = {
        defect["business_key"]
        for defect in manifest["defects"]
        if first <= datetime.fromisoformat(defect["updated_at"]).date() <= last
    }
    rows = client.page(limit=5000).json()["data"]
    assert expected
    assert expected <= {(row["MaHoSo"] or "").strip("\u200b\ufeff\u00a0 ") for row in rows}
    total = sum(
        count
        for day, count in manifest["totals"]["by_date"].items()
        if first.isoformat() <= day <= last.isoformat()
    )
    assert total == len(rows)


def test_starting_twice_is_starting_once(place: Place) -> None:
    before = read_state(place.sandbox_home)
    assert process.up(place, size=SIZE) == before


def test_a_restart_keeps_credentials_clock_and_port(tmp_path: Path) -> None:
    place = place_in(tmp_path)
    first = process.up(place, size=300)
    process.set_clock(place, EPOCH)
    psutil.Process(first.pid).kill()
    psutil.Process(first.pid).wait(5)
    try:
        assert process.running(place) is None
        with ThreadPoolExecutor(2) as pool:
            starts = [pool.submit(process.up, place, size=300) for _ in range(2)]
        second = starts[0].result()
        assert starts[1].result() == second
        assert second.pid != first.pid
        assert (second.clock_date, second.epoch_date) == (EPOCH, EPOCH)
        assert second.port == first.port
        assert second.consumer_secret == first.consumer_secret
        client = Client(second)
        client.misbehave(kind="timeout", seconds=60)
        with pytest.raises(requests.ReadTimeout):
            client.get(DOSSIERS, timeout=0.2)
        client.session.close()
    finally:
        begun = time.monotonic()
        assert process.down(place)
    assert time.monotonic() - begun < 5
    assert not process.down(place)
    with pytest.raises(SandboxNotRunningError, match="sandbox up"):
        process.set_clock(place, EPOCH)


def test_a_port_in_use_gives_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SandboxStartError, match=f"port {port} on 127.0.0.1 is taken"):
            process.up(place_in(tmp_path), size=300, port=port)


def test_the_files_are_for_their_owner_only(place: Place) -> None:
    assert place.sandbox_home.stat().st_mode & 0o077 == 0
    for file in place.sandbox_home.iterdir():
        assert file.stat().st_mode & 0o077 == 0
