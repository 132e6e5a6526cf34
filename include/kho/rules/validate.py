"""Judge a staging table by its suite.

In:  a staging table, the suite of its dataset, the night's parameters.
Out: a `Validation`: how many rows each rule judged and how many broke it, by agency; the table of
     the rows that broke a rule; the rules that the dataset as a whole broke.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kho.errors import GateClosed
from kho.rules.labelling import failed_table, label, tally

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kho.contracts.model import Quality
    from kho.rules.suite import Principle, Severity, Suite
    from kho.stage import StageTable


@dataclass(frozen=True, slots=True)
class RuleResult:
    """How one rule fared with the rows of one agency.

    Attributes:
        agency_code: None where a row should name its agency and does not, and for rules about the whole
            dataset.
        evaluated: rows judged; 1 for a rule about the whole dataset.
        failed: rows that broke it; 0 or 1 for a rule about the whole dataset.
        of_dataset: it is a rule about the whole dataset.
    """

    rule_id: str
    principle: Principle
    severity: Severity
    agency_code: str | None
    evaluated: int
    failed: int
    of_dataset: bool = False


@dataclass(frozen=True, slots=True)
class Validation:
    """What a suite says about a staging table.

    Attributes:
        results: by rule in the order of the suite, then by agency.
        failed_table: the failing rows: `_row`, `_agency`, `rules text[]`.
        failed_rows: how many there are.
        dataset_failures: ids of the dataset rules that fail.
    """

    results: tuple[RuleResult, ...]
    failed_table: StageTable
    failed_rows: int
    dataset_failures: tuple[str, ...]


def validate(
    engine: sa.Engine,
    suite: Suite,
    table: StageTable,
    quality: Quality,
    params: Mapping[str, Any],
    key_columns: Sequence[str] = (),
) -> Validation:
    """Run every rule of a suite on a staging table; running it again replaces the failing rows.

    Args:
        engine: of the warehouse.
        table: has `_row`, `_repeat` and the columns that the rules read.
        quality: the contract's word on which column names a row's agency, or whose all rows are.
        params: values of the suite's `$PARAMETER`s.
        key_columns: the columns of the business key, kept with each failing row.

    Raises:
        SuiteError: Great Expectations cannot evaluate a rule.
        GateClosed: the table lacks columns that row rules read, and the dataset's own rules fail.
    """
    # Great Expectations is imported on the way, and not before somebody validates.
    from kho.rules.conditions import row_conditions
    from kho.rules.dataset_checks import failing_dataset_rules
    from kho.rules.duck_labels import already_asked, mark_of

    failures = failing_dataset_rules(engine, suite, table, params)
    _require_columns(engine, suite, table, failures)
    rules = {rule.rule_id: rule for rule in suite.rules}
    with engine.begin() as connection:
        asked = already_asked(connection, table, mark_of(suite, params))
    # Most of the time of judging a batch that was judged while it was staged would go into the conditions.
    all_asked = bool(asked) and asked >= {rule.rule_id for rule in suite.row_rules}
    conditions = {} if all_asked else row_conditions(engine, suite, table, params)
    with engine.begin() as connection:
        failed_rows = label(connection, table, quality, conditions, key_columns, asked)
        counts = tally(connection, table, quality, conditions, asked)
    numbers: list[tuple[str, str | None, int, int]] = [
        (rule.rule_id, None, 1, int(rule.rule_id in failures)) for rule in suite.dataset_rules
    ]
    order = {rule_id: place for place, rule_id in enumerate(rules)}
    numbers += [
        (c.rule_id, c.agency_code, c.evaluated, c.failed)
        for c in sorted(counts, key=lambda c: order[c.rule_id])
    ]
    results = tuple(
        RuleResult(
            rule_id=rule_id,
            principle=rules[rule_id].principle,
            severity=rules[rule_id].severity,
            agency_code=agency,
            evaluated=judged,
            failed=broken,
            of_dataset=rules[rule_id].scope == "dataset",
        )
        for rule_id, agency, judged, broken in numbers
    )
    return Validation(results, failed_table(table), failed_rows, failures)


def _require_columns(engine: sa.Engine, suite: Suite, table: StageTable, failures: tuple[str, ...]) -> None:
    """A row rule about a column that is not there cannot be asked."""
    if not failures:
        return
    import sqlalchemy as sa

    there = {column["name"] for column in sa.inspect(engine).get_columns(table.name, table.schema)}
    read = frozenset[str]().union(*(rule.columns for rule in suite.row_rules))
    if missing := sorted(read - there):
        raise GateClosed(
            f"the staged data lacks the columns {', '.join(missing)}",
            dataset=suite.dataset,
            where=table.quoted,
            next_step="compare the source's answer with the contract",
        )
