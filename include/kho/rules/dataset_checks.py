"""Judge a staging table as a whole: its columns, its number of rows, its sums.

In:  the dataset rules of a suite and a staging table.
Out: the ids of the rules that fail, from an ordinary Great Expectations validation in a context
     that lives in memory: nothing is written to disk or sent anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kho.errors import WarehouseUnavailable
from kho.rules.gx import load_gx
from kho.rules.gx_suite import refusal, to_gx_suite

if TYPE_CHECKING:
    import sqlalchemy as sa
    from great_expectations.core.batch_definition import BatchDefinition

    from kho.rules.suite import Suite
    from kho.stage import StageTable


def failing_dataset_rules(
    engine: sa.Engine, suite: Suite, table: StageTable, params: Mapping[str, Any]
) -> tuple[str, ...]:
    """The ids of the dataset rules that the table breaks, in the order of the suite.

    Raises:
        SuiteError: Great Expectations cannot evaluate a rule; it names the rule's line.
        WarehouseUnavailable: it cannot reach the table.
    """
    rules = suite.dataset_rules
    if not rules:
        return ()
    expectations = to_gx_suite(suite, params, rules)
    with _batch_definition(engine, table) as batch:
        validation = batch.get_batch().validate(expectations, result_format="BOOLEAN_ONLY")
    # Results come back in an order of their own.
    results = {
        result.expectation_config.meta["rule_id"]: result
        for result in validation.results
        if result.expectation_config and result.expectation_config.meta
    }
    for rule in rules:
        if cause := _exception(results[rule.rule_id].exception_info):
            raise refusal(rule, cause)
    return tuple(rule.rule_id for rule in rules if not results[rule.rule_id].success)


@contextmanager
def _batch_definition(engine: sa.Engine, table: StageTable) -> Iterator[BatchDefinition[Any]]:
    gx = load_gx()
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )
    from great_expectations.datasource.fluent.interfaces import TestConnectionError

    # By default even a context in memory makes a temporary folder, for documentation pages.
    stores = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    context = gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=stores,
            progress_bars=ProgressBarsConfig(globally=False),
            analytics_enabled=False,
        ),
    )
    try:
        source = context.data_sources.add_postgres("warehouse", connection_string=_connection_string(engine))
        asset = source.add_table_asset(table.name, table_name=table.name, schema_name=table.schema)
    except TestConnectionError as error:
        raise WarehouseUnavailable(
            f"Great Expectations cannot read the staging table: {error}",
            where=table.quoted,
            next_step="check that the database runs and the table exists",
        ) from error
    try:
        yield asset.add_batch_definition_whole_table("all rows")
    finally:
        source.get_engine().dispose()


def _connection_string(engine: sa.Engine) -> str:
    """The engine's URL in the form that Great Expectations' data source accepts.

    It insists on a host, also where the host is a socket folder in the query. It replaces `$NAME`
    by a variable's value, so a `$` in a password is escaped.
    """
    url = engine.url if engine.url.host else engine.url.set(host="localhost")
    return url.render_as_string(hide_password=False).replace("$", "%24")


def _exception(info: Mapping[str, Any]) -> str:
    """What went wrong in one result; empty if nothing did.

    The information is one record, or one record per metric that failed.
    """
    records = [info] if "raised_exception" in info else list(info.values())
    messages = {str(one["exception_message"]) for one in records if one.get("raised_exception")}
    return "; ".join(sorted(messages))
