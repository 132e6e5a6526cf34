"""The gate: a batch that is not fit to load, what a person sees of it, and what a decision holds for."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from kho import pipeline
from kho.cli import gate as gate_cli
from kho.cli import main as cli
from kho.contracts import load_contract
from kho.errors import ConfigurationError, GateClosed
from kho.pipeline import Context
from kho.quality import judge
from kho.quality.gate import list_gates, show_gate
from kho.quality.gate_text import gate_body, gate_subject
from kho.rules.suite import load_dataset_suite

from .gates import AGENCIES, land, small_context  # noqa: F401

NIGHT = date(2026, 11, 20)
WHO: dict[str, Any] = {"by": "Lê C", "reason": "đã gọi Sở Y tế", "via": "command line"}


def blocked(context: Context, **how: Any) -> str:
    """A batch that was judged and is not fit to load, its night over."""
    batch = land(context, **how)
    pipeline.stage(batch, context)
    with pytest.raises(GateClosed, match="rows .* are rejected") as caught:
        pipeline.validate(batch, context)
    assert f"kho gate show {batch}" in str(caught.value)
    pipeline.finish(AGENCIES, how.get("night", NIGHT), context, batch_id=batch, error=caught.value)
    return batch


def scalar(context: Context, query: str, **values: Any) -> Any:
    with context.engine.connect() as db:
        return db.scalar(sa.text(query), values)


def loaded(context: Context) -> int:
    return int(scalar(context, "SELECT count(*) FROM dw.dim_agency WHERE agency_key > 0 AND NOT is_inferred"))


def test_the_evidence_says_why_without_personal_data(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = blocked(context)
    (gate,) = list_gates(context.engine)
    assert (gate.batch_id, gate.fetched, gate.rejected, gate.status) == (batch, 35, 15, "blocked")
    shown = show_gate(context.engine, batch)
    assert [rule.failed for rule in shown.rules if rule.severity == "critical"] == [15]
    (example,) = shown.examples
    assert example["key"] == "000.00.20.H48"
    assert example["record"]["loaiCoQuan"] == "department"
    assert "Danh mục cơ quan" in gate_subject(gate)
    body = gate_body(shown)
    assert "35 bản ghi, 15 bản ghi không đạt" in body
    assert batch in body
    hostile = replace(shown, reasons=("<b>`{{ x }}` [a](b)",), examples=({"a": "```\n<script>"},))
    assert not {"<b>", "{{", "[a]", "<script>"} & set(
        re.findall(r"<b>|\{\{|\[a\]|<script>", gate_body(hostile))
    )
    assert gate_body(hostile).count("```") == 2


def test_an_approved_batch_loads_what_passes(context: Context) -> None:
    batch = blocked(context)
    assert loaded(context) == 0
    result = pipeline.decide_gate(batch, "approved", context, **WHO)
    assert (result.outcome, result.counts["loaded"], result.counts["quarantined"]) == ("done", 20, 15)
    assert loaded(context) == 20
    assert scalar(context, "SELECT count(*) FROM dq.quarantine WHERE status = 'open'") == 15
    assert scalar(context, "SELECT outcome FROM meta.night WHERE as_of = :n", n=NIGHT) == "loaded"
    assert list_gates(context.engine) == ()
    with context.engine.connect() as db:
        row = db.execute(sa.text("SELECT * FROM dq.gate_decision")).one()
    gate = show_gate(context.engine, batch)
    assert (row.decision, row.decided_by, row.reason, row.via) == ("approved", *WHO.values())
    assert (row.content_sha256, row.contract_version, row.suite_sha256, row.score) == (
        gate.content_sha256,
        gate.contract_version,
        gate.suite_sha256,
        gate.score,
    )
    # Once more changes nothing; the same batch in a night that is run again passes by itself.
    assert pipeline.decide_gate(batch, "approved", context, **WHO).outcome == "unchanged"
    assert scalar(context, "SELECT count(*) FROM dq.gate_decision") == 1


def test_an_approval_survives_a_death_before_the_load(context: Context) -> None:
    """The decision is written; whoever runs next, the night or the same command, loads the batch."""
    from kho.quality.gate import decide

    batch = blocked(context)
    decide(context.engine, batch, "approved", **WHO)
    assert loaded(context) == 0
    pipeline.stage(batch, context)
    assert "let through by Lê C" in pipeline.validate(batch, context).message
    assert pipeline.load(batch, context).counts["loaded"] == 20


def test_a_decision_is_not_for_other_data(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    from kho.quality.gate import decide

    first = blocked(context)
    decide(context.engine, first, "approved", **WHO)
    # Other content.
    blocked(context, bad=16)
    # The same records again: another batch, another question.
    blocked(context, mark="again")
    # Another contract.
    contract = load_contract(AGENCIES)
    for change in ({"version": "9.9.9"}, {"content_sha256": "0" * 64}):
        with monkeypatch.context() as patch:
            patch.setattr(
                "kho.pipeline.batches.load_contract", lambda _, c=change: contract.model_copy(update=c)
            )
            with pytest.raises(GateClosed):
                pipeline.validate(first, context)
    # The same batch under the same rules, judged otherwise: a rule less, so another score.
    with monkeypatch.context() as patch:

        def fewer(contract: Any, codes: Any) -> Any:
            suite = load_dataset_suite(contract, codes)
            last = next(rule for rule in reversed(suite.row_rules) if "name" not in rule.rule_id)
            return replace(suite, rules=tuple(rule for rule in suite.rules if rule.rule_id != last.rule_id))

        patch.setattr(judge, "load_dataset_suite", fewer)
        with pytest.raises(GateClosed):
            pipeline.validate(first, context)
    # As it was seen, it passes.
    assert "let through" in pipeline.validate(first, context).message


def test_a_rejected_batch_stays_out_and_is_not_asked_about_again(context: Context) -> None:
    batch = blocked(context)
    result = pipeline.decide_gate(batch, "rejected", context, **WHO)
    assert "rejected by Lê C" in result.message
    assert loaded(context) == 0
    assert pipeline.gates_to_decide(context) == []
    with pytest.raises(GateClosed):
        pipeline.validate(batch, context)
    with pytest.raises(ConfigurationError, match="rejected by Lê C already"):
        pipeline.decide_gate(batch, "approved", context, by="Trần B", reason="vì", via="airflow")
    assert loaded(context) == 0


def test_silence_is_no_and_does_not_bind_anybody(context: Context) -> None:
    batch = blocked(context)
    for _ in range(2):
        pipeline.decide_gate(batch, "timed_out", context, by="", reason="", via="airflow")
    assert scalar(context, "SELECT string_agg(decision, ',') FROM dq.gate_decision") == "timed_out"
    assert loaded(context) == 0
    assert pipeline.decide_gate(batch, "approved", context, **WHO).counts["loaded"] == 20
    # A question that times out after somebody has decided elsewhere says nothing.
    assert (
        "approved by Lê C"
        in pipeline.decide_gate(batch, "timed_out", context, by="", reason="", via="airflow").message
    )
    assert scalar(context, "SELECT count(*) FROM dq.gate_decision") == 2


def test_what_was_shown_must_be_what_is_there(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = blocked(context)
    seen = pipeline.show_evidence(batch, context)["fingerprint"]
    contract = load_contract(AGENCIES)
    monkeypatch.setattr(
        "kho.pipeline.batches.load_contract", lambda _: contract.model_copy(update={"version": "9.9.9"})
    )
    with pytest.raises(GateClosed):
        pipeline.validate(batch, context)
    with pytest.raises(ConfigurationError, match="judged again since it was shown"):
        pipeline.decide_gate(batch, "approved", context, fingerprint=seen, **WHO)
    assert scalar(context, "SELECT count(*) FROM dq.gate_decision") == 0


def test_a_batch_that_was_overtaken_is_not_loaded(context: Context) -> None:
    old = blocked(context)
    newer = land(context, good=30, bad=0, night=NIGHT + timedelta(days=1))
    pipeline.load(newer, context)
    assert list_gates(context.engine) == ()
    with pytest.raises(ConfigurationError, match="newer batch .* is loaded"):
        pipeline.decide_gate(old, "approved", context, **WHO)
    assert loaded(context) == 30


def test_a_decision_needs_a_batch_a_name_and_a_reason(context: Context) -> None:
    with pytest.raises(ConfigurationError, match="no batch 'x'"):
        pipeline.decide_gate("x", "approved", context, **WHO)
    batch = blocked(context)
    with pytest.raises(ConfigurationError, match="name and a reason"):
        pipeline.decide_gate(batch, "approved", context, by="Lê C", reason=" ", via="airflow")
    assert loaded(context) == 0


def test_the_command_line_decides_by_the_same_function(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate_cli, "get_settings", lambda: context.settings)

    def kho(*arguments: str) -> str:
        done = CliRunner().invoke(cli.app, ["gate", *arguments])
        assert done.exit_code == 0, done.output
        return done.output

    assert "no batch waits" in kho("list")
    batch = blocked(context)
    assert "waits for a decision" in kho("list")
    assert "15 rejected" in kho("show", batch)
    said = kho("approve", batch, "--by", "Lê C", "--reason", "đã gọi")
    assert "approved by Lê C" in said
    assert "loaded 20" in said
    assert "approved by Lê C: đã gọi" in kho("list", "--all")


# A whole night that is replayed and no longer fit to load.


def stricter(monkeypatch: pytest.MonkeyPatch, names: int) -> None:
    """From now on the last agencies' names are wrong."""

    def suite(contract: Any, codes: Any) -> Any:
        full = load_dataset_suite(contract, codes)
        refused = [f"Sở {n}" for n in range(35 - names, 35)]
        changed = {
            "type": "expect_column_values_to_not_be_in_set",
            "kwargs": {"column": "name_vi", "value_set": refused},
        }
        rules = (
            replace(rule, **changed) if rule.rule_id == "agency_type_known" else rule for rule in full.rules
        )
        return replace(full, rules=tuple(rules))

    monkeypatch.setattr(judge, "load_dataset_suite", suite)


def replay_night(context: Context) -> Any:
    return pipeline.replay_day(AGENCIES, NIGHT, context, by="Trần B", reason="quy tắc mới")


def a_blocked_replay(context: Context, monkeypatch: pytest.MonkeyPatch, names: int = 15) -> str:
    """A night that is loaded, and its replay by stricter rules, which waits at the gate."""
    if not loaded(context):
        first = land(context, good=35, bad=0)
        pipeline.load(first, context)
        pipeline.finish(AGENCIES, NIGHT, context, batch_id=first, outcome="loaded")
    stricter(monkeypatch, names)
    with pytest.raises(GateClosed, match="kho gate show") as caught:
        replay_night(context)
    (gate,) = list_gates(context.engine)
    assert gate.batch_id == caught.value.batch
    return gate.batch_id


def entries(context: Context) -> list[Any]:
    with context.engine.connect() as db:
        return list(db.execute(sa.text("SELECT outcome, note, batches FROM dq.replay ORDER BY replay_id")))


def test_a_blocked_replay_is_approved_and_ends_as_a_replay(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = a_blocked_replay(context, monkeypatch)
    shown = show_gate(context.engine, batch)
    assert (shown.rejected, shown.fetched) == (15, 35)
    assert "kiểm tra lại theo quy tắc hiện hành" in gate_body(shown)
    night = scalar(context, "SELECT row(n.*)::text FROM meta.night AS n")
    assert [row[0] for row in entries(context)] == [None]
    assert "kho gate show" in entries(context)[0][1]
    # Asked again, it is the same question.
    with pytest.raises(GateClosed):
        replay_night(context)
    assert [gate.batch_id for gate in list_gates(context.engine)] == [batch]
    result = pipeline.decide_gate(batch, "approved", context, **WHO)
    assert (result.counts["loaded"], result.counts["quarantined"]) == (20, 15)
    assert "scores: " in result.message
    assert [(row[0], row[2]) for row in entries(context)] == [("done", [batch])]
    assert scalar(context, "SELECT row(n.*)::text FROM meta.night AS n") == night
    assert pipeline.decide_gate(batch, "approved", context, **WHO).outcome == "unchanged"


def test_an_approved_replay_that_died_before_its_load_is_loaded_by_the_next(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kho.quality.gate import decide

    batch = a_blocked_replay(context, monkeypatch)
    decide(context.engine, batch, "approved", **WHO)
    assert "let through by Lê C" in " ".join(result.message for result in replay_night(context))
    assert [(row[0], row[2]) for row in entries(context)] == [("done", [batch])]


def test_an_approval_of_a_replay_is_not_for_other_data(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kho.quality.gate import decide

    batch = a_blocked_replay(context, monkeypatch)
    decide(context.engine, batch, "approved", **WHO)
    # The same batch, of which more is wrong now.
    stricter(monkeypatch, 16)
    with pytest.raises(GateClosed, match="kho gate show"):
        replay_night(context)
    # Other rules: another batch.
    contract = load_contract(AGENCIES)
    with monkeypatch.context() as patch:
        patch.setattr(
            "kho.pipeline.batches.load_contract",
            lambda _: contract.model_copy(update={"content_sha256": "0" * 64}),
        )
        stricter(patch, 15)
        with pytest.raises(GateClosed) as caught:
            replay_night(context)
        assert caught.value.batch != batch
    assert scalar(context, "SELECT count(*) FROM dq.quarantine") == 0


def test_a_refused_replay_stays_blocked_and_says_so(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = a_blocked_replay(context, monkeypatch)
    assert "not loaded" in pipeline.decide_gate(batch, "rejected", context, **WHO).message
    with pytest.raises(GateClosed, match="refused by Lê C: đã gọi Sở Y tế") as caught:
        replay_night(context)
    assert "kho gate show" not in str(caught.value)
    assert scalar(context, "SELECT count(*) FROM dq.quarantine") == 0
    with pytest.raises(ConfigurationError, match="rejected by Lê C already"):
        pipeline.decide_gate(batch, "approved", context, **WHO)


def test_a_replay_that_was_overtaken_while_it_waited_is_not_loaded(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = a_blocked_replay(context, monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(judge, "load_dataset_suite", load_dataset_suite)
        newer = land(context, good=36, bad=0, night=NIGHT + timedelta(days=1))
        pipeline.load(newer, context)
    assert list_gates(context.engine) == ()
    with pytest.raises(ConfigurationError, match="newer batch .* is loaded"):
        pipeline.decide_gate(batch, "approved", context, **WHO)
    assert loaded(context) == 36
