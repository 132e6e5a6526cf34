"""Read the envelope of a JSON page without reading the records in it.

In: the body as received and the contract's `Envelope`. Out: `Page`: the records as raw JSON slices,
the declared total, and whether the source said success, nothing, or something else. HTTP status is
not asked: gateways send errors, and error pages, with status 200.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from kho.contracts.sources.rest import CodeAt, Envelope
from kho.errors import SourceRejected, SourceUnavailable


@dataclass(frozen=True)
class Page:
    """One page of records: `records` are slices of the body, `total` is what the source declares."""

    records: tuple[bytes, ...]
    total: int


def read_page(body: bytes, envelope: Envelope, where: str) -> Page:
    """The records and total in `body`.

    Raises:
        SourceUnavailable: the body is cut short or is an HTML page: asking again may help.
        SourceRejected: well-formed, but not what the contract declares.
    """
    try:
        body.decode("utf-8")
        if b"\n" in body:  # pretty-printed: records must each fit one line from here on
            body = msgspec.json.format(body, indent=-1)
        decoded = _decoder(envelope).decode(body)
    except UnicodeDecodeError as error:
        raise SourceRejected(
            f"the body is not UTF-8 (byte {error.start})",
            where=where,
            next_step="ask the source's owner for UTF-8",
        ) from error
    except msgspec.ValidationError as error:
        raise SourceRejected(
            f"the body does not have the declared shape: {error}",
            where=where,
            next_step="compare the response with the contract's envelope",
        ) from error
    except msgspec.DecodeError as error:
        if body.lstrip()[:1] == b"<":
            raise SourceUnavailable("an HTML page came instead of data", where=where) from error
        raise SourceUnavailable(f"the JSON is cut short or broken: {error}", where=where) from error
    if envelope.empty and _matches(decoded, envelope.empty):
        return Page((), 0)
    if not _matches(decoded, envelope.success):
        code, message = _at(decoded, envelope.success.path), _at(decoded, envelope.message)
        raise SourceRejected(
            f"the source answered {envelope.success.path}={code!r}: {message}",
            where=where,
            next_step="look the code up in the service's description, then ask its owner",
        )
    records = tuple(bytes(record) for record in _at(decoded, envelope.records) or ())
    if any(record[:1] != b"{" for record in records):
        raise SourceRejected(
            "a record is not a JSON object",
            where=where,
            next_step="report it to the source's owner",
        )
    total = _at(decoded, envelope.total)
    try:
        return Page(records, int(total))
    except (TypeError, ValueError) as error:
        raise SourceRejected(
            f"the declared total {envelope.total}={total!r} is not a number",
            where=where,
            next_step="compare the response with the contract's envelope",
        ) from error


def _matches(decoded: Any, code: CodeAt) -> bool:
    value = _at(decoded, code.path)
    # `1` and `"1"` are the same code to vendors, but True is not 1.
    return (
        not isinstance(value, bool)
        and value is not None
        and str(value) in {str(item) for item in code.values}
    )


def _at(decoded: Any, path: str) -> Any:
    for part in path.split("."):
        if decoded is None:
            return None
        decoded = getattr(decoded, part)
    return decoded


@lru_cache(maxsize=64)
def _decoder(envelope: Envelope) -> msgspec.json.Decoder[Any]:
    """A decoder that types only the declared paths; records stay raw."""
    tree: dict[str, Any] = {}
    leaves: dict[str, Any] = {envelope.success.path: Any, envelope.message: Any, envelope.total: Any}
    if envelope.empty:
        leaves[envelope.empty.path] = Any
    leaves[envelope.records] = list[msgspec.Raw] | None
    for path, kind in leaves.items():
        *parents, leaf = path.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
        node[leaf] = kind
    return msgspec.json.Decoder(_struct("Body", tree))


def _struct(name: str, tree: dict[str, Any]) -> Any:
    fields = [
        (key, _struct(key, kind) | None if isinstance(kind, dict) else kind, None)
        for key, kind in tree.items()
    ]
    return msgspec.defstruct(name, fields)
