"""What DuckDB says of rows on their way into the staging table is what PostgreSQL says of them there."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from kho.conform.expressions import conform
from kho.contracts import Contract
from kho.corrections import Correction
from kho.quality.rejects import rejected_table, write_rejects
from kho.rules.conditions import row_conditions
from kho.rules.duck_labels import BROKEN, DuckLabels, already_asked, mark_of, translate
from kho.rules.labelling import failed_table, label
from kho.rules.suite import Suite
from kho.rules.validate import validate
from kho.stage import StageTable, stage_batch, stage_table
from tests.integration import rule_cases
from tests.integration.rule_cases import PARAMS, Row, dataset, datasets_with_suite
from tests.integration.test_labelling_agrees_with_gx import mixed_rows


def _conformed(duck: duckdb.DuckDBPyConnection, contract: Contract, rows: Sequence[Row]) -> Any:
    """The rows as a relation whose columns have the types that conforming gives them."""
    landed = ", ".join(f'CAST(NULL AS VARCHAR) AS "{name}"' for name in contract.source_names)
    like = conform(duck.sql(f"SELECT CAST(0 AS BIGINT) AS _row, {landed}"), contract)
    kinds = dict(zip(like.columns, map(str, like.types), strict=True)) | {"_unreadable": "VARCHAR"}
    names = ["_unreadable", *(column.name for column in contract.columns)]
    texts = pa.table(
        {
            name: pa.array([None if row[name] is None else str(row[name]) for row in rows], pa.string())
            for name in names
        }
        | {"_row": pa.array(range(len(rows)), pa.int64())}
    )
    duck.register("texts", texts)
    columns = ", ".join(f'CAST("{name}" AS {kinds[name]}) AS "{name}"' for name in names)
    return duck.sql(f"SELECT _row, {columns} FROM texts")


@pytest.mark.parametrize("name", datasets_with_suite())
def test_duckdb_and_postgresql_name_the_same_rows(name: str, pg_engine: sa.Engine) -> None:
    contract, suite = dataset(name)
    rows = [{**row, "_repeat": 0} for row in mixed_rows(contract, suite)]
    table = rule_cases.stage(pg_engine, contract, rows, f"duck_{name}")
    conditions = row_conditions(pg_engine, suite, table, PARAMS)
    theirs = rule_cases.labelled(pg_engine, table, contract.quality, conditions)
    key = [column.name for column in contract.key]
    with pg_engine.begin() as db:
        label(db, table, contract.quality, conditions, key)
        query = sa.text(f"SELECT _row, _key, rules FROM {failed_table(table).quoted}")
        labelled = {row: (text, rules) for row, text, rules in db.execute(query)}
    with duckdb.connect() as duck:
        conformed = _conformed(duck, contract, rows)
        found = translate({rule: one.unexpected for rule, one in conditions.items()}, conformed)
        assert found.keys() == {rule.rule_id for rule in suite.row_rules}
        applies = translate({rule: one.applies for rule, one in conditions.items()}, conformed)
        assert applies.keys() == found.keys()
        labels = DuckLabels(found, key=key)
        some = labels.labelled(labels.select(conformed).filter(BROKEN), contract.quality).select(
            "_row, _key, rules"
        )
        broken = {row: (text, rules) for row, text, rules in some.fetchall()}
        for rule_id, text in found.items():
            ours = {row for row, (_, rules) in broken.items() if rule_id in rules}
            differing = sorted(ours ^ theirs[rule_id])
            columns = next(sorted(rule.columns) for rule in suite.row_rules if rule.rule_id == rule_id)
            shown = [{column: rows[at].get(column) for column in columns} for at in differing[:5]]
            assert not differing, (rule_id, text, shown)
        assert broken == labelled


def _stage_dossiers(engine: sa.Engine, folder: Path, rows: Sequence[Row], suite: Suite | None) -> StageTable:
    contract, _ = dataset("public_service_dossiers")
    source = {column.source_name: column.name for column in contract.columns}
    landed = {name: [_as_sent(row.get(column)) for row in rows] for name, column in source.items()}
    folder.mkdir()
    records = pa.table(
        {"_row": list(range(len(rows)))} | {n: pa.array(v, pa.string()) for n, v in landed.items()}
    )
    pq.write_table(records, folder / "records-00000.parquet")
    batch = f"public_service_dossiers-{folder.name}"
    fix = Correction(
        id="channel",
        key={"dossier_code": "000.00.02.H48-261001-9"},
        column="channel_code",
        **{"from": "8", "to": "9"},
        why="a test",
        reported_to="nobody",
        by="nobody",
        date=date(2026, 10, 1),
        rows=1,
        valid_until=date(2026, 12, 31),
    )
    stage_batch(engine, contract, batch, folder, len(rows), (suite, PARAMS) if suite else None, [fix])
    return stage_table(batch)


def _as_sent(value: Any) -> str | None:
    """As LGSP writes it."""
    if value is None or not hasattr(value, "strftime"):
        return None if value is None else str(value)
    return str(value.strftime("%d/%m/%Y %H:%M:%S"))


def test_verdicts_do_not_depend_on_who_gave_them(pg_engine: sa.Engine, tmp_path: Path) -> None:
    """Labels on the way, labels afterwards, and labels of a suite that has changed meanwhile.

    Rejected rows keep their records as received, whoever brought them: also what a correction changed.
    """
    contract, suite = dataset("public_service_dossiers")
    critical = [rule.rule_id for rule in suite.rules if rule.severity == "critical"]
    rows = [suite.sample, {**suite.sample, "dossier_code": "000.00.02.H48-261001-9", "channel_code": "8"}]
    rows += [{**suite.sample, "citizen_id": "123"}, {**suite.sample, "dossier_code": None}, suite.sample]
    outcomes = []
    for name, by in (("way", suite), ("after", None), ("old", replace(suite, content_sha256="another"))):
        table = _stage_dossiers(pg_engine, tmp_path / name, rows, by)
        with pg_engine.connect() as db:
            asked = already_asked(db, table, mark_of(suite, PARAMS))
        assert bool(asked) == (name == "way")
        result = validate(pg_engine, suite, table, contract.quality, PARAMS, ["dossier_code"])
        write_rejects(
            pg_engine,
            table,
            result.failed_table,
            critical,
            tmp_path / name,
            result.failed_rows,
        )
        with pg_engine.connect() as db:
            query = sa.text(
                f"SELECT _row, _agency, _key, rules FROM {result.failed_table.quoted} ORDER BY _row"
            )
            rejected = sa.text(f"SELECT r, r.raw FROM {rejected_table(table).quoted} AS r ORDER BY _row")
            outcomes.append((result.results, db.execute(query).all(), db.execute(rejected).all()))
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert [json.loads(row.raw)["KenhThucHien"] for row in outcomes[0][2]] == ["8", "2", "2"]
    assert [row.rules for row in outcomes[0][1]] == [
        ["dossier_code_format", "channel_code_known"],
        ["dossier_code_unique", "citizen_id_valid"],
        ["dossier_code_present"],
    ]


def test_what_duckdb_may_understand_otherwise_is_left_to_postgresql() -> None:
    column, other = sa.column("name"), sa.column("number")
    left = {
        "order of texts": column > "a",
        "look-ahead": column.op("~")(sa.literal("(?=a)b")),
        "class": column.op("~")(sa.literal("[[:alpha:]]")),
        "word": column.op("~")(sa.literal(r"\w")),
        "operator": column.op("~*")(sa.literal("a")),
        "function": sa.func.to_hex(other) == "ff",
        "sub-query": column.in_(sa.select(sa.column("name")).select_from(sa.table("t"))),
        "window": sa.func.count().over(partition_by=column) > 1,
        "type": other == sa.cast(column, sa.Uuid),
    }
    done = {"range": other >= 1, "regex": column.op("~")(sa.literal(r"^\d{2}\.[A-Z](a|b)$"))}
    with duckdb.connect() as duck:
        row = duck.sql("SELECT 'a' AS name, 1 AS number")
        assert translate(left | done, row).keys() == done.keys()
