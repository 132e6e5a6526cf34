"""A landing that a killed or failed extraction leaves behind for the next attempt to finish.

In: what is being asked (dataset, night, contract, span, address), as an `identity`. Out: a `Landing` whose
finished parts are still there if an earlier attempt asked exactly the same within the last hours, and an
empty one otherwise: two nights, two contracts or two spans never mix.

A part is finished when its note `done-<part>.json` stands beside it, written last and by one rename. The
note holds the checksums of the part's files; a part whose files do not match is asked for again. Of an
unfinished part only its spool (`kho.raw_zone.spool`) is kept. One process at a time may work on a landing.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from kho.errors import HostError
from kho.raw_zone.json_records import SeenFields
from kho.raw_zone.landing import Landing
from kho.raw_zone.spool import SPOOL
from kho.server.locking import file_lock

KEEP_HOURS = 12
"""How long an unfinished landing may be taken up again; what is older describes another moment."""

REQUESTS = "requests.jsonl"
"""The log of all attempts of the night; it survives a fresh start."""

_IDENTITY = "asked.json"
_LOCK_SECONDS = 20


@dataclass(frozen=True)
class DonePart:
    """What is known of a finished part: rows, declared total, checksums in order, the fields seen."""

    part: str
    rows: int
    declared: int | None
    page_digests: tuple[str, ...]
    observed: dict[str, list[str]]
    files: dict[str, str]

    @property
    def seen(self) -> SeenFields:
        """The fields of the part's records."""
        return SeenFields({name: set(kinds) for name, kinds in self.observed.items()}, self.rows)


class ResumableLanding(Landing):
    """A batch on its way into the raw zone that outlives the process which started it."""

    def __init__(self, raw_zone: Path, dataset: str, purpose: str, identity: dict[str, str]) -> None:
        self._identity = json.dumps(identity, sort_keys=True)
        self._held = ExitStack()
        self._done: dict[str, DonePart] = {}
        super().__init__(raw_zone, dataset, purpose)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._held.close()

    def _prepare(self) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        lock = self._home / f"{self.folder.name}.lock"
        self._held.enter_context(file_lock(lock, timeout=_LOCK_SECONDS, purpose="land this night"))
        try:
            _remove_old(self._home, keep=self.folder)
            if not self._asks_the_same():
                self._start_anew()
            self._done = {done.part: done for done in self._finished_parts()}
            self._remove_the_rest()
        except BaseException:
            self._held.close()
            raise

    @property
    def requests_log(self) -> Path:
        """Where each attempt of this night is noted."""
        return self.folder / REQUESTS

    def done(self, part: str) -> DonePart | None:
        """The part, if this or an earlier attempt has finished it."""
        return self._done.get(part)

    def finish(
        self, part: str, rows: int, declared: int | None, digests: list[str], seen: SeenFields
    ) -> DonePart:
        """Note that the files of a part are whole."""
        files = {
            path.name: _sha256(path)
            for path in (self.folder / f"records-{part}.parquet", self.folder / f"pages-{part}.parquet")
            if path.exists()
        }
        observed = {name: sorted(kinds) for name, kinds in sorted(seen.kinds.items())}
        done = DonePart(part, rows, declared, tuple(digests), observed, files)
        _write(self.folder / f"done-{part}.json", json.dumps(asdict(done)))
        self._done[part] = done
        return done

    def forget(self) -> None:
        """Let the next attempt ask for everything again: what came is not what it should have been."""
        (self.folder / _IDENTITY).unlink(missing_ok=True)

    def clear_notes(self) -> None:
        """Remove what only a resumption needs, before the batch is published."""
        for pattern in ("done-*.json", SPOOL.format(part="*"), _IDENTITY):
            for path in self.folder.glob(pattern):
                path.unlink()

    def _asks_the_same(self) -> bool:
        note = self.folder / _IDENTITY
        with suppress(OSError):
            is_fresh = time.time() - note.stat().st_mtime < KEEP_HOURS * 3600
            return is_fresh and note.read_text(encoding="utf-8") == self._identity
        return False

    def _start_anew(self) -> None:
        """Empty the folder, but for the log of what was attempted this night."""
        log = self.folder / REQUESTS
        kept = log.read_bytes() if log.exists() else None
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        if kept is not None:
            log.write_bytes(kept)
        _write(self.folder / _IDENTITY, self._identity)

    def _finished_parts(self) -> list[DonePart]:
        found = []
        for note in sorted(self.folder.glob("done-*.json")):
            try:
                values = json.loads(note.read_text(encoding="utf-8"))
                done = DonePart(**{**values, "page_digests": tuple(values["page_digests"])})
            except (ValueError, TypeError, KeyError):
                note.unlink()
                continue
            if all(_sha256(self.folder / name) == digest for name, digest in done.files.items()):
                found.append(done)
            else:
                note.unlink()
        return found

    def _remove_the_rest(self) -> None:
        """Files that no finished part vouches for were being written when the attempt ended."""
        whole = {name for done in self._done.values() for name in done.files}
        spools = {path.name for path in self.folder.glob(SPOOL.format(part="*"))}
        notes = {path.name for path in self.folder.glob("done-*.json")} | {_IDENTITY, REQUESTS}
        for path in self.folder.iterdir():
            if path.name not in whole | spools | notes:
                path.unlink()


def _remove_old(home: Path, keep: Path) -> None:
    """Remove landings of other nights that nobody has taken up again."""
    for lock in home.glob(".landing-*.lock"):
        folder = lock.with_suffix("")
        newest = max(path.stat().st_mtime for path in (lock, folder / _IDENTITY) if path.exists())
        if folder == keep or time.time() - newest < KEEP_HOURS * 3600:
            continue
        with suppress(HostError), file_lock(lock, timeout=0, purpose="remove an old landing"):
            shutil.rmtree(folder, ignore_errors=True)
            lock.unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    new = path.with_name(f".{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def _sha256(path: Path) -> str:
    """The checksum of a file; empty where there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""
