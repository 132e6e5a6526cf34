"""A small HTTP server that speaks every variant of the REST connector's protocols.

In: rows, and what should go wrong. Out: real answers over real sockets, and a count of what was asked. The
rows have ids from 0; a window asks for the rows of its days, ten a day from 1 November 2026.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

KEY, SECRET = "khoa-công", "bí-mật-3f9a"
ROWS_A_DAY = 10
DAYS = 20
FIRST_DAY = date(2026, 11, 1)

Spoiler = Callable[[Request], Response | None]


def rows_of(first: date, last: date) -> list[dict[str, Any]]:
    """The rows of these days, both included."""
    begin = (max(first, FIRST_DAY) - FIRST_DAY).days
    end = min((last - FIRST_DAY).days + 1, DAYS)
    return [
        {"id": n, "ten": f"Hồ sơ số {n}", "ngay": f"{FIRST_DAY.replace(day=n // ROWS_A_DAY + 1)}"}
        for n in range(begin * ROWS_A_DAY, end * ROWS_A_DAY)
    ]


ALL_ROWS = rows_of(FIRST_DAY, date(2026, 12, 31))


@dataclass
class RestServer:
    """A running server; set `spoil` to make requests go wrong, read `asked` to see what came."""

    url: str = ""
    token_seconds: int = 3600
    page_cap: int = 1000
    asked: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    logins: int = 0
    spoil: Spoiler | None = None
    tokens: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def forget_tokens(self) -> None:
        self.tokens.clear()

    # ---- the routes

    async def token(self, request: Request) -> Response:
        expected = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        if request.headers.get("authorization") != expected:
            return JSONResponse({"error": "invalid_client"}, 401)
        time.sleep(0.05)  # long enough for others to want one, too
        return JSONResponse(
            {"access_token": self._new(), "token_type": "Bearer", "expires_in": self.token_seconds}
        )

    async def login(self, request: Request) -> Response:
        body = await request.json()
        if (body.get("user"), body.get("pass")) != (KEY, SECRET):
            return JSONResponse({"error_code": 7, "message": "Sai mật khẩu"})
        return JSONResponse({"session": self._new(), "error_code": 0})

    def _new(self) -> str:
        with self.lock:
            self.logins += 1
            token = f"the-token-{self.logins}"
            self.tokens.add(token)
            return token

    async def data(self, request: Request) -> Response:
        raw = await request.body()
        body = json.loads(raw) if raw[:1] == b"{" else {}
        with self.lock:
            self.asked.append(str(request.url).removeprefix(self.url))
            self.bodies.append(body)
        if self.spoil:
            spoiled = self.spoil(request)
            if spoiled is not None:
                return spoiled
        refused = self._refuse(request, body)
        if refused is not None:
            return refused
        query = {**request.query_params, **_flat(body)}
        rows = ALL_ROWS
        if "tu" in query:
            begin, end = (datetime.strptime(query[name], "%d/%m/%Y").date() for name in ("tu", "den"))
            rows = rows_of(begin, end)
        return self._page(request, query, rows)

    def _refuse(self, request: Request, body: dict[str, Any]) -> Response | None:
        kind = request.path_params["auth"]
        access = base64.b64encode(
            json.dumps(
                {
                    "AccessKey": KEY,
                    "SecretKey": SECRET,
                    "AppName": "kho",
                    "PartnerCode": "H48",
                    "PartnerCodeCus": "",
                },
                ensure_ascii=False,
                separators=(",", ":"),
            ).encode()
        ).decode()
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ") in self.tokens
        session = request.query_params.get("session") or body.get("session") or request.headers.get("session")
        good = {
            "open": True,
            "bearer": bearer,
            "header": request.headers.get("lgspaccesstoken") == access,
            "both": request.headers.get("lgspaccesstoken") == access and bearer,
            "direct": request.headers.get("authorization") == access,
            "session": session in self.tokens,
        }[kind]
        if good:
            return None
        if kind == "session":
            return JSONResponse({"error_code": "106", "message": "Phiên hết hạn"})
        return JSONResponse({"fault": {"code": 900901, "message": "Invalid Credentials"}}, 401)

    def _page(self, request: Request, query: dict[str, Any], rows: list[dict[str, Any]]) -> Response:
        kind = request.path_params["kind"]
        limit = min(int(query.get("limit", 1000)), self.page_cap)
        envelope: dict[str, Any] = {"error_code": "00", "message": "ok"}
        if kind in ("offset", "page"):
            start = int(query["offset"]) if kind == "offset" else (int(query["trang"]) - 1) * limit
            envelope |= {"total": len(rows), "snapshot": "s-1", "data": rows[start : start + limit]}
            return JSONResponse(envelope)
        if kind == "pagexml":
            start = (int(query["trang"]) - 1) * limit
            return Response(_xml(rows[start : start + limit], len(rows)), media_type="application/xml")
        if kind == "untold":
            start = int(query["offset"])
            return JSONResponse(envelope | {"data": rows[start : start + limit]})
        if kind == "array":
            return JSONResponse(rows, headers={"X-Total-Count": str(len(rows))})
        if kind == "cursor":
            start = int(str(query.get("cursor", "c0")).removeprefix("c"))
            following = f"c{start + limit}" if start + limit < len(rows) else None
            return JSONResponse(
                envelope | {"total": len(rows), "data": rows[start : start + limit], "next": following}
            )
        start = int(query.get("from", 0))
        link = None
        if start + limit < len(rows):
            link = request.url.path + "?" + urlencode({**request.query_params, "from": start + limit})
        if kind == "linkbody":
            return JSONResponse(
                envelope | {"data": rows[start : start + limit], "links": {"@odata.next": link}}
            )
        headers = {"Link": f'<{link}>; rel="next", </other>; rel=last'} if link else {}
        return JSONResponse(envelope | {"data": rows[start : start + limit]}, headers=headers)


def _flat(body: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in body.items():
        flat |= _flat(value) if isinstance(value, dict) else {name: value}
    return flat


def _xml(rows: list[dict[str, Any]], total: int) -> str:
    items = "".join(
        f"<n:HoSo><id>{row['id']}</id><ten>{row['ten']}</ten><ngay>{row['ngay']}</ngay></n:HoSo>"
        for row in rows
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><n:KetQua xmlns:n="urn:lgsp"><MaLoi>00</MaLoi>'
        f"<Tong>{total}</Tong><n:DanhSach>{items}</n:DanhSach></n:KetQua>"
    )


def cut_short(request: Request) -> Response:
    """An answer that breaks off in the middle of its body."""

    async def parts() -> Any:
        yield b'{"error_code":"00","data":[{"id":0,"ten":"H'
        raise ConnectionError("the line is cut")

    return StreamingResponse(parts(), headers={"Content-Length": "100000"}, media_type="application/json")


@contextmanager
def serve(**options: Any) -> Iterator[RestServer]:
    """A server on a free port, until the end of the block; `options` are uvicorn's (TLS)."""
    server = RestServer()
    path = "/{auth}/{kind}"
    application = Starlette(
        routes=[
            Route("/token", server.token, methods=["POST"]),
            Route("/dang-nhap", server.login, methods=["POST"]),
            Route(path, server.data, methods=["GET", "POST"]),
            Route("/r1/VN/GOV/H48/VANBAN/tracuu" + path, server.data, methods=["GET"]),
        ]
    )
    config = uvicorn.Config(
        application, host="127.0.0.1", port=0, log_level="critical", lifespan="off", **options
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.01)
    scheme = "https" if options else "http"
    server.url = f"{scheme}://127.0.0.1:{running.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        running.should_exit = True
        running.force_exit = True
        thread.join(10)
