"""The manifest of a landed batch.

In: what one extraction knows of itself. Out: `manifest.json` beside the Parquet files, and a batch id
that is the same whenever the same content is landed for the same night under the same rules.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from kho.errors import HostError
from kho.raw_zone.received import ReceivedFile

FILE_NAME = "manifest.json"


@dataclass(frozen=True)
class Manifest:
    """What was asked for and what came.

    `declared` is the total the source stated, None where it states none. Windows are local civil
    time at the province, start included, end excluded. `replays` names the batch whose quarantined
    records these are; None for what a source sent. `follows` names the batch of whose table these are the
    changes, empty if it is the table's first; None for a source that says itself what changed. `drift` is how
    the source's columns differ from the contract's, as `Drift.as_json` writes it.
    """

    batch_id: str
    dataset: str
    as_of: date
    contract_version: str
    endpoint: str
    content_sha256: str
    fetched: int
    declared: int | None = None
    window_from: datetime | None = None
    window_to: datetime | None = None
    requests: int = 0
    failed_requests: int = 0
    request_seconds: float = 0.0
    replays: str | None = None
    rejudges_day: bool = False
    """Of a replay: all records of that batch, not only those of open cases."""
    replayed_on: date | None = None
    """Of a replay: its day; replays of earlier versions do not say it."""
    follows: str | None = None
    files: tuple[ReceivedFile, ...] = ()
    """Of a source of files: each one, and what became of it."""
    drift: dict[str, Any] | None = None
    erased: int = 0
    """Records that came and were erased since, on a person's request; `fetched` and `declared` are what is
    left."""
    rewritten: tuple[str, ...] = ()
    """When and why files were changed after they were landed; the checksum is that of what came."""

    @property
    def only_cases(self) -> bool:
        """Whether these are a handful of records that failed before, which say nothing about the whole."""
        return self.replays is not None and not self.rejudges_day

    @property
    def judged_on(self) -> date:
        """The day whose corrections hold for it: a replay keeps its night, and is judged later."""
        return self.replayed_on or self.as_of


def batch_id(dataset: str, as_of: date | None, content_sha256: str) -> str:
    """The id of a batch: dataset, night (None: content that belongs to no night), content."""
    night = f"-{as_of:%Y%m%d}" if as_of else ""
    return f"{dataset}{night}-{content_sha256[:12]}"


def write_manifest(folder: Path, manifest: Manifest) -> None:
    values = asdict(manifest)
    text = json.dumps(values, ensure_ascii=False, indent=1, default=lambda value: value.isoformat())
    new = folder / f".{FILE_NAME}.new"
    new.write_text(text + "\n", encoding="utf-8")
    new.replace(folder / FILE_NAME)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a landed batch; HostError if the batch is not in the raw zone."""
    try:
        values = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise HostError(
            "the batch is not in the raw zone",
            where=str(folder),
            next_step="run the dataset again: extract will land it anew",
        ) from error
    for name in ("window_from", "window_to"):
        if values[name]:
            values[name] = datetime.fromisoformat(values[name])
    values["as_of"] = date.fromisoformat(values["as_of"])
    if values.get("replayed_on"):
        values["replayed_on"] = date.fromisoformat(values["replayed_on"])
    values["files"] = tuple(ReceivedFile.from_json(file) for file in values.get("files", ()))
    values["rewritten"] = tuple(values.get("rewritten", ()))
    values.pop("unexpected_fields", None)  # batches of earlier versions have it
    return Manifest(**values)
