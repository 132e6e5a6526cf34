"""What the nights before this one know of a source.

In: the ledger. Out: `Earlier`: how far the source has been read, so that a night asks only for what is
new to it. A dataset's first night knows nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from kho.raw_zone.received import KnownFiles


@dataclass(frozen=True)
class Earlier:
    """How far a source has been read before a night.

    Attributes:
        watermark: local civil time up to which changes have been asked for; None: never.
        batch: the batch loaded last, which holds the state of a table that has no change date.
        overtaken: batches that were loaded before that one, for content that belongs to no night.
        files: the files seen, for a source of files.
    """

    watermark: datetime | None = None
    batch: str | None = None
    overtaken: frozenset[str] = frozenset()
    files: KnownFiles = field(default_factory=KnownFiles)
