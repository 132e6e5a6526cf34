"""Read one dropped file after the other.

In: a listed file. Out: `ReceivedFile`, whatever happened: read, a copy of what is known, refused with
reason and place, or left for the next night. Its records go to the sink, and only if all of it was read.
"""

from __future__ import annotations

import errno
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import fsspec

from kho.contracts import FilesSource
from kho.extract.files.csv_file import read_csv
from kho.extract.files.inbox import Listed, copy_file
from kho.extract.files.package import examine
from kho.extract.files.records import SheetNotes, read_blocks
from kho.extract.files.refusal import FileNotReady, FileRefused
from kho.extract.files.sheets import Sheet
from kho.extract.files.sink import RecordSink
from kho.extract.files.texts import Written, as_text
from kho.extract.files.workbook import open_workbook
from kho.raw_zone.received import KnownFiles, ReceivedFile
from kho.settings import TIMEZONE

log = logging.getLogger(__name__)

_OUR_OWN = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EMFILE}
"""Troubles of this machine, not of a file."""

FOLDER = "files"
"""Where a batch keeps the files as they came."""


def in_order(files: list[Listed], source: FilesSource, known: KnownFiles) -> list[Listed]:
    """The files to look at, the latest version of each form before the earlier ones."""
    wanted = [
        file
        for file in files
        if (file.path, file.size, file.modified_at) not in known.read
        and not file.is_hidden
        and (
            re.fullmatch(source.file_name, file.final_name, re.IGNORECASE)
            or (source.other_files == "refuse" and not file.is_temporary)
        )
    ]
    return sorted(
        wanted, key=lambda file: (_version(file, source), file.modified_at, file.path), reverse=True
    )


def _version(file: Listed, source: FilesSource) -> int:
    found = re.fullmatch(source.file_name, file.name, re.IGNORECASE)
    declared = source.submission.version if source.submission else None
    number = found.groupdict().get(declared) if found and declared else None
    return int(number) if number and number.isdigit() else 1


@dataclass
class FileReader:
    """Takes one file after the other."""

    source: FilesSource
    folder: Path
    sink: RecordSink
    known: KnownFiles
    as_of: date
    forms: Mapping[str, Written]
    number: int = 0
    unexpected: set[str] = field(default_factory=set)
    """Headers of columns that the form does not have."""
    _latest: set[tuple[str | None, str | None]] = field(default_factory=set)
    """Submitter and period of what this night has read, the last version first."""

    def take(self, system: fsspec.AbstractFileSystem, file: Listed) -> ReceivedFile:
        """Copy, test and read a file; whatever happens is in what is returned."""
        captured = self._captured(file)
        received = self._with_submission(
            ReceivedFile(file.path, file.size, file.modified_at, "read"), captured
        )
        try:
            self._must_be_ready(file)
            stored = self._stored_name(file)
            sha256 = copy_file(system, file, self.folder / stored, self.source.limits.file_bytes)
            received = replace(received, sha256=sha256, stored=stored)
            received = self._read_or_refuse(file, received, captured)
        except FileNotReady as reason:
            received = self._not_ready(file, received, str(reason))
        except FileRefused as refused:
            place = refused.place
            received = replace(
                received, status="refused", reason=refused.reason, message=refused.message,
                sheet=place.sheet, cell=place.cell,
            )  # fmt: skip
        if received.status in ("read", "same"):
            self._latest.add((received.submitter, received.period))
        if received.status != "read":
            self.sink.rollback()
        if received.status == "not_ready":
            (self.folder / f"{received.stored}").unlink(missing_ok=True)
            received = replace(received, stored=None, sha256=None)
        return received

    def _must_be_ready(self, file: Listed) -> None:
        if file.is_temporary:
            raise FileNotReady("its name says that it is still being written")
        if not re.fullmatch(self.source.file_name, file.name, re.IGNORECASE):
            raise FileRefused("wrong_name", f"its name is not like '{self.source.file_name}'")
        if file.is_link:
            raise FileRefused("unsafe_name", "it is a link to another place, not a file")
        if file.modified_at.date() > self.as_of:
            raise FileNotReady("it was written after this night")
        age = datetime.now(ZoneInfo(TIMEZONE)).replace(tzinfo=None) - file.modified_at
        if timedelta(0) <= age < timedelta(seconds=self.source.settle_seconds):
            raise FileNotReady("it was written a moment ago and may still grow")

    def _not_ready(self, file: Listed, received: ReceivedFile, message: str) -> ReceivedFile:
        """Left for the next night; a file that has not changed since an earlier one will not get better."""
        waited = (file.path, file.size, file.modified_at) in self.known.waited_for
        if waited and received.sha256 is not None:
            return replace(
                received, status="refused", reason="damaged", message=f"{message}, since last night"
            )
        return replace(received, status="not_ready", message=message)

    def _read_or_refuse(
        self, file: Listed, received: ReceivedFile, captured: Mapping[str, str | None]
    ) -> ReceivedFile:
        try:
            return self._read(file, received, captured)
        except (FileRefused, FileNotReady):
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno in _OUR_OWN:
                raise
            # A stranger's file: what nobody foresaw in it must not stop the others.
            log.exception("reading %s failed", file.path)
            message = f"reading it failed in a way nobody foresaw ({type(error).__name__})"
            raise FileRefused("damaged", message) from error

    def _read(self, file: Listed, received: ReceivedFile, captured: Mapping[str, str | None]) -> ReceivedFile:
        path = self.folder / str(received.stored)
        limits = self.source.limits
        notes = SheetNotes()
        if examine(path, file.name, limits) == "text":
            sheet = read_csv(path, self.source.encodings, limits)
            received = self._read_sheet(sheet, received, captured, notes)
        else:
            with open_workbook(path, self.source.form.sheets, limits) as workbook:
                for sheet in workbook.sheets:
                    received = self._read_sheet(sheet, received, captured, notes)
                for name in workbook.hidden:
                    notes.remarks.append(f"the hidden sheet '{name}' was not read")
        if self.source.submission and (received.submitter, received.period) in self._latest:
            return replace(received, status="superseded")
        if self.source.submission and self.known.is_copy(received):
            return replace(received, status="same")
        self.unexpected |= notes.unexpected
        counts = [f"{count} rows left out: {what}" for what, count in sorted(notes.left_out.items())]
        rows = self.sink.commit()
        return replace(received, rows=rows, notes=tuple(notes.troubles), remarks=(*counts, *notes.remarks))

    def _read_sheet(
        self,
        sheet: Sheet,
        received: ReceivedFile,
        captured: Mapping[str, str | None],
        notes: SheetNotes,
    ) -> ReceivedFile:
        common = {
            **captured,
            "_file": received.path,
            "_sha256": received.sha256,
            "_modified_at": as_text(received.modified_at, self.forms["_modified_at"]),
        }
        for block in read_blocks(sheet, self.source.form, self.forms, captured, notes):
            received = self._with_submission(received, {**common, **block.fixed})
            self.sink.add(block, common)
        return received

    def _captured(self, file: Listed) -> dict[str, str | None]:
        found = re.fullmatch(self.source.file_name, file.name, re.IGNORECASE)
        if not found:
            return {}
        groups = found.groupdict()
        declared = self.source.submission
        if declared and declared.version in groups:
            groups[declared.version] = groups[declared.version] or "1"
        texts = {name: text or "" for name, text in groups.items()}
        return groups | {name: form.format(**texts) for name, form in self.source.derived.items()}

    def _with_submission(self, received: ReceivedFile, values: Mapping[str, str | None]) -> ReceivedFile:
        declared = self.source.submission
        if declared is None:
            return received
        return replace(
            received,
            submitter=values.get(declared.submitter),
            period=values.get(declared.period),
            version=values.get(declared.version or ""),
        )

    def _stored_name(self, file: Listed) -> str:
        """A name of our own: the sender's may hold anything."""
        self.number += 1
        extension = file.name.rpartition(".")[2].lower()
        safe = extension if re.fullmatch(r"[a-z0-9]{1,5}", extension) else "bin"
        return f"{FOLDER}/{self.number:05d}.{safe}"
