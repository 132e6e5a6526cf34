"""The SQL of a new dataset: a table of its own, and how accepted rows come into it.

In: a `Proposal`. Out: the text of a migration and of the load files. Personal data that is no key stays
out of the star: a column that somebody needs there is added by hand, with its reason.
"""

from __future__ import annotations

from collections.abc import Sequence

from kho.authoring.proposal import ColumnProposal, Proposal
from kho.contracts.model import LOGICAL_TO_SQL


def loaded_columns(proposal: Proposal) -> list[ColumnProposal]:
    """The columns that the star keeps, the key first."""
    others = [
        column
        for column in proposal.columns
        if not column.key_position and column.classification != "personal"
    ]
    return [*proposal.key, *others]


def migration(slug: str, proposal: Proposal, kind: str) -> str:
    """A table of the dataset's own, `dw.<kind>_<slug>`, with its business key as primary key."""
    lines = []
    for column in loaded_columns(proposal):
        needed = " NOT NULL" if column.key_position or column.name == proposal.watermark else ""
        lines.append(f"{column.name} {column.sql_type or LOGICAL_TO_SQL[column.logical_type]}{needed}")
    if proposal.agency_column:
        lines.append("agency_key integer NOT NULL REFERENCES dw.dim_agency (agency_key)")
    lines += [
        "is_deleted boolean NOT NULL DEFAULT FALSE",
        "batch_key integer NOT NULL",
        f"PRIMARY KEY ({', '.join(column.name for column in proposal.key)})",
    ]
    body = ",\n    ".join(lines)
    left_out = [column.name for column in proposal.columns if column not in loaded_columns(proposal)]
    note = f"\n-- Left out because they are personal data: {', '.join(left_out)}." if left_out else ""
    return (
        f"-- Purpose: {slug}, as the contract has it. Grain: one row per {_grain(proposal)}.{note}\n"
        f"CREATE TABLE dw.{kind}_{slug} (\n    {body}\n);\n"
        f"COMMENT ON TABLE dw.{kind}_{slug} IS\n'Grain: one row per {_grain(proposal)}, its latest state.';\n"
        "-- What a row said before is kept, so that one can ask what was believed on a day.\n"
        f"SELECT meta.keep_history('dw.{kind}_{slug}', '{slug}');\n"
    )


def upsert(slug: str, proposal: Proposal, kind: str) -> str:
    """`10_upsert.sql`."""
    columns = loaded_columns(proposal)
    names = [column.name for column in columns]
    values = [f"s.{name}" for name in names]
    join = ""
    if proposal.agency_column:
        names.append("agency_key")
        values.append("coalesce(a.agency_key, -1)")
        join = f"\nLEFT JOIN dw.dim_agency AS a\n    ON\n        s.{proposal.agency_column} = a.agency_code\n"
        # The version of the row's own day, so that loading it again years later finds the same one.
        join += (
            f"        AND s.{proposal.watermark} >= a.valid_from\n"
            f"        AND (a.valid_to IS NULL OR s.{proposal.watermark} < a.valid_to + 1)"
            if proposal.watermark
            else "        AND a.is_current"
        )
    keys = [column.name for column in proposal.key]
    changing = [name for name in names if name not in keys] + ["is_deleted"]
    sets = ",\n        ".join(f"{name} = excluded.{name}" for name in [*changing, "batch_key"])
    later = (
        f"    excluded.{proposal.watermark} >= t.{proposal.watermark}\n    AND "
        if proposal.watermark
        else "    "
    )
    old = _listed([f"t.{name}" for name in changing], 8)
    new = _listed([f"excluded.{name}" for name in changing], 8)
    return (
        f"-- Purpose: add new rows of {slug} and bring changed ones up to date.\n"
        f"-- Grain: one row per {_grain(proposal)}.\n"
        "-- Can run twice: equal rows are left alone"
        + ("; an older state never replaces a later one.\n" if proposal.watermark else ".\n")
        + f"INSERT INTO dw.{kind}_{slug} AS t (\n{_listed([*names, 'is_deleted', 'batch_key'], 4)}\n)\n"
        + f"SELECT\n{_listed([*values, 'FALSE', ':batch_key'], 4)}\nFROM accepted AS s{join}\n"
        + f"ON CONFLICT ({', '.join(keys)}) DO UPDATE\n    SET\n        {sets}\n    WHERE\n"
        + f"{later}(\n{old}\n    ) IS DISTINCT FROM (\n{new}\n    );\n"
    )


def mark_deleted(slug: str, proposal: Proposal, kind: str) -> str:
    """`20_mark_deleted.sql`, for sources whose rows vanish."""
    same = "\n            AND ".join(f"k.{column.name} = t.{column.name}::text" for column in proposal.key)
    return (
        "-- Purpose: a row that the source no longer has stays as a tombstone. Inputs: source_keys, all\n"
        "-- keys of the source at that moment. Can run twice. Without keys nothing is marked.\n"
        f"UPDATE dw.{kind}_{slug} AS t\nSET is_deleted = TRUE, batch_key = :batch_key\nWHERE\n"
        "    NOT t.is_deleted\n    AND EXISTS (SELECT FROM source_keys)\n    AND NOT EXISTS (\n"
        f"        SELECT FROM source_keys AS k\n        WHERE\n            {same}\n    );\n"
    )


def mark_left_out(slug: str, proposal: Proposal, kind: str) -> str:
    """`20_mark_left_out.sql`, for forms that are sent again with fewer rows."""
    same_form = [f"s.{name} = t.{name}" for name in proposal.form_key]
    same_row = [f"s.{column.name} = t.{column.name}" for column in proposal.key]
    keys = ", ".join(f"t.{column.name}" for column in proposal.key)
    newer = [*same_form, f"s.{proposal.watermark} > t.{proposal.watermark}"]
    return (
        "-- Purpose: a row that a later form of the same sender and period no longer has stays as a\n"
        "-- tombstone; one that came and was rejected keeps its last good state. Can run twice.\n"
        f"UPDATE dw.{kind}_{slug} AS t\nSET is_deleted = TRUE, batch_key = :batch_key\nWHERE\n"
        "    NOT t.is_deleted\n    AND EXISTS (\n        SELECT FROM accepted AS s\n        WHERE\n"
        f"            {_anded(newer, 12)}\n    )\n"
        "    AND NOT EXISTS (\n        SELECT FROM accepted AS s\n        WHERE\n"
        f"            {_anded(same_row, 12)}\n    )\n"
        "    AND NOT EXISTS (\n        SELECT FROM rejected AS r\n        WHERE\n"
        f"            r.business_key = concat_ws('|', {keys})\n    );\n"
    )


def _anded(parts: Sequence[str], indent: int) -> str:
    return f"\n{' ' * indent}AND ".join(parts)


def count_loaded(slug: str, proposal: Proposal, kind: str) -> str:
    """`90_count_loaded.sql`."""
    same = [f"s.{column.name} = t.{column.name}" for column in proposal.key]
    if proposal.watermark and proposal.watermark not in {column.name for column in proposal.key}:
        same.append(f"s.{proposal.watermark} <= t.{proposal.watermark}")
    joined = "\n        AND ".join(same)
    return (
        f"-- Purpose: how many accepted rows of {slug} are now in the star, in this form or a later one.\n"
        "SELECT count(*) AS loaded\nFROM accepted AS s\n"
        f"INNER JOIN dw.{kind}_{slug} AS t\n    ON\n        {joined};\n"
    )


def compare(slug: str, proposal: Proposal, kind: str) -> str:
    """`sql/compare/<slug>.sql`."""
    same = [f"s.{column.name} = t.{column.name}" for column in proposal.key]
    keys = {column.name for column in proposal.key}
    held = [f"t.{column.name}" for column in loaded_columns(proposal) if column.name not in keys]
    joined = "\n        AND ".join(same)
    return (
        "-- Purpose: what the star holds of the rows that were just loaded, by the contract's names.\n"
        "-- Grain: row of the batch.\n-- Can run twice: it only reads.\n"
        f"SELECT\n{_listed(['s._row', *held], 4)}\nFROM compared AS s\n"
        f"INNER JOIN dw.{kind}_{slug} AS t\n    ON\n        {joined}\n"
    )


def _grain(proposal: Proposal) -> str:
    return ", ".join(column.name for column in proposal.key)


def _listed(names: Sequence[str], indent: int) -> str:
    return ",\n".join(" " * indent + name for name in names)
