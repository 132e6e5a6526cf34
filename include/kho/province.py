"""The province that a warehouse is of: one, from its first batch on.

In: the settings' province, and what the warehouse says. Out: an entry in `meta.province`, or a refusal.
Communes of two provinces in one warehouse would all be in force, and every figure of the province wrong.
"""

from __future__ import annotations

import sqlalchemy as sa

from kho.errors import ConfigurationError
from kho.settings import Settings
from kho.sql_files import run_file


def keep_province(db: sa.Connection, settings: Settings) -> None:
    """Note the province of a warehouse that has no data yet; refuse another than that of its data.

    Raises:
        ConfigurationError: the warehouse is of another province, or there is no such province.
    """
    if is_noted(db, settings):
        return
    name_of(settings.province)
    run_file(db, "province/note_province.sql", province_code=settings.province)
    # Somebody else may have begun to load since.
    is_noted(db, settings)


def name_of(province: str) -> str:
    """The province's name.

    Raises:
        ConfigurationError: the code names no province of today.
    """
    from kho.extract.administrative_units import read_units

    return read_units(province)[0]["name_vi"]


def is_noted(db: sa.Connection, settings: Settings) -> bool:
    """Whether the warehouse is noted as the settings' province; changes nothing.

    Raises:
        ConfigurationError: it holds the data of another one, or there is no such province.
    """
    held = run_file(db, "province/read_province.sql").one()
    if held.province_code == settings.province:
        return True
    if held.province_code is None or not held.has_batches:
        return False
    name_of(settings.province)
    raise ConfigurationError(
        f"the warehouse holds province {held.province_code}, and KHO_PROVINCE is {settings.province}",
        where=f"database {db.engine.url.database}",
        next_step=f"set KHO_PROVINCE={held.province_code}, or give province {settings.province} a state "
        "directory and a warehouse of its own (KHO_HOME, KHO_WAREHOUSE_URL)",
    )
