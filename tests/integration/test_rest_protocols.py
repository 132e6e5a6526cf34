"""The REST connector against a real HTTP server: logins, paging, envelopes, transport."""

from __future__ import annotations

import asyncio
import gzip
import logging
import stat
import tracemalloc
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse

from kho.errors import AuthenticationFailed, KhoError, SourceRejected, SourceThrottled, SourceUnavailable
from kho.extract.rest import extract_rest, sample_rest
from kho.settings import Settings

from .rest_case import (
    LOGINS,
    NIGHT,
    PAGINGS,
    SPAN,
    a_connection,
    a_contract,
    a_source,
    fetch,
    folder_of,
    ids,
    landed,
    requests_of,
)
from .rest_server import ALL_ROWS, SECRET, RestServer, cut_short, serve

EVERYTHING = [row["id"] for row in ALL_ROWS]


@pytest.fixture
def server() -> Iterator[RestServer]:
    with serve() as running:
        yield running


@pytest.mark.parametrize("auth", LOGINS)
def test_every_kind_of_login(server: RestServer, tmp_path: Path, auth: str) -> None:
    manifest = fetch(server, tmp_path, a_source(login=auth))
    assert ids(tmp_path, manifest) == EVERYTHING
    assert manifest.declared == manifest.fetched == len(EVERYTHING)
    assert server.logins == (0 if auth in ("open", "header", "direct") else 1)


@pytest.mark.parametrize("carry", ["body", "param", "header"])
def test_a_session_goes_where_it_is_declared(server: RestServer, tmp_path: Path, carry: str) -> None:
    request = {"method": "POST", "path": "/session/offset", "post_as": "json", "params": {"loc.loai": "1"}}
    source = a_source(login="session", auth=LOGINS["session"] | {"carry": carry}, request=request)
    manifest = fetch(server, tmp_path, source)
    assert ids(tmp_path, manifest) == EVERYTHING
    assert all(body["loc"] == {"loai": "1"} for body in server.bodies)


@pytest.mark.parametrize("auth", ["bearer", "both", "session"])
def test_an_ended_login_is_renewed_once(server: RestServer, tmp_path: Path, auth: str) -> None:
    def forget(request: Request) -> None:
        if len(server.asked) == 3:
            server.forget_tokens()

    server.spoil = forget
    assert ids(tmp_path, fetch(server, tmp_path, a_source(login=auth))) == EVERYTHING
    assert server.logins == 2


@pytest.mark.parametrize("auth", ["bearer", "header", "direct", "session"])
def test_wrong_credentials_are_told_without_being_told(
    server: RestServer, tmp_path: Path, auth: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    connection = a_connection(server)
    wrong = replace(connection, password="sai-mật-khẩu")
    source = a_source(login=auth)
    with pytest.raises(AuthenticationFailed) as raised:
        extract_rest(a_contract(source), source, wrong, SPAN, NIGHT, Settings(home=tmp_path))
    assert "connection 'lgsp'" in str(raised.value)
    assert "sai-mật-khẩu" not in str(raised.value) + caplog.text


@pytest.mark.parametrize("auth", [name for name in LOGINS if name != "open"])
def test_secrets_stay_in_the_connection(
    server: RestServer, tmp_path: Path, auth: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    manifest = fetch(server, tmp_path, a_source("link", auth))
    assert ids(tmp_path, manifest) == EVERYTHING
    requested = pq.read_table(sorted(folder_of(tmp_path, manifest).glob("pages-*")), columns=["request"])
    told = str(requested.to_pylist()) + str(manifest) + str(requests_of(tmp_path, manifest))
    kept = [path for path in (tmp_path / "raw").rglob("*") if path.is_file()]
    for secret in (SECRET, "the-token"):
        assert secret not in told
        assert not any(secret.encode() in path.read_bytes() for path in kept)
        assert secret not in caplog.text
    for folder in ("tokens", "pace"):
        for path in (tmp_path / folder).rglob("*.json"):
            if folder == "tokens":
                assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert SECRET not in path.read_text()


def test_an_address_in_an_error_holds_no_session(server: RestServer, tmp_path: Path) -> None:
    source = a_source(login="session")
    fetch(server, tmp_path, source)

    def never(request: Request) -> Response:
        return cut_short(request)

    server.spoil = never
    with pytest.raises(SourceUnavailable) as raised:
        fetch(server, tmp_path / "again", source)
    chain: BaseException | None = raised.value
    while chain is not None:
        assert "the-token" not in str(chain)
        chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)


def test_x_road_paths_and_headers(server: RestServer, tmp_path: Path) -> None:
    road = {
        "instance": "VN",
        "member_class": "GOV",
        "member": "H48",
        "subsystem": "VANBAN",
        "service": "tracuu",
    }
    clients: set[str | None] = set()
    message_ids: list[str | None] = []

    def look(request: Request) -> None:
        clients.add(request.headers.get("x-road-client"))
        message_ids.append(request.headers.get("x-road-id"))

    server.spoil = look
    source = a_source(x_road=road)
    manifest = fetch(server, tmp_path, source, x_road_client="VN/GOV/H48/KHO")
    assert ids(tmp_path, manifest) == EVERYTHING
    assert all(path.startswith("/r1/VN/GOV/H48/VANBAN/tracuu/open/offset?") for path in server.asked)
    assert clients == {"VN/GOV/H48/KHO"}
    assert len(set(message_ids)) == len(message_ids)
    with pytest.raises(KhoError, match="who we are to X-Road"):
        fetch(server, tmp_path / "b", source)

    def refuse(request: Request) -> Response:
        return JSONResponse({"type": "x"}, 500, headers={"X-Road-Error": "Server.ServerProxy.AccessDenied"})

    server.spoil = refuse
    with pytest.raises(AuthenticationFailed, match="X-Road refuses us"):
        fetch(server, tmp_path / "c", source, x_road_client="VN/GOV/H48/KHO")


@pytest.mark.parametrize("windowed", [True, False], ids=["windows", "catalogue"])
@pytest.mark.parametrize("kind", PAGINGS)
def test_every_kind_of_paging(server: RestServer, tmp_path: Path, kind: str, windowed: bool) -> None:
    manifest = fetch(server, tmp_path, a_source(kind, windowed=windowed))
    rows = landed(tmp_path, manifest)
    assert [(row[0], row[1]) for row in rows] == [(str(row["id"]), row["ten"]) for row in ALL_ROWS]
    told_total = kind not in ("untold", "link", "linkbody")
    assert manifest.declared == (len(ALL_ROWS) if told_total else None)
    assert (manifest.window_from is None) == (not windowed)


@pytest.mark.parametrize("kind", ["offset", "untold", "cursor", "link"])
def test_a_service_may_cap_the_page(server: RestServer, tmp_path: Path, kind: str) -> None:
    server.page_cap = 3
    assert ids(tmp_path, fetch(server, tmp_path, a_source(kind))) == EVERYTHING


def test_a_snapshot_token_is_sent_along(server: RestServer, tmp_path: Path) -> None:
    paging = PAGINGS["page"] | {"snapshot": {"path": "snapshot", "param": "phien"}}
    fetch(server, tmp_path, a_source("page", windowed=False, paging=paging))
    assert "phien" not in server.asked[0]
    assert all("phien=s-1" in path for path in server.asked[1:])


def test_a_link_to_another_host_is_not_followed(server: RestServer, tmp_path: Path) -> None:
    def elsewhere(request: Request) -> Response:
        return JSONResponse(
            {"error_code": "00", "data": [{"id": 1}]}, headers={"Link": '<http://evil.test/x>; rel="next"'}
        )

    server.spoil = elsewhere
    with pytest.raises(SourceRejected, match="another host"):
        fetch(server, tmp_path, a_source("link"))


def test_a_link_that_leads_back_is_not_followed_for_ever(server: RestServer, tmp_path: Path) -> None:
    def round_and_round(request: Request) -> Response:
        return JSONResponse(
            {"error_code": "00", "data": [{"id": len(server.asked)}]},
            headers={"Link": f'<{request.url.path}?from=1>; rel="next"'},
        )

    server.spoil = round_and_round
    with pytest.raises(SourceUnavailable, match="leads back"):
        fetch(server, tmp_path, a_source("link"))


def test_a_redirect_takes_no_secret_along(server: RestServer, tmp_path: Path) -> None:
    server.spoil = lambda request: RedirectResponse("http://127.0.0.1:1/")
    with pytest.raises(SourceRejected, match="not followed"):
        fetch(server, tmp_path, a_source(login="header"))


def test_the_keys_of_a_catalogue_are_its_own(server: RestServer, tmp_path: Path) -> None:
    manifest = fetch(server, tmp_path, a_source("page", windowed=False, deletions="key_comparison"))
    keys = pq.read_table(sorted(folder_of(tmp_path, manifest).glob("keys-*.parquet")))
    assert keys.column_names == ["id"]
    assert sorted(int(key) for key in keys.column("id").to_pylist()) == EVERYTHING


def _answers(*parts: Any, **options: Any) -> Any:
    def answer(request: Request) -> Response:
        return JSONResponse(*parts, **options)

    return answer


@pytest.mark.parametrize(
    ("spoiler", "kind", "says", "asks"),
    [
        (_answers({"error_code": "99", "message": "bận"}), SourceUnavailable, "bận; 3 attempts", 3),
        (_answers({"error_code": "77", "message": "lạ"}), SourceRejected, "'77': lạ", 1),
        (_answers({"error_code": "77"}, 500), SourceUnavailable, "500", 3),
        (_answers({"error_code": "99", "message": "bận"}, 404), SourceUnavailable, "bận", 3),
        (lambda request: HTMLResponse("<html>bảo trì</html>"), SourceUnavailable, "HTML page", 3),
        (cut_short, SourceUnavailable, "broke off", 3),
        (_answers({"fault": {"code": 900800}}), SourceThrottled, "limits the rate", 3),
        (_answers({"fault": {"code": 303001}}), SourceUnavailable, "303001", 3),
        (_answers({"fault": {"code": 900908}}), AuthenticationFailed, "not subscribed", 1),
        (_answers({}, 404), SourceRejected, "404", 1),
        (_answers({}, 503, headers={"Retry-After": "900"}), SourceThrottled, "closed for a while", 1),
    ],
)
def test_what_goes_wrong_is_judged_by_the_body_first(
    server: RestServer, tmp_path: Path, spoiler: Any, kind: type[Exception], says: str, asks: int
) -> None:
    server.spoil = spoiler
    with pytest.raises(kind, match=says) as raised:
        fetch(server, tmp_path, a_source())
    assert "/open/offset" in str(raised.value)
    assert "Next:" in str(raised.value)
    assert len(server.asked) == asks


def test_no_data_is_not_an_error(server: RestServer, tmp_path: Path) -> None:
    server.spoil = _answers({"error_code": "04", "message": "không có"}, 404)
    manifest = fetch(server, tmp_path, a_source())
    assert (manifest.fetched, manifest.declared) == (0, 0)
    assert manifest.failed_requests == 0


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_compressed_answers(server: RestServer, tmp_path: Path, encoding: str) -> None:
    compress = gzip.compress if encoding == "gzip" else zlib.compress
    plain = b'{"error_code":"00","total":1,"data":[{"id":1,"ten":"\xc4\x91"}]}'

    def compressed(request: Request) -> Response:
        assert encoding in request.headers["accept-encoding"]
        return Response(compress(plain), headers={"Content-Encoding": encoding})

    server.spoil = compressed
    manifest = fetch(server, tmp_path, a_source(windowed=False))
    assert [row[:2] for row in landed(tmp_path, manifest)] == [("1", "đ")]


def test_a_gzip_bomb_is_refused_before_it_bursts(server: RestServer, tmp_path: Path) -> None:
    bomb = gzip.compress(gzip.compress(b" " * (512 * 1024 * 1024), 1), 1)
    inner = gzip.decompress(bomb)
    server.spoil = lambda request: Response(inner, headers={"Content-Encoding": "gzip"})
    tracemalloc.start()
    try:
        with pytest.raises(SourceRejected, match="larger than 4 MiB"):
            fetch(server, tmp_path, a_source(), max_body_mb=4)
        assert tracemalloc.get_traced_memory()[1] < 64 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_an_answer_that_trickles_in_does_not_hold_the_night_up(server: RestServer, tmp_path: Path) -> None:
    async def drops() -> Any:
        while True:
            yield b" "
            await asyncio.sleep(0.02)

    server.spoil = lambda request: StreamingResponse(drops())
    with pytest.raises(SourceUnavailable, match="trickles"):
        fetch(server, tmp_path, a_source(), answer_timeout=0.2, max_attempts=1)


def test_every_attempt_is_recorded(server: RestServer, tmp_path: Path) -> None:
    def stumble(request: Request) -> Response | None:
        return JSONResponse({}, 500) if len(server.asked) == 2 else None

    server.spoil = stumble
    manifest = fetch(server, tmp_path, a_source(login="bearer"))
    attempts = requests_of(tmp_path, manifest)
    assert len(attempts) == manifest.requests == len(server.asked) + 1
    assert manifest.failed_requests == 1
    assert attempts[0]["purpose"] == "login"
    assert [a["outcome"] for a in attempts].count("SourceUnavailable") == 1
    assert {a["endpoint"] for a in attempts} == {"POST /token", "GET /bearer/offset"}
    assert all(a["seconds"] > 0 and a["bytes"] > 0 and a["status"] in (200, 500) for a in attempts)


def test_a_sample_is_one_page_and_lands_nothing(
    server: RestServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kho.extract.rest import sample as module

    monkeypatch.setattr(module, "get_settings", lambda: Settings(home=tmp_path))
    connection = a_connection(server)
    sample = sample_rest(a_source(windowed=False), connection, 5)
    assert sample.records.to_pylist()[4] == {"id": "4", "ten": "Hồ sơ số 4", "ngay": "2026-11-01"}
    assert (sample.records.num_rows, sample.declared, len(server.asked)) == (5, 200, 1)
    assert sample.where.endswith("/open/offset")
    assert not (tmp_path / "raw").exists()
