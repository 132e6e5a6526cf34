"""Settings: defaults, overrides, and refusals that name the variable."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from kho.errors import ConfigurationError
from kho.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def test_defaults_lie_in_the_checkout() -> None:
    settings = Settings.from_environment({})
    assert settings.project_root == ROOT
    assert settings.home == ROOT / "var"
    assert settings.province == "51"
    assert settings.warehouse_url is None


def test_an_empty_variable_counts_as_unset() -> None:
    empty = {"KHO_HOME": "", "KHO_WAREHOUSE_URL": "", "KHO_PROVINCE": ""}
    assert Settings.from_environment(empty) == Settings.from_environment({})


def test_everything_written_is_below_home() -> None:
    settings = Settings.from_environment({"KHO_HOME": "/srv/kho"})
    written = [
        settings.raw_zone,
        settings.logs,
        settings.reports,
        settings.secrets_file,
        settings.postgres_data,
        settings.socket_dir,
        settings.airflow_home,
        settings.sandbox_home,
    ]
    assert settings.raw_zone == Path("/srv/kho/raw")
    assert all(path.is_relative_to("/srv/kho") for path in written)
    assert len(set(written)) == len(written)


@pytest.mark.parametrize("name", ["contracts_dir", "reference_dir", "expectations_dir", "sql_dir"])
def test_everything_read_is_in_the_checkout(name: str) -> None:
    path = getattr(Settings.from_environment({"KHO_HOME": "/srv/kho"}), name)
    assert path.is_relative_to(ROOT)


def test_a_relative_home_is_taken_from_the_checkout() -> None:
    settings = Settings.from_environment({"KHO_HOME": "var/../elsewhere"})
    assert settings.home == ROOT / "elsewhere"


@pytest.mark.parametrize("code", ["5", "051", "QN", "٥١", "51\n"])
def test_a_province_is_two_digits(code: str) -> None:
    with pytest.raises(ConfigurationError, match=r"KHO_PROVINCE.*Next: set KHO_PROVINCE"):
        Settings.from_environment({"KHO_PROVINCE": code})


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_a_warehouse_may_be_any_postgresql(scheme: str) -> None:
    url = f"{scheme}://u:p@h/db"
    assert Settings.from_environment({"KHO_WAREHOUSE_URL": url}).warehouse_url == url


def test_another_database_is_refused_without_showing_its_password() -> None:
    with pytest.raises(ConfigurationError, match="mysql") as caught:
        Settings.from_environment({"KHO_WAREHOUSE_URL": "mysql://u:s3cret@h/db"})
    assert "s3cret" not in str(caught.value)


def test_settings_are_frozen_and_hide_the_password() -> None:
    settings = Settings.from_environment({"KHO_WAREHOUSE_URL": "postgresql://u:s3cret@h/db"})
    assert "s3cret" not in repr(settings)
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.province = "01"  # type: ignore[misc]


def test_the_import_stays_light() -> None:
    heavy = "{'pydantic', 'pandas', 'sqlalchemy', 'airflow'} & set(sys.modules)"
    code = f"import sys, kho.settings; sys.exit(', '.join({heavy}) or 0)"
    subprocess.run([sys.executable, "-c", code], check=True)
