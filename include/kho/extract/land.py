"""Land a dataset's night, whatever kind of source it has.

In: a contract, the night, the connections. Out: the manifest of the landed batch. The one place that
knows which extractor serves which kind of source.
"""

from __future__ import annotations

from datetime import date, datetime

from kho.connections import Connections
from kho.contracts import Contract, FilesSource, ReferenceSource, RestSource
from kho.extract.windows import span_for
from kho.raw_zone.manifest import Manifest
from kho.raw_zone.received import KnownFiles
from kho.settings import Settings


def land(
    contract: Contract,
    as_of: date,
    watermark: datetime | None,
    connections: Connections,
    settings: Settings,
    known: KnownFiles | None = None,
) -> Manifest:
    """Ask the source for what changed since `watermark` (None: everything) and land it.

    Args:
        known: what earlier nights know of each file, for sources of files.

    Raises:
        KhoError: what the source, the gateway or the credentials did; nothing is left behind.
    """
    source = contract.source
    if isinstance(source, ReferenceSource):
        from kho.extract.reference import extract_reference

        return extract_reference(contract, source, as_of, settings)
    connection = connections.get(source.connection)
    if isinstance(source, FilesSource):
        from kho.extract.files.extractor import extract_files

        return extract_files(contract, source, connection, as_of, known or KnownFiles(), settings.raw_zone)
    if isinstance(source, RestSource):
        from kho.extract.rest import extract_rest

        span = span_for(as_of, watermark, source.watermark.lookback_days, source.window.history_days)
        return extract_rest(contract, source, connection, span, as_of, settings.raw_zone)
    from kho.extract.sql import extract_sql

    span = span_for(as_of, watermark, source.watermark.lookback_days, history_days=None)
    return extract_sql(contract, source, connection, span, as_of, settings.raw_zone)
