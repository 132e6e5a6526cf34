"""The LGSP gateway: tokens, faults as WSO2 words them, and the data services behind it.

In:  HTTP requests.
Out: Starlette routes for `POST /token` and one `GET` per service.
"""

import base64
import binascii
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from kho.sandbox.misbehaviour import Misbehaviour, Rule
from kho.sandbox.services import SERVICES, Envelope, Rejection, Service, Window
from kho.sandbox.views import Page, View

TOKEN_PATH = "/token"  # noqa: S105 - a path
PATHS = frozenset({TOKEN_PATH, *(service.path for service in SERVICES)})

_HTML = """<!DOCTYPE html><html><head><title>LGSP</title></head><body>
<h1>Hệ thống đang bảo trì</h1><p>Vui lòng quay lại sau.</p></body></html>"""
# Faults by kind of misbehaviour: HTTP status, WSO2 code, message, description.
_FAULTS = {
    "throttled": (429, "900800", "Message throttled out", "You have exceeded your quota"),
    "throttled_silent": (429, "900800", "Message throttled out", "You have exceeded your quota"),
    "server_error": (500, "900967", "Runtime Error", "Error while accessing backend services"),
    "not_subscribed": (403, "900908", "Resource forbidden",
                       "The API subscription of this application does not cover it"),
}  # fmt: skip

Views = Callable[[str], View | None]


class Gateway:
    """Tokens live in memory: a restart of the sandbox makes every client log in again."""

    def __init__(
        self, key: str, secret: str, views: Views, misbehaviour: Misbehaviour, expires_in: int
    ) -> None:
        self._credentials = f"{key}:{secret}"
        self._views = views
        self._misbehaviour = misbehaviour
        self._expires_in = expires_in
        self._tokens: dict[str, float] = {}
        self._lock = threading.Lock()
        self.requests: Counter[str] = Counter()

    def routes(self) -> list[Route]:
        """Routes of the gateway."""
        data = [Route(service.path, self._endpoint(service)) for service in SERVICES]
        return [Route(TOKEN_PATH, self._token, methods=["POST"]), *data]

    async def _token(self, request: Request) -> Response:
        self.requests[TOKEN_PATH] += 1
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        rule = self._misbehaviour.next(TOKEN_PATH)
        if rule is not None and rule.kind in _FAULTS:
            return _spoiled(rule)
        if rule is not None and rule.kind == "html_200":
            return HTMLResponse(_HTML)
        if not secrets.compare_digest(_basic(request), self._credentials.encode()):
            return _oauth_error(401, "invalid_client", "Client Authentication failed.")
        if form.get("grant_type") != ["client_credentials"]:
            return _oauth_error(400, "unsupported_grant_type", "Unsupported grant_type value")
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._tokens[token] = time.monotonic() + self._expires_in
        return _json(
            {
                "access_token": token,
                "scope": "am_application_scope default",
                "token_type": "Bearer",
                "expires_in": self._expires_in,
            }
        )

    def _endpoint(self, service: Service) -> Callable[[Request], Response]:
        def respond(request: Request) -> Response:
            self.requests[service.path] += 1
            return self._respond(service, request)

        return respond

    def _respond(self, service: Service, request: Request) -> Response:
        try:
            window: Window | Rejection = service.parse(request.query_params)
        except Rejection as rejection:
            window = rejection
        offset = window.offset if isinstance(window, Window) else 0
        rule = self._misbehaviour.next(service.path, offset)
        if rule is not None:
            response = self._spoil_before(rule)
            if response is not None:
                return response
        if not self._knows(request.headers.get("authorization", "")):
            return _fault(401, "900901", "Invalid Credentials", "Access failure for API")
        if isinstance(window, Rejection):
            return _json(window.envelope)
        view = self._views(service.dataset)
        if view is None:
            return _fault(503, "303001", "Service Unavailable", "The sandbox's clock is not set")
        body = msgspec.json.encode(service.answer(_page(view, window, rule)))
        if rule is not None and rule.kind == "truncated_json":
            body = body[: len(body) // 2]
        return Response(body, media_type="application/json")

    def _spoil_before(self, rule: Rule) -> Response | None:
        """Misbehaviour that shows before the service is reached."""
        if rule.kind == "expired_token":
            with self._lock:
                self._tokens.clear()
        elif rule.kind == "timeout":
            self._misbehaviour.delay(rule.seconds)
        elif rule.kind == "html_200":
            return HTMLResponse(_HTML)
        elif rule.kind in _FAULTS:
            return _spoiled(rule)
        return None

    def _knows(self, authorization: str) -> bool:
        kind, _, token = authorization.partition(" ")
        with self._lock:
            expires = self._tokens.get(token.strip())
        return kind.lower() == "bearer" and expires is not None and time.monotonic() < expires


def _page(view: View, window: Window, rule: Rule | None) -> Page:
    """The page of the window, spoiled if a rule says so."""
    kind = rule.kind if rule is not None else None
    offset = window.offset
    if kind == "repeated_page":
        offset = max(0, offset - window.limit)
    page = view.page(window.first, window.last, offset, window.limit)
    if rule is not None and kind == "wrong_total":
        return Page(max(0, page.total + rule.delta), page.rows)
    if rule is not None and kind == "dropped_page":
        dropped = rule.rows or max(1, len(page.rows) // 2)
        return Page(page.total, page.rows[: max(0, len(page.rows) - dropped)])
    return page


def _basic(request: Request) -> bytes:
    """User and password of the header, or nothing."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return b""
    try:
        return base64.b64decode(value.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _spoiled(rule: Rule) -> Response:
    status, code, message, description = _FAULTS[rule.kind]
    response = _fault(status, code, message, description)
    if rule.kind == "throttled":
        response.headers["Retry-After"] = str(rule.retry_after)
    return response


def _fault(status: int, code: str, message: str, description: str) -> Response:
    body: Envelope = {"fault": {"code": int(code), "message": message, "description": description}}
    return _json(body, status)


def _oauth_error(status: int, error: str, description: str) -> Response:
    return _json({"error": error, "error_description": description}, status)


def _json(body: Envelope, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")
