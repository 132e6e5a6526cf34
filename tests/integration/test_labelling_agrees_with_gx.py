"""Our labels are Great Expectations' own verdicts: on mixed rows both name the same rows.

On 5,000 rows of every dataset in CI; `make bench ARGS=agreement` takes 200,000.
"""

import os
import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from kho.contracts import Contract
from kho.errors import GateClosed
from kho.rules.conditions import row_conditions
from kho.rules.labelling import Count, label, tally
from kho.rules.suite import Suite, SuiteError
from kho.rules.validate import validate
from tests.integration import rule_cases
from tests.integration.rule_cases import PARAMS, Row, dataset, datasets_with_suite

ROWS = 5_000
# Texts that upset parsers, and near misses of every identifier.
NASTY = (
    "", " ", "'", '"', "\\", "%", "%%s", ":name", "{}", "_", "1_2", "\n", "0" * 400,
    "123456789", "051085001234", "051085001234 ", " 51085001234", "+51085001234", "0x1085001234",
    "051_85001234", "٠٥١٠٨٥٠٠١٢٣٤", "05108500123４", "0100109106", "0100109106-001",
    "0100109106-000", "0100109106-1_1", "0100109106001", "0000000000", "0100000000", "999085001234",
    "000.00.02.H48", "H48", "H48.02.123.45", "H48.02.", "h48.02", "0.0.00.02.H48", "000.00.02.H4８",
    "000.00.02.H48-261001-0000123", "000.00.02.H48-260230-0000123", "000.00.02.H48-261001-012",
    "000.00.02.H48-2610-1-0000123", "000.0..02.H48-261001-0000123", "000.00.02.H48-26JAN1-0000123",
    "H48.02-261001-01ab", "H48-261001-0123\n", "000.00.02.H48-261001-0123-", "H48-+61001-0123",
    "NguyÔn V¨n ¸nh", "Nguyeãn Vaên AÙnh", "Đăk Hà", "François", "Nguye\u0302\u0303n", "\u1eb7",
    "Nguyá»…n VÄƒn An", "LÃª VÄ\x83n BÃ¬nh", "UBND “XÃ”", "TÃ”N", "Nguy?n V?n An", "https://x.vn/a?t", "Sao?", "Tr??ng",
    "\ufffd", "Phố?\nmới", "th?\nn?", "«Đá»…",
)  # fmt: skip


def _pools(contract: Contract, suite: Suite) -> Mapping[str, Sequence[Any]]:
    """For each column the values that its rows draw from."""
    pools: dict[str, list[Any]] = defaultdict(list)
    for rule in suite.row_rules:
        for case in (suite.sample, rule.breaks or {}, rule.passes or {}):
            for column, value in case.items():
                pools[column].append(value)
    for column in contract.columns:
        pool = pools[column.name]
        pool.append(None)
        if column.logical_type == "string":
            pool += NASTY
        elif column.logical_type in ("integer", "number"):
            pool += [-1, 0, 1, 2, 100, 101, 10**9]
        elif column.logical_type == "timestamp":
            start = datetime.fromisoformat("2025-06-30")
            pool += [start + timedelta(hours=hours) for hours in (-1, 0, 23, 24, 25, 11_000)]
    pools["_unreadable"] += [None, "", ",received,", ",due_at,finished_at,"]
    pools["_repeat"] = [0, 0, 0, 1, 2]
    return pools


def mixed_rows(contract: Contract, suite: Suite) -> list[Row]:
    """Rows from the untouched sample to the thoroughly spoiled."""
    dice = random.Random(contract.dataset)
    pools = _pools(contract, suite)
    rows: list[Row] = []
    for number in range(ROWS):
        row = dict(suite.sample)
        for column in dice.sample(sorted(row), k=min(number % 7, len(row))):
            row[column] = dice.choice(pools[column])
        rows.append(row)
    return rows


def _mixed_columns(contract: Contract, suite: Suite, count: int) -> dict[str, list[Any]]:
    """Rows of the same kind, by column: up to six values of a row are drawn from the pools."""
    dice = np.random.default_rng(51)
    pools = _pools(contract, suite)
    names = sorted(suite.sample)
    # A row's columns in an order of its own; the first few of them are spoiled.
    order = dice.random((count, len(names))).argsort(axis=1).argsort(axis=1)
    spoiled = order < (np.arange(count) % 7)[:, None]
    columns = {}
    for place, name in enumerate(names):
        pool = pools[name]
        drawn = np.where(spoiled[:, place], dice.integers(0, len(pool), count), -1).tolist()
        columns[name] = [suite.sample[name] if one < 0 else pool[one] for one in drawn]
    return columns


@pytest.mark.parametrize("name", datasets_with_suite())
def test_labels_are_the_verdicts_of_great_expectations(name: str, pg_engine: sa.Engine) -> None:
    contract, suite = dataset(name)
    columns = _mixed_columns(contract, suite, int(os.environ.get("AGREEMENT_ROWS", ROWS)))
    ours = rule_cases.judged_on_the_way(pg_engine, contract, suite, columns, f"mixed_{name}")
    theirs = rule_cases.judged_on_pandas(contract, suite, columns)
    repeats = {position for position, repeat in enumerate(columns["_repeat"]) if repeat == 1}
    assert not [rule.where for rule in suite.row_rules if not ours[rule.rule_id]], "never broken"
    for rule in suite.row_rules:
        expected = theirs[rule.rule_id] - repeats
        differing = sorted(ours[rule.rule_id] ^ expected)
        shown = [
            (position in expected, *(str(columns[c][position]) for c in sorted(rule.columns)))
            for position in differing[:10]
        ]
        assert not differing, f"{rule.where}: {shown}"


@pytest.mark.parametrize("name", datasets_with_suite())
def test_counts_are_those_of_great_expectations(name: str, pg_engine: sa.Engine) -> None:
    """By rule: rows judged and failing, as its own SQL validation counts them."""
    contract, suite = dataset(name)
    rows = [{**row, "_repeat": row["_repeat"] or 0} for row in mixed_rows(contract, suite)[:500]]
    rows = [row for row in rows if row["_repeat"] != 1]
    table = rule_cases.stage(pg_engine, contract, rows, f"counted_{name}")
    conditions = row_conditions(pg_engine, suite, table, PARAMS)
    with pg_engine.begin() as db:
        label(db, table, contract.quality, conditions)
        counts = tally(db, table, contract.quality, conditions)
    theirs = rule_cases.counted_by_gx(pg_engine, contract, suite, table, rows)
    for rule in suite.row_rules:
        assert _sum(counts, rule.rule_id) == theirs[rule.rule_id], rule.where
    column, owner = contract.quality.agency_column, contract.quality.owner_agency
    assert {count.agency_code for count in counts} == {row[column] if column else owner for row in rows}


def _sum(counts: Sequence[Count], rule_id: str) -> tuple[int, int]:
    mine = [count for count in counts if count.rule_id == rule_id]
    return sum(count.evaluated for count in mine), sum(count.failed for count in mine)


def _with_rule(suite: Suite, **kwargs: Any) -> Suite:
    """The suite with one rule only, a range check with these arguments."""
    rule = next(one for one in suite.row_rules if one.rule_id == "fee_not_negative")
    return replace(suite, rules=(replace(rule, kwargs=kwargs),))


@pytest.mark.parametrize("column", ["applicant_name", "no_such_column"])
def test_rule_that_cannot_be_asked_names_its_line(column: str, pg_engine: sa.Engine) -> None:
    contract, suite = dataset("public_service_dossiers")
    table = rule_cases.stage(pg_engine, contract, [dict(suite.sample)], "refused")
    with pytest.raises(SuiteError) as caught:
        row_conditions(pg_engine, _with_rule(suite, column=column, min_value=0), table, PARAMS)
    assert (caught.value.where or "").startswith("expectations/public_service_dossiers.yaml:")
    assert "fee_not_negative" in caught.value.message


def test_unknown_parameter_names_its_line(pg_engine: sa.Engine) -> None:
    contract, suite = dataset("public_service_dossiers")
    table = rule_cases.stage(pg_engine, contract, [dict(suite.sample)], "unknown_parameter")
    with pytest.raises(SuiteError, match="wants the parameter 'as_of_end'"):
        row_conditions(pg_engine, suite, table, {})


def test_validate_ties_rules_rows_and_agencies_together(pg_engine: sa.Engine) -> None:
    contract, suite = dataset("public_service_dossiers")
    other = {**suite.sample, "agency_code": "000.00.01.H48"}
    rows = [
        suite.sample,
        {**suite.sample, "citizen_id": "123456789", "fee_amount_vnd": -1},
        {**suite.sample, "citizen_id": "123456789", "_repeat": 1},
        {**other, "citizen_id": None},
        {**other, "agency_code": None},
    ]
    table = rule_cases.stage(pg_engine, contract, rows, "tied")
    for _ in range(2):  # a second time it replaces what the first time made
        result = validate(pg_engine, suite, table, contract.quality, PARAMS)
    by_rule = {(one.rule_id, one.agency_code): (one.evaluated, one.failed) for one in result.results}
    assert by_rule["dossier_schema", None] == (1, 0)
    assert by_rule["citizen_id_valid", "000.00.02.H48"] == (2, 1)
    assert ("citizen_id_valid", "000.00.01.H48") not in by_rule
    assert by_rule["agency_code_present", None] == (1, 1)
    assert (result.failed_rows, result.dataset_failures) == (2, ())
    with pg_engine.connect() as db:
        failed = db.execute(
            sa.text(f"SELECT _row, rules FROM {result.failed_table.quoted} ORDER BY _row")
        ).all()
    assert failed == [(1, ["citizen_id_valid", "fee_not_negative"]), (4, ["agency_code_present"])]


def test_validate_without_a_column_that_rules_read(pg_engine: sa.Engine) -> None:
    contract, suite = dataset("public_service_dossiers")
    table = rule_cases.stage(pg_engine, contract, [dict(suite.sample)], "columnless")
    with pg_engine.begin() as db:
        db.exec_driver_sql(f"ALTER TABLE {table.quoted} DROP COLUMN citizen_id")
    with pytest.raises(GateClosed, match="citizen_id"):
        validate(pg_engine, suite, table, contract.quality, PARAMS)
