"""A drop folder, and one night's extraction from it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from kho.connections import Connection
from kho.contracts import Contract, FilesSource
from kho.extract.files.extractor import extract_files
from kho.raw_zone.landing import record_files
from kho.raw_zone.manifest import Manifest, read_manifest
from kho.raw_zone.received import KnownFiles, ReceivedFile

from .forms import NIGHT, WRITTEN, a_contract


@dataclass
class Drop:
    """A folder where files are dropped, and the raw zone beside it."""

    home: Path
    contract: Contract = field(default_factory=a_contract)
    nights: list[Manifest] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.home / "drop"

    @property
    def raw_zone(self) -> Path:
        return self.home / "raw"

    @property
    def connection(self) -> Connection:
        return Connection("commune_forms", "file", extra={"path": str(self.folder)})

    def put(self, name: str, content: bytes, written: datetime = WRITTEN) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        stamp(path, written)
        return path

    def run(self, night: date = NIGHT) -> Manifest:
        """One night; files of earlier nights are known, as after their loads."""
        self.folder.mkdir(parents=True, exist_ok=True)
        earlier = [file for manifest in self.nights if manifest.as_of < night for file in manifest.files]
        source = self.contract.source
        assert isinstance(source, FilesSource)
        manifest = extract_files(
            self.contract, source, self.connection, night, KnownFiles.of(earlier), self.raw_zone
        )
        landed = read_manifest(self.batch(manifest))
        assert landed.files == manifest.files
        self.nights.append(landed)
        return landed

    def batch(self, manifest: Manifest) -> Path:
        return self.raw_zone / manifest.dataset / manifest.batch_id

    def records(self, manifest: Manifest) -> list[dict[str, Any]]:
        tables = [pq.read_table(path) for path in record_files(self.batch(manifest))]
        return pa.concat_tables(tables).sort_by("_row").to_pylist()

    def take(self, name: str, content: bytes) -> tuple[ReceivedFile, list[dict[str, Any]]]:
        """What becomes of one file among others."""
        self.put(name, content)
        manifest = self.run()
        (file,) = (file for file in manifest.files if file.path == name)
        return file, [record for record in self.records(manifest) if record["_file"] == name]


def stamp(path: Path, written: datetime) -> None:
    """Give a file its time of writing, at the province."""
    seconds = written.replace(tzinfo=ZoneInfo("Asia/Ho_Chi_Minh")).timestamp()
    os.utime(path, (seconds, seconds))
