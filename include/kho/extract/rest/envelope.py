"""Read the envelope of a page, and judge by what is declared there how the source fared.

In: a body as received, the headers it came with, and the contract's `Envelope`. Out: `Page`: the records as
raw JSON, the declared total, and what names the next page. HTTP status is not asked: gateways send
errors, and error pages, with status 200, and data under any.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kho.contracts.sources.rest_envelope import WHOLE_BODY, Envelope
from kho.errors import AuthenticationFailed, KhoError, SourceRejected, SourceUnavailable
from kho.extract.rest.body import Opened, is_one_of, open_json
from kho.extract.rest.xml import open_xml

_LONGEST_MESSAGE = 200
_PERSONAL = re.compile(r"\d{8,}")


@dataclass(frozen=True)
class Page:
    """One page of records.

    `records` are slices of the body, `total` is what the source declares (None: nothing), `extras` what
    stands at the further paths that the paging reads.
    """

    records: tuple[bytes, ...]
    total: int | None
    extras: Mapping[str, Any]


class LoginRefused(AuthenticationFailed):
    """The source no longer knows our token or session; a new one may help."""


def read_page(
    body: bytes,
    envelope: Envelope,
    where: str,
    headers: Mapping[str, str] | None = None,
    extras: tuple[str, ...] = (),
) -> Page:
    """The records and total in `body`, and the values at the paths of `extras`.

    Raises:
        SourceUnavailable: cut short, an HTML page, or a code declared as passing: asking again may help.
        LoginRefused: a code declared as a matter of authentication.
        SourceRejected: well-formed, but not what the contract declares.
    """
    opened = _open(body, envelope, where, extras)
    if not _is_success(opened, envelope):
        if is_one_of(_error_code(opened, envelope), envelope.errors.empty):
            return _nothing(envelope)
        raise _failure(opened, envelope, where)
    records = tuple(opened.records(envelope.records))
    if any(record[:1] != b"{" for record in records):
        raise SourceRejected(
            "a record is not a JSON object" if envelope.format == "json" else "a record is not an object",
            where=where,
            next_step="report it to the source's owner",
        )
    found = {path: opened.at(path) for path in extras}
    return Page(records, _total(opened, envelope, headers or {}, where), found)


def declared_outcome(body: bytes, envelope: Envelope, where: str) -> Page | KhoError | None:
    """What a body that came with an HTTP error says of itself, if its code is one that the contract lists."""
    try:
        opened = _open(body, envelope, where, ())
    except KhoError:
        return None
    codes, code = envelope.errors, _error_code(opened, envelope)
    if is_one_of(code, codes.empty):
        return _nothing(envelope)
    if is_one_of(code, (*codes.retry, *codes.authentication, *codes.fatal)):
        return _failure(opened, envelope, where)
    return None


def _is_success(opened: Opened, envelope: Envelope) -> bool:
    if envelope.records == WHOLE_BODY:
        return opened.is_list
    return envelope.success is not None and opened.matches(envelope.success)


def _nothing(envelope: Envelope) -> Page:
    return Page((), 0 if envelope.total or envelope.total_header else None, {})


def _open(body: bytes, envelope: Envelope, where: str, extras: tuple[str, ...]) -> Opened:
    if envelope.format == "xml":
        return open_xml(body, where)
    if envelope.records == WHOLE_BODY:
        is_list = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"<", b"")
        return open_json(body, where, WHOLE_BODY if is_list or not envelope.errors.path else None)
    declared = (
        envelope.success.path if envelope.success else None,
        envelope.error_path,
        envelope.message,
        envelope.total,
        *extras,
    )
    paths = tuple(dict.fromkeys(path for path in declared if path))
    try:
        return open_json(body, where, envelope.records, paths)
    except SourceRejected:
        # Where an error is reported, something else may stand in the place of the records.
        opened = open_json(body, where, None, paths)
        if not _is_success(opened, envelope):
            return opened
        raise


def _error_code(opened: Opened, envelope: Envelope) -> Any:
    return opened.at(envelope.error_path) if envelope.error_path else None


def _failure(opened: Opened, envelope: Envelope, where: str) -> KhoError:
    """What the code of a body without success says."""
    path = envelope.error_path or ""
    code = _error_code(opened, envelope)
    said = f"the source answered {path}={code!r}: {_said(opened, envelope)}"
    if is_one_of(code, envelope.errors.retry):
        return SourceUnavailable(said, where=where)
    if is_one_of(code, envelope.errors.authentication):
        return LoginRefused(said, where=where, next_step="check the connection's login and password")
    return SourceRejected(
        said,
        where=where,
        next_step="look the code up in the service's description, then ask its owner",
    )


def _said(opened: Opened, envelope: Envelope) -> str:
    """The source's message, short and without numbers that could be a person's."""
    message = opened.at(envelope.message) if envelope.message else None
    return "no message" if message is None else _PERSONAL.sub("…", str(message))[:_LONGEST_MESSAGE]


def _total(opened: Opened, envelope: Envelope, headers: Mapping[str, str], where: str) -> int | None:
    place = envelope.total or envelope.total_header
    if place is None:
        return None
    total = opened.at(place) if envelope.total else headers.get(place.lower())
    try:
        return int(total)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise SourceRejected(
            f"the declared total {place}={total!r} is not a number",
            where=where,
            next_step="compare the response with the contract's envelope",
        ) from error
