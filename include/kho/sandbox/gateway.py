"""The LGSP gateway: tokens, faults as WSO2 words them, and the data services behind it.

In:  HTTP requests.
Out: Starlette routes for `POST /token` and one `GET` per service.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from kho.sandbox.access import Callers
from kho.sandbox.misbehaviour import Misbehaviour, Rule
from kho.sandbox.services import Asked, Rejection, Service
from kho.sandbox.views import Page, View

TOKEN_PATH = "/token"  # noqa: S105 - a path

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
    """The token endpoint and one endpoint per service, `services` by dataset."""

    def __init__(
        self, services: Mapping[str, Service], callers: Callers, views: Views, misbehaviour: Misbehaviour
    ) -> None:
        self._services = services
        self._callers = callers
        self._views = views
        self._misbehaviour = misbehaviour
        self.requests: Counter[str] = Counter()
        self.paths = frozenset({TOKEN_PATH, *(service.path for service in services.values())})

    def routes(self) -> list[Route]:
        """Routes of the gateway."""
        data = [
            Route(service.path, self._endpoint(dataset, service))
            for dataset, service in self._services.items()
        ]
        return [Route(TOKEN_PATH, self._token, methods=["POST"]), *data]

    async def _token(self, request: Request) -> Response:
        self.requests[TOKEN_PATH] += 1
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        rule = self._misbehaviour.next(TOKEN_PATH)
        if rule is not None and rule.kind in _FAULTS:
            return _spoiled(rule)
        if rule is not None and rule.kind == "html_200":
            return HTMLResponse(_HTML)
        token = self._callers.issue(request.headers.get("authorization", ""))
        if token is None:
            return _oauth_error(401, "invalid_client", "Client Authentication failed.")
        if form.get("grant_type") != ["client_credentials"]:
            return _oauth_error(400, "unsupported_grant_type", "Unsupported grant_type value")
        return _json(
            {
                "access_token": token,
                "scope": "am_application_scope default",
                "token_type": "Bearer",
                "expires_in": self._callers.expires_in,
            }
        )

    def _endpoint(self, dataset: str, service: Service) -> Callable[[Request], Response]:
        def respond(request: Request) -> Response:
            self.requests[service.path] += 1
            return self._respond(dataset, service, request)

        return respond

    def _respond(self, dataset: str, service: Service, request: Request) -> Response:
        try:
            asked: Asked | Rejection = service.parse(request.query_params)
        except Rejection as rejection:
            asked = rejection
        offset = asked.offset if isinstance(asked, Asked) else 0
        rule = self._misbehaviour.next(service.path, offset)
        if rule is not None:
            response = self._spoil_before(rule)
            if response is not None:
                return response
        if not self._callers.knows(request.headers, service.access):
            return _refusal(service)
        if isinstance(asked, Rejection):
            return _json(asked.envelope)
        view = self._views(dataset)
        if view is None:
            return _fault(503, "303001", "Service Unavailable", "The sandbox's clock is not set")
        body = msgspec.json.encode(service.wrap(_page(view, asked, rule), asked))
        if rule is not None and rule.kind == "truncated_json":
            body = body[: len(body) // 2]
        return Response(body, media_type="application/json")

    def _spoil_before(self, rule: Rule) -> Response | None:
        """Misbehaviour that shows before the service is reached."""
        if rule.kind == "expired_token":
            self._callers.forget_tokens()
        elif rule.kind == "timeout":
            self._misbehaviour.delay(rule.seconds)
        elif rule.kind == "html_200":
            return HTMLResponse(_HTML)
        elif rule.kind in _FAULTS:
            return _spoiled(rule)
        return None


def _page(view: View, asked: Asked, rule: Rule | None) -> Page:
    """The page asked for, spoiled if a rule says so."""
    kind = rule.kind if rule is not None else None
    offset = asked.offset
    if kind == "repeated_page":
        offset = max(0, offset - asked.limit)
    page = view.page(asked.first, asked.last, offset, asked.limit)
    if rule is not None and kind == "wrong_total":
        return Page(max(0, page.total + rule.delta), page.rows)
    if rule is not None and kind == "dropped_page":
        dropped = rule.rows or max(1, len(page.rows) // 2)
        return Page(page.total, page.rows[: max(0, len(page.rows) - dropped)])
    return page


def _refusal(service: Service) -> Response:
    """What a caller hears who is not known, from the gateway that stands before the service."""
    if service.access != "x_road":
        return _fault(401, "900901", "Invalid Credentials", "Access failure for API")
    kind = "Server.ServerProxy.AccessDenied"
    response = _json({"type": kind, "message": "Request is not allowed", "detail": ""}, 500)
    response.headers["X-Road-Error"] = kind
    return response


def _spoiled(rule: Rule) -> Response:
    status, code, message, description = _FAULTS[rule.kind]
    response = _fault(status, code, message, description)
    if rule.kind == "throttled":
        response.headers["Retry-After"] = str(rule.retry_after)
    return response


def _fault(status: int, code: str, message: str, description: str) -> Response:
    body = {"fault": {"code": int(code), "message": message, "description": description}}
    return _json(body, status)


def _oauth_error(status: int, error: str, description: str) -> Response:
    return _json({"error": error, "error_description": description}, status)


def _json(body: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")
