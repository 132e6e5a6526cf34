"""The SQL condition of each row rule, as Great Expectations itself would use it.

In:  a suite and a staging table.
Out: for each row rule two conditions on a row: `applies`, that Great Expectations would judge the
     row at all, and `unexpected`, that it would count the row as failing.

Nothing here knows what a rule means. Great Expectations computes the rule's metric
`<map metric>.condition`, which is its WHERE clause for failing rows, and the domain of that metric,
which is the table narrowed by `row_condition` and `ignore_row_if`; the clauses are taken from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from kho.rules.gx import load_gx
from kho.rules.gx_suite import refusal, to_gx_expectation

if TYPE_CHECKING:
    from great_expectations.execution_engine.sqlalchemy_execution_engine import (
        SqlAlchemyExecutionEngine,
    )
    from great_expectations.validator.metric_configuration import MetricConfiguration

    from kho.rules.suite import Rule, Suite
    from kho.stage import StageTable

_BATCH = "stage"
_ROW_COUNT = "table.row_count"

Sql = sa.ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class RowCondition:
    """When a row breaks a rule, and when the rule applies to it.

    Attributes:
        unexpected: true of the rows that count as failing; NULL counts as not failing.
        applies: true of the rows that are judged.
    """

    unexpected: Sql
    applies: Sql


def row_conditions(
    engine: sa.Engine, suite: Suite, table: StageTable, params: Mapping[str, Any]
) -> dict[str, RowCondition]:
    """The conditions of all row rules, by rule id, in the order of the suite.

    Raises:
        SuiteError: Great Expectations cannot make a condition of a rule; it names the rule's line.
    """
    load_gx()
    rules = suite.row_rules
    execution = _execution_engine(engine, table)
    metrics = {rule.rule_id: _condition_metric(rule, params) for rule in rules}
    found, aborted = _resolve(execution, list(metrics.values()))
    conditions: dict[str, RowCondition] = {}
    for rule in rules:
        metric = metrics[rule.rule_id]
        if metric.id not in found:
            raise refusal(rule, _cause(aborted.get(metric.id)))
        conditions[rule.rule_id] = _row_condition(execution, metric, found[metric.id])
    return conditions


def _execution_engine(engine: sa.Engine, table: StageTable) -> SqlAlchemyExecutionEngine:
    from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData
    from great_expectations.execution_engine.sqlalchemy_execution_engine import (
        SqlAlchemyExecutionEngine,
    )

    execution = SqlAlchemyExecutionEngine(engine=engine, create_temp_table=False)
    data = SqlAlchemyBatchData(
        execution, schema_name=table.schema, table_name=table.name, create_temp_table=False
    )
    execution.load_batch_data(_BATCH, data)
    return execution


def _condition_metric(rule: Rule, params: Mapping[str, Any]) -> MetricConfiguration:
    from great_expectations.exceptions.exceptions import GreatExpectationsError
    from great_expectations.expectations.registry import get_metric_kwargs
    from great_expectations.validator.metric_configuration import MetricConfiguration

    expectation = to_gx_expectation(rule, params)
    name = f"{getattr(expectation, 'map_metric', None)}.condition"
    try:
        kwargs = get_metric_kwargs(name, configuration=expectation.configuration)
    except GreatExpectationsError as error:
        raise refusal(rule, error) from error
    domain = {**kwargs["metric_domain_kwargs"], "batch_id": _BATCH}
    return MetricConfiguration(name, domain, kwargs["metric_value_kwargs"])


def _resolve(
    execution: SqlAlchemyExecutionEngine, metrics: list[MetricConfiguration]
) -> tuple[Mapping[Any, Any], Mapping[Any, Any]]:
    """Compute the metrics: those found, and what became of those that could not be computed."""
    from great_expectations.validator.metrics_calculator import MetricsCalculator
    from great_expectations.validator.validation_graph import ValidationGraph

    calculator = MetricsCalculator(execution, show_progress_bars=False)
    full = calculator.build_metric_dependency_graph(metrics, runtime_configuration=None)
    # Every map metric is said to depend on the table's number of rows, also its condition, which
    # does not look at it; counting two million rows by each row condition costs a second.
    for metric in metrics:
        metric.metric_dependencies.pop(_ROW_COUNT, None)
    conditions = {metric.id for metric in metrics}
    edges = [edge for edge in full.edges if not (edge.left.id in conditions and _is_row_count(edge.right))]
    needed = {edge.right.id for edge in edges if edge.right}
    lean = ValidationGraph(
        execution,
        [edge for edge in edges if not _is_row_count(edge.left) or edge.left.id in needed],
    )
    return calculator.resolve_validation_graph_and_handle_aborted_metrics_info(
        lean, runtime_configuration=None, min_graph_edges_pbar_enable=0
    )


def _is_row_count(metric: MetricConfiguration | None) -> bool:
    return metric is not None and metric.metric_name == _ROW_COUNT


def _row_condition(
    execution: SqlAlchemyExecutionEngine, metric: MetricConfiguration, found: Any
) -> RowCondition:
    unexpected, compute_domain, accessor_domain = found
    # Both halves together, as its own queries for failing rows have it; with the first half alone
    # it would not apply `ignore_row_if`.
    domain = execution.get_domain_records({**compute_domain, **accessor_domain})
    narrowed = list(_where_clauses(domain))
    applies = list(narrowed)
    if _skips_nulls(execution, metric):
        # The metric's own condition says this already, but its domain does not.
        applies.append(sa.column(accessor_domain["column"]).is_not(None))
    return RowCondition(sa.and_(*narrowed, unexpected), sa.and_(sa.true(), *applies))


def _where_clauses(selectable: Any) -> Iterator[Sql]:
    """The conditions by which a table was narrowed to a domain, from the innermost outwards."""
    if isinstance(selectable, sa.Subquery | sa.Alias):
        yield from _where_clauses(selectable.element)
    elif isinstance(selectable, sa.Select):
        for source in selectable.get_final_froms():
            yield from _where_clauses(source)
        if selectable.whereclause is not None:
            yield selectable.whereclause


def _skips_nulls(execution: SqlAlchemyExecutionEngine, metric: MetricConfiguration) -> bool:
    """Whether the metric is not asked about NULLs; only metrics of one column can say so."""
    from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
        ColumnMapMetricProvider,
    )
    from great_expectations.expectations.registry import get_metric_provider

    provider, _ = get_metric_provider(metric.metric_name, execution)
    if not (isinstance(provider, type) and issubclass(provider, ColumnMapMetricProvider)):
        return False
    return bool(getattr(provider, "filter_column_isnull", True))


def _cause(aborted: Any) -> str:
    exceptions = (aborted or {}).get("exception_info") or ()
    reasons = sorted({str(info.exception_message) for info in _each(exceptions)})
    return "; ".join(reasons) or "no condition was computed"


def _each(exceptions: Any) -> Iterator[Any]:
    yield from (exceptions if isinstance(exceptions, set | list | tuple) else [exceptions])
