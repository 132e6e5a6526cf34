"""The part of a load that looks for values unlike those of comparable nights.

In: a dataset, and the batch that is loaded. Out: what the step says of it. Nothing here stops a load: it is
over when anything is looked for, and what is wrong with the configuration is only said.
"""

from __future__ import annotations

import logging
from datetime import date

import sqlalchemy as sa

from kho.anomalies.config import Watch, config_path, watch_of
from kho.anomalies.detect import find_anomalies, is_to_be_looked_at
from kho.contracts import Contract, load_contract
from kho.errors import ConfigurationError, ContractError
from kho.settings import Settings

log = logging.getLogger(__name__)


def watched(contract: Contract, settings: Settings) -> tuple[Watch | None, str]:
    """What is watched of a dataset, and what is wrong with saying so."""
    try:
        return watch_of(contract, config_path(settings)), ""
    except (ConfigurationError, ContractError) as error:
        log.warning("%s is not watched: %s", contract.dataset, error)
        return None, f"not watched for unusual values: {error}"


def look_at_night(engine: sa.Engine, dataset: str, batch_id: str, as_of: date, settings: Settings) -> str:
    """Compare a loaded batch with earlier nights, once; says how many of its values are unusual."""
    watch, message = watched(load_contract(dataset), settings)
    if watch is None:
        return message
    try:
        if not is_to_be_looked_at(engine, batch_id):
            return ""
        count = find_anomalies(engine, watch, dataset, batch_id, as_of)
    except sa.exc.SQLAlchemyError as error:
        # The data is loaded, and the next run of the night looks again.
        log.exception("looking at %s failed", batch_id)
        return f"unusual values could not be looked for ({type(error).__name__}); run the night again"
    return f"{count} unusual values: kho anomaly list --dataset {dataset}" if count else ""
