"""How a REST source knows us: the `auth` and `x_road` keys of its binding.

The contract says which kind; the secrets themselves are in the connection and nowhere else.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from kho.contracts.sources.rest_envelope import CodeAt
from kho.yaml_model import Frozen


class NoAuth(Frozen):
    """Nothing is sent; the network, mutual TLS or X-Road decides."""

    kind: Literal["none"]


class ClientCredentials(Frozen):
    """WSO2: key and secret (login, password) are exchanged for a Bearer token."""

    kind: Literal["wso2_client_credentials"]
    token_path: str = "/token"  # noqa: S105 - a path


class AccessToken(Frozen):
    """The base64 of a JSON with AccessKey and SecretKey, in a header of its own or as Authorization."""

    kind: Literal["lgsp_access_token"]
    header: Literal["lgspaccesstoken", "Authorization"] = "lgspaccesstoken"
    token_path: str | None = None
    """Where a Bearer token that has to come along is fetched; None: none has to."""

    @model_validator(mode="after")
    def _one_authorization(self) -> AccessToken:
        if self.header == "Authorization" and self.token_path:
            raise ValueError("a Bearer token needs the Authorization header that the access token takes")
        return self


class SessionLogin(Frozen):
    """User and password (login, password) are posted; the session of the answer goes into each request."""

    kind: Literal["session_login"]
    login_path: str
    post_as: Literal["json", "form"] = "json"
    user_field: str = "username"
    password_field: str = "password"  # noqa: S105 - a field's name
    session_path: str = "session"
    success: CodeAt | None = None
    carry: Literal["body", "param", "header"] = "body"
    carry_as: str = "session"
    minutes: int = Field(default=20, ge=1)
    """How long a session is used before we log in anew, where the source does not end it earlier."""


Auth = Annotated[
    NoAuth | ClientCredentials | AccessToken | SessionLogin,
    Field(discriminator="kind"),
]


class XRoad(Frozen):
    """The service behind an X-Road gateway; who asks is `x_road_client` of the connection's extra."""

    instance: str
    member_class: str
    member: str
    subsystem: str
    service: str

    @property
    def prefix(self) -> str:
        """What stands before the operation's own path."""
        parts = (self.instance, self.member_class, self.member, self.subsystem, self.service)
        return "/r1/" + "/".join(parts)
