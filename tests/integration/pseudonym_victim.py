"""Changes the key of pseudonyms, or takes it out of the database, in a process that kills itself on the way.

In: where to die: before a statement with this text, `commit`, or `promote`. Out: nothing.
"""

from __future__ import annotations

import os
import signal
from typing import Any

import sqlalchemy as sa

from kho.privacy.handing import handed_keys
from kho.privacy.keyring import Keyring
from kho.privacy.rotation import rotate_keys
from kho.server.warehouse import engine, warehouse_url
from kho.settings import get_settings


def die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def rotate(where: str) -> None:
    """Rotate, and die there."""
    warehouse = _dying(where)
    if where == "promote":
        Keyring.promote = die  # type: ignore[method-assign,assignment]
    rotate_keys(warehouse, Keyring(get_settings(), None), "Trần Bí", "thử")


def move_out(where: str) -> None:
    """Take the key out of the database, as the first load does, and die there."""
    with _dying(where).begin() as db, handed_keys(db, Keyring(get_settings(), None)):
        pass


def _dying(where: str) -> sa.Engine:
    warehouse = engine(warehouse_url(get_settings()))
    if where == "commit":
        sa.event.listen(warehouse, "commit", die)

    @sa.event.listens_for(warehouse, "before_cursor_execute")
    def look(_: Any, __: Any, statement: str, *___: Any) -> None:
        if where in statement:
            die()

    return warehouse
