"""Settings: where things are and which province this is.

In: the environment variables KHO_HOME, KHO_WAREHOUSE_URL and KHO_PROVINCE.
Out: one frozen `Settings` with every path the project reads or writes.

A plain dataclass, because every command line call pays for this import.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from kho.errors import ConfigurationError

DEFAULT_PROVINCE = "51"
"""Quảng Ngãi, in the code list in force since 1 July 2025."""

TIMEZONE = "Asia/Ho_Chi_Minh"

_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment decides, and the paths that follow from it.

    Attributes:
        home: the state directory; everything the project writes is below it.
        warehouse_url: an existing PostgreSQL to use instead of the embedded one.
        province: the province's two-digit code.
        project_root: the checkout.
    """

    home: Path
    warehouse_url: str | None = field(default=None, repr=False)
    province: str = DEFAULT_PROVINCE
    project_root: Path = _ROOT

    def __post_init__(self) -> None:
        if not self.home.is_absolute():
            raise ConfigurationError(
                f"the state directory must be an absolute path, not {self.home}",
                where="KHO_HOME",
                next_step="set KHO_HOME to an absolute path, or unset it",
            )
        if not re.fullmatch(r"[0-9]{2}", self.province):
            raise ConfigurationError(
                f"the province code must be two digits, not {self.province!r}",
                where="KHO_PROVINCE",
                next_step=f"set KHO_PROVINCE to a province's code, such as {DEFAULT_PROVINCE}",
            )
        scheme = (self.warehouse_url or "postgresql:").partition(":")[0].partition("+")[0]
        if scheme not in {"postgres", "postgresql"}:
            raise ConfigurationError(
                f"the warehouse must be a PostgreSQL, but its URL begins with {scheme!r}",
                where="KHO_WAREHOUSE_URL",
                next_step="set KHO_WAREHOUSE_URL to postgresql://user:password@host/database",
            )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the settings from `environment`; an empty variable counts as unset.

        A relative KHO_HOME is taken from the project root, so that a command gives
        the same result in every working directory.

        Raises:
            ConfigurationError: a variable has a value that cannot be used.
        """
        home = Path(environment.get("KHO_HOME") or "var").expanduser()
        return cls(
            home=Path(os.path.normpath(_ROOT / home)),
            warehouse_url=environment.get("KHO_WAREHOUSE_URL") or None,
            province=environment.get("KHO_PROVINCE") or DEFAULT_PROVINCE,
        )

    # What the project writes.

    @property
    def raw_zone(self) -> Path:
        """Payloads exactly as received, with their manifests."""
        return self.home / "raw"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def reports(self) -> Path:
        return self.home / "reports"

    @property
    def data_docs(self) -> Path:
        """Great Expectations' pages about rules and last results."""
        return self.home / "data_docs"

    @property
    def secrets_file(self) -> Path:
        """Generated passwords and keys, readable by the owner only."""
        return self.home / "secrets.json"

    @property
    def postgres_home(self) -> Path:
        return self.home / "pg"

    @property
    def postgres_data(self) -> Path:
        return self.postgres_home / "data"

    @property
    def socket_dir(self) -> Path:
        """Private folder of the embedded server's Unix socket."""
        return self.postgres_home / "run"

    @property
    def airflow_home(self) -> Path:
        return self.home / "airflow"

    @property
    def sandbox_home(self) -> Path:
        return self.home / "sandbox"

    # What the project reads.

    @property
    def sql_dir(self) -> Path:
        return self.project_root / "sql"

    @property
    def migrations_dir(self) -> Path:
        return self.sql_dir / "migrations"

    @property
    def expectations_dir(self) -> Path:
        return self.project_root / "expectations"

    @property
    def contracts_dir(self) -> Path:
        return self.project_root / "include" / "contracts"

    @property
    def corrections_dir(self) -> Path:
        """Spot fixes of single values, by dataset."""
        return self.project_root / "include" / "corrections"

    @property
    def reference_dir(self) -> Path:
        return self.project_root / "include" / "reference"

    @property
    def templates_dir(self) -> Path:
        return self.project_root / "include" / "templates"


@cache
def get_settings() -> Settings:
    """Return this process's settings, read once from the environment.

    Raises:
        ConfigurationError: a variable has a value that cannot be used.
    """
    return Settings.from_environment(os.environ)
