"""Erases a person in a process that kills itself on the way.

In: where to die: a function of `kho.privacy.erasure`, the second time that it is called, or `commit` of the
warehouse's transaction. Out: nothing.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from typing import Any

from kho.privacy import erasure, raw_erasure
from kho.privacy.keyring import Keyring
from kho.server.warehouse import engine, warehouse_url
from kho.settings import get_settings

ORDER = erasure.Order("12/QĐ-STP, 2026-11-21", "Trần Bí", "công dân yêu cầu xóa")


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def erase(where: str, identifiers: Sequence[str]) -> None:
    """Erase, and die there."""
    if where == "second raw file":
        _die_at_second(raw_erasure, "_rewrite")
    elif where == "manifest":
        raw_erasure.write_manifest = die  # type: ignore[assignment]
    else:
        setattr(erasure, where, die)
    settings = get_settings()
    warehouse = engine(warehouse_url(settings))
    erasure.erase_person(warehouse, settings, Keyring(settings, None), identifiers, ORDER)


def _die_at_second(module: Any, name: str) -> None:
    real, calls = getattr(module, name), []

    def counted(*arguments: Any, **options: Any) -> Any:
        calls.append(name)
        return die() if len(calls) > 1 else real(*arguments, **options)

    setattr(module, name, counted)
