"""Choose among the columns of a sample: which make the key, and which moves with every change.

In: the proposed columns and the records. Out: names of the source's columns, and why.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import combinations

import pyarrow as pa

from kho.authoring.proposal import ColumnProposal
from kho.authoring.propose_column import MOST
from kho.extract.source_names import folded, words

NEARLY_UNIQUE = 0.98
"""A key may repeat in a sample, as it may at the source: the rule on repeats judges those rows."""

_CHANGED = ("capnhat", "updated", "modified", "thaydoi", "changed", "suadoi", "chinhsua", "lastupdate")
_KEY_WORDS = frozenset(["ma", "so", "id", "code", "key", "uuid", "khoa"])


def propose_key(
    columns: Sequence[ColumnProposal], records: pa.Table, given: Sequence[str]
) -> tuple[list[str], str]:
    """The key of a source's records: one column that is nearly unique, or the fewest that are together."""
    if given:
        return list(given), "as it was given"
    single = [
        column
        for column in columns
        if column.profile.completeness >= NEARLY_UNIQUE
        and column.profile.uniqueness >= NEARLY_UNIQUE
        and column.logical_type in ("string", "integer")
        and column.profile.longest <= 100
        and column.meaning not in ("name of a person", "address")
    ]
    if single:
        best = max(single, key=_key_rank)
        return [best.source_name], f"{best.profile.uniqueness:.1%} of its values differ, hardly one is empty"
    full = [c for c in columns if c.profile.completeness >= NEARLY_UNIQUE and c.profile.distinct > 1]
    named = sorted(full, key=lambda c: (not _key_rank(c)[0], columns.index(c)))[:8]
    if found := _fewest(records, [], [column.source_name for column in named], sizes=(2, 3, 4, 5)):
        names, distinct = found
        return names, f"no column alone is unique; together {distinct / records.num_rows:.1%} differ"
    first = columns[0].source_name
    return [first], "nothing in the sample is unique; the first column stands here, ask the owner (--key)"


def propose_form_key(
    columns: Sequence[ColumnProposal],
    records: pa.Table,
    names_form: Collection[str],
    given: Sequence[str],
) -> tuple[list[str], str]:
    """The key of a form's rows: who sent it, for which period, and what tells its rows apart.

    A sample may be a single form, in which a line's code looks unique: without sender and period it is not.

    Args:
        names_form: the source's columns that say who sent a form and for which period.
    """
    if given:
        return list(given), "as it was given"
    form = [column for column in columns if column.source_name in names_form and not column.missing_reason_of]
    within = [
        column
        for column in columns
        if column not in form
        and not column.source_name.startswith("_")
        and not column.missing_reason_of
        and column.logical_type in ("string", "integer", "date")
        and not column.unit_column
        and column.profile.completeness >= NEARLY_UNIQUE
        and column.profile.distinct > 1
    ]
    sheet = [column for column in columns if column.source_name == "_sheet"]
    named = sorted([*within, *sheet], key=lambda c: (-_code_rank(c), columns.index(c)))[:8]
    who = [column.source_name for column in form]
    if found := _fewest(records, who, [column.source_name for column in named], sizes=(1, 2, 3, 4)):
        names, distinct = found
        told = ", ".join(names[len(who) :])
        return names, f"sender and period name a form; {told} tells its rows apart ({distinct:,} differ)"
    first = [column.source_name for column in within[:1]]
    return [*who, *first], "nothing in the sample tells the rows apart; ask the owner (--key)"


def _fewest(
    records: pa.Table, always: Sequence[str], among: Sequence[str], sizes: Iterable[int]
) -> tuple[list[str], int] | None:
    """The fewest columns that, with those that are `always` there, tell nearly all records apart.

    With how many they tell apart.
    """
    for size in sizes:
        for group in combinations(among, size):
            names = [*always, *group]
            distinct = records.group_by(names).aggregate([]).num_rows
            if distinct >= NEARLY_UNIQUE * records.num_rows:
                return names, distinct
    return None


def _code_rank(column: ColumnProposal) -> int:
    """Codes before names, and names before numbers."""
    parts = words(column.title)
    coded = bool(parts) and parts[0] in _KEY_WORDS - {"so"}
    return 3 * coded + 2 * (column.logical_type == "string") - 2 * (column.classification == "personal")


def _key_rank(column: ColumnProposal) -> tuple[bool, bool, float]:
    parts = words(column.source_name)
    named = bool(parts) and (parts[0] in _KEY_WORDS or parts[-1] in _KEY_WORDS)
    return (
        named and not set(parts) & {"tien", "luong"},
        column.classification != "personal",
        column.profile.uniqueness,
    )


def propose_watermark(
    columns: Sequence[ColumnProposal], given: str | None
) -> tuple[ColumnProposal | None, str]:
    """The column that moves with every change of a record."""
    if given:
        chosen = [c for c in columns if given in (c.source_name, c.name)]
        return (chosen[0], "as it was given") if chosen else (None, "the given column is not in the sample")
    for column in columns:
        if (
            column.logical_type in ("timestamp", "date")
            and any(word in folded(column.source_name) for word in _CHANGED)
            and column.profile.completeness >= MOST
        ):
            return column, "its name speaks of changes and nearly every row has it"
    return None, "no column is known to move with every change; everything is read each night"
