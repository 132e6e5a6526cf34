"""Rows for the rules to judge, on PostgreSQL by our labels and on pandas by Great Expectations."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from functools import cache
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import sqlalchemy as sa

from kho.bulk_copy import copy_batches
from kho.conform.expressions import conform
from kho.contracts import Contract, dataset_names, load_contract
from kho.contracts.model import Quality
from kho.duck import BATCH_ROWS
from kho.rules.conditions import RowCondition
from kho.rules.duck_labels import duck_labels
from kho.rules.gx import load_gx
from kho.rules.gx_suite import to_gx_suite
from kho.rules.labelling import failed_table, label
from kho.rules.suite import EXAMPLES_AS_OF, Rule, Suite, load_dataset_suite
from kho.rules.validate import validate
from kho.settings import get_settings
from kho.stage import StageTable
from kho.stage.repeats import Repeat
from kho.stage.settle import settle
from kho.stage.table import create_stage_table, drop_tables
from kho.stage.verdicts import Verdicts

Row = Mapping[str, Any]
Columns = Mapping[str, Sequence[Any]]
"""The same rows by column."""
Failures = dict[str, set[int]]
"""By rule id the positions of the rows that break it."""

PARAMS = {
    "as_of": EXAMPLES_AS_OF,
    "as_of_end": datetime.combine(EXAMPLES_AS_OF, time.max),
    # What the warehouse has of the month before the samples' own.
    "previous_indicator_value": {"000.00.02.H48|KH1534-07.1|21025|2026-M09": 80.0},
    "previous_population_count": {"21025|2026-09": 15_000},
    "previous_student_count": {"51000001|202609": 300},
}


@cache
def dataset(name: str) -> tuple[Contract, Suite]:
    """A dataset's contract and suite."""
    contract = load_contract(name)
    return contract, load_dataset_suite(contract)


@cache
def datasets_with_suite() -> tuple[str, ...]:
    """The datasets that have rules."""
    folder = get_settings().expectations_dir
    return tuple(name for name in dataset_names() if (folder / f"{name}.yaml").is_file())


def stage(engine: sa.Engine, contract: Contract, rows: Sequence[Row], name: str) -> StageTable:
    """A staging table with the rows; `_row` is a row's position."""
    table = StageTable(name)
    with engine.begin() as db:
        create_stage_table(db, contract, table)
        target = sa.Table(name, sa.MetaData(), schema=table.schema, autoload_with=db)
        db.execute(sa.insert(target), [{**row, "_row": position} for position, row in enumerate(rows)])
    return table


def labelled(
    engine: sa.Engine,
    table: StageTable,
    quality: Quality,
    conditions: Mapping[str, RowCondition],
) -> Failures:
    """What our labels say."""
    failures: Failures = defaultdict(set)
    with engine.begin() as db:
        label(db, table, quality, conditions)
        for position, rules in db.execute(sa.text(f"SELECT _row, rules FROM {failed_table(table).quoted}")):
            for rule_id in rules:
                failures[rule_id].add(position)
    return failures


def judged_on_the_way(
    engine: sa.Engine, contract: Contract, suite: Suite, columns: Columns, name: str
) -> Failures:
    """What a night's own steps say of rows: judged as they stream into staging, and validated there.

    The one place where many rows get in; `_row` is a row's position.
    """
    table = StageTable(name)
    with engine.begin() as db:
        create_stage_table(db, contract, table)
    with duckdb.connect() as duck:
        rows = _typed(duck, contract, columns)
        labels = duck_labels(engine, suite, table, PARAMS, rows, contract)
        verdicts = Verdicts(engine, contract, table, labels)
        reader = labels.select(rows).to_arrow_reader(BATCH_ROWS)
        count = copy_batches(engine, verdicts.watch(reader), table.quoted)
        verdicts.close()
    with engine.begin() as db:
        marks = columns.get("_repeat", ())
        places = db.execute(sa.text(f"SELECT ctid::text, _row FROM {table.quoted}")).all()
        repeats = [Repeat(place, row, marks[row]) for place, row in places if marks and marks[row]]
        settle(db, contract, table, labels, repeats, verdicts.tally(), count)
        db.exec_driver_sql(f"ANALYZE {table.quoted}")
    key = [column.name for column in contract.key]
    validation = validate(engine, suite, table, contract.quality, PARAMS, key)
    failures: Failures = defaultdict(set)
    with engine.begin() as db:
        found = sa.text(f"SELECT _row, rules FROM {validation.failed_table.quoted}")
        for position, rules in db.execute(found):
            for rule_id in rules:
                failures[rule_id].add(position)
        drop_tables(db, table)
    return failures


def _typed(duck: duckdb.DuckDBPyConnection, contract: Contract, columns: Columns) -> duckdb.DuckDBPyRelation:
    """The rows as a relation whose columns have the types that conforming gives them."""
    landed = ", ".join(f'CAST(NULL AS VARCHAR) AS "{name}"' for name in contract.source_names)
    like = conform(duck.sql(f"SELECT CAST(0 AS BIGINT) AS _row, {landed}"), contract)
    kinds = dict(zip(like.columns, map(str, like.types), strict=True))
    kinds |= {"_unreadable": "VARCHAR"}
    texts = {
        name: pa.array([None if value is None else str(value) for value in values], pa.string())
        for name, values in columns.items()
    }
    duck.register(
        "texts", pa.table(texts | {"_row": pa.array(range(len(next(iter(texts.values())))), pa.int64())})
    )
    casts = ", ".join(f'CAST("{name}" AS {kinds[name]}) AS "{name}"' for name in texts if name in kinds)
    return duck.sql(f"SELECT _row, {casts} FROM texts")


def judged_on_pandas(contract: Contract, suite: Suite, rows: Sequence[Row] | Columns) -> Failures:
    """What Great Expectations says of the same rows on its pandas engine."""
    gx = load_gx()
    # A pandas column of days holds midnights, which do not compare with plain dates.
    params = PARAMS | {"as_of": datetime.combine(EXAMPLES_AS_OF, time.min)}
    expectations = to_gx_suite(suite, params, suite.row_rules)
    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("rows").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": _frame(contract, rows)})
    validation = batch.validate(expectations, result_format="COMPLETE")
    failures: Failures = defaultdict(set)
    for result in validation.results:
        raised = [
            info
            for info in (result.exception_info, *result.exception_info.values())
            if isinstance(info, dict) and info.get("raised_exception")
        ]
        assert not raised, raised
        failures[result.expectation_config.meta["rule_id"]].update(
            result.result.get("unexpected_index_list") or ()
        )
    return failures


def counted_by_gx(
    engine: sa.Engine, contract: Contract, suite: Suite, table: StageTable, rows: Sequence[Row]
) -> dict[str, tuple[int, int]]:
    """By rule id the rows judged and failing, as Great Expectations counts them.

    Its SQL engine counts; it cannot (1.24, with SQLAlchemy 2.1) where a rule on two columns has a row
    condition, because it selects from a query that is no subquery. Those rules its pandas engine counts.
    """
    on_pandas = [rule for rule in suite.row_rules if {"column_A", "row_condition"} <= rule.kwargs.keys()]
    on_sql = [rule for rule in suite.row_rules if rule not in on_pandas]
    context = load_gx().get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("frame").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": _frame(contract, rows)})
    counted = batch.validate(to_gx_suite(suite, PARAMS, on_pandas), result_format="SUMMARY")
    return _counts(counted) | counted_on_sql(engine, suite, on_sql, table)


def counted_on_sql(
    engine: sa.Engine, suite: Suite, rules: Sequence[Rule], table: StageTable
) -> dict[str, tuple[int, int]]:
    """By rule id the rows judged and failing, as Great Expectations' SQL engine counts them."""
    context = load_gx().get_context(mode="ephemeral")
    source = context.data_sources.add_postgres(
        "rows", connection_string=engine.url.render_as_string(hide_password=False)
    )
    asset = source.add_table_asset("rows", table_name=table.name, schema_name=table.schema)
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    validation = batch.validate(to_gx_suite(suite, PARAMS, rules), result_format="SUMMARY")
    source.get_engine().dispose()
    return _counts(validation)


def _counts(validation: Any) -> dict[str, tuple[int, int]]:
    counts: dict[str, tuple[int, int]] = {}
    for one in validation.results:
        result = one.result
        assert "element_count" in result, one.exception_info
        judged = result["element_count"] - result.get("missing_count", 0)
        # Of no rows at all its SQL engine sums to nothing.
        counts[one.expectation_config.meta["rule_id"]] = (judged, result["unexpected_count"] or 0)
    return counts


def _frame(contract: Contract, rows: Sequence[Row] | Columns) -> pd.DataFrame:
    """The rows as pandas would hold them: texts as objects, numbers as floats, days as times."""
    frame = pd.DataFrame(rows, dtype=object)
    for column in contract.columns:
        if column.logical_type in ("date", "timestamp"):
            frame[column.name] = pd.to_datetime(frame[column.name]).astype("datetime64[ns]")
        elif column.logical_type in ("integer", "number"):
            frame[column.name] = frame[column.name].astype(float)
    frame["_repeat"] = frame["_repeat"].astype(int)
    return frame
