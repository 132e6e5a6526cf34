"""Compare the rows that were just loaded with what the star now holds of them: sums and hashes, value by
value.

In: the view `accepted` in the load's transaction, and `sql/compare/<dataset>.sql`, which gives the star's
values by the contract's names. Out: evidence `rows_agree` and `sums_agree` of the night. Of a large batch a
sample is compared. A row that the star holds in a later state is left out: an older one never replaces it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from kho.settings import get_settings
from kho.sql_files import read_sql, run_file

if TYPE_CHECKING:
    from kho.contracts.model import Column, Contract
    from kho.raw_zone.manifest import Manifest

_SAMPLE_ROWS = 5_000
_NUMBERS = ("integer", "number")


def compare_with_star(db: sa.Connection, contract: Contract, manifest: Manifest, accepted: int) -> None:
    """Note how many rows and sums agree; nothing where the dataset has no query to compare with."""
    name = f"compare/{contract.dataset}.sql"
    if not accepted or not (get_settings().sql_dir / name).is_file():
        return
    step = max(1, accepted // _SAMPLE_ROWS)
    sampled = f"SELECT * FROM pg_temp.accepted WHERE mod(_row, {step}) = 0"
    db.execute(sa.text(f"CREATE TEMP TABLE compared ON COMMIT DROP AS {sampled}"))
    db.exec_driver_sql("ANALYZE compared (_row)")
    db.execute(sa.text(f"CREATE TEMP TABLE held ON COMMIT DROP AS {read_sql(name)}"))
    held = set(db.execute(sa.text("SELECT * FROM held LIMIT 0")).keys()) - {"_row"}
    columns = [column for column in contract.columns if column.name in held]
    rows = db.execute(sa.text(_comparison(contract, columns))).mappings().one()
    db.exec_driver_sql("DROP TABLE held, compared")
    sums = [column.name for column in columns if column.logical_type in _NUMBERS]
    wrong = [name for name in sums if rows[f"sent_{name}"] != rows[f"held_{name}"]]
    if manifest.rejudges_day and not (rows["differ"] or wrong or _differed(db, manifest)):
        return
    run_file(
        db,
        "quality/note_comparison.sql",
        as_of=manifest.as_of,
        dataset=contract.dataset,
        rule_ids=["rows_agree", "sums_agree"],
        evaluated=[rows["compared"], len(sums) if rows["compared"] else 0],
        failed=[rows["differ"], len(wrong)],
    )


def _differed(db: sa.Connection, manifest: Manifest) -> bool:
    """Whether the night that is judged again was found to differ from the star.

    Where it agreed and still agrees, what was compared that night says more than the rows that no later night
    has replaced.
    """
    return bool(
        db.scalar(
            sa.text(
                "SELECT EXISTS (SELECT FROM dq.evidence WHERE as_of = :as_of AND dataset = :dataset "
                "AND rule_id IN ('rows_agree', 'sums_agree') AND failed > 0)"
            ),
            {"as_of": manifest.as_of, "dataset": manifest.dataset},
        )
    )


def _comparison(contract: Contract, columns: list[Column]) -> str:
    """One pass over the rows: how many differ, and each number's sum on both sides."""
    sent = ", ".join(f"s.{column.name}" for column in columns)
    kept = ", ".join(f"h.{column.name}::{column.sql_type}" for column in columns)
    sums = "".join(
        f", coalesce(sum(s.{c.name}), 0) AS sent_{c.name}"
        f", coalesce(sum(h.{c.name}::{c.sql_type}), 0) AS held_{c.name}"
        for c in columns
        if c.logical_type in _NUMBERS
    )
    watermark = contract.source.watermark.column if contract.source.watermark else None
    newer = f"h.{watermark} > s.{watermark}" if watermark in {column.name for column in columns} else "FALSE"
    return (
        "SELECT count(*) AS compared, count(*) FILTER (WHERE h._row IS NULL OR "
        f"md5(ROW({sent})::text) <> md5(ROW({kept})::text)) AS differ{sums} "
        f"FROM compared AS s LEFT JOIN held AS h ON s._row = h._row WHERE ({newer}) IS NOT TRUE"
    )
