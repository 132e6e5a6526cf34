"""The operating system's account that the embedded server runs as.

PostgreSQL refuses to run as root. An ordinary user runs it as himself. Root runs it
under a private numeric user from the range that systemd keeps for such services: no
user is created, and no other service shares the number. Only `initdb` insists on a
name in the user database, so root makes the data directory as `nobody` and then hands
it to the private number.
"""

import os
import pwd
import stat
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from kho.errors import HostError

_DYNAMIC_FIRST = 61184
_DYNAMIC_COUNT = 4000


class RunAs(TypedDict, total=False):
    """Arguments of `subprocess.run` that change the user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """A numeric user and group; `switch` says whether processes must change to it."""

    uid: int
    gid: int
    switch: bool

    def run_as(self) -> RunAs:
        """Return the `subprocess.run` arguments that start a program under this account."""
        if not self.switch:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def take(self, path: Path) -> None:
        """Make this account the owner of `path` and of everything below it."""
        if not self.switch:
            return
        for folder, _, files in os.walk(path):
            os.chown(folder, self.uid, self.gid)
            for name in files:
                os.chown(Path(folder, name), self.uid, self.gid, follow_symlinks=False)

    def take_file(self, path: Path) -> None:
        """Make this account the owner of the file `path`."""
        if self.switch:
            os.chown(path, self.uid, self.gid)


def server_account(data: Path) -> Account:
    """Return the account for the server whose data directory is `data`.

    Existing data is served by its owner, whoever made it.

    Raises:
        HostError: the data belongs to another user and we are not root.
    """
    me = os.geteuid()
    owner = data.stat().st_uid if data.exists() else None
    if me != 0:
        if owner not in (None, me):
            raise HostError(
                f"the database belongs to user {owner}, and this is user {me}",
                where=str(data),
                next_step="run as root or as that user, or set KHO_HOME to a folder of your own",
            )
        return Account(me, os.getegid(), switch=False)
    if owner:
        return Account(owner, data.stat().st_gid, switch=True)
    private = _DYNAMIC_FIRST + zlib.crc32(str(data).encode()) % _DYNAMIC_COUNT
    return Account(private, private, switch=True)


def initdb_account(server: Account) -> Account:
    """Return the account that may run `initdb`: one with a name in the user database.

    Raises:
        HostError: this user, or root's stand-in for him, has no such name.
    """
    if not server.switch:
        try:
            pwd.getpwuid(server.uid)
        except KeyError:
            raise HostError(
                f"PostgreSQL's initdb needs a named user, and user {server.uid} has no name",
                where="/etc/passwd",
                next_step="run as a user who has an entry there, or as root",
            ) from None
        return server
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise HostError(
            "root cannot make a database here, because the user 'nobody' is missing",
            where="/etc/passwd",
            next_step="run as an ordinary user, or add the user 'nobody'",
        ) from None
    return Account(entry.pw_uid, entry.pw_gid, switch=True)


def require_reachable(account: Account, *paths: Path) -> None:
    """Check that `account` can pass through every folder above and including `paths`.

    Only root needs the check: an ordinary user reaches what he made.

    Raises:
        HostError: a folder is closed to others; it is named.
    """
    if not account.switch:
        return
    for path in paths:
        for folder in (*reversed(path.parents), path):
            if folder.exists() and not _passable(folder, account):
                raise HostError(
                    "root runs the database as a user of its own, "
                    "and that user cannot pass through a folder on the way to it",
                    where=str(folder),
                    next_step=(
                        "move the checkout to a folder open to others (such as /srv or /opt), "
                        f"or run as an ordinary user, or allow passage: chmod o+x {folder}"
                    ),
                )


def _passable(folder: Path, account: Account) -> bool:
    status = folder.stat()
    if status.st_uid == account.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == account.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)
