"""Each dataset's load: garbage never stops it and no word is lost silently; what it wrote is what was sent.

Every typed column of every dataset is garbage once, in a record that is good otherwise; the batch then goes through
every step of a night, on master data that is good, and the star's rows are compared with the batch's.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from kho import pipeline
from kho.rules.labelling import failed_table
from kho.stage import stage_table

from .conftest import new_fixture_night
from .fixture_dataset import NIGHT, Counts, FixtureNight
from .mutations import SOURCES, good_rows, landed_records
from .night import in_order
from .rule_cases import dataset

WORDS = "không rõ ?"
MASTER_DATA = ("agencies", "procedures")
# Not words of the sender: the number in the file's name, which is digits, and the file's time.
OF_THE_FILE = {("commune_socioeconomic_forms", name) for name in ("form_version", "submitted_at")}


@pytest.fixture(scope="module")
def night(empty_warehouse: tuple) -> FixtureNight:
    """A warehouse with its master data and nothing else."""
    made = new_fixture_night(empty_warehouse)
    for name in in_order():
        if name not in SOURCES or name in MASTER_DATA:
            made.load(name, records=landed_records(name, good_rows(name, most=10_000)))
    return made


def _records(name: str) -> tuple[list[dict[str, Any]], dict[int, str]]:
    """Good records, and by position the column that is garbage in another one."""
    contract, _ = dataset(name)
    good = landed_records(name, good_rows(name, size=400, most=80))
    records, spoiled = good[:5], {}
    others = good[5:]
    for column in contract.columns:
        if column.logical_type != "string" and (name, column.name) not in OF_THE_FILE:
            filled = (row for row in others if row[column.source_name] is not None)
            record = next(filled, others[0])
            others.remove(record)
            spoiled[len(records)] = column.name
            records.append(record | {column.source_name: WORDS})
    return records, spoiled


@pytest.mark.parametrize("name", SOURCES)
def test_garbage_is_labelled_and_the_night_goes_on(name: str, night: FixtureNight) -> None:
    records, spoiled = _records(name)
    batch = night.judged(name, days_later=1, records=records)
    context = night.province.context
    with context.engine.connect() as db:
        labelled = set(db.scalars(sa.text(f"SELECT _row FROM {failed_table(stage_table(batch)).quoted}")))
    assert not {column for row, column in spoiled.items() if row not in labelled}
    counts = Counts(**pipeline.load(batch, context).counts)
    assert counts.fetched == len(records) == counts.accepted + counts.quarantined + counts.duplicates
    assert counts.accepted >= 5
    compared = _compared(night, name)
    assert compared["rows_agree"] == (counts.accepted, 0)
    assert compared.get("sums_agree", (0, 0))[1] == 0


@pytest.mark.parametrize("name", [name for name in in_order() if name not in SOURCES])
def test_reference_data_is_compared_too(name: str, night: FixtureNight) -> None:
    found = _compared(night, name)
    assert found["rows_agree"][0] > 0
    assert {failed for _, failed in found.values()} == {0}


def test_a_star_that_holds_something_else_is_found_out(night: FixtureNight) -> None:
    with night.province.context.engine.begin() as db:
        db.exec_driver_sql(
            "CREATE FUNCTION stg.spoil() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN NEW.birth_count := NEW.birth_count + 1; RETURN NEW; END'"
        )
        db.exec_driver_sql(
            "CREATE TRIGGER spoil BEFORE INSERT OR UPDATE ON dw.fact_population "
            "FOR EACH ROW EXECUTE FUNCTION stg.spoil()"
        )
    records = landed_records("population", good_rows("population", size=400, most=30))
    counts = night.load("population", days_later=2, records=records)
    found = _compared(night, "population", days_later=2)
    assert found["rows_agree"] == (counts.accepted, counts.accepted)
    assert found["sums_agree"][1] == 1


def _compared(night: FixtureNight, name: str, days_later: int = 1) -> dict[str, tuple[int, int]]:
    """By measure how many rows or sums were compared and how many differ, on the dataset's last day."""
    days = [NIGHT + timedelta(days=days_later), NIGHT]
    query = sa.text(
        "SELECT rule_id, evaluated, failed FROM dq.evidence WHERE dataset = :name AND as_of = :day "
        "AND rule_id IN ('rows_agree', 'sums_agree')"
    )
    with night.province.context.engine.connect() as db:
        for day in days:
            if found := db.execute(query, {"name": name, "day": day}).all():
                return {row.rule_id: (row.evaluated, row.failed) for row in found}
    return {}
