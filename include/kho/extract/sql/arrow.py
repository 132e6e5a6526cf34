"""What a database's columns become in the raw zone, and the way there.

In: column types, and values as a driver hands them over. Out: Arrow. Whole numbers, booleans and floats
keep their type; everything else lands as text, as its engine writes it: a date `0000-00-00` or a number
`NaN`, which no other system can hold, is still there to be looked at, and conforming reports it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from kho.conform.legacy_encoding import BROKEN_TEXT
from kho.settings import TIMEZONE

_BINARY = (sa.types._Binary,)  # noqa: SLF001 - the only thing that all of them have in common


def is_binary(kind: sa.types.TypeEngine[Any]) -> bool:
    """Whether a column holds bytes, such as a picture or a signature."""
    return isinstance(kind, _BINARY)


def landed_type(kind: sa.types.TypeEngine[Any], dialect: str) -> pa.DataType:
    """The type with which a column lands."""
    if dialect == "sqlite":
        # Its column types are only a recommendation.
        return pa.string()
    if isinstance(kind, sa.Boolean):
        return pa.bool_()
    if isinstance(kind, mysql.BIT):
        return pa.uint64()
    if isinstance(kind, sa.Integer):
        return pa.uint64() if getattr(kind, "unsigned", False) else pa.int64()
    if isinstance(kind, sa.Float):
        return pa.float64()
    return pa.string()


def from_bytes(values: pa.Array, kind: pa.DataType) -> pa.Array:
    """Values in the form in which the engine writes them, as `kind`."""
    if pa.types.is_string(kind):
        return as_text(values)
    return as_text(values).cast(kind)


def as_text(values: pa.Array) -> pa.Array:
    """Bytes as text; what is no UTF-8 is kept in a form that says so."""
    try:
        return values.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([_decoded(value) for value in values.to_pylist()], pa.string())


def _decoded(value: bytes | None) -> str | None:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return BROKEN_TEXT + value.hex()


def from_objects(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Python objects, as a driver without bulk interface makes them, as `kind`."""
    if not pa.types.is_string(kind):
        return pa.array(values, kind)
    return pa.array([None if value is None else _written(value) for value in values], kind)


def _written(value: Any) -> str:
    if isinstance(value, str):
        return value
    for kind, write in _WRITERS:
        if isinstance(value, kind):
            return write(value)
    return str(value)


def _write_moment(value: datetime) -> str:
    local = value.astimezone(ZoneInfo(TIMEZONE)) if value.tzinfo else value
    return local.replace(tzinfo=None).isoformat(" ")


_WRITERS: tuple[tuple[type | tuple[type, ...], Callable[[Any], str]], ...] = (
    (bool, lambda value: str(value).lower()),
    (Decimal, lambda value: format(value, "f")),
    (datetime, _write_moment),
    ((date, time), lambda value: value.isoformat()),
    (timedelta, str),
    ((dict, list), lambda value: json.dumps(value, ensure_ascii=False)),
    ((bytes, bytearray, memoryview), lambda value: _decoded(bytes(value)) or ""),
)
