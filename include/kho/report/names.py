"""What datasets, agencies and principles are called.

In: the contracts and the agency catalogue. Out: `Names`, which answers for every code that data may
hold. A code outside the catalogue is never printed: it may be anything, even somebody's data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kho.contracts import load_contracts
from kho.report.vietnamese import clip
from kho.sql_files import run_file

if TYPE_CHECKING:
    from pathlib import Path

    import sqlalchemy as sa

PLATFORM = ""
"""The agency code of evidence about the platform."""

UNKNOWN_AGENCY = "Mã cơ quan ngoài danh mục"
NO_AGENCY = "Chưa xác định được cơ quan"
NO_AGENCY_SHORT = "không rõ cơ quan"


@dataclass(frozen=True)
class Names:
    """Titles by code.

    Attributes:
        datasets: the title of each dataset under contract: what systems send first, then catalogues.
        owners: who answers for each dataset.
        agencies: full name by code, of the catalogue's agencies only.
        short: the same, short, for narrow tables.
        principles: title by id, in their order.
    """

    datasets: Mapping[str, str]
    owners: Mapping[str, str]
    agencies: Mapping[str, str]
    short: Mapping[str, str]
    principles: Mapping[str, str]

    def dataset(self, slug: str) -> str:
        """The dataset's title; its slug when it has no contract any more."""
        return self.datasets.get(slug, clip(slug, 60))

    def place(self, slug: str) -> tuple[int, str]:
        """Sort key: the order of `datasets`; a dataset without a contract comes last."""
        known = list(self.datasets)
        return (known.index(slug) if slug in self.datasets else len(known), slug)

    def owner(self, slug: str) -> str:
        """Who answers for the dataset."""
        return self.owners.get(slug, NO_AGENCY)

    def knows(self, agency_code: str) -> bool:
        return agency_code in self.agencies

    def known(self, agency_code: str) -> str:
        """The code if it is in the catalogue, else the empty one: all others together."""
        return agency_code if agency_code in self.agencies else ""

    def agency(self, agency_code: str) -> str:
        """The agency's name; a code outside the catalogue is not repeated."""
        return self.agencies.get(agency_code, NO_AGENCY)

    def agency_and_before(self, agency_code: str, taken_over: Iterable[str]) -> str:
        """The agency's name, with those of the dissolved agencies whose matters it has taken over."""
        before = [self.agencies[code] for code in sorted(taken_over) if code in self.agencies]
        return self.agency(agency_code) + (f" (trước đây của {'; '.join(before)})" if before else "")


def read_names(db: sa.Connection, contracts_dir: Path) -> Names:
    """Names for a report; contracts are read from `contracts_dir`."""
    rows = run_file(db, "report/agencies.sql").all()
    agencies = {row.agency_code: clip(row.name_vi, 90) for row in rows}
    contracts = sorted(load_contracts(contracts_dir), key=lambda c: (c.source.kind == "reference", c.title))
    return Names(
        datasets={contract.dataset: clip(contract.title, 60) for contract in contracts},
        owners={
            contract.dataset: clip(contract.owner, 60)
            or agencies.get(contract.quality.owner_agency, NO_AGENCY)
            for contract in contracts
        },
        agencies=agencies,
        short={row.agency_code: clip(row.short_name, 40) for row in rows},
        principles=read_principles(db),
    )


def read_principles(db: sa.Connection) -> dict[str, str]:
    """Title of each principle by id, in their order."""
    return {row.principle: row.title_vi for row in run_file(db, "report/principles.sql")}
