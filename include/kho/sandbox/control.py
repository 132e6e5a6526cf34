"""The sandbox's own switches, under `/_sandbox`: clock, manifest, misbehaviour, health.

In:  HTTP requests with JSON bodies.
Out: Starlette routes. Errors are `{"error": "…"}` with status 400 or 500.
"""

import os
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from typing import Any, Protocol

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kho.sandbox.errors import SandboxError
from kho.sandbox.misbehaviour import InvalidRuleError, Misbehaviour, read_rule


class Clockwork(Protocol):
    """What the switches turn."""

    def set_clock(self, today: date) -> dict[str, Any]:
        """Move the clock; raises `SandboxError`."""

    def follow_calendar(self) -> None:
        """Move the clock to each new day from now on."""

    def describe(self) -> dict[str, Any]:
        """The clock, the epoch and the size."""

    def manifest(self, dataset: str, on: date | None) -> dict[str, Any]:
        """The manifest of a dataset; raises `KeyError` for one that does not exist."""


class Switches:
    """The endpoints under `/_sandbox`."""

    def __init__(
        self,
        clockwork: Clockwork,
        misbehaviour: Misbehaviour,
        requests: Callable[[], dict[str, int]],
        paths: frozenset[str],
    ) -> None:
        self._clockwork = clockwork
        self._misbehaviour = misbehaviour
        self._requests = requests
        self._paths = paths

    def routes(self) -> list[Route]:
        """Routes of the switches."""
        return [
            Route("/_sandbox/health", self._health),
            Route("/_sandbox/clock", self._read_clock, methods=["GET"]),
            Route("/_sandbox/clock", self._set_clock, methods=["POST"]),
            Route("/_sandbox/follow", self._follow, methods=["POST"]),
            Route("/_sandbox/manifest", self._manifest),
            Route("/_sandbox/misbehave", self._misbehave, methods=["POST"]),
            Route("/_sandbox/misbehave", self._read_rules, methods=["GET"]),
            Route("/_sandbox/misbehave", self._behave, methods=["DELETE"]),
        ]

    def _health(self, _request: Request) -> Response:
        return _json({"status": "up", "pid": os.getpid(), "requests": self._requests()})

    def _read_clock(self, _request: Request) -> Response:
        return _json(self._clockwork.describe())

    async def _set_clock(self, request: Request) -> Response:
        try:
            body = await _body(request)
            today = date.fromisoformat(str(body.get("date")))
        except ValueError as error:
            return _error(400, f'expected {{"date": "2026-11-20"}}: {error}')
        try:
            return _json(await run_in_threadpool(self._clockwork.set_clock, today))
        except SandboxError as error:
            return _error(500, str(error))

    def _follow(self, _request: Request) -> Response:
        self._clockwork.follow_calendar()
        return _json(self._clockwork.describe())

    def _manifest(self, request: Request) -> Response:
        try:
            wanted = request.query_params.get("date")
            on = date.fromisoformat(wanted) if wanted else None
            return _json(self._clockwork.manifest(request.query_params.get("dataset", ""), on))
        except KeyError as error:
            return _error(400, f"unknown dataset {error}")
        except (ValueError, SandboxError) as error:
            return _error(400, str(error))

    async def _misbehave(self, request: Request) -> Response:
        try:
            rule = read_rule(await _body(request), self._paths)
        except ValueError as error:
            return _error(400, str(error))
        self._misbehaviour.add(rule)
        return self._read_rules(request)

    def _read_rules(self, _request: Request) -> Response:
        return _json({"rules": [asdict(rule) for rule in self._misbehaviour.rules()]})

    def _behave(self, _request: Request) -> Response:
        self._misbehaviour.clear()
        return _json({"rules": []})


async def _body(request: Request) -> dict[str, Any]:
    """The JSON object of the body; raises `ValueError`."""
    try:
        body = msgspec.json.decode(await request.body())
    except msgspec.DecodeError as error:
        raise InvalidRuleError(str(error)) from error
    if not isinstance(body, dict):
        raise InvalidRuleError("the body must be a JSON object")
    return body


def _error(status: int, message: str) -> Response:
    return _json({"error": message}, status)


def _json(body: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")
