"""The weighted index of a day: criterion -> dataset -> agency -> province, and the master keys.

In: the evidence that stands on a day, and one version of the weights. Out: rows of `dq.quality_index`, or the
same only shown: what a day scores by other weights. A score always comes with its coverage; without evidence
there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import sqlalchemy as sa

from kho.quality.weighting import Weighting, record_weighting, recorded_on, weighting_on, weighting_path
from kho.settings import get_settings
from kho.sql_files import read_sql, run_file
from kho.yaml_source import load_yaml

if TYPE_CHECKING:
    from datetime import date

    from kho.settings import Settings

_KEEP = """
INSERT INTO dq.quality_index (
    as_of, weighting_id, level, dataset, agency_code, principle, master_key, score, coverage, evaluated,
    failed, parts
)
SELECT cast(:as_of AS date), :weighting_id, i.* FROM ({query}) AS i
"""


@dataclass(frozen=True, slots=True)
class IndexLine:
    """One index; `level` says which of dataset, agency_code, principle and master_key name it."""

    level: str
    dataset: str
    agency_code: str
    principle: str
    master_key: str
    score: Decimal
    coverage: Decimal
    evaluated: int
    failed: int
    parts: int


def index_night(db: sa.Connection, as_of: date, settings: Settings) -> int:
    """Write the index of a night by the weights of its day; returns how many rows. Can run twice."""
    weighting = weighting_on(as_of, weighting_path(settings))
    weighting_id = record_weighting(db, weighting)
    db.execute(sa.text("DELETE FROM dq.quality_index WHERE as_of = :as_of"), {"as_of": as_of})
    query = read_sql("quality/index_evidence.sql")
    values = {"as_of": as_of, "weighting_id": weighting_id} | _master_rules(weighting, settings)
    return db.execute(sa.text(_KEEP.format(query=query)), values).rowcount


def index_on(
    db: sa.Connection, as_of: date, weights_of: date | None = None, settings: Settings | None = None
) -> tuple[Weighting, list[IndexLine]]:
    """The index of a day made again from its evidence, and the weights it was made with; nothing is kept.

    The weights are those that were written down for the day, or for `weights_of`; where no night has used
    any, those of the file.
    """
    day = weights_of or as_of
    with db.begin_nested() as savepoint:
        found = recorded_on(db, day)
        if found is None:
            weighting = weighting_on(day, weighting_path(settings or get_settings()))
            weighting_id = record_weighting(db, weighting)
        else:
            weighting_id, weighting = found
        values = {"as_of": as_of, "weighting_id": weighting_id} | _master_rules(
            weighting, settings or get_settings()
        )
        rows = run_file(db, "quality/index_evidence.sql", **values).mappings().all()
        savepoint.rollback()
    return weighting, [IndexLine(**row) for row in rows]


def _master_rules(weighting: Weighting, settings: Settings) -> dict[str, list[str]]:
    """The rules of the suites that judge a master key."""
    keys: list[str] = []
    datasets: list[str] = []
    rules: list[str] = []
    for path in sorted(settings.expectations_dir.glob("*.yaml")):
        for rule in load_yaml(path).data.get("expectations", ()):
            for name, key in weighting.master_keys.items():
                if rule.get("type") in key.expectations and rule.get("id") not in key.except_rules:
                    keys.append(name)
                    datasets.append(path.stem)
                    rules.append(str(rule.get("id")))
    return {"master_keys": keys, "key_datasets": datasets, "key_rules": rules}
