"""`kho privacy`: the key of pseudonyms.

In: who changes it and why, or a file to write it to. Out: what was done; the key itself is never shown.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from kho.settings import get_settings

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kho.privacy.keyring import Keyring

app = typer.Typer(help="Personal data: the key of pseudonyms.", no_args_is_help=True)
out = Console(width=None if sys.stdout.isatty() else 160)


@app.command("status")
def status() -> None:
    """Show the key's fingerprint, how many layers it has, and where it was found."""
    from kho.privacy.handing import keys_of_warehouse

    engine, keyring = _opened()
    with engine.begin() as db:
        keys, place = keys_of_warehouse(db, keyring)
    layers = len(keys.layers)
    out.print(
        f"fingerprint {keys.fingerprint}, {layers} layer{'s' if layers > 1 else ''}, key found in: {place}",
        highlight=False,
        soft_wrap=True,
    )


@app.command("rotate")
def rotate(
    by: Annotated[str, typer.Option(help="Who decides so.")],
    reason: Annotated[str, typer.Option(help="Why the key is changed.")],
) -> None:
    """Put a new key over every pseudonym, or finish a change that was cut off."""
    from kho.privacy.rotation import rotate_keys

    engine, keyring = _opened()
    done = rotate_keys(engine, keyring, by, reason)
    said = (
        "an earlier change was finished; nothing else was changed"
        if done.finished_earlier
        else f"{done.rewritten:,} pseudonyms have a new key"
    )
    out.print(f"{said}; the key has {done.layers} layers", highlight=False, soft_wrap=True)
    if done.promote_by_hand:
        out.print("Now make the connection's next key its password, and remove 'next' from its extra.")


@app.command("export")
def export(file: Path) -> None:
    """Write the key to a new FILE as a connection: for a backup, or for the connection `pseudonyms`."""
    from kho.errors import HostError
    from kho.privacy.handing import keys_of_warehouse

    engine, keyring = _opened()
    with engine.begin() as db:
        keys, _ = keys_of_warehouse(db, keyring)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump({"conn_type": "generic", "password": keys.text}, stream)
    except OSError as error:
        raise HostError(
            f"the key cannot be written: {error.strerror}",
            where=str(file),
            next_step="name a file that is not there yet, in a folder that nobody else reads",
        ) from error
    out.print(f"{file}: whoever reads it can tell whose pseudonym is whose", soft_wrap=True, highlight=False)


def _opened() -> tuple[sa.Engine, Keyring]:
    from kho.connections import EnvironmentConnections
    from kho.privacy.keyring import Keyring
    from kho.server.warehouse import open_warehouse

    settings = get_settings()
    return open_warehouse(settings), Keyring(settings, EnvironmentConnections(settings))
