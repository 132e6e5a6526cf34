"""How quickly services answered, from the run's own request log.

In: `requests.parquet` of each dataset's last loaded batch. Out: how many requests were answered, and how many
of them slowly. A batch whose log is gone, or that had none, gives no evidence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa

from kho.extract.rest.attempts import FILE_NAME
from kho.sql_files import run_file

if TYPE_CHECKING:
    from datetime import date

    from kho.settings import Settings


def slow_answers(
    db: sa.Connection, as_of: date, settings: Settings, slow_seconds: float
) -> Iterator[tuple[str, int, int]]:
    """(dataset, answers, slow ones) of each dataset with a log."""
    for row in run_file(db, "measure/standing_batches.sql", as_of=as_of):
        path = settings.raw_zone / row.dataset / row.batch_id / FILE_NAME
        if not path.is_file():
            continue
        seconds = pq.read_table(path, columns=["seconds"]).column("seconds")
        yield row.dataset, len(seconds), int(pc.sum(pc.greater(seconds, slow_seconds)).as_py() or 0)
