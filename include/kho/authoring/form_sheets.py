"""A form to learn from: one file, tested for danger as every night's files are, and the cells of its sheets.

In: a file somebody named, or the newest one in the place where files are dropped. Out: a copy of it in a
folder of our own, the names of its neighbours, and its visible sheets as grids.
"""

from __future__ import annotations

import itertools
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from kho.connections import Connection, Connections
from kho.contracts.sources.files import Limits
from kho.errors import ConfigurationError, SourceRejected
from kho.extract.files.csv_file import read_csv
from kho.extract.files.filesystem import errors_named, open_filesystem
from kho.extract.files.inbox import Listed, copy_file, list_files
from kho.extract.files.package import examine
from kho.extract.files.refusal import FileNotReady, FileRefused
from kho.extract.files.sheets import Merge, Sheet, Value
from kho.extract.files.workbook import open_workbook

MOST_ROWS = 2_000
ENCODINGS = ("utf-8", "windows-1258")
_FORMS = re.compile(r"(?i)\.(xlsx|csv)$")


@dataclass(frozen=True)
class Grid:
    """The first rows of a sheet; `name` is empty for a CSV file."""

    name: str
    rows: Sequence[Sequence[Value]]
    merges: Sequence[Merge]


@dataclass(frozen=True)
class SampleForm:
    """A file to learn from.

    Attributes:
        name: how its sender called it; `others` are the names of forms beside it.
        where: the place, for people to read.
        source_place: keys of a binding and the connection under which it can be read again.
    """

    name: str
    others: tuple[str, ...]
    grids: tuple[Grid, ...]
    hidden: tuple[str, ...]
    where: str
    connection: Connection
    folder: str


@contextmanager
def sample_form(
    binding: dict[str, Any], connections: Connections, given: Path | None
) -> Iterator[SampleForm]:
    """The file to learn from, as long as it is needed.

    Raises:
        ConfigurationError: the given file is not there.
        SourceRejected: there is no form, or none that can be read; the message says why of the newest.
    """
    with tempfile.TemporaryDirectory(prefix="kho-form-") as temporary:
        folder = Path(temporary)
        if given is not None:
            if not given.is_file():
                raise ConfigurationError(
                    "there is no such file", where=str(given), next_step="correct --sample"
                )
            copy = folder / given.name
            shutil.copy2(given, copy)
            grids, hidden = _read(copy, given.name, given.name)
            own = Connection("sample", "file", extra={"path": str(folder)})
            yield SampleForm(given.name, (), grids, hidden, given.name, own, "")
            return
        connection = connections.get(binding["connection"])
        yield _newest(binding, connection, folder)


def _newest(binding: dict[str, Any], connection: Connection, folder: Path) -> SampleForm:
    """The newest form of a drop folder that can be read."""
    below = str(binding.get("folder") or "")
    where = f"{connection.name}:{below or '/'}"
    pattern = binding.get("file_name")
    with open_filesystem(connection) as (system, root), errors_named(where):
        base = f"{root.rstrip('/')}/{below}".rstrip("/") if below else root
        found = [file for file in list_files(system, base) if _is_form(file, pattern)]
        found.sort(key=lambda file: (file.modified_at, file.path), reverse=True)
        refused = ""
        for file in found[:20]:
            copy = folder / f"form{Path(file.name).suffix.lower()}"
            try:
                copy_file(system, file, copy, Limits().file_bytes)
                grids, hidden = _read(copy, file.name, f"{where} {file.path}")
            except (SourceRejected, FileRefused, FileNotReady) as error:
                refused = refused or f"{file.path}: {getattr(error, 'message', error)}"
                continue
            others = tuple(other.name for other in found if other is not file)
            return SampleForm(file.name, others, grids, hidden, f"{where} {file.path}", connection, below)
    raise SourceRejected(
        f"no form can be read: {refused}" if refused else "there is no .xlsx or .csv form",
        where=where,
        next_step="drop one there, or name one with --sample",
    )


def _is_form(file: Listed, pattern: str | None) -> bool:
    if file.is_temporary or file.is_hidden or not _FORMS.search(file.name):
        return False
    return pattern is None or re.fullmatch(pattern, file.name, re.IGNORECASE) is not None


def _read(path: Path, name: str, where: str) -> tuple[tuple[Grid, ...], tuple[str, ...]]:
    limits = Limits()
    try:
        if examine(path, name, limits) == "text":
            return (_grid(read_csv(path, ENCODINGS, limits)),), ()
        with open_workbook(path, (".*",), limits) as workbook:
            return tuple(map(_grid, workbook.sheets)), tuple(workbook.hidden)
    except FileNotReady as error:
        raise SourceRejected(f"the form is not whole: {error}", where=where) from error
    except FileRefused as error:
        raise SourceRejected(
            f"the form is refused: {error.message}",
            where=f"{where} {error.place}".strip(),
            next_step="save it as a plain .xlsx or .csv; docs/add-a-source.md says what is refused",
        ) from error


def _grid(sheet: Sheet) -> Grid:
    rows = list(itertools.islice(sheet.rows, MOST_ROWS))
    return Grid(sheet.name, rows, tuple(sheet.merges))


def is_midnight(value: datetime) -> bool:
    """Whether a moment is a day."""
    return (value.hour, value.minute, value.second) == (0, 0, 0)
