"""How to read a body: the `envelope` key of a REST binding."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from kho.yaml_model import Frozen

WHOLE_BODY = "$"
"""The path of a body that is nothing but a list of records."""


class CodeAt(Frozen):
    """A path into the body, and the values there that count."""

    path: str
    values: tuple[str | int, ...]


class ErrorCodes(Frozen):
    """What the codes other than success mean; a code that no list has is fatal.

    `path` is where the code stands, if not where success does.
    """

    path: str | None = None
    empty: tuple[str | int, ...] = ()
    retry: tuple[str | int, ...] = ()
    authentication: tuple[str | int, ...] = ()
    fatal: tuple[str | int, ...] = ()


class Envelope(Frozen):
    """HTTP 200 proves nothing, so success is declared per endpoint.

    Paths are names joined by dots, or a JSON pointer (`/@odata.nextLink`) where a name has a dot. In XML they
    start below the root element and know no namespaces; an attribute is `@name`.
    """

    format: Literal["json", "xml"] = "json"
    success: CodeAt | None = None
    message: str | None = None
    records: str
    total: str | None = None
    total_header: str | None = None
    errors: ErrorCodes = Field(default_factory=ErrorCodes)

    @model_validator(mode="after")
    def _success_is_declared(self) -> Envelope:
        if self.records != WHOLE_BODY and self.success is None:
            raise ValueError(f"success is missing; only a bare list of records ({WHOLE_BODY}) may lack it")
        if self.records == WHOLE_BODY and (self.total or self.format == "xml"):
            raise ValueError("a bare list has no place for a total, and only JSON has bare lists")
        if self.total and self.total_header:
            raise ValueError("give total or total_header, not both")
        listed = [
            str(code)
            for codes in (self.errors.empty, self.errors.retry, self.errors.authentication, self.errors.fatal)
            for code in codes
        ]
        if len(set(listed)) < len(listed):
            raise ValueError("an error code is in two lists")
        if listed and self.error_path is None:
            raise ValueError("errors needs a path, because there is no success to take it from")
        return self

    @property
    def error_path(self) -> str | None:
        """Where a code that is no success stands."""
        return self.errors.path or (self.success.path if self.success else None)
