"""One polite conversation with a REST source.

In: the contract's binding and a connection. Out: response bodies and what a reader makes of them. Time-outs
on everything; retries with exponential backoff and jitter; one pace and one token for all tasks of this
machine (`rate`, `tokens`); a token is renewed once when the source refuses it; no redirect is followed, so
that no secret travels to another host. Every exchange is noted (`attempts`), for the principle Kết nối.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import requests
import urllib3
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential_jitter,
)

from kho.connections import Connection
from kho.contracts.sources.rest import RestSource
from kho.errors import AuthenticationFailed, KhoError, SourceThrottled
from kho.extract.rest.attempts import Attempt, Attempts, now
from kho.extract.rest.auth import Credentials, Identity
from kho.extract.rest.envelope import LoginRefused, declared_outcome
from kho.extract.rest.faults import fault_of
from kho.extract.rest.rate import SharedPace
from kho.extract.rest.transport import Answer, base_url_of, open_session, read_answer, reason_of

T = TypeVar("T")


class Stopped(Exception):
    """Another thread has failed: there is no point in going on."""


@dataclass(frozen=True)
class Question:
    """One request for data: its parameters, and where it belongs in the record of attempts."""

    params: Mapping[str, str | int]
    part: str = ""
    page: int = 0
    path: str | None = None
    """Another path of the same host, where a source links to its next page."""


class RestClient:
    """The conversation of one thread with a source.

    The connection's `extra` may set `connect_timeout`, `read_timeout`, `answer_timeout` (seconds),
    `max_attempts`, `retry_base` and `retry_max` (seconds), `max_body_mb`, `requests_per_second`, `burst`,
    `client_cert`, `client_key`, `ca` (files for mutual TLS).
    """

    def __init__(
        self,
        source: RestSource,
        connection: Connection,
        home: Path,
        attempts: Attempts,
        stop: threading.Event | None = None,
    ) -> None:
        extra = connection.extra
        self.base_url = base_url_of(connection)
        self._source = source
        self._connection = connection
        self._attempts = attempts
        self._stop = stop or threading.Event()
        self._session = open_session(connection)
        self._timeouts = (float(extra.get("connect_timeout", 10)), float(extra.get("read_timeout", 60)))
        self._answer_timeout = float(extra.get("answer_timeout", 600))
        self._max_attempts = int(extra.get("max_attempts", 6))
        self._max_bytes = int(float(extra.get("max_body_mb", 128)) * 1024 * 1024)
        self._retry_max = float(extra.get("retry_max", 60))
        self._backoff = wait_exponential_jitter(
            multiplier=float(extra.get("retry_base", 1)), max=self._retry_max, jitter=1
        )
        self._pace = SharedPace(home / "pace", connection, self._retry_max)
        self._identity = Identity(source, connection, self.base_url, home / "tokens", self._post)
        self._where = f"{source.request.method} {self.base_url}{source.path}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    @property
    def endpoint(self) -> str:
        """Method, host and path of the operation."""
        return self._where

    @property
    def secret_params(self) -> set[str]:
        """Names of parameters that carry a session: never to be written down."""
        return self._identity.secret_params

    def ask(self, question: Question, read: Callable[[Answer, str], T]) -> tuple[Answer, T]:
        """The answer to a question and what `read(answer, where)` makes of it.

        `read` may raise SourceUnavailable for an answer that is not usable; the question is then asked
        again like after any other failure.

        Raises:
            SourceUnavailable, SourceThrottled: the attempts are used up, or the pause is too long.
            AuthenticationFailed, SourceRejected: asking again cannot help.
            Stopped: another thread has failed.
        """
        retrying = Retrying(
            retry=retry_if_exception(self._may_pass),
            wait=self._pause,
            sleep=self._sleep,
            stop=stop_after_attempt(self._max_attempts),
            reraise=True,
        )
        try:
            return retrying(self._ask_with_fresh_login, question, read)
        except KhoError as error:
            if error.retryable:
                made = retrying.statistics.get("attempt_number", 1)
                error.message = f"{error.message}; {made} attempt{'s were' if made > 1 else ' was'} made"
                error.next_step = error.next_step or (
                    f"check the source behind connection '{self._connection.name}'; "
                    "the next run asks again by itself and goes on where this one stopped"
                )
            error.where = error.where or self._where
            raise

    def _ask_with_fresh_login(self, question: Question, read: Callable[[Answer, str], T]) -> tuple[Answer, T]:
        credentials = self._identity.credentials()
        try:
            return self._ask_once(question, credentials, read)
        except LoginRefused:
            # Ended at the source before its time: one new token, one more try.
            renewed = self._identity.after_refusal_of(credentials)
            if renewed is None:
                raise
            return self._ask_once(question, renewed, read)

    def _ask_once(
        self, question: Question, credentials: Credentials, read: Callable[[Answer, str], T]
    ) -> tuple[Answer, T]:
        request, envelope = self._source.request, self._source.envelope
        arguments: dict[str, Any] = {"headers": {"Accept": f"application/{envelope.format}"}}
        arguments["headers"] |= credentials.headers
        if request.method == "GET":
            arguments["params"] = {**question.params, **credentials.params}
        else:
            arguments["params"] = credentials.params
            written = {**question.params, **credentials.body}
            arguments |= {"json": _nested(written)} if request.post_as == "json" else {"data": written}
        path = question.path or self._source.path

        def judge(answer: Answer) -> T:
            fault = fault_of(answer.status, answer.headers, answer.body, self._where, self._connection.name)
            if fault is None:
                return read(answer, self._where)
            if not isinstance(fault, SourceThrottled | LoginRefused):
                declared = declared_outcome(answer.body, envelope, self._where)
                if isinstance(declared, KhoError):
                    raise declared
                if declared is not None:
                    return read(answer, self._where)
            raise fault

        return self._exchange(request.method, path, arguments, question, judge)

    def _post(self, path: str, **arguments: Any) -> bytes:
        """Post our credentials to the source; the body of its answer."""
        where = f"POST {self.base_url}{path}"

        def judge(answer: Answer) -> bytes:
            fault = fault_of(answer.status, answer.headers, answer.body, where, self._connection.name)
            if answer.status in (400, 401, 403) and not isinstance(fault, SourceThrottled):
                raise AuthenticationFailed(
                    f"the source refuses our key and secret ({answer.status})",
                    where=where,
                    next_step=f"check login and password of the connection '{self._connection.name}'",
                )
            if fault is not None:
                raise fault
            return answer.body

        return self._exchange("POST", path, arguments, None, judge)[1]

    def _exchange(
        self,
        method: str,
        path: str,
        arguments: dict[str, Any],
        question: Question | None,
        judge: Callable[[Answer], T],
    ) -> tuple[Answer, T]:
        """Send one request when it is our turn, judge the answer, and note how it went."""
        self._pace.wait(self._sleep)
        if self._stop.is_set():
            raise Stopped
        started, at = time.monotonic(), now()
        answer: Answer | None = None
        outcome = "Interrupted"
        try:
            answer = self._send(method, path, arguments)
            judged = judge(answer)
            outcome = "ok"
            return answer, judged
        except KhoError as error:
            outcome = type(error).__name__
            if isinstance(error, SourceThrottled) and error.retry_after is not None:
                self._pace.pause(error.retry_after)
            raise
        finally:
            self._attempts.note(
                Attempt(
                    at=at,
                    purpose="data" if question else "login",
                    endpoint=f"{method} {path}",
                    part=question.part if question else "",
                    page=question.page if question else 0,
                    status=answer.status if answer else None,
                    seconds=round(time.monotonic() - started, 4),
                    bytes=len(answer.body) if answer else 0,
                    outcome=outcome,
                )
            )

    def _send(self, method: str, path: str, arguments: dict[str, Any]) -> Answer:
        where = f"{method} {self.base_url}{path}"
        deadline = time.monotonic() + self._answer_timeout
        try:
            response = self._session.request(
                method,
                self.base_url + path,
                timeout=self._timeouts,
                stream=True,
                allow_redirects=False,
                # Said here, because REQUESTS_CA_BUNDLE of the environment beats what the session says.
                verify=self._session.verify,
                **arguments,
            )
            with response:
                return read_answer(response, self._max_bytes, deadline, where)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            # Not chained: the text of these errors holds the address with everything in it.
            raise reason_of(error, where, self._connection.name) from None

    def _may_pass(self, error: BaseException) -> bool:
        if isinstance(error, SourceThrottled) and (error.retry_after or 0) > self._retry_max:
            return False  # the task ends here; whoever starts it again waits as long as the source asks
        return isinstance(error, KhoError) and error.retryable

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, SourceThrottled) and error.retry_after is not None:
            return 0.0  # the shared pace holds this task back like all others
        return float(self._backoff(state))

    def _sleep(self, seconds: float) -> None:
        if seconds > 0 and self._stop.wait(seconds):
            raise Stopped


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as a JSON object; a dot in a name opens an object within."""
    tree: dict[str, Any] = {}
    for name, value in values.items():
        *parents, leaf = name.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[leaf] = value
    return tree
