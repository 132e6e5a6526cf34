"""Make the pages, or say which of them are stale.

In: a connection to a migrated warehouse. Out: the files below `docs/` with their content. What they say
comes from the database's own catalogue, the SQL, the contracts and `include/dictionary.yaml`; nothing comes
from its data.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from kho.contracts import load_contracts
from kho.errors import ConfigurationError
from kho.settings import get_settings
from kho.warehouse_docs.erd import draw_erd
from kho.warehouse_docs.lineage import Lineage, Place, trace
from kho.warehouse_docs.meanings import FILE, read_meanings, sources
from kho.warehouse_docs.pages import dictionary_page, lineage_json, lineage_page
from kho.warehouse_docs.structure import Structure, read_structure

if TYPE_CHECKING:
    from collections.abc import Mapping

    import sqlalchemy as sa

_SHOWN = 20


def build_pages(db: sa.Connection) -> dict[str, str]:
    """Each file's name below `docs/` and its content.

    Raises:
        ConfigurationError: a column has no text, a text no column, or a statement cannot be read.
        ContractError: the dictionary cannot be read.
    """
    contracts = load_contracts()
    structure = read_structure(db)
    lineage = trace(structure, contracts)
    path = get_settings().contracts_dir.parent / FILE
    meanings = read_meanings(structure, lineage, contracts, path)
    if meanings.problems:
        more = len(meanings.problems) - _SHOWN
        raise ConfigurationError(
            "the data dictionary is not whole:\n  "
            + "\n  ".join(meanings.problems[:_SHOWN])
            + (f"\n  and {more} more" if more > 0 else ""),
            where=f"include/{FILE}",
            next_step=f"write what is missing into include/{FILE}, whose head says how",
        )
    subjects = _subjects(structure, lineage, {one.dataset: one.domain for one in contracts})
    return {
        "data-dictionary.md": dictionary_page(meanings),
        "lineage.md": lineage_page(structure, lineage, contracts),
        "lineage.json": json.dumps(lineage_json(lineage), ensure_ascii=False, indent=1) + "\n",
        "erd.svg": draw_erd(structure, subjects, meanings.subjects),
    }


def stale_pages(db: sa.Connection, folder: Path) -> list[str]:
    """The names of the files in `folder` that are not what they should be."""
    return [name for name, text in build_pages(db).items() if _content(folder / name) != text]


def write_pages(db: sa.Connection, folder: Path) -> list[Path]:
    """Write the files into `folder`."""
    written = []
    for name, text in build_pages(db).items():
        (folder / name).write_text(text, encoding="utf-8")
        written.append(folder / name)
    return written


def _content(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _subjects(structure: Structure, lineage: Lineage, domains: Mapping[str, str]) -> dict[str, str]:
    """The subject of each fact: the domain of the dataset that most of its columns come from."""
    found: dict[str, str] = {}
    for relation in structure.relations:
        if not relation.name.startswith("dw.fact_"):
            continue
        counted: dict[str, int] = {}
        for column in relation.columns:
            for source in sources(lineage, Place(relation.name, column.name), looked_up=False):
                domain = domains[source.relation.removeprefix("stg.")]
                counted[domain] = counted.get(domain, 0) + 1
        if counted:
            found[relation.name] = max(sorted(counted), key=counted.__getitem__)
    return found
