"""What an HTTP answer says before anybody looks at its data: gateway faults, X-Road errors, status codes.

In: status, headers and body. Out: the error they mean, or None. Gateways report faults under any status, 200
included, so their bodies are looked for first.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from kho.errors import AuthenticationFailed, KhoError, SourceRejected, SourceThrottled, SourceUnavailable
from kho.extract.rest.envelope import LoginRefused

_THROTTLED = range(900800, 900810)
_LOGIN = range(900900, 900907)
_FORBIDDEN = range(900907, 900920)
_BACKEND = (*range(101500, 101600), *range(303000, 303100), 900967)

_FAULT_START = re.compile(rb'^\s*(\{\s*"fault"\s*:|<(\w+:)?fault\b)')
_XML_CODE = re.compile(rb"<(?:\w+:)?code>\s*(\d+)\s*<")
_LONGEST_FAULT = 16_384


def fault_of(
    status: int, headers: Mapping[str, str], body: bytes, where: str, connection: str
) -> KhoError | None:
    """The error that an answer means, whatever its data; None if there is none.

    Args:
        headers: with lower-case names.
        connection: whose credentials were used, for the hint.
    """
    retry_after = seconds_of(headers.get("retry-after"))
    code = _gateway_code(body)
    said = str(status) if code is None else f"{status}, code {code}"
    if status == 429 or code in _THROTTLED:
        return SourceThrottled("the source limits the rate of requests", where=where, retry_after=retry_after)
    if status == 401 or code in _LOGIN:
        return LoginRefused(
            f"the source refuses our token ({said})",
            where=where,
            next_step=f"check login and password of the connection '{connection}'",
        )
    if status == 403 or code in _FORBIDDEN:
        return AuthenticationFailed(
            f"we are not subscribed to this service ({said})",
            where=where,
            next_step="ask the platform's operator to subscribe our application to it",
        )
    if "x-road-error" in headers:
        return _x_road_fault(headers["x-road-error"], where)
    if status in (408, 425) or status >= 500 or code in _BACKEND:
        error = SourceUnavailable(f"the source answered {said}", where=where)
        if retry_after is not None and status == 503:
            return SourceThrottled(
                "the source is closed for a while (503)", where=where, retry_after=retry_after
            )
        return error
    if status >= 300 or code is not None:
        moved = "it points to another address, which is not followed" if status < 400 else ""
        return SourceRejected(
            f"the source answered {said}{'; ' + moved if moved and code is None else ''}",
            where=where,
            next_step="check the path in the contract and the connection's host",
        )
    return None


def seconds_of(header: str | None) -> float | None:
    """Seconds to wait, from either form of Retry-After; None if absent or unreadable."""
    if not header:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None


def _gateway_code(body: bytes) -> int | None:
    """The code of a WSO2 fault; None if the body is none."""
    if len(body) > _LONGEST_FAULT or not _FAULT_START.match(body):
        return None
    found = _XML_CODE.search(body)
    if found:
        return int(found[1])
    try:
        return int(json.loads(body)["fault"]["code"])
    except (ValueError, KeyError, TypeError):
        return None


def _x_road_fault(kind: str, where: str) -> KhoError:
    """The error behind an X-Road error header, such as `Server.ServerProxy.ServiceFailed`."""
    if "AccessDenied" in kind or "UnknownMember" in kind:
        return AuthenticationFailed(
            f"X-Road refuses us ({kind})",
            where=where,
            next_step="ask the service's owner for the access right of our subsystem",
        )
    if kind.startswith("Server."):
        return SourceUnavailable(f"X-Road cannot reach the service ({kind})", where=where)
    return SourceRejected(
        f"X-Road does not take the request ({kind})",
        where=where,
        next_step="compare x_road in the contract with the service's identifier",
    )
