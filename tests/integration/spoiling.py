"""A gateway between us and a real source that spoils what passes.

In: the source's address. Out: a real HTTP server of our own; requests go through to the source, and what it
answers comes back as a `Spoiler` leaves it. Without a spoiler nothing is changed.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import requests
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Spoiler = Callable[[str, dict[str, str], Response], Response]
"""Takes the path, the query, and the answer of the source; gives the answer to send on."""

_HOP_BY_HOP = {"content-length", "transfer-encoding", "connection", "content-encoding"}


class Gateway:
    """Counts and spoils."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self.spoiler: Spoiler | None = None
        self.requests: Counter[str] = Counter()
        self.queries: list[tuple[str, dict[str, str]]] = []
        self.url = ""

    def pass_on(self, request: Request, body: bytes) -> Response:
        self.requests[request.url.path] += 1
        query = dict(request.query_params)
        self.queries.append((request.url.path, query))
        headers = {
            name: value
            for name, value in request.headers.items()
            if name not in ("host", "content-length", "accept-encoding")
        }
        answer = requests.request(
            request.method,
            self._upstream + request.url.path,
            params=query,
            data=body,
            headers=headers,
            timeout=60,
        )
        response = Response(
            answer.content,
            answer.status_code,
            {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP},
        )
        return response if self.spoiler is None else self.spoiler(request.url.path, query, response)


def with_records(path: list[str], change: Callable[[list[dict[str, Any]]], Any]) -> Spoiler:
    """A spoiler of the records of JSON answers, found at `path` of the envelope; other answers pass."""

    def spoil(_path: str, _query: dict[str, str], response: Response) -> Response:
        body: Any = json.loads(response.body)
        place = body
        for part in path[:-1]:
            place = (place or {}).get(part)
        if path and not (isinstance(place, dict) and isinstance(place.get(path[-1]), list)):
            return response
        records = place[path[-1]] if path else body
        if not isinstance(records, list):
            return response
        changed = change(records)
        if changed is records:
            return response  # to the byte
        if path:
            place[path[-1]] = changed
        else:
            body = changed
        return Response(
            json.dumps(body, ensure_ascii=False), response.status_code, media_type="application/json"
        )

    return spoil


@contextlib.contextmanager
def a_gateway(upstream: str) -> Iterator[Gateway]:
    """A running gateway before `upstream`."""
    gateway = Gateway(upstream)

    async def respond(request: Request) -> Response:
        import anyio.to_thread

        body = await request.body()
        return await anyio.to_thread.run_sync(gateway.pass_on, request, body)

    application = Starlette(routes=[Route("/{path:path}", respond, methods=["GET", "POST"])])
    server = uvicorn.Server(uvicorn.Config(application, port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        gateway.url = f"http://127.0.0.1:{port}"
        yield gateway
    finally:
        server.should_exit = True
        thread.join(10)
