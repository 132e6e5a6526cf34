"""Records of a batch that share their key: which one is to be loaded, which are the same again or older.

In: the hashes of the keys that stream past, then the staging table. Out: the few rows whose `_repeat` is
not 0, found without reading the many.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from kho.conform.expressions import KEY_HASH
from kho.contracts.model import Contract
from kho.stage.table import StageTable

_NO_HASHES = np.empty(0, np.uint64)
_NO_ROWS = np.empty(0, np.int64)
_ENDS = np.uint64(0xFFFF)


class SeenKeys:
    """The keys that passed through one stream, as hashes: sixteen bytes a row."""

    def __init__(self) -> None:
        self.rows: list[np.ndarray[Any, np.dtype[np.int64]]] = []
        self.hashes: list[np.ndarray[Any, np.dtype[np.uint64]]] = []

    def watch(self, reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
        """The same stream without the hashes, which are kept."""
        place = reader.schema.get_field_index(KEY_HASH)

        def batches() -> Iterator[pa.RecordBatch]:
            for batch in reader:
                keyed = (
                    batch.filter(batch.column(place).is_valid()) if batch.column(place).null_count else batch
                )
                # Copies: a view would keep the whole batch in memory.
                self.rows.append(keyed.column("_row").to_numpy().copy())
                self.hashes.append(keyed.column(place).to_numpy().copy())
                yield batch.drop_columns([KEY_HASH])

        return pa.RecordBatchReader.from_batches(reader.schema.remove(place), batches())

    @staticmethod
    def repeated(streams: Sequence[SeenKeys]) -> list[int]:
        """The rows whose hash another row of any stream has too."""
        hashes = np.concatenate([part for stream in streams for part in stream.hashes] or [_NO_HASHES])
        rows = np.concatenate([part for stream in streams for part in stream.rows] or [_NO_ROWS])
        # Numbers alone are sorted ten times faster than the rows are by their hashes; and of the rows only
        # those are looked up whose hash ends like one that occurs twice.
        in_order = np.sort(hashes)
        twice = np.unique(in_order[1:][in_order[1:] == in_order[:-1]])
        ends = np.zeros(_ENDS + 1, np.bool_)
        ends[twice & _ENDS] = True
        alike = np.flatnonzero(ends[hashes & _ENDS])
        return sorted(rows[alike[np.isin(hashes[alike], twice)]].tolist())


class Repeat(NamedTuple):
    """A row whose key another row has too, its place (ctid) in the staging table, and its `_repeat`."""

    place: str
    row: int
    mark: int


def find_repeats(
    db: sa.Connection, contract: Contract, table: StageTable, suspects: Sequence[int]
) -> list[Repeat]:
    """The rows that repeat the key of another.

    Only suspects are looked at: they are few, the table is large. By their places the few rows are
    found without reading the many.
    """
    if not suspects:
        return []
    staged = sa.Table(table.name, sa.MetaData(), schema=table.schema, autoload_with=db)
    keys = [staged.c[column.name] for column in contract.key]
    content = sa.func.md5(
        sa.cast(sa.func.to_jsonb(sa.literal_column(f'"{table.name}"')) - "_row" - "_repeat", sa.Text)
    )
    newest = (
        []
        if contract.source.watermark is None
        else [staged.c[contract.source.watermark.column].desc().nulls_last()]
    )
    among = sa.any_(sa.bindparam("suspects", list(suspects), type_=ARRAY(sa.BigInteger)))
    copies = sa.func.row_number().over(partition_by=[*keys, content], order_by=staged.c["_row"])
    rank = sa.func.row_number().over(partition_by=keys, order_by=[*newest, staged.c["_row"]])
    ranked = (
        sa.select(
            sa.cast(sa.literal_column("ctid"), sa.Text).label("place"),
            staged.c["_row"],
            copies.label("copy"),
            rank.label("rank"),
        )
        .where(staged.c["_row"] == among)
        .subquery()
    )
    verdict = sa.case((ranked.c.copy > 1, 1), (ranked.c.rank > 1, 2), else_=0).label("mark")
    chosen = sa.select(ranked.c.place, ranked.c["_row"], verdict)
    found = db.execute(chosen.where(sa.or_(ranked.c.copy > 1, ranked.c.rank > 1)))
    return [Repeat(*row) for row in found]


def mark_repeats(db: sa.Connection, table: StageTable, repeats: Sequence[Repeat]) -> None:
    """Set `_repeat`, by place in the table and by row in the small one beside it."""
    marks = sa.text(f"UPDATE {table.quoted} SET _repeat = :mark WHERE ctid = ANY(cast(:places AS tid[]))")
    beside = sa.text(
        f"UPDATE {table.beside('repeated').quoted} SET _repeat = :mark "
        "WHERE _row = ANY(cast(:rows AS bigint[]))"
    )
    for mark in {one.mark for one in repeats}:
        here = [one for one in repeats if one.mark == mark]
        db.execute(marks, {"mark": mark, "places": [one.place for one in here]})
        db.execute(beside, {"mark": mark, "rows": [one.row for one in here]})
