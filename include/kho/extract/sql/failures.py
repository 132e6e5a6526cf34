"""What a database's refusal means, in words that say what to do.

In: an exception of a driver. Out: a `KhoError`: names source and table, repeats the server's own first
line without credentials, and says whether trying again can help.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from kho.connections import Connection
from kho.errors import AuthenticationFailed, KhoError, SourceRejected, SourceUnavailable

Cause = Literal["credentials", "rights", "no table", "no column", "no database", "slow", "locked", "gone"]

_POSTGRESQL: dict[str, Cause] = {
    "28P01": "credentials", "28000": "credentials", "42501": "rights", "42P01": "no table",
    "3F000": "no table", "42703": "no column", "3D000": "no database", "57014": "slow",
    "55P03": "locked", "40001": "locked", "40P01": "locked",
}  # fmt: skip
_MYSQL: dict[int, Cause] = {
    1045: "credentials", 1698: "credentials", 1130: "credentials", 1044: "rights", 1142: "rights",
    1143: "rights", 1370: "rights", 1146: "no table", 1054: "no column", 1049: "no database",
    1969: "slow", 3024: "slow", 1205: "locked", 1213: "locked",
}  # fmt: skip
_MSSQL: dict[int, Cause] = {
    18456: "credentials", 229: "rights", 230: "rights", 208: "no table", 207: "no column",
    4060: "no database", 1222: "locked", 1205: "locked", 20003: "slow", 20002: "gone", 20006: "gone",
    20009: "gone", 20047: "gone",
}  # fmt: skip
_ORACLE: dict[int, Cause] = {
    1017: "credentials", 28000: "credentials", 28001: "credentials", 1031: "rights", 41900: "rights",
    942: "no table", 904: "no column", 12514: "no database", 4024: "slow", 1555: "slow", 60: "locked",
    54: "locked",
}  # fmt: skip
_WORDS: tuple[tuple[str, Cause], ...] = (
    ("password authentication failed", "credentials"),
    ("no pg_hba.conf entry", "credentials"),
    ("no password supplied", "credentials"),
    ("access denied", "credentials"),
    ("login failed", "credentials"),
    ('role "', "credentials"),
    ("permission denied", "rights"),
    ("no such table", "no table"),
    ("no such column", "no column"),
    ("unable to open database file", "no database"),
    ("file is not a database", "no database"),
    ("does not exist", "no database"),
    ("database is locked", "locked"),
    ("timeout expired", "gone"),
)


@dataclass(frozen=True)
class _Meaning:
    kind: type[KhoError]
    message: str
    next_step: str


_MEANINGS: dict[Cause | None, _Meaning] = {
    "credentials": _Meaning(
        AuthenticationFailed,
        "the database refuses our user or password",
        "check the connection '{connection}' with the agency",
    ),
    "rights": _Meaning(
        SourceRejected, "we may not read the table", "ask the agency for SELECT on it for user '{login}'"
    ),
    "no table": _Meaning(
        SourceRejected,
        "the table does not exist or is hidden from us",
        "ask the agency for SELECT on it, or correct `table` in the contract",
    ),
    "no column": _Meaning(
        SourceRejected,
        "a column of the contract does not exist",
        "ask the agency what changed, then correct physicalName in the contract",
    ),
    "no database": _Meaning(
        SourceRejected,
        "there is no such database",
        "correct the database's name in the connection '{connection}'",
    ),
    "slow": _Meaning(
        SourceUnavailable,
        "the database did not finish in time",
        "raise `statement_timeout_seconds` in the contract, say `read: {{by: partition}}`, or ask the agency "
        "for an index on the watermark",
    ),
    "locked": _Meaning(
        SourceUnavailable,
        "somebody else holds a lock on the table",
        "run it again later; if it lasts, ask the agency what runs at that hour",
    ),
    "gone": _Meaning(
        SourceUnavailable,
        "the database does not answer, or the connection broke",
        "check the connection '{connection}' with the agency; the next run tries again",
    ),
    None: _Meaning(
        SourceRejected,
        "the database refuses the query",
        "compare the table and our rights on it with the contract",
    ),
}


@contextmanager
def explained(connection: Connection, dataset: str, where: str) -> Iterator[None]:
    """Turn what a driver raises within into a `KhoError`."""
    try:
        yield
    except KhoError:
        raise
    except Exception as error:
        found = explain(error, connection, dataset, where)
        if found is None:
            raise
        # Without the cause: drivers repeat statements, and some of them connection strings.
        raise found from None


def explain(error: BaseException, connection: Connection, dataset: str, where: str) -> KhoError | None:
    """The error in our words; None if it does not come from a database."""
    original: Any = error
    if isinstance(error, sa.exc.DBAPIError):
        original = error.orig
    elif not _is_driver_error(error):
        return None
    meaning = _MEANINGS[_cause(original)]
    said = _said(original, connection)
    return meaning.kind(
        f"{meaning.message}: {said}" if said else meaning.message,
        dataset=dataset,
        where=where,
        next_step=meaning.next_step.format(connection=connection.name, login=connection.login or ""),
    )


def _is_driver_error(error: BaseException) -> bool:
    package = type(error).__module__.partition(".")[0]
    return package in {"psycopg2", "asyncmy", "pymssql", "oracledb", "sqlite3"} or isinstance(
        error, (OSError, EOFError, TimeoutError)
    )


def _cause(error: Any) -> Cause | None:
    package = type(error).__module__.partition(".")[0]
    code = _parts(error)[0]
    found: Cause | None = None
    if package == "psycopg2":
        found = _POSTGRESQL.get(error.pgcode or "")
    elif package == "oracledb":
        found = _ORACLE.get(getattr(code, "code", 0))
    elif isinstance(code, int):
        found = (_MSSQL if package == "pymssql" else _MYSQL).get(code)
    if found:
        return found
    text = str(error).lower()
    for words, cause in _WORDS:
        if words in text:
            return cause
    if isinstance(error, (OSError, EOFError)) or "Operational" in type(error).__name__:
        return "gone"
    return "gone" if type(error).__name__ in ("InterfaceError", "InternalError", "AdminShutdown") else None


def _parts(error: Any) -> tuple[Any, str]:
    """A driver's error code and message, where its exceptions have both."""
    args: Any = getattr(error, "args", ())
    if len(args) == 1 and isinstance(args[0], tuple):
        args = args[0]
    said = args[1] if len(args) > 1 else ""
    return (args[0] if args else None), said.decode(errors="replace") if isinstance(said, bytes) else str(
        said
    )


def _said(error: Any, connection: Connection) -> str:
    """The driver's first line, which names the trouble; no password, and nothing of the statement."""
    code, said = _parts(error)
    text = said if isinstance(code, int) and said else str(error)
    lines = text.strip().splitlines()
    line = re.sub(r"\s+", " ", lines[0]).strip() if lines else type(error).__name__
    if connection.password:
        line = line.replace(connection.password, "***")
    return line[:300]
