"""Look into a body by declared paths, whatever it is written in.

In: bytes. Out: an `Opened` body, of which the declared paths can be read and the records taken as one JSON
object each. Records of a JSON body stay the bytes they came as; only the envelope around them is decoded.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Protocol

import msgspec

from kho.contracts.sources.rest_envelope import WHOLE_BODY, CodeAt
from kho.errors import SourceRejected, SourceUnavailable

_BOM = b"\xef\xbb\xbf"


class Opened(Protocol):
    """A body whose declared paths can be read."""

    @property
    def is_list(self) -> bool:
        """Whether the body is nothing but a list."""

    def at(self, path: str) -> Any:
        """The value at `path`; None where there is none."""

    def records(self, path: str) -> list[bytes]:
        """The records at `path`, each one line of JSON."""

    def matches(self, code: CodeAt) -> bool:
        """Whether one of the code's values stands at its path."""


class JsonBody:
    """A decoded JSON body: the declared paths, and the records as slices."""

    def __init__(self, decoded: Any) -> None:
        self._decoded = decoded

    @property
    def is_list(self) -> bool:
        """Whether the body is nothing but a list."""
        return isinstance(self._decoded, list)

    def at(self, path: str) -> Any:
        """The value at `path`; None where there is none."""
        found = self._decoded
        for part in parts_of(path):
            if isinstance(found, dict):
                found = found.get(part)
            elif found is None or isinstance(found, list):
                return None
            else:
                found = getattr(found, found.__struct_fields__[found.__struct_encode_fields__.index(part)])
        return found

    def records(self, path: str) -> list[bytes]:
        """The records at `path` as the slices they are."""
        found = self._decoded if path == WHOLE_BODY else self.at(path)
        return [bytes(record) for record in found or ()]

    def matches(self, code: CodeAt) -> bool:
        """Whether one of the code's values stands at its path."""
        return is_one_of(self.at(code.path), code.values)


def is_one_of(value: Any, codes: tuple[str | int, ...]) -> bool:
    """Whether a value is one of the codes: `1` and `"1"` are the same to vendors, but True is not 1."""
    return not isinstance(value, bool) and value is not None and str(value) in {str(code) for code in codes}


def parts_of(path: str) -> list[str]:
    """The names that a path is made of."""
    if path.startswith("/"):
        return [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]
    return path.split(".")


def open_json(
    body: bytes, where: str, records: str | None = None, paths: tuple[str, ...] | None = None
) -> JsonBody:
    """Decode a JSON body; only `paths` and `records`, if they are given.

    Raises:
        SourceUnavailable: the body is cut short or is an HTML page: asking again may help.
        SourceRejected: well-formed, but not what the contract declares.
    """
    body = body.removeprefix(_BOM)
    try:
        body.decode("utf-8")
        if b"\n" in body:  # pretty-printed: records must each fit one line from here on
            body = msgspec.json.format(body, indent=-1)
        return JsonBody(_decoder(records, paths).decode(body))
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


@lru_cache(maxsize=64)
def _decoder(records: str | None, paths: tuple[str, ...] | None) -> msgspec.json.Decoder[Any]:
    """A decoder that types only the declared paths; records stay raw."""
    if records == WHOLE_BODY:
        return msgspec.json.Decoder(list[msgspec.Raw])
    if paths is None:
        return msgspec.json.Decoder(Any)
    tree: dict[str, Any] = {}
    leaves: dict[str, Any] = dict.fromkeys(paths, Any)
    if records is not None:
        leaves[records] = list[msgspec.Raw] | None
    for path, kind in sorted(leaves.items(), key=lambda item: len(item[0])):
        *parents, leaf = parts_of(path)
        node: Any = tree
        for parent in parents:
            # Below a path that is read whole, there is nothing more to declare.
            node = node.setdefault(parent, {}) if isinstance(node, dict) else None
        if isinstance(node, dict):
            node[leaf] = kind
    return msgspec.json.Decoder(_struct("Body", tree))


def _struct(name: str, tree: dict[str, Any]) -> Any:
    names = {f"f{number}": key for number, key in enumerate(tree)}
    fields = [
        (field, _struct(key, tree[key]) | None if isinstance(tree[key], dict) else tree[key], None)
        for field, key in names.items()
    ]
    return msgspec.defstruct(name, fields, rename=names)
