"""Judge what the raw zone holds once more, by the suite and the code of today.

In: a dataset, and the open cases or a night. Out: the steps' results, and an entry of `dq.replay`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from kho.errors import ConfigurationError, GateClosed, KhoError
from kho.pipeline.batches import contract_of, enter_batch
from kho.pipeline.context import Clock, Context, StepResult
from kho.pipeline.dataset import load, stage, validate
from kho.settings import TIMEZONE

if TYPE_CHECKING:
    from datetime import date

    from kho.raw_zone.manifest import Manifest


def replay(
    dataset: str,
    context: Context,
    rule: str | None = None,
    on_step: Callable[[StepResult], None] | None = None,
    *,
    night: date | None = None,
    by: str = "kho",
    reason: str = "rules have changed",
    today: date | None = None,
) -> list[StepResult]:
    """Judge a dataset's open quarantined rows again, from the raw zone, by the rules of today.

    What passes now is loaded and its case closed; an older state never replaces a newer one. Only the
    cases that break `rule`, if one is given; all that a night brought, if one is (`replay_day`). The night's
    scores, watermark and outcome stay as they are; the last result says, and `dq.replay` keeps, what the
    scores would be. Corrections hold as they do today, whatever night the records are of.

    Raises:
        ConfigurationError: a night and a rule are given.
    """
    from kho.quality.replay import land_replay, open_cases

    if night and rule:
        raise ConfigurationError(
            "a night is replayed whole", dataset=dataset, next_step="give either a night or a rule"
        )
    if night:
        return replay_day(dataset, night, context, on_step, by=by, reason=reason, today=today)

    contract = contract_of(dataset)

    def land_all(replay_id: int) -> Iterator[Manifest]:  # noqa: ARG001
        for replayed, keys in open_cases(context.engine, contract, rule).items():
            yield land_replay(contract, replayed, keys, context.settings.raw_zone, today or _today())

    entry = {"night": None, "rule": rule, "by": by, "reason": reason}
    return _replay(dataset, context, land_all, on_step, entry)


def replay_day(
    dataset: str,
    night: date,
    context: Context,
    on_step: Callable[[StepResult], None] | None = None,
    *,
    by: str,
    reason: str,
    today: date | None = None,
) -> list[StepResult]:
    """Judge all that a night brought again, from the raw zone, by the suite and the code of today.

    The night's scores are made anew. Records of which a later night has a newer form are judged with the
    rest, but neither loaded nor quarantined. The watermark stays where it is.

    A batch that is not fit to load waits at the gate for a person, its entry in `dq.replay` unfinished:
    approved, it is loaded (`kho.pipeline.decide_gate`). Until then the same replay asks about the same batch,
    unless rules or results have changed or a newer night is loaded.

    Raises:
        ConfigurationError: the night has no batch, or a newer version of a whole table is loaded.
        GateClosed: the batch is not fit to load, and nobody has approved just this batch.
    """
    from kho.quality.replay import day_batch, land_day

    contract = contract_of(dataset)
    replayed, later = day_batch(context.engine, contract, night)

    def land_it(replay_id: int) -> Iterator[Manifest]:
        yield land_day(contract, replayed, replay_id, context.settings.raw_zone, later, today or _today())

    entry = {"night": night, "rule": None, "by": by, "reason": reason}
    return _replay(dataset, context, land_it, on_step, entry)


def _today() -> date:
    return datetime.now(ZoneInfo(TIMEZONE)).date()


def _replay(
    dataset: str,
    context: Context,
    land_them: Callable[[int], Iterable[Manifest]],
    on_step: Callable[[StepResult], None] | None,
    entry: dict[str, Any],
) -> list[StepResult]:
    """Land, stage, validate and load batches of the raw zone again, and write down what came of it."""
    from kho.quality.replay_log import finish_replay, hold_replay, note_batch, open_replay

    results: list[StepResult] = []

    def note(result: StepResult) -> None:
        results.append(result)
        if on_step:
            on_step(result)

    clock = Clock(dataset, "compare")
    opened = open_replay(context.engine, dataset, **entry)
    try:
        for manifest in land_them(opened.replay_id):
            landing = Clock(dataset, "extract")
            unchanged = enter_batch(manifest, context) == "loaded"
            note_batch(context.engine, opened, manifest.batch_id)
            note(
                landing.result(
                    manifest.batch_id,
                    outcome="unchanged" if unchanged else "done",
                    counts={"fetched": manifest.fetched},
                    message=f"out of {manifest.replays}",
                )
            )
            if not unchanged:
                for step in (stage, validate, load):
                    note(step(manifest.batch_id, context))
    except GateClosed as error:
        # Only a whole night is asked about; whoever answers goes on with this entry.
        if opened.night:
            hold_replay(context.engine, opened, str(error))
        else:
            finish_replay(context.engine, opened, "blocked", str(error))
        raise
    except Exception as error:
        # The text of an unforeseen error may hold anything.
        said = str(error) if isinstance(error, KhoError) else f"unforeseen {type(error).__name__}"
        finish_replay(context.engine, opened, "failed", said)
        raise
    changed = finish_replay(context.engine, opened, "done")
    note(clock.result(None, message=f"scores: {changed or 'as they were'}"))
    return results
