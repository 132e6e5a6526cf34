"""The code lists that the warehouse has from their source: what suites call `{$ref: agencies.agency_code}`.

In: the warehouse. Out: the codes of each shared catalogue that was loaded at least once. Until then the files
that ship with the project stand in. A code that has left the catalogue stays known: records from its time are
right to name it.
"""

from __future__ import annotations

import sqlalchemy as sa

from kho.sql_files import run_file


def loaded_codes(engine: sa.Engine) -> dict[str, list[str]]:
    """Codes by reference, such as `agencies.agency_code`; without those of catalogues never loaded."""
    with engine.connect() as db:
        return {row.reference: list(row.codes) for row in run_file(db, "quality/list_catalogue_codes.sql")}
