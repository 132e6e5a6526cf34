"""Runs one dataset's night in a process that kills itself, with SIGKILL, where it is told to.

In: where to die: `STEP:N` (before the step's Nth SQL statement), `before:STEP` or `after:STEP` (at a
step's boundary), `during:publish` (the batch is written but not yet named), `during:copy` (the first
rows are in the staging table). Out: nothing; the exit status is that of a killed process. With
`count` it lives and returns how many statements it ran, by step.
"""

from __future__ import annotations

import os
import signal
from datetime import date
from typing import Any

import sqlalchemy as sa

from kho.connections import EnvironmentConnections
from kho.pipeline import Context
from kho.pipeline import dataset as steps
from kho.raw_zone import landing
from kho.settings import get_settings
from kho.stage import stage

STEPS = ("extract", "stage", "validate", "load", "finish")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def run(dataset: str, as_of: date, where: str) -> dict[str, int]:
    kind, _, what = where.partition(":")
    statements: dict[str, int] = {}
    current = ["start"]
    context = Context.create(EnvironmentConnections(get_settings()))

    @sa.event.listens_for(sa.Engine, "before_cursor_execute")
    def count(*_: Any) -> None:
        statements[current[0]] = statements.get(current[0], 0) + 1
        if kind == current[0] and statements[current[0]] == int(what):
            die()

    for step in STEPS:
        _watch(step, current, kind, what)
    if where == "during:publish":
        landing.write_manifest = lambda *_: die()
    if where == "during:copy":
        _die_after_first_batch()
    steps.run_dataset(dataset, as_of, context)
    return statements


def _watch(step: str, current: list[str], kind: str, what: str) -> None:
    real = getattr(steps, step)

    def watched(*arguments: Any, **options: Any) -> Any:
        if kind == "before" and what == step:
            die()
        outer, current[0] = current[0], step
        result = real(*arguments, **options)
        current[0] = outer
        if kind == "after" and what == step:
            die()
        return result

    setattr(steps, step, watched)


def _die_after_first_batch() -> None:
    real = stage.copy_batches

    def cut(engine: sa.Engine, reader: Any, table: str) -> None:
        import pyarrow as pa

        first = reader.read_next_batch()
        real(engine, pa.RecordBatchReader.from_batches(reader.schema, [first.slice(0, 50)]), table)
        die()

    stage.copy_batches = cut
