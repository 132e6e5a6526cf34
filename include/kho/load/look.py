"""What a batch looks like: how many rows are to be loaded, the newest change, its profile.

In: a staged batch. Out: found by a session of its own while the load writes the star, which keeps one core
busy. It begins when the load has read the whole batch for the last time: until then the load's processes have
the cores to themselves.
"""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self, TypeVar

import sqlalchemy as sa

from kho.anomalies.profile import Profile, keep_profile, measure_batch
from kho.load.views import create_views
from kho.quality.rejects import rejected_table
from kho.sql_files import run_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from kho.anomalies.config import Watch
    from kho.contracts.model import Contract
    from kho.raw_zone.manifest import Manifest
    from kho.stage import StageTable

log = logging.getLogger(__name__)

Found = TypeVar("Found")


class Look:
    """A look at a staged batch, beside the load that it is of."""

    def __init__(
        self,
        engine: sa.Engine,
        contract: Contract,
        manifest: Manifest,
        table: StageTable,
        watch: Watch | None,
    ) -> None:
        """Prepare to look.

        Args:
            watch: what is measured of the rows, for the nights to come; nothing without it.
        """
        self._engine, self._contract, self._manifest = engine, contract, manifest
        self._table, self._watch = table, watch
        self._beside = ThreadPoolExecutor(1)
        self._counting: Future[Any] | None = None
        self._measuring: Future[Profile | None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Whoever failed needs no more than what is under way.
        self._beside.shutdown(cancel_futures=kind is not None)

    def count_in(self, db: sa.Connection) -> None:
        """Count in the load's own session, which has taken rows out of the batch that others still see."""
        self._counting = Future()
        self._counting.set_result(self._count(db))

    def begin(self) -> None:
        """Begin, once; what the load's own session has counted is not counted again."""
        if self._counting is None:
            self._counting = self._beside.submit(self._apart, self._count)
        if self._measuring is None and self._watch and not self._manifest.replays:
            self._measuring = self._beside.submit(self._apart, self._measure)

    @property
    def counted(self) -> Any:
        """Rows to load (accepted), identical copies (duplicates), and the newest change; waits for them."""
        if self._counting is None:
            raise RuntimeError("nobody has begun to look")
        return self._counting.result()

    def keep_profile(self, db: sa.Connection) -> None:
        """Keep the measures for the nights to come; what goes wrong there does not cost the load."""
        try:
            if profile := self._measuring.result() if self._measuring else None:
                with db.begin_nested():
                    keep_profile(db, profile, self._manifest)
        except sa.exc.SQLAlchemyError:
            log.exception(
                "measuring %s failed; the night is loaded and not compared", self._manifest.batch_id
            )

    def _apart(self, look: Callable[[sa.Connection], Found]) -> Found:
        """Look in a session that leaves nothing behind."""
        with self._engine.connect() as db:
            run_file(db, "stage/tune_for_batch.sql")
            # One process: the load needs what is found only when it is nearly done.
            db.exec_driver_sql("SET LOCAL max_parallel_workers_per_gather = 0")
            create_views(db, self._contract, self._table)
            found = look(db)
            db.rollback()
        return found

    def _count(self, db: sa.Connection) -> Any:
        freshness = self._contract.freshness
        newest = f"max({freshness.column})" if freshness else "NULL"
        rejected = rejected_table(self._table).quoted
        return db.execute(
            sa.text(
                "SELECT count(*) FILTER "
                f"(WHERE _repeat = 0 AND _row NOT IN (SELECT _row FROM {rejected})) AS accepted, "
                f"count(*) FILTER (WHERE _repeat = 1) AS duplicates, {newest} AS newest "
                f"FROM {self._table.quoted}"
            )
        ).one()

    def _measure(self, db: sa.Connection) -> Profile | None:
        return measure_batch(db, self._watch, self._manifest) if self._watch else None
