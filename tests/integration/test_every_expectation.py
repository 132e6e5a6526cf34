"""Every row rule has a row that breaks it and a row that just passes, on SQL and on pandas."""

from collections.abc import Mapping
from datetime import date, datetime, time
from functools import cache
from typing import Any

import pytest
import sqlalchemy as sa

from kho.rules.catalogue import OWN_TYPES, rule_types
from kho.rules.conditions import row_conditions
from kho.rules.dataset_checks import failing_dataset_rules
from kho.rules.gx import load_gx
from kho.rules.suite import Rule
from tests.integration import rule_cases
from tests.integration.rule_cases import PARAMS, Failures, dataset, datasets_with_suite

ROW_RULES = [
    pytest.param(name, rule, id=f"{name}-{rule.rule_id}")
    for name in datasets_with_suite()
    for rule in dataset(name)[1].row_rules
]
WITH_BOUNDS = {
    "expect_column_values_to_be_between",
    "expect_column_pair_values_a_to_be_greater_than_b",
    "expect_change_from_last_period_to_be_between",
}
SAMPLE = ("sample", "")
Cases = Mapping[tuple[str, str], int]


def test_there_are_suites() -> None:
    assert len(datasets_with_suite()) >= 3
    assert len(ROW_RULES) >= 40


@pytest.mark.parametrize(("name", "rule"), ROW_RULES)
def test_rule_has_a_row_that_breaks_it_and_one_that_passes(name: str, rule: Rule) -> None:
    assert rule.breaks, f"{rule.where}: 'breaks' is missing"
    assert rule.passes is not None, f"{rule.where}: 'passes' is missing"


def _bounds(rule: Rule, row: Mapping[str, Any]) -> tuple[Any, Mapping[Any, bool]]:
    """What a rule compares in a row, and with what; whether it may be as much as that."""
    given = dict(rule.kwargs)
    for key, value in given.items():
        if isinstance(value, dict) and "$PARAMETER" in value:
            given[key] = PARAMS[value["$PARAMETER"]]
    if "column" in given:
        ends = [end for end in ("min", "max") if f"{end}_value" in given]
        return row[given["column"]], {given[f"{e}_value"]: not given.get(f"strict_{e}") for e in ends}
    if "column_A" in given:
        value, bound = (_moment(row[given[column]]) for column in ("column_A", "column_B"))
        return value, {bound: bool(given.get("or_equal"))}
    value, *key = (row[column] for column in given["column_list"])
    last = given["previous"]["|".join(key)]
    return value, {last * given[f"{end}_ratio"]: True for end in ("min", "max")}


def _moment(value: Any) -> Any:
    """A day as the moment at which it begins: it may be compared with one."""
    return datetime.combine(value, time.min) if type(value) is date else value


@pytest.mark.parametrize(("name", "rule"), [case for case in ROW_RULES if case.values[1].type in WITH_BOUNDS])
def test_a_row_is_at_the_very_bound(name: str, rule: Rule) -> None:
    """The one that passes; where the bound itself is too much, the one that breaks the rule."""
    for change, passes in ((rule.passes, True), (rule.breaks, False)):
        value, bounds = _bounds(rule, {**dataset(name)[1].sample, **(change or {})})
        if bounds.get(value) is passes:
            return
    pytest.fail(f"{rule.where}: neither 'passes' nor 'breaks' is at a bound")


def _cases(name: str) -> tuple[list[dict[str, Any]], Cases]:
    """All rows of a dataset, and by kind and rule the row's position."""
    suite = dataset(name)[1]
    cases = {SAMPLE: dict(suite.sample)}
    for rule in suite.row_rules:
        cases["breaks", rule.rule_id] = {**suite.sample, **(rule.breaks or {})}
        cases["passes", rule.rule_id] = {**suite.sample, **(rule.passes or {})}
    return list(cases.values()), {case: position for position, case in enumerate(cases)}


@pytest.fixture(scope="module")
def on_sql(pg_engine: sa.Engine) -> Mapping[str, Failures]:
    found: dict[str, Failures] = {}
    for name in datasets_with_suite():
        contract, suite = dataset(name)
        table = rule_cases.stage(pg_engine, contract, _cases(name)[0], f"cases_{name}")
        conditions = row_conditions(pg_engine, suite, table, PARAMS)
        found[name] = rule_cases.labelled(pg_engine, table, contract.quality, conditions)
    return found


@cache
def _on_pandas(name: str) -> Failures:
    contract, suite = dataset(name)
    return rule_cases.judged_on_pandas(contract, suite, _cases(name)[0])


@pytest.mark.parametrize(("name", "rule"), ROW_RULES)
def test_sql_labels_the_breaking_row_only(name: str, rule: Rule, on_sql: Mapping[str, Failures]) -> None:
    _check(name, rule, on_sql[name])


@pytest.mark.parametrize(("name", "rule"), ROW_RULES)
def test_pandas_finds_the_breaking_row_only(name: str, rule: Rule) -> None:
    _check(name, rule, _on_pandas(name))


def _check(name: str, rule: Rule, failures: Failures) -> None:
    positions = _cases(name)[1]
    broken = failures.get(rule.rule_id, set())
    assert positions["breaks", rule.rule_id] in broken
    assert positions["passes", rule.rule_id] not in broken
    assert positions[SAMPLE] not in broken


@pytest.mark.parametrize("name", datasets_with_suite())
def test_dataset_rules_accept_the_contract_s_table(name: str, pg_engine: sa.Engine) -> None:
    contract, suite = dataset(name)
    table = rule_cases.stage(pg_engine, contract, [dict(suite.sample)], f"whole_{name}")
    assert failing_dataset_rules(pg_engine, suite, table, PARAMS) == ()
    with pg_engine.begin() as db:
        column = contract.columns[0].name
        db.execute(sa.text(f"ALTER TABLE {table.quoted} DROP COLUMN {column}"))
    assert failing_dataset_rules(pg_engine, suite, table, PARAMS) == tuple(
        rule.rule_id for rule in suite.dataset_rules
    )


@pytest.mark.parametrize("name", datasets_with_suite())
def test_suite_opens_in_great_expectations_as_it_is(name: str) -> None:
    import yaml

    from kho.settings import get_settings

    path = get_settings().expectations_dir / f"{name}.yaml"
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    suite = load_gx().ExpectationSuite(**raw)
    assert [one.id for one in suite.expectations] == [rule.rule_id for rule in dataset(name)[1].rules]


@pytest.mark.parametrize("name", sorted(OWN_TYPES))
def test_catalogue_knows_our_expectations_arguments(name: str) -> None:
    load_gx()
    from great_expectations.expectations.registry import get_expectation_impl

    fields = get_expectation_impl(name).__fields__
    assert rule_types()[name].required == {key for key, one in fields.items() if one.required}
    assert rule_types()[name].allowed <= fields.keys()
