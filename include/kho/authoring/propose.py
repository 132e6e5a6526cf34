"""Propose a contract from a sample: each column, the key, the watermark, the agency, and why.

In: a sample, and the reference lists the project has. Out: a `Proposal`, whose every line can be explained
to the source's owner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kho.authoring.hints import ColumnHint
from kho.authoring.profile import profile
from kho.authoring.proposal import ColumnProposal, Proposal
from kho.authoring.propose_column import missing_reason, propose_column
from kho.authoring.propose_key import propose_form_key, propose_key, propose_watermark
from kho.extract.sample import Sample


def propose(
    sample: Sample,
    references: Mapping[str, frozenset[str]],
    key: Sequence[str] = (),
    watermark: str | None = None,
    hints: Mapping[str, ColumnHint] | None = None,
) -> Proposal:
    """A contract for what a sample shows.

    Args:
        references: by name (`agencies.agency_code`), the codes of each list that the project knows.
        key: names of the source's key columns, where their owner has said them.
        watermark: name of the source's column of change times, where its owner has said it.
        hints: by the name under which a column is landed, what its form says of it; only these are taken.
    """
    hints = hints or {}
    names_form = {name for name, hint in hints.items() if hint.names_form}
    columns: list[ColumnProposal] = []
    for found in profile(sample, tuple(hints)):
        taken = {column.name for column in columns}
        columns.append(propose_column(found, taken, references, hints.get(found.name)))
        if columns[-1].marked:
            columns.append(missing_reason(columns[-1]))
    chosen, why = (
        propose_form_key(columns, sample.records, names_form, key)
        if hints
        else propose_key(columns, sample.records, key)
    )
    columns = [
        replace(
            column,
            key_position=chosen.index(column.source_name) + 1,
            required=True,
            reasons=(*column.reasons, f"key: {why}"),
        )
        if column.source_name in chosen and not column.missing_reason_of
        else column
        for column in columns
    ]
    notes = [f"key: {', '.join(chosen)}; {why}"]
    moved = next((name for name, hint in hints.items() if hint.changes), None)
    changed, why = propose_watermark(columns, watermark or moved)
    if moved and not watermark:
        why = "when the form was written"
    notes.append(f"watermark: {changed.source_name if changed else 'none'}; {why}")
    agency = next((c for c in columns if c.reference == "agencies.agency_code"), None)
    notes.append(
        f"agency: {agency.source_name}; its codes are in the list of agencies"
        if agency
        else "agency: none; the owner answers for all rows"
    )
    return Proposal(
        columns=tuple(
            replace(column, required=True) if column in (changed, agency) else column for column in columns
        ),
        watermark=changed.name if changed else None,
        agency_column=agency.name if agency else None,
        notes=tuple(notes),
        rows=sample.records.num_rows,
        form_key=tuple(column.name for column in columns if column.source_name in names_form),
    )
