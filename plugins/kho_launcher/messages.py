"""One JSON object per line on standard output: all that the command line hears.

Everything else that Airflow prints goes to the log, so that a line is always ours.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress

_channel: int | None = None


def open_channel() -> None:
    """Keep standard output for messages and send what others print there to standard error."""
    global _channel  # noqa: PLW0603
    sys.stdout.flush()
    _channel = os.dup(1)
    os.set_inheritable(_channel, False)
    os.dup2(2, 1)


def send(event: str, **values: object) -> None:
    """Send one message; a reader who has gone does not matter."""
    if _channel is None:
        return
    line = json.dumps({"event": event, **values}, default=str) + "\n"
    with suppress(OSError):
        os.write(_channel, line.encode())


def close_channel() -> None:
    """Close the channel in a child process, so that its reader sees when we end."""
    global _channel  # noqa: PLW0603
    if _channel is not None:
        os.close(_channel)
        _channel = None
