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

    def describe(self) -> dict[str, Any]:
        """The clock, the epoch and the size."""

    def manifest(self, dataset: str, on: date | None) -> dict[str, Any]:
        """The manifest of a dataset; raises `KeyError` for one that does not exist."""


def control_routes(
    clockwork: Clockwork,
    misbehaviour: Misbehaviour,
    requests: Callable[[], dict[str, int]],
    paths: frozenset[str],
) -> list[Route]:
    """Routes of the switches."""

    def health(_request: Request) -> Response:
        return _json({"status": "up", "pid": os.getpid(), "requests": requests()})

    def read_clock(_request: Request) -> Response:
        return _json(clockwork.describe())

    async def set_clock(request: Request) -> Response:
        try:
            body = await _body(request)
            today = date.fromisoformat(str(body.get("date")))
        except ValueError as error:
            return _error(400, f'expected {{"date": "2026-11-20"}}: {error}')
        try:
            return _json(await run_in_threadpool(clockwork.set_clock, today))
        except SandboxError as error:
            return _error(500, str(error))

    def manifest(request: Request) -> Response:
        try:
            wanted = request.query_params.get("date")
            on = date.fromisoformat(wanted) if wanted else None
            return _json(clockwork.manifest(request.query_params.get("dataset", ""), on))
        except KeyError as error:
            return _error(400, f"unknown dataset {error}")
        except (ValueError, SandboxError) as error:
            return _error(400, str(error))

    async def misbehave(request: Request) -> Response:
        try:
            rule = read_rule(await _body(request), paths)
        except ValueError as error:
            return _error(400, str(error))
        misbehaviour.add(rule)
        return _json({"rules": [asdict(known) for known in misbehaviour.rules()]})

    def read_rules(_request: Request) -> Response:
        return _json({"rules": [asdict(known) for known in misbehaviour.rules()]})

    def behave(_request: Request) -> Response:
        misbehaviour.clear()
        return _json({"rules": []})

    return [
        Route("/_sandbox/health", health),
        Route("/_sandbox/clock", read_clock, methods=["GET"]),
        Route("/_sandbox/clock", set_clock, methods=["POST"]),
        Route("/_sandbox/manifest", manifest),
        Route("/_sandbox/misbehave", misbehave, methods=["POST"]),
        Route("/_sandbox/misbehave", read_rules, methods=["GET"]),
        Route("/_sandbox/misbehave", behave, methods=["DELETE"]),
    ]


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
