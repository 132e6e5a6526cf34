"""Find out how a REST service wraps its records, by asking it.

In: bodies of a service nobody has described yet. Out: the contract's `envelope`: where success, message,
records and total are, and what "nothing there" looks like, each with the evidence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kho.errors import SourceRejected

Path = tuple[str, ...]

_TOTAL = re.compile(r"(?i)total|count|tong|soluong|sobanghi")
_SUCCESS = re.compile(r"(?i)^(status|error_?code|code|result_?code|success|statuscode|ma_?loi|trang_?thai)$")
_MESSAGE = re.compile(r"(?i)^(message|msg|description|desc|thong_?bao|mo_?ta|error_?message)$")


@dataclass(frozen=True)
class Wrapping:
    """Where things are in a body; `evidence` says why."""

    records: Path
    total: Path | None
    success: Path | None
    success_value: Any
    message: Path | None
    evidence: tuple[str, ...]


def find_wrapping(body: bytes, where: str) -> Wrapping | None:
    """How a body with records is wrapped; None if it holds no records.

    Raises:
        SourceRejected: the body is not JSON.
    """
    decoded = _decode(body, where)
    lists = [(path, value) for path, value in _walk(decoded) if _is_records(value)]
    if not lists:
        return None
    records, found = max(lists, key=lambda item: (len(item[1]), -len(item[0])))
    scalars = [(path, value) for path, value in _walk(decoded) if not isinstance(value, dict | list)]
    total = next((path for path, value in scalars if _TOTAL.search(path[-1]) and str(value).isdigit()), None)
    success = next(((path, value) for path, value in scalars if _SUCCESS.match(path[-1])), None)
    message = next((path for path, _ in scalars if _MESSAGE.match(path[-1])), None)
    evidence = [f"records: a list of {len(found)} objects at {_dotted(records) or 'the top'}"]
    if total:
        evidence.append(f"total: {_dotted(total)} is a number")
    if success:
        evidence.append(f"success: {_dotted(success[0])} is {success[1]!r} where records come")
    return Wrapping(
        records,
        total,
        success[0] if success else None,
        success[1] if success else None,
        message,
        tuple(evidence),
    )


def value_at(body: bytes, path: Path, where: str) -> Any:
    """The value at `path` of a body; None if there is none."""
    found = _decode(body, where)
    for part in path:
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _decode(body: bytes, where: str) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise SourceRejected(
            "the answer is not JSON",
            where=where,
            next_step="look at the path and the parameters; for XML write the contract by hand",
        ) from error


def _walk(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Everything in a body down to the records, outermost first."""
    yield path, value
    if isinstance(value, dict) and len(path) < 4:  # no service wraps deeper
        for key, inner in value.items():
            yield from _walk(inner, (*path, key))


def _is_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _dotted(path: Path) -> str:
    return ".".join(path)
