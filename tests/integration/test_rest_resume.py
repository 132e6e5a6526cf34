"""A killed or failed extraction goes on where it stopped: no row lost, no row twice, nothing mixed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from kho.errors import HostError, KhoError, SourceThrottled, SourceUnavailable
from kho.extract.windows import Span
from kho.settings import get_settings

from .rest_case import NIGHT, PAGINGS, SPAN, a_source, fetch, folder_of, ids, landed, requests_of
from .rest_server import ALL_ROWS, RestServer, cut_short, serve

EVERYTHING = [row["id"] for row in ALL_ROWS]
PAGES_A_WINDOW = 6
WINDOWS = 5


@pytest.fixture
def server() -> Iterator[RestServer]:
    with serve() as running:
        yield running


def fail_at(server: RestServer, number: int, how: Any = None) -> None:
    """From its `number`th request on, the server is down."""

    def down(request: Request) -> Response | None:
        if len(server.asked) < number:
            return None
        return how(request) if how else JSONResponse({}, 500)

    server.spoil = down


def mend(server: RestServer) -> int:
    """The server is up again; returns how much had been asked."""
    server.spoil = None
    asked = len(server.asked)
    server.asked.clear()
    return asked


@pytest.mark.parametrize("kind", PAGINGS)
def test_the_next_attempt_asks_only_for_the_rest(server: RestServer, tmp_path: Path, kind: str) -> None:
    source = a_source(kind)
    whole = fetch(server, tmp_path / "whole", source)
    needed = mend(server)
    middle = needed // 2 + 1
    fail_at(server, middle + 1, cut_short)
    with pytest.raises(SourceUnavailable, match="goes on where"):
        fetch(server, tmp_path / "cut", source)
    mend(server)
    resumed = fetch(server, tmp_path / "cut", source)
    assert resumed.batch_id == whole.batch_id
    assert landed(tmp_path / "cut", resumed) == landed(tmp_path / "whole", whole)
    # One page is asked for again where only that shows that nothing has moved.
    assert needed - middle <= len(server.asked) <= needed - middle + 1
    assert resumed.requests > whole.requests
    attempts = requests_of(tmp_path / "cut", resumed)
    assert len(attempts) == resumed.requests
    left = {path.name for path in folder_of(tmp_path / "cut", resumed).iterdir()}
    assert not any(name.startswith(("done-", "spool-", "asked", "chunk-")) for name in left)


@pytest.mark.parametrize("death", [4, 15, 27])
@pytest.mark.parametrize(("kind", "threads"), [("offset", 1), ("offset", 3), ("cursor", 1)])
def test_a_killed_process_loses_nothing(
    server: RestServer, tmp_path: Path, kind: str, threads: int, death: int
) -> None:
    reached, hold = threading.Event(), threading.Event()

    def stall(request: Request) -> None:
        # On the server's event loop: while this waits, nobody is answered.
        if len(server.asked) >= death:
            reached.set()
            hold.wait(30)

    server.spoil = stall
    command = [sys.executable, "-m", "tests.integration.rest_victim", str(tmp_path), server.url, kind]
    with subprocess.Popen([*command, str(threads)], cwd=get_settings().project_root) as victim:
        assert reached.wait(60)
        victim.send_signal(signal.SIGKILL)
    hold.set()
    mend(server)
    source = a_source(kind, parallel_windows=threads)
    resumed = fetch(server, tmp_path, source)
    assert ids(tmp_path, resumed) == EVERYTHING
    # What was on its way when the process died is asked for again, and the last page of each open window.
    kept = death - 1 - threads
    assert len(server.asked) <= WINDOWS * PAGES_A_WINDOW - kept + threads
    assert resumed.batch_id == fetch(server, tmp_path / "whole", source).batch_id


def test_pages_that_moved_are_read_anew(server: RestServer, tmp_path: Path) -> None:
    source = a_source("offset", windowed=False)
    fail_at(server, 10)
    with pytest.raises(SourceUnavailable):
        fetch(server, tmp_path, source)
    mend(server)
    gone = ALL_ROWS.pop(3)
    try:
        manifest = fetch(server, tmp_path, source)
    finally:
        ALL_ROWS.insert(3, gone)
    assert Counter(ids(tmp_path, manifest)) == Counter(set(EVERYTHING) - {3})
    assert server.asked[-1].endswith("offset=196&limit=7") or len(server.asked) > 28


@pytest.mark.parametrize(
    "other",
    [
        {"night": date(2026, 11, 20)},
        {"span": Span(datetime(2026, 11, 2), datetime(2026, 11, 21))},
        {"source": a_source(request={"path": "/open/offset", "params": {"loai": "2"}})},
    ],
    ids=["another night", "another span", "another contract"],
)
def test_what_was_asked_differently_is_not_mixed(
    server: RestServer, tmp_path: Path, other: dict[str, Any]
) -> None:
    fail_at(server, 20)
    with pytest.raises(SourceUnavailable):
        fetch(server, tmp_path, a_source())
    mend(server)
    asked = {"source": a_source(), "night": NIGHT, "span": SPAN} | other
    manifest = fetch(server, tmp_path, **asked)
    fresh = fetch(server, tmp_path / "fresh", **asked)
    assert manifest.batch_id == fresh.batch_id
    first = server.asked[: len(server.asked) // 2]
    assert len(first) == len(set(first)) == (29 if "span" in other else 30)


def test_an_old_attempt_is_forgotten(server: RestServer, tmp_path: Path) -> None:
    fail_at(server, 20)
    with pytest.raises(SourceUnavailable):
        fetch(server, tmp_path, a_source())
    for note in (tmp_path / "raw/things/.landing-20261121").glob("*"):
        os.utime(note, (0, 0))
    mend(server)
    fetch(server, tmp_path, a_source())
    assert len(server.asked) == WINDOWS * PAGES_A_WINDOW


def test_damaged_leftovers_are_asked_for_again(server: RestServer, tmp_path: Path) -> None:
    whole = fetch(server, tmp_path / "whole", a_source())
    mend(server)
    fail_at(server, 23)
    with pytest.raises(SourceUnavailable):
        fetch(server, tmp_path, a_source())
    mend(server)
    folder = tmp_path / "raw/things/.landing-20261121"
    records = folder / "records-0001.parquet"
    records.write_bytes(records.read_bytes()[:-10])
    spool = folder / "spool-0003.pages"
    spool.write_bytes(spool.read_bytes()[:-10])
    manifest = fetch(server, tmp_path, a_source())
    assert manifest.batch_id == whole.batch_id
    assert landed(tmp_path, manifest) == landed(tmp_path / "whole", whole)


def test_two_processes_do_not_land_the_same_night_at_once(
    server: RestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kho.raw_zone import resumable

    monkeypatch.setattr(resumable, "_LOCK_SECONDS", 0.1)
    inside, leave = threading.Event(), threading.Event()

    def hold(request: Request) -> None:
        inside.set()
        leave.wait(20)

    server.spoil = hold
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(fetch, server, tmp_path, a_source())
        assert inside.wait(20)
        with pytest.raises(HostError, match="land this night"):
            fetch(server, tmp_path, a_source())
        leave.set()
        assert ids(tmp_path, first.result()) == EVERYTHING


@pytest.mark.parametrize("kind", ["offset", "pagexml", "link"])
def test_parallel_windows_give_the_same_batch(server: RestServer, tmp_path: Path, kind: str) -> None:
    serial = fetch(server, tmp_path / "serial", a_source(kind))
    parallel = fetch(server, tmp_path / "parallel", a_source(kind, parallel_windows=3))
    assert parallel == replace(serial, requests=parallel.requests, request_seconds=parallel.request_seconds)
    assert landed(tmp_path / "parallel", parallel) == landed(tmp_path / "serial", serial)


def test_the_first_error_stops_the_other_windows(server: RestServer, tmp_path: Path) -> None:
    def down(request: Request) -> Response | None:
        is_second = "tu=05%2F11" in str(request.url)
        return JSONResponse({"error_code": "77", "message": "hỏng"}) if is_second else None

    server.spoil = down
    with pytest.raises(KhoError, match="hỏng"):
        fetch(server, tmp_path, a_source(parallel_windows=2))
    assert len(server.asked) < WINDOWS * PAGES_A_WINDOW


def test_a_429_pauses_every_task_of_the_source(server: RestServer, tmp_path: Path) -> None:
    """One task is told to wait; the other, which was not, waits too."""
    moments: list[float] = []

    def flood(request: Request) -> Response | None:
        moments.append(time.time())
        return JSONResponse({}, 429, headers={"Retry-After": "1"}) if len(moments) == 4 else None

    server.spoil = flood
    source = a_source()
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(fetch, server, tmp_path, source)
        other = pool.submit(fetch, server, tmp_path, source, date(2026, 11, 20))
        assert ids(tmp_path, one.result()) == ids(tmp_path, other.result()) == EVERYTHING
    # Until the answer is read the other task may ask a few times more; then there is silence, with most of
    # its work still to do.
    gaps = [later - earlier for earlier, later in pairwise(moments[3:])]
    assert max(gaps[: WINDOWS * PAGES_A_WINDOW // 2]) > 0.9


def test_a_long_pause_is_left_to_whoever_starts_the_task_again(server: RestServer, tmp_path: Path) -> None:
    fail_at(server, 20, lambda request: JSONResponse({}, 429, headers={"Retry-After": "600"}))
    with pytest.raises(SourceThrottled) as raised:
        fetch(server, tmp_path, a_source())
    assert raised.value.retry_after == 600
    mend(server)
    with pytest.raises(SourceThrottled, match="asked for a pause"):
        fetch(server, tmp_path, a_source())
    assert server.asked == []
    for kept in (tmp_path / "pace").glob("*.json"):
        kept.unlink()
    assert ids(tmp_path, fetch(server, tmp_path, a_source())) == EVERYTHING
    assert len(server.asked) == WINDOWS * PAGES_A_WINDOW - 19 + 1


def test_four_datasets_at_once_of_which_one_is_in_trouble(server: RestServer, tmp_path: Path) -> None:
    """Flooded, cut and slowed, one dataset ends late and whole; the others do not notice."""
    troubles = iter([cut_short, None, cut_short, lambda request: JSONResponse({}, 500), None] * 4)

    def trouble(request: Request) -> Response | None:
        if "loai=xau" not in str(request.url):
            return None
        how = next(troubles, None)
        return how(request) if how else None

    server.spoil = trouble
    bad = a_source(request={"path": "/open/offset", "params": {"loai": "xau"}})
    with ThreadPoolExecutor(4) as pool:
        sources = [bad, a_source("cursor"), a_source("page"), a_source("link")]
        nights = [pool.submit(fetch, server, tmp_path / str(n), s) for n, s in enumerate(sources)]
        manifests = [night.result() for night in nights]
    assert all(ids(tmp_path / str(n), manifest) == EVERYTHING for n, manifest in enumerate(manifests))
    assert manifests[0].failed_requests == 12
    assert [manifest.failed_requests for manifest in manifests[1:]] == [0, 0, 0]
