"""What the sandbox remembers, in two files of its home folder that only their owner can read.

`config.json` is what somebody wants (written before the server starts), `state.json` what is: where
the server listens, the credentials it hands out, the epoch and the clock.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any

from kho.sandbox.errors import SandboxConfigurationError

DEFAULT_SEED = 51
DEFAULT_SIZE = 200_000


@dataclass(frozen=True, slots=True)
class SandboxConfig:
    """What the sandbox should be.

    `size` is the number of dossiers in the 60 days before the epoch, `defect_scale` multiplies the
    share of every kind of defect (0: none), `port` 0 takes a free one. `epoch_date` empty: the
    first date that the clock is set to. `admin_urls`: an administrator's URL of a database server for
    each engine; an agency whose engine has no server has no database.
    """

    seed: int = DEFAULT_SEED
    size: int = DEFAULT_SIZE
    defect_scale: float = 1.0
    port: int = 0
    token_expires_in: int = 3600
    epoch_date: date | None = None
    admin_urls: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SandboxState:
    """What a client of the sandbox needs to know; the credentials are made at the first start."""

    pid: int
    port: int
    lgsp_url: str
    consumer_key: str
    consumer_secret: str
    config: SandboxConfig
    epoch_date: date | None = None
    clock_date: date | None = None
    # By name of the agency's database, for the role that may only read.
    database_urls: Mapping[str, str] = field(default_factory=dict)
    # By connection, the folders that files are dropped into.
    drop_folders: Mapping[str, str] = field(default_factory=dict)


def config_path(home: Path) -> Path:
    """Where the wanted configuration is."""
    return home / "config.json"


def state_path(home: Path) -> Path:
    """Where the state is."""
    return home / "state.json"


def write_config(home: Path, config: SandboxConfig) -> None:
    """Write what the next start should be."""
    write_private(config_path(home), asdict(config))


def read_config(home: Path) -> SandboxConfig:
    """What should be; the defaults where nobody said anything."""
    path = config_path(home)
    return _config(_read(path), path) if path.exists() else SandboxConfig()


def write_state(home: Path, state: SandboxState) -> None:
    """Write what is."""
    write_private(state_path(home), asdict(state))


def read_state(home: Path) -> SandboxState | None:
    """What is, or was when the server last ran; nothing before its first start."""
    path = state_path(home)
    if not path.exists():
        return None
    values = _read(path)
    try:
        config = _config(values.pop("config"), path)
        epoch, clock = _date(values.pop("epoch_date")), _date(values.pop("clock_date"))
        known = _known(SandboxState, values)
        return SandboxState(config=config, epoch_date=epoch, clock_date=clock, **known)
    except (KeyError, TypeError, ValueError) as error:
        raise _unusable(path, error) from error


def write_private(path: Path, values: dict[str, Any]) -> None:
    """Replace a JSON file at once, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(values, file, ensure_ascii=False, indent=1, default=str)
    Path(name).replace(path)


def _config(values: dict[str, Any], path: Path) -> SandboxConfig:
    try:
        known = _known(SandboxConfig, values)
        return SandboxConfig(**(known | {"epoch_date": _date(values.get("epoch_date"))}))
    except (TypeError, ValueError) as error:
        raise _unusable(path, error) from error


def _known(kind: type, values: dict[str, Any]) -> dict[str, Any]:
    """The values that this version knows; an earlier one may have written others."""
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in values.items() if name in names}


def _read(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _unusable(path, error) from error
    if not isinstance(values, dict):
        raise _unusable(path, "not an object")
    return values


def _date(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def _unusable(path: Path, cause: object) -> SandboxConfigurationError:
    return SandboxConfigurationError(f"{path} cannot be used ({cause}); delete it to start anew")
