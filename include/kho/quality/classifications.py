"""What the contracts call personal, copied into the warehouse for the views that mask it.

In: contracts. Out: `meta.column_classification`, equal to them. A dataset without a contract has no row
there, and then nothing of its records is shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kho.contracts import load_contracts
from kho.sql_files import run_file

if TYPE_CHECKING:
    import sqlalchemy as sa

    from kho.contracts import Contract

_STRICTNESS = ("public", "internal", "personal")


def copy_classifications(db: sa.Connection, contracts: Iterable[Contract] | None = None) -> None:
    """Bring the copy up to date, of these contracts or of all there are."""
    given = tuple(load_contracts() if contracts is None else contracts)
    rows = [row for contract in given for row in _fields(contract)]
    columns = list(zip(*rows, strict=True)) or [()] * 6
    run_file(
        db,
        "quality/copy_classifications.sql",
        all_of_them=contracts is None,
        datasets=[contract.dataset for contract in given],
        of_dataset=list(columns[0]),
        source_names=list(columns[1]),
        titles=list(columns[2]),
        classifications=list(columns[3]),
        keys=list(columns[4]),
        positions=list(columns[5]),
    )


def _fields(contract: Contract) -> list[tuple[str, str, str, str, bool, int]]:
    """A row for each field of the source; where several columns read it, the strictest one counts."""
    found: list[tuple[str, str, str, str, bool, int]] = []
    for position, name in enumerate(contract.source_names):
        readers = [column for column in contract.columns if column.source_name == name]
        strictest = max((column.classification for column in readers), key=_STRICTNESS.index)
        is_key = any(column.key_position is not None for column in readers)
        found.append((contract.dataset, name, readers[0].title, strictest, is_key, position))
    return found
