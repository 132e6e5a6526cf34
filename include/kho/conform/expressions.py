"""How each column of a contract is read, as DuckDB expressions.

In: a contract and the types of the landed columns. Out: one expression per column, and one for
`_unreadable`: the names of the columns whose value was there but could not be read, as
`,received_at,due_at,`, or NULL. Such a value becomes NULL; the suite decides what follows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from duckdb import (
    CaseExpression,
    CoalesceOperator,
    ColumnExpression,
    ConstantExpression,
    Expression,
    FunctionExpression,
)

from kho.contracts.model import Column, Contract
from kho.errors import ContractError

VIETNAMESE_NUMBER = "1.234,56"
"""The source_format of numbers with a dot for thousands and a comma for decimals."""

_NUMBER_PATTERN = r"^[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?$"
_INVISIBLE = "[\u200b-\u200d\u2060\ufeff]"
_SPACES = "[\\s\u00a0\u2000-\u200a\u202f\u3000]+"
_LOCAL_ZONE = "Asia/Ho_Chi_Minh"
_DUCKDB_TYPES = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "boolean": "BOOLEAN",
}


@dataclass(frozen=True)
class Reading:
    """`value` is the conformed value; `given` is true where the source sent something."""

    value: Expression
    given: Expression


def conformed_columns(contract: Contract, landed_types: dict[str, str]) -> list[Expression]:
    """All columns of the staging table that come from the source, with `_row` and `_unreadable`.

    Args:
        landed_types: DuckDB type of each landed column, by its source name.
    """
    readings = {
        column.name: _read(column, landed_types[column.source_name]) for column in contract.columns
    }
    columns = [readings[column.name].value.alias(column.name) for column in contract.columns]
    return [
        ColumnExpression("_row"),
        _unreadable(contract, readings).alias("_unreadable"),
        *columns,
    ]


def _unreadable(contract: Contract, readings: dict[str, Reading]) -> Expression:
    names = [
        CaseExpression(
            readings[c.name].given & readings[c.name].value.isnull(), _text(c.name + ",")
        ).otherwise(_text(""))
        for c in contract.columns
        if c.logical_type != "string"
    ]
    if not names:
        return ConstantExpression(None).cast("VARCHAR")
    joined = FunctionExpression("concat", *names)
    return CaseExpression(joined != _text(""), FunctionExpression("concat", _text(","), joined))


def _read(column: Column, landed_type: str) -> Reading:
    source = ColumnExpression(column.source_name)
    if landed_type != "VARCHAR":
        return _read_native(column, source, landed_type)
    if column.nested_count or column.nested_sum:
        return _read_nested(column, source)
    text = source if column.text_hygiene == "verbatim" else clean_text(source)
    if column.default_value is not None:
        text = CoalesceOperator(text, _text(column.default_value))
    if column.logical_type == "string":
        return Reading(text, text.isnotnull())
    return Reading(_parse(column, text), text.isnotnull())


def _read_native(column: Column, source: Expression, landed_type: str) -> Reading:
    """A value that already has a type at the source: only its form may change."""
    value = source
    if landed_type == "TIMESTAMP WITH TIME ZONE":
        value = FunctionExpression("timezone", _text(_LOCAL_ZONE), source)
    return Reading(value.try_cast(_duckdb_type(column)), source.isnotnull())


def clean_text(text: Expression) -> Expression:
    """NFC, no invisible characters, single spaces, trimmed, and NULL instead of empty.

    Most codes are plain ASCII without a space; they are recognised cheaply and left alone.
    """
    plain = FunctionExpression("strlen", text) == FunctionExpression("length", text)
    for space in (" ", "\t", "\n", "\r"):
        plain = plain & ~FunctionExpression("contains", text, _text(space))
    washed = FunctionExpression("nfc_normalize", text)
    washed = FunctionExpression("regexp_replace", washed, _text(_INVISIBLE), _text(""), _text("g"))
    washed = FunctionExpression("regexp_replace", washed, _text(_SPACES), _text(" "), _text("g"))
    either = CaseExpression(plain, text).otherwise(FunctionExpression("trim", washed))
    return FunctionExpression("nullif", either, _text(""))


def _parse(column: Column, text: Expression) -> Expression:
    target = _duckdb_type(column)
    if column.logical_type in ("date", "timestamp") and column.source_format:
        parsed = FunctionExpression("try_strptime", text, _text(column.source_format))
        return parsed.cast("DATE") if column.logical_type == "date" else parsed
    if column.source_format == VIETNAMESE_NUMBER:
        digits = FunctionExpression(
            "replace",
            FunctionExpression("replace", text, _text("."), _text("")),
            _text(","),
            _text("."),
        )
        text = CaseExpression(
            FunctionExpression("regexp_matches", text, _text(_NUMBER_PATTERN)), digits
        )
    elif column.source_format and column.logical_type in ("number", "integer"):
        raise ContractError(
            f"the number format '{column.source_format}' of column '{column.name}' is unknown",
            next_step=f"use '{VIETNAMESE_NUMBER}' or leave sourceFormat out",
        )
    return text.try_cast(target)


def _read_nested(column: Column, source: Expression) -> Reading:
    """A number taken from a nested list: how many items, or the sum of one field over them."""
    valid = FunctionExpression(
        "coalesce", FunctionExpression("json_valid", source), ConstantExpression(False)
    )
    if column.nested_count:
        items: Expression = FunctionExpression("json_extract", source, _text(column.nested_count))
        value = FunctionExpression("len", items)
    else:
        items = FunctionExpression("json_extract_string", source, _text(str(column.nested_sum)))
        amounts = items.try_cast("DECIMAL(18,2)[]")
        count = FunctionExpression("len", items)
        # An amount that is not a number makes the sum unreadable, not smaller.
        whole = FunctionExpression("list_count", amounts) == count
        empty = CaseExpression(
            count == ConstantExpression(0), ConstantExpression(0).cast("DECIMAL(38,2)")
        )
        value = empty.when(whole, FunctionExpression("list_sum", amounts))
    return Reading(CaseExpression(valid, value).cast(_duckdb_type(column)), source.isnotnull())


def _duckdb_type(column: Column) -> str:
    if column.logical_type != "number":
        return _DUCKDB_TYPES[column.logical_type]
    sized = re.fullmatch(r"numeric\((\d+),\s*(\d+)\)", column.sql_type)
    return f"DECIMAL({sized[1]},{sized[2]})" if sized else "DECIMAL(38,10)"


def _text(value: str) -> Expression:
    return ConstantExpression(value)
