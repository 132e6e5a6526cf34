"""What is proposed for a new dataset: its columns, its key, and why.

Each line can be explained to the source's owner.
"""

from __future__ import annotations

from dataclasses import dataclass

from kho.authoring.profile import ColumnProfile


@dataclass(frozen=True)
class ColumnProposal:
    """One line of the contract, the rules that follow from it, and the reasons."""

    profile: ColumnProfile
    name: str
    title: str
    logical_type: str
    classification: str
    reasons: tuple[str, ...]
    required: bool = False
    key_position: int | None = None
    sql_type: str | None = None
    source_format: str | None = None
    source_type: str | None = None
    meaning: str | None = None
    reference: str | None = None
    codes: tuple[str, ...] = ()
    pattern: str | None = None
    shape: str | None = None
    unit: str | None = None
    unit_column: str | None = None
    marked: bool = False
    missing_reason_of: str | None = None

    @property
    def source_name(self) -> str:
        return self.profile.name


@dataclass(frozen=True)
class Proposal:
    """All columns of a dataset, and what was chosen among them; `notes` say why."""

    columns: tuple[ColumnProposal, ...]
    watermark: str | None
    agency_column: str | None
    notes: tuple[str, ...]
    rows: int
    form_key: tuple[str, ...] = ()
    """Of forms: the columns that say who sent a form and for which period."""

    @property
    def key(self) -> tuple[ColumnProposal, ...]:
        keyed = [column for column in self.columns if column.key_position]
        return tuple(sorted(keyed, key=lambda column: column.key_position or 0))

    def column(self, name: str) -> ColumnProposal:
        """The column called `name`, ours or the source's; KeyError if there is none."""
        for column in self.columns:
            if name in (column.name, column.source_name):
                return column
        raise KeyError(name)
