"""Run a function in a process that can be killed, without waiting for its imports.

The process is forked from one that has imported everything once, as the tasks of a night are.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kho.settings import get_settings

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["tests.warm"])
_PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Ended:
    """How a process ended: its exit status, negative for a signal, and what its function returned."""

    status: int | None
    answer: Any


def run_forked(function: Callable[..., Any], *arguments: Any, environment: Mapping[str, str]) -> Ended:
    """Call a module's function in a new process with additions to the environment; wait for its end."""
    receiver, sender = _PROCESSES.Pipe(duplex=False)
    process = _PROCESSES.Process(target=_call, args=(sender, dict(environment), function, arguments))
    process.start()
    sender.close()
    process.join(_PATIENCE_SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
        raise TimeoutError(f"{function.__name__}{arguments} took more than {_PATIENCE_SECONDS} s")
    with receiver:
        try:
            answer = receiver.recv()
        except EOFError:
            answer = None
    status = process.exitcode
    process.close()
    return Ended(status, answer)


def _call(sender: Any, environment: dict[str, str], function: Callable[..., Any], arguments: tuple) -> None:
    os.environ.update(environment)
    get_settings.cache_clear()
    sender.send(function(*arguments))
