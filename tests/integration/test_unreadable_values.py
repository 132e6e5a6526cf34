"""A source that sends words where numbers and dates belong never stops a night, and no word is lost silently.

Every typed column of every dataset is garbage once, in a record that is good otherwise; the batch then goes through
every step of a night, on master data that is good.
"""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from kho import pipeline
from kho.rules.labelling import failed_table
from kho.stage import stage_table

from .conftest import new_fixture_night
from .fixture_dataset import Counts, FixtureNight
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
