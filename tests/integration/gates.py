"""A batch for the gate: a catalogue of agencies of which some have no name.

In: a warehouse. Out: a landed batch, entered in the ledger, as if it had come that night.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from kho import ledger
from kho.contracts import load_contract
from kho.pipeline import Context
from kho.raw_zone.landing import Landing
from kho.raw_zone.manifest import Manifest, batch_id
from kho.server.warehouse import open_warehouse
from kho.settings import Settings

from .embedded import EMPTY, copy_database

AGENCIES = "agencies"


@pytest.fixture(name="context")
def small_context(empty_warehouse: tuple, tmp_path: Path) -> Iterator[Context]:
    """A warehouse of the test's own, empty, with a raw zone."""
    _, server, template = empty_warehouse
    template.dispose()
    name = f"g_{uuid.uuid4().hex[:8]}"
    copy_database(server, EMPTY, name)
    own = Settings(home=tmp_path, warehouse_url=server.url(name).render_as_string(hide_password=False))
    no_source: Any = None
    made = Context(open_warehouse(own), no_source, own)
    yield made
    made.engine.dispose()


def land(
    context: Context,
    good: int = 20,
    bad: int = 15,
    night: date = date(2026, 11, 20),
    mark: str = "",
    codes: Sequence[str | None] = (),
) -> str:
    """A batch of the agencies' catalogue as if it had come that night; returns its id.

    Args:
        bad: so many agencies have no name, which is critical; more than ten of them close the gate.
        mark: makes another batch of the same records.
        codes: of more agencies, well named.
    """
    contract = load_contract(AGENCIES)
    records = [
        {
            "maDinhDanh": f"000.00.{n:02d}.H48",
            "tenCoQuan": f"Sở {n}" if n < good else None,
            "loaiCoQuan": "department",
        }
        for n in range(good + bad)
    ]
    records += [{"maDinhDanh": code, "tenCoQuan": "Sở", "loaiCoQuan": "department"} for code in codes]
    table = pa.table(
        {name: pa.array([one.get(name) for one in records], pa.string()) for name in contract.source_names}
    )
    with Landing(context.settings.raw_zone, AGENCIES, "test") as landing:
        landing.write_batches(table.to_batches())
        landing.add_digest(contract.content_sha256 + mark)
        manifest = Manifest(
            batch_id=batch_id(AGENCIES, night, landing.content_sha256),
            dataset=AGENCIES,
            as_of=night,
            contract_version=contract.version,
            endpoint="test",
            content_sha256=landing.content_sha256,
            fetched=landing.rows,
        )
        folder = landing.publish(manifest)
    ledger.enter(context.engine, manifest, folder.relative_to(context.settings.home))
    return manifest.batch_id
