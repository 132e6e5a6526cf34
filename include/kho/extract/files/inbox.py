"""What lies in the place where files are dropped, and how a file is copied out of it.

In: a file system and a folder. Out: `Listed` files in a fixed order, and exact copies with their
checksums. Nothing at the source is ever moved, changed or deleted.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import fsspec

from kho.extract.files.refusal import FileNotReady, FileRefused
from kho.settings import TIMEZONE

PIECE = 1 << 20
_TEMPORARY = re.compile(
    r"^(~\$|\.~lock\.|\.|_\$)|(\.(part|partial|tmp|temp|crdownload|filepart|swp|download|lock)|~|#)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Listed:
    """A file as its folder shows it: path below the folder, size in bytes, local time of writing."""

    path: str
    full_path: str
    size: int
    modified_at: datetime
    is_link: bool = False

    @property
    def name(self) -> str:
        return posixpath.basename(self.path)

    @property
    def is_temporary(self) -> bool:
        """Whether the name says that some program is still at work on it."""
        return _TEMPORARY.search(self.name) is not None

    @property
    def final_name(self) -> str:
        """The name that the file will have once that program is done."""
        return _TEMPORARY.sub("", self.name)

    @property
    def is_hidden(self) -> bool:
        """Whether it lies in a folder that programs keep for themselves."""
        return any(part.startswith(".") for part in self.path.split("/")[:-1])


def list_files(system: fsspec.AbstractFileSystem, folder: str) -> list[Listed]:
    """All files below a folder, by path.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    system.invalidate_cache()
    found = system.find(folder, detail=True)
    if not found and not system.exists(folder):
        raise FileNotFoundError(folder)
    base = system._strip_protocol(folder).rstrip("/")  # noqa: SLF001 - fsspec's own way to normalise
    listed = [_listed(system, info, base) for info in found.values() if info["type"] != "directory"]
    return sorted(listed, key=lambda one: one.path)


def copy_file(system: fsspec.AbstractFileSystem, file: Listed, target: Path, largest: int) -> str:
    """Copy a file's bytes and return their sha256.

    Raises:
        FileNotReady: it changed while it was read, or it is gone.
        FileRefused: it is larger than allowed.
    """
    if file.size > largest:
        raise FileRefused("too_large", f"it has {file.size:,} bytes, more than {largest:,}")
    digest = hashlib.sha256()
    copied = 0
    try:
        with system.open(file.full_path, "rb") as source, target.open("wb") as copy:
            while piece := source.read(PIECE):
                copied += len(piece)
                if copied > largest:
                    raise FileRefused("too_large", f"it grows beyond {largest:,} bytes while it is read")
                digest.update(piece)
                copy.write(piece)
        system.invalidate_cache()
        now = _listed(system, system.info(file.full_path))
    except FileNotFoundError as error:
        raise FileNotReady("it vanished while it was read") from error
    except FileRefused:
        target.unlink(missing_ok=True)
        raise
    if (now.size, now.modified_at) != (file.size, file.modified_at) or copied != file.size:
        raise FileNotReady("it changed while it was read")
    return digest.hexdigest()


def _listed(system: fsspec.AbstractFileSystem, info: dict[str, Any], base: str = "") -> Listed:
    full = str(info["name"])
    path = full.removeprefix(base).lstrip("/")
    return Listed(path, full, int(info["size"] or 0), _modified(system, info), bool(info.get("islink")))


def _modified(system: fsspec.AbstractFileSystem, info: dict[str, Any]) -> datetime:
    """When a file was written, to the second: not every server remembers more."""
    written = next((info[key] for key in ("mtime", "LastModified", "created") if info.get(key)), None)
    if written is None:
        written = system.modified(info["name"])
    if isinstance(written, (int, float)):
        written = datetime.fromtimestamp(written, UTC)
    if written.tzinfo is None:
        written = written.replace(tzinfo=UTC)
    return written.astimezone(ZoneInfo(TIMEZONE)).replace(tzinfo=None, microsecond=0)
