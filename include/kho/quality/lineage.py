"""Which tables of the star a dataset fills, as its own load statements say.

In: `sql/load/<dataset>/*.sql`. Out: names of tables of schema `dw`; facts first to last.
"""

from __future__ import annotations

import re
from functools import cache

from kho.sql_files import files_in, read_sql

_WRITES = re.compile(r"^\s*(?:INSERT INTO|UPDATE|MERGE INTO)\s+dw\.(\w+)", re.MULTILINE | re.IGNORECASE)


@cache
def tables_of(dataset: str) -> tuple[str, ...]:
    """The tables that the dataset's load writes into."""
    found = (name for file in files_in(f"load/{dataset}") for name in _WRITES.findall(read_sql(file)))
    return tuple(sorted(dict.fromkeys(found)))
