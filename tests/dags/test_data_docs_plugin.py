"""Data Docs are in Airflow's menu, and shown to nobody who is not logged in."""

import json
import os
import subprocess
import sys
from pathlib import Path

from kho.night.airflow_environment import airflow_environment
from kho.settings import Settings, get_settings


def test_airflow_shows_data_docs_to_those_who_are_logged_in(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    settings.data_docs.mkdir()
    (settings.data_docs / "index.html").write_text("Quy tắc chất lượng", encoding="utf-8")
    (tmp_path / "secrets.json").write_text("{}", encoding="utf-8")
    given = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/airflow.db"}
    given |= {"PYTHONPYCACHEPREFIX": str(get_settings().home / "cache" / "python")}
    environment = airflow_environment(settings, 8080, {**os.environ, **given, "KHO_HOME": str(tmp_path)})
    paths = ("index.html", "", "nothing.html", "%2e%2e/secrets.json", "..%2fsecrets.json")
    asked = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("ask_data_docs.py")), *paths],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert asked.returncode == 0, asked.stderr[-2000:]
    said = json.loads(asked.stdout.splitlines()[-1])
    assert said["stranger"] == 401
    assert "/data-docs/index.html" in said["views"]
    assert said["pages"]["index.html"] == said["pages"][""] == [200, "Quy tắc chất lượng"]
    assert [said["pages"][path][0] for path in paths[2:]] == [404] * 3
    assert "default-src 'none'" in said["policy"]
