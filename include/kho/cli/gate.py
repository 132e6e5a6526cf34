"""`kho gate`: the batches that are not fit to load, and what people decide about them.

In: a batch's id. Out: the evidence without personal data, or the decision, through the same function that
Airflow's question is answered by.
"""

import json
from getpass import getuser
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from kho.cli.console import out, say
from kho.cli.options import By, Reason, context_of
from kho.settings import get_settings

if TYPE_CHECKING:
    from kho.pipeline import Context
    from kho.quality.gate import Decision, Gate

app = typer.Typer(help="Batches that are not fit to load, and decisions about them.", no_args_is_help=True)


@app.command("list")
def gate_list(
    all_of_them: Annotated[bool, typer.Option("--all", help="The settled ones too.")] = False,
) -> None:
    """List the batches that wait for a decision, the newest first."""
    from kho.quality.gate import list_gates

    gates = list_gates(_context().engine, all_of_them=all_of_them)
    if not gates:
        out.print("no batch waits at the gate")
        return
    table = Table(box=None, pad_edge=False)
    for name in ("batch", "night", "rows", "rejected", "score", "stands", "reasons"):
        table.add_column(name, overflow="fold")
    for gate in gates:
        table.add_row(
            gate.batch_id,
            str(gate.as_of),
            f"{gate.fetched:,}",
            f"{gate.rejected:,}",
            str(gate.score),
            escape(_stands(gate)),
            escape("; ".join(gate.reasons)),
        )
    out.print(table)


@app.command("show")
def gate_show(batch: str) -> None:
    """Show why a batch is not fit to load: reasons, worst rules, masked examples, and what was decided."""
    from kho.quality.gate import show_gate

    gate = show_gate(_context().engine, batch)
    contract = f"contract {gate.contract_version}, suite {gate.suite_sha256[:12]}"
    lines = [
        f"{gate.batch_id}: night of {gate.as_of}, {_stands(gate)}",
        *([f"a replay of {gate.replays}, by the rules of today"] if gate.replays else []),
        f"{gate.fetched:,} rows, {gate.rejected:,} rejected, score {gate.score}",
        *(f"  {reason}" for reason in gate.reasons),
        "worst rules:",
        *(
            f"  {rule.rule_id} ({rule.severity}): {rule.failed:,} of {rule.evaluated:,}  {rule.title}"
            for rule in gate.rules
        ),
        "examples:",
        *(f"  {json.dumps(example, ensure_ascii=False)}" for example in gate.examples),
        f"a decision is bound to content {gate.content_sha256[:12]}, {contract}, score {gate.score}",
    ]
    for line in lines:
        say(line)


@app.command("approve")
def gate_approve(batch: str, reason: Reason, by: By = "") -> None:
    """Load a batch all the same; its failing rows go into the quarantine as ever."""
    _decide(batch, "approved", by, reason)


@app.command("reject")
def gate_reject(batch: str, reason: Reason, by: By = "") -> None:
    """Decide that a batch is not loaded; what is there stays."""
    _decide(batch, "rejected", by, reason)


def _decide(batch: str, decision: "Decision", by: str, reason: str) -> None:
    from kho.pipeline import decide_gate

    result = decide_gate(batch, decision, _context(), by=by or getuser(), reason=reason, via="command line")
    counts = ", ".join(f"{name} {value:,}" for name, value in result.counts.items())
    say(f"{result.message}  {counts}".strip())


def _context() -> "Context":
    return context_of(get_settings())


def _stands(gate: "Gate") -> str:
    """How it stands: waiting, decided, overtaken."""
    if gate.decision:
        return f"{gate.decision} by {gate.decided_by}: {gate.reason}"
    if gate.overtaken_by:
        return f"overtaken by {gate.overtaken_by}"
    return "waits for a decision" if gate.status == "blocked" else gate.status
