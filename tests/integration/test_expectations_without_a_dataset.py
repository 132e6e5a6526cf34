"""Expectations that no dataset uses yet, and arguments that none gives: both engines say the same of each row."""

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from kho.contracts import Contract, load_contract
from kho.rules.catalogue import OWN_TYPES
from kho.rules.conditions import row_conditions
from kho.rules.suite import Rule, Suite
from tests.integration import rule_cases
from tests.integration.rule_cases import PARAMS, datasets_with_suite

DUE = datetime(2026, 10, 8, 17)
SAMPLE: dict[str, Any] = {
    "phone": "0905123456", "social": "5107012345", "amount": "1.234,56", "flag": "DH", "finished": DUE,
    "due": DUE, "supplements": 1, "waited": 0, "total": 1, "part_a": 0.4, "part_b": 0.6, "share": 33.3,
    "code": "21025", "period": "2026-Q3", "_unreadable": None, "_repeat": 0,
}  # fmt: skip
ON_TIME = {
    "column_list": ["flag", "finished", "due", "supplements", "waited"], "on_time": ["DH"], "late": ["QH"],
}  # fmt: skip
LATER = {"finished": DUE + timedelta(seconds=1)}
SUPPLEMENTED = {"finished": DUE + timedelta(days=3), "waited": 3}
CASES: tuple[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]], ...] = (
    ("phone_number", {"column": "phone"}, {"phone": "0195123456"}, {"phone": "+84905123456"}),
    ("phone_number", {"column": "phone"}, {"phone": "02433123456"}, {"phone": "02553123456"}),
    ("social_insurance_number", {"column": "social"}, {"social": "510701234"}, {}),
    ("number_text", {"column": "amount", "format": "1.234,56"}, {"amount": "1,234.56"}, {"amount": "-1"}),
    ("number_text", {"column": "amount", "format": "1.234,56"}, {"amount": "0.125"}, {"amount": "0,125"}),
    ("number_text", {"column": "amount", "format": "1.234,56"}, {"amount": "0.00"}, {"amount": "00.000,00"}),
    ("number_text", {"column": "amount", "format": "1,234.56"}, {"amount": "0,125"}, {"amount": "1,234.56"}),
    ("number_text", {"column": "amount", "format": "1,234.56"}, {"amount": "0,0000"}, {"amount": "0,000.0"}),
    ("number_text", {"column": "amount", "format": "1234.56"}, {}, {"amount": "+1234.5"}),
    ("date_text", {"column": "period", "formats": ["%Y-Q%q"]}, {"period": "2026-Q5"}, {}),
    (
        "date_text",
        {"column": "period", "formats": ["%d/%m/%Y %H:%M:%S"]},
        {"period": "29/02/2026 00:00:00"},
        {"period": "29/02/2024 23:59:59"},
    ),
    ("on_time_flag", ON_TIME, LATER, {}),
    ("on_time_flag", ON_TIME, {"flag": "QH"}, {"flag": "QH", **LATER}),
    ("on_time_flag", ON_TIME, {"flag": "QH", **SUPPLEMENTED}, SUPPLEMENTED),
    ("on_time_flag", ON_TIME, {"supplements": 2}, {"supplements": 2, "flag": "QH"}),
    ("on_time_flag", ON_TIME, {**LATER, "supplements": 2}, {**LATER, "flag": None}),
    (
        "parts_sum",
        {"column_list": ["total", "part_a", "part_b"], "tolerance": 0.05},
        {"part_a": 0.3},
        {"part_a": 0.36},
    ),
    (
        "share",
        {"column_list": ["share", "total", "waited"], "scale": 100},
        {"waited": 4},
        {"waited": 0},
    ),
    (
        "previous",
        {"column_list": ["total", "code"], "previous": {}, "min_ratio": 1, "max_ratio": 1},
        {},
        {"total": 2},
    ),
)  # fmt: skip
TYPES = {
    "on_time_flag": "expect_on_time_flag_to_match",
    "parts_sum": "expect_parts_to_sum_to_total",
    "share": "expect_share_to_match_parts",
    "previous": "expect_change_from_last_period_to_be_between",
}


def _contract() -> Contract:
    """A contract of the sample's columns."""
    known = load_contract("population")
    template = known.columns[0]

    def column(name: str, value: Any) -> Any:
        kinds = {
            "str": ("string", "text"),
            "datetime": ("timestamp", "timestamp"),
            "int": ("integer", "bigint"),
        }
        logical, sql = kinds.get(type(value).__name__, ("number", "numeric(20,4)"))
        return template.model_copy(update={"name": name, "logical_type": logical, "sql_type": sql})

    columns = tuple(column(name, value) for name, value in SAMPLE.items() if not name.startswith("_"))
    return known.model_copy(update={"dataset": "made_up", "columns": columns})


def _suite() -> Suite:
    rules = tuple(
        Rule(
            rule_id=f"{name}_{number}",
            type=TYPES.get(name, f"expect_column_values_to_be_{name}"),
            kwargs=kwargs,
            severity="critical",
            principle="correct",
            title="…",
            remedy="…",
            breaks=breaks,
            passes=passes,
            scope="row",
            where=f"case {number}",
        )
        for number, (name, kwargs, breaks, passes) in enumerate(CASES)
    )
    return Suite("made_up", rules, SAMPLE, "")


def _judged(rows: list[dict[str, Any]], engine: sa.Engine, name: str) -> tuple[Mapping, Mapping]:
    contract, suite = _contract(), _suite()
    table = rule_cases.stage(engine, contract, rows, name)
    conditions = row_conditions(engine, suite, table, PARAMS)
    on_sql = rule_cases.labelled(engine, table, contract.quality, conditions)
    return on_sql, rule_cases.judged_on_pandas(contract, suite, rows)


def test_rows_that_break_and_rows_that_pass(pg_engine: sa.Engine) -> None:
    suite = _suite()
    rows = [{**SAMPLE, **(change or {})} for rule in suite.rules for change in (rule.breaks, rule.passes)]
    for failures in _judged(rows, pg_engine, "made_up_cases"):
        for number, rule in enumerate(suite.rules):
            broken = failures[rule.rule_id]
            if rule.type != TYPES["previous"]:  # with nothing to compare with, it is never broken
                assert 2 * number in broken, rule
            assert 2 * number + 1 not in broken, rule


def test_both_engines_name_the_same_rows(pg_engine: sa.Engine) -> None:
    dice = random.Random(51)
    suite = _suite()
    pools: dict[str, list[Any]] = {name: [value, None] for name, value in SAMPLE.items()}
    for rule in suite.rules:
        for change in (rule.breaks, rule.passes):
            for name, value in (change or {}).items():
                pools[name].append(value)
    pools["_repeat"], pools["_unreadable"] = [0], [None]
    rows = [{name: dice.choice(pool) for name, pool in pools.items()} for _ in range(2_000)]
    on_sql, on_pandas = _judged(rows, pg_engine, "made_up_mixed")
    for rule in suite.rules:
        assert on_sql[rule.rule_id] == on_pandas[rule.rule_id], rule


@pytest.mark.parametrize("name", sorted(OWN_TYPES))
def test_every_expectation_of_ours_is_tested_with_rows(name: str) -> None:
    """In a dataset's suite, each of whose rules has two rows, or here."""
    used = {rule.type for dataset in datasets_with_suite() for rule in rule_cases.dataset(dataset)[1].rules}
    assert name in used | {rule.type for rule in _suite().rules}
