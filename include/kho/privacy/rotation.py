"""Change the key of pseudonyms: a new layer over every pseudonym that is kept.

    next key on disk -> one transaction: columns rewritten, new fingerprint, who and why -> next key promoted

Killed before the transaction ends, the warehouse has the old fingerprint and the present key fits; killed
after it, the next key fits. Loads take whichever fits, and running this again finishes what was begun.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from kho.errors import ConfigurationError
from kho.privacy.handing import datasets_with_pseudonyms, hand, keys_of_warehouse
from kho.privacy.keyring import CONNECTION, Keyring
from kho.privacy.keys import Keys
from kho.sql_files import run_file

if TYPE_CHECKING:
    from kho.privacy.keyring import Place


@dataclass(frozen=True, slots=True)
class Rotation:
    """How a change of key went.

    Attributes:
        rewritten: pseudonyms that got a layer.
        layers: how many the key has now.
        finished_earlier: an earlier change was done but for its file; nothing else was changed.
        promote_by_hand: the key is in a connection, whose next key its keeper makes the present one.
    """

    rewritten: int
    layers: int
    finished_earlier: bool = False
    promote_by_hand: bool = False


def rotate_keys(engine: sa.Engine, keyring: Keyring, by: str, reason: str) -> Rotation:
    """Put a new layer over every pseudonym, all or none; or finish a change that was killed.

    Raises:
        ConfigurationError: nobody or no reason is named, the key at hand is not this warehouse's, or the
            connection has no next key.
    """
    if not by.strip() or not reason.strip():
        raise ConfigurationError(
            "a change of key needs a person and a reason", next_step="name --by and --reason"
        )
    with engine.begin() as db:
        _wait_for_loads(db)
        present, place = keys_of_warehouse(db, keyring)
        if place == "file's next":
            done = Rotation(0, len(present.layers), finished_earlier=True)
        else:
            following = _next_keys(keyring, present, place)
            done = _rewrite(db, present, following, by, reason, by_hand=place == "connection")
    if not done.promote_by_hand:
        keyring.promote()
    return done


def _wait_for_loads(db: sa.Connection) -> None:
    from kho.load.load import lock_dataset

    for dataset in datasets_with_pseudonyms(db):
        lock_dataset(db, dataset)


def _next_keys(keyring: Keyring, present: Keys, place: Place) -> Keys:
    """The key to change to, which is kept already, beside the present one."""
    known = keyring.known()
    if place == "file":
        left = known.get("file's next")
        if left is not None and left.layers[:-1] == present.layers:
            return left
        following = present.with_new_layer()
        keyring.propose(following)
        return following
    proposed = known.get("connection's next")
    if place == "connection's next" or proposed is None or proposed.layers[:-1] != present.layers:
        raise ConfigurationError(
            "the connection has the key, and only its keeper can change it"
            if place == "connection"
            else "the key was changed already, and its connection still has the old one as its password",
            where=f"connection '{CONNECTION}'",
            next_step="make the present key its password, and put the present key, a comma and a new layer "
            "(hmac. and the result of openssl rand -hex 32) as 'next' into its extra; then rotate again",
        )
    return proposed


def _rewrite(
    db: sa.Connection, present: Keys, following: Keys, by: str, reason: str, *, by_hand: bool
) -> Rotation:
    hand(db, Keys(following.layers[-1:]))
    # New pseudonyms are no news of what a row says.
    run_file(db, "history/switch.sql", state="off")
    rewritten = int(db.scalar(sa.text("SELECT meta.add_pseudonym_layer()")) or 0)
    run_file(db, "history/switch.sql", state="on")
    run_file(db, "privacy/give_back_keys.sql")
    layers = len(following.layers)
    run_file(db, "privacy/note_key.sql", fingerprint=following.fingerprint, layers=layers)
    run_file(
        db,
        "privacy/note_rotation.sql",
        rotated_by=by,
        reason=reason,
        layers=layers,
        fingerprint_before=present.fingerprint,
        fingerprint_after=following.fingerprint,
        rewritten=rewritten,
    )
    return Rotation(rewritten, layers, promote_by_hand=by_hand)
