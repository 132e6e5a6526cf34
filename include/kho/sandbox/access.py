"""Who may call the gateway: tokens of WSO2, and the header that carries key and secret themselves.

In:  the headers of a request.
Out: whether the caller is known, by the way that the operation asks for.
"""

import base64
import binascii
import json
import secrets
import threading
import time
from collections.abc import Mapping

from kho.sandbox.services import Access

X_ROAD_CLIENT = "VN/GOV/H48/KHO"
"""The subsystem that the X-Road gateway lets in."""


class Callers:
    """One consumer's key and secret, and the tokens given out for them.

    Tokens live in memory: a restart of the sandbox makes every client log in again.
    """

    def __init__(self, key: str, secret: str, expires_in: int) -> None:
        self._key = key
        self._secret = secret
        self.expires_in = expires_in
        self._tokens: dict[str, float] = {}
        self._lock = threading.Lock()

    def issue(self, authorization: str) -> str | None:
        """A token for the key and secret of a Basic header; nothing if they are wrong."""
        if not _same(_basic(authorization), f"{self._key}:{self._secret}"):
            return None
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._tokens[token] = time.monotonic() + self.expires_in
        return token

    def forget_tokens(self) -> None:
        """Every token is expired from now on."""
        with self._lock:
            self._tokens.clear()

    def knows(self, headers: Mapping[str, str], access: Access) -> bool:
        """Whether the request may pass."""
        if access == "x_road":
            return headers.get("x-road-client") == X_ROAD_CLIENT
        if access == "access_token_header":
            return self._is_consumer(headers.get("lgspaccesstoken", ""))
        authorization = headers.get("authorization", "")
        if access == "authorization_json":
            return self._is_consumer(authorization)
        kind, _, token = authorization.partition(" ")
        with self._lock:
            expires = self._tokens.get(token.strip())
        return kind.lower() == "bearer" and expires is not None and time.monotonic() < expires

    def _is_consumer(self, encoded: str) -> bool:
        """Whether a base64 JSON object has the key and the secret."""
        try:
            said = json.loads(_decoded(encoded))
        except ValueError:
            return False
        if not isinstance(said, dict):
            return False
        return _same(str(said.get("AccessKey")), self._key) and _same(
            str(said.get("SecretKey")), self._secret
        )


def _basic(authorization: str) -> str:
    """User and password of the header, or nothing."""
    kind, _, value = authorization.partition(" ")
    return _decoded(value) if kind.lower() == "basic" else ""


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value.strip(), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def _same(said: str, expected: str) -> bool:
    return secrets.compare_digest(said.encode(), expected.encode())
