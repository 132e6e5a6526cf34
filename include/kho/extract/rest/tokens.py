"""One token for all tasks of this machine.

In: where tokens are kept, whose token it is, and how to get a new one. Out: a token that is still good.
The file is readable by its owner only and lies below the state directory. A lock lets one process renew
while the others wait; while the old token still lives they do not even wait. A token that the source has
refused is renewed only if nobody has done so since.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from kho.errors import HostError
from kho.server.locking import file_lock

_LOCK_SECONDS = 120
_MARGIN_SECONDS = 60
"""A token this close to its end is renewed: it could end on the way."""


@dataclass(frozen=True)
class Token:
    """What a source gave us, and until when (seconds since 1970) it lives."""

    value: str
    expires: float
    margin: float

    @classmethod
    def lasting(cls, value: str, seconds: float) -> Token:
        """A token that lives `seconds` from now."""
        return cls(value, time.time() + seconds, min(_MARGIN_SECONDS, seconds / 5))

    @property
    def is_alive(self) -> bool:
        return time.time() < self.expires

    @property
    def is_fresh(self) -> bool:
        return time.time() < self.expires - self.margin

    def __repr__(self) -> str:
        return f"Token(expires={self.expires:.0f})"


class SharedToken:
    """The token of one login at one source.

    Args:
        folder: where tokens are kept.
        whose: what tells this login from any other; no secret among it.
        fetch: asks the source for a new token.
    """

    def __init__(self, folder: Path, whose: tuple[str, ...], fetch: Callable[[], Token]) -> None:
        name = hashlib.sha256(json.dumps(whose).encode()).hexdigest()[:24]
        self._path = folder / f"{name}.json"
        self._lock = folder / f"{name}.lock"
        self._fetch = fetch

    def get(self) -> str:
        """A token to use now, fetched only if none of this machine's processes has one.

        Raises:
            KhoError: the source gives none.
        """
        kept = self._read()
        if kept and kept.is_fresh:
            return kept.value
        try:
            # Whoever comes while another renews goes on with the old token as long as that lives.
            with self._alone(0 if kept and kept.is_alive else _LOCK_SECONDS):
                return self._renewed_unless(lambda now: now.is_fresh)
        except _Busy:
            if kept and kept.is_alive:
                return kept.value
            raise

    def after_refusal_of(self, refused: str) -> str:
        """A token other than the one that the source has just refused."""
        with self._alone(_LOCK_SECONDS):
            return self._renewed_unless(lambda now: now.value != refused and now.is_alive)

    def _renewed_unless(self, is_good: Callable[[Token], bool]) -> str:
        kept = self._read()
        if kept and is_good(kept):
            return kept.value
        token = self._fetch()
        self._write(token)
        return token.value

    def _alone(self, seconds: float) -> _Alone:
        return _Alone(self._lock, seconds)

    def _read(self) -> Token | None:
        try:
            return Token(**json.loads(self._path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def _write(self, token: Token) -> None:
        new = self._path.with_name(f".{self._path.name}.new")
        try:
            new.unlink(missing_ok=True)
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(asdict(token), file)
            new.replace(self._path)
        except OSError as error:
            raise HostError(
                f"cannot keep the token: {error.strerror}",
                where=str(self._path.parent),
                next_step="make room or allow writing there, or set KHO_HOME to another folder",
            ) from error


class _Busy(HostError):
    """Another process holds the lock."""


class _Alone:
    """The token's lock, which tells "somebody else has it" from other trouble."""

    def __init__(self, path: Path, seconds: float) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = file_lock(path, timeout=seconds, purpose="renew a source's token")

    def __enter__(self) -> None:
        try:
            self._lock.__enter__()
        except HostError as error:
            raise _Busy(error.message, where=error.where, next_step=error.next_step) from error

    def __exit__(self, *details: object) -> None:
        self._lock.__exit__(None, None, None)
