"""DuckDB, as this project uses it: in memory, bounded, and spilling only where others cannot look.

In: how many threads and how much memory. Out: a connection. What does not fit goes into a folder of its
own below the state directory; left to itself DuckDB would spill, records with citizen ids among them,
into the folder that the process happens to run in.
"""

from __future__ import annotations

import uuid

import duckdb

from kho.settings import get_settings

BATCH_ROWS = 32_768
"""Rows of an Arrow batch that it hands over."""


def connect(*, threads: int, memory: str) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB with at most `threads` threads and `memory` (such as `200MB`)."""
    spill = get_settings().home / "tmp" / "duckdb"
    spill.mkdir(mode=0o700, parents=True, exist_ok=True)
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": threads,
        "memory_limit": memory,
        "temp_directory": str(spill / uuid.uuid4().hex),
    }
    return duckdb.connect(config=config)
