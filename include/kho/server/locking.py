"""One at a time, across processes: a lock that its holder's death releases."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kho.errors import HostError

_POLL_SECONDS = 0.05


@contextmanager
def file_lock(
    path: Path, *, timeout: float, purpose: str, held: Callable[[], HostError] | None = None
) -> Iterator[None]:
    """Hold an exclusive lock on `path`, which is made if it is missing.

    Args:
        path: the lock file; it stays behind.
        timeout: seconds to wait for another holder.
        purpose: what the lock is for, as it reads after "waiting to".
        held: says in words of its own that somebody else holds it.

    Raises:
        HostError: somebody else held the lock all the time, or the file cannot be opened.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise HostError(
            f"cannot open the lock file to {purpose}: {error.strerror}",
            where=str(path),
            next_step="run as the user who owns that folder, or set KHO_HOME to one of your own",
        ) from error
    try:
        if not _acquired(descriptor, timeout):
            raise (
                held()
                if held
                else HostError(
                    f"waited {timeout:.0f} s to {purpose} while another process was doing so",
                    where=str(path),
                    next_step=f"see which process holds it (fuser {path}), end it and try again",
                )
            )
        try:
            yield
        finally:
            # Explicit, because a process forked meanwhile shares the open file.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def _acquired(descriptor: int, timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        else:
            return True
