"""Generated secrets: passwords and keys that no person has to invent or type.

In: a name. Out: the secret kept under that name in `var/secrets.json` (mode 0600),
generated at first use.
"""

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from kho.errors import HostError
from kho.server.locking import file_lock

_BYTES = 32
_LOCK_SECONDS = 30


def get_or_create_secret(path: Path, name: str) -> str:
    """Return the secret `name` of the file `path`; generate and keep it if it is new.

    Secrets are URL-safe text of 43 characters. Many processes may ask at once; all
    get the same answer.

    Raises:
        HostError: the file cannot be read or written, or is damaged.
    """
    known = _read(path)
    if name not in known:
        known = change_secrets(path, lambda content: _fill(content, name))
    return known[name]


def _fill(content: dict[str, str], name: str) -> None:
    content.setdefault(name, secrets.token_urlsafe(_BYTES))


def read_secret(path: Path, name: str) -> str | None:
    """The secret `name`, or None; nothing is generated.

    Raises:
        HostError: the file cannot be read, or is damaged.
    """
    return _read(path).get(name)


def change_secrets(path: Path, change: Callable[[dict[str, str]], None]) -> dict[str, str]:
    """Let `change` alter the secrets, one process at a time; what they are then is on disk.

    Raises:
        HostError: the file cannot be read or written, or is damaged.
    """
    with file_lock(path.with_name(f".{path.name}.lock"), timeout=_LOCK_SECONDS, purpose="keep a new secret"):
        before = _read(path)
        after = dict(before)
        change(after)
        if after != before:
            _write(path, after)
    return after


def _read(path: Path) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise HostError(
            f"cannot read the secrets: {error.strerror}",
            where=str(path),
            next_step="run as the user who owns that file, or set KHO_HOME to a folder of your own",
        ) from error
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise _damaged(path) from error
    if not isinstance(content, dict) or not all(isinstance(v, str) for v in content.values()):
        raise _damaged(path)
    return content


def _damaged(path: Path) -> HostError:
    return HostError(
        "the file of secrets is not a JSON object of names and texts",
        where=str(path),
        next_step="restore it from a backup; without it the embedded database cannot be opened",
    )


def _write(path: Path, content: dict[str, str]) -> None:
    """Replace `path` as a whole: a reader sees the old or the new file, never a part."""
    new = path.with_name(f".{path.name}.new")
    try:
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2, sort_keys=True)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        # The new name must outlive a power cut: what was encrypted or made with the secret does.
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise HostError(
            f"cannot write the secrets: {error.strerror}",
            where=str(path),
            next_step="make room or allow writing there, or set KHO_HOME to another folder",
        ) from error
