"""Hand the key of pseudonyms to one transaction, and take it back.

In: a transaction and the places where keys are. Out: a transaction in which `meta.pseudonym` works. The key
travels as the data of a COPY: it is in the text of no statement, so neither in the server's log nor in
pg_stat_activity, pg_stat_statements or an error. For that transaction it is in the memory of the server's
process, and nowhere on its disk.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kho.errors import ConfigurationError
from kho.privacy.keyring import CONNECTION, Keyring, Place
from kho.privacy.keys import Keys
from kho.sql_files import run_file

if TYPE_CHECKING:
    import sqlalchemy as sa


def makes_pseudonyms(db: sa.Connection, dataset: str) -> bool:
    """Whether loading this dataset needs the key."""
    return dataset in datasets_with_pseudonyms(db)


def datasets_with_pseudonyms(db: sa.Connection) -> list[str]:
    """The datasets whose loads make pseudonyms."""
    return list(run_file(db, "privacy/datasets_with_pseudonyms.sql").scalars())


@contextmanager
def handed_keys(db: sa.Connection, keyring: Keyring) -> Iterator[None]:
    """Let the statements inside make pseudonyms.

    Raises:
        ConfigurationError: the key that is at hand is not this warehouse's; nothing was changed.
    """
    hand(db, keys_of_warehouse(db, keyring)[0])
    yield
    # An error has ended the transaction, and the setting with it.
    run_file(db, "privacy/give_back_keys.sql")


def keys_of_warehouse(db: sa.Connection, keyring: Keyring) -> tuple[Keys, Place]:
    """The key by which this warehouse's pseudonyms are made, and where it was found; until the end of the
    transaction nobody changes it.

    A warehouse that has used none gets one. One that keeps its key itself gives it up: first the key is on
    disk, then the database forgets it.

    Raises:
        ConfigurationError: no key that is at hand is this warehouse's.
    """
    state = run_file(db, "privacy/read_state.sql").one()
    if state.fingerprint is None:
        return _begin(db, keyring, state.kept_secret)
    known = keyring.known()
    for place, keys in known.items():
        if keys.fingerprint == state.fingerprint:
            return keys, place
    raise _another_key(keyring, known)


def hand(db: sa.Connection, keys: Keys) -> None:
    """Give a key to the transaction; it is gone when the transaction ends."""
    db.exec_driver_sql("CREATE TEMP TABLE given_pseudonym_keys (layers text) ON COMMIT DROP")
    driver: Any = db.connection.dbapi_connection
    with driver.cursor() as cursor:
        cursor.copy_expert("COPY pg_temp.given_pseudonym_keys FROM STDIN", io.StringIO(keys.as_setting))
    run_file(db, "privacy/take_keys.sql")


def _begin(db: sa.Connection, keyring: Keyring, kept_secret: Any) -> tuple[Keys, Place]:
    if kept_secret is None:
        keys = keyring.first()
    else:
        keys = Keys.from_database(bytes(kept_secret))
        if keys not in keyring.known().values():
            keyring.keep(keys)
    run_file(db, "privacy/note_key.sql", fingerprint=keys.fingerprint, layers=len(keys.layers))
    return keys, next(place for place, found in keyring.known().items() if found == keys)


def _another_key(keyring: Keyring, known: dict[Place, Keys]) -> ConfigurationError:
    at_hand = (
        f"of the keys at hand ({', '.join(known)}) none" if known else "there is no key at hand, and none"
    )
    return ConfigurationError(
        f"{at_hand} is the one that this warehouse's pseudonyms were made with: the same person would get "
        "another pseudonym",
        where=f"connection '{CONNECTION}', {keyring.settings.secrets_file}",
        next_step="restore the key from the backup of the file of secrets or of the connection, then load "
        "again; nothing was changed",
    )
