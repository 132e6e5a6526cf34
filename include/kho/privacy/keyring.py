"""Where the key of pseudonyms is kept: the connection `pseudonyms`, else the file of secrets.

In: connections and settings. Out: the keys that may be this warehouse's. Which one it is, the warehouse's
fingerprint says: while a key is being changed, the present one and the next one are both at hand, so
whoever is killed in between has lost nothing. A connection has the key as its password and the next one as
`next` in its extra.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from kho.errors import ConfigurationError, ConnectionMissing
from kho.privacy.keys import Keys
from kho.server.secrets import change_secrets, get_or_create_secret, read_secret

if TYPE_CHECKING:
    from kho.connections import Connections
    from kho.settings import Settings

CONNECTION = "pseudonyms"
_PRESENT, _NEXT = "pseudonym_keys", "pseudonym_keys_next"

Place = Literal["connection", "connection's next", "file", "file's next"]


@dataclass(frozen=True)
class Keyring:
    """The places where the key may be."""

    settings: Settings
    connections: Connections | None

    def known(self) -> dict[Place, Keys]:
        """Every key that is at hand, by its place; the connection's come first.

        Raises:
            ConfigurationError: one cannot be read.
        """
        found = self._of_connection()
        path = self.settings.secrets_file
        places: tuple[tuple[Place, str], ...] = (("file", _PRESENT), ("file's next", _NEXT))
        for place, name in places:
            if text := read_secret(path, name):
                found[place] = Keys.parse(text, f"{path}, {name}")
        return found

    def first(self) -> Keys:
        """The key of a warehouse that has used none: the connection's, else the file's, made if need be."""
        if found := self._of_connection().get("connection"):
            return found
        path = self.settings.secrets_file
        path.parent.mkdir(parents=True, exist_ok=True)
        return Keys.parse(get_or_create_secret(path, _PRESENT), f"{path}, {_PRESENT}")

    def keep(self, keys: Keys) -> None:
        """Keep the key that the database gives up, on disk before it forgets it.

        Raises:
            ConfigurationError: the file holds another warehouse's key.
        """
        path = self.settings.secrets_file
        path.parent.mkdir(parents=True, exist_ok=True)

        def put(content: dict[str, str]) -> None:
            if content.setdefault(_PRESENT, keys.text) != keys.text:
                raise ConfigurationError(
                    "the key of this warehouse's pseudonyms cannot move out of the database: the file of "
                    "secrets has the key of another warehouse",
                    where=str(path),
                    next_step="give each warehouse a KHO_HOME of its own, then load again; nothing "
                    "was changed",
                )

        change_secrets(path, put)

    def propose(self, keys: Keys) -> None:
        """Keep the next key beside the present one."""
        change_secrets(self.settings.secrets_file, lambda content: content.update({_NEXT: keys.text}))

    def promote(self) -> None:
        """Make the next key the present one; nothing where there is no next one."""

        def put(content: dict[str, str]) -> None:
            if _NEXT in content:
                content[_PRESENT] = content.pop(_NEXT)

        change_secrets(self.settings.secrets_file, put)

    def _of_connection(self) -> dict[Place, Keys]:
        if self.connections is None:
            return {}
        try:
            given = self.connections.get(CONNECTION)
        except ConnectionMissing:
            return {}
        where = f"the connection '{CONNECTION}'"
        found: dict[Place, Keys] = {"connection": Keys.parse(given.password or "", where)}
        if following := given.extra.get("next"):
            found["connection's next"] = Keys.parse(str(following), where)
        return found
