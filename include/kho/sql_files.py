"""SQL lives in `sql/`, a purpose a file; this is how a file is run.

In: a file's path below `sql/` and its bound parameters. Out: SQLAlchemy's result. Values are always
bound (`:name`); a file never has names filled in.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from kho.settings import get_settings


@cache
def read_sql(name: str) -> str:
    """The text of `sql/<name>`."""
    return (get_settings().sql_dir / name).read_text(encoding="utf-8")


def run_file(db: sa.Connection, name: str, **parameters: Any) -> sa.CursorResult[Any]:
    """Run all statements of `sql/<name>` in the caller's transaction; the last one's result.

    Parameters that the file does not name are left out.
    """
    statement, wanted = _prepared(name)
    return db.execute(statement, {key: value for key, value in parameters.items() if key in wanted})


@cache
def _prepared(name: str) -> tuple[sa.TextClause, frozenset[str]]:
    """A file as SQLAlchemy has it, and the names of its parameters."""
    statement = sa.text(read_sql(name))
    return statement, frozenset(statement.compile().params)


def files_in(folder: str) -> list[str]:
    """The names of the SQL files in `sql/<folder>`, in their numbered order."""
    root: Path = get_settings().sql_dir
    return [f"{folder}/{path.name}" for path in sorted((root / folder).glob("*.sql"))]
