"""A process that has read the DAG folder, as Airflow's dag-processor does.

Airflow configures itself when it is imported, from the environment; so it is imported in a process of
its own, and the tests look at what that process says.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kho.night.airflow_environment import airflow_environment
from kho.settings import Settings, get_settings


@pytest.fixture(scope="session")
def dags(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `describe.py` says of the DAG folder."""
    home = tmp_path_factory.mktemp("airflow")
    given = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db"}
    given |= {"PYTHONPYCACHEPREFIX": str(get_settings().home / "cache" / "python")}
    environment = airflow_environment(Settings(home=home), 8080, {**os.environ, **given})
    found = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("describe.py"))],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert found.returncode == 0, found.stderr[-2000:]
    content: dict[str, Any] = json.loads(found.stdout.splitlines()[-1])
    return content
