"""A dataset's fixture through every step of a night, without its source.

In: `tests/fixtures/datasets/<slug>.jsonl`, records as the source would send them. Out: the night's counts. The
records are landed as text, as JSON and files are; from there on everything is what every night does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from kho import ledger, pipeline
from kho.contracts import load_contract
from kho.pipeline import Context
from kho.raw_zone.landing import Landing
from kho.raw_zone.manifest import Manifest, batch_id

from .night import Province

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "datasets"
NIGHT = date(2026, 11, 20)


@dataclass(frozen=True)
class Counts:
    """The count equation of a fixture's batch."""

    fetched: int
    accepted: int
    quarantined: int
    duplicates: int
    loaded: int


@dataclass
class FixtureNight:
    """A warehouse of its own into which fixtures are loaded."""

    province: Province
    records: int = field(default=0)

    def load(
        self, dataset: str, days_later: int = 0, records: Sequence[Mapping[str, Any]] | None = None
    ) -> Counts:
        """Land the fixture, or the given records, as the content of one night, and load it."""
        batch = self.judged(dataset, days_later, records)
        return Counts(**pipeline.load(batch, self.province.context).counts)

    def judged(
        self, dataset: str, days_later: int = 0, records: Sequence[Mapping[str, Any]] | None = None
    ) -> str:
        """Land, stage and validate, as `load` does first; returns the batch."""
        context: Context = self.province.context
        contract = load_contract(dataset)
        as_of = NIGHT + timedelta(days=days_later)
        with Landing(context.settings.raw_zone, dataset, "fixture") as landing:
            landing.write_batches(_records(dataset, contract.source_names, records).to_batches())
            landing.add_digest(contract.content_sha256)
            manifest = Manifest(
                batch_id=batch_id(dataset, as_of, landing.content_sha256),
                dataset=dataset,
                as_of=as_of,
                contract_version=contract.version,
                endpoint="fixture",
                content_sha256=landing.content_sha256,
                fetched=landing.rows,
                declared=landing.rows,
            )
            folder = landing.publish(manifest)
        self.records = landing.rows
        ledger.enter(context.engine, manifest, folder.relative_to(context.settings.home))
        for step in (pipeline.stage, pipeline.validate):
            step(manifest.batch_id, context)
        return manifest.batch_id

    def everything_in_dw(self) -> dict[str, list[tuple[Any, ...]]]:
        return self.province.everything_in_dw()


def _records(dataset: str, names: tuple[str, ...], records: Sequence[Mapping[str, Any]] | None) -> pa.Table:
    if records is None:
        lines = (FIXTURES / f"{dataset}.jsonl").read_text(encoding="utf-8").splitlines()
        records = [json.loads(line) for line in lines]
    return pa.table(
        {name: pa.array([_text(one.get(name)) for one in records], pa.string()) for name in names}
    )


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
