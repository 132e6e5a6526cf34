"""A suite in the terms of Great Expectations.

In:  a `Suite` and the night's parameters (`as_of`, `as_of_end`, …).
Out: a Great Expectations suite with the same rules; the rule's id is the expectation's `id`, and in
     its `meta` too, because results come back in an order of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kho.rules.gx import load_gx
from kho.rules.suite import SuiteError

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.expectations.expectation import Expectation

    from kho.rules.suite import Rule, Suite

PARAMETER = "$PARAMETER"


def to_gx_suite(
    suite: Suite, params: Mapping[str, Any], rules: Iterable[Rule] | None = None
) -> ExpectationSuite:
    """The suite, or only `rules` of it, with every parameter replaced by its value.

    Raises:
        SuiteError: Great Expectations refuses a rule, or a parameter has no value.
    """
    gx = load_gx()
    chosen = suite.rules if rules is None else rules
    # Made into expectations first, because a suite only logs a configuration that it refuses.
    # Handed over as configurations, because it takes an expectation with an id for another's.
    configurations = [to_gx_expectation(rule, params).configuration for rule in chosen]
    made: ExpectationSuite = gx.ExpectationSuite(name=suite.dataset, expectations=configurations)
    return made


def to_gx_expectation(rule: Rule, params: Mapping[str, Any]) -> Expectation:
    """One rule as an expectation.

    Raises:
        SuiteError: Great Expectations refuses the rule, or a parameter has no value.
    """
    load_gx()
    from great_expectations.exceptions.exceptions import GreatExpectationsError
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.metadata_types import FailureSeverity
    from great_expectations.expectations.row_conditions import deserialize_row_condition

    kwargs = {key: _with_values(value, rule, params) for key, value in rule.kwargs.items()}
    try:
        if "row_condition" in kwargs:
            kwargs["row_condition"] = deserialize_row_condition(kwargs["row_condition"])
        configuration = ExpectationConfiguration(
            type=rule.type,
            kwargs=kwargs,
            id=rule.rule_id,
            severity=FailureSeverity(rule.severity),
            meta={"rule_id": rule.rule_id, "principle": rule.principle, "title": rule.title},
        )
        return configuration.to_domain_obj()
    except (GreatExpectationsError, ValueError, TypeError) as error:
        raise refusal(rule, error) from error


def refusal(rule: Rule, error: object) -> SuiteError:
    """The error that says why Great Expectations refuses a rule."""
    return SuiteError(
        f"Great Expectations refuses the rule '{rule.rule_id}': {error}",
        where=rule.where,
        next_step="correct the rule's type and kwargs",
    )


def _with_values(value: Any, rule: Rule, params: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        if PARAMETER in value:
            return _parameter(str(value[PARAMETER]), rule, params)
        return {key: _with_values(item, rule, params) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_values(item, rule, params) for item in value]
    return value


def _parameter(name: str, rule: Rule, params: Mapping[str, Any]) -> Any:
    if name not in params:
        known = ", ".join(sorted(params)) or "none"
        raise SuiteError(
            f"the rule '{rule.rule_id}' wants the parameter '{name}' (known: {known})",
            where=rule.where,
            next_step="use a parameter that the pipeline provides",
        )
    return params[name]
