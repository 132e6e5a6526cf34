"""Tax codes and enterprise codes (mã số thuế, mã số doanh nghiệp)."""

import sqlalchemy as sa
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)

from kho.rules.expectations.citizen_id import citizen_id_sql
from kho.rules.expectations.columns import Sql, are_digits, column_on_sql, part, texts_on_pandas
from kho.rules.identifiers import TAX_WEIGHTS, is_tax_code


def _digit(text: Sql, position: int) -> Sql:
    # A character's code instead of a cast, which could fail.
    return sa.func.ascii(part(text, position, 1)) - ord("0")


def _has_check_digit(text: Sql) -> Sql:
    total: Sql = sa.literal(0)
    for position, weight in enumerate(TAX_WEIGHTS, start=1):
        total = total + _digit(text, position) * weight
    return sa.and_(
        part(text, 3, 7) != "0000000",
        sa.literal(10) - sa.func.mod(total, 11) == _digit(text, 10),
    )


def tax_code_sql(text: Sql) -> Sql:
    """The SQL of `is_tax_code`."""
    branch = part(text, 12, 3)
    return sa.case(
        (sa.func.octet_length(text) == 10, sa.and_(are_digits(text), _has_check_digit(text))),
        (sa.func.octet_length(text) == 12, citizen_id_sql(text)),
        (
            sa.func.octet_length(text) == 14,
            sa.and_(
                part(text, 11, 1) == "-",
                branch != "000",
                are_digits(part(text, 1, 10).concat(branch)),
                _has_check_digit(text),
            ),
        ),
        else_=sa.false(),
    )


class ColumnValuesTaxCode(ColumnMapMetricProvider):
    """Whether a value is a tax code."""

    condition_metric_name = "column_values.tax_code"
    _pandas = texts_on_pandas(is_tax_code)
    _sqlalchemy = column_on_sql(tax_code_sql)


class ExpectColumnValuesToBeTaxCode(ColumnMapExpectation):
    """Expect tax codes: 10 digits with a check digit, a branch of one, or a citizen id.

    A branch adds `-001` to `-999`. A citizen id is an individual's tax code since 1 July 2025.
    """

    map_metric = "column_values.tax_code"
