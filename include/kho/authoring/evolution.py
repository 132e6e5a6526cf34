"""Propose how a contract may follow its source.

In: a contract and the drift that a night saw. Out: `proposals/<dataset>.yaml` below the state directory: the
lines to put into the contract, with the reason of each. The contract itself is never changed: that is a
decision of its owner.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kho.authoring.vocabulary import business_name, classification_by_name, column_name
from kho.extract.source_kinds import kinds_of

if TYPE_CHECKING:
    from kho.contracts import Contract
    from kho.extract.drift import Change, Drift
    from kho.settings import Settings

_LOGICAL = {
    "text": "string",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}


def write_proposal(contract: Contract, drift: Drift, settings: Settings) -> Path:
    """Write the proposal and return its path; an earlier one of the dataset is replaced."""
    folder = settings.home / "proposals"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{contract.dataset}.yaml"
    draft = path.with_suffix(".new")
    draft.write_text(proposal(contract, drift), encoding="utf-8")
    draft.replace(path)
    return path


def proposal(contract: Contract, drift: Drift) -> str:
    """The proposal's text: YAML that is read by people."""
    lines = [
        f"# Proposed changes of include/contracts/{contract.dataset}.yaml (version {contract.version}).",
        "# Each says why. Put in what the source's owner confirms, raise the version, then run",
        f"# kho dataset check {contract.dataset}.",
        f"dataset: {contract.dataset}",
        "changes:",
    ]
    for change in drift.changes:
        lines += [f"  # {change.text}", *(f"  {line}" for line in _lines(contract, change))]
    return "\n".join(lines) + "\n"


def _lines(contract: Contract, change: Change) -> list[str]:
    if change.kind == "added":
        kinds = sorted(kinds_of(change.detail))
        logical = _LOGICAL.get(kinds[0], "string") if len(kinds) == 1 else "string"
        name = column_name(change.column, {column.name for column in contract.columns})
        line = (
            f"    {{name: {name}, physicalName: {_quoted(change.column)}, "
            f"businessName: {_quoted(business_name(change.column))}, logicalType: {logical}, "
            f"classification: {classification_by_name(change.column) or 'internal'}}}"
        )
        return ["- add:", line]
    names = ", ".join(column.name for column in contract.columns if column.source_name == change.column)
    if change.kind == "renamed":
        return [f"- change: {{columns: [{names}], physicalName: {_quoted(change.detail)}}}"]
    if change.kind == "retyped":
        return [f"- review: {{columns: [{names}], look at: logicalType and sourceType}}"]
    return [f"- remove or ask for: {{columns: [{names}]}}"]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
