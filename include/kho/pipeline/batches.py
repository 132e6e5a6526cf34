"""Where a batch of the raw zone lies, what it says of itself, and the contract that it is read by.

In: a batch's id or its manifest. Out: folder, manifest, contract, its status in the ledger.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kho import ledger
from kho.contracts import Contract, load_contract
from kho.raw_zone.manifest import Manifest, read_manifest

if TYPE_CHECKING:
    from kho.pipeline.context import Context


def contract_of(dataset: str) -> Contract:
    """The contract that all steps of a dataset work by."""
    return load_contract(dataset)


def batch_folder(dataset: str, batch_id: str, context: Context) -> Path:
    """The folder of a batch in the raw zone."""
    return context.settings.raw_zone / dataset / batch_id


def read_batch(batch_id: str, context: Context) -> tuple[Manifest, Contract]:
    """What a batch says of itself, and its contract.

    Raises:
        HostError: the batch is no longer in the raw zone.
    """
    dataset = batch_id.split("-", 1)[0]
    return read_manifest(batch_folder(dataset, batch_id, context)), contract_of(dataset)


def enter_batch(manifest: Manifest, context: Context) -> str:
    """Enter a landed batch into the ledger, unless it is there already; returns its status."""
    folder = batch_folder(manifest.dataset, manifest.batch_id, context)
    return ledger.enter(context.engine, manifest, folder.relative_to(context.settings.home))
