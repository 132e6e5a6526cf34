"""A pool for each source, so that parallel tasks do not crowd it.

In: the contracts. Out: pools in Airflow's metadata. `python -m kho_launcher.pools` makes them where Airflow
is started by something else.
"""

from airflow import settings
from airflow.models.pool import Pool
from sqlalchemy import select

from kho.contracts import load_contracts

_SLOTS_PER_SOURCE = 2


def make_pools() -> None:
    """Make a pool per source connection; one that exists keeps the size it was given."""
    names = {
        contract.source.connection for contract in load_contracts() if contract.source.kind != "reference"
    }
    with settings.Session() as session:
        known = set(session.scalars(select(Pool.pool)))
        for name in sorted(names - known):
            Pool.create_or_update_pool(
                name, _SLOTS_PER_SOURCE, "requests to this source", False, session=session
            )
        session.commit()


if __name__ == "__main__":
    make_pools()
