"""What is special about measured values: units, and the marks that stand for a missing value.

In: DuckDB expressions over landed texts, and the contract's columns. Out: expressions for the value in
its canonical unit, and for the reason why there is none. Nothing is guessed: a unit that nobody wrote
down (`units.UNITS`) makes its value unreadable.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from duckdb import (
    CaseExpression,
    ColumnExpression,
    ConstantExpression,
    Expression,
    FunctionExpression,
)

from kho.conform.units import UNITS, unit_of
from kho.contracts.model import Column, Markers

WIDE = "numeric(25,8)"
"""How a number is read before it is multiplied: wide enough, and exact."""

_FACTOR = "DECIMAL(13,3)"
_PRECISE = "DECIMAL(25,8)"


def missing_reason(cleaned: Expression, markers: Markers) -> Expression:
    """`not_applicable`, `not_yet_reported` or `unknown` where a text is a mark of it, else NULL."""
    text = FunctionExpression("lower", cleaned)
    reasons: Expression | None = None
    for reason, marks in markers.items():
        is_mark = text.isin(*(ConstantExpression(mark.lower()) for mark in marks))
        value = ConstantExpression(reason)
        reasons = reasons.when(is_mark, value) if reasons is not None else CaseExpression(is_mark, value)
    return ConstantExpression(None).cast("VARCHAR") if reasons is None else reasons


def has_unit(column: Column) -> bool:
    """Whether the column's numbers come in a unit of their own."""
    return bool(column.source_unit or column.source_unit_column)


def unit_columns(columns: tuple[Column, ...]) -> list[str]:
    """The source's columns that name units, each once."""
    return list(dict.fromkeys(column.source_unit_column for column in columns if column.source_unit_column))


def unit_values(name: str, cleaned: Expression) -> tuple[Expression, Expression]:
    """What a column of units says: each unit's factor (NULL: unknown), and whether it is a percentage."""
    text = FunctionExpression("lower", cleaned)
    by_factor: dict[Decimal, list[str]] = defaultdict(list)
    for spelling, (_, factor) in UNITS.items():
        by_factor[factor].append(spelling)
    factors: Expression | None = None
    for factor, spellings in by_factor.items():
        is_one = text.isin(*map(ConstantExpression, spellings))
        value = _decimal(factor, _FACTOR)
        factors = factors.when(is_one, value) if factors is not None else CaseExpression(is_one, value)
    percent = [spelling for spelling, (code, _) in UNITS.items() if code == "percent"]
    assert factors is not None  # noqa: S101 - UNITS is not empty
    return factors.alias(f"{name}#"), text.isin(*map(ConstantExpression, percent)).alias(f"{name}%")


def without_unit(column: Column, text: Expression) -> Expression:
    """The text of a number without the unit written behind it, if it is the column's own."""
    percent = FunctionExpression(
        "regexp_replace", text, ConstantExpression(r"\s*%\s*$"), ConstantExpression("")
    )
    if column.source_unit_column:
        return CaseExpression(ColumnExpression(f"{column.source_unit_column}%"), percent).otherwise(text)
    unit = str(column.source_unit)
    if (unit_of(unit) or ("", 1))[0] == "percent":
        return percent
    behind = FunctionExpression(
        "concat", ConstantExpression(r"(?i)\s*\Q"), ConstantExpression(unit + r"\E\s*$")
    )
    return FunctionExpression("regexp_replace", text, behind, ConstantExpression(""))


def in_canonical_unit(column: Column, value: Expression, kind: str) -> Expression:
    """The value times its unit's factor, as `kind`; a value without a known unit is NULL."""
    if not has_unit(column):
        return value
    if column.source_unit_column:
        factor: Expression = ColumnExpression(f"{column.source_unit_column}#")
    else:
        factor = _decimal((unit_of(column.source_unit) or ("", Decimal(1)))[1], _FACTOR)
    return (value.try_cast(_PRECISE) * factor).try_cast(kind)


def _decimal(value: Decimal, kind: str) -> Expression:
    return ConstantExpression(str(value)).cast(kind)
