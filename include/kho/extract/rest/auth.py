"""Who we are to a REST source: the headers and fields that each request carries.

In: the contract's `auth`, the connection with its secrets, and a way to post. Out: `Credentials` for one
request. What is long-lived is put together here each time; what the source gave us (token, session) is
shared by all tasks of this machine (`kho.extract.rest.tokens`).

The connection's login and password are key and secret, or user and password. Its extra may hold
`access_key`, `secret_key`, `app_name`, `partner_code`, `partner_code_cus` (for `lgsp_access_token`) and
`x_road_client`.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kho.connections import Connection
from kho.contracts.sources.rest import RestSource
from kho.contracts.sources.rest_auth import AccessToken, ClientCredentials, SessionLogin
from kho.errors import AuthenticationFailed, ConfigurationError, SourceUnavailable
from kho.extract.rest.body import open_json
from kho.extract.rest.tokens import SharedToken, Token

Post = Callable[..., bytes]
"""Posts to a path of the source (`path`, then `data` or `json`, and `headers`) and returns the body."""

_DEFAULT_TOKEN_SECONDS = 300.0
"""How long a token is used whose source does not say how long it lives."""


@dataclass(frozen=True)
class Credentials:
    """What one request carries; none of it belongs into a log or a message."""

    headers: dict[str, str] = field(default_factory=dict, repr=False)
    params: dict[str, str] = field(default_factory=dict, repr=False)
    body: dict[str, str] = field(default_factory=dict, repr=False)
    token: str | None = field(default=None, repr=False)


class Identity:
    """Our side of the conversation with one source."""

    def __init__(
        self, source: RestSource, connection: Connection, base_url: str, folder: Path, post: Post
    ) -> None:
        self._auth = source.auth
        self._connection = connection
        self._post = post
        self._fixed: dict[str, str] = {}
        self._shared: SharedToken | None = None
        if source.x_road:
            self._fixed["X-Road-Client"] = self._required_extra("x_road_client")
        auth = source.auth
        if isinstance(auth, AccessToken):
            self._fixed[auth.header] = self._access_token()
        token_path = getattr(auth, "token_path", None) or getattr(auth, "login_path", None)
        if token_path:
            whose = (connection.name, base_url, token_path, connection.login or "")
            self._shared = SharedToken(folder, whose, self._fetch)
        self.secret_params = (
            {auth.carry_as} if isinstance(auth, SessionLogin) and auth.carry == "param" else set[str]()
        )

    def credentials(self) -> Credentials:
        """For the next request.

        Raises:
            KhoError: the source gives no token, or no session.
        """
        return self._with(self._shared.get() if self._shared else None)

    def after_refusal_of(self, refused: Credentials) -> Credentials | None:
        """For asking once more; None where there is nothing that could be renewed."""
        if self._shared is None or refused.token is None:
            return None
        return self._with(self._shared.after_refusal_of(refused.token))

    def _with(self, token: str | None) -> Credentials:
        headers = dict(self._fixed)
        if "X-Road-Client" in headers:
            headers["X-Road-Id"] = str(uuid.uuid4())
        auth = self._auth
        if token is None:
            return Credentials(headers)
        if isinstance(auth, SessionLogin):
            carried = {auth.carry_as: token}
            if auth.carry == "header":
                return Credentials(headers | carried, token=token)
            if auth.carry == "param":
                return Credentials(headers, params=carried, token=token)
            return Credentials(headers, body=carried, token=token)
        return Credentials(headers | {"Authorization": f"Bearer {token}"}, token=token)

    def _access_token(self) -> str:
        extra = self._connection.extra
        values = {
            "AccessKey": extra.get("access_key") or self._connection.login,
            "SecretKey": extra.get("secret_key") or self._connection.password,
            "AppName": extra.get("app_name", ""),
            "PartnerCode": extra.get("partner_code", ""),
            "PartnerCodeCus": extra.get("partner_code_cus", ""),
        }
        text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
        return base64.b64encode(text.encode()).decode()

    def _fetch(self) -> Token:
        auth = self._auth
        if isinstance(auth, SessionLogin):
            return self._log_in(auth)
        pair = f"{self._connection.login}:{self._connection.password}".encode()
        path = auth.token_path if isinstance(auth, ClientCredentials | AccessToken) else None
        body = self._post(
            path,
            data={"grant_type": "client_credentials"},
            headers={"Authorization": "Basic " + base64.b64encode(pair).decode()},
        )
        answer = self._answer(body, path)
        value = answer.get("access_token")
        if not isinstance(value, str) or not value:
            raise SourceUnavailable("the token endpoint sent no token", where=f"POST {path}")
        return Token.lasting(value, _seconds(answer.get("expires_in")))

    def _log_in(self, auth: SessionLogin) -> Token:
        form = {
            auth.user_field: self._connection.login or "",
            auth.password_field: self._connection.password or "",
        }
        body = self._post(auth.login_path, **{"json" if auth.post_as == "json" else "data": form})
        where = f"POST {auth.login_path}"
        opened = open_json(body, where)
        if auth.success and not opened.matches(auth.success):
            code = opened.at(auth.success.path)
            raise AuthenticationFailed(
                f"the source refuses our login ({auth.success.path}={code!r})",
                where=where,
                next_step=f"check login and password of the connection '{self._connection.name}'",
            )
        session = opened.at(auth.session_path)
        if not isinstance(session, str | int) or session == "":
            raise SourceUnavailable("the login was answered without a session", where=where)
        return Token.lasting(str(session), auth.minutes * 60)

    def _answer(self, body: bytes, path: str | None) -> dict[str, Any]:
        try:
            answer = json.loads(body)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise SourceUnavailable("the token endpoint sent no JSON object", where=f"POST {path}")
        return answer

    def _required_extra(self, name: str) -> str:
        value = self._connection.extra.get(name)
        if not value:
            raise ConfigurationError(
                f"the connection '{self._connection.name}' does not say who we are to X-Road",
                where=f"extra.{name}",
                next_step=f'add "{name}": "instance/class/member/subsystem" to the connection\'s extra',
            )
        return str(value)


def _seconds(value: object) -> float:
    try:
        seconds = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return _DEFAULT_TOKEN_SECONDS
    return seconds if seconds > 0 else _DEFAULT_TOKEN_SECONDS
