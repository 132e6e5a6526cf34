"""What is known of each file that a source holds: in the manifest of a batch, and in the ledger.

In: what listing, copying and reading a file found out. Out: `ReceivedFile`, plain values that go into
the manifest as JSON; `KnownFiles`: what earlier nights know, so that no file is read twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Self

FileStatus = Literal["read", "same", "refused", "not_ready"]


@dataclass(frozen=True)
class ReceivedFile:
    """One file of a night.

    `same`: a copy, byte for byte, of what the submitter had sent for the period before. `refused`:
    somebody must send it again. `not_ready`: it is left for the next night. `stored` is its copy in the
    batch's folder; times are local. `message`, `sheet` and `cell` say what is wrong and where.
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
    def content(self) -> tuple[str | None, str | None, str | None]:
        """What tells that a file is a copy of another: submitter, period, checksum."""
        return self.submitter, self.period, self.sha256

    def __str__(self) -> str:
        place = [f"sheet '{self.sheet}'"] if self.sheet else []
        place += [f"cell {self.cell}"] if self.cell else []
        return f"{self.path}{', ' if place else ''}{', '.join(place)}: {self.message}"


@dataclass
class KnownFiles:
    """What earlier nights did with which file."""

    read: set[tuple[str, int, datetime]] = field(default_factory=set)
    waited_for: set[tuple[str, int, datetime]] = field(default_factory=set)
    contents: set[tuple[str | None, str | None, str | None]] = field(default_factory=set)
    """(submitter, period, sha256) of every file that was read."""

    @classmethod
    def of(cls, files: Iterable[ReceivedFile]) -> Self:
        """What a list of files of earlier nights amounts to."""
        known = cls()
        for file in files:
            known.take(file)
        return known

    def take(self, file: ReceivedFile) -> None:
        """Remember a file."""
        if file.status in ("read", "same"):
            self.read.add(file.stat)
            self.note_content(file)
        elif file.status == "not_ready":
            self.waited_for.add(file.stat)

    def note_content(self, file: ReceivedFile) -> None:
        """Remember what a submitter sent, so that a copy of it is known as one."""
        if file.status == "read" and file.sha256:
            self.contents.add(file.content)
