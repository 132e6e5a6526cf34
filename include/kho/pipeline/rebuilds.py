"""Rebuild the star from the raw zone: a dataset, a month or a day of it, or everything.

In: a dataset, perhaps a span of nights, who and why. Out: a `StepResult` for each dataset, and an entry of
`meta.rebuild`.
"""

from __future__ import annotations

from collections.abc import Callable
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

import sqlalchemy as sa

from kho.contracts import load_contracts
from kho.errors import ConfigurationError, FatalError, KhoError
from kho.pipeline.batches import contract_of
from kho.pipeline.context import Clock, Context, StepResult
from kho.pipeline.night import refresh_marts

if TYPE_CHECKING:
    from kho.rebuild import Rebuilt, Span


def rebuild(
    dataset: str | None,
    context: Context,
    span: Span | None = None,
    on_step: Callable[[StepResult], None] | None = None,
    *,
    by: str,
    reason: str,
    check: bool = False,
) -> list[StepResult]:
    """Load batches of the raw zone again, mend what differs in the star, and bring the marts up to date.

    Args:
        dataset: None is every dataset that has been loaded, each after those that it looks up.
        span: nights whose rows may be changed; None is all.
        check: only say what would be changed.

    Raises:
        ConfigurationError: nothing is loaded in that span, or nobody says who or why.
        ReconciliationError: a batch does not come to what it came to then; the dataset is as it was.
        FatalError: of several datasets some could not be rebuilt; the others are.
    """
    results: list[StepResult] = []
    failed: list[str] = []
    names = [dataset] if dataset else datasets_loaded(context)
    if not names:
        raise ConfigurationError("nothing is loaded yet", next_step="run a night first: kho nightly")
    for name in names:
        try:
            result = _rebuild_one(name, context, span, by=by, reason=reason, check=check)
        except KhoError as error:
            if dataset:
                raise
            failed.append(name)
            result = StepResult(name, "rebuild", outcome="failed", message=str(error))
        results.append(result)
        if on_step:
            on_step(result)
    if not check and any(result.outcome == "done" for result in results):
        refresh_marts(context)
    if failed:
        raise FatalError(
            f"{len(failed)} of {len(results)} datasets are as they were: " + ", ".join(failed),
            next_step="rebuild each of them by itself: its message says what is wrong",
        )
    return results


def _rebuild_one(
    dataset: str, context: Context, span: Span | None, *, by: str, reason: str, check: bool
) -> StepResult:
    from kho.privacy.keyring import Keyring
    from kho.rebuild import rebuild_dataset
    from kho.rebuild.log import fail_rebuild, open_rebuild

    clock = Clock(dataset, "check" if check else "rebuild")
    contract = contract_of(dataset)
    keyring = Keyring(context.settings, context.connections)
    raw_zone = context.settings.raw_zone
    entry = None if check else open_rebuild(context.engine, dataset, span, by=by, reason=reason)
    try:
        rebuilt = rebuild_dataset(context.engine, contract, raw_zone, keyring, span, rebuild_id=entry)
    except Exception as error:
        if entry is not None:
            # The text of an unforeseen error may hold anything.
            said = str(error) if isinstance(error, KhoError) else f"unforeseen {type(error).__name__}"
            fail_rebuild(context.engine, entry, said)
        raise
    return clock.result(
        None,
        outcome="done" if rebuilt.found else "unchanged",
        counts={"batches": rebuilt.batches, "differed": rebuilt.found},
        message=_said_of(rebuilt),
    )


def _said_of(rebuilt: Rebuilt) -> str:
    """What differed, table by table."""
    parts = [
        f"{table.table}: {table.missing:,} missing, {table.surplus:,} surplus, {table.changed:,} changed"
        + (f", {table.kept:,} surplus ones kept because others point to them" if table.kept else "")
        for table in rebuilt.tables
        if table.found
    ]
    if rebuilt.moved:
        parts.append(f"{rebuilt.moved:,} facts moved to the version of their day")
    same = sum(table.same for table in rebuilt.tables)
    return "; ".join(parts) or f"{same:,} rows, all as the raw zone has them"


def datasets_loaded(context: Context) -> list[str]:
    """The datasets with a loaded batch, each after those that it looks up."""
    query = sa.text("SELECT DISTINCT dataset FROM meta.batch WHERE status = 'loaded'")
    with context.engine.connect() as db:
        loaded = set(db.execute(query).scalars())
    needs = {one.dataset: sorted(set(one.depends_on) & loaded) for one in load_contracts()}
    return [name for name in TopologicalSorter(needs).static_order() if name in loaded]
