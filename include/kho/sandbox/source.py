"""What a simulated source is: one `Source` per dataset, in a module of `kho.sandbox.sources`.

A source says which rows there are on which date (`populate`), which defects are planted in them
(`kinds`), and how they are served: by an operation of the gateway, in a table of an agency's
database, or as files in a drop folder.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from kho.sandbox.defects import DefectKind
from kho.sandbox.reference import Reference
from kho.sandbox.services import Service
from kho.sandbox.state import DEFAULT_SIZE
from kho.sandbox.views import View

POSTGRESQL = "postgresql"
MARIADB = "mariadb"


@dataclass(frozen=True, slots=True)
class Setup:
    """What a source's content depends on, beside the date; `epoch` is a day number.

    `size` is the number of dossiers before the epoch; other sources are in proportion to it.
    """

    seed: int
    size: int
    epoch: int
    defect_scale: float
    reference: Reference

    def scaled(self, count: int, least: int) -> int:
        """`count` rows of a sandbox of the default size, in proportion for this one."""
        return max(least, round(count * self.size / DEFAULT_SIZE))


class Population(Protocol):
    """All records that a source ever had; it grows and never changes what it has."""

    def on(self, day: int) -> View:
        """What the source shows on a clock day: everything that reached it before."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an agency's table; the type is the engine's own."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True, slots=True)
class AgencyTable:
    """A table in an agency's database, reached by the connection `agency_<database>`.

    `name` has its schema where the engine knows schemas. `row_id` names a column that no two rows
    share: a table that has one is brought to a date by its changes alone, one without is rewritten.
    """

    database: str
    name: str
    comment: str
    columns: tuple[Column, ...]
    indexes: tuple[tuple[str, ...], ...] = ()
    row_id: str | None = None
    engine: str = POSTGRESQL


@dataclass(frozen=True, slots=True)
class FileDrop:
    """A folder that the source's owner puts files into, reached by the connection of this name.

    `write` brings the folder to the date.
    """

    connection: str
    write: Callable[[View, date, Path], None]


@dataclass(frozen=True, slots=True)
class Source:
    """One dataset's source; `key` names the fields of its business key as the source does."""

    dataset: str
    key: tuple[str, ...]
    kinds: tuple[DefectKind, ...]
    populate: Callable[[Setup], Population]
    served: Service | AgencyTable | FileDrop
    has_contract: bool = True
    """False of a source that is there to write a contract for (`kho dataset new`)."""
