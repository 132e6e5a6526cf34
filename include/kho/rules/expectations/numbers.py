"""Numbers that people and cards have: procedures, insurance, telephones."""

import sqlalchemy as sa
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)

from kho.rules.expectations.citizen_id import citizen_id_sql
from kho.rules.expectations.columns import Sql, column_on_sql, matches, part, texts_on_pandas
from kho.rules.expectations.rendering import InVietnamese
from kho.rules.identifiers import (
    PHONE_NUMBER,
    PROCEDURE_CODE,
    is_health_insurance_number,
    is_phone_number,
    is_procedure_code,
    is_social_insurance_number,
)


def procedure_code_sql(text: Sql) -> Sql:
    """The SQL of `is_procedure_code`; nearly all codes take the first branch."""
    return sa.case(
        # With the dot's place fixed, one dot leaves only digits.
        (text.like("_.______"), matches(text, r"^[0-9]*\.[0-9]*$")),
        else_=matches(text, f"^{PROCEDURE_CODE}$"),
    )


def health_insurance_number_sql(text: Sql) -> Sql:
    """The SQL of `is_health_insurance_number`."""
    return sa.case(
        (sa.func.length(text) == 15, matches(text, "^[A-Za-z][A-Za-z][0-9]*$")),
        (sa.func.length(text) == 10, matches(text, "^[0-9]*$")),
        else_=citizen_id_sql(text),
    )


def social_insurance_number_sql(text: Sql) -> Sql:
    """The SQL of `is_social_insurance_number`."""
    return sa.and_(sa.func.length(text) == 10, matches(text, "^[0-9]*$"))


def phone_number_sql(text: Sql) -> Sql:
    """The SQL of `is_phone_number`; nearly all are mobile numbers that begin with 0."""
    return sa.case(
        (
            sa.and_(sa.func.length(text) == 10, part(text, 1, 2).in_(["03", "05", "07", "08", "09"])),
            matches(text, "^[0-9]*$"),
        ),
        else_=matches(text, f"^{PHONE_NUMBER}$"),
    )


class ColumnValuesProcedureCode(ColumnMapMetricProvider):
    """Whether a value is a procedure code."""

    condition_metric_name = "column_values.procedure_code"
    _pandas = texts_on_pandas(is_procedure_code)
    _sqlalchemy = column_on_sql(procedure_code_sql)


class ExpectColumnValuesToBeProcedureCode(InVietnamese, ColumnMapExpectation):
    """Expect procedure codes: 1.004194, or with the agency's general code, 1.004194.000.00.00.H48."""

    map_metric = "column_values.procedure_code"


class ColumnValuesHealthInsuranceNumber(ColumnMapMetricProvider):
    """Whether a value stands for a person's health insurance."""

    condition_metric_name = "column_values.health_insurance_number"
    _pandas = texts_on_pandas(is_health_insurance_number)
    _sqlalchemy = column_on_sql(health_insurance_number_sql)


class ExpectColumnValuesToBeHealthInsuranceNumber(InVietnamese, ColumnMapExpectation):
    """Expect the number of a health insurance card (two letters, 13 digits), or what is used in its place.

    That is the social insurance number (10 digits) or the citizen id (12 digits).
    """

    map_metric = "column_values.health_insurance_number"


class ColumnValuesSocialInsuranceNumber(ColumnMapMetricProvider):
    """Whether a value is a social insurance number."""

    condition_metric_name = "column_values.social_insurance_number"
    _pandas = texts_on_pandas(is_social_insurance_number)
    _sqlalchemy = column_on_sql(social_insurance_number_sql)


class ExpectColumnValuesToBeSocialInsuranceNumber(InVietnamese, ColumnMapExpectation):
    """Expect social insurance numbers: ten digits."""

    map_metric = "column_values.social_insurance_number"


class ColumnValuesPhoneNumber(ColumnMapMetricProvider):
    """Whether a value is a phone number."""

    condition_metric_name = "column_values.phone_number"
    _pandas = texts_on_pandas(is_phone_number)
    _sqlalchemy = column_on_sql(phone_number_sql)


class ExpectColumnValuesToBePhoneNumber(InVietnamese, ColumnMapExpectation):
    """Expect mobile numbers, or landlines of the province (0255, 0260), that begin with 0 or +84."""

    map_metric = "column_values.phone_number"
