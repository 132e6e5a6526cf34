"""Tax codes and enterprise codes (mã số thuế, mã số doanh nghiệp)."""

from typing import Literal

import sqlalchemy as sa
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)

from kho.rules.expectations.citizen_id import citizen_id_sql
from kho.rules.expectations.columns import Sql, are_digits, column_on_sql, digit, part, texts_on_pandas
from kho.rules.expectations.rendering import InVietnamese
from kho.rules.identifiers import TAX_WEIGHTS, is_tax_code, tax_code_form


def _has_checkdigit(text: Sql) -> Sql:
    total: Sql = sa.literal(0)
    for position, weight in enumerate(TAX_WEIGHTS, start=1):
        total = total + digit(text, position) * weight
    return sa.and_(
        part(text, 3, 7) != "0000000",
        sa.literal(10) - sa.func.mod(total, 11) == digit(text, 10),
    )


def tax_code_sql(text: Sql) -> Sql:
    """The SQL of `is_tax_code`."""
    branch = part(text, 12, 3)
    return sa.case(
        (sa.func.octet_length(text) == 10, sa.and_(are_digits(text), _has_checkdigit(text))),
        (sa.func.octet_length(text) == 12, citizen_id_sql(text)),
        (
            sa.func.octet_length(text) == 14,
            sa.and_(
                part(text, 11, 1) == "-",
                branch != "000",
                are_digits(part(text, 1, 10).concat(branch)),
                _has_checkdigit(text),
            ),
        ),
        else_=sa.false(),
    )


class ColumnValuesTaxCode(ColumnMapMetricProvider):
    """Whether a value is a tax code."""

    condition_metric_name = "column_values.tax_code"
    _pandas = texts_on_pandas(is_tax_code)
    _sqlalchemy = column_on_sql(tax_code_sql)


class ExpectColumnValuesToBeTaxCode(InVietnamese, ColumnMapExpectation):
    """Expect tax codes: 10 digits with a check digit, a branch of one, or a citizen id.

    A branch adds `-001` to `-999`. A citizen id is an individual's tax code since 1 July 2025.
    """

    map_metric = "column_values.tax_code"


_LENGTHS = {"enterprise": 10, "branch": 14, "citizen": 12}


def _is_of_form(text: str, forms: list[str]) -> bool:
    form = tax_code_form(text)
    return form is None or form in forms


def _is_of_form_sql(text: Sql, forms: list[str]) -> Sql:
    lengths = [_LENGTHS[form] for form in forms]
    return sa.or_(sa.func.octet_length(text).in_(lengths), sa.not_(tax_code_sql(text)))


class ColumnValuesTaxCodeForm(ColumnMapMetricProvider):
    """Whether a tax code is one of an enterprise, a branch, a person."""

    condition_metric_name = "column_values.tax_code_form"
    condition_value_keys = ("forms",)
    _pandas = texts_on_pandas(_is_of_form, condition_value_keys)
    _sqlalchemy = column_on_sql(_is_of_form_sql, condition_value_keys)


class ExpectTaxCodeToBeOfForm(InVietnamese, ColumnMapExpectation):
    """Expect tax codes of some of the three forms.

    Says nothing about a code that is not well formed; another rule does.

    Args:
        forms: of `kho.rules.identifiers.TAX_CODE_FORMS`.
    """

    map_metric = "column_values.tax_code_form"
    success_keys = ("mostly", "forms")
    forms: list[Literal["enterprise", "branch", "citizen"]]
