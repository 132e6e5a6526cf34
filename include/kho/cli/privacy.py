"""`kho privacy`: the key of pseudonyms, and the erasure of a person's data.

In: who decides so and why; a person's identifiers only through standard input. Out: what was done; neither
the key nor the person is ever shown.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kho.cli.console import out
from kho.cli.options import tonight
from kho.settings import get_settings

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kho.privacy.keyring import Keyring

app = typer.Typer(help="Personal data: the key of pseudonyms, erasure, retention.", no_args_is_help=True)


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


@app.command("erase")
def erase(
    order: Annotated[str, typer.Option(help="The order or request: number and day.")],
    by: Annotated[str, typer.Option(help="Who decided so.")],
    reason: Annotated[str, typer.Option(help="Why; without the name of the person.")],
    record: Annotated[
        list[str] | None,
        typer.Option(help="DATASET:KEY of a record known to be about the person; may be repeated."),
    ] = None,
) -> None:
    """Erase a person's data everywhere, and take in no more of it; identifiers come from standard input.

    One identifier a line: citizen id, the old id of nine digits, tax code, health insurance number. They are
    never an argument, because other users of the machine see arguments.
    """
    from kho.privacy.erasure import Order, erase_person
    from kho.privacy.subjects import read_identifiers

    identifiers = read_identifiers(sys.stdin)
    engine, keyring = _opened()
    known = [(name, key) for name, _, key in (one.partition(":") for one in record or ())]
    done = erase_person(engine, keyring.settings, keyring, identifiers, Order(order, by, reason), known)
    begun = ", begun earlier and finished now" if done.resumed else ""
    out.print(f"erasure {done.erasure_id}{begun}", highlight=False)
    for place, items in sorted(done.places.items()):
        out.print(f"  {place}: {items:,}", highlight=False)
    if not done.places:
        out.print("  nothing of this person was found; what comes from now on is not taken in")


@app.command("erasures")
def erasures() -> None:
    """List what was erased, on whose order."""
    from kho.sql_files import run_file

    engine, _ = _opened()
    with engine.connect() as db:
        rows = run_file(db, "privacy/list_erasures.sql").all()
    for row in rows:
        state = (
            f"finished {row.finished_at:%Y-%m-%d %H:%M}" if row.finished_at else "NOT FINISHED: run it again"
        )
        out.print(
            f"{row.erasure_id}  {row.order_reference}, {row.decided_by}: {row.reason}\n   {state}; "
            f"{row.places or 'nothing was found'}",
            highlight=False,
            soft_wrap=True,
        )
    if not rows:
        out.print("nothing was erased yet")


@app.command("retain")
def retain(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; say what would go.")] = False,
) -> None:
    """Remove what is kept longer than contracts and include/retention.yaml allow; every Sunday does."""
    from kho.privacy.retention import remove_expired

    engine, keyring = _opened()
    found = remove_expired(engine, keyring.settings, tonight(), dry_run=dry_run)
    verb = "would go" if dry_run else "went"
    for one in found.removed:
        of = f"{one.dataset}, " if one.dataset else ""
        out.print(
            f"{verb}: {one.kind}, {of}{one.subject}: {one.items:,}, from before {one.older_than}",
            highlight=False,
            soft_wrap=True,
        )
    for kept in found.kept:
        out.print(f"stays: {kept.batch_id}: {kept.reason}", highlight=False, soft_wrap=True)
    if not found.removed:
        out.print("nothing is older than its term")


def _opened() -> tuple[sa.Engine, Keyring]:
    from kho.connections import EnvironmentConnections
    from kho.privacy.keyring import Keyring
    from kho.server.warehouse import open_warehouse

    settings = get_settings()
    return open_warehouse(settings), Keyring(settings, EnvironmentConnections(settings))
