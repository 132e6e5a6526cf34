"""What is known of each file that a source holds: in the manifest of a batch, and in the ledger.

In: what listing, copying and reading a file found out. Out: `ReceivedFile`, plain values that go into
the manifest as JSON; `KnownFiles`: what earlier nights know, so that no file is read twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Self

FileStatus = Literal["read", "same", "superseded", "refused", "not_ready"]


@dataclass(frozen=True)
class ReceivedFile:
    """One file of a night.

    `same`: a copy, byte for byte, of what the submitter had sent for the period before. `superseded`:
    a later form for the same period came in the same night and counts instead. `refused`: somebody must
    send it again. `not_ready`: it is left for the next night. `stored` is its copy in the batch's folder;
    times are local. `message`, `sheet` and `cell` say what is wrong and where.
    """

    path: str
    size_bytes: int
    modified_at: datetime
    status: FileStatus
    sha256: str | None = None
    stored: str | None = None
    submitter: str | None = None
    period: str | None = None
    version: str | None = None
    rows: int = 0
    reason: str | None = None
    message: str | None = None
    sheet: str | None = None
    cell: str | None = None
    notes: tuple[str, ...] = ()
    """Cells without the value they should have, one by one."""
    remarks: tuple[str, ...] = ()
    """What was left out, and why."""

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """A file as the manifest keeps it."""
        known = values | {
            "modified_at": datetime.fromisoformat(values["modified_at"]),
            "notes": tuple(values["notes"]),
            "remarks": tuple(values["remarks"]),
        }
        return cls(**known)

    @property
    def stat(self) -> tuple[str, int, datetime]:
        """What tells that a file is as it was without opening it."""
        return self.path, self.size_bytes, self.modified_at

    @property
    def place(self) -> tuple[int, datetime]:
        """Where it stands among the versions of its form."""
        return int(self.version) if self.version and self.version.isdigit() else 1, self.modified_at

    def __str__(self) -> str:
        place = [f"sheet '{self.sheet}'"] if self.sheet else []
        place += [f"cell {self.cell}"] if self.cell else []
        return f"{self.path}{', ' if place else ''}{', '.join(place)}: {self.message}"


@dataclass
class KnownFiles:
    """What earlier nights did with which file."""

    read: set[tuple[str, int, datetime]] = field(default_factory=set)
    waited_for: set[tuple[str, int, datetime]] = field(default_factory=set)
    latest: dict[tuple[str | None, str | None], ReceivedFile] = field(default_factory=dict)
    """By submitter and period the last version that was read."""

    @classmethod
    def of(cls, files: Iterable[ReceivedFile]) -> Self:
        """What a list of files of earlier nights amounts to."""
        known = cls()
        for file in files:
            known.take(file)
        return known

    def take(self, file: ReceivedFile) -> None:
        """Remember a file."""
        if file.status in ("read", "same", "superseded"):
            self.read.add(file.stat)
        if file.status == "not_ready":
            self.waited_for.add(file.stat)
        if file.status in ("read", "same"):
            before = self.latest.get((file.submitter, file.period))
            if before is None or before.place <= file.place:
                self.latest[file.submitter, file.period] = file

    def is_copy(self, file: ReceivedFile) -> bool:
        """Whether a file is, byte for byte, the last version that its submitter sent for its period."""
        latest = self.latest.get((file.submitter, file.period))
        return latest is not None and latest.sha256 == file.sha256
