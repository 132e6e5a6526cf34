"""How each column of a contract is read, as DuckDB expressions.

In: a relation over landed records, and the contract. Out: the relation with the contract's columns,
`_row`, and `_unreadable`: the names of the columns whose value was there but could not be read, as
`,received_at,due_at,`, or NULL. Such a value becomes NULL; the suite decides what follows.

Four layers, so that nothing is computed twice: codes and names made clean, values read, days of
no plausible year taken out, and what could not be read noted. Dates and numbers are washed only if they
cannot be read as they are.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping
from functools import reduce

from duckdb import (
    CaseExpression,
    CoalesceOperator,
    ColumnExpression,
    ConstantExpression,
    DuckDBPyRelation,
    Expression,
    FunctionExpression,
    LambdaExpression,
    SQLExpression,
)

from kho.conform.legacy_encoding import BROKEN_TEXT, decoded
from kho.conform.measures import (
    WIDE,
    has_unit,
    in_canonical_unit,
    missing_reason,
    unit_columns,
    unit_values,
    without_unit,
)
from kho.conform.numbers import NUMBERS, VIETNAMESE_NUMBER
from kho.contracts.model import Column, Contract, Markers
from kho.errors import ContractError

KEY_HASH = "_key_hash"
"""The conformed column that is there to find keys that occur twice; NULL where the key is incomplete."""

CONTENT_HASH = "_content_hash"
"""The conformed column that tells whether a record is the one that came before: made of all others."""

RECORD = "_record"
"""A landed column that conforming hands on as it is, as it does `_row`: the record as received."""

_NUMBER_PATTERN = f"^{NUMBERS[VIETNAMESE_NUMBER]}$"
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\x00"
_SPACES = "\t\n\v\f\r\u0085\u00a0\u2002\u2003\u2007\u2009\u200a\u202f\u3000"
_DIRT = f"[{_INVISIBLE}{_SPACES}]|  "
_MORE_THAN_BLANKS = f"[^ {_INVISIBLE}{_SPACES}]"
_ASCII_DIRT = tuple(character for character in _INVISIBLE + _SPACES if character.isascii())
# Letters and signs that nothing is washed off, singly spaced: nearly all Vietnamese text is of them.
# Below U+0300 and in the block of Vietnamese letters (U+1E00) there is nothing that NFC would change.
_TO_LOOK_AT = r"[^ !-~\x{A1}-\x{2FF}\x{1E00}-\x{1EFF}]|  |^ | $"
_FIRST_DAY, _DAY_AFTER = "1900-01-01", "2201-01-01"
_LOCAL_ZONE = "Asia/Ho_Chi_Minh"
_DUCKDB_TYPES = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "boolean": "BOOLEAN",
}


def conform(landed: DuckDBPyRelation, contract: Contract) -> DuckDBPyRelation:
    """The landed records as the contract has them; streams when it is read as a stream."""
    types = dict(zip(landed.columns, map(str, landed.types), strict=True))
    row = [ColumnExpression(name) for name in ("_row", RECORD) if name in types]
    markers = {column.name: column.missing_markers for column in contract.columns}
    given = [
        _given_or_missing(column, types[column.source_name], markers, contract).alias(f"{column.name}?")
        for column in contract.columns
    ]
    units = [
        value
        for name in unit_columns(contract.columns)
        for value in unit_values(name, clean_text(ColumnExpression(name)))
    ]
    read = [
        value
        for column in contract.columns
        for value in (
            ColumnExpression(f"{column.name}?"),
            _read(column, types[column.source_name], contract).alias(column.name),
        )
    ]
    plausible = [
        value
        for column in contract.columns
        for value in (ColumnExpression(f"{column.name}?"), _of_our_time(column).alias(column.name))
    ]
    names = [ColumnExpression(column.name) for column in contract.columns]
    return (
        landed.select(*row, *given, *units)
        .select(*row, *read)
        .select(*row, *plausible)
        .select(*row, _unreadable(contract, types), *names, _content_hash(contract), _key_hash(contract))
    )


def _key_hash(contract: Contract) -> Expression:
    """A number that is equal for equal keys, and nearly always different for different ones."""
    key = [ColumnExpression(column.name) for column in contract.key]
    complete = reduce(operator.and_, (part.isnotnull() for part in key))
    return CaseExpression(complete, FunctionExpression("hash", *key)).alias(KEY_HASH)


def _content_hash(contract: Contract) -> Expression:
    """A number that is equal for equal records. DuckDB may make others in its next version: whoever compares
    takes a different number for a reason to look, not for a change."""
    columns = [ColumnExpression(column.name) for column in contract.columns]
    # Shifted by a bit, so that it fits a signed number.
    shifted = FunctionExpression(">>", FunctionExpression("hash", *columns), ConstantExpression(1))
    return shifted.cast("BIGINT").alias(CONTENT_HASH)


def _given_or_missing(
    column: Column, landed_type: str, markers: Mapping[str, Markers], contract: Contract
) -> Expression:
    """What the source gave, but nothing where it wrote that it has no value; or why it has none."""
    source = ColumnExpression(column.source_name)
    if column.missing_reason_of:
        if landed_type != "VARCHAR":
            return ConstantExpression(None).cast("VARCHAR")
        return missing_reason(clean_text(source), markers[column.missing_reason_of])
    given = _given(column, landed_type, contract)
    if not column.missing_markers or landed_type != "VARCHAR":
        return given
    return CaseExpression(missing_reason(clean_text(source), column.missing_markers).isnull(), given)


def _given(column: Column, landed_type: str, contract: Contract) -> Expression:
    """What the source gave: made clean where it stays text, taken apart where it is a nested list."""
    source = ColumnExpression(column.source_name)
    if column.nested_sum:
        items = _try_json("json_extract_string", column.source_name, column.nested_sum)
        # A list that cannot be read is one item that is no amount, so that it is noted as unreadable.
        lost = FunctionExpression("list_value", _text("?"))
        return CaseExpression(items.isnotnull(), items).when(source.isnotnull(), lost)
    if column.nested_text:
        return _nested_text(source, column.nested_text)
    if landed_type != "VARCHAR" or column.logical_type != "string" or column.nested_count:
        return source
    charset = column.charset or (contract.source.charset if contract.source.kind == "sql" else "unicode")
    if charset in ("tcvn3", "vni"):
        source = decoded(source, charset)
    if column.text_hygiene == "verbatim":
        kept = FunctionExpression("replace", source, _text("\x00"), _text(""))
        return FunctionExpression("nullif", kept, _text(""))
    text = clean_text(source)
    return text if column.default_value is None else CoalesceOperator(text, _text(column.default_value))


def _read(column: Column, landed_type: str, contract: Contract) -> Expression:
    given = ColumnExpression(f"{column.name}?")
    if landed_type == "TIMESTAMP WITH TIME ZONE":
        given = FunctionExpression("timezone", _text(_LOCAL_ZONE), given)
    if column.nested_count:
        return _count_nested(column, given, column.nested_count)
    if column.nested_sum:
        return _sum_nested(column, given)
    if landed_type != "VARCHAR":
        kind = _duckdb_type(column)
        return in_canonical_unit(column, given if has_unit(column) else given.try_cast(kind), kind)
    if column.logical_type == "string":
        if contract.source.kind != "sql":
            return given
        # Only a database sends text whose bytes are no text.
        return CaseExpression(~FunctionExpression("starts_with", given, _text(BROKEN_TEXT)), given)
    kind, clean = _duckdb_type(column), clean_text(given)
    if has_unit(column):
        given, clean = without_unit(column, given), without_unit(column, clean)
    as_it_is = in_canonical_unit(column, _parse(column, given), kind)
    washed = in_canonical_unit(column, _parse(column, clean), kind)
    # CASE, not COALESCE: it is the one that leaves the second reading to the rows that need it; those that
    # were given nothing would pay for it too.
    return CaseExpression(as_it_is.isnotnull(), as_it_is).when(given.isnotnull(), washed)


def _unreadable(contract: Contract, landed_types: dict[str, str]) -> Expression:
    read = [
        column
        for column in contract.columns
        if column.logical_type != "string" or contract.source.kind == "sql"
    ]
    if not read:
        return ConstantExpression(None).cast("VARCHAR").alias("_unreadable")
    gone = {
        column.name: ColumnExpression(f"{column.name}?").isnotnull() & ColumnExpression(column.name).isnull()
        for column in read
    }
    names = [
        CaseExpression(
            gone[column.name] & _was_given(column, landed_types[column.source_name]), _text(column.name + ",")
        ).otherwise(_text(""))
        for column in read
    ]
    # Most rows lose nothing: only the others are asked whether what was given was more than blanks, and
    # pay for the list of names.
    listed = FunctionExpression("nullif", FunctionExpression("concat", _text(","), *names), _text(","))
    return CaseExpression(reduce(operator.or_, gone.values()), listed).alias("_unreadable")


def _was_given(column: Column, landed_type: str) -> Expression:
    given = ColumnExpression(f"{column.name}?")
    is_text = landed_type == "VARCHAR" and not (column.nested_count or column.nested_sum)
    if column.logical_type == "string":
        return given.isnotnull()
    if is_text:
        return FunctionExpression("regexp_matches", given, _text(_MORE_THAN_BLANKS))
    return given.isnotnull()


def clean_text(text: Expression) -> Expression:
    """NFC, no invisible characters, single spaces, trimmed, and NULL instead of empty.

    Looking for the characters that need washing off is many times cheaper than washing, and
    composing Vietnamese text that is composed already is what costs most. The rare rows that get as far as
    the third case are asked by one pattern: DuckDB plans each expression anew for every batch, and twenty
    more for each column is what a small batch's staging would mostly consist of.
    """
    ascii_only = FunctionExpression("strlen", text) == FunctionExpression("length", text)
    washed = FunctionExpression("regexp_replace", text, _text(f"[{_INVISIBLE}]"), _text(""), _text("g"))
    washed = FunctionExpression("regexp_replace", washed, _text(f"[ {_SPACES}]+"), _text(" "), _text("g"))
    washed = FunctionExpression("trim", FunctionExpression("nfc_normalize", washed))
    either = (
        CaseExpression(ascii_only & ~_contains_any(text, (" ", *_ASCII_DIRT)), text)
        .when(~FunctionExpression("regexp_matches", text, _text(_TO_LOOK_AT)), text)
        .when(FunctionExpression("regexp_matches", text, _text(_DIRT)), washed)
        .otherwise(FunctionExpression("trim", FunctionExpression("nfc_normalize", text)))
    )
    return FunctionExpression("nullif", either, _text(""))


def _contains_any(text: Expression, patterns: tuple[str, ...]) -> Expression:
    found = [FunctionExpression("contains", text, _text(pattern)) for pattern in patterns]
    return reduce(operator.or_, found)


def _parse(column: Column, text: Expression) -> Expression:
    if column.logical_type in ("date", "timestamp") and column.source_format:
        parsed = FunctionExpression("try_strptime", text, _text(column.source_format))
        return parsed.cast("DATE") if column.logical_type == "date" else parsed
    if column.source_format == VIETNAMESE_NUMBER:
        digits = FunctionExpression("replace", text, _text("."), _text(""))
        digits = FunctionExpression("replace", digits, _text(","), _text("."))
        text = CaseExpression(FunctionExpression("regexp_matches", text, _text(_NUMBER_PATTERN)), digits)
    elif column.source_format and column.logical_type in ("number", "integer"):
        raise ContractError(
            f"the number format '{column.source_format}' of column '{column.name}' is unknown",
            next_step=f"use '{VIETNAMESE_NUMBER}' or leave sourceFormat out",
        )
    wide = column.model_copy(update={"logical_type": "number", "sql_type": WIDE})
    return text.try_cast(_duckdb_type(wide if has_unit(column) else column))


def _of_our_time(column: Column) -> Expression:
    """The value, but no day of a year that cannot be meant: 01/10/26 is read as a day of the year 26, and
    "infinity" is a date to some databases, and to nobody else. By comparing: `year()` costs more."""
    value = ColumnExpression(column.name)
    if column.logical_type not in ("date", "timestamp"):
        return value
    kind = _duckdb_type(column)
    first, after = (ConstantExpression(day).cast(kind) for day in (_FIRST_DAY, _DAY_AFTER))
    return CaseExpression((value >= first) & (value < after), value)


def _count_nested(column: Column, text: Expression, path: str) -> Expression:
    """How many items a nested list has, or have the value that counts; none where there is no list."""
    if column.counted_value is not None:
        found = _try_json("json_extract_string", f"{column.name}?", path)
        same = LambdaExpression("item", ColumnExpression("item") == _text(column.counted_value))
        return FunctionExpression("len", FunctionExpression("list_filter", found, same)).cast(
            _duckdb_type(column)
        )
    counted = _try_json("json_array_length", f"{column.name}?", path.removesuffix("[*]"))
    nothing = CaseExpression(FunctionExpression("json_valid", text), ConstantExpression(0))
    return (
        CaseExpression(counted.isnotnull(), counted)
        .when(text.isnotnull(), nothing)
        .cast(_duckdb_type(column))
    )


def _try_json(function: str, name: str, path: str) -> Expression:
    """A function of a JSON text and a path, NULL where the text is no JSON.

    TRY reads the JSON once where json_valid and the function would read it twice.
    """
    quoted, column = path.replace("'", "''"), name.replace('"', '""')
    return SQLExpression(f"TRY({function}(CAST(\"{column}\" AS VARCHAR), '{quoted}'))")


def _nested_text(source: Expression, path: str) -> Expression:
    """One value inside a list; nothing where the list is empty or is none: its count notes what is lost."""
    # Most lists are empty, and looking at the length is cheaper than reading JSON.
    listed = CaseExpression(FunctionExpression("strlen", source) > ConstantExpression(2), source)
    valid = FunctionExpression("json_valid", listed)
    return CaseExpression(valid, FunctionExpression("json_extract_string", listed, _text(path)))


def _sum_nested(column: Column, items: Expression) -> Expression:
    """The sum of one field over the items of a nested list."""
    count = FunctionExpression("len", items)
    amounts = items.try_cast("DECIMAL(18,2)[]")
    # An amount that is not a number makes the sum unreadable, not smaller.
    whole = FunctionExpression("list_count", amounts) == count
    nothing = ConstantExpression(0).cast("DECIMAL(38,2)")
    total = CoalesceOperator(FunctionExpression("list_sum", amounts), nothing)
    return CaseExpression(whole, total).cast(_duckdb_type(column))


def _duckdb_type(column: Column) -> str:
    if column.logical_type != "number":
        return _DUCKDB_TYPES[column.logical_type]
    sized = re.fullmatch(r"numeric\((\d+),\s*(\d+)\)", column.sql_type)
    return f"DECIMAL({sized[1]},{sized[2]})" if sized else "DECIMAL(38,10)"


def _text(value: str) -> Expression:
    return ConstantExpression(value)
