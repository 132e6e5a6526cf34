"""The gate: a batch that is not fit to load waits for a person, who decides about this batch alone.

In: a judged batch and the reasons against it. Out: `dq.gate`, what there is to be seen; `dq.gate_decision`,
who decided what and why. A decision holds for the content, the contract's version, the suite's checksum and
the score that were seen; anything else is another question. Nobody waits here: the night goes on without
the batch.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa

from kho.errors import ConfigurationError
from kho.quality.classifications import copy_classifications
from kho.quality.rejects import rejected_table
from kho.sql_files import run_file

if TYPE_CHECKING:
    from kho.contracts import Contract
    from kho.raw_zone.manifest import Manifest
    from kho.stage import StageTable

Decision = Literal["approved", "rejected", "timed_out"]
Via = Literal["airflow", "command line"]
NEEDS_A_PERSON = ("approved", "rejected")

_EXAMPLES = 5
_RULES = 10


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A rule that the batch breaks; for a rule about the whole dataset `evaluated` is 1."""

    rule_id: str
    severity: str
    title: str
    evaluated: int
    failed: int


@dataclass(frozen=True, slots=True)
class Gate:
    """A batch at the gate and all that may be seen of it.

    Attributes:
        reasons: why it is not fit to load.
        examples: a few rejected records, masked: key, rules, record.
        fingerprint: a checksum of what a decision is bound to.
        status: of the batch: blocked, or what became of it.
        replays: the batch of a night that it judges again; None for a night's own.
        decision: what a person has decided about it as it is now, if somebody has.
        overtaken_by: a newer batch that is loaded, after which this one may not be.
    """

    batch_id: str
    dataset: str
    as_of: date
    blocked_at: datetime
    content_sha256: str
    contract_version: str
    suite_sha256: str
    score: Decimal
    reasons: tuple[str, ...]
    fetched: int
    rejected: int
    examples: tuple[dict[str, Any], ...]
    fingerprint: str
    status: str
    replays: str | None
    decision: str | None
    decided_by: str | None
    reason: str | None
    decided_at: datetime | None
    overtaken_by: str | None
    rules: tuple[BrokenRule, ...] = ()


def stand_at_gate(
    engine: sa.Engine,
    contract: Contract,
    manifest: Manifest,
    table: StageTable,
    reasons: tuple[str, ...],
    rejected: int,
) -> sa.Row[Any] | None:
    """Write down what is against a batch; returns the decision that a person made on exactly that."""
    with engine.begin() as db:
        copy_classifications(db, [contract])
        score = run_file(db, "quality/score_at_gate.sql", batch_id=manifest.batch_id).scalar_one()
        bound = {
            "content_sha256": manifest.content_sha256,
            "contract_version": contract.version,
            "suite_sha256": contract.content_sha256,
            "score": score,
        }
        fingerprint = _fingerprint(bound, reasons)
        run_file(
            db,
            "quality/note_gate.sql",
            batch_id=manifest.batch_id,
            dataset=manifest.dataset,
            as_of=manifest.as_of,
            reasons=list(reasons),
            fetched=manifest.fetched,
            rejected=rejected,
            examples=json.dumps(_examples(db, contract, table)),
            fingerprint=fingerprint,
            **bound,
        )
        return run_file(
            db, "quality/gate_decision.sql", batch_id=manifest.batch_id, fingerprint=fingerprint, **bound
        ).one_or_none()


def list_gates(engine: sa.Engine, *, all_of_them: bool = False) -> tuple[Gate, ...]:
    """The batches that wait for a decision that still matters; those that are settled too if asked for."""
    with engine.connect() as db:
        rows = run_file(db, "quality/list_gates.sql", all_of_them=all_of_them, batch_id=None).mappings()
        return tuple(_gate(row) for row in rows)


def show_gate(engine: sa.Engine, batch_id: str) -> Gate:
    """A batch that waits, or waited, with the rules it breaks.

    Raises:
        ConfigurationError: it never stood at the gate.
    """
    with engine.connect() as db:
        row = (
            run_file(db, "quality/list_gates.sql", all_of_them=True, batch_id=batch_id)
            .mappings()
            .one_or_none()
        )
        if row is None:
            raise ConfigurationError(
                f"no batch '{batch_id}' stands at the gate", next_step="kho gate list shows those that do"
            )
        broken = run_file(db, "quality/worst_rules.sql", batch_id=batch_id, at_most=_RULES).all()
    return _gate(
        row, tuple(BrokenRule(r.rule_id, r.severity, r.title_vi, r.evaluated, r.failed) for r in broken)
    )


def decide(
    engine: sa.Engine,
    batch_id: str,
    decision: Decision,
    *,
    by: str,
    reason: str,
    via: Via,
    fingerprint: str | None = None,
) -> Gate:
    """Write a decision down; the same one again is the same one.

    Args:
        fingerprint: of what was seen, where time has passed since.

    Raises:
        ConfigurationError: there is nothing to decide, somebody has decided otherwise, the batch was judged
            otherwise since it was seen, or a newer one is loaded.
    """
    gate = show_gate(engine, batch_id)
    by, reason = by.strip(), reason.strip()
    if decision in NEEDS_A_PERSON and not (by and reason):
        raise _refused(
            gate, "a decision needs a name and a reason", "say who decides (--by) and why (--reason)"
        )
    if fingerprint is not None and fingerprint != gate.fingerprint:
        raise _refused(
            gate,
            "the batch was judged again since it was shown, with another result",
            "look at it again, then decide",
        )
    if gate.decision == decision or (gate.decision and decision == "timed_out"):
        return gate
    if gate.decision:
        raise _refused(
            gate,
            f"it was {gate.decision} by {gate.decided_by} already",
            "a decision stands; a mended batch is another",
        )
    if gate.status == "loaded":
        raise _refused(gate, "the batch is loaded", "there is nothing to decide")
    if gate.overtaken_by and decision == "approved":
        raise _refused(
            gate,
            f"the newer batch {gate.overtaken_by} is loaded",
            "replay the night again: what is newer is then left alone"
            if gate.replays
            else "an older state never replaces a newer one",
        )
    with engine.begin() as db:
        run_file(
            db,
            "quality/decide_gate.sql",
            batch_id=batch_id,
            fingerprint=gate.fingerprint,
            decision=decision,
            by=by or "airflow",
            reason=reason or "nobody answered in time",
            via=via,
        )
    decided = show_gate(engine, batch_id)
    if decision in NEEDS_A_PERSON and decided.decision != decision:
        raise _refused(
            decided, f"it was {decided.decision} by {decided.decided_by} just now", "kho gate show says why"
        )
    return decided


def _examples(db: sa.Connection, contract: Contract, table: StageTable) -> list[dict[str, Any]]:
    """A few rejected records as they may be seen, of as many different kinds as there are."""
    rows = db.execute(
        sa.text(
            "WITH field AS (SELECT array_agg(source_name) AS known, "
            "array_agg(source_name) FILTER (WHERE classification <> 'personal') AS shown, "
            "bool_and(classification <> 'personal') FILTER (WHERE is_key) AS key_is_shown "
            "FROM meta.column_classification WHERE dataset = :dataset), "
            "chosen AS (SELECT DISTINCT ON (r.failed_rules) r.* "
            f"FROM {rejected_table(table).quoted} AS r ORDER BY r.failed_rules, r._row) "
            "SELECT CASE WHEN f.key_is_shown THEN dq.mask_text(c.business_key) ELSE '***' END AS key, "
            "c.failed_rules AS rules, dq.mask_record(c.raw::jsonb, f.known, f.shown) AS record "
            "FROM chosen AS c CROSS JOIN field AS f ORDER BY c._row LIMIT :at_most"
        ),
        {"dataset": contract.dataset, "at_most": _EXAMPLES},
    )
    return [dict(row) for row in rows.mappings()]


def _fingerprint(bound: dict[str, Any], reasons: tuple[str, ...]) -> str:
    text = json.dumps([*map(str, bound.values()), *reasons], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _gate(row: Any, rules: tuple[BrokenRule, ...] = ()) -> Gate:
    values = dict(row) | {"reasons": tuple(row["reasons"]), "examples": tuple(row["examples"])}
    return Gate(**values, rules=rules)


def _refused(gate: Gate, why: str, next_step: str) -> ConfigurationError:
    return ConfigurationError(why, dataset=gate.dataset, batch=gate.batch_id, next_step=next_step)
