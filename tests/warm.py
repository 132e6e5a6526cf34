"""Imports what a night needs, for the process that `tests.forked` forks from."""

from importlib import import_module
from pkgutil import walk_packages

import great_expectations  # noqa: F401
import psycopg2  # noqa: F401
import pyarrow.parquet  # noqa: F401
import requests  # noqa: F401
import vietnamadminunits  # noqa: F401

import kho

for found in walk_packages(kho.__path__, "kho."):
    if not found.name.startswith(("kho.cli", "kho.night", "kho.sandbox")):
        import_module(found.name)
