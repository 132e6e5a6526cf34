"""The part of a load that looks for values unlike those of comparable nights.

In: a contract, and the batch that is loaded. Out: what the step says of it. Nothing here stops a load: it is
over when anything is looked for, and what is wrong with the configuration is only said.
"""

from __future__ import annotations

import logging

import sqlalchemy as sa

from kho.anomalies.config import Watch, config_path, watch_of
from kho.anomalies.detect import find_anomalies
from kho.contracts.model import Contract
from kho.errors import ConfigurationError, ContractError
from kho.raw_zone.manifest import Manifest
from kho.settings import Settings

log = logging.getLogger(__name__)


def watched(contract: Contract, settings: Settings) -> tuple[Watch | None, str]:
    """What is watched of a dataset, and what is wrong with saying so."""
    try:
        return watch_of(contract, config_path(settings)), ""
    except (ConfigurationError, ContractError) as error:
        log.warning("%s is not watched: %s", contract.dataset, error)
        return None, f"not watched for unusual values: {error}"


def find(engine: sa.Engine, watch: Watch, manifest: Manifest) -> str:
    """Look at a loaded batch; says how many of its values are unusual."""
    try:
        count = find_anomalies(engine, watch, manifest.dataset, manifest.batch_id, manifest.as_of)
    except sa.exc.SQLAlchemyError as error:
        # The data is loaded; the next run of the night looks again.
        log.exception("looking at %s failed", manifest.batch_id)
        return f"unusual values could not be looked for ({type(error).__name__}); run the night again"
    return f"{count} unusual values: kho anomaly list --dataset {manifest.dataset}" if count else ""
