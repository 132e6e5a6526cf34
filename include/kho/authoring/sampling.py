"""A few rows of any source, through the connector that also serves its nights.

In: a source's binding and its connection. Out: a `Sample`. The one place that knows which connector samples
which kind of source.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kho.contracts import Column, Contract, FilesSource, ReferenceSource, RestSource
from kho.extract.sample import Sample

if TYPE_CHECKING:
    from kho.connections import Connections
    from kho.contracts.sources import Source
    from kho.settings import Settings


def sample_dataset(contract: Contract, connections: Connections, settings: Settings, rows: int) -> Sample:
    """The first rows of a dataset's source.

    Raises:
        KhoError: what the source, the gateway or the credentials did.
    """
    if isinstance(contract.source, ReferenceSource):
        from kho.extract.reference import sample_reference

        return sample_reference(contract, contract.source, rows, settings)
    return sample_source(contract.source, connections, rows, contract.columns)


def sample_source(
    source: Source, connections: Connections, rows: int, columns: Iterable[Column] = ()
) -> Sample:
    """The first rows of a source that no contract describes yet, or only as far as `columns` say."""
    if isinstance(source, ReferenceSource):
        raise TypeError("reference data ships with the project and is not sampled")
    connection = connections.get(source.connection)
    if isinstance(source, FilesSource):
        from kho.extract.files.extractor import sample_files

        return sample_files(source, connection, rows, columns)
    if isinstance(source, RestSource):
        from kho.extract.rest import sample_rest

        return sample_rest(source, connection, rows)
    from kho.extract.sql import sample_sql

    return sample_sql(source, connection, rows)
