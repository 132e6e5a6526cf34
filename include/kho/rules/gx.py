"""The one door to Great Expectations.

In:  nothing. Out: the imported library, silent and offline, with this project's expectations
registered in it.

The import costs seconds, so it happens here, when a batch is judged, and nowhere else. A third of
it is SciPy's statistics and Altair, which serve a few distribution expectations; those two are
put off until somebody asks them for something.
"""

import gc
import importlib
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any

_PUT_OFF = ("scipy.stats", "altair")


@cache
def load_gx() -> ModuleType:
    """Import Great Expectations and register the expectations of `kho.rules.expectations`."""
    # Read while the library is imported; without it every context reports usage to its maker.
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    with _put_off(_PUT_OFF), _without_garbage_collection():
        gx = importlib.import_module("great_expectations")
        importlib.import_module("kho.rules.expectations")
        # A quarter of a million objects that stay: looking through them for garbage again and again takes a
        # third of the time in which a batch is validated.
        gc.freeze()
    # It captures warnings for the whole process as it is imported.
    logging.captureWarnings(False)
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    return gx


class _PutOff(ModuleType):
    """Stands in for a module until the first of its attributes is asked for."""

    def __getattr__(self, name: str) -> Any:
        # `__path__` must lead to the real module, or its submodules could not be imported.
        if name.startswith("__") and name != "__path__":
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def _put_off(names: tuple[str, ...]) -> Iterator[None]:
    stand_ins = {name: _PutOff(name) for name in names if name not in sys.modules}
    for name, stand_in in stand_ins.items():
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(importlib.import_module(parent), child, stand_in)
        sys.modules[name] = stand_in
    try:
        yield
    finally:
        # Whoever imports these modules from now on gets the real ones.
        for name, stand_in in stand_ins.items():
            parent, _, child = name.rpartition(".")
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]
            if parent and vars(sys.modules[parent]).get(child) is stand_in:
                delattr(sys.modules[parent], child)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """An import creates much and frees little; looking for garbage meanwhile is a tenth of it."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
