"""One polite HTTP conversation with a REST source.

In: a connection and the contract's auth. Out: response bodies. One session; time-outs on every
request; retries with exponential backoff and jitter that obey Retry-After; the token is renewed once
when the source refuses it. Every attempt is counted, for the principle Kết nối.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Self, TypeVar

import requests
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential_jitter,
)

from kho.connections import Connection
from kho.contracts.sources.rest import Auth
from kho.errors import (
    AuthenticationFailed,
    KhoError,
    SourceRejected,
    SourceThrottled,
    SourceUnavailable,
)

T = TypeVar("T")

MAX_BODY_BYTES = 128 * 1024 * 1024
"""A page larger than this is refused: pages are held in memory one at a time."""

_WSO2_THROTTLED = b"900800"


@dataclass
class RequestCount:
    """Attempts of one extraction, and how many of them failed."""

    attempts: int = 0
    failed: int = 0
    seconds: float = 0.0


class HttpSource:
    """A REST source with its session and token.

    The connection's `extra` may set `connect_timeout`, `read_timeout` (seconds), `max_attempts`,
    `retry_base` and `retry_max` (seconds).
    """

    def __init__(self, connection: Connection, auth: Auth) -> None:
        scheme = connection.extra.get("scheme") or (
            connection.conn_type if connection.conn_type in ("http", "https") else "https"
        )
        self.base_url = f"{scheme}://{connection.host}" + (f":{connection.port}" if connection.port else "")
        self.count = RequestCount()
        self._connection = connection
        self._auth = auth
        self._session = requests.Session()
        self._token: str | None = None
        extra = connection.extra
        self._timeout = (
            float(extra.get("connect_timeout", 10)),
            float(extra.get("read_timeout", 60)),
        )
        self._attempts = int(extra.get("max_attempts", 6))
        self._wait = wait_exponential_jitter(
            initial=float(extra.get("retry_base", 1)),
            max=float(extra.get("retry_max", 60)),
            jitter=1,
        )
        self._retry_max = float(extra.get("retry_max", 60))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def get(self, path: str, params: dict[str, str], read: Callable[[bytes, str], T]) -> tuple[bytes, T]:
        """The body at `path` and what `read(body, where)` makes of it.

        `read` may raise SourceUnavailable for a body that is not usable; the request is then made
        again like any other failure.

        Raises:
            SourceUnavailable, SourceThrottled: the attempts are used up.
            AuthenticationFailed, SourceRejected: asking again cannot help.
        """
        where = f"GET {self.base_url}{path}"

        def attempt() -> tuple[bytes, T]:
            body = self._get_once(path, params, where)
            return body, read(body, where)

        return self._with_retries(attempt, where)

    def _with_retries(self, attempt: Callable[[], T], where: str) -> T:
        def counted() -> T:
            started = time.monotonic()
            self.count.attempts += 1
            try:
                return attempt()
            except BaseException:
                self.count.failed += 1
                raise
            finally:
                self.count.seconds += time.monotonic() - started

        retrying = Retrying(
            retry=retry_if_exception(lambda error: isinstance(error, KhoError) and error.retryable),
            wait=self._pause,
            stop=stop_after_attempt(self._attempts),
            reraise=True,
        )
        try:
            return retrying(counted)
        except KhoError as error:
            if error.retryable:
                error.message = f"{error.message}; {self._attempts} attempts were made"
                error.where = error.where or where
                error.next_step = error.next_step or (
                    f"check the source behind connection '{self._connection.name}'; "
                    "the next run asks again by itself"
                )
            raise

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, SourceThrottled) and error.retry_after is not None:
            return min(error.retry_after, self._retry_max)
        return float(self._wait(state))

    def _get_once(self, path: str, params: dict[str, str], where: str) -> bytes:
        response = self._send("GET", path, where, params=params, headers=self._authorisation())
        if response.status_code == 401 and self._auth.kind != "none":
            self._token = None  # expired at the source before its time: one new token, one more try
            response = self._send("GET", path, where, params=params, headers=self._authorisation())
        return self._body(response, where)

    def _send(self, method: str, path: str, where: str, **kwargs: object) -> requests.Response:
        try:
            return self._session.request(
                method,
                self.base_url + path,
                timeout=self._timeout,
                stream=True,
                **kwargs,  # type: ignore[arg-type]
            )
        except requests.RequestException as error:
            raise SourceUnavailable(f"no answer: {type(error).__name__}", where=where) from error

    def _body(self, response: requests.Response, where: str) -> bytes:
        with response:
            try:
                body = bytearray()
                for chunk in response.iter_content(1 << 18):
                    body += chunk
                    if len(body) > MAX_BODY_BYTES:
                        raise SourceRejected(
                            f"a page is larger than {MAX_BODY_BYTES >> 20} MiB",
                            where=where,
                            next_step="lower page_size in the contract",
                        )
            except requests.RequestException as error:
                raise SourceUnavailable(
                    f"the answer broke off: {type(error).__name__}", where=where
                ) from error
        status = response.status_code
        if status == 429 or (status >= 400 and _WSO2_THROTTLED in body):
            raise SourceThrottled(
                "the source limits the rate of requests",
                where=where,
                retry_after=_retry_after(response.headers.get("Retry-After")),
            )
        if status == 401:
            raise AuthenticationFailed(
                "the source refuses our token (401)",
                where=where,
                next_step=self._credentials_hint(),
            )
        if status == 403:
            raise AuthenticationFailed(
                "we are not subscribed to this service (403)",
                where=where,
                next_step="ask the platform's operator to subscribe our application to it",
            )
        if status >= 500:
            raise SourceUnavailable(f"the source answered {status}", where=where)
        if status >= 300:
            raise SourceRejected(
                f"the source answered {status}",
                where=where,
                next_step="check the path in the contract",
            )
        return bytes(body)

    def _authorisation(self) -> dict[str, str]:
        if self._auth.kind == "none":
            return {}
        if self._token is None:
            self._token = self._new_token()
        return {"Authorization": f"Bearer {self._token}"}

    def _new_token(self) -> str:
        where = f"POST {self.base_url}{self._auth.token_path}"
        pair = f"{self._connection.login}:{self._connection.password}".encode()
        response = self._send(
            "POST",
            self._auth.token_path,
            where,
            data={"grant_type": "client_credentials"},
            headers={"Authorization": "Basic " + base64.b64encode(pair).decode()},
        )
        if response.status_code in (400, 401, 403):
            response.close()
            raise AuthenticationFailed(
                f"the source refuses our key and secret ({response.status_code})",
                where=where,
                next_step=self._credentials_hint(),
            )
        body = self._body(response, where)
        try:
            return str(json.loads(body)["access_token"])
        except (ValueError, KeyError, TypeError) as error:
            raise SourceUnavailable("the token endpoint sent no token", where=where) from error

    def _credentials_hint(self) -> str:
        return f"check login and password of the connection '{self._connection.name}'"


def _retry_after(header: str | None) -> float | None:
    """Seconds to wait, from either form of the header; None if absent or unreadable."""
    if not header:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None
