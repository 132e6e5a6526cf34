"""Land a dataset's night, whatever kind of source it has.

In: a contract, the night, the connections. Out: the manifest of the landed batch. The one place that
knows which extractor serves which kind of source.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

from kho.connections import Connections
from kho.contracts import Contract, FilesSource, ReferenceSource, RestSource
from kho.extract.earlier import Earlier
from kho.extract.windows import span_for
from kho.raw_zone.manifest import Manifest
from kho.settings import Settings

if TYPE_CHECKING:
    from kho.extract.rest.attempts import Answers


def land(
    contract: Contract,
    as_of: date,
    earlier: Earlier,
    connections: Connections,
    settings: Settings,
    note_answers: Callable[[list[Answers]], None] | None = None,
) -> Manifest:
    """Ask the source for what is new since `earlier` and land it.

    If nothing changed in a table that has no change date, the manifest is that of the batch loaded last.

    Args:
        note_answers: is told how a service answered, whether the landing ends well or not.

    Raises:
        KhoError: what the source, the gateway or the credentials did; nothing is left behind.
    """
    source = contract.source
    if isinstance(source, ReferenceSource):
        from kho.extract.reference import extract_reference

        return extract_reference(contract, source, as_of, earlier, settings)
    connection = connections.get(source.connection)
    if isinstance(source, FilesSource):
        from kho.extract.files.extractor import extract_files

        return extract_files(contract, source, connection, as_of, earlier.files, settings.raw_zone)
    if isinstance(source, RestSource):
        from kho.extract.rest import extract_rest

        span = (
            None
            if source.watermark is None or source.window is None
            else span_for(
                as_of, earlier.watermark, source.watermark.lookback_days, source.window.history_days
            )
        )
        return extract_rest(contract, source, connection, span, as_of, settings, note_answers)
    from kho.extract.sql import extract_sql

    return extract_sql(
        contract, source, connection, as_of, earlier.watermark, settings.raw_zone, earlier.batch
    )
