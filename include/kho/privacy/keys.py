"""The key of pseudonyms, and how a pseudonym is made.

In: the text in which a key is kept. Out: `Keys`, a list of layers. A pseudonym is HMAC-SHA256 of the
identifier by the first layer; each further layer, added by a rotation, is HMAC-SHA256 of the pseudonym so
far. So a new key needs no identifiers: the old pseudonyms are enough.

A key is written as its layers with commas between them: `hmac.<32 characters or more>`, or, of a warehouse
that once kept its key in the database, `envelope.<hex>`: sha256(key, sha256(key, identifier)). Both are
sha256(outer, sha256(inner, text)), which is all that the database knows (`meta.pseudonym_layer`).
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from kho.errors import ConfigurationError

_BLOCK = 64
_SHOWN = 32
_FINGERPRINT_OF = "the key of this warehouse's pseudonyms"
_HMAC = re.compile(r"(?:hmac\.)?([A-Za-z0-9_-]{32,})")
_ENVELOPE = re.compile(r"envelope\.([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Keys:
    """A key: its layers, the oldest first; its text form shows nothing of them.

    Attributes:
        layers: each as it is written.
    """

    layers: tuple[str, ...] = field(repr=False)

    @classmethod
    def parse(cls, text: str, where: str) -> Keys:
        """Read a key as it is kept.

        Raises:
            ConfigurationError: it is none; the message does not repeat it.
        """
        layers = tuple(text.strip().split(","))
        if not all(_HMAC.fullmatch(layer) or _ENVELOPE.fullmatch(layer) for layer in layers):
            raise ConfigurationError(
                "the key of pseudonyms cannot be read",
                where=where,
                next_step="restore it as kho privacy export wrote it; a new one has at least 32 letters and "
                "digits (openssl rand -hex 32)",
            )
        return cls(layers)

    @classmethod
    def from_database(cls, secret: bytes) -> Keys:
        """The key of a warehouse that kept it itself; it makes the same pseudonyms as before."""
        return cls((f"envelope.{secret.hex()}",))

    def with_new_layer(self) -> Keys:
        """This key and a random layer more."""
        return Keys((*self.layers, f"hmac.{secrets.token_urlsafe(32)}"))

    @property
    def text(self) -> str:
        """The key as it is kept: a secret."""
        return ",".join(self.layers)

    @property
    def as_setting(self) -> str:
        """The key as the database takes it: a secret."""
        return " ".join(f"{inner.hex()}:{outer.hex()}" for inner, outer in map(_padded, self.layers))

    @property
    def fingerprint(self) -> str:
        """What the database keeps, to know this key from another one."""
        return self.pseudonym(_FINGERPRINT_OF)

    def pseudonym(self, identifier: str) -> str:
        """The pseudonym of an identifier, as `meta.pseudonym` makes it."""
        return self.maker()(identifier)

    def maker(self) -> Callable[[str], str]:
        """What makes pseudonyms, for many of them: the key is prepared once."""
        layers = [
            (hashlib.sha256(inner), hashlib.sha256(outer)) for inner, outer in map(_padded, self.layers)
        ]

        def make(identifier: str) -> str:
            for inner, outer in layers:
                within, around = inner.copy(), outer.copy()
                within.update(identifier.encode())
                around.update(within.digest())
                identifier = f"P-{around.hexdigest()[:_SHOWN]}"
            return identifier

        return make


def _padded(layer: str) -> tuple[bytes, bytes]:
    """What is hashed before the text, and before that hash (RFC 2104)."""
    if old := _ENVELOPE.fullmatch(layer):
        return (bytes.fromhex(old[1]),) * 2
    key = layer.removeprefix("hmac.").encode()
    key = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    return bytes(byte ^ 0x36 for byte in key), bytes(byte ^ 0x5C for byte in key)
