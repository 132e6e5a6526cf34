"""Land a dataset that ships with the project: reference CSV files and the administrative units.

In: the contract's reference binding. Out: a landed batch whose identity is its content alone, so a
night on which the file did not change has nothing to load.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pyarrow as pa
from pyarrow import csv

from kho.contracts import Contract, ReferenceSource
from kho.errors import ConfigurationError
from kho.extract.earlier import Earlier
from kho.extract.reorganisations import FILE as CHANGES_FILE
from kho.extract.reorganisations import successions_of, units_of
from kho.extract.sample import Sample
from kho.raw_zone.landing import Landing
from kho.raw_zone.manifest import Manifest, batch_id
from kho.settings import Settings


def extract_reference(
    contract: Contract, source: ReferenceSource, as_of: date, earlier: Earlier, settings: Settings
) -> Manifest:
    """Land the whole reference dataset as text, and its keys.

    Content that was in force once, and has been overtaken since, is a batch of its own when it comes back.
    """
    table, endpoint = _read(contract, source, settings)
    missing = [name for name in contract.source_names if name not in table.column_names]
    if missing:
        raise ConfigurationError(
            f"the reference data has no column {', '.join(missing)}",
            dataset=contract.dataset,
            where=endpoint,
            next_step="correct the file or the contract",
        )
    with Landing(settings.raw_zone, contract.dataset, f"{as_of:%Y%m%d}") as landing:
        landing.write_batches(table.select(list(contract.source_names)).to_batches())
        # The file is all that there is: what it no longer has is gone. Keys are staged as text; units, which
        # are known by their day too, have their own way to be withdrawn.
        if all(column.sql_type == "text" for column in contract.key):
            names = [column.source_name for column in contract.key]
            landing.write_batches(table.select(names).to_batches(), "keys")
        landing.add_digest(contract.content_sha256)
        if batch_id(contract.dataset, None, landing.content_sha256) in earlier.overtaken:
            landing.add_digest(str(earlier.batch))
        manifest = Manifest(
            batch_id=batch_id(contract.dataset, None, landing.content_sha256),
            dataset=contract.dataset,
            as_of=as_of,
            contract_version=contract.version,
            endpoint=endpoint,
            content_sha256=landing.content_sha256,
            fetched=table.num_rows,
            declared=table.num_rows,
        )
        landing.publish(manifest)
    return manifest


def _read(contract: Contract, source: ReferenceSource, settings: Settings) -> tuple[pa.Table, str]:
    province = settings.province
    origin = f"vietnamadminunits and {CHANGES_FILE}, province {province}"
    if source.provider == "administrative_units":
        return _as_text(contract, units_of(province, settings.reference_dir)), origin
    if source.provider == "administrative_unit_successions":
        return _as_text(contract, successions_of(province, settings.reference_dir)), origin
    path: Path = settings.reference_dir / f"{contract.dataset}.csv"
    if not path.is_file():
        raise ConfigurationError("the reference file is missing", dataset=contract.dataset, where=str(path))
    with path.open(encoding="utf-8") as file:
        names = file.readline().strip().split(",")
    options = csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
    )
    table = csv.read_csv(
        path, convert_options=options, parse_options=csv.ParseOptions(newlines_in_values=True)
    )
    return table, path.name


def _as_text(contract: Contract, rows: Iterable[object]) -> pa.Table:
    """Records as a table of text, the form in which every reference dataset is landed."""
    records = [
        {name: None if row[name] is None else str(row[name]) for name in contract.source_names}  # type: ignore[index]
        for row in rows
    ]
    return pa.Table.from_pylist(
        records, schema=pa.schema([(name, pa.string()) for name in contract.source_names])
    )


def sample_reference(contract: Contract, source: ReferenceSource, rows: int, settings: Settings) -> Sample:
    """The first rows of a reference dataset."""
    table, endpoint = _read(contract, source, settings)
    return Sample(table.slice(0, rows), table.num_rows, endpoint, None)
