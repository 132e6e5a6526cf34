"""Which values of indicators are possible: by the indicator, and by the day of the value."""

from datetime import date

import sqlalchemy as sa

from kho.rules.conditions import row_conditions
from tests.integration import rule_cases
from tests.integration.rule_cases import PARAMS, dataset

DAY = date(2026, 9, 30)
VALUES = (
    # A contribution to growth may be negative or above the whole; shares may not.
    ("KH1534-04", 112.5, DAY, True),
    ("KH1534-04", -8.2, DAY, True),
    ("KH1534-07.1", 112.5, DAY, False),
    ("KH1534-07.1", -8.2, DAY, False),
    ("KH1534-07.1", 100, DAY, True),
    # There were 63 provinces until 30 June 2025, and 34 from the next day.
    ("KH1534-01", 63, date(2025, 6, 30), True),
    ("KH1534-01", 64, date(2025, 6, 30), False),
    ("KH1534-01", 63, date(2025, 7, 1), False),
    ("KH1534-01", 35, DAY, False),
    ("KH1534-01", 34, date(2025, 7, 1), True),
    ("KH1534-01", 0, DAY, False),
    # Without a day only what has always been so can be said.
    ("KH1534-01", 50, None, True),
    ("KH1534-07.1", 8125, None, False),
    ("KH1534-07.1", None, DAY, True),
    (None, 8125, DAY, True),
)


def test_values_are_judged_by_indicator_and_day(pg_engine: sa.Engine) -> None:
    contract, suite = dataset("indicator_reports")
    rows = [
        {**suite.sample, "indicator_code": code, "indicator_value": value, "period_end_date": day}
        | {"numerator": None, "denominator": None}
        for code, value, day, _ in VALUES
    ]
    bad = {position for position, (*_, is_possible) in enumerate(VALUES) if not is_possible}
    table = rule_cases.stage(pg_engine, contract, rows, "indicator_ranges")
    conditions = row_conditions(pg_engine, suite, table, PARAMS)
    ours = rule_cases.labelled(pg_engine, table, contract.quality, conditions)
    assert ours["value_possible"] == bad
    assert rule_cases.judged_on_pandas(contract, suite, rows)["value_possible"] == bad
    of_value = [rules for rules in suite.row_rules if "indicator_value" in rules.columns]
    kept_out = {rule.rule_id for rule in of_value if rule.severity == "critical" and ours[rule.rule_id] - bad}
    # The row without a value at all is another rule's.
    assert kept_out == {"value_present"}
